package watch

import (
	"cmp"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// A DeliveryQuery says which deliveries a screen shows. The fields are those of Query. The zero value asks for none.
type DeliveryQuery struct {
	// Filter chooses deliveries; nil chooses all.
	Filter       *filter.Deliveries
	First, Limit int
	Follow       bool
	Around       uint64
	AroundRow    int
	// Sort is how they are sorted; Follow has no meaning but in the usual order.
	Sort Sort[DeliveryKey]
	// Ladder, if not 0, is a delivery of which everything is wanted.
	Ladder uint64
	// Of, where Ladder is 0, is a handshake: wanted is everything of the delivery that it belongs to.
	Of uint64
}

// Deliveries is what a Snapshot has of deliveries.
type Deliveries struct {
	// On is whether they are followed at all.
	On     bool
	Counts delivery.Counts
	// Matched is how many of those kept the filter chose, First the place of Rows[0] among them.
	Matched, First int
	Rows           []Delivery
	// Ladder is the delivery asked for; nil where none was, or it is no longer kept.
	Ladder *DeliveryLadder
}

// A Delivery is one Application Message from its publisher to every subscriber, as a list shows it. Texts from the wire are raw.
type Delivery struct {
	ID uint64
	// Publisher is the Client Identifier, or the client's address where PublisherKnown is not set.
	Publisher      string
	PublisherKnown bool
	Server         string
	Handshake      uint64 // the publisher's; 0 for QoS 0 and a Will Message
	Topic          string
	QoS            uint8
	Payload        int64 // length in bytes
	Retain, Will   bool
	// At is when the PUBLISH was seen, Commit when the broker took the message, Told when the publisher's last acknowledgement was seen, Settled when nothing
	// more was expected; 0 where not.
	At, Commit, Told, Settled decode.Time
	Verdict                   delivery.Verdict
	Confidence                delivery.Confidence
	Doubt                     delivery.Doubt
	Reason                    decode.ReasonCode // of a refusal
	// Withheld is whether the broker has it, and may hold it back until the publisher sends PUBREL, which is overdue.
	Withheld bool
	delivery.Tally
	// Replays counts how often it was sent as a retained message since.
	Replays int
	// Copies are those to subscribers: at most DeliveryCopies in a list. More counts those left out.
	Copies []DeliveryCopy
	More   int
}

// ToldFirst reports whether the publisher was acknowledged before the last subscriber had the message; ok is false where one of both has not happened.
func (d *Delivery) ToldFirst() (first, ok bool) {
	return d.Told < d.Last, d.Told != 0 && d.Last != 0
}

// DeliveryCopies bounds the copies of a delivery in a list, and ladderCopies those in its ladder and in events.
const (
	DeliveryCopies = 32
	ladderCopies   = 10_000
)

// A DeliveryCopy is a message on its way to one subscriber, or to a group that shares a subscription.
type DeliveryCopy struct {
	// Subscriber is the Client Identifier, or the client's address where SubscriberKnown is not set; empty for a group none of whose members has it.
	Subscriber      string
	SubscriberKnown bool
	Group           string // of a shared subscription
	Outcome         delivery.Outcome
	Doubt           delivery.Doubt
	Required        bool
	// QoS is that of its PUBLISH, Granted what the subscriptions that match grant; 255 where not known.
	QoS, Granted                         uint8
	Forwarded, Received, Released, Ended decode.Time
	// Internal is from commit to its PUBLISH, Response from there to its acknowledgement, Whole from the publisher's PUBLISH to that; negative where
	// not known.
	Internal, Response, Whole time.Duration
	Handshake                 uint64 // 0 for QoS 0
	Count, Resends            int
}

// A DeliveryLadder is everything about one delivery.
type DeliveryLadder struct {
	Delivery
	// Ingress is the publisher's handshake, nil where there is none or it is no longer kept.
	Ingress *Row
	// Legs are the handshakes of Copies, at the same places; nil likewise.
	Legs []*Row
	// Windows are what Copies that were not sent wait for, at the same places.
	Windows []DeliveryWindow
}

// A DeliveryWindow is the broker's window to a subscriber: what is in flight on its connection.
type DeliveryWindow struct {
	// Connected is whether the subscriber has a Network Connection. The rest is zero where it has none, or where the copy was sent.
	Connected bool
	// InFlight counts the handshakes in the window; Limit is its size, 0 where not known.
	InFlight, Limit int
	// Oldest is the Packet Identifier of the handshake that is open the longest, 0 where none is, Owed what it waits for, and Since from when on.
	Oldest uint16
	Owed   decode.Type
	Since  decode.Time
}

// deliveries copies what q asks for.
func (e *Engine) deliverySnapshot(q DeliveryQuery) Deliveries {
	c := e.deliveries
	if c == nil {
		return Deliveries{}
	}
	d := Deliveries{On: true, Counts: c.Counts()}
	if q.Limit > 0 || q.Filter != nil {
		e.deliveryRows(&d, q)
	}
	switch {
	case q.Ladder != 0:
		d.Ladder = e.deliveryLadder(q.Ladder)
	case q.Of != 0:
		if h := e.store.get(q.Of); h != nil {
			if m := c.Of(h); m != nil {
				d.Ladder = e.deliveryLadder(m.ID)
			}
		}
	}
	return d
}

// deliveryRows copies the window of rows that q asks for.
func (e *Engine) deliveryRows(d *Deliveries, q DeliveryQuery) {
	at, before := e.deliveries.At, 0
	switch {
	case !q.Sort.plain():
		ids := e.sortedDeliveries(q)
		d.Matched, before = len(ids), max(slices.Index(ids, q.Around), 0)
		at = func(i int) *delivery.Message { return e.deliveries.Get(ids[i]) }
	case q.Filter != nil:
		chosen := e.chosenDeliveries(q.Filter)
		before, _ = slices.BinarySearchFunc(chosen, q.Around, func(m *delivery.Message, id uint64) int { return cmp.Compare(m.ID, id) })
		d.Matched, at = len(chosen), func(i int) *delivery.Message { return chosen[i] }
	default:
		d.Matched, before = e.deliveries.Len(), e.deliveries.Place(q.Around)
	}
	limit := min(max(q.Limit, 0), d.Matched)
	switch {
	case q.Follow && q.Sort.plain():
		d.First = d.Matched - limit
	case q.Around != 0:
		d.First = before - q.AroundRow
	default:
		d.First = q.First
	}
	d.First = max(0, min(d.First, d.Matched-limit))
	d.Rows = make([]Delivery, limit)
	for i := range d.Rows {
		if m := at(d.First + i); m != nil {
			e.fillDelivery(&d.Rows[i], m, DeliveryCopies)
		} else {
			d.Rows[i].ID = e.deliveryOrder.ids[d.First+i]
		}
	}
}

// chosenDeliveries returns what a filter chooses, the oldest first.
func (e *Engine) chosenDeliveries(f *filter.Deliveries) []*delivery.Message {
	var chosen []*delivery.Message
	now := e.tracker.Now()
	e.deliveries.Messages(0, func(m *delivery.Message) bool {
		if f.Match(m, now) {
			chosen = append(chosen, m)
		}
		return true
	})
	return chosen
}

// A deliveryOrder is the deliveries that a filter chose, sorted, for one turn.
type deliveryOrder struct {
	sort   Sort[DeliveryKey]
	filter string
	ids    []uint64
}

// sortedDeliveries returns the IDs of what q chooses, in its order. It stays the same for a turn, so that some may no longer be kept.
func (e *Engine) sortedDeliveries(q DeliveryQuery) []uint64 {
	o := &e.deliveryOrder
	if o.ids != nil && o.sort == q.Sort && o.filter == q.Filter.String() {
		return o.ids
	}
	now := e.tracker.Now()
	chosen := e.chosenDeliveries(q.Filter)
	var r ranks[*delivery.Message, DeliveryKey]
	r.sortBy(chosen, q.Sort, func(m *delivery.Message) rank { return rankDelivery(m, q.Sort.Key, now) },
		func(a, b *delivery.Message) int { return cmp.Compare(a.ID, b.ID) })
	*o = deliveryOrder{sort: q.Sort, filter: q.Filter.String(), ids: make([]uint64, len(chosen))}
	for i, m := range chosen {
		o.ids[i] = m.ID
	}
	return o.ids
}

// fillDelivery copies m into d, whose memory it uses again.
func (e *Engine) fillDelivery(d *Delivery, m *delivery.Message, copies int) {
	from, tally := m.Publisher(), m.Tally()
	*d = Delivery{
		ID: m.ID, Publisher: from.ClientID(), PublisherKnown: from.ClientID() != "", Server: e.serverNames.of(from.Session()), Handshake: m.Handshake,
		Topic: m.Topic, QoS: m.QoS, Payload: m.Payload, Retain: m.Retain, Will: m.Will, At: m.At, Commit: m.Commit, Told: m.Told, Settled: m.Settled,
		Verdict: m.VerdictBy(&tally), Confidence: m.Confidence, Doubt: m.Doubt, Reason: m.Reason, Withheld: m.Withheld(), Tally: tally, Replays: int(m.Replays),
		Copies: d.Copies[:0],
	}
	if !d.PublisherKnown {
		d.Publisher = from.Address()
	}
	m.Copies(func(c *delivery.Copy) {
		if c.Outcome == delivery.NotExpected {
			return
		}
		if len(d.Copies) >= copies {
			d.More++
			return
		}
		d.Copies = append(d.Copies, copyOf(c))
	})
}

func copyOf(c *delivery.Copy) DeliveryCopy {
	out := DeliveryCopy{
		Outcome: c.Outcome, Doubt: c.Doubt, Required: c.Required, QoS: c.QoS, Granted: c.Granted,
		Forwarded: c.Forwarded, Received: c.Received, Released: c.Released, Ended: c.Ended,
		Internal: c.Internal(), Response: c.Response(), Whole: c.Whole(), Handshake: c.Handshake, Count: int(c.Count), Resends: int(c.Resends),
	}
	out.Group, _ = c.Group()
	if to, ok := c.Subscriber(); ok {
		out.Subscriber = to.ClientID()
		out.SubscriberKnown = out.Subscriber != ""
		if !out.SubscriberKnown {
			out.Subscriber = to.Address()
		}
	}
	return out
}

func (e *Engine) deliveryLadder(id uint64) *DeliveryLadder {
	m := e.deliveries.Get(id)
	if m == nil {
		return nil
	}
	l := &DeliveryLadder{}
	e.fillDelivery(&l.Delivery, m, ladderCopies)
	l.Ingress = e.leg(m.Handshake)
	l.Legs = make([]*Row, len(l.Copies))
	for i := range l.Copies {
		l.Legs[i] = e.leg(l.Copies[i].Handshake)
	}
	l.Windows = make([]DeliveryWindow, 0, len(l.Copies))
	m.Copies(func(c *delivery.Copy) {
		if c.Outcome != delivery.NotExpected && len(l.Windows) < len(l.Copies) {
			l.Windows = append(l.Windows, windowOf(c))
		}
	})
	return l
}

func windowOf(c *delivery.Copy) DeliveryWindow {
	if c.Forwarded != 0 {
		return DeliveryWindow{}
	}
	f, connected := c.Window()
	w := DeliveryWindow{Connected: connected, InFlight: f.InFlight, Limit: f.Limit}
	if h := f.Oldest; h != nil {
		w.Oldest, w.Since = h.PacketID, h.Since
		w.Owed, _ = h.Owes()
	}
	return w
}

// leg copies a handshake; nil where it is no longer kept.
func (e *Engine) leg(id uint64) *Row {
	if id == 0 {
		return nil
	}
	h := e.store.get(id)
	if h == nil {
		return nil
	}
	r := new(Row)
	e.fillRow(r, h)
	return r
}

// deliveryRecorder is the Engine as the correlator calls it.
type deliveryRecorder Engine

// Settled implements delivery.Recorder.
func (r *deliveryRecorder) Settled(m *delivery.Message) {
	e := (*Engine)(r)
	if e.cfg.OnEvent == nil || !e.cfg.DeliveryFilter.Match(m, e.tracker.Now()) {
		return
	}
	e.fillDelivery(&e.delivery, m, ladderCopies)
	e.emit(Event{Kind: DeliverySettled, Time: e.tracker.At(), Delivery: &e.delivery})
}
