package tui_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/theme"
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
		{[]string{"0", "2", "5", "0", "G"}, "row-250"},
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

func TestLadderTimes(t *testing.T) {
	d := small(t, &fake{base: live(9*time.Second, completeRow())})
	d.keys("enter")
	d.has("12:01:33.163    +31ms")
	d.keys("w")
	d.has("       +43ms    +31ms")
	d.hasNot("12:01:33.163")
	d.keys("w")
	d.has("       +31ms  ", "times: since the one before")
	d.hasNot("+43ms", "12:01:33.163")
	d.keys("w")
	d.has("12:01:33.163")
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
