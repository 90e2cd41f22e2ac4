package watch

import "github.com/mqttwatch/mqttwatch/decode"

// asideLevels is how many clearings can be taken back, one after the other; the earlier ones are one with the first.
const asideLevels = 2

// An aside is what was counted before the screen was cleared, at most two clearings: the last one, and all before that. Counting goes on from zero, so that
// it costs nothing, and what is brought back is added to that.
type aside struct {
	levels int
	since  [asideLevels + 1]decode.Time // from when on is counted, by the number of clearings; the first is 0
	first  [asideLevels]int64           // rates.first as it was
	steps  [asideLevels]stepTimes
}

// Clear lets the screens of sessions, topics and statistics count from now on. What is over by now is not shown there, as long as nothing new comes of it.
func (e *Engine) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.survey != nil {
		e.survey.settle()
		e.survey.clear(e.tracker.Now())
	}
}

// Restore brings back what was counted before the last Clear; where that is brought back already, what was before the others.
func (e *Engine) Restore() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.survey != nil && e.survey.aside.levels > 0 {
		e.survey.settle()
		e.survey.restore()
	}
}

// from is from when on is counted; 0 is from the beginning.
func (a *aside) from() decode.Time { return a.since[a.levels] }

func (s *survey) clear(now decode.Time) {
	a := &s.aside
	full := a.levels == asideLevels
	if full { // the last one joins those before it
		a.levels--
		a.steps[0].absorb(&a.steps[1])
		a.since[1] = a.since[2]
	}
	at := a.levels
	for _, e := range s.sessions.entries {
		e.setAside(at, full)
	}
	s.topics.root.setAside(at, full)
	if s.topics.unknown != nil {
		s.topics.unknown.setAside(at, full)
	}
	a.steps[at], s.steps = s.steps, newStepTimes()
	a.first[at] = s.rates.first
	s.rates.first = max(s.rates.first, min(secondOf(now), s.rates.last))
	a.levels++
	a.since[a.levels] = now
}

func (s *survey) restore() {
	a := &s.aside
	a.levels--
	at := a.levels
	for _, e := range s.sessions.entries {
		e.bringBack(at)
	}
	s.topics.root.bringBack(at)
	if s.topics.unknown != nil {
		s.topics.unknown.bringBack(at)
	}
	s.steps.absorb(&a.steps[at])
	if a.first[at] != 0 { // else there were no packets yet
		s.rates.first = a.first[at]
	}
}

// absorb adds the times of another.
func (s *stepTimes) absorb(o *stepTimes) {
	for kind := range s {
		for sender := range s[kind] {
			if t, other := &s[kind][sender], &o[kind][sender]; other.exact != nil {
				t.exact.Merge(other.exact)
				t.most = max(t.most, other.most)
			}
		}
	}
}

// setAside sets the counts of a topic and of all below aside, at a level; join is set where what is there joins the level before.
func (n *topicNode) setAside(at int, join bool) {
	if old := n.before[at]; join && old != nil {
		if n.before[at-1] == nil {
			n.before[at-1] = new(topicCounts)
		}
		n.before[at-1].absorb(old)
	}
	c := n.topicCounts
	n.topicCounts = topicCounts{rate: c.rate, last: c.last, open: c.open, stuck: c.stuck}
	c.open, c.stuck = 0, 0
	n.before[at] = &c
	for _, child := range n.children {
		child.setAside(at, join)
	}
}

func (n *topicNode) bringBack(at int) {
	if b := n.before[at]; b != nil {
		n.absorb(b)
		n.before[at] = nil
	}
	for _, child := range n.children {
		child.bringBack(at)
	}
}

// absorbBefore adds what another topic has set aside, which gives way.
func (n *topicNode) absorbBefore(o *topicNode) {
	for at, b := range o.before {
		if b == nil {
			continue
		}
		if n.before[at] == nil {
			n.before[at] = new(topicCounts)
		}
		n.before[at].absorb(b)
	}
}

// sessionCounts is what is counted of a session and can be set aside.
type sessionCounts struct {
	packets, bytes [2]uint64
	publish        [2][3]uint64
	times          [2]spread
	conns          uint32
}

func (c *sessionCounts) absorb(o *sessionCounts) {
	for side := range c.packets {
		c.packets[side] += o.packets[side]
		c.bytes[side] += o.bytes[side]
		for q, n := range o.publish[side] {
			c.publish[side][q] += n
		}
		c.times[side].absorb(&o.times[side])
	}
	c.conns += o.conns
}

// counted takes the counts of a session, which begins anew with others.
func (e *sessionEntry) counted(others sessionCounts) sessionCounts {
	c := sessionCounts{times: e.times, conns: e.conns - e.connsBefore}
	for side := range e.sent {
		sent := &e.sent[side]
		c.packets[side], c.bytes[side], c.publish[side] = sent.packets, sent.bytes, sent.publish
		sent.packets, sent.bytes, sent.publish = others.packets[side], others.bytes[side], others.publish[side]
	}
	e.times = others.times
	e.connsBefore = e.conns - others.conns
	return c
}

func (e *sessionEntry) setAside(at int, join bool) {
	if old := e.before[at]; join && old != nil {
		if e.before[at-1] == nil {
			e.before[at-1] = new(sessionCounts)
		}
		e.before[at-1].absorb(old)
	}
	c := e.counted(sessionCounts{})
	e.before[at] = &c
}

func (e *sessionEntry) bringBack(at int) {
	if b := e.before[at]; b != nil {
		now := e.counted(sessionCounts{})
		b.absorb(&now)
		e.counted(*b)
		e.before[at] = nil
	}
}

// overSince reports whether nothing of a session was seen since, and nothing is open.
func (e *sessionEntry) overSince(t decode.Time) bool {
	return t != 0 && e.last() <= t && !e.connected() && e.open == 0
}

// overSince reports whether nothing was published to a topic since, and nothing is open.
func (n *topicNode) overSince(t decode.Time) bool { return t != 0 && n.last <= t && n.open == 0 }
