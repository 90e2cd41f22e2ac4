package handshake

import (
	"math/rand/v2"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestPaceAgainstDividing: gaps are told apart without the division that defines it.
func TestPaceAgainstDividing(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for range 200_000 {
		p := pace{gaps: 1 + rng.Int64N(1<<rng.IntN(40)), total: decode.Time(rng.Int64N(1 << (1 + rng.IntN(62))))}
		mean := p.total / decode.Time(p.gaps)
		for _, gap := range []decode.Time{0, 1, 2*mean - 1, 2 * mean, 2*mean + 1, 2*mean + 2, decode.Time(rng.Int64N(1 << 62)), 1<<63 - 1} {
			if gap >= 0 && p.late(gap) != (gap > 2*mean) {
				t.Fatalf("%+v: late(%d) is %v, mean %d", p, gap, p.late(gap), mean)
			}
		}
		if got, want := p.regular(), p.gaps >= regularGaps && mean >= regularLeast; got != want {
			t.Fatalf("%+v: regular is %v, want %v", p, got, want)
		}
	}
}
