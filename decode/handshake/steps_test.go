package handshake

import (
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestAppendSteps: the steps are those that Step gives one by one, however many there are, up to the bound.
func TestAppendSteps(t *testing.T) {
	h := &Handshake{flight: &flight{}}
	for n := range maxSteps + 3 {
		var want []Step
		for i := range h.Steps() {
			want = append(want, h.Step(i))
		}
		if got := h.AppendSteps(nil); !slices.Equal(got, want) || len(got) != min(n, maxSteps) {
			t.Fatalf("%d steps added: %v, one by one %v", n, got, want)
		}
		var tracker Tracker
		tracker.lastRef = uint64(n)
		tracker.step(h, &Link{index: 1}, &decode.Packet{Time: decode.Time(n + 1), Type: decode.PUBLISH, Dup: n > 0})
	}
}
