package tui

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func TestRateOfLessThanASecond(t *testing.T) {
	snap := func(state string, took decode.Time, packets uint64) *watch.Snapshot {
		s := &watch.Snapshot{Now: 1e15 + took, Sources: []decode.SourceStats{{State: state, First: 1e15}}}
		s.Counts.Packets[decode.CONNECT] = packets
		return s
	}
	tests := []struct {
		name  string
		snaps []*watch.Snapshot
		want  string
	}{
		{"failed at once", []*watch.Snapshot{snap("live", 1e6, 2), snap("failed", 1_217_000, 2)}, "0"},
		{"ended within a second", []*watch.Snapshot{snap("ended", 9e8, 2000)}, "0"},
		{"ended after two", []*watch.Snapshot{snap("live", 5e8, 100), snap("ended", 2e9, 400)}, "200"},
		{"live, a moment", []*watch.Snapshot{snap("live", 1e6, 2)}, "0"},
		{"live, three seconds", []*watch.Snapshot{snap("live", 1e6, 2), snap("live", 3e9, 90)}, "30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r rate
			for _, s := range tt.snaps {
				r.add(s)
			}
			if got := r.words(); got != tt.want {
				t.Errorf("%s packets a second, want %s", got, tt.want)
			}
		})
	}
}
