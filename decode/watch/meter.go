package watch

import (
	"math"

	"github.com/mqttwatch/mqttwatch/decode"
)

// meterWeight is how much the last second counts in a rate: about what a mean over ten seconds follows a change.
const meterWeight = 0.18

// A meter is how many a second there are of something, in capture time, the newest seconds counting most.
type meter struct {
	second uint32 // that n belongs to
	n      uint32
	age    uint32 // seconds since the first, up to where it makes no difference
	rate   float32
}

// add counts one in a second. Seconds do not go back far: what comes late counts in the newest.
func (m *meter) add(second int64) {
	if second := meterSecond(second); second > m.second {
		m.roll(second)
	}
	m.n++
}

// meterSecond is a second as meters keep it, of which there are many: after the year 2106 time stands still for them.
func meterSecond(second int64) uint32 { return uint32(min(second, math.MaxUint32)) }

// roll closes the seconds before one.
func (m *meter) roll(second uint32) {
	if m.second == 0 {
		m.second = second
		return
	}
	m.age = min(m.age+1, 64)
	weight := max(meterWeight, 1/float64(m.age))
	rate := float64(m.rate) + (float64(m.n)-float64(m.rate))*weight
	if idle := int64(second) - int64(m.second) - 1; idle > 0 {
		rate *= math.Pow(1-meterWeight, float64(idle))
		m.age = uint32(min(int64(m.age)+idle, 64))
	}
	m.rate, m.n, m.second = float32(rate), 0, second
}

// at returns the rate at a time.
func (m meter) at(now decode.Time) float64 {
	if second := meterSecond(secondOf(now)); second > m.second && m.second != 0 {
		m.roll(second)
	}
	if m.age == 0 {
		return float64(m.n) // the first second is not over yet
	}
	return float64(m.rate)
}

func secondOf(t decode.Time) int64 { return max(int64(t), 0) / 1e9 }
