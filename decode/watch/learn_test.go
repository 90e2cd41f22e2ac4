package watch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

// TestLearnedThreshold: with Learn a peer is late by its own measure.
func TestLearnedThreshold(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers int
		takes   float64 // seconds for each answer
		want    float64 // seconds after which a missing one is overdue
	}{
		{"a quick peer", 30, 0.01, 2},
		{"a slow peer", 30, 1, 8},
		{"a peer that has answered too seldom", 5, 1, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("c1\n0 c1 > CONNECT client=dev v=3.1.1 clean\n0.01 c1 < CONNACK\n")
			at := 1.0
			for id := 1; id <= tt.answers; id++ {
				fmt.Fprintf(&b, "%.3f c1 > PUBLISH q=1 id=%d topic=t payload=x\n", at, id)
				at += tt.takes
				fmt.Fprintf(&b, "%.3f c1 < PUBACK id=%d\n", at, id)
				at += 0.1
			}
			fmt.Fprintf(&b, "%.3f c1 > PUBLISH q=1 id=100 topic=t payload=x\n%.3f tick\n", at, at+29)
			s, err := scenario.Parse(strings.NewReader(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			_, e := feed(s, watch.Config{Learn: true})
			for _, a := range e.Snapshot(watch.Query{AlertLimit: 10}).Alerts {
				if a.Name != handshake.PubackOverdue {
					continue
				}
				if got := a.Raised.Sub(start).Seconds() - at; got < tt.want-0.01 || got > tt.want+0.01 {
					t.Errorf("overdue after %.2f s, want %.2f", got, tt.want)
				}
				return
			}
			t.Error("no puback-overdue")
		})
	}
}
