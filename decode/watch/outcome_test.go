package watch_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestOutcomes tells whether what was missing came, did not come, or may have come without being seen.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		scenario string
		name     handshake.AlertName
		want     handshake.Outcome
	}{
		{"connack-overdue", handshake.ConnackOverdue, handshake.Resolved},
		{"pingresp-overdue-clears", handshake.PingrespOverdue, handshake.Resolved},
		{"pingresp-overdue-gone", handshake.PingrespOverdue, handshake.Unmet},
		{"pubrel-overdue-gone", handshake.PubrelOverdue, handshake.Unmet},
		{"puback-overdue-gap", handshake.PubackOverdue, handshake.Untold},
		{"delivery-incomplete", handshake.DeliveryIncomplete, handshake.Resolved},
		{"delivery-incomplete-then-gone", handshake.DeliveryIncomplete, handshake.Unmet},
		{"delivery-window-full", handshake.DeliveryIncomplete, handshake.Resolved},
		{"expect-late", handshake.ResponseOverdue, handshake.Resolved},
		{"expect-not-answered", handshake.ResponseOverdue, handshake.Unmet},
		{"expect-heartbeat", handshake.HeartbeatOverdue, handshake.Resolved},
	}
	all := loadScenarios(t)
	for _, test := range tests {
		_, e := feed(all[test.scenario], configFor(test.scenario))
		some := false
		for _, a := range e.Snapshot(watch.Query{AlertLimit: 100}).Alerts {
			if a.Name != test.name || a.Cleared == 0 {
				continue
			}
			some = true
			if a.Outcome != test.want {
				t.Errorf("%s: outcome %d, want %d: %s", test.scenario, a.Outcome, test.want, a.Text)
			}
		}
		if !some {
			t.Errorf("%s: no %s was cleared", test.scenario, test.name)
		}
	}
}
