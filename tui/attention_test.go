package tui_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// TestPastAlerts looks at a capture that has ended, in which nothing is open any more but something went wrong.
func TestPastAlerts(t *testing.T) {
	f := many()
	f.base.Sources[0].State = "ended"
	f.base.Stuck = watch.Stuck{}
	f.base.Alerts = []watch.Alert{
		{ID: 1, Name: "packet-id-zero", Severity: handshake.Critical, Raised: at(100 * ms), Count: 3, Text: "sensor-1 sends Packet Identifier 0", Client: "sensor-1"},
		{ID: 2, Name: "session-takeover-loop", Severity: handshake.Warn, Raised: at(200 * ms), Cleared: at(900 * ms), Lasting: true, Text: "two clients fight for twin", Client: "twin"},
		{ID: 3, Name: "qos-downgraded", Severity: handshake.Info, Raised: at(200 * ms), Count: 1, Text: "delivered with QoS 0", Client: "x"},
	}
	d := small(t, f)
	d.has("0 stuck · 3 alerts", "5 Aler 3", "✗ 3× sensor-1 sends Packet Identifier 0", "! over: two clients fight for twin")
	d.hasNot("delivered with QoS 0")
	d.keys("5", "space", "space")
	d.has("0 stuck · 1 alert ", "5 Alerts 1")
	d.keys("space")
	d.has("0 stuck")
	d.hasNot("· 1 alert", "5 Alerts 1")
	d.keys("1")
	d.hasNot("two clients fight")
}

// TestStuckSessions has a full window beside two handshakes that are stuck: it is an alert, but no handshake.
func TestStuckSessions(t *testing.T) {
	f := many()
	f.base.Stuck.Critical++
	f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: 60, Name: "inflight-window-full", Severity: handshake.Critical, Raised: at(-20 * ms), Lasting: true, Client: "pump-7", Text: "window of broker to pump-7 is full"})
	d := newDriver(t, f, 120, 40, theme.Options{})
	d.has("▲ 2 stuck · 6 alerts")
}
