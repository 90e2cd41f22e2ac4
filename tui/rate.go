package tui

import (
	"slices"
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// rateWindow is the stretch of capture time over which packets per second are counted.
const rateWindow = 5 * time.Second

// A rate counts Control Packets per second of capture time, from the Snapshots.
type rate struct {
	samples []sample
	value   float64
}

type sample struct {
	now     decode.Time
	packets uint64
}

// shortest is the least capture time that makes a rate: over less two packets would be thousands a second.
const shortest = time.Second

// add takes a Snapshot in. Over a capture that has ended the rate is that of the whole.
func (r *rate) add(s *watch.Snapshot) {
	var packets uint64
	for _, n := range s.Counts.Packets {
		packets += n
	}
	if !alive(s.Sources) {
		r.value = 0
		if first := firstTime(s.Sources); first != 0 && s.Now.Sub(first) >= shortest {
			r.value = float64(packets) / s.Now.Sub(first).Seconds()
		}
		return
	}
	if first := firstTime(s.Sources); len(r.samples) == 0 && first != 0 && first < s.Now && !over(s.Sources) {
		r.samples = append(r.samples, sample{first, 0})
	}
	if n := len(r.samples); n > 0 && r.samples[n-1].now >= s.Now {
		return
	}
	r.samples = append(r.samples, sample{s.Now, packets})
	// A replay may pass the whole window from one Snapshot to the next: two samples are always kept.
	for len(r.samples) > 2 && s.Now.Sub(r.samples[1].now) >= rateWindow {
		r.samples = r.samples[1:]
	}
	if first := r.samples[0]; s.Now.Sub(first.now) >= shortest && packets >= first.packets {
		r.value = float64(packets-first.packets) / s.Now.Sub(first.now).Seconds()
	}
}

// over reports whether a source has ended, whose packets are not of the time since the others began.
func over(sources []decode.SourceStats) bool {
	return slices.ContainsFunc(sources, func(s decode.SourceStats) bool { return !alive([]decode.SourceStats{s}) })
}

func (r *rate) words() string {
	if r.value > 0 && r.value < 10 {
		return strconv.FormatFloat(r.value, 'f', 1, 64)
	}
	return short(uint64(r.value))
}
