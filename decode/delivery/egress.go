package delivery

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// egress takes a PUBLISH that a broker sends.
func (c *Correlator) egress(k *link, p *decode.Packet, h *handshake.Handshake, again bool) {
	s, now := k.sess, c.tracker.Now()
	if now-s.sentFrom > 1e9 {
		s.sent, s.sentFrom = 0, now
	}
	s.sent += p.Length
	if again {
		if cp, ok := attached(h); ok && cp.Resends < 255 {
			cp.Resends++
		}
		return
	}
	if h != nil {
		h.Attachment = s // to learn when its window has room again
		s.sending(k.of.InFlight(decode.FromServer), now)
	}
	if p.Unclear() || p.TopicUnknown || p.PayloadGap { // it may be any of those that it waits for
		s.blind = now
		c.counts.Unmatched++
		return
	}
	key := c.keyOf(p.Topic, p.PayloadHash(), p.PayloadLength)
	f := finding{c: c, s: s, p: p, now: now}
	f.look(s.b.keys.of(key))
	if f.best == nil { // it may be of one that is recorded later than this copy
		c.early.add(key, s, p.Time)
	}
	if p.Retain && c.isReplay(s, &f) {
		c.replay(s, p)
		return
	}
	if m := f.extra; f.best == nil && m != nil && m.route == nil {
		c.populate(m, s.b.routeOf(p.Topic))
		f.extra, f.late, f.seen, f.any = nil, nil, nil, nil
		f.look(s.b.keys.of(key))
	}
	if f.best == nil && f.extra == nil {
		if m := c.willSent(s.b, key, p); m != nil {
			f.look(s.b.keys.of(key))
		}
	}
	switch {
	case f.best != nil:
		c.consume(&f, f.best, h)
	case f.seen != nil && f.late == nil && f.extra != nil && f.extra.At > f.seen.Forwarded && !p.Dup && int(f.seen.Count) >= f.seen.m.filtersOf(s):
		// s had the earlier one before this one was published; a second copy of that would have come with the first.
		f.extra.unsure(f.seen.m)
		c.consume(&f, c.other(f.extra, s), h)
	case f.seen != nil && (f.late != nil || f.extra != nil):
		s.b.keys.of(key).loose = true
		c.either(&f, s, p, h)
	case f.late != nil:
		c.consume(&f, f.late, h)
	case f.extra != nil:
		if !s.mayGet(f.extra) {
			s.whole = false // it gets what it did not subscribe to: the broker does that for it
		}
		c.consume(&f, c.other(f.extra, s), h)
	case f.seen != nil:
		c.repeat(f.seen, s, p, h, f.alone)
	default:
		c.unmatched(s, p)
	}
}

// either takes a PUBLISH that can be one that was given up, or a second one of a message that s has. It belongs to the latter where subscriptions overlap; else
// it says no more than that nothing is sure.
func (c *Correlator) either(f *finding, s *session, p *decode.Packet, h *handshake.Handshake) {
	if cp := f.late; cp != nil && cp.Outcome == NotForwarded {
		cp.Outcome, cp.Doubt = Unknown, DoubtEqual
		cp.m.unsure(f.seen.m)
		c.resettle(cp.m)
	}
	if int(f.seen.Count) < f.seen.m.filtersOf(s) {
		c.repeat(f.seen, s, p, h, false)
		return
	}
	f.seen.m.Confidence = max(f.seen.m.Confidence, Ordered)
	c.counts.Unmatched++
}

// mayGet reports whether s can be sent m though no subscription that is known asked for it.
func (s *session) mayGet(m *Message) bool {
	return !s.whole || len(s.pending) > 0 || s.subscribed >= m.At || s.unsubscribed >= m.At
}

// attached returns the copy that a handshake delivers.
func attached(h *handshake.Handshake) (*Copy, bool) {
	cp, ok := h.Attachment.(*Copy)
	return cp, ok && cp.Handshake == h.ID
}

// A finding is what a PUBLISH of the broker can be a copy of.
type finding struct {
	c   *Correlator
	s   *session
	p   *decode.Packet
	now decode.Time

	best  *Copy    // the oldest that is expected, if possible with that QoS
	late  *Copy    // the oldest that had been given up
	extra *Message // the oldest that was not expected to go to s
	seen  *Copy    // the newest of which s has a copy already
	any   *Message // the first of best, late and extra
	fits  bool     // best is expected with that QoS
	alone bool     // there is one message of that key
	props uint64
	known bool // props was computed
}

// look goes through the messages of one key, oldest first: messages of one publisher on one topic are sent on in their order (5.0 §4.6).
func (f *finding) look(ch *chain) {
	if ch == nil {
		return
	}
	f.alone = ch.alone()
	for m := ch.first; m != nil; m = m.after {
		if !f.matches(m) {
			continue
		}
		if f.s.began > f.taken(m) { // what the broker took before the session began is not for it
			continue
		}
		cp := m.copyFor(f.s)
		switch {
		case cp == nil:
			if f.extra == nil && !m.refused() && (ch.n == 1 || f.s.mayGet(m)) {
				f.extra = m
			}
			if !m.refused() && f.s.mayGet(m) {
				f.candidate(m)
			}
		case cp.Outcome == Waiting || cp.Outcome == Queued:
			f.candidate(m)
			if fits := m.fits(f.s, cp, f.p.QoS); f.best == nil || fits && !f.fits {
				f.best, f.fits = cp, fits
			}
		case cp.Outcome == NotForwarded || cp.Outcome == Unknown && cp.Forwarded == 0 || cp.Outcome == NotExpected || cp.Outcome == Expired:
			f.candidate(m)
			if f.late == nil {
				f.late = cp
			}
		default:
			f.seen = cp
		}
	}
}

// hurry is how long a message of QoS 0 may wait to be read by a broker that is busy: nothing shows when it was.
const hurry = decode.Time(1e9)

// taken is the latest time at which the broker can have taken m: at its commit, or with a resend, and now where neither was seen. What it took it gives to those who
// are subscribed then, not when the publisher sent it.
func (f *finding) taken(m *Message) decode.Time {
	switch {
	case m.Commit == 0:
		return f.now
	case m.QoS == 0 && f.alone:
		return min(f.now, m.At+hurry)
	}
	return max(m.Commit, m.again)
}

// candidate notes that the PUBLISH can be of m. Where it can be of several, none of them is sure.
func (f *finding) candidate(m *Message) {
	if f.any == nil {
		f.any = m
		return
	}
	f.any.unsure(m)
}

// fits reports whether a copy of m is to come with that QoS. The order of messages is kept among those of one QoS only (5.0 §4.6).
func (m *Message) fits(s *session, cp *Copy, qos uint8) bool {
	if i := find(m.targets(), s.id); i >= 0 && &m.copies[i] == cp {
		t := &m.route.targets[i]
		return qos >= min(m.QoS, t.least) && qos <= min(m.QoS, t.most)
	}
	return qos <= m.QoS
}

// unsure notes that a copy of m may have been one of other, and the other way round.
func (m *Message) unsure(other *Message) {
	conf := Ordered
	if m.publisher != other.publisher {
		conf = Ambiguous
	}
	m.Confidence, other.Confidence = max(m.Confidence, conf), max(other.Confidence, conf)
}

// matches reports whether the PUBLISH can be of m, which has its key: with the same topic and length the payload has the same hash.
func (f *finding) matches(m *Message) bool {
	p := f.p
	if m.Payload != p.PayloadLength || m.Topic != string(p.Topic) {
		return false
	}
	if f.now-max(m.At, m.Commit) > decode.Time(f.c.cfg.Horizon) && m.waiting == 0 {
		return false
	}
	if !m.v5 || p.Version != decode.V5 || p.VersionAssumed {
		return true
	}
	if !f.known {
		f.props, f.known = f.c.propsOf(p.Properties), true
	}
	return f.props == m.props
}

// copyFor returns the copy of m that s can get: its own, one of a group that it is a member of, or one that was not expected. nil where there
// is none.
func (m *Message) copyFor(s *session) *Copy {
	var got *Copy
	if m.route != nil {
		if i := find(m.route.targets, s.id); i >= 0 {
			if got = &m.copies[i]; !got.Outcome.seen() && got.Outcome != NotExpected {
				return got
			}
		}
		for i := range m.route.groups {
			if find(m.route.groups[i].members, s.id) < 0 {
				continue
			}
			cp := &m.copies[len(m.route.targets)+i]
			if !cp.Outcome.seen() {
				return cp
			}
			if got == nil && cp.sess == s {
				got = cp
			}
		}
	}
	if got != nil && got.Outcome != NotExpected {
		return got
	}
	for cp := m.others; cp != nil; cp = cp.next {
		if cp.sess == s {
			return &cp.Copy
		}
	}
	return got
}

// other adds a copy to m that was not expected.
func (c *Correlator) other(m *Message, s *session) *Copy {
	cp := c.freeCopies
	if cp == nil {
		cp = new(another)
	} else {
		c.freeCopies = cp.next
	}
	c.copies++
	*cp = another{Copy{m: m, sess: s, Granted: 255, Doubt: DoubtSubscriptions}, m.others}
	if s.whole {
		cp.Doubt = DoubtRacing
	}
	m.others = cp
	return &cp.Copy
}

// consume takes the PUBLISH for cp.
func (c *Correlator) consume(f *finding, cp *Copy, h *handshake.Handshake) {
	m, s, p := cp.m, f.s, f.p
	now := max(m.At, min(p.Time, f.now)) // it may have waited behind a hole in the capture
	c.closeCopy(cp)
	was := cp.Outcome
	c.counts.Copies++
	m.broker.matched++
	if was == Waiting || was == Queued {
		m.waiting--
	}
	cp.sess, cp.Forwarded, cp.QoS, cp.Count = s, now, p.QoS, 1
	if m.publisher.gap > m.At { // an equal one may have gone in unseen
		m.Confidence = Ambiguous
	}
	if n := m.filtersOf(s); n > 1 && len(m.route.groups) > 0 { // its own copy, or that of the group: nobody can tell
		if i := find(m.targets(), s.id); i >= 0 && n > int(m.route.targets[i].filters) {
			m.Confidence = Ambiguous
		}
	}
	if p.QoS == 0 {
		cp.Outcome, cp.Ended = Sent, now
	} else {
		cp.Outcome = Forwarded
		m.open++
		if h != nil {
			cp.Handshake = h.ID
			h.Attachment = cp
		}
	}
	c.learn(m, cp)
	late := m.Settled != 0
	c.commit(m)
	if was == Waiting || was == Queued {
		s.passed(f, m, p.QoS)
	}
	s.tested = max(s.tested, m.At)
	if i := find(m.targets(), s.id); i >= 0 && &m.copies[i] == cp {
		m.route.targets[i].proven = m.At
	}
	if m.chainOf().alone() {
		c.checkQoS(m, cp, p)
	}
	if cp.Outcome == Sent {
		c.arrived(m, cp)
	}
	if late && m.open == 0 {
		c.resettle(m)
		return
	}
	c.settleIfDone(m)
}

// effective is the QoS at which a copy goes out: the minimum of what was published and what was granted.
func (cp *Copy) effective() uint8 {
	if cp.Granted > 2 {
		return min(cp.m.QoS, cp.QoS)
	}
	return min(cp.m.QoS, cp.Granted)
}

// learn finds out when a broker sends messages of QoS 2 on: some at PUBLISH, some at PUBREL.
func (c *Correlator) learn(m *Message, cp *Copy) {
	b := m.broker
	if m.QoS != 2 || m.Will {
		return
	}
	if m.rel == 0 {
		b.fanout, b.released = fanoutPublish, 0
		return
	}
	if b.fanout == fanoutUnknown && cp.Required && m.Commit == m.rel && m.rel-m.rec >= releaseGap && cp.Forwarded-m.rel < m.rel-m.rec {
		if b.released++; b.released >= releaseSeen {
			b.fanout = fanoutRelease
		}
	}
}

// A broker that could send a message on at PUBLISH and does it only at PUBREL, releaseGap later at least, and that releaseSeen times, waits for it.
const (
	releaseGap  = decode.Time(5e6)
	releaseSeen = 3
)

// repeat takes p, which is equal to a message of which s has a copy already: overlapping subscriptions can have a copy each, and QoS 1 may come twice.
func (c *Correlator) repeat(cp *Copy, s *session, p *decode.Packet, h *handshake.Handshake, alone bool) {
	m := cp.m
	filters := m.filtersOf(s)
	if cp.Count < 255 {
		cp.Count++
	}
	if int(cp.Count) <= filters {
		m.broker.perCopy = true
		c.counts.Copies++
		return
	}
	if ch := m.chainOf(); ch != nil {
		ch.loose = true
	}
	if !alone || len(s.pending) > 0 || p.Dup || !s.whole || filters == 0 || m.Confidence != Exact || m.broker.partial || p.Retain || c.lossy(m.broker) ||
		s.subscribed > m.At || s.up > m.At || s.blind > m.At || m.publisher.gap > m.At {
		c.counts.Unmatched++
		return
	}
	c.counts.Copies++
	c.duplicate(cp, p, h)
}

// filtersOf counts the subscriptions of s that m matches.
func (m *Message) filtersOf(s *session) int {
	n := 0
	if m.route == nil {
		return 0
	}
	if i := find(m.route.targets, s.id); i >= 0 {
		n = int(m.route.targets[i].filters)
	}
	for i := range m.route.groups {
		if find(m.route.groups[i].members, s.id) >= 0 {
			n++
		}
	}
	return n
}

// isReplay tells whether a PUBLISH with RETAIN is a retained message that a subscription asked for. A message is sent on with that flag only where it was
// published with it, and the subscription has Retain As Published (5.0 §3.3.1.3); some brokers keep it always. Soon after a SUBSCRIBE the two cannot be told
// apart.
func (c *Correlator) isReplay(s *session, f *finding) bool {
	if f.best == nil || !f.best.m.Retain {
		return true
	}
	soon := c.tracker.Now()-s.subscribed < replaySpan && s.subscribed != 0 || !s.whole
	if !soon {
		return false
	}
	m := f.best.m
	if i := find(m.targets(), s.id); i < 0 || !m.route.targets[i].asIs {
		f.best.Required, f.best.Doubt = false, DoubtEqual
		return true
	}
	m.Confidence = Ambiguous
	return false
}

// replaySpan is for how long after a SUBSCRIBE retained messages may come.
const replaySpan = decode.Time(30e9)

func (m *Message) targets() []target {
	if m.route == nil {
		return nil
	}
	return m.route.targets
}

// replay counts a retained message that a subscription asked for. It satisfies no expectation.
func (c *Correlator) replay(s *session, p *decode.Packet) {
	c.counts.Replays++
	id, ok := s.b.retained[string(p.Topic)]
	if !ok {
		return
	}
	if m := c.Get(id); m != nil && m.key == c.keyOf(p.Topic, p.PayloadHash(), p.PayloadLength) {
		m.Replays++
	}
}

// unmatched takes a message whose origin is out of sight. One with the payload of a message of another topic says that the broker changes topics.
func (c *Correlator) unmatched(s *session, p *decode.Packet) {
	c.counts.Unmatched++
	b := s.b
	if b.rewrites || b.matched > 0 || p.PayloadLength < rewriteLeast {
		return
	}
	for m, n := c.newest, 0; m != nil && n < maxChain; m, n = m.elder, n+1 {
		if m.broker == b && m.Payload == p.PayloadLength && m.Topic != string(p.Topic) && m.waiting > 0 && c.payloadHash(m) == p.PayloadHash() {
			b.rewrites = true
			return
		}
	}
}

// rewriteLeast is from which length on two equal payloads are hardly chance.
const rewriteLeast = 4

// Stepped implements handshake.Observer.
func (c *Correlator) Stepped(h *handshake.Handshake, p *decode.Packet) {
	switch a := h.Attachment.(type) {
	case *Message:
		if a.Handshake == h.ID {
			c.step(a, h, p)
		}
	case *Copy:
		if a.Handshake == h.ID {
			c.copyStep(a, p)
		}
	}
}

func (c *Correlator) copyStep(cp *Copy, p *decode.Packet) {
	failed := p.ReasonCode >= 0x80
	switch {
	case p.Type == decode.PUBACK && cp.QoS == 1, p.Type == decode.PUBCOMP && cp.QoS == 2, p.Type == decode.PUBREC && cp.QoS == 2 && failed:
		if failed && p.Type != decode.PUBCOMP {
			c.copyEnded(cp, Refused, NoDoubt)
			return
		}
		c.copyEnded(cp, Acknowledged, NoDoubt)
	case p.Type == decode.PUBREC && cp.QoS == 2 && cp.Outcome == Forwarded:
		cp.Outcome, cp.Received = Received, p.Time
	case p.Type == decode.PUBREL && cp.Released == 0:
		cp.Released = p.Time
	}
}

// copyEnded takes that nothing more is owed for a copy.
func (c *Correlator) copyEnded(cp *Copy, o Outcome, d Doubt) {
	if cp.Outcome != Forwarded && cp.Outcome != Received {
		return
	}
	m := cp.m
	cp.Outcome, cp.Ended = o, c.tracker.At()
	if d != NoDoubt {
		cp.Doubt = d
	}
	m.open--
	broken := (o == Refused || o == Abandoned) && !cp.tellEnd()
	c.closeCopy(cp)
	switch {
	case o == Acknowledged:
		c.arrived(m, cp)
	case broken:
		c.brokenOff(m, cp)
	}
	if m.Settled != 0 && m.open == 0 {
		c.resettle(m)
		return
	}
	c.settleIfDone(m)
}

// Ended implements handshake.Observer.
func (c *Correlator) Ended(h *handshake.Handshake) {
	switch a := h.Attachment.(type) {
	case *Message:
		if a.Handshake == h.ID {
			c.publisherEnded(a, h)
		}
	case *session:
		a.freed = c.tracker.Now()
	case *Copy:
		if a.Handshake != h.ID {
			break
		}
		a.sess.freed = c.tracker.Now()
		switch h.State {
		case handshake.Complete:
			c.copyEnded(a, Acknowledged, NoDoubt)
		case handshake.Refused:
			c.copyEnded(a, Refused, NoDoubt)
		case handshake.Abandoned:
			c.copyEnded(a, Abandoned, NoDoubt)
		default:
			c.copyEnded(a, Unknown, DoubtGap)
		}
	}
	h.Attachment = nil
}
