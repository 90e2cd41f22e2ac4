package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// ackOrder is the deliveries of one sending side that wait for the same acknowledgement, in the order in which it is owed: PUBACK and PUBREC in that of
// the PUBLISH packets, PUBREL in that of the PUBREC packets (5.0 and 3.1.1 §4.6).
type ackOrder struct{ first, last *Handshake }

// enterOrder puts h at the end of the queue that its state asks for.
func (h *Handshake) enterOrder() {
	h.leaveOrder()
	if h.JoinedLate || h.State < AwaitingPuback || h.State > AwaitingPubrel {
		return
	}
	q := &h.Session.orders[h.Sender][h.State-AwaitingPuback]
	h.order, h.ahead = q, q.last
	if q.last == nil {
		q.first = h
	} else {
		q.last.behind = h
	}
	q.last = h
}

func (h *Handshake) leaveOrder() {
	q := h.order
	if q == nil {
		return
	}
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

// checkOrder raises ack-out-of-order where p answers h while one that was sent before it still waits. The order binds Clients
// [MQTT-4.6.0-2, -3, -4]; of a broker it is told as information.
func (t *Tracker) checkOrder(l *Link, p *decode.Packet, h *Handshake, c cell) {
	if h == nil || h.order == nil || h.order.first == h || l.doubtful(h, p) || t.late {
		return
	}
	owed, _ := h.Owes()
	if p.Type != owed || c.verdict == verdictRedeliver {
		return
	}
	severity := Info
	if p.Dir == decode.FromClient {
		severity = Warn
	}
	earlier := h.order.first
	a := aboutPacket(AckOutOfOrder, severity, p, h)
	a.Oldest, a.N = earlier.PacketID, queued(h)
	t.raisePoint(l, a, p.Type.String())
}

// queued counts the deliveries before h in its queue, up to a bound.
func queued(h *Handshake) int {
	n := 0
	for e := h.ahead; e != nil && n < 1000; e = e.ahead {
		n++
	}
	return n
}
