package handshake

import (
	"math/bits"
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

// answers is the last answer times of one receiver: PUBLISH to PUBACK, or to PUBCOMP. Nearly all are fast, and of those nothing more is of interest:
// the times themselves are kept from the first that is late on. Those before it are less than any that is late, as is zero.
type answers struct {
	// slow and late are a bit for each answer: above the limit of ack-latency-high, and above half of it.
	slow, late uint64
	times      *[answerCount]int32 // microseconds; nil before the first that is kept
	n          uint8               // how many there are
	next       uint8               // where the next goes
}

func (a *answers) kept() int { return int(a.n) }

// add adds an answer that took d. all says that the times of fast ones are of interest, too.
func (a *answers) add(d, limit time.Duration, all bool) {
	place, bit := a.next%answerCount, uint64(1)<<(a.next%answerCount)
	a.next = place + 1
	if a.n < answerCount {
		a.n++
	}
	a.slow &^= bit
	a.late &^= bit
	if d <= limit/2 && a.times == nil && !all {
		return
	}
	if a.times == nil {
		a.times = new([answerCount]int32)
	}
	us := int32(min(max(d.Microseconds(), 0), 1<<31-1))
	a.times[place] = us
	d = time.Duration(us) * time.Microsecond
	if d > limit {
		a.slow |= bit
	}
	if d > limit/2 {
		a.late |= bit
	}
}

// counts returns how many answers are above the limit, and above half of it.
func (a *answers) counts() (slow, late int) {
	return bits.OnesCount64(a.slow), bits.OnesCount64(a.late)
}

// rank is the place of the 95th percentile among the sorted times.
func (a *answers) rank() int { return (a.kept() - 1) * 95 / 100 }

// p95 is the 95th percentile. It is that where it is late, or where all times are kept; there must be at least one.
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
	a.add(p.Time.Sub(h.Started()), t.cfg.Latency, t.cfg.Learn)
	if a.n < answersLeast || a.slow == 0 && l.open == nil {
		return
	}
	slot := linkLatency + int(h.Sender)
	above := a.kept() - a.rank() // so many above a time put the 95th percentile above it
	slow, late := a.counts()
	switch {
	case slow >= above && l.alert(slot) == nil:
		t.raiseLink(l, slot, Alert{
			Name: AckLatencyHigh, Severity: Info, Sender: h.Sender, By: h.Sender.Opposite(), Kind: h.Kind, Topic: h.Topic,
			Latency: a.p95(), Since: t.now, N: a.kept(),
		})
	case late < above && l.alert(slot) != nil:
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
