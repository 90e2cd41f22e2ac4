package delivery

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Published implements handshake.Observer.
func (c *Correlator) Published(l *handshake.Link, p *decode.Packet, h *handshake.Handshake, again bool) {
	k := c.senderOf(l, p.Dir)
	if p.Dir == decode.FromServer {
		c.egress(k, p, h, again)
		return
	}
	if again || p.Unclear() || p.TopicUnknown || p.PayloadGap {
		if !again {
			k.sess.gap = p.Time // a message went in that is not known
		} else if m, ok := h.Attachment.(*Message); ok && m.Handshake == h.ID {
			m.again = p.Time
		}
		return
	}
	c.ingress(k, p, h)
}

// ingress takes a message that a client publishes.
func (c *Correlator) ingress(k *link, p *decode.Packet, h *handshake.Handshake) {
	b := k.sess.b
	m := c.newMessage(k.sess)
	m.At, m.QoS, m.Retain, m.Payload = p.Time, p.QoS, p.Retain, p.PayloadLength
	m.length = uint32(min(p.Length, 1<<32-1))
	m.v5 = p.Version == decode.V5 && !p.VersionAssumed
	if p.Version == decode.V5 {
		m.props = c.propsOf(p.Properties)
		m.Expiry = p.Properties.Uint(decode.MessageExpiryInterval, 0)
		if m.Expiry == 0 {
			if _, has := p.Properties.Get(decode.MessageExpiryInterval); has {
				m.Expiry = 1 // it expires at once, or never: either way nothing is late
			}
		}
	}
	topic := c.hashOf(p.Topic)
	m.key = mixKey(topic, p.PayloadHash(), p.PayloadLength)
	if len(p.Topic) > 0 && p.Topic[0] == '$' {
		m.Doubt = DoubtSystem
	}
	if p.Dup {
		m.Doubt = DoubtBefore
	}
	m.late = c.tracker.Now()-p.Time > lateSpan
	m.racing = b.racing(p.Topic)
	m.unclear = b.partial || m.racing
	r := k.routeOf(p.Topic, uint16(topic))
	m.Topic = r.topic
	if m.QoS == 2 && b.fanout == fanoutRelease {
		r = nil // found out at PUBREL
	}
	if h != nil {
		m.Handshake = h.ID
		h.Attachment = m
	}
	c.enter(m, r)
	if m.QoS == 0 {
		c.commit(m)
	}
}

// enter makes m one of those that copies are looked for among.
func (c *Correlator) enter(m *Message, r *route) {
	b := m.broker
	ch := b.keys.of(m.key)
	if ch != nil && ch.n >= maxChain/4 {
		c.trim(ch)
		ch = b.keys.of(m.key) // it is gone where nothing was left
	}
	b.link(m, ch)
	if m.Retain {
		if len(b.retained) >= maxRoutes {
			clear(b.retained)
		}
		b.retained[m.Topic] = m.ID
	}
	if r != nil {
		c.populate(m, r)
	}
}

// trim keeps a chain within its bound: what has all of its copies goes first.
func (c *Correlator) trim(ch *chain) {
	for m := ch.first; m != nil && ch.n >= maxChain/4 && ch.settled > 0; {
		after := m.after
		if m.waiting == 0 && m.Settled != 0 {
			ch.trimmed = true
			m.broker.unlink(m)
		}
		m = after
	}
	if ch.n < maxChain {
		return
	}
	m := ch.first
	m.broker.unlink(m)
	c.giveUp(m, DoubtEqual)
}

// populate makes the copies of m that its subscriptions ask for.
func (c *Correlator) populate(m *Message, r *route) {
	m.route = r
	n := len(r.targets) + len(r.groups)
	switch {
	case n <= cap(m.copies):
		m.copies = m.copies[:n]
	case n == len(m.one):
		m.copies = m.one[:]
	default:
		m.copies = make([]Copy, n)
	}
	c.copies += n
	for i := range r.targets {
		t := &r.targets[i]
		cp := &m.copies[i]
		*cp = Copy{m: m, sess: t.sess, QoS: 255, Granted: t.most}
		c.expect(m, cp, t)
	}
	for i := range r.groups {
		cp := &m.copies[len(r.targets)+i]
		*cp = Copy{m: m, QoS: 255, Granted: 255, Shared: true}
		c.expectGroup(m, cp, &r.groups[i])
	}
}

// expect decides whether a copy of m must be sent to t.
func (c *Correlator) expect(m *Message, cp *Copy, t *target) {
	s := t.sess
	if s == m.publisher && !t.local || s.over(c.tracker.Now()) {
		return
	}
	cp.Outcome = Waiting
	m.waiting++
	cp.Doubt = c.doubt(m, s)
	switch {
	case cp.Doubt != NoDoubt:
	case !t.holds():
		cp.Doubt = DoubtGap
	case s == m.publisher && t.distant: // mochi takes No Local for all of them
		cp.Doubt = DoubtNoLocal
	}
	if cp.Doubt == DoubtOffline {
		cp.Outcome = Queued
		if min(m.QoS, t.most) == 0 { // mostly not queued at all
			cp.Outcome = Unknown
			m.waiting--
		}
	}
	cp.Required = cp.Doubt == NoDoubt
}

// doubt says why it cannot be known whether s must get m; NoDoubt where it must.
func (c *Correlator) doubt(m *Message, s *session) Doubt {
	switch {
	case m.Doubt != NoDoubt:
		return m.Doubt
	case m.broker.rewrites:
		return DoubtRewritten
	case !s.known:
		return DoubtSubscriptions
	case !s.online():
		return DoubtOffline
	}
	l := s.l.of
	switch {
	case m.late, c.early.has(m.key, s, m.At):
		return DoubtEarly
	case l.Deaf(decode.FromServer):
		return DoubtOneSided
	case s.blind != 0 && l.Last(decode.FromServer) <= s.blind:
		return DoubtGap
	case s.l.maxPacket != 0 && int64(m.length)+sizeMargin > int64(s.l.maxPacket):
		return DoubtSize
	}
	return NoDoubt
}

// sizeMargin is by how much a copy may be larger than the PUBLISH that came in: Subscription Identifiers, a topic in place of its alias.
const sizeMargin = 1100

// expectGroup decides whether one of a group's members must get m. That takes that all of them are online and in sight.
func (c *Correlator) expectGroup(m *Message, cp *Copy, g *groupTarget) {
	cp.Outcome = Waiting
	m.waiting++
	cp.Doubt = NoDoubt
	if m.broker.partial || m.broker.hidden {
		cp.Doubt = DoubtShared
	}
	for i := range g.members {
		if d := c.doubt(m, g.members[i].sess); d != NoDoubt && cp.Doubt == NoDoubt {
			cp.Doubt = d
		}
	}
	cp.Required = cp.Doubt == NoDoubt
}

// over reports whether the session has ended, or has expired while it was offline.
func (s *session) over(now decode.Time) bool {
	if s.ended || s.online() || s.away == 0 {
		return s.ended
	}
	expiry := s.of.Expiry()
	return expiry != 0xFFFFFFFF && now > s.away+decode.Time(expiry)*1e9
}

// commit notes that the broker has taken m. From here on its copies are due.
func (c *Correlator) commit(m *Message) {
	if m.Commit != 0 {
		return
	}
	m.Commit, m.delayed = c.tracker.Now(), m.delayed && m.Will
	if m.route == nil {
		c.populate(m, m.broker.routeOf([]byte(m.Topic)))
	}
	at := m.Commit.Add(c.cfg.Patience)
	m.due = c.due.push(at, m)
	c.wakeAt(at)
	c.settleIfDone(m)
}

// step takes an acknowledgement of the publisher's own handshake.
func (c *Correlator) step(m *Message, h *handshake.Handshake, p *decode.Packet) {
	switch p.Type {
	case decode.PUBACK, decode.PUBREC:
		if (p.Type == decode.PUBACK) != (m.QoS == 1) {
			return
		}
		if m.QoS == 1 && m.Told == 0 {
			m.Told = p.Time
		}
		if p.ReasonCode == reasonNoSubscribers || p.ReasonCode >= 0x80 {
			c.refuse(m, p.ReasonCode)
			return
		}
		if m.rec == 0 && m.QoS == 2 {
			m.rec = p.Time
		}
		if m.QoS == 1 || m.broker.fanout == fanoutPublish {
			c.commit(m)
		}
	case decode.PUBREL:
		if m.rel == 0 {
			m.rel = p.Time
		}
		c.commit(m)
	case decode.PUBCOMP:
		if m.Told == 0 {
			m.Told = p.Time
		}
		c.commit(m)
	}
}

const reasonNoSubscribers decode.ReasonCode = 0x10

// refuse takes that the broker did not take m, or has nobody to send it to.
func (c *Correlator) refuse(m *Message, code decode.ReasonCode) {
	m.Reason = code
	for i := range m.copies {
		if cp := &m.copies[i]; cp.Outcome == Waiting || cp.Outcome == Queued {
			cp.Outcome, cp.Required = NotExpected, false
			m.waiting--
		}
	}
	if m.Commit == 0 && !m.refused() {
		m.Commit = c.tracker.Now()
	}
	if m.open == 0 {
		c.settle(m)
	}
}

// publisherEnded takes that the publisher's own handshake ended.
func (c *Correlator) publisherEnded(m *Message, h *handshake.Handshake) {
	h.Attachment = nil
	if m.Commit != 0 || m.Settled != 0 {
		return
	}
	c.lookAgain(m)
}
