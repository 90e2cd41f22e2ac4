package expect_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// states counts the states told; nothing else is recorded.
type states map[expect.State]int

func (s states) Expectation(x *expect.Expectation) { s[x.State]++ }

type silent struct{}

func (silent) Record(handshake.Event) {}

// world is a Tracker with rules, and one client that is connected to it.
type world struct {
	*handshake.Tracker
	w    *expect.Watcher
	l    *handshake.Link
	told states
	now  decode.Time
}

func newWorld(t *testing.T, cfg expect.Config, rules ...string) *world {
	t.Helper()
	for _, text := range rules {
		r, err := expect.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Rules = append(cfg.Rules, r)
	}
	w := &world{Tracker: handshake.New(handshake.Config{}, silent{}), told: states{}, now: 1_000_000_000}
	w.w = expect.New(cfg, w.Tracker, w.told)
	w.l = w.Open(&decode.ConnInfo{ID: 1}, w.now)
	return w
}

func (w *world) publish(topic string, payload uint64) {
	w.now = w.now.Add(time.Millisecond)
	w.Packet(w.l, &decode.Packet{Type: decode.PUBLISH, Time: w.now, Topic: []byte(topic), Payload: binary.BigEndian.AppendUint64(nil, payload), Version: decode.V311}, 0)
}

// TestBounds floods rules with requests and topics that are never the same.
func TestBounds(t *testing.T) {
	w := newWorld(t, expect.Config{MaxRequests: 100, MaxTopics: 50}, "cmd/{id} -> stat/{id} within 10m", "beat/+ every 10m")
	for i := range 2000 {
		w.publish(fmt.Sprint("cmd/", i), uint64(i))
		w.publish(fmt.Sprint("beat/", i), uint64(i))
	}
	n := w.w.Counts()
	if n.Requests != 2000 || n.Open != 100 || n.Unknown != 1900 || n.Topics != 50 || n.Dropped != 1900+1950 {
		t.Errorf("%+v", n)
	}
	w.publish("stat/1999", 1)
	w.publish("stat/3", 1) // it gave way
	if n = w.w.Counts(); n.Answered != 1 || n.NoRequest != 1 || w.told[expect.Answered] != 1 {
		t.Errorf("%+v, %v", n, w.told)
	}
}

// TestOneByOne answers equal requests: each answer belongs to one of them.
func TestOneByOne(t *testing.T) {
	w := newWorld(t, expect.Config{}, "cmd/{id} -> stat/{id} within 1s")
	for range 3 {
		w.publish("cmd/a", 7)
	}
	w.publish("stat/a", 8)
	w.publish("stat/a", 8)
	w.Advance(w.now.Add(2 * time.Second))
	if n := w.w.Counts(); n.Answered != 2 || n.Failed != 1 || n.Open != 0 {
		t.Errorf("%+v", n)
	}
	alerts := 0
	w.Alerts(func(a *handshake.Alert) bool {
		alerts++
		if want := "one of several requests cmd/a from a client is not answered within 1s: the broker has it; whether it was forwarded cannot be known, as no copy of it is in sight"; a.Text(w.Now()) != want {
			t.Errorf("%s", a.Text(w.Now()))
		}
		return true
	})
	if alerts != 1 {
		t.Errorf("%d alerts, want 1", alerts)
	}
}

// TestOwnCopy has mqttwatch's own client ask, which gets a copy of the request itself and nobody else in sight does.
func TestOwnCopy(t *testing.T) {
	w := newWorld(t, expect.Config{}, "cmd/{id} -> stat/{id} within 1s")
	w.l = w.Open(&decode.ConnInfo{ID: 2, Source: "client"}, w.now)
	for i, p := range []decode.Packet{
		{Type: decode.PUBLISH, QoS: 1, PacketID: 9, Topic: []byte("cmd/a"), Payload: []byte("on")},
		{Type: decode.PUBACK, PacketID: 9, Dir: decode.FromServer},
		{Type: decode.PUBLISH, Topic: []byte("cmd/a"), Payload: []byte("on"), Dir: decode.FromServer},
	} {
		p.Version, p.Time = decode.V311, w.now.Add(time.Duration(i+1)*time.Millisecond)
		w.Packet(w.l, &p, 0)
	}
	w.Advance(w.now.Add(2 * time.Second))
	alerts := 0
	w.Alerts(func(a *handshake.Alert) bool {
		alerts++
		want := "the broker has it; whether it was forwarded cannot be known, as no copy to another client is in sight"
		if text := a.Text(w.Now()); !strings.HasSuffix(text, want) || a.Handshake == 0 {
			t.Errorf("handshake %d: %s", a.Handshake, text)
		}
		return true
	})
	if alerts != 1 {
		t.Errorf("%d alerts, want 1", alerts)
	}
}
