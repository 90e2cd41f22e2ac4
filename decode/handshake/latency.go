package handshake

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// leastLearned is the shortest time after which a learned threshold calls a packet overdue; learnedFactor is how many times the 95th percentile of the
	// peer's answers it is.
	leastLearned  = 2 * time.Second
	learnedFactor = 8
	// answerCount is how many answer times are kept of a peer; answersLeast from how many on they are worth a verdict.
	answerCount  = 64
	answersLeast = 20
)

// answers is the last answer times of one receiver: PUBLISH to PUBACK, or to PUBCOMP.
type answers struct {
	times *[answerCount]int32 // microseconds; nil before the first
	n     uint8               // how many there are
	next  uint8               // where the next goes
	// slow and late count those above the limit of ack-latency-high, and above half of it, so that a verdict costs no sorting.
	slow, late int8
}

func (a *answers) kept() int { return int(a.n) }

func (a *answers) add(d, limit time.Duration) {
	if a.times == nil {
		a.times = new([answerCount]int32)
	}
	place := &a.times[a.next%answerCount]
	if a.n == answerCount {
		a.tally(*place, limit, -1)
	} else {
		a.n++
	}
	*place = int32(min(max(d.Microseconds(), 0), 1<<31-1))
	a.tally(*place, limit, 1)
	a.next = (a.next + 1) % answerCount
}

func (a *answers) tally(us int32, limit time.Duration, by int8) {
	d := time.Duration(us) * time.Microsecond
	if d > limit {
		a.slow += by
	}
	if d > limit/2 {
		a.late += by
	}
}

// rank is the place of the 95th percentile among the sorted times.
func (a *answers) rank() int { return (a.kept() - 1) * 95 / 100 }

// p95 is the 95th percentile; there must be at least one time.
func (a *answers) p95() time.Duration {
	all := *a.times
	sorted := all[:a.kept()]
	slices.Sort(sorted)
	return time.Duration(sorted[a.rank()]) * time.Microsecond
}

// answered notes the answer time of a delivery that ends now, and raises or clears ack-latency-high of the one who answers.
func (t *Tracker) answered(h *Handshake, l *Link, p *decode.Packet) {
	if !h.Kind.Publish() || h.JoinedLate || h.Resends > 0 || h.link != l {
		return
	}
	pace := &h.Session.pace[h.Sender]
	a := &pace.answers
	a.add(p.Time.Sub(h.Started()), t.cfg.Latency)
	if a.n < answersLeast {
		return
	}
	slot := linkLatency + int(h.Sender)
	above := a.kept() - a.rank() // so many above a time put the 95th percentile above it
	switch {
	case int(a.slow) >= above && l.alert(slot) == nil:
		t.raiseLink(l, slot, Alert{
			Name: AckLatencyHigh, Severity: Info, Sender: h.Sender, By: h.Sender.Opposite(), Kind: h.Kind, Topic: h.Topic,
			Latency: a.p95(), Since: t.now, N: a.kept(),
		})
	case int(a.late) < above && l.alert(slot) != nil:
		t.cancelLink(l, nil, slot)
	}
}

// patience is how long the packet that h waits for may be owed before it is overdue.
func (t *Tracker) patience(h *Handshake) time.Duration {
	if !t.cfg.Learn {
		return t.cfg.Warn
	}
	a := &h.Session.pace[h.Sender].answers
	if a.n < answersLeast {
		return t.cfg.Warn
	}
	return max(leastLearned, learnedFactor*a.p95())
}

// pace is how a sending side of a session publishes, and how it is answered.
type pace struct {
	answers answers
	// publishes and resends count within the minute that began at minute; see stormSpan.
	minute             decode.Time
	publishes, resends int
	// last is when it last began a delivery; gaps and total describe the times between, since the connection's beginning or the last irregularity.
	last  decode.Time
	total decode.Time
	gaps  int
}

// count counts a PUBLISH, or a resend, in the minute.
func (p *pace) count(now decode.Time, resend bool) {
	if now-p.minute > stormSpan {
		p.minute, p.publishes, p.resends = now, 0, 0
	}
	if resend {
		p.resends++
		return
	}
	p.publishes++
}
