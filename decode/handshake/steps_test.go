package handshake

import (
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestAppendSteps: the steps are those that Step gives one by one, however many there are, up to the bound.
func TestAppendSteps(t *testing.T) {
	h := &Handshake{}
	for n := range maxSteps + 3 {
		var want []Step
		for i := range h.Steps() {
			want = append(want, h.Step(i))
		}
		if got := h.AppendSteps(nil); !slices.Equal(got, want) || len(got) != min(n, maxSteps) {
			t.Fatalf("%d steps added: %v, one by one %v", n, got, want)
		}
		h.addStep(Step{Time: decode.Time(n + 1), Type: decode.PUBLISH, Dup: n > 0, Conn: 1, Ref: uint64(n)})
	}
}
