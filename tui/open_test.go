package tui_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// outside is what main gives the screen, as a test sees it.
type outside struct {
	saved    []string
	jobs     []tui.ExportJob
	messages []tui.Message
	exists   bool
	fails    error
}

func (o *outside) options(opt *tui.Options) {
	opt.Save = func(table, key string, value any) error {
		o.saved = append(o.saved, fmt.Sprint(table, " ", key, " ", value))
		return nil
	}
	opt.ExportFormats = []tui.ExportFormat{
		{Name: "json", Suffix: ".json", Note: "JSON Lines", Lists: []tui.ExportList{tui.ExportHandshakes, tui.ExportDeliveries}},
		{Name: "csv", Suffix: ".csv", Note: "for spreadsheets", Lists: []tui.ExportList{
			tui.ExportHandshakes, tui.ExportDeliveries, tui.ExportSessions, tui.ExportTopics, tui.ExportPackets, tui.ExportAlerts}},
	}
	opt.Export = func(job tui.ExportJob) (int, error) {
		o.jobs = append(o.jobs, job)
		if o.exists && !job.Overwrite {
			return 0, fs.ErrExist
		}
		return 7, o.fails
	}
	opt.Publish = func(m tui.Message) error {
		o.messages = append(o.messages, m)
		return nil
	}
	opt.Filters = map[string]map[string]string{"filters": {"stuck ones": "state:stuck"}, "session-filters": {"quiet ones": "idle>30s"}}
	opt.Look = theme.Options{Name: "dark"}
}

// TestOpenScreens draws what opens above the panes.
func TestOpenScreens(t *testing.T) {
	tests := []struct {
		name string
		back func() *fake
		keys []string
	}{
		{"palette", many, []string{":"}},
		{"columns", many, []string{"t", "j", "space"}},
		{"settings", many, []string{"o"}},
		{"copy", many, []string{"g", "e", "y"}},
		{"export", many, []string{"S"}},
		{"filters", many, []string{"F"}},
		{"builder", many, []string{"f", "p", "l", "tab", "tab", "tab", "tab", "right", "right"}},
		{"publish", many, []string{"P"}},
		{"explain", many, []string{"5", "i"}},
		{"builder_sessions", surveyAndDeliveries, []string{"3", "f"}},
		{"columns_sessions", surveyAndDeliveries, []string{"3", "t"}},
		{"palette_found", many, []string{":", "s", "o", "r", "t"}},
		{"copy_session", surveyAndDeliveries, []string{"3", "y"}},
		{"confirm", many, []string{"S", "enter"}},
		{"marks", many, []string{"k", "k", "space", "k", "k", "space"}},
	}
	for _, tt := range tests {
		for _, size := range sizes {
			name := fmt.Sprintf("open_%s_%dx%d", tt.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := newDriver(t, tt.back(), size[0], size[1], theme.Options{Color: true}, (&outside{exists: tt.name == "confirm"}).options)
				d.keys(tt.keys...)
				checkFrame(t, d.frame(), size[0], size[1])
				golden(t, name, d.frame())
			})
		}
	}
}

func TestMarksAndExport(t *testing.T) {
	o := &outside{exists: true}
	d := newDriver(t, numbered(100), 100, 30, theme.Options{}, o.options)
	d.keys("g", "space", "space")
	d.has("◆ 2 marked")
	d.cursorOn("row-3")
	d.keys("v", "0", "1", "0", "G", "v")
	d.has("10 marked")
	d.keys("S", "enter")
	d.has("is there already", "No", "Replace it")
	if got := d.selected(); !strings.Contains(got, "No") {
		t.Errorf("the first answer is %q, not No", got)
	}
	d.keys("enter")
	if len(o.jobs) != 1 || o.jobs[0].Overwrite {
		t.Fatalf("No wrote: %+v", o.jobs)
	}
	d.keys("S", "enter", "y")
	d.has("exported 7 to mqttwatch-")
	want := []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if j := o.jobs[len(o.jobs)-1]; !j.Overwrite || !slices.Equal(j.IDs, want) || j.Format != "json" || !strings.HasSuffix(j.Path, ".json") {
		t.Errorf("job %+v", j)
	}
	d.keys("u")
	d.hasNot("marked")
	o.exists = false
	d.keys("S", "tab", "right", "enter")
	if j := o.jobs[len(o.jobs)-1]; j.IDs != nil || j.Filter != nil || j.Format != "csv" || !strings.HasSuffix(j.Path, ".csv") {
		t.Errorf("job for all: %+v", j)
	}
}

// TestExportEnding: what is written is what the name says it is, or nothing.
func TestExportEnding(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyAndDeliveries(), 120, 40, theme.Options{}, o.options)
	name := func(s string) *driver { return d.keys("S", "up", "ctrl+u").typeText(s) }
	for _, tt := range []struct{ screen, name, format, path string }{
		{"2", "a", "json", "a.json"}, {"2", "a.csv", "csv", "a.csv"}, {"2", "a.CSV", "csv", "a.CSV"}, {"2", "a.json", "json", "a.json"}, {"2", "a.txt", "json", "a.txt"}, {"2", "a.log", "json", "a.log"},
	} {
		d.keys(tt.screen)
		name(tt.name).keys("enter")
		if j := o.jobs[len(o.jobs)-1]; j.Format != tt.format || j.Path != tt.path {
			t.Errorf("%s: written as %s to %s", tt.name, j.Format, j.Path)
		}
	}
	n := len(o.jobs)
	name("a.csv").keys("up", "left").has("[json]", "a file as json cannot end in .csv: choose csv, or another name").keys("enter").has("Export deliveries")
	d.keys("esc", "3")
	name("a.json").has("sessions cannot be written as json: choose another name than one in .json").keys("enter").has("Export sessions")
	if len(o.jobs) != n {
		t.Errorf("written: %+v", o.jobs[n:])
	}
}

// TestExportFails: the form comes back with the reason, and what was typed.
func TestExportFails(t *testing.T) {
	o := &outside{fails: errors.New("open nope: no such directory")}
	d := newDriver(t, numbered(100), 100, 30, theme.Options{}, o.options)
	d.keys("S", "tab", "right", "tab", "ctrl+u").typeText("nope/a").keys("enter")
	d.has("Export handshakes", "[csv]", "nope/a", "not exported: open nope: no such directory")
	o.fails = nil
	d.keys("ctrl+u").hasNot("not exported").typeText("b").keys("enter").has("exported 7 to b.csv")
	d.hasNot("Export handshakes")
	if j := o.jobs[len(o.jobs)-1]; len(o.jobs) != 2 || j.Path != "b.csv" || j.Format != "csv" {
		t.Errorf("%+v", o.jobs)
	}
}

// TestMarksOfEveryList marks rows of each list and exports them: each list has its own marks, its own formats, and says which it has not.
func TestMarksOfEveryList(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyAndDeliveries(), 120, 40, theme.Options{}, o.options)
	last := func() tui.ExportJob { return o.jobs[len(o.jobs)-1] }
	lists := []struct {
		key  string
		list tui.ExportList
	}{{"2", tui.ExportDeliveries}, {"3", tui.ExportSessions}, {"4", tui.ExportTopics}, {"7", tui.ExportPackets}}
	for _, l := range lists {
		d.keys(l.key, "g", "space", "space").has("◆ 2 marked")
		d.keys("S").has("Export "+string(l.list), "marked (2)")
		if d.keys("enter"); last().List != l.list || len(last().IDs) != 2 || last().IDs[0] >= last().IDs[1] {
			t.Errorf("%s: job %+v", l.list, last())
		}
	}
	for _, l := range lists {
		d.keys(l.key).has("◆ 2 marked")
		d.keys("v", "j", "v").has("4 marked")
		d.keys("esc").hasNot("marked")
		if d.keys("S", "enter"); last().List != l.list || last().IDs != nil {
			t.Errorf("all %s: job %+v", l.list, last())
		}
	}
	d.keys("3", "S").has("not as json")
	d.keys("esc", "2", "/").typeText("cmd").keys("enter", "S").has("filtered (")
	if d.keys("enter"); last().Deliveries == nil || last().Format != "json" {
		t.Errorf("filtered deliveries: %+v", last())
	}
	d.keys("5", "S").has("Export alerts", "all (")
	if d.keys("enter"); last().List != tui.ExportAlerts || last().Format != "csv" {
		t.Errorf("alerts: %+v", last())
	}
	d.keys("6", "S").has("statistics cannot be exported")
}

func TestColumns(t *testing.T) {
	o := &outside{}
	d := newDriver(t, many(), 120, 30, theme.Options{}, o.options)
	d.has("CLIENT", " QOS ", " ID ")
	d.keys("t", "j", "j", "j", "space", "up", "up", "left")
	d.has("CLIENT", "[x] client", "[ ] qos")
	d.hasNot("QOS")
	d.keys("ctrl+s", "esc")
	want := "screen columns [client time direction id topic state timeline age flags]"
	if len(o.saved) != 1 || o.saved[0] != want {
		t.Errorf("saved %q, not %q", o.saved, want)
	}
	d.keys("t")
	for range 10 {
		d.keys("j")
	}
	d.keys("k", "k", "k", "k", "space")
	d.has("[x] state")
}

func TestGivenColumns(t *testing.T) {
	d := newDriver(t, many(), 100, 30, theme.Options{}, func(o *tui.Options) { o.Columns = map[string][]string{"columns": {"state", "topic"}} })
	d.has(" STATE            ")
	d.hasNot("CLIENT", "QOS", " AGE")
	sets := tui.ColumnSets()
	for _, names := range [][]string{{"topic"}, {"state", "state"}, {"state", "x"}} {
		if sets[0].Check(names) == "" {
			t.Errorf("%v is taken", names)
		}
	}
}

// TestPublishOverTopic: the topic of the row is there to be kept, or typed over; keys that move keep it.
func TestPublishOverTopic(t *testing.T) {
	open := func() *driver {
		d := newDriver(t, many(), 100, 30, theme.Options{}, func(o *tui.Options) { o.Publish = func(tui.Message) error { return nil } })
		d.keys("G", "P").has("plant/a/temp")
		if !strings.Contains(d.selected(), "plant/a/temp") {
			t.Errorf("the topic does not look chosen: %q", d.selected())
		}
		return d
	}
	topic := func(d *driver, want string) {
		t.Helper()
		if !strings.Contains(strings.Join(d.screen(), "\n"), "topic             "+want+"  ") {
			t.Errorf("the topic is not %q:\n%s", want, strings.Join(d.screen(), "\n"))
		}
	}
	topic(open().typeText("a/b"), "a/b")
	topic(open().keys("end").typeText("/x"), "plant/a/temp/x")
	topic(open().keys("left").typeText("x"), "plant/a/temxp")
	topic(open().keys("down", "up").typeText("1"), "plant/a/temp1")
	topic(open().keys("backspace").typeText("c"), "c")
	paste := open()
	paste.send(tea.PasteMsg{Content: "p/q"})
	topic(paste, "p/q")
}

func TestSavedFilters(t *testing.T) {
	o := &outside{}
	d := newDriver(t, many(), 100, 30, theme.Options{}, o.options)
	d.keys("F", "enter")
	d.has("filter: state:stuck")
	d.keys("/", "ctrl+u").typeText("qos:2").keys("ctrl+s").typeText("mine").keys("enter")
	if len(o.saved) != 1 || o.saved[0] != "filters mine qos:2" {
		t.Errorf("saved %q", o.saved)
	}
	d.keys("/", "ctrl+u").typeText("id:9").keys("enter")
	d.keys("/", "up", "up")
	d.has("/ qos:2")
	d.keys("down", "down")
	d.has("/ id:9")
	d.keys("esc", "F")
	d.has("mine", "stuck ones", "Used before", "id:9")
	d.keys("delete").has("deleted from the configuration file")
	if o.saved[len(o.saved)-1] != "filters stuck ones <nil>" && o.saved[len(o.saved)-1] != "filters mine <nil>" {
		t.Errorf("deleted %q", o.saved)
	}
}

// TestSavedFiltersOfOtherLists has those of the list that is shown, in its own language, and saves to its own table.
func TestSavedFiltersOfOtherLists(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyOf(-1), 120, 40, theme.Options{}, o.options)
	d.keys("3", "F").has("Filters of sessions", "quiet ones", "idle>30s").hasNot("stuck ones")
	d.keys("enter").has("filter: idle>30s")
	d.keys("F", "delete", "esc")
	for _, key := range []string{"2", "4", "7"} {
		d.keys(key, "F").has("none; ^S saves").hasNot("quiet ones", "stuck ones")
		d.keys("esc", "/").typeText("topic:a").keys("ctrl+s").typeText("an a").keys("enter", "F").has("an a")
		d.keys("esc")
	}
	want := []string{"session-filters quiet ones <nil>", "delivery-filters an a topic:a", "topic-filters an a topic:a", "packet-filters an a topic:a"}
	if !slices.Equal(o.saved, want) {
		t.Errorf("saved %q, want %q", o.saved, want)
	}
}

func TestFilterBuilder(t *testing.T) {
	d := small(t, many())
	d.keys("f").typeText("plant/a b").keys("tab", "tab", "tab", "tab", "2", "up", "up")
	d.has(`topic:"plant/a b" qos:2`)
	d.keys("enter")
	d.has(`filter: topic:"plant/a b" qos:2`)
	d.keys("f", "tab", "tab", "tab").typeText("x")
	d.has("id:x")
	d.keys("enter")
	d.has("Build a filter") // it stays open with its mistake
}

func TestViewHistory(t *testing.T) {
	d := small(t, numbered(100))
	d.keys("g", "j", "j")
	d.keys("/").typeText("row").keys("enter")
	d.keys("5")
	d.has("No alerts")
	d.keys("[")
	d.has("filter: row")
	d.keys("[")
	d.hasNot("filter: row")
	d.tick(time.Second)
	d.cursorOn("row-3")
	d.keys("]")
	d.has("filter: row")
	d.keys("]")
	d.has("No alerts")
	d.keys("]")
	d.has("there is no view after this one")
}

func TestSearchInPanes(t *testing.T) {
	d := newDriver(t, &fake{base: live(9200*ms, completeRow()), ladders: map[uint64]*watch.Ladder{17: completeLadder(17)}}, 80, 24, theme.Options{})
	d.keys("enter", "/").typeText("pubrel")
	if got := d.selected(); !strings.Contains(got, "PUBREL") {
		t.Errorf("the search went to %q", got)
	}
	d.keys("enter", "g", "n")
	if got := d.selected(); !strings.Contains(got, "PUBREL") {
		t.Errorf("n went to %q", got)
	}
	d.keys("/").typeText("pub").keys("enter", "n")
	first := d.selected()
	d.keys("n", "N")
	if d.selected() != first {
		t.Errorf("n and N lead from %q to %q", first, d.selected())
	}
	d.keys("esc", "n")
	d.has("there is no search")
}

func TestComparePackets(t *testing.T) {
	d := newDriver(t, &fake{base: live(9200*ms, completeRow()), ladders: map[uint64]*watch.Ladder{17: completeLadder(17)}}, 100, 30, theme.Options{})
	d.keys("enter", "g", "space")
	d.has("marked", "◆")
	d.keys("j", "space")
	d.has("Two packets compared", "1ms later", "Packet type", "PUBLISH (3)", "PUBREC (5)", "Payload", "(not there)", "fields are the same")
	d.keys("esc", "space", "space")
	d.has("mark taken away")
}

func TestLadderLook(t *testing.T) {
	d := newDriver(t, &fake{base: live(9200*ms, resumedLadder(25).Row), ladders: map[uint64]*watch.Ladder{25: resumedLadder(25)}}, 100, 30, theme.Options{})
	d.keys("enter")
	d.has("CONNECT resume", "id 77", "10.0.0.7:51234")
	d.keys("s")
	d.has("PUBLISH DUP")
	d.hasNot("CONNECT resume", "PUBLISH Q2 id 77")
	d.keys("a")
	d.hasNot("10.0.0.7:51234")
	d.keys("a")
	d.has("10.0.0.7:51234")
	d.hasNot("truck-12   ")
	d.keys("c")
	d.has("this theme has no colours")
}

func TestAcknowledge(t *testing.T) {
	d := small(t, many())
	d.has("▲ 2 stuck", "pump-7 has owed")
	d.keys("5", "space")
	d.has("▲ 2 stuck", "5 Alerts (4)", "seen", "acknowledged; u takes it back")
	d.keys("1")
	d.hasNot("! subscriber pump-7", "✗ subscriber pump-7")
	d.keys("5", "u")
	d.has("▲ 2 stuck")
	d.hasNot(" seen ")
	d.keys("l")
	d.tick(time.Second)
	d.has("1 Handshakes")
	if got := d.selected(); !strings.Contains(got, "pump-7") {
		t.Errorf("the list is at %q", got)
	}
}

func TestPublish(t *testing.T) {
	o := &outside{}
	f := many()
	d := newDriver(t, f, 80, 30, theme.Options{}, o.options)
	d.keys("G", "P", "ctrl+u", "enter")
	d.has("give a topic")
	d.typeText("a/+").keys("enter")
	d.has("a Topic Name has no wildcards")
	d.keys("ctrl+u").typeText("lamp/set").keys("tab").typeText("on").keys("tab", "2", "tab", "y", "tab").typeText("text/plain")
	d.keys("tab", "tab", "tab").typeText("x").keys("enter")
	d.has("give seconds, or nothing")
	d.keys("backspace").typeText("60").keys("tab").typeText("a=b; c=d=e").keys("enter")
	if len(o.messages) != 1 {
		t.Fatalf("published %v", o.messages)
	}
	m := o.messages[0]
	if m.Topic != "lamp/set" || m.Payload != "on" || m.QoS != 2 || !m.Retain || m.ContentType != "text/plain" || *m.Expiry != 60 ||
		!slices.Equal(m.User, [][2]string{{"a", "b"}, {"c", "d=e"}}) {
		t.Errorf("published %+v", m)
	}
	r := delivery(100_000, 2, decode.FromClient, "mqttwatch-1", "lamp/set", 3, 10*time.Second)
	f.base.Rows = append(f.base.Rows, r)
	d.tick(time.Second)
	d.has("lamp/set", "PUBREC?", "broker")
	d.keys("P")
	d.has("lamp/set") // the form as it was
}

// TestPublishToOneOfSeveral chooses the broker, and goes to the handshake with that one, whatever the other sees.
func TestPublishToOneOfSeveral(t *testing.T) {
	o := &outside{}
	f := many()
	d := newDriver(t, f, 80, 30, theme.Options{}, o.options, func(opt *tui.Options) {
		opt.Brokers = []tui.Broker{{Name: "mqtt://a.local", Server: "a.local"}, {Name: "mqtt://b.local", Server: "b.local"}}
	})
	d.keys("P").has("broker            [mqtt://a.local] mqtt://b.local")
	d.keys("right", "tab", "ctrl+u").typeText("lamp/set").keys("enter")
	if len(o.messages) != 1 || o.messages[0].Broker != 1 || o.messages[0].Topic != "lamp/set" {
		t.Fatalf("published %+v", o.messages)
	}
	other := delivery(100_000, 2, decode.FromClient, "mqttwatch-1", "lamp/set", 3, 10*time.Second)
	other.Server = "a.local"
	f.base.Rows = append(f.base.Rows, other)
	d.tick(time.Second)
	d.hasNot("PUBREC? ")
	mine := delivery(100_001, 2, decode.FromClient, "mqttwatch-1", "lamp/set", 9, 10*time.Second)
	mine.Server = "b.local"
	f.base.Rows = append(f.base.Rows, mine)
	d.tick(time.Second)
	d.has("id 9", "PUBREC?", "b.local")
	// The next form begins with the broker of what is under the cursor.
	fresh := newDriver(t, f, 80, 30, theme.Options{}, o.options, func(opt *tui.Options) {
		opt.Brokers = []tui.Broker{{Name: "mqtt://a.local", Server: "a.local"}, {Name: "mqtt://b.local", Server: "b.local"}}
	})
	fresh.keys("G", "P").has("mqtt://a.local [mqtt://b.local]")
}

// sorter is a fake that sorts.
type sorter struct {
	*fake
	calls int
}

func (s *sorter) Order(f *filter.Filter, key watch.SortKey, reverse bool, progress func(float64) bool) *watch.Order {
	s.calls++
	if !progress(0.5) {
		return nil
	}
	var ids []uint64
	for _, r := range s.chosen(watch.Query{Filter: f}) {
		ids = append(ids, r.ID)
	}
	if reverse || key != watch.ByTime {
		slices.Reverse(ids)
	}
	return watch.OrderOf(ids)
}

func (s *sorter) Snapshot(q watch.Query) *watch.Snapshot {
	if q.Order == nil {
		return s.fake.Snapshot(q)
	}
	sorted := *s.fake
	sorted.base.Rows = nil
	for _, id := range q.Order.IDs() {
		sorted.base.Rows = append(sorted.base.Rows, s.base.Rows[id-1])
	}
	return sorted.Snapshot(q)
}

func TestSorting(t *testing.T) {
	f := numbered(100)
	s := &sorter{fake: f}
	d := newDriver(t, f, 100, 30, theme.Options{}, func(o *tui.Options) { o.Backend = s })
	d.keys("z")
	d.has("by time reversed")
	d.cursorOn("row-100")
	d.keys("j", "j").cursorOn("row-98")
	d.keys("A")
	d.has("the newest are on top")
	d.keys("z")
	d.tick(time.Second)
	d.hasNot("reversed")
	d.keys(">")
	d.has("by client")
	before := s.calls
	d.tick(time.Second)
	d.tick(5 * time.Second)
	if s.calls == before {
		t.Error("the order is not worked out again while rows may come")
	}
	d.keys("[")
	d.tick(time.Second)
	d.hasNot("by client")
}

// TestFilterOfSorted filters a sorted list when nothing comes any more: its order is worked out anew all the same.
func TestFilterOfSorted(t *testing.T) {
	f := numbered(100)
	f.match = chooseTopic
	f.base.Sources[0].State = "ended"
	d := newDriver(t, f, 100, 30, theme.Options{}, func(o *tui.Options) { o.Backend = &sorter{fake: f} })
	d.keys("z").cursorOn("row-100")
	d.keys("/").typeText("row-4").keys("enter")
	d.keys("p").has("the list is being sorted").hasNot("FROZEN")
	d.tick(time.Second)
	d.has("row-49 ", "row-4 ", "/11").hasNot("row-100")
	d.keys("p").has("FROZEN")
	d.keys("p", "esc")
	d.tick(time.Second)
	d.keys("g").has("row-100", "/100")
}

func TestCannotSort(t *testing.T) {
	d := small(t, numbered(10))
	d.keys(">")
	d.has("this source cannot be sorted")
}

func TestSettings(t *testing.T) {
	o := &outside{}
	d := newDriver(t, many(), 100, 30, theme.Options{Color: true}, o.options, func(opt *tui.Options) {
		opt.Settings = map[string]string{"times": "first", "compact": "on"}
	})
	d.keys("o")
	d.has("times in ladders", "first", "ladders in few words")
	d.keys("j", "right")
	for i, r := range d.frame() {
		if r > 0x7e {
			t.Fatalf("%q at %d is not ASCII after the symbols were set to ASCII", r, i)
		}
	}
	d.keys("ctrl+s")
	if want := []string{" ascii true"}; !slices.Equal(o.saved, want) {
		t.Errorf("saved %q, want what was changed: %q", o.saved, want)
	}
	d.keys("ctrl+s").has("nothing was changed")
	d.keys("j", "j", "right", "left", "left", "ctrl+s")
	if want := []string{" ascii true", "screen times clock"}; !slices.Equal(o.saved, want) {
		t.Errorf("saved %q, want %q", o.saved, want)
	}
}

func TestSaveFails(t *testing.T) {
	d := newDriver(t, many(), 100, 30, theme.Options{}, func(o *tui.Options) {
		o.Save = func(string, string, any) error { return errors.New("read-only\x1b[2J") }
	})
	d.keys("t", "ctrl+s")
	d.has(`not saved: read-only\x1b[2J`)
}

// TestDeleteFails keeps a filter in the list that is still in the file.
func TestDeleteFails(t *testing.T) {
	d := newDriver(t, many(), 100, 30, theme.Options{}, func(o *tui.Options) {
		o.Filters = map[string]map[string]string{"filters": {"stuck ones": "state:stuck"}}
		o.Save = func(string, string, any) error { return errors.New("read-only") }
	})
	d.keys("F", "delete").has("not deleted: read-only", "stuck ones")
}

func TestScrollAside(t *testing.T) {
	f := &fake{base: live(9200*ms, delivery(1, 1, decode.FromClient, "c", "one/very/long/topic/that/does/not/fit/into/the/column/at/all/and/ends/here", 1, 0, 9*ms))}
	d := small(t, f)
	d.hasNot("does/not")
	d.keys("L", "L")
	d.has("‹")
	d.keys("H", "H")
	d.hasNot("‹")
	d.keys("H")
	d.has("the texts begin here")
}

func TestFilterProgress(t *testing.T) {
	f := many()
	f.base.Filtered = 0.37
	d := newDriver(t, f, 120, 30, theme.Options{})
	d.keys("/").typeText("qos:2").keys("enter")
	d.has("filtering 37 %")
}

// equalAlerts are 12 overdue PUBACK packets of one client, and 5 clients with the same alert.
func equalAlerts() *fake {
	f := many()
	for i := range 12 {
		f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: uint64(100 + i), Name: "puback-overdue", Severity: handshake.Warn, Raised: at(time.Duration(i) * 100 * ms),
			Lasting: true, Count: 1, Handshake: uint64(10001 + i), Client: "display-3", Text: fmt.Sprintf("subscriber display-3 has owed PUBACK for 9.1s: id %d", i+1)})
	}
	for i := range 5 {
		f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: uint64(200 + i), Name: "client-vanished", Severity: handshake.Warn, Raised: at(time.Second), Last: at(time.Second),
			Count: 2, Client: fmt.Sprint("sensor-", i), Text: fmt.Sprintf("sensor-%d is gone without DISCONNECT", i)})
	}
	f.base.Stuck.Warn += 12
	return f
}

// TestEqualAlertsShareALine folds, unfolds, searches and acknowledges equal alerts.
func TestEqualAlertsShareALine(t *testing.T) {
	f := equalAlerts()
	d := newDriver(t, f, 118, 40, theme.Options{})
	d.keys("5").has("▸ 12 × subscriber display-3 has owed PUBACK", "▸ 10 × on 5 clients: sensor-0 is gone").hasNot("PUBACK for 9.1s: id 2", "sensor-1 is gone")
	d.keys("j").has("The first of 12 equal alerts: Enter shows them.", "Enter unfold")
	d.keys("enter").has("▾ 12 ×", "  subscriber display-3 has owed PUBACK for 9.1s: id 12", "Enter fold")
	if line := d.selected(); !strings.Contains(line, "▾ 12 ×") {
		t.Errorf("the cursor is on %q", line)
	}
	// A member opens its ladder; back from there, left goes to the line of all and closes it.
	d.keys("j", "j", "enter").has("Esc back")
	d.keys("esc", "left").has("▸ 12 ×").hasNot("9.1s: id 12")
	if line := d.selected(); !strings.Contains(line, "▸ 12 ×") {
		t.Errorf("the cursor is on %q", line)
	}
	// What comes later joins the line, and the cursor stays on it.
	f.base.Alerts = append(f.base.Alerts, watch.Alert{ID: 300, Name: "puback-overdue", Severity: handshake.Warn, Raised: at(-time.Minute), Lasting: true, Handshake: 10013,
		Client: "display-3", Text: "subscriber display-3 has owed PUBACK for 69.1s: id 13"})
	d.tick(time.Second)
	if line := d.selected(); !strings.Contains(line, "▸ 13 ×") || !strings.Contains(line, "id 13") {
		t.Errorf("the cursor is on %q", line)
	}
	// A search finds what is folded.
	d.keys("g", "/").typeText("sensor-3").keys("enter")
	if line := d.selected(); !strings.Contains(line, "on 5 clients") {
		t.Errorf("the search goes to %q", line)
	}
	d.keys("esc", "right").has("▾ 10 × on 5 clients", "sensor-0 is gone")
	d.keys("left", "g", "j", "space").has("13 acknowledged; u takes it back", "▲ 14 stuck · 10 alerts", "seen ")
	d.keys("u").hasNot("seen ").has("▸ 13 ×", "▲ 14 stuck")
}

// TestDifferentAlertsStandAlone has two alerts of one name and client that say different things.
func TestDifferentAlertsStandAlone(t *testing.T) {
	f := many()
	f.base.Alerts = []watch.Alert{
		{ID: 1, Name: "delivery-incomplete", Sort: "sent", Severity: handshake.Warn, Raised: at(0), Lasting: true, Client: "holder", Text: "message 2 is forwarded to holder but not acknowledged"},
		{ID: 2, Name: "delivery-incomplete", Sort: "queued", Severity: handshake.Warn, Raised: at(ms), Lasting: true, Client: "holder", Text: "message 5 to holder is queued in the broker"},
	}
	d := newDriver(t, f, 118, 40, theme.Options{})
	d.has("! message 2 is forwarded", "! message 5 to holder is queued") // the strip
	d.keys("5").has("message 2 is forwarded", "message 5 to holder is queued").hasNot("2 ×")
}

// TestEndedUnanswered has alerts that are over without what was missing: no tick says that all is well.
func TestEndedUnanswered(t *testing.T) {
	f := many()
	f.base.Alerts = []watch.Alert{
		{ID: 1, Name: "pingresp-overdue", Severity: handshake.Critical, Raised: at(0), Cleared: at(900 * ms), Outcome: handshake.Unmet, Lasting: true, Client: "hsub", Text: "broker owed PINGRESP to hsub for 5.9s, unanswered"},
		{ID: 2, Name: "connack-overdue", Severity: handshake.Warn, Raised: at(0), Cleared: at(900 * ms), Lasting: true, Client: "late", Text: "broker owed CONNACK to late for 7.0s"},
	}
	d := newDriver(t, f, 118, 40, theme.Options{})
	d.keys("5").has("· ended", "✓ cleared").hasNot("✓ ended")
}

// TestCausesOfWhoOwes begins with what is wrong with brokers where the broker owes.
func TestCausesOfWhoOwes(t *testing.T) {
	first := func(by decode.Direction) (string, string) {
		f := many()
		f.base.Alerts = []watch.Alert{{ID: 1, Name: "puback-overdue", Severity: handshake.Warn, Raised: at(0), Lasting: true, By: by, Text: "PUBACK is owed"}}
		d := newDriver(t, f, 118, 40, theme.Options{})
		screen := strings.Join(d.keys("5").screen(), "\n")
		sheet := strings.Join(d.keys("i").screen(), "\n")
		return before(screen, "A broker that is overloaded", "A subscriber whose"), before(sheet, "A broker that is overloaded", "A subscriber whose")
	}
	if screen, sheet := first(decode.FromServer); screen != "A broker that is overloaded" || sheet != screen {
		t.Errorf("where the broker owes, first is %q, and %q in full", screen, sheet)
	}
	if screen, sheet := first(decode.FromClient); screen != "A subscriber whose" || sheet != screen {
		t.Errorf("where the client owes, first is %q, and %q in full", screen, sheet)
	}
}

// before returns which of two texts stands first.
func before(text, a, b string) string {
	i, j := strings.Index(text, a), strings.Index(text, b)
	if i >= 0 && (j < 0 || i < j) {
		return a
	}
	return b
}

// TestForAsInText counts from when the packet is owed, as the text does, not from when that was too long.
func TestForAsInText(t *testing.T) {
	f := many()
	f.base.Alerts = []watch.Alert{{ID: 1, Name: "pubrel-overdue", Severity: handshake.Critical, Raised: f.base.Now - 10_400_000_000, Began: f.base.Now - 15_400_000_000,
		Lasting: true, Client: "gw", Text: "publisher gw has owed PUBREL for 15.4s: id 1"}}
	d := newDriver(t, f, 118, 40, theme.Options{})
	d.keys("5").has("15.4s pubrel-overdue").hasNot("10.4s")
}

// TestColumnsAsAtFirst saves columns that nobody changed: they are taken out of the file, not written into it.
func TestColumnsAsAtFirst(t *testing.T) {
	o := &outside{}
	d := newDriver(t, many(), 100, 30, theme.Options{}, o.options)
	d.keys("t", "ctrl+s")
	if want := []string{"screen columns <nil>"}; !slices.Equal(o.saved, want) {
		t.Errorf("saved %q, want %q", o.saved, want)
	}
}
