package tui_test

import (
	"fmt"
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

// A scene is a state of the screen: what the Backend holds, and the keys that lead there.
type scene struct {
	name string
	back func() *fake
	keys []string
}

// oneLadder is a scene of one handshake, opened.
func oneLadder(name string, l *watch.Ladder) scene {
	return scene{name, func() *fake {
		f := &fake{base: live(9200*ms, l.Row), ladders: map[uint64]*watch.Ladder{l.ID: l}}
		if l.State.Open() {
			f.base.Stuck.Warn = 1
		}
		return f
	}, []string{"enter"}}
}

func scenes() []scene {
	plain := func(s watch.Snapshot) func() *fake { return func() *fake { return &fake{base: s} } }
	return []scene{
		{"starting", plain(watch.Snapshot{Sources: []decode.SourceStats{{Name: "eth0", State: "starting"}}}), nil},
		{"empty", plain(emptyOf("ended", nil, 0)), nil},
		{"empty_tls", plain(emptyOf("live", map[string]uint64{"TLS": 12, "HTTP": 3}, 0)), nil},
		{"empty_qos0", plain(emptyOf("live", nil, 1234)), nil},
		{"one", plain(live(9200*ms, waitingRow())), nil},
		{"many", many, nil},
		{"many_up", many, []string{"k", "k", "k", "k"}},
		{"many_details", many, []string{"d", "k", "k", "k"}},
		{"problems_none", func() *fake {
			f := many()
			f.match = func(string, *watch.Row) bool { return false }
			return f
		}, []string{"/", "i", "d", ":", "9", "9", "enter"}},
		{"failed", func() *fake {
			f := many()
			f.base.Sources = append(f.base.Sources, decode.SourceStats{
				Name: "mqtt://broker:1883", State: "retrying", Err: "connection refused, again in 4 s"})
			f.base.Sources[0].KernelDrops = 12
			return f
		}, nil},
		oneLadder("ladder_complete", completeLadder(17)),
		oneLadder("ladder_stuck", stuckLadder(18)),
		oneLadder("ladder_late", lateLadder(24)),
		oneLadder("ladder_resumed", resumedLadder(25)),
		oneLadder("ladder_gap", gapLadder(22)),
		oneLadder("ladder_critical", criticalLadder(26)),
		{"alerts", many, []string{"5"}},
		{"alerts_equal", equalAlerts, []string{"5", "j", "enter", "j"}},
		{"alerts_none", plain(live(9200*ms, completeRow())), []string{"5"}},
		{"help", many, []string{"?"}},
		{"bytes", func() *fake {
			return &fake{base: live(9200*ms, completeRow()), ladders: map[uint64]*watch.Ladder{17: completeLadder(17)}}
		}, []string{"enter", "g", "enter", "j", "j", "j"}},
		{"cleared", func() *fake {
			f := many()
			f.match = func(_ string, r *watch.Row) bool { return r.State.Open() }
			return f
		}, []string{"C"}},
		{"filter_mistake", many, []string{"/", "q", "o", "s", ":", "9"}},
		{"filter_typed", many, []string{"/", "q", "o", "s", ":", "2"}},
		{"frozen", many, []string{"p"}},
		{"wide_text", func() *fake {
			return &fake{base: live(9200*ms, delivery(1, handshake.QoS2, decode.FromClient, "水泵-一號機-北側", "工場/水泵/設定/溫度感測器/目標值", 7, 0, 3*ms),
				delivery(2, handshake.QoS1, decode.FromServer, "Ünïcödé", "e\u0301te\u0301/\u202egnp.exe", 8, 2*time.Second))}
		}, nil},
	}
}

func emptyOf(state string, other map[string]uint64, qos0 uint64) watch.Snapshot {
	s := live(9200 * ms)
	s.Counts = watch.Counts{Keep: 100_000}
	s.Sources[0].State, s.Sources[0].Other, s.Sources[0].Connections = state, other, 0
	if qos0 > 0 {
		s.Counts.Packets[decode.PUBLISH], s.Counts.Publish[0], s.Counts.Connections = qos0, qos0, 2
	}
	return s
}

var sizes = [][2]int{{60, 15}, {80, 24}, {120, 40}, {160, 45}, {200, 60}}

// TestScreens draws every scene in every size and compares it with its golden file.
func TestScreens(t *testing.T) {
	for _, sc := range append(scenes(), surveyScenes()...) {
		for _, size := range sizes {
			name := fmt.Sprintf("%s_%dx%d", sc.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := newDriver(t, sc.back(), size[0], size[1], theme.Options{Color: true})
				d.keys(sc.keys...)
				checkFrame(t, d.frame(), size[0], size[1])
				golden(t, name, d.frame())
			})
		}
	}
}

// TestVariants draws the main states in ASCII, and with their styles.
func TestVariants(t *testing.T) {
	for _, sc := range append(scenes(), surveyScenes()...) {
		switch sc.name {
		case "sessions_many", "topics_many", "statistics_many", "packets_many", "many", "ladder_resumed", "ladder_gap", "ladder_critical", "alerts", "help", "bytes":
		default:
			continue
		}
		t.Run(sc.name+"_ascii", func(t *testing.T) {
			d := newDriver(t, sc.back(), 100, 30, theme.Options{ASCII: true})
			d.keys(sc.keys...)
			checkFrame(t, d.frame(), 100, 30)
			for i, r := range d.frame() {
				if r > 0x7e {
					t.Fatalf("%q at %d is not ASCII", r, i)
				}
			}
			golden(t, sc.name+"_ascii_100x30", d.frame())
		})
		for _, variant := range []struct {
			name string
			opt  theme.Options
		}{{"dark", theme.Options{Color: true}}, {"mono", theme.Options{Color: false}}} {
			t.Run(sc.name+"_"+variant.name, func(t *testing.T) {
				d := newDriver(t, sc.back(), 80, 24, variant.opt)
				d.keys(sc.keys...)
				goldenText(t, sc.name+"_"+variant.name+"_80x24", strings.ReplaceAll(d.frame(), "\x1b", "^[")+"\n")
			})
		}
	}
}

// TestLooksAreSameText checks that colours carry nothing that the text does not: without them the same text is shown.
func TestLooksAreSameText(t *testing.T) {
	for _, sc := range append(scenes(), surveyScenes()...) {
		plain := newDriver(t, sc.back(), 100, 30, theme.Options{})
		plain.keys(sc.keys...)
		for _, name := range theme.Names() {
			d := newDriver(t, sc.back(), 100, 30, theme.Options{Name: name, Color: true})
			d.keys(sc.keys...)
			if got, want := ansi.Strip(d.frame()), ansi.Strip(plain.frame()); got != want {
				t.Errorf("%s in %s shows other text than without colour", sc.name, name)
			}
		}
	}
}

func BenchmarkView(b *testing.B) {
	for _, bc := range []struct {
		name string
		keys []string
	}{{"list and ladder", nil}, {"ladder and bytes", []string{"enter"}}, {"alerts", []string{"5"}},
		{"sessions", []string{"3"}}, {"topics", []string{"4"}}, {"statistics", []string{"6"}}, {"packets", []string{"7"}}} {
		b.Run(bc.name, func(b *testing.B) {
			d := newDriver(b, surveyOf(-1), 160, 45, theme.Options{Color: true})
			d.keys(bc.keys...)
			b.ReportAllocs()
			for b.Loop() {
				tui.Dirty(d.m)
				d.m.View()
			}
		})
	}
}
