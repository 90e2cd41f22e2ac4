package expect_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/expect"
)

// beats publishes n times, so far apart.
func (w *world) beats(topic string, n int, every time.Duration) {
	for range n {
		w.now = w.now.Add(every - time.Millisecond)
		w.Advance(w.now)
		w.publish(topic, 1)
	}
}

func (w *world) silent(d time.Duration) {
	w.now = w.now.Add(d)
	w.Advance(w.now)
}

// TestLearnOutage: one outage does not make the next one usual.
func TestLearnOutage(t *testing.T) {
	w := newWorld(t, expect.Config{}, "beat/+ every learned")
	w.beats("beat/a", 8, 10*time.Second)
	w.silent(time.Hour)
	w.beats("beat/a", 8, 10*time.Second)
	w.silent(14 * time.Second)
	if w.told[expect.Overdue] != 1 || w.w.Counts().Silent != 0 {
		t.Fatalf("before the second outage: %v, %+v", w.told, w.w.Counts())
	}
	w.silent(2 * time.Second)
	if w.told[expect.Overdue] != 2 || w.w.Counts().Silent != 1 {
		t.Errorf("the second outage is not seen: %v, %+v", w.told, w.w.Counts())
	}
}

// TestLearnSlower: a device that is set to another pace is late twice at the most, then that is what is usual.
func TestLearnSlower(t *testing.T) {
	w := newWorld(t, expect.Config{}, "beat/+ every learned")
	w.beats("beat/a", 40, 10*time.Second)
	w.beats("beat/a", 40, time.Minute)
	if w.told[expect.Overdue] != 2 || w.told[expect.Recovered] != 2 {
		t.Errorf("%v", w.told)
	}
	w.beats("beat/a", 40, 10*time.Second)
	w.silent(16 * time.Second)
	if w.w.Counts().Silent != 1 {
		t.Errorf("the faster pace is not learned again: %+v", w.w.Counts())
	}
}

// TestLearnFast: what comes more often than once a second is looked at by the second.
func TestLearnFast(t *testing.T) {
	w := newWorld(t, expect.Config{}, "beat/+ every learned")
	w.beats("beat/a", 200, 100*time.Millisecond)
	w.silent(time.Second)
	if w.w.Counts().Silent != 0 {
		t.Fatalf("%v", w.told)
	}
	w.silent(time.Second)
	if w.w.Counts().Silent != 1 {
		t.Errorf("%v", w.told)
	}
}
