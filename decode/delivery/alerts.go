package delivery

import (
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// alertTopics bounds the topics of one subscriber that have an alert of their own; those beyond share one.
const alertTopics = 8

// The alerts that are told by topic, as places in session.topics.
const (
	byMissing = iota
	byLowered
	byWrong
)

// a subject is what an alert about a message says of it. It outlives the message.
type subject struct {
	id                    uint64
	topic                 string
	from, to              string
	qos, granted, got     uint8
	internal, whole, each time.Duration
	detail                string
	equal                 bool
}

func subjectOf(m *Message, cp *Copy) subject {
	s := subject{id: m.ID, topic: m.Topic, from: Party{m.publisher}.Name(), qos: m.QoS, granted: cp.Granted, got: cp.QoS}
	if cp.sess != nil {
		s.to = Party{cp.sess}.Name()
	} else if name, filter := cp.Group(); filter != "" {
		s.to = "the group " + decode.Escape(name)
	}
	s.internal, s.whole, s.each = cp.Internal(), cp.Whole(), cp.Response()
	return s
}

// message names the message.
func (s *subject) message() string {
	return fmt.Sprintf("message %d (QoS %d, %s) from %s", s.id, s.qos, decode.Escape(s.topic), s.from)
}

// point raises an alert about one copy, at the subscriber's session. Topics beyond a few share one alert.
func (c *Correlator) point(m *Message, cp *Copy, a handshake.Alert, kind int, sub subject) *handshake.Alert {
	s := cp.sess
	if s == nil {
		s = m.publisher
	}
	a.Handshake, a.Topic, a.Sender, a.By, a.Since = cp.Handshake, cutText(m.Topic), decode.FromServer, decode.FromServer, m.At
	detail := "topic " + m.Topic
	if s.topics[kind] >= alertTopics {
		detail = "topics"
	}
	a.Teller = &teller{name: a.Name, subject: sub}
	raised := c.tracker.RaisePoint(s.of, a, detail)
	if raised.Count == 1 {
		s.topics[kind] = min(s.topics[kind]+1, alertTopics)
	} else {
		raised.Teller = a.Teller
	}
	cp.told = true
	return raised
}

func cutText(s string) string { return s[:min(len(s), handshake.MaxText)] }

// missing raises not-forwarded. Where equal messages cannot be told apart it says that one of them is missing, not which.
func (c *Correlator) missing(m *Message, cp *Copy) {
	if cp.Outcome == Unknown && (c.lossy(m.broker) || !m.deficit(cp)) {
		return
	}
	severity := handshake.Critical
	if cp.effective() == 0 || cp.Outcome == Unknown {
		severity = handshake.Warn // QoS 0 may be dropped
	}
	sub := subjectOf(m, cp)
	sub.equal = cp.Outcome == Unknown
	sub.whole = c.tracker.Now().Sub(m.Commit)
	switch {
	case cp.effective() == 0:
		sub.detail = "At QoS 0 a broker may drop what it cannot send at once."
	case cp.sess != nil && cp.sess.tested == 0:
		sub.detail = "Nothing that was published has reached it so far: a rule of the broker (ACL) can be why."
	case cp.sess != nil:
		sub.detail = "It is connected and has nothing in flight that the broker could wait for."
	}
	if cp.sess != nil {
		cp.sess.misses = min(cp.sess.misses+1, policyMisses)
	}
	c.point(m, cp, handshake.Alert{Name: handshake.NotForwarded, Severity: severity, Owed: decode.PUBLISH}, byMissing, sub)
}

// deficit reports whether equal messages can be counted against their copies: each of them had to be sent to the subscriber, once.
func (m *Message) deficit(cp *Copy) bool {
	ch := m.chainOf()
	if cp.Shared || ch == nil || ch.loose || ch.trimmed {
		return false
	}
	for o := ch.first; o != nil; o = o.after {
		own := o.copyFor(cp.sess)
		if own == nil || own.Shared || !own.Required || o.filtersOf(cp.sess) != 1 || o.others != nil {
			return false
		}
	}
	return true
}

// duplicate raises duplicate-delivery: s got m once more, in a delivery of its own.
//
// With QoS 0 nothing is said: a message of which the capture has missed the way in looks the same, and nobody counts on more or less.
func (c *Correlator) duplicate(cp *Copy, p *decode.Packet, h *handshake.Handshake) {
	m := cp.m
	if p.QoS == 0 || m.QoS == 0 {
		return
	}
	severity := handshake.Info
	if m.QoS == 2 && p.QoS == 2 {
		severity = handshake.Critical
	}
	sub := subjectOf(m, cp)
	a := handshake.Alert{Name: handshake.DuplicateDelivery, Severity: severity, Owed: decode.PUBLISH}
	raised := c.point(m, cp, a, byWrong, sub)
	if h != nil {
		raised.Handshake, raised.PacketID = h.ID, h.PacketID
	}
}

// checkQoS compares the QoS of a copy with the minimum of what was published and what was granted.
func (c *Correlator) checkQoS(m *Message, cp *Copy, p *decode.Packet) {
	s := cp.sess
	i := find(m.targets(), s.id)
	if cp.Shared || i < 0 || &m.copies[i] != cp {
		return
	}
	t := &m.route.targets[i]
	if m.filtersOf(s) > int(t.filters) {
		return // it is a member of a group as well: which of both this is cannot be told
	}
	least, most := min(m.QoS, t.least), min(m.QoS, t.most)
	switch {
	case p.QoS < least || p.QoS > most:
		if s.whole && len(s.pending) == 0 && s.subscribed < m.At && s.unsubscribed < m.At && m.Confidence == Exact && !c.lossy(m.broker) {
			c.point(m, cp, handshake.Alert{Name: handshake.QoSNotMinimum, Severity: handshake.Warn, Owed: decode.PUBLISH}, byWrong, subjectOf(m, cp))
		}
	case p.QoS < m.QoS && !t.lowered:
		t.lowered = true
		a := handshake.Alert{Name: handshake.QoSDowngraded, Severity: handshake.Info, Owed: decode.PUBLISH}
		if s.topics[byLowered] < alertTopics {
			told := cp.told
			c.point(m, cp, a, byLowered, subjectOf(m, cp))
			cp.told = told
		}
	}
}

// arrived looks at how long a copy took that has arrived.
func (c *Correlator) arrived(m *Message, cp *Copy) {
	s := cp.sess
	if cp.told || m.Confidence != Exact || cp.Whole() <= c.cfg.Latency || cp.excused() {
		return
	}
	sub := subjectOf(m, cp)
	a := handshake.Alert{
		Name: handshake.DeliveryLatencyHigh, Severity: handshake.Info, Handshake: cp.Handshake, Topic: cutText(m.Topic), Sender: decode.FromServer,
		By: decode.FromClient, Since: m.At, Latency: sub.whole, Teller: &teller{name: handshake.DeliveryLatencyHigh, subject: sub},
	}
	if raised := c.tracker.RaisePoint(s.of, a, ""); raised.Count > 1 {
		raised.Teller, raised.Latency = a.Teller, a.Latency
	}
	cp.told = true
}

// excused reports whether a copy that is late is not the broker's fault, or perhaps not: something about it is in doubt, or its subscriber has connected anew since the message
// came in and got it then.
func (cp *Copy) excused() bool {
	return cp.Doubt != NoDoubt || cp.sess.up > cp.m.At && cp.Forwarded > cp.sess.up
}

// brokenOff raises delivery-incomplete for a copy that was sent and will not be acknowledged.
func (c *Correlator) brokenOff(m *Message, cp *Copy) {
	sub := subjectOf(m, cp)
	sub.detail = "its session ended before it acknowledged it"
	if cp.Outcome == Refused {
		sub.detail = "it refused it"
	}
	a := handshake.Alert{
		Name: handshake.DeliveryIncomplete, Severity: handshake.Warn, Handshake: cp.Handshake, Topic: cutText(m.Topic), Sender: decode.FromServer,
		By: decode.FromClient, Since: m.At, Teller: &teller{name: handshake.DeliveryIncomplete, subject: sub},
	}
	if raised := c.tracker.RaisePoint(cp.sess.of, a, sub.detail); raised.Count > 1 {
		raised.Teller = a.Teller
	}
	cp.told = true
}

// Overdue implements handshake.Observer: a copy was sent, and what its subscriber owes is overdue; or the publisher owes PUBREL, and the broker rightly waits for it.
func (c *Correlator) Overdue(h *handshake.Handshake) {
	if m, ok := h.Attachment.(*Message); ok && m.Handshake == h.ID {
		m.delayed = m.rec != 0 && m.rel == 0 && m.Commit == 0
		return
	}
	if cp, ok := attached(h); ok {
		cp.overdue = true
		c.incomplete(cp)
	}
}

// stuck is copies to one subscriber that do not go on. One alert tells of all.
type stuck struct {
	copies []*Copy
	alert  *handshake.Alert
}

// Why copies are stuck, as places in session.stuck.
const (
	stuckSent   = iota // sent, and what the subscriber owes is overdue
	stuckQueued        // held back since the subscriber's window is full
)

// incomplete counts a copy that is stuck.
func (c *Correlator) incomplete(cp *Copy) {
	s := cp.sess
	if cp.place != 0 || s == nil {
		return
	}
	cp.told, cp.stuck = true, stuckSent
	if cp.Forwarded == 0 {
		cp.stuck = stuckQueued
	}
	k := &s.stuck[cp.stuck]
	k.copies = append(k.copies, cp)
	cp.place = int32(len(k.copies))
	if k.alert != nil {
		k.alert.N = len(k.copies)
		return
	}
	m := cp.m
	k.alert = c.tracker.RaiseLasting(s.of, handshake.Alert{
		Name: handshake.DeliveryIncomplete, Severity: handshake.Warn, Handshake: cp.Handshake, Topic: cutText(m.Topic), Sender: decode.FromServer,
		By: decode.FromClient, Since: m.At, N: 1, Teller: &stuckTeller{s: s, stuck: k, first: subjectOf(m, cp)},
	})
}

// closeCopy takes a copy out of those that are stuck.
func (c *Correlator) closeCopy(cp *Copy) {
	cp.overdue = false
	if cp.place == 0 {
		return
	}
	k := &cp.sess.stuck[cp.stuck]
	last := len(k.copies) - 1
	moved := k.copies[last]
	k.copies[cp.place-1], moved.place = moved, cp.place
	k.copies[last] = nil
	k.copies = k.copies[:last]
	cp.place = 0
	if k.alert == nil {
		return
	}
	k.alert.N = last
	if last == 0 {
		a := k.alert
		k.alert = nil
		c.tracker.Clear(a, a.Outcome)
	}
}

// forgetOpen takes all copies of a session out of those that are stuck.
func (c *Correlator) forgetOpen(s *session) {
	for i := range s.stuck {
		c.forgetStuck(s, i, handshake.Untold)
	}
}

// forgetStuck is forgetOpen for those that are stuck for one reason.
func (c *Correlator) forgetStuck(s *session, why int, how handshake.Outcome) {
	k := &s.stuck[why]
	if k.alert != nil {
		k.alert.Outcome = how
	}
	for len(k.copies) > 0 {
		c.closeCopy(k.copies[len(k.copies)-1])
	}
}

// tellEnd has the alert about copies that are stuck tell that one of them was broken off, as it is the same that is wrong. It returns false where that is
// to be an alert of its own.
func (cp *Copy) tellEnd() bool {
	if cp.place == 0 || cp.stuck != stuckSent {
		return false
	}
	k := &cp.sess.stuck[stuckSent]
	if k.alert == nil || cp.Outcome == Refused && len(k.copies) > 1 {
		return false
	}
	end := ", until its session ended"
	k.alert.Outcome = handshake.Unmet
	if cp.Outcome == Refused {
		end, k.alert.Outcome = ", and then refused", handshake.Resolved
	}
	k.alert.Teller.(*stuckTeller).end = end
	return true
}
