package tui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// chooseTopic stands in for the filter language: it chooses by a part of the topic, and by problems.
func chooseTopic(text string, r *watch.Row) bool {
	const problems = "(state:stuck | state:refused | state:abandoned | state:unknown)"
	text, only := strings.CutSuffix(text, problems)
	stuck := r.State.Open() && r.Severity >= handshake.Warn
	if only && !stuck && r.State != handshake.Refused && r.State != handshake.Abandoned && r.State != handshake.Unknown {
		return false
	}
	word := strings.Trim(text, " ()")
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

// TestFilterOnEndedCapture changes the filter while nothing else changes: what is drawn must be what it chooses.
func TestFilterOnEndedCapture(t *testing.T) {
	f := numbered(100)
	f.match = chooseTopic
	f.base.Sources[0].State = "ended"
	d := small(t, f)
	d.keys("/").typeText("row-51")
	d.has("row-51 ")
	d.keys("backspace", "2")
	d.has("row-52 ")
	d.hasNot("row-51 ")
}

func TestNextProblemOnEndedCapture(t *testing.T) {
	f := many()
	f.base.Rows = f.base.Rows[60:] // all fit into one window
	f.base.Sources[0].State = "ended"
	d := small(t, f)
	d.keys("E")
	d.cursorOn("cmd/pump-2/#")
	d.keys("E").cursorOn("cmd/pump-7/set")
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
	d.has(" / row-9 (", "column ")
	d.keys("esc")
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
	d.keys("end").typeText(strings.Repeat("long", 40))
	line := d.screen()[23]
	typed, _, _ := strings.Cut(line, "   Enter")
	if c := d.m.View().Cursor; c.X != ansi.StringWidth(typed) {
		t.Fatalf("the cursor at column %d is not behind the text in %q", c.X, line)
	}
}

// TestFilterHalfTyped types a word with a value: until it is one, the words before it choose.
func TestFilterHalfTyped(t *testing.T) {
	f := numbered(100)
	f.match = chooseTopic
	d := small(t, f)
	d.keys("/").typeText("row-9 ")
	for _, r := range "state:stuc" {
		d.typeText(string(r))
		if got := f.queries[len(f.queries)-1].Filter.String(); strings.Contains(got, "sta") {
			t.Errorf("half typed, the filter is %q", got)
		}
	}
	d.has(": state is one of", "…")
	d.typeText("k")
	if got := f.queries[len(f.queries)-1].Filter.String(); got != "row-9 state:stuck" {
		t.Errorf("the filter is %q", got)
	}
	d.keys("ctrl+u").typeText("topic").keys("enter")
	if got := f.queries[len(f.queries)-1].Filter.String(); got != "topic" {
		t.Errorf("kept by Enter, the filter is %q", got)
	}
}

func TestProblemsOnly(t *testing.T) {
	f := many()
	f.match = chooseTopic
	d := small(t, f)
	d.keys("!")
	d.has("! problems", "5 of 73", "cmd/pump-2/set", "cmd/pump-7/set", "secret/door", "cmd/meter-3", "plant/c/flow")
	d.hasNot("gateway-1")
	d.keys("/").typeText("pump-7").keys("enter")
	d.has("1 of 73")
	d.keys("esc")
	d.hasNot(" of 73").has("FOLLOW", "gateway-1")
}

func TestNextProblem(t *testing.T) {
	d := small(t, many())
	d.keys("g", "e").cursorOn("cmd/pump-2/set")
	d.keys("e").cursorOn("secret/door")
	d.keys("e").cursorOn("cmd/pump-7/set")
	d.keys("E").cursorOn("secret/door")
	d.keys("E").cursorOn("cmd/pump-2/set")
	d.keys("E").has("went on from the bottom").cursorOn("cmd/pump-2/#")
	d.keys("e").has("went on from the top").cursorOn("cmd/pump-2/set")
}

// TestNextProblemSorted goes through problems in the order in which the list shows them.
func TestNextProblemSorted(t *testing.T) {
	f := numbered(100)
	for _, n := range []uint64{10, 40, 70} {
		f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: n, Name: "puback-overdue", Severity: handshake.Warn, Lasting: true, Handshake: f.base.Rows[n-1].ID})
	}
	s := &sorter{fake: f}
	d := newDriver(t, f, 100, 30, theme.Options{}, func(o *tui.Options) { o.Backend = s })
	d.keys("z").cursorOn("row-100")
	for _, want := range []string{"row-70", "row-40", "row-10"} {
		d.keys("e").cursorOn(want)
	}
	d.keys("e").has("went on from the top").cursorOn("row-70")
	d.keys("E").has("went on from the bottom").cursorOn("row-10")
	d.keys("E").cursorOn("row-40")
}

// TestClear hides what is over, on every list of what comes, and takes that back once.
func TestClear(t *testing.T) {
	f := surveyAndDeliveries()
	f.base.Alerts, f.base.Stuck = alertsOfMany(), watch.Stuck{Warn: 1, Critical: 1}
	f.match = func(text string, r *watch.Row) bool { return strings.Contains(text, "since") && r.State.Open() }
	d := newDriver(t, f, 120, 40, theme.Options{})
	d.keys("U").has("nothing was cleared")
	d.has("▲ 2 stuck · 5 alerts")
	d.keys("C").has("cleared: what is over is hidden", "since 12:01:42", "PUBCOMP owed").hasNot("✓ complete  ")
	d.has("▲ 2 stuck").hasNot("5 alerts")
	if got := f.last().Filter.String(); got != "(since 2024-05-14T12:01:42.32Z)" {
		t.Errorf("handshakes by %q", got)
	}
	d.keys("/").typeText("qos:2").keys("enter")
	if got := f.last().Filter.String(); got != "qos:2 (since 2024-05-14T12:01:42.32Z)" {
		t.Errorf("handshakes by %q", got)
	}
	d.keys("esc", "2").has("Nothing since 12:01:42", "U brings it back")
	if got := f.last().Deliveries.Filter.String(); got != "(since 2024-05-14T12:01:42.32Z)" {
		t.Errorf("deliveries by %q", got)
	}
	d.keys("7").has("Nothing since 12:01:42")
	d.keys("3").has("pump-7")
	d.keys("5").has("since 12:01:42", "pump-7 has owed").hasNot("refused PUBLISH", "missing from the capture")
	d.keys("C").has("nothing has come since")
	d.keys("1", "p", "U").has("the view is frozen")
	d.keys("p", "U").has("all is back", "5 alerts").hasNot("since 12:01:42")
	if q := f.last(); q.Filter != nil {
		t.Errorf("after that handshakes by %q", q.Filter)
	}
	d.keys("U").has("nothing was cleared")
	d.keys("7").hasNot("Nothing since")
}

// TestClearedAway explains a list that is empty because all was cleared away.
func TestClearedAway(t *testing.T) {
	f := &fake{base: live(9200*ms, completeRow())}
	f.match = func(string, *watch.Row) bool { return false }
	d := newDriver(t, f, 80, 24, theme.Options{})
	d.keys("C").has("Nothing since 12:01:42", "was cleared away, and nothing is open: U brings it")
}

// clearer counts how often it is told to count anew, and to bring back.
type clearer struct {
	*fake
	cleared, restored int
}

func (c *clearer) Clear()   { c.cleared++ }
func (c *clearer) Restore() { c.restored++ }

// TestClearCounts lets sessions, topics and statistics count anew, twice, and brings all back.
func TestClearCounts(t *testing.T) {
	f := surveyOf(-1)
	c := &clearer{fake: f}
	d := newDriver(t, f, 160, 45, theme.Options{}, func(o *tui.Options) { o.Backend = c })
	d.keys("6").has(" 500 PUBLISH, no handshake", " 1 gap in TCP streams")
	f.base.Counts.Publish[0], f.base.Counts.Packets[decode.PUBACK] = 750, 1003
	d.tick(time.Second)
	d.keys("6").has("750 PUBLISH")
	d.keys("C")
	d.has("0 PUBLISH, no handshake", "since ", "of the whole capture")
	f.base.Counts.Publish[0] += 5
	f.base.Now += decode.Time(time.Second)
	d.tick(time.Second)
	d.has(" 5 PUBLISH, no handshake")
	d.keys("C").has(" 0 PUBLISH, no handshake")
	d.keys("3").has("since ").keys("4").has("since ")
	d.keys("U").has("back to what was shown since", "brings back the rest")
	d.keys("6").has(" 5 PUBLISH, no handshake")
	d.keys("U").has("all is back", "755 PUBLISH")
	d.keys("U").has("nothing was cleared")
	if c.cleared != 2 || c.restored != 2 {
		t.Errorf("counts begun anew %d times, brought back %d times", c.cleared, c.restored)
	}
}
