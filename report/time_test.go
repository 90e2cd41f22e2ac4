package report_test

import (
	"math"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/report"
)

// FuzzTime compares a time, and one written after it, which keeps what both have in common, with what package time writes.
func FuzzTime(f *testing.F) {
	for _, at := range []int64{0, 1, -1, 999_999_999, 1_000_000_000, 1_790_251_200_123_456_789, math.MaxInt64, math.MinInt64} {
		f.Add(at, int64(0))
		f.Add(at, int64(999_999_999))
		f.Add(at, -at)
		f.Add(at, int64(math.MinInt64))
	}
	f.Fuzz(func(t *testing.T, at, step int64) {
		var s report.Stamp
		for _, at := range []int64{at, at + step, at} {
			want := time.Unix(0, at).UTC().Format("2006-01-02T15:04:05.000000000Z")
			if got := string(report.AppendTime(&s, nil, decode.Time(at))); got != want {
				t.Errorf("%d is written as %s, not %s", at, got, want)
			}
		}
	})
}
