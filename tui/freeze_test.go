package tui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

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
	d.keys("g").has("frozen: rows ", " to 5,000 only")
	if got := d.selected(); !strings.Contains(got, "row-") {
		t.Errorf("at the top of what is frozen the selection is %q", got)
	}
	for _, l := range d.screen()[3:22] {
		if !strings.Contains(l, "row-") {
			t.Errorf("a line without its row: %q", l)
		}
	}
}

// TestFrozenRowsStay tries to filter and to sort what is frozen: it is refused, and the header says nothing of it, then or later.
func TestFrozenRowsStay(t *testing.T) {
	for _, screen := range []string{"1", "2", "3", "4", "7"} {
		d := newDriver(t, surveyAndDeliveries(), 160, 40, theme.Options{})
		before := strings.Join(d.keys(screen, "p").screen()[1:], "\n")
		d.hasNot("/ filter", "! problems")
		for _, key := range []string{"/", "!", "f", "F", ">", "<", "z"} {
			d.keys(key).has("the view is frozen: p goes on")
			d.keys("esc") // takes the words away
			if after := strings.Join(d.screen()[1:], "\n"); after != before {
				t.Errorf("screen %s: %s changed what is frozen:\n%s", screen, key, after)
			}
		}
		d.keys("p")
		d.tick(time.Second)
		if tabs := d.screen()[1]; strings.Contains(tabs, "problems") || strings.Contains(tabs, "filter") || strings.Contains(tabs, " by ") {
			t.Errorf("screen %s: what was refused is done later: %q", screen, tabs)
		}
	}
}

// TestFrozenKeepsItsFilter freezes a filtered list: the filter stays, whatever would take it away.
func TestFrozenKeepsItsFilter(t *testing.T) {
	f := surveyAndDeliveries()
	f.match = chooseTopic
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("/").typeText("cmd").keys("enter", "p")
	d.keys("esc").has("the view is frozen: p goes on", "filter: cmd")
	d.keys("[").has("the view is frozen: p goes on", "filter: cmd")
	d.keys("3", "enter").has("the view is frozen: p goes on, then its handshakes are shown")
	d.keys("1").has("filter: cmd")
	d.keys("p")
	d.tick(time.Second)
	d.keys("esc").hasNot("filter: cmd")
}

// TestBackWhileFrozen freezes the handshakes of a topic: one goes back, and they stay what they are.
func TestBackWhileFrozen(t *testing.T) {
	d := newDriver(t, surveyAndDeliveries(), 160, 40, theme.Options{})
	d.keys("3", "g", "enter").has("filter: client")
	d.keys("p", "esc").has("FROZEN", "KEEP").hasNot("filter: client")
	d.keys("1").has("filter: client")
}

// TestGoingAboutWhileFrozen goes to the handshake of an alert, and to views before and after: screens and cursors come back, rows stay.
func TestGoingAboutWhileFrozen(t *testing.T) {
	d := newDriver(t, many(), 160, 40, theme.Options{})
	d.keys("g", "p", "5", "l").cursorOn("cmd/pump-7/set")
	d.keys("[").has("5 Alerts").hasNot("CLIENT ")
	d.keys("]").cursorOn("cmd/pump-7/set")
	d.keys("p")
	d.tick(time.Second)
	d.cursorOn("cmd/pump-7/set")
}

// TestFreezeWhileSorting does not freeze rows that are not yet in the order which the header names.
func TestFreezeWhileSorting(t *testing.T) {
	f := numbered(100)
	d := newDriver(t, f, 100, 30, theme.Options{}, func(o *tui.Options) { o.Backend = &sorter{fake: f} })
	_, pending := d.m.Update(keyPress("z"))
	d.keys("p").has("the list is being sorted").hasNot("FROZEN")
	d.run(pending)
	d.keys("p").has("FROZEN", "by time reversed")
	d.cursorOn("row-100")
}

// TestFrozenInTheMiddle freezes far from both ends of a long list, and says which rows it has where one comes to an end of them.
func TestFrozenInTheMiddle(t *testing.T) {
	d := small(t, numbered(9000))
	d.keys("g").keys("0", "5", "0", "0", "0", "G", "p")
	d.keys("g").has("frozen: rows 3,", "only")
	d.keys("down").hasNot("frozen: rows")
	d.keys("pgup").has("frozen: rows 3,", "only")
	d.keys("G").has("frozen: rows 3,", "only", "FROZEN")
	d.keys("0", "7", "G").has("frozen: rows 3,", "only")
	d.keys("p")
	d.tick(time.Second)
	d.keys("g").hasNot("frozen: rows").cursorOn("row-1")
}

// TestFrozenEndsOfAll has all rows of the list: its ends are no more than that.
func TestFrozenEndsOfAll(t *testing.T) {
	d := small(t, numbered(100))
	d.keys("p", "g").hasNot("frozen: rows").cursorOn("row-1")
	d.keys("pgup", "G", "down").hasNot("frozen: rows").cursorOn("row-100")
}

// TestFrozenLadderIsOfThen goes to a handshake that was answered after the freeze, on a session that has sent since.
func TestFrozenLadderIsOfThen(t *testing.T) {
	f := many()
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("g", "p")
	d.tick(time.Second)
	now := f.base.Now
	for id, l := range f.ladders {
		later := *l
		answer := handshake.Step{Time: now + 1, Type: decode.PUBACK, Dir: decode.FromClient}
		later.Steps = append(slices.Clone(l.Steps), answer)
		later.Packets = append(slices.Clone(l.Packets), watch.Raw{Bytes: []byte{0x40, 2, 0, 4}, Length: 4})
		later.State, later.Owes = handshake.Complete, watch.Owed{}
		later.Links = append(slices.Clone(l.Links), handshake.LinkEvent{Time: now + 1, Kind: handshake.LinkClosed})
		later.LastFromClient, later.LastFromServer = now+1, at(9*time.Second)
		f.ladders[id] = &later
	}
	f.base.Now = now.Add(5 * time.Second)
	d.keys("e").cursorOn("cmd/pump-2/set")
	d.keys("enter").has("PUBACK? 8.3s").hasNot("last sent", "PUBACK id 4", "closed")
	d.keys("p")
	d.tick(time.Second)
	d.has("client last sent 4.9s ago", "PUBACK id 4")
}

// TestFrozenSessionStillKnown goes to a handshake on whose session nothing came since the freeze: what is said of it is true of then.
func TestFrozenSessionStillKnown(t *testing.T) {
	f := many()
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("g", "p")
	f.base.Now = f.base.Now.Add(5 * time.Second)
	d.tick(time.Second)
	d.keys("e").cursorOn("cmd/pump-2/set")
	d.keys("enter").has("1 of 20 in flight, client last sent 3.2s ago, broker last sent 200ms ago")
}

// TestExportFrozen exports a list that goes on below what is frozen: what is written is the rows that the form counted.
func TestExportFrozen(t *testing.T) {
	o := &outside{}
	f := numbered(50)
	f.match = chooseTopic
	d := newDriver(t, f, 120, 40, theme.Options{}, o.options)
	d.keys("/").typeText("row-4").keys("enter", "p")
	f.add(450)
	d.tick(time.Second)
	d.keys("S").has("frozen rows, as they are now (11)").hasNot("filtered (", "all (")
	d.keys("enter")
	if want := []uint64{4, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49}; len(o.jobs) != 1 || !slices.Equal(o.jobs[0].IDs, want) || o.jobs[0].Filter != nil {
		t.Fatalf("jobs %+v", o.jobs)
	}
}

// TestExportFrozenTables does so with the other lists, and with one that a filter left empty: no rows are not all rows.
func TestExportFrozenTables(t *testing.T) {
	o := &outside{}
	d := newDriver(t, surveyAndDeliveries(), 120, 40, theme.Options{}, o.options)
	d.keys("3", "/").typeText("idle>30s").keys("enter", "p")
	for key, list := range map[string]tui.ExportList{"2": tui.ExportDeliveries, "3": tui.ExportSessions, "4": tui.ExportTopics, "7": tui.ExportPackets} {
		d.keys(key, "S").has("frozen rows, as they are now (").keys("enter")
		j := o.jobs[len(o.jobs)-1]
		if j.List != list || j.IDs == nil || !slices.IsSorted(j.IDs) || (len(j.IDs) == 0) != (key == "3") {
			t.Errorf("%s: job %+v", list, j)
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
	d.has("! file ends in the middle of a frame (eth0), and 1 more", "ended")
	d.keys("g", "e", "enter")
	d.has("the capture ends here")
}

// TestFrozenSaysWhatWaits freezes the view and goes to what was not on the screen before.
func TestFrozenSaysWhatWaits(t *testing.T) {
	d := small(t, surveyOf(-1))
	d.keys("p", "3").has("pump-7", "The view is frozen: p goes on, then more is said of the session.")
	d.keys("p")
	d.tick(time.Second)
	d.has("pump-7 at 10.0.0.1:1883").hasNot("The view is frozen")
}

// TestFrozenAlertTexts goes to another handshake while the view is frozen: what is said of its alert is what was true then.
func TestFrozenAlertTexts(t *testing.T) {
	f := many()
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("g", "p")
	d.tick(time.Second)
	later := map[uint64]*watch.Ladder{}
	for i := range f.base.Alerts {
		a := f.base.Alerts[i]
		a.Text = "said later of " + a.Client
		for _, r := range f.base.Rows {
			if r.ID == a.Handshake {
				later[r.ID] = &watch.Ladder{Row: r, Alerts: []watch.Alert{a, {ID: 999, Handshake: r.ID, Raised: f.base.Now + 1, Text: "raised later"}}}
			}
		}
	}
	f.ladders = later
	d.keys("e").cursorOn("cmd/pump-2/set")
	d.has("puback-overdue: subscriber pump-2 has owed").hasNot("said later", "raised later")
}

// TestFilesAreNamedShortly has many files: their names are not to push away what is said.
func TestFilesAreNamedShortly(t *testing.T) {
	for want, paths := range map[string][]string{
		"a.pcap b.pcap": {"/var/tmp/a.pcap", "x/b.pcap"}, "4 files": {"a", "b", "c", "d"}, "-": {"-"},
	} {
		if got := tui.FilesTitle(paths); got != want {
			t.Errorf("%q are called %q, not %q", paths, got, want)
		}
	}
	f := many()
	f.base.Sources[0].Kind, f.base.Sources[0].Name = "file", "/var/tmp/a.pcap, /var/tmp/b.pcap"
	f.base.Sources[0].Notes = []string{"file ends in the middle of a frame"}
	small(t, f).has("! file ends in the middle of a frame (a.pcap b.pcap)")
}

// TestNotesNameFilesShortly has remarks that begin with long paths: on 80 columns what they say is to be seen, and with I the whole.
func TestNotesNameFilesShortly(t *testing.T) {
	f := many()
	dir := "/var/spool/captures/of/a/gateway/that/is/far/away/"
	f.base.Sources[0].Kind, f.base.Sources[0].Name = "file", dir+"monday.pcap, "+dir+"tuesday.pcap"
	f.base.Sources[0].Notes = []string{dir + "monday.pcap is cut in the middle of a frame", "nothing was captured for 3h before " + dir + "tuesday.pcap begins"}
	d := small(t, f)
	d.has("! monday.pcap is cut in the middle of a frame").hasNot("/var/spool")
	d.has("and 1 more: I")
	d.keys("I").has(dir+"monday.pcap", dir+"tuesday.pcap", "nothing was captured for 3h before")
	f.base.Sources[0].Notes, f.base.Sources[0].State, f.base.Sources[0].Err = nil, "failed", dir+"x_1.pcapng is corrupt at byte 17"
	f.base.Sources[0].Name = dir + "x_*.pcapng"
	f.base.Sources[0].Notes = []string{f.base.Sources[0].Err} // the strip says it once
	small(t, f).has("failed: x_1.pcapng is corrupt at byte 17 (x_*.pcapng)").hasNot("/var/spool", "! x_1")
}
