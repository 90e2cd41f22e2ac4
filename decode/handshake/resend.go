package handshake

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// stormResends is from how many resends of one delivery on one connection on they are a storm; a share of stormShare percent of all PUBLISH packets
// within stormSpan is one too, where they are at least stormLeast.
const (
	stormResends = 3
	stormShare   = 20
	stormLeast   = 10
	stormSpan    = decode.Time(60e9)
)

// resend takes a packet that was sent before on the same connection. The acknowledgement has been owed since the first.
func (t *Tracker) resend(h *Handshake, l *Link, p *decode.Packet) {
	h.Resends = increment(h.Resends)
	h.spare = increment(h.spare)
	h.again = increment(h.again)
	t.step(h, l, p)
	if h.Unsure {
		h.Unsure = false // the sender, who must know, says that it is open
		t.setState(h, h.State)
		t.enterWindow(h, l)
		return
	}
	if p.Type == decode.PUBREL && h.rels > 0 {
		h.rels--
		return
	}
	if h.Kind.Publish() {
		t.resent(h, l, p)
	}
}

// resent raises what a resend on the same connection is: MQTT 5.0 forbids it [MQTT-4.4.0-1], 3.1.1 has it only for the next connection, 3.1 allows
// it.
func (t *Tracker) resent(h *Handshake, l *Link, p *decode.Packet) {
	s := h.Session
	if p.Type == decode.PUBLISH && !p.Dup {
		if t.doubtful(l, h, p) {
			return // the first may have been answered
		}
		t.raisePoint(l, aboutPacket(RetransmitWithoutDup, Warn, p, h), "")
	} else if s.Version != decode.V31 {
		severity := Info
		if s.Version == decode.V5 {
			severity = Warn
		}
		t.raisePoint(l, aboutPacket(RetransmitConnected, severity, p, h), "")
	}
	pace := &s.sides[h.Sender].pace
	pace.count(t.now, true)
	often := pace.resends >= stormLeast && uint64(pace.resends)*100 > stormShare*(uint64(pace.publishes)+uint64(pace.resends))
	if h.again >= stormResends || often {
		a := aboutPacket(RetransmitStorm, Critical, p, h)
		a.N, a.Latency = int(h.again), t.now.Sub(h.Started())/max(1, time.Duration(h.again))
		t.raisePoint(l, a, "")
	}
}

// redeliver takes a packet that was sent before on an earlier connection, as it should be after a resume, or a PUBLISH after its own PUBREL.
func (t *Tracker) redeliver(h *Handshake, l *Link, p *decode.Packet, c cell) {
	h.Resends = increment(h.Resends)
	if h.link != l {
		h.spare, h.again = 0, 0
	}
	if !h.Unsure {
		switch {
		case c.verdict == verdictPublishAgain:
			h.comp = h.link == l // on an earlier connection it can no longer come
			t.raisePoint(l, aboutPacket(PublishAfterPubrel, Critical, p, h), "")
		case p.Type == decode.PUBLISH && !p.Dup:
			t.raisePoint(l, aboutPacket(RetransmitWithoutDup, Warn, p, h), "")
		}
	}
	t.proceed(h, l, p, c)
}

// answersPubrel reports whether p is, where h.comp is set, the PUBCOMP to the PUBREL that the sender sent before it sent its PUBLISH again: the receiver answers both, in their
// order.
func (h *Handshake) answersPubrel(p *decode.Packet) bool {
	if p.Type == decode.PUBREC || p.Type == decode.PUBCOMP {
		h.comp = false
	}
	return p.Type == decode.PUBCOMP
}

// duplicate takes an acknowledgement that was given before; one for each time that the packet was sent is as it should be. Every PUBREC is
// answered with PUBREL, the second one too [MQTT-4.3.3-4].
func (t *Tracker) duplicate(h *Handshake, l *Link, p *decode.Packet) {
	t.step(h, l, p)
	if p.Type == decode.PUBREC {
		h.rels = increment(h.rels)
	}
	if h.spare > 0 {
		h.spare--
		return
	}
	if !t.doubtful(l, h, p) && !h.JoinedLate && h.link == l {
		t.raisePoint(l, aboutPacket(DuplicateAck, Info, p, h), p.Type.String())
	}
}

func increment(n uint16) uint16 {
	if n == 1<<16-1 {
		return n
	}
	return n + 1
}

// unexpected takes an acknowledgement of which nothing is in flight.
func (t *Tracker) unexpected(l *Link, p *decode.Packet, side *sessionSide, kind Kind, sender decode.Direction, next State) {
	if e := side.past.find(p.PacketID, kind); e != nil && t.afterEnd(l, p, e, sender, kind) {
		return
	}
	if side.mayBeUnseen(p.PacketID) {
		side.note(p.PacketID)
		if next.Open() {
			t.start(l, p, side, kind, sender, next)
		} else if p.Type == decode.PUBACK && (l.blind[sender] || l.undecided[sender]) {
			l.keepEarly(p, t.lastRef)
		}
		t.beforeCapture(l, p)
		return
	}
	side.astray(l, p)
	if kind == QoS2 && l.resumedAt != 0 && t.now.Sub(l.resumedAt) < recovery && side.past.full() {
		return // a PUBCOMP may not have reached its receiver before the connection ended, and is longer ago than is remembered
	}
	t.unexpectedAck(l, p, sender)
}

// astray notes a PUBREC or PUBREL of nothing: the other end will answer it, and that is as it should be.
func (side *sessionSide) astray(l *Link, p *decode.Packet) {
	if p.Type != decode.PUBREL && (p.Type != decode.PUBREC || p.ReasonCode >= 0x80) {
		return
	}
	e := side.past.find(p.PacketID, QoS2)
	if e == nil || !e.stray || e.link != l.number {
		e = side.past.add(recentEnd{link: l.number, id: p.PacketID, kind: QoS2, stray: true})
	}
	e.spare = increment(e.spare)
	if p.Type == decode.PUBREC {
		e.rels = increment(e.rels)
	}
}

// afterEnd judges an acknowledgement by the delivery that had its identifier last; false says that this explains nothing.
func (t *Tracker) afterEnd(l *Link, p *decode.Packet, e *recentEnd, sender decode.Direction, kind Kind) bool {
	if p.Type == decode.PUBREL {
		return t.pubrelAfterEnd(l, p, e)
	}
	if p.Type == decode.PUBREC && p.ReasonCode < 0x80 && !e.stray {
		e.rels = increment(e.rels)
	}
	if e.spare > 0 && (p.Type == decode.PUBCOMP || !e.stray) {
		e.spare--
		return true
	}
	if e.link != l.number || e.state == Abandoned || e.stray || !kind.Publish() {
		return false
	}
	a := aboutPacket(DuplicateAck, Info, p, nil)
	a.Sender, a.Kind = sender, kind
	t.raisePoint(l, a, p.Type.String())
	return true
}

// answersFormer reports whether an acknowledgement of the wrong type is that of the delivery which had the identifier before it was given away.
func (t *Tracker) answersFormer(l *Link, sender decode.Direction, p *decode.Packet, kind Kind) bool {
	e := l.Session.sides[sender].past.find(p.PacketID, kind)
	if p.Type == decode.PUBREL || e == nil || e.link != l.number || e.state != Abandoned && e.state != Unknown || e.spare == 0 {
		return false
	}
	e.spare--
	return true
}

// pubrelAfterEnd takes a PUBREL of a delivery that has ended; the receiver will answer it.
func (t *Tracker) pubrelAfterEnd(l *Link, p *decode.Packet, e *recentEnd) bool {
	switch {
	case e.rels > 0: // the answer to a PUBREC that came once more, or of nothing
		e.rels--
		if e.stray {
			return true
		}
	case e.stray || e.state == Abandoned:
		return false
	case e.state == Refused:
		a := aboutPacket(PubrelAfterPubrecError, Critical, p, nil)
		a.Kind = QoS2
		t.raisePoint(l, a, "")
	case e.link == l.number && l.Session.Version != decode.V31:
		severity := Info
		if l.Session.Version == decode.V5 {
			severity = Warn
		}
		a := aboutPacket(RetransmitConnected, severity, p, nil)
		a.Kind = QoS2
		t.raisePoint(l, a, "")
	}
	e.link = l.number
	e.spare = increment(e.spare)
	return true
}

// beforeCapture notes a PUBREL right after a resume that completes a delivery which began before the capture: the client that answers it may never have
// seen the message.
func (t *Tracker) beforeCapture(l *Link, p *decode.Packet) {
	if p.Type == decode.PUBREL && l.asked && l.index == 1 && l.resumedAt != 0 && t.now.Sub(l.resumedAt) < recovery {
		t.raisePoint(l, aboutPacket(PacketIDNotFound, Info, p, nil), "unseen")
	}
}
