package tui_test

import (
	"fmt"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
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
		{"alerts_none", plain(live(9200*ms, completeRow())), []string{"5"}},
		{"help", many, []string{"?"}},
		{"bytes", func() *fake {
			return &fake{base: live(9200*ms, completeRow()), ladders: map[uint64]*watch.Ladder{17: completeLadder(17)}}
		}, []string{"enter", "g", "enter", "j", "j", "j"}},
		{"frozen", many, []string{"p"}},
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
	for _, sc := range scenes() {
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
