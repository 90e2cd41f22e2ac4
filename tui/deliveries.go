package tui

import (
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A deliveryList is the Application Messages from their publisher to every subscriber, oldest first.
type deliveryList struct {
	place
	shape tableShape
	data  watch.Deliveries
	have  bool // data was asked for
}

func (l *deliveryList) query(legs uint64, f *filter.Deliveries, now time.Time) watch.DeliveryQuery {
	w := l.window()
	return watch.DeliveryQuery{Filter: f, First: w.First, Limit: w.Limit, Follow: l.follow, Around: w.Around, AroundRow: w.AroundRow, Ladder: legs,
		Sort: sortOf[watch.DeliveryKey](&l.shape, deliveryColumns(), now)}
}

// sync takes a list in that was asked for.
func (l *deliveryList) sync(d watch.Deliveries) {
	l.data, l.have = d, true
	ids := make([]uint64, len(d.Rows))
	for i := range d.Rows {
		ids[i] = d.Rows[i].ID
	}
	l.place.sync(d.First, d.Matched, ids)
}

// current returns the row under the cursor, or nil.
func (l *deliveryList) current() *watch.Delivery {
	if i := l.index(); i >= 0 && i < len(l.data.Rows) {
		return &l.data.Rows[i]
	}
	return nil
}

// The columns of the list, in their order.
const (
	deliveryTime = iota
	deliveryPublisher
	deliveryTopic
	deliveryQoS
	deliveryVerdict
	deliveryExpected
	deliveryForwarded
	deliveryAcked
	deliveryWorst
	deliveryConfidence
	deliveryNumber
)

func deliveryColumns() []tableColumn {
	return []tableColumn{
		deliveryTime: {id: "time", note: "when the PUBLISH was seen", name: "TIME", width: 12, rank: 3},
		deliveryPublisher: {id: "publisher", note: "Client Identifier, or address", name: "PUBLISHER", width: 10, rank: 1, good: 12, most: 20,
			key: uint8(watch.DeliveriesByPublisher), text: true},
		deliveryTopic:   {id: "topic", note: "Topic Name", name: "TOPIC", width: 12, good: 30, most: 60, key: uint8(watch.DeliveriesByTopic), text: true},
		deliveryQoS:     {id: "qos", note: "with which it was published", name: "QOS", width: 3, rank: 4, key: uint8(watch.DeliveriesByQoS)},
		deliveryVerdict: {id: "verdict", note: "what became of it; never leaves", name: "VERDICT", width: 15, key: uint8(watch.DeliveriesByVerdict)},
		deliveryExpected: {id: "expected", note: "subscribers that should have it", name: "EXP", width: 3, right: true, rank: 2,
			key: uint8(watch.DeliveriesByExpected)},
		deliveryForwarded: {id: "forwarded", note: "copies that the broker sent", name: "FWD", width: 3, right: true, rank: 2,
			key: uint8(watch.DeliveriesByForwarded)},
		deliveryAcked: {id: "acknowledged", note: "copies that subscribers acknowledged", name: "ACK", width: 3, right: true, rank: 1,
			key: uint8(watch.DeliveriesByAcknowledged)},
		deliveryWorst: {id: "worst", note: "how long the slowest subscriber took", name: "WORST", width: 6, right: true,
			key: uint8(watch.DeliveriesByLatency)},
		deliveryConfidence: {id: "sure", note: "how sure it is which packets belong together", name: "SURE", width: 9, rank: 5},
		deliveryNumber:     {id: "number", note: "what alerts call it: message 4", name: "NO", width: 5, right: true, rank: 2, extra: true},
	}
}

// view draws the list.
//
//	TIME         PUBLISHER   TOPIC           QOS VERDICT          EXP FWD ACK  WORST
//	12:01:33.120 sensor-7    plant/a/temp    Q1  ✓ complete         2   2   2   43ms
//	12:01:34.002 scada       cmd/pump-2/set  Q1  ✗ not forwarded    1   0   0      -
func (l *deliveryList) view(p *pen, now decode.Time, f *filterState, width, height int, focused bool) []string {
	switch {
	case !l.data.On && l.have:
		return emptyPane(p, width, height, "Deliveries are not followed here",
			"They are where more than one connection of a broker is in sight: a capture, an interface, the proxy, the demo, unless --no-deliveries was given.")
	case l.total == 0 && l.data.Counts.Kept > 0:
		return noMatch(p, f, width, height, "delivery", int(l.data.Counts.Kept), goneWords(&l.data.Counts)...)
	case l.total == 0:
		return emptyPane(p, width, height, "No deliveries yet", "One shows with the first PUBLISH to a broker.")
	}
	t := l.shape.fit(deliveryColumns(), width)
	out := []string{t.head(p, width, &l.shape)}
	return append(out, l.lines(p, width, func(i int, selected bool) string {
		d := &l.data.Rows[i]
		if d.At == 0 {
			return newLine(width).put(p.th.Dim, " no longer kept").full()
		}
		return t.row(p, width, rowMark{selected, focused, l.marked.has(l.ids[i])}, func(c, w int) (string, theme.Style) { return p.deliveryCell(d, c, w, now) })
	})...)
}

func (p *pen) deliveryCell(d *watch.Delivery, column, width int, now decode.Time) (string, theme.Style) {
	glyph, st := p.deliveryState(d)
	text := p.th.Plain
	if d.Verdict == delivery.Undelivered || d.Verdict == delivery.Incomplete {
		text = st
	}
	switch column {
	case deliveryTime:
		return dayTime(d.At, now, p.loc, width < 12), p.th.Dim
	case deliveryPublisher:
		return cutMiddle(p.text.clean(d.Publisher, width), width, p.g.Ellipsis), text
	case deliveryTopic:
		return cutMiddle(p.text.clean(d.Topic, width), width, p.g.Ellipsis), text
	case deliveryQoS:
		return "Q" + strconv.Itoa(int(d.QoS)), text
	case deliveryVerdict:
		return glyph + " " + verdictWord(d), st
	case deliveryExpected:
		return short(uint64(d.Expected)), text
	case deliveryForwarded:
		return short(uint64(d.Forwarded)), text
	case deliveryAcked:
		return short(uint64(d.Acknowledged)), text
	case deliveryWorst:
		if d.Worst < 0 {
			return "-", p.th.Dim
		}
		return took(d.Worst), text
	case deliveryNumber:
		return strconv.FormatUint(d.ID, 10), p.th.Dim
	}
	return sureWord(d), p.th.Dim
}

// goneWords say how many deliveries no filter can find; nothing where all are kept.
func goneWords(n *delivery.Counts) []string {
	switch {
	case n.Evicted == 0:
		return nil
	case n.EvictedProblems == 0:
		return []string{count(n.Evicted) + " more are no longer kept; none of them had a problem when it went."}
	}
	return []string{count(n.Evicted) + " more are no longer kept; " + count(n.EvictedProblems) + " of them had a problem."}
}

// messageName is what alerts call a delivery.
func messageName(id uint64) string { return "message " + strconv.FormatUint(id, 10) }

// sureWord says how sure it is which packets belong together: nothing where none were found, or what became of the message is not known.
func sureWord(d *watch.Delivery) string {
	if d.Forwarded == 0 || d.Verdict == delivery.CannotKnow {
		return ""
	}
	return d.Confidence.String()
}

// noMatching is the Reason Code by which a broker says that nobody subscribed to what was published (5.0 §3.4.2.1).
const noMatching decode.ReasonCode = 0x10

// verdictWord is the verdict. That there is no subscriber only the broker knows: what is seen may be some of its connections.
func verdictWord(d *watch.Delivery) string {
	if d.Verdict == delivery.NoSubscriber && d.Reason != noMatching {
		return "none in sight"
	}
	return d.Verdict.String()
}

func (p *pen) deliveryState(d *watch.Delivery) (glyph string, st theme.Style) {
	switch d.Verdict {
	case delivery.Complete:
		return p.g.Complete, p.th.Complete
	case delivery.Pending, delivery.InQueue:
		return p.g.Waiting, p.th.Waiting
	case delivery.NoSubscriber:
		return p.g.Dot, p.th.Dim
	case delivery.Undelivered:
		return p.g.Stuck, p.th.Critical
	case delivery.Incomplete:
		return p.g.Slow, p.th.Overdue
	case delivery.RefusedByBroker:
		return p.g.Slow, p.th.Refused
	}
	return p.g.Late, p.th.Faded
}

// A legList is one delivery with all its legs: the publisher's, and one for each subscriber.
type legList struct {
	place
	data *watch.DeliveryLadder
}

// sync takes a delivery in.
func (l *legList) sync(d *watch.DeliveryLadder) {
	if l.data == nil || d == nil || l.data.ID != d.ID {
		l.place = place{height: l.height}
	}
	l.data = d
	if d == nil {
		return
	}
	ids := []uint64{1}
	for i := range d.Copies {
		ids = append(ids, uint64(i)+2)
	}
	l.place.sync(0, len(ids), ids)
}

// handshake returns that of the leg under the cursor, 0 where there is none.
func (l *legList) handshake() uint64 {
	switch i := l.cursor; {
	case l.data == nil:
		return 0
	case i == 0:
		return l.data.Handshake
	case i <= len(l.data.Copies):
		return l.data.Copies[i-1].Handshake
	}
	return 0
}

// legsHead is how many lines are above the legs.
const legsHead = 3

// view draws the legs.
//
//	cmd/pump-2/set  QoS 1  12 bytes
//	✗ not forwarded: 1 of 2 subscribers have it
//	    TIME  LEG                  OUTCOME           SENT   ACKED
//	12:01:33  → scada (publisher)  ✓ acknowledged             1.2ms
//	          ← pump-2             ✓ acknowledged   1.3ms    43ms
//	          ← historian          ✗ not forwarded
func (l *legList) view(p *pen, width, height int, focused bool) []string {
	d := l.data
	if d == nil {
		return emptyPane(p, width, height, "", "Move to a delivery to see its legs.")
	}
	l.resize(max(height-legsHead, 1))
	glyph, st := p.deliveryState(&d.Delivery)
	words := glyph + " " + verdictWord(&d.Delivery) + ": " + plural(d.Expected, "subscriber") + " expected, " + count(d.Acknowledged) + " have it"
	if d.Doubt != delivery.NoDoubt {
		words += ". " + d.Doubt.String()
	}
	if awaitsRelease(d) {
		words = glyph + " " + verdictWord(&d.Delivery) + ": the broker waits for the publisher's PUBREL"
	}
	out := []string{
		newLine(width).put(p.th.Strong, " "+cutMiddle(p.text.clean(d.Topic, width), max(width-24, 8), p.g.Ellipsis)).
			put(p.th.Dim, "  QoS "+strconv.Itoa(int(d.QoS))+"  "+size(uint64(max(d.Payload, 0)))+"  "+messageName(d.ID)).full(),
		newLine(width).put(st, " "+cut(words, width-2, p.g.Ellipsis)).full(),
	}
	var shape tableShape
	t := shape.fit([]tableColumn{{name: "LEG", width: 14, good: 20, most: 36}, {name: "OUTCOME", width: 15}, {name: "QOS", width: 3, rank: 3},
		{name: "SENT", width: 6, right: true, rank: 1}, {name: "ACKED", width: 6, right: true}}, width)
	out = append(out, t.head(p, width, &shape))
	return append(out, l.lines(p, width, func(i int, selected bool) string {
		return t.row(p, width, rowMark{selected: selected, focused: focused}, func(c, w int) (string, theme.Style) { return p.legCell(d, i, c, w) })
	})...)
}

func (p *pen) legCell(d *watch.DeliveryLadder, i, column, width int) (string, theme.Style) {
	after := func(t decode.Time) string {
		if t == 0 {
			return ""
		}
		return took(t.Sub(d.At))
	}
	if i == 0 {
		cells := []string{
			p.g.ToServer + " " + cutMiddle(p.text.clean(d.Publisher, width), max(width-2, 1), p.g.Ellipsis), "published",
			"Q" + strconv.Itoa(int(d.QoS)), "", after(d.Told),
		}
		return cells[column], p.th.Plain
	}
	c := &d.Copies[i-1]
	glyph, st := p.outcome(c.Outcome)
	switch column {
	case 0:
		name := c.Subscriber
		if c.Group != "" {
			name += " in group " + c.Group
		}
		return p.g.ToClient + " " + cutMiddle(p.text.clean(name, width), max(width-2, 1), p.g.Ellipsis), p.th.Plain
	case 1:
		return glyph + " " + c.Outcome.String(), st
	case 2:
		if c.QoS > 2 {
			return "", p.th.Dim
		}
		return "Q" + strconv.Itoa(int(c.QoS)), p.th.Plain
	case 3:
		return after(c.Forwarded), p.th.Plain
	}
	return after(c.Ended), p.th.Plain
}

func (p *pen) outcome(o delivery.Outcome) (glyph string, st theme.Style) {
	switch o {
	case delivery.Acknowledged, delivery.Sent:
		return p.g.Complete, p.th.Complete
	case delivery.Waiting, delivery.Queued, delivery.Forwarded, delivery.Received:
		return p.g.Waiting, p.th.Waiting
	case delivery.Refused:
		return p.g.Slow, p.th.Refused
	case delivery.NotForwarded:
		return p.g.Stuck, p.th.Critical
	case delivery.Abandoned, delivery.Expired:
		return p.g.Abandoned, p.th.Faded
	case delivery.NotExpected:
		return p.g.Dot, p.th.Dim
	}
	return p.g.Late, p.th.Faded
}
