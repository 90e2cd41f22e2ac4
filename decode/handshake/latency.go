package handshake

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// timeDuration makes a count a divisor of durations.
func timeDuration(n uint16) time.Duration { return time.Duration(n) }

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
	times [answerCount]int32 // microseconds
	n     int
	p95   time.Duration // as of the last multiple of 8
}

func (a *answers) add(d time.Duration) (ready bool) {
	a.times[a.n%answerCount] = int32(min(max(d.Microseconds(), 0), 1<<31-1))
	a.n++
	if a.n < answersLeast || a.n%8 != 0 {
		return false
	}
	kept := a.times
	sorted := kept[:min(a.n, answerCount)]
	slices.Sort(sorted)
	a.p95 = time.Duration(sorted[(len(sorted)-1)*95/100]) * time.Microsecond
	return true
}

// answered notes the answer time of a delivery that ends now, and raises or clears ack-latency-high of the one who answers.
func (t *Tracker) answered(h *Handshake, l *Link, p *decode.Packet) {
	if !h.Kind.Publish() || h.JoinedLate || h.Resends > 0 || h.link != l {
		return
	}
	pace := &h.Session.pace[h.Sender]
	if pace.answers == nil {
		pace.answers = new(answers)
	}
	if !pace.answers.add(p.Time.Sub(h.Started())) {
		return
	}
	slot := linkLatency + int(h.Sender)
	switch {
	case pace.answers.p95 > t.cfg.Latency && l.open[slot] == nil:
		t.raiseLink(l, slot, Alert{
			Name: AckLatencyHigh, Severity: Info, Sender: h.Sender, By: h.Sender.Opposite(), Kind: h.Kind, Topic: h.Topic,
			Latency: pace.answers.p95, Since: t.now, N: min(pace.answers.n, answerCount),
		})
	case pace.answers.p95 < t.cfg.Latency/2:
		t.cancelLink(l, nil, slot)
	}
}

// patience is how long the packet that h waits for may be owed before it is overdue.
func (t *Tracker) patience(h *Handshake) time.Duration {
	if !t.cfg.Learn {
		return t.cfg.Warn
	}
	a := h.Session.pace[h.Sender].answers
	if a == nil || a.p95 == 0 {
		return t.cfg.Warn
	}
	return max(leastLearned, learnedFactor*a.p95)
}

// pace is how a sending side of a session publishes, and how it is answered.
type pace struct {
	answers *answers
	// publishes and resends count within the minute that began at minute; see stormSpan.
	minute             decode.Time
	publishes, resends int
	// last is when it last began a delivery; gaps and longest describe the times between, since the connection's beginning or the last irregularity.
	last    decode.Time
	gaps    int
	total   decode.Time
	longest decode.Time
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
