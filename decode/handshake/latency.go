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

// slowAnswers is the last answer times of one receiver, PUBLISH to PUBACK or to PUBCOMP, from the first on that is of interest: the first that is late,
// unless all are. Those before it are less than any that is late, as is zero.
type slowAnswers struct {
	// slow and late are a bit for each answer: above the limit of ack-latency-high, and above half of it.
	slow, late uint64
	times      [answerCount]int32 // microseconds
}

// addAnswer adds an answer that took d. all says that the times of fast ones are of interest, too.
func (r *past) addAnswer(d, limit time.Duration, all bool) {
	place := r.nextAnswer % answerCount
	r.nextAnswer = place + 1
	r.answers = min(r.answers+1, answerCount)
	if r.slow == nil && d <= limit/2 && !all {
		return
	}
	if r.slow == nil {
		r.slow = new(slowAnswers)
	}
	r.slow.set(place, d, limit)
}

func (a *slowAnswers) set(place uint8, d, limit time.Duration) {
	us := int32(min(max(d.Microseconds(), 0), 1<<31-1))
	a.times[place] = us
	bit := uint64(1) << place
	a.slow &^= bit
	a.late &^= bit
	d = time.Duration(us) * time.Microsecond
	if d > limit {
		a.slow |= bit
	}
	if d > limit/2 {
		a.late |= bit
	}
}

// forgetAnswers forgets how fast deliveries were answered.
func (r *past) forgetAnswers() { r.slow, r.answers, r.nextAnswer = nil, 0, 0 }

// counts returns how many answers are above the limit, and above half of it.
func (r *past) counts() (slow, late int) {
	if r.slow == nil {
		return 0, 0
	}
	return bits.OnesCount64(r.slow.slow), bits.OnesCount64(r.slow.late)
}

// rank is the place of the 95th percentile among the sorted times.
func (r *past) rank() int { return (int(r.answers) - 1) * 95 / 100 }

// p95 is the 95th percentile. It is that where it is late, or where all times are kept; there must be at least one.
func (r *past) p95() time.Duration {
	if r.slow == nil {
		return 0
	}
	all := r.slow.times
	sorted := all[:r.answers]
	slices.Sort(sorted)
	return time.Duration(sorted[r.rank()]) * time.Microsecond
}

// answered notes the answer time of a delivery that ends now, and raises or clears ack-latency-high of the one who answers.
func (t *Tracker) answered(h *Handshake, l *Link, p *decode.Packet) {
	if !h.Kind.Publish() || h.JoinedLate || h.Resends > 0 || h.link != l {
		return
	}
	r := &h.side.past
	took := p.Time.Sub(h.Started())
	r.addAnswer(took, t.cfg.Latency, t.cfg.Learn)
	if r.answers < answersLeast || r.slow == nil && l.open == nil {
		return
	}
	slot := linkLatency + int(h.Sender)
	above := int(r.answers) - r.rank() // so many above a time put the 95th percentile above it
	slow, late := r.counts()
	switch {
	case slow >= above && took > t.cfg.Latency && l.alert(slot) == nil: // on a new connection a fast answer is no news of the slow ones before it
		t.raiseLink(l, slot, Alert{
			Name: AckLatencyHigh, Severity: Info, Sender: h.Sender, By: h.Sender.Opposite(), Kind: h.Kind, Topic: h.Topic,
			Latency: r.p95(), Since: t.now, N: int(r.answers),
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
	r := &h.side.past
	if r.answers < answersLeast {
		return t.cfg.Warn
	}
	return max(leastLearned, learnedFactor*r.p95())
}
