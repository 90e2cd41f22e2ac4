package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// publish takes a PUBLISH of QoS 1 or 2.
func (t *Tracker) publish(l *Link, p *decode.Packet) {
	if p.QoS != 1 && p.QoS != 2 {
		if t.observer != nil && p.QoS == 0 {
			t.observer.Published(l, p, nil, false)
		}
		return
	}
	if p.PacketID == 0 {
		t.identifierZero(l, p)
	}
	side := &l.Session.sides[p.Dir]
	h := side.flow.get(p.PacketID)
	kind := QoS1
	if p.QoS == 2 {
		kind = QoS2
	}
	in := inPublish1New
	if kind == QoS2 {
		in = inPublish2New
	}
	if h != nil {
		in += input(likeness(l, h, p, kind))
		t.late = t.late || p.PayloadGap && h.JoinedLate // its end came after a gap, and the answer may have been handed on before that
	} else if p.Dup {
		in += inPublish1Dup - inPublish1New
	}
	t.begun = nil
	t.apply(l, p, side, h, kind, p.Dir, in)
	if t.observer != nil {
		again := t.begun == nil
		if !again {
			h = t.begun
		}
		t.observer.Published(l, p, h, again)
	}
	if t.late && t.begun != nil && kind == QoS1 {
		t.takeEarly(t.begun, l)
	}
}

// The likeness of a PUBLISH to the handshake that holds its identifier, as offsets from "new" in the table's inputs.
const (
	likeNew = iota
	likeSame
	likeDup
	likeAgain
)

func likeness(l *Link, h *Handshake, p *decode.Packet, kind Kind) int {
	same := h.Kind == kind && int64(h.PayloadLength) == p.PayloadLength && h.PayloadHash == p.PayloadHash() &&
		(h.TopicUnknown || p.TopicUnknown || h.Topic == string(p.Topic[:min(len(p.Topic), MaxText)]))
	switch {
	case (p.Dup || same) && h.link != l:
		return likeAgain
	case p.Dup:
		return likeDup
	case same:
		return likeSame
	}
	return likeNew
}

// acknowledge takes a PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK or UNSUBACK.
func (t *Tracker) acknowledge(l *Link, p *decode.Packet) {
	if p.PacketID == 0 {
		if p.Err != nil {
			return // the packet was too short to hold an identifier
		}
		t.identifierZero(l, p)
	}
	sender := p.Dir.Opposite()
	failed := p.ReasonCode >= 0x80
	var in input
	var kind Kind
	switch p.Type {
	case decode.PUBACK:
		in, kind = inPuback, QoS1
		if failed {
			in = inPubackFailed
		}
	case decode.PUBREC:
		in, kind = inPubrec, QoS2
		if failed {
			in = inPubrecFailed
		}
	case decode.PUBREL:
		in, kind, sender = inPubrel, QoS2, p.Dir
	case decode.PUBCOMP:
		in, kind = inPubcomp, QoS2
	case decode.SUBACK:
		in, kind, sender = inSuback, Subscribe, decode.FromClient
	case decode.UNSUBACK:
		in, kind, sender = inUnsuback, Unsubscribe, decode.FromClient
	}
	side := &l.Session.sides[sender]
	h := side.flow.get(p.PacketID)
	if p.PacketID == 0 && h == nil {
		return // that nothing with this identifier is in flight goes without saying
	}
	if in == inPubrel && h != nil && h.link != l {
		in = inPubrelAgain
	}
	t.apply(l, p, side, h, kind, sender, in)
}

// subscribe takes a SUBSCRIBE or UNSUBSCRIBE.
func (t *Tracker) subscribe(l *Link, p *decode.Packet) {
	if p.Subscribe == nil {
		return // malformed before its first Topic Filter
	}
	if p.PacketID == 0 {
		t.identifierZero(l, p)
	}
	in, kind := inSubscribeNew, Subscribe
	if p.Type == decode.UNSUBSCRIBE {
		in, kind = inUnsubscribeNew, Unsubscribe
	}
	side := &l.Session.sides[decode.FromClient]
	h := side.flow.get(p.PacketID)
	if h != nil && h.Kind == kind && h.link == l && (p.Flags&8 != 0 || h.Topic == string(firstFilter(p))) {
		in++ // same
	}
	t.apply(l, p, side, h, kind, decode.FromClient, in)
}

func firstFilter(p *decode.Packet) []byte {
	if len(p.Subscribe.Filters) == 0 {
		return nil
	}
	f := p.Subscribe.Filters[0].Filter
	return f[:min(len(f), MaxText)]
}

// apply looks the packet up in the table and does what it says.
func (t *Tracker) apply(l *Link, p *decode.Packet, side *sessionSide, h *Handshake, kind Kind, sender decode.Direction, in input) {
	c := transitions[rowOf(h)][in]
	if h != nil {
		if h.comp && h.answersPubrel(p) {
			t.step(h, l, p)
			return
		}
		if side.flow.count > 1 {
			t.checkOrder(l, p, h, c)
		}
	}
	switch c.verdict {
	case verdictStart:
		t.start(l, p, side, kind, sender, c.next)
	case verdictReuse:
		spare := t.reuse(l, p, h, kind)
		t.start(l, p, side, kind, sender, c.next).spare = spare
	case verdictUnexpected:
		t.unexpected(l, p, side, kind, sender, c.next)
	case verdictMismatch:
		if t.answersFormer(l, sender, p, kind) {
			return
		}
		if !t.doubtful(l, h, p) {
			t.mismatch(l, p, h)
		}
		t.step(h, l, p)
	case verdictSkipped, verdictSkippedEnd:
		if !t.doubtful(l, h, p) {
			t.mismatch(l, p, h)
		}
		t.proceed(h, l, p, c)
	case verdictDuplicate:
		t.duplicate(h, l, p)
	case verdictResend, verdictResendNoDup:
		t.resend(h, l, p)
	case verdictRedeliver, verdictPublishAgain:
		t.redeliver(h, l, p, c)
	default:
		t.proceed(h, l, p, c)
	}
}

// slab is how many handshakes are made at once. They are used again for as long as the Tracker lives, so that none keeps its neighbours in memory.
const slab = 64

// newHandshake returns one that is empty but for its flight, of memory used before where there is some.
func (t *Tracker) newHandshake() *Handshake {
	var h *Handshake
	if n := len(t.free); n > 0 {
		h, t.free = t.free[n-1], t.free[:n-1]
	} else {
		if len(t.fresh) == 0 {
			t.fresh = make([]Handshake, slab)
		}
		h, t.fresh = &t.fresh[0], t.fresh[1:]
	}
	if n := len(t.flights); n > 0 {
		h.flight, t.flights = t.flights[n-1], t.flights[:n-1]
	} else {
		h.flight = new(flight)
	}
	return h
}

// land takes the flight of a handshake that has ended back.
func (t *Tracker) land(h *Handshake) {
	*h.flight = flight{}
	t.flights = append(t.flights, h.flight)
	h.flight = nil
}

// start begins a handshake with the packet p, on a sending side of the session of l.
func (t *Tracker) start(l *Link, p *decode.Packet, side *sessionSide, kind Kind, sender decode.Direction, state State) *Handshake {
	h := t.newHandshake()
	t.lastHandshake++
	h.ID = t.lastHandshake
	h.Session, h.side, h.link = l.Session, side, l
	h.Kind, h.Sender, h.PacketID = kind, sender, p.PacketID
	switch p.Type {
	case decode.PUBLISH:
		h.Topic = t.topic(l, sender, p.Topic)
		h.PayloadHash, h.PayloadLength = p.PayloadHash(), uint32(min(p.PayloadLength, 1<<32-1))
		h.Retain, h.TopicUnknown = p.Retain, p.TopicUnknown
	case decode.SUBSCRIBE, decode.UNSUBSCRIBE:
		h.Topic = t.text(firstFilter(p))
	default:
		h.JoinedLate = true
	}
	side.flow.set(p.PacketID, h)
	side.note(p.PacketID)
	t.enterOpen(h)
	t.await(h, state)
	t.step(h, l, p)
	if p.Type == decode.PUBLISH {
		t.published(l, &side.pace, sender)
		t.enterWindow(h, l)
	}
	t.begun = h
	t.record(HandshakeStarted, h, nil)
	return h
}

// step notes p as a packet of h without a change of state.
func (t *Tracker) step(h *Handshake, l *Link, p *decode.Packet) {
	if i := h.nsteps; i < firstSteps {
		h.times[i], h.rest[i], h.conns[i] = p.Time, packStep(p, t.lastRef), uint16(min(l.index, 1<<16-1))
		h.nsteps++
	} else {
		h.addStep(Step{Time: p.Time, Ref: t.lastRef, Conn: l.index, Type: p.Type, Dir: p.Dir, Reason: reasonOf(p), Dup: dup(p)})
	}
	if (h.Attachment != nil || h.Followed) && p.Type != decode.PUBLISH {
		t.observer.Stepped(h, p)
	}
}

// reasonOf returns the Reason Code of an acknowledgement: for a SUBACK or UNSUBACK the worst of its codes.
func reasonOf(p *decode.Packet) decode.ReasonCode {
	code := p.ReasonCode
	if len(p.SubackCodes) == 0 {
		return code
	}
	for _, c := range p.SubackCodes {
		code = max(code, c)
	}
	return code
}

// proceed moves h on to the state that the table says, with the packet p.
func (t *Tracker) proceed(h *Handshake, l *Link, p *decode.Packet, c cell) {
	t.step(h, l, p)
	h.Unsure = false
	if p.Dir == h.Sender && h.link != l {
		h.link = l
	}
	if h.pendingResume {
		t.redelivered(h, Resolved)
	}
	if !c.next.Open() {
		h.Reason = reasonOf(p)
		state := c.next
		if p.Type == decode.SUBACK && refusedAll(p) {
			state = Refused
		}
		t.priorAck(h, l, p)
		t.answered(h, l, p)
		t.end(h, state)
		if c.verdict == verdictRefuse && h.Kind.Publish() {
			t.refused(l, h)
		}
		return
	}
	if p.Type == decode.PUBLISH {
		t.enterWindow(h, l)
	}
	t.setState(h, c.next)
}

// refusedAll reports whether a SUBACK grants nothing.
func refusedAll(p *decode.Packet) bool {
	for _, c := range p.SubackCodes {
		if c < 0x80 {
			return false
		}
	}
	return len(p.SubackCodes) > 0
}

// setState moves an open handshake to an open state and starts its time.
func (t *Tracker) setState(h *Handshake, state State) {
	t.clearHandshakeAlert(h, Resolved)
	t.stopTimers(h)
	t.await(h, state)
}

// await begins the time of an open state, of a handshake whose time does not run.
func (t *Tracker) await(h *Handshake, state State) {
	h.State = state
	h.Since = t.now
	by := h.Sender.Opposite()
	if state == AwaitingPubrel {
		by = h.Sender
	}
	if t.late || h.link != nil && h.link.blind[by] {
		t.cannotTell(h)
		return
	}
	t.enterOrder(h)
	t.waiting.push(h)
	t.wake = min(t.wake, h.Since.Add(t.look))
}

func (t *Tracker) stopTimers(h *Handshake) {
	t.waiting.remove(h)
	if h.due != nil {
		t.timers.cancel(h.due)
		h.due = nil
	}
}

// outcomeOf returns what becomes of the alert on a handshake that ends.
func outcomeOf(state State) Outcome {
	switch state {
	case Abandoned:
		return Unmet
	case Unknown:
		return Untold
	}
	return Resolved
}

// end ends h and frees its identifier.
func (t *Tracker) end(h *Handshake, state State) {
	t.clearHandshakeAlert(h, outcomeOf(state))
	t.stopTimers(h)
	if h.window != nil {
		t.leaveWindow(h)
	}
	if h.pendingResume {
		t.redelivered(h, outcomeOf(state))
	}
	h.leaveOrder()
	h.side.past.remember(h, state)
	h.side.flow.remove(h)
	t.leaveOpen(h)
	h.State = state
	h.Ended = t.stamp
	h.link = nil
	if h.Attachment != nil || h.Followed {
		t.observer.Ended(h)
	}
	t.record(HandshakeEnded, h, nil)
	t.land(h)
}

// doubtful reports whether p may be right and only looks wrong: packets of the other end that it answers to may be missing from the capture, or be
// known only later, as are the first ones of an end that was joined in mid-stream; of these again the first may itself have had others before it, which
// the capture lacks.
func (t *Tracker) doubtful(l *Link, h *Handshake, p *decode.Packet) bool {
	other := p.Dir.Opposite()
	return h.Unsure || p.Late || l.deaf[other] || l.Info.MidStream && (t.first || l.last[other] == 0)
}

// reuse ends the handshake whose identifier p takes over for a delivery of kind. The receiver may still answer both: spare is how many
// acknowledgements more than one the new delivery may see.
func (t *Tracker) reuse(l *Link, p *decode.Packet, h *Handshake, kind Kind) (spare uint16) {
	state := Abandoned
	if t.doubtful(l, h, p) {
		state = Unknown
	} else {
		t.identifierInUse(l, p, h)
	}
	if h.link == l {
		h.spare = increment(h.spare)
	}
	if h.Kind == kind {
		spare, h.spare = h.spare, 0
	}
	t.end(h, state)
	return spare
}
