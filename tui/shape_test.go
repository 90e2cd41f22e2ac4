package tui_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// surveyAndDeliveries has rows on every screen.
func surveyAndDeliveries() *fake {
	f := surveyOf(-1)
	f.base.Deliveries = watch.Deliveries{On: true, Rows: manyDeliveries()}
	return f
}

func click(x, y int) tea.MouseClickMsg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }

// lineOf returns the first line of the screen that holds a text, and its column there.
func (d *driver) lineOf(text string) (x, y int) {
	d.t.Helper()
	for y, l := range d.screen() {
		if before, _, ok := strings.Cut(l, text); ok {
			return len([]rune(before)), y
		}
	}
	d.t.Fatalf("the screen does not hold %q:\n%s", text, strings.Join(d.screen(), "\n"))
	return 0, 0
}

func TestSortTables(t *testing.T) {
	f := surveyAndDeliveries()
	d := newDriver(t, f, 160, 45, theme.Options{})
	d.keys("3", ">")
	if s := f.last().Sessions.Sort; s.Key != watch.SessionsByClient || s.Reverse {
		t.Errorf("> sorts sessions by %+v", s)
	}
	d.has("▲CLIENT", "sessions sorted by client")
	d.keys(">", "z").has("▲STATE")
	if s := f.last().Sessions.Sort; s.Key != watch.SessionsByStuck || !s.Reverse {
		t.Errorf("> z sorts sessions by %+v", s)
	}
	d.keys("4", "<").has("▼LAST")
	if s := f.last().Topics.Sort; s.Key != watch.TopicsByLast || s.Reverse {
		t.Errorf("< sorts topics by %+v", s)
	}
	d.keys(">")
	if s := f.last().Topics.Sort; s != (watch.Sort[watch.TopicKey]{}) {
		t.Errorf("after the last column topics are sorted by %+v", s)
	}
	d.keys("2").has("FOLLOW")
	d.keys("z").hasNot("FOLLOW")
	d.has("reversed")
	if q := f.last().Deliveries; q.Sort.Key != 0 || !q.Sort.Reverse || q.Follow {
		t.Errorf("z sorts deliveries by %+v, follow %v", q.Sort, q.Follow)
	}
	d.keys("z").has("FOLLOW")
	d.keys("3").has("▲STATE")
	// What is frozen is not sorted.
	d.keys("p", ">").has("the view is frozen")
	d.keys("p", "7").has("FOLLOW")
	d.keys(">").has("▲CLIENT", "packets sorted by client").hasNot("FOLLOW")
	if q := f.last().Packets; q.Sort.Key != watch.PacketsByClient || q.Sort.Reverse || q.Follow {
		t.Errorf("> sorts packets by %+v, follow %v", q.Sort, q.Follow)
	}
	d.keys("A").has("the list is sorted by client, not by time").hasNot("FOLLOW")
	d.keys("G").hasNot("FOLLOW")
	d.keys("<").has("FOLLOW")
	d.keys("z", "A").has("the newest are on top")
}

// TestClickTitles sorts by the column that is clicked, and turns it round with another click.
func TestClickTitles(t *testing.T) {
	f := surveyAndDeliveries()
	d := newDriver(t, f, 160, 45, theme.Options{})
	d.keys("3")
	x, y := d.lineOf("BYTES")
	d.send(click(x, y))
	d.has("▼BYTES")
	d.send(click(x, y))
	d.has("▲BYTES")
	if s := f.last().Sessions.Sort; s.Key != watch.SessionsByBytes || !s.Reverse {
		t.Errorf("two clicks sort by %+v", s)
	}
	x, y = d.lineOf("QOS 0/1/2%")
	d.send(click(x, y))
	d.hasNot("▲BYTES")
	d.keys("2")
	x, y = d.lineOf("VERDICT")
	d.send(click(x, y))
	if s := f.last().Deliveries.Sort; s.Key != watch.DeliveriesByVerdict {
		t.Errorf("a click on VERDICT sorts by %+v", s)
	}
	d.keys("7")
	x, y = d.lineOf("LENGTH")
	d.send(click(x, y))
	d.has("▼LENGTH")
	x, y = d.lineOf("TIME ")
	d.send(click(x, y))
	d.hasNot("▲LENGTH", "▼LENGTH")
	d.has("FOLLOW")
}

func TestTableColumns(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyAndDeliveries(), 160, 45, theme.Options{}, o.options)
	d.keys("3", "t").has("Columns of sessions", "[x] client")
	d.keys("space").has("[x] client", "client never leaves")
	d.keys("j", "space", "ctrl+s", "esc").hasNot("STATE ")
	want := "screen session-columns [client in-flight-out in-flight-in oldest rtt-out rtt-in qos conns keep-alive version rate bytes last broker]"
	if len(o.saved) != 1 || o.saved[0] != want {
		t.Errorf("saved %q, want %q", o.saved, want)
	}
	// Each column still shows its own values.
	line := d.screen()[3]
	for _, text := range []string{"pump-7", "20/20", "42.2s", "5.0"} {
		if !strings.Contains(line, text) {
			t.Errorf("the row lacks %q: %s", text, line)
		}
	}
	given := newDriver(t, surveyAndDeliveries(), 100, 30, theme.Options{}, func(opt *tui.Options) {
		opt.Columns = map[string][]string{"topic-columns": {"max", "topic"}, "delivery-columns": {"topic"}, "packet-columns": {"packet", "id"}}
	})
	given.keys("4").has("   MAX TOPIC  ", "  1.2s ▾ cmd")
	given.keys("2").has("VERDICT") // that choice lacks it, and is not taken
	given.keys("7").has(" PACKET         ID").hasNot("CLIENT")
	for _, set := range tui.ColumnSets() {
		if why := set.Check(set.Names); why != "" {
			t.Errorf("%s: %s", set.Key, why)
		}
		if set.Check([]string{"nonsense"}) == "" || set.Check(append(set.Names, set.Names[0])) == "" {
			t.Errorf("%s takes anything", set.Key)
		}
	}
}

// TestEveryListHasItsFilter types a filter on each screen: none touches the others, each has its history, and Esc clears the one that is seen.
func TestEveryListHasItsFilter(t *testing.T) {
	f := surveyAndDeliveries()
	d := newDriver(t, f, 120, 40, theme.Options{})
	texts := map[string]string{"1": "qos:2", "2": "undelivered topic:cmd", "3": "stuck | conns>3", "4": "rate>5", "7": "type:pingreq"}
	for key, text := range texts {
		d.keys(key, "/").typeText(text).keys("enter").has("filter: " + text)
	}
	for key, text := range texts {
		d.keys(key).has("filter: " + text)
	}
	d.keys("2").has("No delivery matches", "It hides all of")
	if q := f.last(); q.Deliveries.Filter.String() != texts["2"] || q.Filter.String() != texts["1"] {
		t.Errorf("deliveries by %v, handshakes by %v", q.Deliveries.Filter, q.Filter)
	}
	d.keys("3").has("No session matches")
	if got := f.last().Sessions.Filter.String(); got != texts["3"] {
		t.Errorf("sessions by %s", got)
	}
	d.keys("4").has("No topic matches")
	if got := f.last().Topics.Filter.String(); got != texts["4"] {
		t.Errorf("topics by %s", got)
	}
	d.keys("esc").hasNot("filter:").has("cmd")
	d.keys("/", "up").has(" / rate>5")
	d.keys("up").has(" / rate>5") // there is none before it: those of other screens are not offered
	d.keys("esc", "F").has("rate>5")
	d.keys("esc", "3").has("filter: stuck | conns>3")
	d.keys("/").typeText(" qos:7").has("column 21: QoS is 0, 1 or 2")
}

func TestProblemsOfEveryList(t *testing.T) {
	f := surveyAndDeliveries()
	d := newDriver(t, f, 120, 40, theme.Options{})
	for _, key := range []string{"2", "3", "4", "7"} {
		d.keys(key, "!").has("! problems only", "No problems", "Nothing is wrong with any of", "! all")
		d.keys("!").hasNot("problems only")
	}
	d.keys("2", "/").typeText("scada").keys("enter", "!")
	if got := f.last().Deliveries.Filter.String(); got != "(scada) (undelivered | verdict:refused)" {
		t.Errorf("problems of what is filtered: %s", got)
	}
	d.keys("1").hasNot("problems only")
}

// TestBuildersParse fills in every field of every builder: what it makes is a filter.
func TestBuildersParse(t *testing.T) {
	for _, key := range []string{"1", "2", "3", "4", "7"} {
		d := newDriver(t, surveyAndDeliveries(), 160, 45, theme.Options{})
		d.keys(key, "f").has("Build a filter", "chooses all")
		first := ""
		for field := d.selectedField(); field != first; field = d.selectedField() {
			switch label := strings.Fields(field)[1]; {
			case strings.Contains(field, "["):
				d.keys("right", "right")
			case label == "older" || label == "slower" || label == "idle":
				d.typeText("5s")
			default:
				d.typeText("3")
			}
			if first == "" {
				first = d.selectedField()
			}
			d.keys("tab")
		}
		d.keys("enter").hasNot("Build a filter")
	}
}

// selectedField returns the line of the form that has the cursor.
func (d *driver) selectedField() string {
	for _, l := range d.screen() {
		if strings.HasPrefix(l, " ▸ ") {
			return l
		}
	}
	return ""
}

// TestRowNumbersOfTables goes to a row by its number, by keys and by the palette.
func TestRowNumbersOfTables(t *testing.T) {
	d := newDriver(t, surveyAndDeliveries(), 160, 45, theme.Options{})
	d.keys("3", "0", "9", "G").has("9/67")
	d.keys(":").typeText("12").keys("enter").has("12/67")
	d.keys("2", "8", "G").has("8/68")
}

// TestViewsOfTables goes back to how a table was sorted, and to its row.
func TestViewsOfTables(t *testing.T) {
	f := surveyAndDeliveries()
	d := newDriver(t, f, 160, 45, theme.Options{})
	d.keys("3", "j", "j", "j", ">", "j", "j", ">", "4", "[").has("▼STATE")
	d.keys("[").has("▲CLIENT")
	d.has("3/67")
	d.keys("[").hasNot("▲CLIENT", "▼STATE")
	if !strings.Contains(d.selected(), "10.0.0.9:40000") {
		t.Errorf("the cursor is on %q", d.selected())
	}
	d.keys("]", "]").has("▼STATE")
}

// TestClickInMenus chooses with the mouse: a click selects, another on the same line chooses.
func TestClickInMenus(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyAndDeliveries(), 100, 30, theme.Options{}, o.options)
	d.keys("g", "y")
	x, y := d.lineOf("  client ")
	d.send(click(x+2, y))
	if !strings.Contains(d.selected(), "client") {
		t.Errorf("a click selects %q", d.selected())
	}
	d.send(click(x+2, y))
	d.has("client sent to the terminal's clipboard")
	d.keys("t")
	x, y = d.lineOf("[x] qos")
	d.send(click(x, y))
	d.send(click(x, y))
	d.has("[ ] qos")
	d.send(click(1, 5)) // above the menu
	d.keys("esc", ":").typeText("stat")
	x, y = d.lineOf("statistics  ")
	d.send(click(x, y))
	d.has("Latency of each step")
}

func TestCopyDelivery(t *testing.T) {
	d := newDriver(t, surveyAndDeliveries(), 100, 30, theme.Options{})
	d.keys("2", "g", "y", "r")
	if want := "12:01:33.120 scada Q1 cmd/pump-2/set: complete, 2 subscribers expected, 2 forwarded, 2 acknowledged, 43ms at most"; d.clip != want {
		t.Errorf("copied %q, want %q", d.clip, want)
	}
	d.keys("y", "t")
	if d.clip != "cmd/pump-2/set" {
		t.Errorf("copied %q", d.clip)
	}
}
