package tui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

func TestAlertsScreen(t *testing.T) {
	f := many()
	d := small(t, f)
	d.keys("5")
	lines := d.screen()
	if !strings.Contains(lines[3], "pump-7 has owed PUBCOMP") || !strings.Contains(lines[4], "broker refused PUBLISH id 9") ||
		!strings.Contains(lines[5], "pump-2 has owed PUBACK") {
		t.Errorf("the alerts are not in order, worst first, then oldest:\n%s", strings.Join(lines, "\n"))
	}
	d.has("cleared", "37.1s", "This broker resends only on reconnect.")
	d.keys("enter")
	d.has("PUBCOMP? 42.1s")
	d.keys("esc")
	d.has("SEVERITY")
	d.has("worst first, then oldest")
	d.keys("j", "j", "j", "enter")
	d.has("this alert is not about one handshake", "SEVERITY")

	// A worse one comes on top; the cursor stays.
	f.base.Alerts = append([]watch.Alert{{ID: 9, Name: "pingresp-overdue", Severity: handshake.Critical, Raised: at(-time.Minute), Lasting: true, Text: "x"}}, f.base.Alerts...)
	d.tick(5 * time.Second)
	if got := d.selected(); !strings.Contains(got, "bytes of sensor-9 are missing") {
		t.Errorf("the cursor moved to %q", got)
	}
	d.keys("q")
	if d.quit {
		t.Fatal("q quit from the alerts")
	}
	d.has("CLIENT", "TOPIC")
}

// TestAlertsCursor opens the alerts: the cursor is on the first until the user moves it, whatever comes.
func TestAlertsCursor(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}, {120, 40}} {
		f := many()
		open := f.base.Alerts
		f.base.Alerts = open[3:4]
		d := newDriver(t, f, size[0], size[1], theme.Options{})
		f.base.Alerts = open
		d.tick(time.Second)
		d.keys("5")
		if got := d.selected(); !strings.Contains(got, "✗ critical") {
			t.Errorf("%v: the cursor is on %q", size, got)
		}
		f.base.Alerts = append([]watch.Alert{{ID: 9, Name: "pingresp-overdue", Severity: handshake.Critical, Raised: at(-time.Minute), Lasting: true, Text: "worse"}}, open...)
		d.tick(time.Second)
		if got := d.selected(); !strings.Contains(got, "worse") {
			t.Errorf("%v: the cursor stayed on %q", size, got)
		}
	}
}

// TestAlertText scrolls the text below the alerts where it does not fit.
func TestAlertText(t *testing.T) {
	d := newDriver(t, many(), 80, 20, theme.Options{})
	d.keys("5")
	d.has("lines more: Tab")
	d.keys("tab", "down", "down")
	d.has("2 lines above")
	d.hasNot("pubcomp-overdue: ")
	if got := d.selected(); !strings.Contains(got, "pump-7") {
		t.Errorf("the cursor moved to %q", got)
	}
	d.keys("G")
	d.has(" 0 below")
	d.keys("esc", "down", "down")
	d.has("puback-overdue: ")
}

func TestZoomAxis(t *testing.T) {
	d := small(t, many())
	d.has("10 s")
	d.keys("-")
	d.has("20 s")
	d.keys("+", "+")
	d.has(" 5 s")
	for range 30 {
		d.keys("+")
	}
	d.has("100 ms")
	for range 30 {
		d.keys("-")
	}
	d.has(" 1 h")
	d.keys("=")
	d.has("10 s")
}

func TestTwoPanes(t *testing.T) {
	d := newDriver(t, many(), 120, 40, theme.Options{})
	d.keys("g", "e")
	d.has("TOPIC", "PUBACK? 8.3s")
	d.keys("d")
	d.hasNot("PUBACK?")
	d.keys("d", "tab", "\\")
	d.has("PUBACK? 8.3s")
	d.hasNot("TOPIC")
	d.keys("\\", "esc")
	d.has("TOPIC")

	narrow := newDriver(t, many(), 70, 24, theme.Options{})
	narrow.keys("d")
	narrow.has("needs 80 columns")
}

func TestCopy(t *testing.T) {
	d := small(t, many())
	d.keys("g", "e", "y", "r")
	d.has("row sent to the terminal's clipboard (OSC 52)")
	if !strings.Contains(d.clip, "pump-2 from 10.0.0.1:1883 Q1 id 4 cmd/pump-2/set: PUBACK owed") {
		t.Errorf("the clipboard holds %q", d.clip)
	}
	d.tick(10 * time.Second)
	d.hasNot("OSC 52")
	d.keys("5", "y", "a")
	if !strings.Contains(d.clip, "This broker resends only on reconnect.") {
		t.Errorf("the clipboard holds %q", d.clip)
	}
}

func TestMouse(t *testing.T) {
	d := small(t, numbered(100))
	d.now = d.now.Add(time.Hour)
	d.send(tea.MouseClickMsg{X: 10, Y: 3, Button: tea.MouseLeft})
	d.cursorOn("row-81")
	d.send(tea.MouseWheelMsg{X: 10, Y: 5, Button: tea.MouseWheelUp})
	d.has("row-78 ")
	d.send(tea.MouseClickMsg{X: 10, Y: 3, Button: tea.MouseLeft})
	d.cursorOn("row-78")
	d.send(tea.MouseClickMsg{X: 10, Y: 3, Button: tea.MouseLeft})
	d.has("PUBACK id 78")
	d.send(tea.MouseClickMsg{X: strings.Index(d.screen()[1], "5 A"), Y: 1, Button: tea.MouseLeft})
	d.has("No alerts")
	d.send(tea.MouseClickMsg{X: 3, Y: 1, Button: tea.MouseLeft})

	// The click that brings the window to the front does nothing else.
	d.send(tea.FocusMsg{})
	d.send(tea.MouseClickMsg{X: 10, Y: 8, Button: tea.MouseLeft})
	d.cursorOn("row-78")

	if d.m.View().MouseMode == tea.MouseModeNone {
		t.Error("the mouse is off")
	}
	d.keys("%")
	if d.m.View().MouseMode != tea.MouseModeNone {
		t.Error("% does not turn the mouse off")
	}
}

func TestResizing(t *testing.T) {
	d := newDriver(t, many(), 160, 45, theme.Options{})
	d.keys("g", "e", "enter")
	for _, size := range [][2]int{{59, 20}, {60, 14}, {10, 3}, {1, 1}, {60, 15}, {80, 19}, {80, 24}, {119, 30}, {120, 15}, {300, 100}} {
		d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		checkFrame(t, d.frame(), size[0], size[1])
		if size[0] >= 40 && (size[0] < 60 || size[1] < 15) {
			d.has("needs 60x15")
		}
	}
}

// TestAtRest checks that nothing is drawn anew while nothing changes.
func TestAtRest(t *testing.T) {
	d := newDriver(t, many(), 160, 45, theme.Options{Color: true})
	d.frame()
	if n := testing.AllocsPerRun(20, func() { d.m.View() }); n > 5 {
		t.Errorf("a View without a change allocates %v times", n)
	}
}

// TestHelpHoldsEveryBinding compares the help with the key map.
func TestHelpHoldsEveryBinding(t *testing.T) {
	d := newDriver(t, many(), 160, 160, theme.Options{})
	d.keys("?")
	for _, k := range tui.Keys() {
		d.has(k.Keys, k.Help)
	}
	d.keys("/").typeText("redraw").keys("enter")
	d.has("^L")
	d.hasNot("a page down")
	d.keys("esc")
	d.has("a page down")
	d.keys("esc")
	d.hasNot("redraw")
}

// TestFooterShowsWhatWorks checks that a footer has no key that would do nothing.
func TestFooterShowsWhatWorks(t *testing.T) {
	footer := func(d *driver) string { s := d.screen(); return s[len(s)-1] }
	d := small(t, &fake{base: live(time.Second)})
	if s := footer(d); strings.Contains(s, "Enter") || strings.Contains(s, "follow") {
		t.Errorf("an empty list offers %q", s)
	}
	d = small(t, numbered(100))
	if s := footer(d); !strings.Contains(s, "Enter open") || strings.Contains(s, "follow") {
		t.Errorf("a list that follows offers %q", s)
	}
	d.keys("k")
	if s := footer(d); !strings.Contains(s, "A follow") {
		t.Errorf("a list that does not follow offers %q", s)
	}
	d.keys("enter")
	if s := footer(d); !strings.Contains(s, "Esc back") || strings.Contains(s, "filter") {
		t.Errorf("a ladder offers %q", s)
	}
}

// TestStuckIsShownBesideFollowingList checks that the second pane does not flicker with each new row, and that Enter still
// opens what the cursor is on.
func TestStuckIsShownBesideFollowingList(t *testing.T) {
	f := many()
	d := newDriver(t, f, 160, 45, theme.Options{})
	d.tick(time.Second)
	d.has("Stuck longest", "PUBCOMP? 42.1s")
	d.cursorOn("plant/a/temp")
	d.keys("k")
	d.hasNot("Stuck longest", "PUBCOMP?")
	d.has("UNSUBSCRIBE id 2")
	d.keys("G")
	d.tick(time.Second)
	d.has("Stuck longest")
	d.keys("enter")
	d.hasNot("Stuck longest", "PUBCOMP?")
	d.has("PUBACK id 18")
}

// TestLongClientsHaveTheRoomOfShortTopics gives the column that is cut what the other does not need, and keeps it when the rows change.
func TestLongClientsHaveTheRoomOfShortTopics(t *testing.T) {
	long := delivery(1, handshake.QoS1, decode.FromClient, "iot-gateway-west", "a/b", 7, 0, 3*ms)
	f := &fake{base: live(9200*ms, long)}
	d := newDriver(t, f, 80, 24, theme.Options{})
	d.has(" iot-gateway-west → Q1 ")
	f.base.Rows = []watch.Row{delivery(2, handshake.QoS1, decode.FromClient, "c", "a/b", 8, 0, 3*ms)}
	d.tick(time.Second)
	d.has(" c                → Q1 ")
	other := delivery(3, handshake.QoS1, decode.FromClient, "c", "plant/hall-12/line-3", 8, 0, 3*ms)
	fresh := newDriver(t, &fake{base: live(9200*ms, other)}, 80, 24, theme.Options{})
	fresh.has(" plant/hall-12/line-3 ")
	both := delivery(3, handshake.QoS1, decode.FromClient, "iot-gateway-west-of-the-river", "plant/hall-12/line-3/machine/8/temperature", 8, 0, 3*ms)
	crowded := newDriver(t, &fake{base: live(9200*ms, both)}, 80, 24, theme.Options{})
	crowded.has("CLIENT", "TOPIC               STATE") // neither has anything to give
	checkFrame(t, crowded.frame(), 80, 24)
}

// TestMalformedAlert goes from an alert about a packet to the packets that are malformed; where it knows its handshake, to that.
func TestMalformedAlert(t *testing.T) {
	f := many()
	f.base.Alerts = []watch.Alert{
		{ID: 1, Name: handshake.MalformedPacket, Severity: handshake.Warn, Raised: at(-time.Second), Count: 1, Client: "dev", Fault: "connect: is the second one of its connection",
			Text: "dev broke the protocol: connect: is the second one of its connection"},
	}
	d := small(t, f)
	d.keys("5")
	d.has("dev broke the protocol: connect: is the second", "Enter shows the packets that are malformed.")
	d.keys("enter")
	d.has("Packets", "malformed")
	if d.keys("5"); !strings.Contains(d.selected(), "dev broke the protocol") {
		t.Errorf("selected: %q", d.selected())
	}
}
