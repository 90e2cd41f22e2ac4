package tui_test

import (
	"math/rand"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// TestRandomKeys presses keys at random while rows come and go and the window changes its size: every frame must be
// whole, and nothing may panic.
func TestRandomKeys(t *testing.T) {
	keys := []string{
		"1", "2", "3", "4", "5", "6", "7", ".", "h", "enter", "esc", "tab", "j", "k", "down", "up", "pgup", "pgdown", "ctrl+d", "ctrl+u", "g", "G", "home", "end", "e", "E", "/", "!", "A",
		"+", "-", "=", "r", "d", "\\", "p", "y", "%", "ctrl+l", "?", "f1", "0", "2", "9", "a", "(", ":", "backspace", "left", "delete", "x", " ", "right", "ctrl+s", "ctrl+p",
		"[", "]", "H", "L", "n", "N", "f", "F", "<", ">", "z", "t", "v", "u", "S", "s", "c", "w", "i", "l", "o", "P",
	}
	sizes := append([][2]int{{40, 10}, {1, 1}, {79, 20}, {119, 19}}, sizes...)
	for seed := range int64(3) {
		rnd := rand.New(rand.NewSource(seed))
		f := surveyOf(-1)
		f.match = func(text string, r *watch.Row) bool { return len(text)%3 != 0 || r.ID%2 == 0 }
		size := sizes[rnd.Intn(len(sizes))]
		d := newDriver(t, f, size[0], size[1], theme.Options{Color: true})
		var pressed []string
		for range 400 {
			key := keys[rnd.Intn(len(keys))]
			pressed = append(pressed, key)
			switch rnd.Intn(12) {
			case 0:
				size = sizes[rnd.Intn(len(sizes))]
				d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			case 1:
				f.base.Rows = append(f.base.Rows, manyRows(rnd.Intn(30))...)
				for i := range f.base.Rows {
					f.base.Rows[i].ID = uint64(i+1) + f.base.Counts.Evicted
				}
				d.tick(time.Second)
			case 2:
				f.evict(rnd.Intn(len(f.base.Rows) + 1))
				d.tick(time.Second)
			case 3:
				f.base.Alerts = f.base.Alerts[:rnd.Intn(len(f.base.Alerts)+1)]
				d.tick(time.Second)
			case 4:
				d.send(tea.MouseClickMsg{X: rnd.Intn(size[0]), Y: rnd.Intn(size[1]), Button: tea.MouseLeft})
			case 5:
				d.send(tea.MouseWheelMsg{X: rnd.Intn(size[0]), Y: rnd.Intn(size[1]), Button: tea.MouseWheelUp})
			}
			d.keys(key)
			checkFrame(t, d.frame(), size[0], size[1])
			if t.Failed() {
				t.Fatalf("seed %d at %v after %q", seed, size, pressed)
			}
		}
	}
}
