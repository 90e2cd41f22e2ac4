package tui_test

import (
	"fmt"
	"slices"
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

// numbered has n complete handshakes with topics row-1 to row-n, one a second.
func numbered(n int) *fake {
	f := &fake{base: live(time.Duration(n) * time.Second)}
	f.add(n)
	return f
}

// add brings n more handshakes.
func (f *fake) add(n int) {
	for range n {
		i := len(f.base.Rows) + int(f.base.Counts.Evicted) + 1
		begin := time.Duration(i) * time.Second
		f.base.Rows = append(f.base.Rows, delivery(uint64(i), handshake.QoS1, decode.FromClient, "client", fmt.Sprintf("row-%d", i), uint16(i), begin, begin+9*ms))
		f.base.Now = at(begin + 9*ms)
	}
}

// evict forgets the n oldest.
func (f *fake) evict(n int) {
	f.base.Rows = f.base.Rows[n:]
	f.base.Counts.Evicted += uint64(n)
}

func small(t *testing.T, f *fake) *driver { return newDriver(t, f, 80, 24, theme.Options{}) }

// cursorOn fails the test unless the selected row is that of the topic.
func (d *driver) cursorOn(topic string) {
	d.t.Helper()
	if got := d.selected(); !strings.Contains(got+" ", topic+" ") {
		d.t.Errorf("selected is %q, not %s", got, topic)
	}
}

func TestFollowNewest(t *testing.T) {
	f := numbered(100)
	d := small(t, f)
	d.cursorOn("row-100")
	d.has("FOLLOW")

	f.add(5)
	d.tick(time.Second)
	d.cursorOn("row-105")

	d.keys("k", "k")
	d.cursorOn("row-103")
	d.hasNot("FOLLOW")
	f.add(37)
	d.tick(time.Second)
	d.cursorOn("row-103")
	d.has("+37 new")

	d.keys("A")
	d.cursorOn("row-142")
	d.has("FOLLOW")
	d.keys("g")
	d.cursorOn("row-1")
	d.keys("G")
	d.cursorOn("row-142")
	d.has("FOLLOW")
}

func TestCursorStaysWhileRowsAreEvicted(t *testing.T) {
	f := numbered(200)
	d := small(t, f)
	for range 50 {
		d.keys("k")
	}
	d.cursorOn("row-150")
	line := slices.IndexFunc(d.screen(), func(s string) bool { return strings.Contains(s, "row-150 ") })
	f.add(100)
	f.evict(100)
	d.tick(time.Second)
	d.cursorOn("row-150")
	if now := slices.IndexFunc(d.screen(), func(s string) bool { return strings.Contains(s, "row-150 ") }); now != line {
		t.Errorf("the row moved from line %d to %d", line, now)
	}
	d.has("+100 new")

	// What is under the cursor goes: the cursor stays within what is left.
	f.evict(100)
	d.tick(time.Second)
	if d.selected() == "" {
		t.Error("nothing is selected any more")
	}
	checkFrame(t, d.frame(), 80, 24)
}

func TestMoving(t *testing.T) {
	tests := []struct {
		keys []string
		want string
	}{
		{[]string{"g"}, "row-1"},
		{[]string{"home", "j", "down"}, "row-3"},
		{[]string{"end", "up"}, "row-299"},
		{[]string{"g", "pgdown"}, "row-20"},
		{[]string{"g", "ctrl+f", "ctrl+f"}, "row-39"},
		{[]string{"g", "pgdown", "pgup"}, "row-1"},
		{[]string{"g", "ctrl+d"}, "row-10"},
		{[]string{"g", "ctrl+d", "ctrl+u"}, "row-1"},
		{[]string{"g", "ctrl+b", "k"}, "row-1"},
		{[]string{"2", "5", "0", "G"}, "row-250"},
		{[]string{"0", "1", "5", "0", "G"}, "row-150"},
		{[]string{"9", "9", "9", "G"}, "row-300"},
		{[]string{"g", "9", "9", "esc", "j"}, "row-2"},
		{[]string{"g", "9", "j"}, "row-2"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.keys, " "), func(t *testing.T) {
			d := small(t, numbered(300))
			d.keys(tt.keys...).cursorOn(tt.want)
			checkFrame(t, d.frame(), 80, 24)
		})
	}
}

// chooseTopic stands in for the filter language: it chooses by a part of the topic, and by problems.
func chooseTopic(text string, r *watch.Row) bool {
	if strings.Contains(text, "state:stuck") && r.Severity < handshake.Warn {
		return false
	}
	word := strings.TrimSpace(strings.NewReplacer("state:stuck", "", "(", "", ")", "").Replace(text))
	return strings.Contains(r.Topic, word)
}

func TestFilter(t *testing.T) {
	f := numbered(100)
	f.match = chooseTopic
	d := small(t, f)
	d.keys("/").typeText("row-99")
	d.has(" / row-99", "1 of 100")
	d.cursorOn("row-99")
	d.keys("enter")
	d.has("filter: row-99")
	d.keys("esc")
	d.hasNot("filter:")
	d.has("row-100")

	d.keys("/").typeText("row-1").keys("backspace").typeText("2").keys("enter")
	d.has("filter: row-2")
	d.cursorOn("row-29")
}

func TestFilterMistake(t *testing.T) {
	f := numbered(100)
	f.match = chooseTopic
	d := small(t, f)
	d.keys("/").typeText("row-9")
	before := f.queries[len(f.queries)-1].Filter.String()
	d.typeText(" (")
	d.has("column ")
	if got := f.queries[len(f.queries)-1].Filter.String(); got != before+" " && got != before {
		t.Errorf("with a mistake the filter is %q, not the last valid %q", got, before)
	}
	d.keys("enter")
	d.has("has a mistake")
	d.hasNot("column ")
	d.keys("/", "esc")
	if got := f.queries[len(f.queries)-1].Filter; got != nil {
		t.Errorf("after Esc the filter is %q", got)
	}
}

func TestFilterCursor(t *testing.T) {
	d := small(t, numbered(3))
	if c := d.m.View().Cursor; c != nil {
		t.Fatalf("there is a cursor while nothing is typed: %v", c)
	}
	d.keys("/").typeText("topic:水")
	c := d.m.View().Cursor
	if c == nil || c.X != 3+8 || c.Y != 23 {
		t.Fatalf("the cursor is at %+v, not behind the text", c)
	}
	d.keys("left")
	if c := d.m.View().Cursor; c.X != 3+6 {
		t.Fatalf("after left the cursor is at column %d", c.X)
	}
}

func TestProblemsOnly(t *testing.T) {
	f := many()
	f.match = chooseTopic
	d := small(t, f)
	d.keys("!")
	d.has("problems only", "2 of 73", "cmd/pump-2/set", "cmd/pump-7/set")
	d.hasNot("gateway-1")
	d.keys("/").typeText("pump-7").keys("enter")
	d.has("1 of 73")
	d.keys("esc")
	d.hasNot("problems only")
	d.has("73")
}

func TestNextProblem(t *testing.T) {
	d := small(t, many())
	d.keys("g", "e").cursorOn("cmd/pump-2/set")
	d.keys("e").cursorOn("secret/door")
	d.keys("e").cursorOn("cmd/pump-7/set")
	d.keys("E").cursorOn("secret/door")
	d.keys("E", "E").cursorOn("cmd/pump-2/set")
	d.has("no further problem")
}

func TestDrillInAndBack(t *testing.T) {
	d := small(t, many())
	d.keys("g", "e")
	d.keys("enter")
	d.has("PUBACK? 8.3s", "subscriber pump-2 has owed PUBACK for 8.3s")
	d.keys("up", "enter")
	d.has("The bytes of this packet are no longer kept.")
	d.keys("esc")
	d.has("PUBACK? 8.3s")
	d.keys("q")
	d.cursorOn("cmd/pump-2/set")
	if d.quit {
		t.Fatal("q quit from the ladder")
	}
	d.keys("esc", "esc", "esc")
	if d.quit {
		t.Fatal("Esc quit")
	}
	d.keys("q")
	if !d.quit {
		t.Fatal("q does not quit at home")
	}
}

func TestQuitNow(t *testing.T) {
	for _, key := range []string{"Q", "ctrl+c"} {
		d := small(t, many())
		d.keys("enter", key)
		if !d.quit {
			t.Errorf("%s does not quit", key)
		}
	}
	for _, open := range []string{"/", "?"} {
		d := small(t, many())
		d.keys(open, "ctrl+c")
		if !d.quit {
			t.Errorf("^C does not quit after %s", open)
		}
	}
}

func TestGhostAges(t *testing.T) {
	f := many()
	d := small(t, f)
	d.keys("g", "e", "enter")
	d.has("PUBACK? 8.3s")
	f.base.Now = at(30 * time.Second)
	d.tick(time.Second)
	d.has("PUBACK? 29.1s")
}

func TestLadderFollowsNewSteps(t *testing.T) {
	f := &fake{base: live(9*time.Second, waitingRow())}
	d := small(t, f)
	d.keys("enter")
	d.has("PUBREL? 2.0s")
	r := delivery(19, handshake.QoS2, decode.FromClient, "gateway-1", "plant/b/door", 18, 1651*ms, 7*time.Second, 9500*ms, 9510*ms)
	f.base.Rows[0], f.base.Now = r, at(10*time.Second)
	d.tick(time.Second)
	d.has("PUBCOMP id 18", "✓ complete")
	d.hasNot("PUBREL?")
}

func TestFreeze(t *testing.T) {
	f := numbered(100)
	d := small(t, f)
	d.keys("p")
	f.add(37)
	d.tick(time.Second)
	d.cursorOn("row-100")
	d.has("frozen, +37 new", "FROZEN", "p unfreeze")
	d.keys("g")
	d.cursorOn("row-1")
	d.keys("enter")
	d.has("PUBACK id 1")
	d.keys("esc", "G")
	d.cursorOn("row-100")
	d.keys("p")
	d.tick(time.Second)
	d.cursorOn("row-137")
}

// TestFreezeWhileSnapshotIsOnItsWay freezes between a question and its answer.
func TestFreezeWhileSnapshotIsOnItsWay(t *testing.T) {
	f := numbered(5000)
	d := small(t, f)
	_, pending := d.m.Update(tui.Tick(d.now))
	d.keys("p")
	d.run(pending)
	f.add(10)
	d.tick(time.Second)
	d.keys("pgup", "pgup", "pgup", "pgup", "pgup", "pgup")
	d.has("row-4886 ", "frozen, +10 new")
	d.keys("g")
	if got := d.selected(); !strings.Contains(got, "row-") {
		t.Errorf("at the top of what is frozen the selection is %q", got)
	}
	for _, l := range d.screen()[3:22] {
		if !strings.Contains(l, "row-") {
			t.Errorf("a line without its row: %q", l)
		}
	}
}

func TestNextProblemWhileFrozen(t *testing.T) {
	d := small(t, many())
	d.keys("g", "p", "e").cursorOn("cmd/pump-2/set")
	d.keys("e").cursorOn("secret/door")
}

func TestEndOfCaptureIsSaid(t *testing.T) {
	f := many()
	f.base.Sources[0].State = "ended"
	f.base.Sources[0].Notes = []string{"file ends in the middle of a frame", "clock went back"}
	d := small(t, f)
	d.has("! eth0: file ends in the middle of a frame (and 1 more)", "ended")
	d.keys("g", "e", "enter")
	d.has("the capture ends here")
}

func TestAlertsScreen(t *testing.T) {
	f := many()
	d := small(t, f)
	d.keys("5")
	lines := d.screen()
	if !strings.Contains(lines[3], "pubcomp-overdue") || !strings.Contains(lines[4], "puback-overdue") {
		t.Errorf("the open alerts, worst first, are not on top:\n%s", strings.Join(lines, "\n"))
	}
	d.has("cleared", "37.1s", "This broker resends only on reconnect.")
	d.keys("enter")
	d.has("PUBCOMP? 42.1s")
	d.keys("esc")
	d.has("SEVERITY")
	d.keys("j", "j", "enter")
	d.has("this alert is not about one handshake", "SEVERITY")

	// A worse one comes on top; the cursor stays.
	f.base.Alerts = append([]watch.Alert{{ID: 9, Name: "pingresp-overdue", Severity: handshake.Critical, Raised: at(-time.Minute), Lasting: true, Text: "x"}}, f.base.Alerts...)
	d.tick(5 * time.Second)
	if got := d.selected(); !strings.Contains(got, "capture-gap") {
		t.Errorf("the cursor moved to %q", got)
	}
	d.keys("q")
	if d.quit {
		t.Fatal("q quit from the alerts")
	}
	d.has("CLIENT", "TOPIC")
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
	d.keys("g", "e", "y")
	d.has("copied")
	if !strings.Contains(d.clip, "pump-2 from 10.0.0.1:1883 Q1 id 4 cmd/pump-2/set: PUBACK owed") {
		t.Errorf("the clipboard holds %q", d.clip)
	}
	d.tick(10 * time.Second)
	d.hasNot("copied")
	d.keys("5", "y")
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
	d.send(tea.MouseClickMsg{X: 17, Y: 1, Button: tea.MouseLeft})
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
	d := newDriver(t, many(), 160, 100, theme.Options{})
	d.keys("?")
	for _, k := range tui.Keys() {
		d.has(k.Keys, k.Help)
	}
	d.keys("/").typeText("redraw").keys("enter")
	d.has("^L")
	d.hasNot("PgDn")
	d.keys("esc", "esc")
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
