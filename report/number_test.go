package report_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/mqttwatch/mqttwatch/report"
)

// TestNumbers compares numbers of each length, and those beside them, with what strconv writes.
func TestNumbers(t *testing.T) {
	check := func(n int64) {
		if got, want := string(report.AppendInt(nil, n)), strconv.FormatInt(n, 10); got != want {
			t.Fatalf("%d is written as %q", n, got)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for limit := int64(1); limit <= math.MaxInt64/10; limit *= 10 {
		for n := limit - 2; n <= limit+2; n++ {
			check(n)
			check(-n)
		}
		for range 10_000 {
			check(random.Int64N(limit * 10))
		}
	}
	check(math.MaxInt64)
	check(math.MinInt64)
}

func FuzzNumber(f *testing.F) {
	for _, n := range []int64{0, 9, 10, 99_999_999, 100_000_000, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if got, want := string(report.AppendInt([]byte("n="), n)), "n="+strconv.FormatInt(n, 10); got != want {
			t.Errorf("%d is written as %q", n, got)
		}
	})
}
