package tui_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fake is a Backend that holds literal rows and windows them as the engine does.
type fake struct {
	base    watch.Snapshot // Rows are all there are; Total, Matched and First are worked out
	ladders map[uint64]*watch.Ladder
	// match stands in for the filter; nil chooses all.
	match   func(text string, r *watch.Row) bool
	queries []watch.Query
	whole   *watch.DeliveryLadder // answers for its ID, and for its handshakes
	toggled map[uint64]bool       // topics, in the last query for them
	raw     []byte                // of every packet in the list of packets
}

func (f *fake) Snapshot(q watch.Query) *watch.Snapshot {
	f.queries = append(f.queries, q)
	s := f.base
	s.Total = len(f.base.Rows)
	rows := f.chosen(q)
	s.Matched = len(rows)
	first := min(max(q.First, 0), len(rows))
	if q.Follow {
		first = max(0, len(rows)-q.Limit)
	} else if q.Around != 0 {
		for i := range rows {
			if rows[i].ID == q.Around {
				first = max(0, i-q.AroundRow)
			}
		}
	}
	s.First = first
	s.Rows = append([]watch.Row(nil), rows[first:min(first+q.Limit, len(rows))]...)
	s.Ladder = f.ladders[q.Ladder]
	if s.Ladder == nil && q.Ladder != 0 {
		for i := range f.base.Rows {
			if f.base.Rows[i].ID == q.Ladder {
				s.Ladder = &watch.Ladder{Row: f.base.Rows[i]}
			}
		}
	}
	s.Alerts = append([]watch.Alert(nil), f.base.Alerts[:min(q.AlertLimit, len(f.base.Alerts))]...)
	if !q.Expectations {
		s.Expectations = nil
	}
	f.survey(&s, &q)
	return &s
}

func (f *fake) chosen(q watch.Query) []watch.Row {
	if q.Filter == nil || f.match == nil {
		return f.base.Rows
	}
	var out []watch.Row
	for i := range f.base.Rows {
		if f.match(q.Filter.String(), &f.base.Rows[i]) {
			out = append(out, f.base.Rows[i])
		}
	}
	return out
}

// driver runs a Model without a terminal: it gives it messages and runs the commands it answers with.
type driver struct {
	t    testing.TB
	m    *tui.Model
	back *fake
	now  time.Time
	quit bool
	clip string
}

func newDriver(t testing.TB, back *fake, width, height int, th theme.Options, change ...func(*tui.Options)) *driver {
	t.Helper()
	look, err := theme.New(th)
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{t: t, back: back, now: start.Std()}
	opt := tui.Options{
		Backend: back, Theme: look, Title: "replay plant.pcap", Location: time.UTC, Interval: 1,
		Now: func() time.Time { return d.now },
	}
	for _, f := range change {
		f(&opt)
	}
	d.m = tui.New(opt)
	d.run(d.m.Init())
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	return d
}

func (d *driver) send(msg tea.Msg) {
	_, cmd := d.m.Update(msg)
	d.m.View() // as Bubble Tea does after every message
	d.run(cmd)
}

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case tea.QuitMsg:
		d.quit = true
	default:
		if kind := strings.ToLower(typeName(msg)); strings.Contains(kind, "clipboard") {
			d.clip = text(msg)
			return
		}
		if !tui.IsTick(msg) {
			d.send(msg)
		}
	}
}

// tick lets time pass: the clock of messages, and a fetch.
func (d *driver) tick(by time.Duration) {
	d.now = d.now.Add(by)
	d.send(tui.Tick(d.now))
}

// keys presses keys, named as tea names them, or as they are typed.
func (d *driver) keys(names ...string) *driver {
	for _, n := range names {
		d.send(keyPress(n))
	}
	return d
}

// typeText presses a key for each character.
func (d *driver) typeText(s string) *driver {
	for _, r := range s {
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return d
}

func keyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "f1": tea.KeyF1,
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(rest[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// frame returns the screen with its escape sequences.
func (d *driver) frame() string { return d.m.View().Content }

// screen returns the text of the screen, line by line.
func (d *driver) screen() []string { return strings.Split(ansi.Strip(d.frame()), "\n") }

// has fails the test unless the screen holds each of the texts.
func (d *driver) has(texts ...string) *driver {
	d.t.Helper()
	all := strings.Join(d.screen(), "\n")
	for _, s := range texts {
		if !strings.Contains(all, s) {
			d.t.Errorf("the screen does not hold %q:\n%s", s, all)
		}
	}
	return d
}

// hasNot fails the test if the screen holds any of the texts.
func (d *driver) hasNot(texts ...string) *driver {
	d.t.Helper()
	all := strings.Join(d.screen(), "\n")
	for _, s := range texts {
		if strings.Contains(all, s) {
			d.t.Errorf("the screen holds %q:\n%s", s, all)
		}
	}
	return d
}

// selected returns the text in reverse video.
func (d *driver) selected() string {
	var out []string
	for _, l := range strings.Split(d.frame(), "\n") {
		if _, rest, ok := strings.Cut(l, "\x1b[7m"); ok {
			text, _, _ := strings.Cut(rest, "\x1b")
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n")
}

// checkFrame fails the test unless the frame is exactly width by height cells, without control characters beside
// styles.
func checkFrame(t testing.TB, frame string, width, height int) {
	t.Helper()
	lines := strings.Split(frame, "\n")
	if len(lines) != height {
		t.Errorf("the frame has %d lines, not %d", len(lines), height)
	}
	for i, l := range lines {
		plain := ansi.Strip(l)
		if w, wc := ansi.StringWidth(l), ansi.StringWidthWc(l); w != width || wc != width {
			t.Errorf("line %d is %d cells wide (%d by wcwidth), not %d: %q", i, w, wc, width, plain)
		}
		for _, r := range plain {
			if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("line %d holds %U: %q", i, r, plain)
			}
		}
	}
}

// golden compares the text of a screen with testdata/name.golden.
func golden(t *testing.T, name, frame string) {
	t.Helper()
	lines := strings.Split(ansi.Strip(frame), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	goldenText(t, name, strings.Join(lines, "\n")+"\n")
}

func goldenText(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (run with -update to write it anew).\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}
