package expect

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// learnFrom is how many gaps it takes to know how often a topic is published on, learnLast how many are looked at, the last ones.
	learnFrom = 5
	learnLast = 32
	// burst is within which messages are one: what a device sends in one go says nothing about when it will send again.
	burst = time.Second
)

// habit is how often something is published on a topic, as learned.
type habit struct {
	gaps  [learnLast]uint32 // in ms
	n     int               // seen
	began decode.Time       // of the last burst
	usual time.Duration     // 0 while it is not known
}

// heard takes a message on the topic. broken says that others may have come before it that were not seen.
func (h *habit) heard(now decode.Time, broken bool) {
	gap := now.Sub(h.began)
	switch {
	case h.began == 0 || broken:
		h.began = now
	case gap < burst:
	default:
		h.gaps[h.n%learnLast] = uint32(min(gap, longest) / time.Millisecond)
		h.n++
		h.began = now
		h.learn()
	}
}

// learn takes what is usual from the last gaps: their median. Where devices send in groups with pauses between them the median is within a group, so that
// the second longest gap counts where that is more; the longest does not, as it may be a failure.
func (h *habit) learn() {
	if h.n < learnFrom {
		return
	}
	var sorted [learnLast]uint32
	last := sorted[:copy(sorted[:], h.gaps[:min(h.n, learnLast)])]
	slices.Sort(last)
	h.usual = time.Duration(max(last[len(last)/2], last[len(last)-2])) * time.Millisecond
}

// every is how far apart messages on the topic are expected; 0 while that is learned.
func (b *beat) every() time.Duration {
	if b.habit != nil {
		return b.habit.usual
	}
	return b.rule.Every
}

// silence is how long the topic may be silent.
func (b *beat) silence() time.Duration { return time.Duration(float64(b.every()) * b.rule.Grace) }

// late is from which gap on a message is late, though within the grace. What is learned is not as exact as what is said.
func (b *beat) late() time.Duration {
	if b.habit != nil {
		return (b.every() + b.silence()) / 2
	}
	return b.rule.Every
}
