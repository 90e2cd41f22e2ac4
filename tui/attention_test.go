package tui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
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
	d.has("0 stuck · 3 alerts", "5 Alerts (3)", "✗ 3 × sensor-1 sends Packet Identifier 0", "! over: two clients fight for twin")
	d.hasNot("delivered with QoS 0")
	d.keys("5", "space", "space")
	d.has("0 stuck · 1 alert ", "5 Alerts (1)")
	d.keys("space")
	d.has("0 stuck")
	d.hasNot("· 1 alert", "5 Alerts (1)")
	d.keys("1")
	d.hasNot("two clients fight")
}

// TestStuckSessions has a full window beside two handshakes that are stuck: it is an alert, but no handshake.
func TestStuckSessions(t *testing.T) {
	f := many()
	f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: 60, Name: "inflight-window-full", Severity: handshake.Critical, Raised: at(-20 * ms), Lasting: true, Client: "pump-7", Text: "window of broker to pump-7 is full"})
	d := newDriver(t, f, 120, 40, theme.Options{})
	d.has("▲ 2 stuck · 6 alerts")
}

// TestAlertsAreNotStuck has alerts that last though no handshake is stuck: a request without its answer, whose handshake is over, and slow answers.
func TestAlertsAreNotStuck(t *testing.T) {
	f := many()
	f.base.Stuck = watch.Stuck{}
	f.base.Alerts = []watch.Alert{
		{ID: 1, Name: "response-overdue", Severity: handshake.Warn, Raised: at(100 * ms), Lasting: true, Handshake: 10001, Text: "request cmd/a is not answered within 2s"},
		{ID: 2, Name: "ack-latency-high", Severity: handshake.Info, Raised: at(200 * ms), Lasting: true, Text: "slowsub answers slowly"},
	}
	d := small(t, f)
	d.has("0 stuck · 2 alerts").hasNot("▲")
	d.keys("5", "space", "space")
	d.has("0 stuck").hasNot("0 stuck ·")
}

// TestEscGoesBackToSessions goes from a session to its handshakes, and back.
func TestEscGoesBackToSessions(t *testing.T) {
	d := small(t, surveyOf(5))
	for _, key := range []string{"esc", "q"} {
		d.keys("3", "enter")
		d.has("filter: client", "q back")
		d.keys(key)
		d.has("3 Sessions", "IN FLIGHT")
		d.keys("1")
		d.hasNot("filter:")
	}
}

// TestTooSmall leaves the keys without effect where nothing can be seen of it, except those that quit.
func TestTooSmall(t *testing.T) {
	d := newDriver(t, many(), 30, 5, theme.Options{})
	d.has("mqttwatch needs 60x15, this is", "30x5 (q quits)")
	d.keys("5", "/", "x", "q")
	if !d.quit {
		t.Error("q does not quit")
	}
	if d = newDriver(t, many(), 30, 5, theme.Options{}); d.keys("!", "?").quit {
		t.Error("another key quits")
	}
	d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	d.has("FOLLOW")
	d.hasNot("problems only")
}

// TestBrokerDown has a source that tries again, and no alert.
func TestBrokerDown(t *testing.T) {
	f := &fake{base: live(9200*ms, completeRow())}
	const name = "mqtt://a-host-with-a-long-name:1883"
	f.base.Sources[0] = decode.SourceStats{Name: name, State: "retrying", Err: "cannot connect to " + name + ": connection refused; next try in 4s"}
	d := newDriver(t, f, 60, 15, theme.Options{})
	d.keys("5")
	d.has("retrying: connection refused; next try in 4s (", "a source is down")
	d.hasNot("Nothing is overdue")
}

// TestPaletteInitials finds commands by the first letters of their words before others that hold these letters somewhere.
func TestPaletteInitials(t *testing.T) {
	d := small(t, many())
	d.keys(":").typeText("fb").keys("enter")
	d.has("Build a filter")
}

// TestAcknowledgedStaysStuck acknowledges alerts of handshakes that are stuck: they are as stuck as before.
func TestAcknowledgedStaysStuck(t *testing.T) {
	d := newDriver(t, many(), 120, 40, theme.Options{})
	d.has("▲ 2 stuck · 5 alerts")
	d.keys("5", "space")
	d.has("▲ 2 stuck · 4 alerts")
	d.keys("space", "space", "space", "space")
	d.has("▲ 2 stuck · all alerts seen")
	d.hasNot("5 Alerts (1)")
}

// TestTimeBesideAnOldFile: what goes on is timed by itself, not from the beginning of a file of another year that is read already.
func TestTimeBesideAnOldFile(t *testing.T) {
	s := live(9200*ms, completeRow())
	old := decode.SourceStats{Name: "old.pcap", Kind: "file", State: "ended", First: 1, Last: 2}
	s.Sources = append([]decode.SourceStats{old}, s.Sources...)
	newDriver(t, &fake{base: s}, 120, 40, theme.Options{}).has("live 00:00:09")
	for i := range s.Sources {
		s.Sources[i].State = "ended"
	}
	newDriver(t, &fake{base: s}, 120, 40, theme.Options{}).hasNot("ended 00:00:09")
}
