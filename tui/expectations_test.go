package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// expecting is a screen with rules in each of their states.
func expecting() *fake {
	f := many()
	request := func(id uint64, state expect.State, topic string, begin time.Duration) expect.Expectation {
		return expect.Expectation{ID: id, Rule: "cmd/{id}/set -> stat/{id}/# within 1s", State: state, Topic: topic, Client: "app", ClientKnown: true, At: at(begin),
			Deadline: at(begin + time.Second), Latency: -1}
	}
	unanswered := request(4, expect.Unanswered, "cmd/pump-4/set", 2*time.Second)
	unanswered.Fate = expect.FateAcknowledged
	answered := request(2, expect.Answered, "cmd/pump-2/set", time.Second)
	answered.Answer, answered.Answers, answered.Latency, answered.Answered = "stat/pump-2/\x1b[2Jstate", 2, 43*ms, at(1043*ms)
	late := request(3, expect.Late, "cmd/pump-3/set", time.Second)
	late.Answer, late.Answers, late.Latency, late.Answered = "stat/pump-3/state", 1, 4*time.Second, at(5*time.Second)
	nobody := expect.Expectation{ID: 6, State: expect.NoRequest, Answer: "stat/pump-9/state", Answers: 1, Answered: at(3 * time.Second), Latency: -1}
	beat := func(id uint64, state expect.State, topic string, last time.Duration) expect.Expectation {
		return expect.Expectation{ID: id, Heartbeat: true, State: state, Topic: topic, Client: "s" + topic[8:9], ClientKnown: true, At: at(last), Every: 2 * time.Second, Latency: -1}
	}
	silent := beat(10, expect.Overdue, "sensors/1/status", time.Second)
	silent.Silence = expect.SilentAlive
	will := beat(11, expect.Overdue, "sensors/2/status", 2*time.Second)
	will.Silence = expect.SilentWill
	learning := beat(13, expect.Learning, "sensors/7/status", 9*time.Second)
	learning.Every = 0
	never := expect.Expectation{ID: 14, Heartbeat: true, State: expect.NeverSeen, Topic: "gateway/status", Every: time.Minute, Deadline: at(90 * time.Second), Latency: -1}
	f.base.Expectations = []expect.Standing{
		{Rule: "cmd/{id}/set -> stat/{id}/# within 1s", States: [expect.Learning + 1]uint64{expect.Answered: 12, expect.Unanswered: 1, expect.Late: 1, expect.Pending: 1, expect.NoRequest: 1},
			Rows: []expect.Expectation{unanswered, late, request(5, expect.Pending, "cmd/pump-5/set", 9*time.Second), nobody, answered}},
		{Rule: "sensors/+/status every 2s", Heartbeat: true, States: [expect.Learning + 1]uint64{expect.OK: 1, expect.Overdue: 2, expect.Learning: 1},
			Rows: []expect.Expectation{silent, will, learning, beat(12, expect.OK, "sensors/3/status", 8*time.Second)}},
		{Rule: "gateway/status every 1m", Heartbeat: true, States: [expect.Learning + 1]uint64{expect.NeverSeen: 1}, Rows: []expect.Expectation{never}},
		{States: [expect.Learning + 1]uint64{expect.Answered: 3}},
	}
	return f
}

func TestExpectations(t *testing.T) {
	for _, size := range [][2]int{{60, 15}, {80, 24}, {160, 45}} {
		name := fmt.Sprintf("open_expectations_%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			d := newDriver(t, expecting(), size[0], size[1], theme.Options{Color: true})
			d.keys("X")
			checkFrame(t, d.frame(), size[0], size[1])
			golden(t, name, d.frame())
		})
	}
}

// TestExpectationsCursor: the cursor stays on what it is on while others move, and leads to its handshakes or packets.
func TestExpectationsCursor(t *testing.T) {
	f := expecting()
	d := newDriver(t, f, 120, 40, theme.Options{})
	d.keys("X")
	if got := d.selected(); !strings.Contains(got, "cmd/pump-4/set") {
		t.Fatalf("the cursor is on %q", got)
	}
	d.keys("j", "j")
	rows := f.base.Expectations[0].Rows
	f.base.Expectations[0].Rows = append([]expect.Expectation{rows[2]}, rows[:2]...)
	d.tick(time.Second)
	if got := d.selected(); !strings.Contains(got, "cmd/pump-5/set") {
		t.Errorf("the cursor went to %q", got)
	}
	d.keys("G")
	if got := d.selected(); !strings.Contains(got, "gateway/status") {
		t.Errorf("G went to %q", got)
	}
	d.keys("g")
	d.has("What is expected", "cmd/{id}/set")
	if got := d.selected(); !strings.Contains(got, "cmd/pump-5/set") {
		t.Errorf("g went to %q", got)
	}
	d.keys("enter")
	d.hasNot("What is expected")
	d.has(`topic="cmd/pump-5/set"`)
	d.keys("X", "G", "enter")
	d.has(`topic="gateway/status"`)
	if last := f.queries[len(f.queries)-1]; last.Expectations || last.Packets == nil {
		t.Errorf("the last query is %+v", last)
	}
}

// TestExpectationsFrozen: what is open while the view is frozen stands still, too.
func TestExpectationsFrozen(t *testing.T) {
	f := expecting()
	d := newDriver(t, f, 120, 40, theme.Options{})
	d.keys("p", "X")
	d.has("cmd/pump-4/set")
	f.base.Expectations = []expect.Standing{{Rule: "other every 1m", Heartbeat: true}}
	d.tick(time.Second)
	d.has("cmd/pump-4/set")
}

func TestExpectationsNone(t *testing.T) {
	d := newDriver(t, &fake{base: watch.Snapshot{Now: at(0)}}, 80, 24, theme.Options{})
	d.keys("X")
	d.has("no rule was given with --expect", "every learned")
	d.keys("esc")
	d.hasNot("--expect")
}
