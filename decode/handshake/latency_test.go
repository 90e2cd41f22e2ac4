package handshake

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestAnswersAgainstSorting: the counts kept along the way say the same about the 95th percentile as sorting does.
func TestAnswersAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	const limit = 2 * time.Second
	var a answers
	shifts := 0
	for range 5000 {
		mean := time.Second
		if shifts%400 > 200 {
			mean = 2 * time.Second
		}
		shifts++
		a.add(time.Duration(rng.ExpFloat64()*float64(mean)/3), limit)
		above := a.kept() - a.rank()
		if got, want := int(a.slow) >= above, a.p95() > limit; got != want {
			t.Fatalf("after %d answers: above the limit %v, want %v (p95 %v)", a.n, got, want, a.p95())
		}
		if got, want := int(a.late) < above, a.p95() <= limit/2; got != want {
			t.Fatalf("after %d answers: below half of it %v, want %v (p95 %v)", a.n, got, want, a.p95())
		}
	}
}
