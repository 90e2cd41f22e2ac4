package watch

import (
	"cmp"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
)

// A Sort says how a list of sessions, topics or deliveries is sorted. Key 0 is the order that the list has by itself. Of numbers the largest come first,
// of texts the first of the alphabet; Reverse turns that round. What has no value comes last either way.
type Sort[K ~uint8] struct {
	Key     K
	Reverse bool
	// Turn is a number of the caller's: as long as it stays the same, rows keep their order, so that one can read a list whose numbers change all the
	// time. Rows that are new find their places at once.
	Turn int64
}

// plain reports whether the list has the order that it has by itself.
func (s Sort[K]) plain() bool { return s.Key == 0 && !s.Reverse }

// A SessionKey is what sessions are sorted by.
type SessionKey uint8

// The keys of sessions; the first is the usual order: what is stuck, then what is connected, each by name.
const (
	SessionsUsual SessionKey = iota
	SessionsByClient
	SessionsByStuck      // stuck handshakes, then alerts
	SessionsByInFlight   // to the broker
	SessionsByInFlightIn // from the broker
	SessionsByOldest     // how long something is in flight
	SessionsByRTT        // p99 of what the client sent
	SessionsByRTTIn      // p99 of what the broker sent
	SessionsByConns
	SessionsByKeepAlive
	SessionsByVersion
	SessionsByRate
	SessionsByBytes
	SessionsByLast // since the last packet
	SessionsByServer
)

// A TopicKey is what the topics of a level are sorted by: each level of the tree by itself, with all that is below.
type TopicKey uint8

// The keys of topics; the usual order is that of their names.
const (
	TopicsUsual TopicKey = iota
	TopicsByRate
	TopicsByRateIn
	TopicsByQoS0
	TopicsByQoS1
	TopicsByQoS2
	TopicsByOpen
	TopicsByStuck
	TopicsByP50
	TopicsByP99
	TopicsByMax
	TopicsByBytes
	TopicsByLast
)

// A DeliveryKey is what deliveries are sorted by.
type DeliveryKey uint8

// The keys of deliveries; the usual order is that of time, the newest last.
const (
	DeliveriesUsual DeliveryKey = iota
	DeliveriesByPublisher
	DeliveriesByTopic
	DeliveriesByQoS
	DeliveriesByVerdict // what is worst first
	DeliveriesByExpected
	DeliveriesByForwarded
	DeliveriesByAcknowledged
	DeliveriesByLatency
)

// A rank is the value that something is sorted by: a number, or a text.
type rank struct {
	known bool
	n     float64
	text  string
}

func number[N int | int64 | uint64 | float64](n N) rank { return rank{known: true, n: float64(n)} }

// positive is the rank of a number that is not known where it is 0.
func positive[N int | int64 | uint64 | float64](n N) rank { return rank{known: n > 0, n: float64(n)} }

func named(text string) rank { return rank{known: text != "", text: text} }

// compareRanks is negative where a comes before b.
func compareRanks(a, b rank, reverse bool) int {
	if a.known != b.known {
		return cmp.Compare(boolRank(b.known), boolRank(a.known))
	}
	by := cmp.Or(cmp.Compare(b.n, a.n), compareText(a.text, b.text))
	if reverse {
		return -by
	}
	return by
}

// ranks are the values that rows are sorted by, taken once in a turn.
type ranks[T comparable, K ~uint8] struct {
	sort Sort[K]
	of   map[T]rank
}

// sortBy sorts rows by s: of tells the value of one, usual the order of equals. It reports whether a new turn has begun.
func (r *ranks[T, K]) sortBy(rows []T, s Sort[K], of func(T) rank, usual func(a, b T) int) {
	if s.Key == 0 {
		r.of = nil
		slices.SortFunc(rows, usual)
		if s.Reverse {
			slices.Reverse(rows)
		}
		return
	}
	r.begin(s)
	for _, row := range rows {
		if _, ok := r.of[row]; !ok {
			r.of[row] = of(row)
		}
	}
	slices.SortFunc(rows, func(a, b T) int { return cmp.Or(compareRanks(r.of[a], r.of[b], s.Reverse), usual(a, b)) })
}

// begin forgets the values of another turn, and reports whether there were any.
func (r *ranks[T, K]) begin(s Sort[K]) bool {
	if r.of != nil && r.sort == s {
		return false
	}
	r.sort, r.of = s, map[T]rank{}
	return true
}

// rank is the value of a session.
func (b *sessionBook) rank(e *sessionEntry, key SessionKey, now decode.Time) rank {
	switch key {
	case SessionsByClient:
		return named(b.row(e, now).Client)
	case SessionsByStuck:
		e.at(b.epoch)
		return positive(e.stuck*8 + int(e.severity))
	case SessionsByInFlight:
		return positive(e.flow(decode.FromClient, now).InFlight)
	case SessionsByInFlightIn:
		return positive(e.flow(decode.FromServer, now).InFlight)
	case SessionsByOldest:
		return positive(int64(e.oldest(now)))
	case SessionsByRTT:
		return positive(int64(e.times[decode.FromClient].percentile(99)))
	case SessionsByRTTIn:
		return positive(int64(e.times[decode.FromServer].percentile(99)))
	case SessionsByConns:
		return number(int(e.conns - e.connsBefore))
	case SessionsByKeepAlive:
		return positive(b.row(e, now).KeepAlive)
	case SessionsByVersion:
		return positive(int(e.session.Version))
	case SessionsByRate:
		return number(e.sent[0].rate.at(now) + e.sent[1].rate.at(now))
	case SessionsByBytes:
		return number(e.sent[0].bytes + e.sent[1].bytes)
	case SessionsByLast:
		return number(int64(now.Sub(e.last())))
	case SessionsByServer:
		return named(b.serverNames.of(e.session))
	}
	return rank{}
}

// rank is the value of a topic with all that is below it.
func (w *topicWalk) rank(n *topicNode, key TopicKey) rank {
	var c topicCounts
	var rate [2]float64
	w.addUp(n, &c, &rate)
	switch key {
	case TopicsByRate, TopicsByRateIn:
		return number(rate[key-TopicsByRate])
	case TopicsByQoS0, TopicsByQoS1, TopicsByQoS2:
		q := key - TopicsByQoS0
		return number(c.publishes[0][q] + c.publishes[1][q])
	case TopicsByOpen:
		return number(c.open)
	case TopicsByStuck:
		return number(c.stuck)
	case TopicsByP50:
		return positive(int64(c.times.percentile(50)))
	case TopicsByP99:
		return positive(int64(c.times.percentile(99)))
	case TopicsByMax:
		return positive(int64(c.times.most))
	case TopicsByBytes:
		return number(c.bytes)
	case TopicsByLast:
		return number(int64(w.now.Sub(c.last)))
	}
	return rank{}
}

// rankDelivery is the value of a delivery.
func rankDelivery(m *delivery.Message, key DeliveryKey, now decode.Time) rank {
	switch key {
	case DeliveriesByPublisher:
		if id := m.Publisher().ClientID(); id != "" {
			return named(id)
		}
		return named(m.Publisher().Address())
	case DeliveriesByTopic:
		return named(m.Topic)
	case DeliveriesByQoS:
		return number(int(m.QoS))
	case DeliveriesByVerdict:
		return number(verdictRank(m.Verdict()))
	case DeliveriesByExpected:
		return number(m.Tally().Expected)
	case DeliveriesByForwarded:
		return number(m.Tally().Forwarded)
	case DeliveriesByAcknowledged:
		return number(m.Tally().Acknowledged)
	case DeliveriesByLatency:
		worst := m.Tally().Worst
		return rank{known: worst >= 0, n: float64(worst)}
	}
	return rank{}
}

// verdictRank is how bad it is.
func verdictRank(v delivery.Verdict) int {
	bad := []delivery.Verdict{
		delivery.Complete, delivery.NoSubscriber, delivery.CannotKnow, delivery.Pending, delivery.RefusedByBroker, delivery.InQueue, delivery.Incomplete,
		delivery.Undelivered,
	}
	return slices.Index(bad, v)
}
