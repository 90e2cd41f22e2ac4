package tui_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// TestTimeline draws rows on an axis of 20 cells, half a second each, that ends ten seconds after the start.
func TestTimeline(t *testing.T) {
	sec := time.Second
	q2 := func(times ...time.Duration) watch.Row {
		return delivery(1, handshake.QoS2, decode.FromClient, "c", "t", 1, times...)
	}
	with := func(r watch.Row, change func(*watch.Row)) watch.Row {
		change(&r)
		return r
	}
	tests := []struct {
		name string
		row  watch.Row
		want string
	}{
		{"complete, to scale", q2(0, 2*sec, 4*sec, 6*sec), "P───R───L───C"},
		{"complete at once", q2(sec, sec+1*ms, sec+2*ms, sec+3*ms), "  PRLC"},
		{"complete just now", q2(9990*ms, 9991*ms, 9992*ms, 9993*ms), "                PRLC"},
		{"waiting", q2(4*sec, 6*sec), "        P───R┄┄┄┄┄┄┄"},
		{"waiting since now", q2(10 * sec), "                   P"},
		{"overdue", with(q2(4*sec), func(r *watch.Row) { r.Severity = handshake.Warn }), "        P┄┄┄┄┄┄┄┄┄┄!"},
		{"overdue, but unsure", with(q2(4*sec), func(r *watch.Row) { r.Severity, r.Unsure = handshake.Warn, true }), "        P┄┄┄┄┄┄┄┄┄┄┄"},
		{"overdue, began before", with(q2(-30*sec), func(r *watch.Row) { r.Severity = handshake.Critical }), "‹┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄✗"},
		{"began before, goes on", q2(-3*sec, 5*sec), "‹─────────R┄┄┄┄┄┄┄┄┄"},
		{"ended before", q2(-9*sec, -8*sec, -7*sec, -6*sec), "‹"},
		{"begins after", q2(11 * sec), ""},
		{"resent", with(resumedRow(), func(*watch.Row) {}), " P──────────»RLC"},
		{"abandoned", abandonedRow(), "      P┄┄┄┄┄×"},
		{"unknown", unknownRow(), "        PR?"},
		{"no packet", watch.Row{Started: at(0), State: handshake.AwaitingPuback}, ""},
	}
	look, err := theme.New(theme.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tui.Timeline(&look, &tt.row, at(10*sec), at(10*sec), 10*sec, 20); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for width := range 8 { // no width is too small
				tui.Timeline(&look, &tt.row, at(10*sec), at(10*sec), 10*sec, width)
			}
		})
	}
}
