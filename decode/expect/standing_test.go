package expect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/expect"
)

func TestStandings(t *testing.T) {
	w := newWorld(t, expect.Config{}, "cmd/{id} -> stat/{id} within 1s", "beat/+ every 1m", "gone every 1h")
	w.publish("beat/b", 1)
	w.publish("cmd/1", 1) // unanswered
	w.publish("cmd/2", 1) // answered
	w.publish("stat/2", 1)
	w.publish("stat/2", 1) // again
	w.publish("stat/9", 1) // nobody asked
	w.publish("cmd/3", 1)  // late
	w.silent(1500 * time.Millisecond)
	w.publish("stat/3", 1)
	w.publish("cmd/4", 1) // pending
	w.publish("beat/a", 1)
	all := w.w.Standings(2)
	if len(all) != 3 {
		t.Fatalf("%d rules: %+v", len(all), all)
	}
	want := [expect.Learning + 1]uint64{expect.Unanswered: 1, expect.Answered: 1, expect.NoRequest: 1, expect.Late: 1, expect.Pending: 1}
	if s := all[0]; s.States != want || s.Failed() != 2 || s.Heartbeat || len(s.Rows) != 2 || s.Rows[0].Topic != "cmd/1" || s.Rows[1].Topic != "cmd/3" {
		t.Errorf("requests: %+v", s)
	}
	if s := all[1]; s.States[expect.OK] != 2 || !s.Heartbeat || s.Failed() != 0 || s.Rows[0].Topic != "beat/a" || s.Rows[1].Topic != "beat/b" {
		t.Errorf("topics: %+v", s)
	}
	if s := all[2]; s.States[expect.NeverSeen] != 1 || len(s.Rows) != 1 || s.Rows[0].State != expect.NeverSeen {
		t.Errorf("a topic that was never seen: %+v", s)
	}
	for _, s := range w.w.Standings(0) {
		if len(s.Rows) > 0 {
			t.Errorf("rows that nobody wants: %+v", s)
		}
	}
}

// TestStandingsBound: however many requests there were, the last that are done stay to be shown, and all are counted.
func TestStandingsBound(t *testing.T) {
	w := newWorld(t, expect.Config{MaxRequests: 500}, "cmd/{id} -> stat/{id} within 1s")
	for i := range 5000 {
		w.publish(fmt.Sprint("cmd/", i), uint64(i))
		w.publish(fmt.Sprint("stat/", i), uint64(i))
		w.silent(2 * time.Second)
	}
	s := w.w.Standings(100)[0]
	if s.States[expect.Answered] != 5000 || len(s.Rows) != 100 || s.Rows[0].Topic != "cmd/4999" || s.Rows[99].Topic != "cmd/4900" || w.w.Counts().Dropped != 0 {
		t.Errorf("%v, %d rows, %+v", s.States, len(s.Rows), w.w.Counts())
	}
}
