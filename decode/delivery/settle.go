package delivery

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// recheck is after how long a copy that is held back is looked at again.
const recheck = time.Second

// newMessage returns a message that is open.
func (c *Correlator) newMessage(from *session) *Message {
	m := c.free
	if m == nil {
		m = new(Message)
	} else {
		c.free = m.after
	}
	c.last++
	m.ID, m.broker, m.publisher, m.after = c.last, from.b, from, nil // all else was cleared by release
	m.elder = c.newest
	if c.newest == nil {
		c.eldest = m
	} else {
		c.newest.younger = m
	}
	c.newest = m
	c.kept.add(m)
	c.counts.Messages++
	c.counts.Open++
	if c.counts.Open > uint64(c.cfg.MaxOpen) {
		c.counts.Cut++
		c.giveUp(c.eldest, DoubtEvicted)
	}
	return m
}

// settleIfDone settles m where nothing more is to come.
func (c *Correlator) settleIfDone(m *Message) {
	if m.Settled != 0 || m.Commit == 0 || m.waiting > 0 || m.open > 0 {
		return
	}
	if len(m.copies) == 0 && m.others == nil && c.tracker.Now() < m.Commit.Add(c.cfg.Patience) {
		return // somebody whose subscription is out of sight may get it yet
	}
	c.settle(m)
}

func (c *Correlator) settle(m *Message) {
	if m.Settled != 0 {
		return
	}
	m.Settled = max(c.tracker.At(), m.Commit)
	c.due.drop(m.due)
	m.due = 0
	if m.chain != nil {
		m.chain.settled++
	}
	if m.elder == nil {
		c.eldest = m.younger
	} else {
		m.elder.younger = m.younger
	}
	if m.younger == nil {
		c.newest = m.elder
	} else {
		m.younger.elder = m.elder
	}
	m.elder, m.younger = nil, nil
	if m.Doubt == NoDoubt {
		m.Doubt = m.unclearly()
	}
	m.verdict = m.Verdict()
	c.kept.settled(m)
	c.counts.Open--
	c.counts.Settled[m.verdict]++
	c.recorder.Settled(m)
}

// unclearly says why it is not clear who should have got m, where that is so.
func (m *Message) unclearly() Doubt {
	switch {
	case m.racing && m.waiting == 0:
		return DoubtRacing
	case m.unclear && len(m.copies) == 0 && m.others == nil:
		return DoubtSubscriptions
	}
	return NoDoubt
}

// resettle tells once more of a message that went on after it was settled.
func (c *Correlator) resettle(m *Message) {
	was := m.verdict
	c.counts.Settled[was]--
	m.verdict = m.Verdict()
	c.counts.Settled[m.verdict]++
	c.kept.resettled(m, was)
	c.recorder.Settled(m)
}

// giveUp settles m though copies are open.
func (c *Correlator) giveUp(m *Message, why Doubt) {
	m.Copies(func(cp *Copy) {
		switch cp.Outcome {
		case Waiting, Queued:
			cp.Outcome, cp.Doubt = Unknown, why
			m.waiting--
		}
	})
	if why == DoubtEvicted || m.open == 0 {
		c.settle(m)
	}
}

// Evict keeps to the bounds Keep and MaxCopies. It is called when nobody holds on to a message.
func (c *Correlator) Evict() {
	limit, most := c.cfg.Keep, c.cfg.Keep
	if c.copies > c.cfg.MaxCopies {
		limit = min(limit, c.kept.done*9/10)
		switch few := c.cfg.Keep/100 + 1; {
		case c.kept.done >= few:
		case c.kept.held >= max(few, len(c.kept.passed)/8): // else it would take a look at many for each that goes
			most = min(most, c.kept.held/2)
		case c.eldest != nil:
			c.counts.Cut++
			c.giveUp(c.eldest, DoubtEvicted)
		}
	}
	if c.kept.done > limit || c.kept.held > most {
		c.kept.evict(limit, most, c.release)
	}
}

// release gives the memory of a message back for reuse.
func (c *Correlator) release(m *Message) {
	c.counts.Evicted++
	if m.verdict.Problem() {
		c.counts.EvictedProblems++
	}
	m.broker.unlink(m)
	m.Copies(c.closeCopy)
	c.copies -= len(m.copies)
	for cp := m.others; cp != nil; {
		next := cp.next
		*cp = another{next: c.freeCopies}
		c.freeCopies = cp
		c.copies--
		cp = next
	}
	var kept []Copy
	if n := cap(m.copies); n > len(m.one) && n <= 64 {
		clear(m.copies)
		kept = m.copies[:0]
	}
	*m = Message{copies: kept, after: c.free}
	c.free = m
}

// Next implements handshake.Observer. It is asked before each packet, and tells of what may have been settled meanwhile: then Due has nothing to do.
func (c *Correlator) Next() decode.Time { return c.wake }

// wakeAt sees to it that Due is called at a time.
func (c *Correlator) wakeAt(at decode.Time) {
	if c.wake == 0 || at < c.wake {
		c.wake = at
	}
}

// lookAgain has m judged once more.
func (c *Correlator) lookAgain(m *Message) {
	at := c.tracker.Now().Add(recheck)
	c.again.push(at, m)
	c.wakeAt(at)
}

// next returns when there is something to do; 0 where nothing is.
func (c *Correlator) next() decode.Time {
	next := c.due.next()
	if at := c.again.next(); at != 0 && (next == 0 || at < next) {
		next = at
	}
	if at := c.wills.next(); at != 0 && (next == 0 || at < next) {
		next = at
	}
	return next
}

// Due implements handshake.Observer.
func (c *Correlator) Due() {
	c.act()
	c.wake = c.next()
}

// act does the first thing that is due.
func (c *Correlator) act() {
	now := c.tracker.Now()
	if at := c.wills.next(); at != 0 && at <= now {
		c.publishWill(c.wills.pop())
		return
	}
	for _, q := range [2]*queue{&c.due, &c.again} {
		if at := q.next(); at != 0 && at <= now {
			c.judge(q.pop())
			return
		}
	}
}

// judge decides about the copies of m that have not been seen for Config.Patience.
func (c *Correlator) judge(m *Message) {
	if m.Commit == 0 {
		c.giveUp(m, DoubtUncommitted)
		return
	}
	held := false
	for i := range m.copies {
		cp := &m.copies[i]
		if cp.Outcome != Waiting && cp.Outcome != Queued {
			continue
		}
		o, d, hold := c.decide(m, cp)
		if hold && c.tracker.Now() < m.Commit.Add(c.cfg.Horizon) {
			held = true
			if o == Queued {
				cp.Outcome = Queued
			} else if cp.Outcome == Queued {
				cp.Outcome = Waiting // what it was queued for is over
			}
			if d != NoDoubt {
				cp.Doubt = d
			}
			continue
		}
		m.waiting--
		cp.Outcome, cp.Doubt = o, d
		if o == NotForwarded && d != DoubtEnded || o == Unknown && d == DoubtEqual && cp.Required {
			c.missing(m, cp)
		}
		if o == Waiting {
			cp.Outcome = Unknown
		}
	}
	if held {
		c.lookAgain(m)
		return
	}
	c.settleIfDone(m)
}

// decide says what has become of a copy that was not seen, and why; hold says that it may come yet.
func (c *Correlator) decide(m *Message, cp *Copy) (o Outcome, d Doubt, hold bool) {
	if cp.Shared {
		return c.decideGroup(m, cp)
	}
	s, now := cp.sess, c.tracker.Now()
	switch {
	case m.calledOff():
		return Unknown, DoubtWill, false
	case s.over(now) || s.began > m.At:
		if c.leftBehind(m, cp) {
			return NotForwarded, DoubtEnded, false
		}
		return Unknown, DoubtSession, false
	case s.unsubscribed >= m.At && !m.stands(s):
		return Unknown, DoubtUnsubscribed, false
	case m.Expiry != 0 && now >= m.Commit+decode.Time(m.Expiry)*1e9:
		return Expired, cp.Doubt, false
	case s.lost && !s.online(): // it may well be online, out of sight
		return Unknown, DoubtGap, false
	case !s.online():
		return Queued, DoubtOffline, true
	case cp.Doubt == DoubtOffline || s.up > m.At:
		return Unknown, DoubtOffline, s.catching(now, decode.Time(c.cfg.Patience))
	case !cp.Required:
		return Unknown, cp.Doubt, false
	case m.QoS == 0 && m.publisher.reset >= m.At && m.publisher.reset-m.At < resetSpan:
		return Unknown, DoubtUncommitted, false
	case s.blind >= m.At:
		return Unknown, DoubtGap, false
	case m.broker.rewrites:
		return Unknown, DoubtRewritten, false
	}
	if o, d, hold := c.held(m, cp, s); hold {
		return o, d, true
	}
	switch {
	case c.lossy(m.broker) && s.l.of.Last(decode.FromServer) <= m.Commit+proofSpan:
		return Waiting, DoubtGap, true // with the next packet it shows whether something is missing before it
	case m.Confidence != Exact:
		return Unknown, DoubtEqual, false
	case s.tested == 0 && s.misses >= policyMisses:
		return Unknown, DoubtPolicy, false
	}
	return NotForwarded, NoDoubt, false
}

// leftBehind reports whether it is sure that the broker still had a copy when its session ended. That is no fault of the broker: the subscriber's window was full. Of a window
// with room nothing is said, since the broker may just have been about to send it.
func (c *Correlator) leftBehind(m *Message, cp *Copy) bool {
	s := cp.sess
	switch {
	case s.crowded < m.Commit || cp.effective() == 0 || !cp.Required:
		return false
	case m.Expiry != 0 && s.crowded >= m.Commit+decode.Time(m.Expiry)*1e9:
		return false
	case !s.known || s.lost || s.blind >= m.At || s.unsubscribed >= m.At || m.broker.rewrites || c.lossy(m.broker):
		return false
	}
	return !m.racing && m.Confidence == Exact
}

// stands reports whether the subscriptions of s that m matches are those that they were, so that what it unsubscribed from has nothing to do with m.
func (m *Message) stands(s *session) bool {
	was := find(m.targets(), s.id)
	now := m.broker.routeOf([]byte(m.Topic))
	is := find(now.targets, s.id)
	return was >= 0 && is >= 0 && s.subscribed < m.At && now.targets[is].filters == m.route.targets[was].filters
}

// resetSpan is how long after a PUBLISH of QoS 0 a reset of the connection may have thrown it away unread.
const resetSpan = decode.Time(1e9)

// policyMisses is how many messages may be missed by a subscriber whom nothing ever reached before that is taken for a rule of its broker.
const policyMisses = 3

// held tells whether the broker may keep a copy back: its window to the subscriber is full, or has just had room again, or its connection may be full. What came
// in later and was sent already proves that it does not.
func (c *Correlator) held(m *Message, cp *Copy, s *session) (Outcome, Doubt, bool) {
	now, l := c.tracker.Now(), s.l.of
	overtaken := s.overtaken[1]
	if cp.effective() == 0 {
		overtaken = max(overtaken, s.overtaken[0])
	}
	if overtaken > m.Commit {
		return 0, NoDoubt, false
	}
	if n := l.InFlight(decode.FromServer); n > 0 {
		f := l.Flow(decode.FromServer)
		if f.Limit > 0 && n >= f.Limit {
			c.incomplete(cp)
			return Queued, DoubtWindow, true
		}
		c.closeCopy(cp)
		return Waiting, DoubtWindow, true
	}
	c.closeCopy(cp)
	if s.freed > m.Commit && now-s.freed < decode.Time(c.cfg.Patience) {
		return Waiting, DoubtWindow, true
	}
	if s.sent > busyBytes && l.Last(decode.FromServer) <= m.Commit {
		return Waiting, DoubtBusy, true
	}
	return 0, NoDoubt, false
}

// proofSpan is how much later than its commit a copy may have been sent and missed: what came sooner proves nothing of it.
const proofSpan = decode.Time(2e9)

// catching reports whether a session that is online again may still be sent what was queued for it.
func (s *session) catching(now, patience decode.Time) bool {
	return s.l.of.InFlight(decode.FromServer) > 0 || now-s.freed < patience
}

// lossy reports whether bytes of connections of b were missed lately: then more may be, of which nothing shows yet.
func (c *Correlator) lossy(b *broker) bool {
	return b.lost != 0 && c.tracker.Now()-b.lost < decode.Time(c.cfg.Horizon)
}

// busyBytes is how much a broker must have sent within a second for the connection to be full, perhaps, when it then sends nothing.
const busyBytes = 64 << 10

// decideGroup is decide for a copy to a group: it is missed only where each member could have taken it.
func (c *Correlator) decideGroup(m *Message, cp *Copy) (Outcome, Doubt, bool) {
	now := c.tracker.Now()
	if m.Expiry != 0 && now >= m.Commit+decode.Time(m.Expiry)*1e9 {
		return Expired, cp.Doubt, false
	}
	if !cp.Required || m.broker.partial || m.broker.hidden || m.broker.rewrites || m.racing || m.others != nil {
		d := cp.Doubt
		if d == NoDoubt {
			d = DoubtShared
		}
		return Unknown, d, false
	}
	if m.calledOff() {
		return Unknown, DoubtWill, false
	}
	g := m.groupOf(cp)
	for i := range g.members {
		s := g.members[i].sess
		switch {
		case s.over(now) || s.began > m.At || s.unsubscribed >= m.At || s.up > m.At || !s.online():
			return Unknown, DoubtShared, false
		case s.blind >= m.At:
			return Unknown, DoubtGap, false
		}
		if _, d, hold := c.held(m, cp, s); hold {
			return Waiting, d, true
		}
	}
	if m.Confidence != Exact {
		return Unknown, DoubtEqual, false
	}
	return NotForwarded, NoDoubt, false
}

func (m *Message) groupOf(cp *Copy) *groupTarget {
	for i := range m.route.groups {
		if &m.copies[len(m.route.targets)+i] == cp {
			return &m.route.groups[i]
		}
	}
	return nil
}

// resumed notes that a session is online again: what waited for that may come now.
func (c *Correlator) resumed(s *session) { s.freed = max(s.freed, c.tracker.Now()) }

// Finish tells of all that is open, as it stands: the capture has ended. A message that waits for nobody in sight is settled, for nobody will come into
// sight any more; of the others those count as open of which nothing more can be said.
func (c *Correlator) Finish() {
	for m := c.eldest; m != nil; {
		next := m.younger
		if m.Commit != 0 && m.waiting == 0 && m.open == 0 {
			c.settle(m)
			m = next
			continue
		}
		if m.verdict = m.Verdict(); m.verdict != Pending {
			c.counts.Open--
			c.counts.Settled[m.verdict]++
		}
		c.recorder.Settled(m)
		m = next
	}
}
