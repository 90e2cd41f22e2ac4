package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// The deliveries of one sending side that wait for the same acknowledgement have an order, that in which it is owed: PUBACK and PUBREC in that of
// the PUBLISH packets, PUBREL in that of the PUBREC packets (5.0 and 3.1.1 §4.6). Each has a turn, a number that counts up. While they are few that
// is all, for they are looked through when it matters; of many there are queues.

// ackOrder is a queue of those of many that wait for the same acknowledgement.
type ackOrder struct{ first, last *Handshake }

// enterOrder gives h a turn after all others.
func (t *Tracker) enterOrder(h *Handshake) {
	h.leaveOrder()
	if h.JoinedLate || h.State > AwaitingPubrel {
		return
	}
	t.lastTurn++
	h.turn = t.lastTurn
	if h.side.flow.spread {
		h.side.flow.many.enqueue(h)
	}
}

func (h *Handshake) leaveOrder() {
	h.turn = 0
	if h.order != nil {
		h.dequeue()
	}
}

// enqueue puts h at the end of the queue that its state asks for.
func (f *inflightRadix) enqueue(h *Handshake) {
	q := &f.orders[h.State-AwaitingPuback]
	h.order, h.ahead = q, q.last
	if q.last == nil {
		q.first = h
	} else {
		q.last.behind = h
	}
	q.last = h
}

func (h *Handshake) dequeue() {
	q := h.order
	if h.ahead == nil {
		q.first = h.behind
	} else {
		h.ahead.behind = h.behind
	}
	if h.behind == nil {
		q.last = h.ahead
	} else {
		h.behind.ahead = h.ahead
	}
	h.order, h.ahead, h.behind = nil, nil, nil
}

// maxEarlier bounds what is counted of those that are before one.
const maxEarlier = 1000

// earlier returns the first of those that wait for the same as h and whose turn is before that of h, and how many there are, up to a bound.
func (f *inflight) earlier(h *Handshake) (first *Handshake, n int) {
	if f.spread {
		for e := h.ahead; e != nil && n < maxEarlier; e = e.ahead {
			n++
		}
		return h.order.first, n
	}
	for _, e := range f.few[:f.count] {
		if e.State != h.State || e.turn == 0 || e.turn >= h.turn {
			continue
		}
		if n++; first == nil || e.turn < first.turn {
			first = e
		}
	}
	return first, n
}

// checkOrder raises ack-out-of-order where p answers h while one that was sent before it still waits. The order binds Clients
// [MQTT-4.6.0-2, -3, -4]; of a broker it is told as information.
func (t *Tracker) checkOrder(l *Link, p *decode.Packet, h *Handshake, c cell) {
	if h.turn == 0 || h.order != nil && h.order.first == h || t.doubtful(l, h, p) || t.late {
		return
	}
	owed, _ := h.Owes()
	if p.Type != owed || c.verdict == verdictRedeliver {
		return
	}
	earlier, n := h.side.flow.earlier(h)
	if n == 0 {
		return
	}
	severity := Info
	if p.Dir == decode.FromClient {
		severity = Warn
	}
	a := aboutPacket(AckOutOfOrder, severity, p, h)
	a.Oldest, a.N = earlier.PacketID, n
	t.raisePoint(l, a, p.Type.String())
}
