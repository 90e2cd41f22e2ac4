package handshake

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// sortedAnswers is the plain way: all times, sorted when they are asked.
type sortedAnswers []int64

func (a *sortedAnswers) add(d time.Duration) {
	*a = append(*a, min(max(d.Microseconds(), 0), 1<<31-1))
	*a = (*a)[max(0, len(*a)-answerCount):]
}

func (a sortedAnswers) p95() time.Duration {
	sorted := slices.Sorted(slices.Values(a))
	return time.Duration(sorted[(len(sorted)-1)*95/100]) * time.Microsecond
}

// TestAnswersAgainstSorting: the bits kept along the way say the same about the 95th percentile as sorting does, and it is the same wherever it is told.
func TestAnswersAgainstSorting(t *testing.T) {
	for _, learn := range []bool{false, true} {
		for seed := range uint64(20) {
			answersAgainstSorting(t, seed, learn)
		}
	}
}

func answersAgainstSorting(t *testing.T, seed uint64, learn bool) {
	rng := rand.New(rand.NewPCG(seed, 10))
	limit := []time.Duration{2 * time.Second, 2*time.Second + 1, time.Microsecond, 1}[seed%4]
	var a past
	var plain sortedAnswers
	for i := range 3000 {
		mean := float64(limit) / 2
		if i%400 > 200 {
			mean = float64(limit)
		}
		d := time.Duration(rng.ExpFloat64()*mean/3) - 1
		if i < 300 {
			d %= limit/2 + 1 // fast, so that no times are kept at first
		}
		a.addAnswer(d, limit, learn)
		plain.add(d)
		if got := int(a.answers); got != len(plain) {
			t.Fatalf("%d answers kept, want %d", got, len(plain))
		}
		above, p95 := int(a.answers)-a.rank(), plain.p95()
		slow, late := a.counts()
		if got, want := slow >= above, p95 > limit; got != want {
			t.Fatalf("seed %d, answer %d: above the limit %v, want %v (p95 %v)", seed, i, got, want, p95)
		}
		if got, want := late < above, p95 <= limit/2; got != want {
			t.Fatalf("seed %d, answer %d: below half of it %v, want %v (p95 %v)", seed, i, got, want, p95)
		}
		if (learn || p95 > limit/2) && a.p95() != p95 {
			t.Fatalf("seed %d, answer %d: p95 is %v, want %v", seed, i, a.p95(), p95)
		}
	}
	if !learn && limit > time.Second && a.slow == nil {
		t.Fatal("late answers kept no times")
	}
}
