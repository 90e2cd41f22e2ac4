package watch

import "github.com/mqttwatch/mqttwatch/decode"

// RateSeconds is for how many seconds of capture time packets are counted second by second: ten minutes.
const RateSeconds = 600

// A Second counts the Control Packets of one second of capture time.
type Second struct {
	Packets [16]uint32 // by decode.Type
	Bytes   uint64
}

// rates is a ring of the last seconds.
type rates struct {
	ring  []Second
	first int64 // the second at which counting began
	last  int64 // the newest
}

func (r *rates) add(second int64, p *decode.Packet) {
	if second != r.last {
		r.roll(second)
	}
	s := &r.ring[r.last%RateSeconds]
	s.Packets[p.Type&15]++
	s.Bytes += uint64(max(p.Length, 0))
}

// roll clears the seconds up to a newer one.
func (r *rates) roll(second int64) {
	if r.ring == nil {
		r.ring = make([]Second, RateSeconds)
		r.first, r.last = second, second
		return
	}
	if second-r.last >= RateSeconds {
		clear(r.ring)
		r.last = second
	}
	for ; r.last < second; r.last++ {
		r.ring[(r.last+1)%RateSeconds] = Second{}
	}
}

// copy returns the seconds up to now, the oldest first. The last one is not over yet.
func (r *rates) copy(now decode.Time) []Second {
	if r.ring == nil {
		return nil
	}
	last := max(secondOf(now), r.last)
	n := min(last-r.first+1, RateSeconds)
	out := make([]Second, n)
	for i := range out {
		if second := last - n + 1 + int64(i); second <= r.last && second > r.last-RateSeconds {
			out[i] = r.ring[second%RateSeconds]
		}
	}
	return out
}
