package handshake

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// counter counts events and keeps nothing.
type counter map[EventKind]int

func (c counter) Record(e Event) { c[e.Kind]++ }

// publishes feeds QoS 1 PUBLISH packets with the identifiers from 1 to n on a connection.
func publishes(t *Tracker, l *Link, n int, at decode.Time) {
	for id := 1; id <= n; id++ {
		t.Packet(l, &decode.Packet{Time: at, Type: decode.PUBLISH, QoS: 1, PacketID: uint16(id), Topic: []byte("t"), Version: decode.V311}, 0)
	}
}

func TestOpenHandshakesAreBounded(t *testing.T) {
	events := counter{}
	tr := New(Config{MaxOpen: 1000}, events)
	for i := range 10 {
		info := &decode.ConnInfo{ID: uint64(i + 1)}
		publishes(tr, tr.Open(info, 1), 500, 1)
	}
	if tr.openCount != 1000 || tr.Forgotten() != 4000 || events[HandshakeEnded] != 4000 {
		t.Errorf("%d open, %d forgotten, %d ended; want 1000, 4000, 4000", tr.openCount, tr.Forgotten(), events[HandshakeEnded])
	}
	n := 0
	for h := range tr.InFlight() {
		if h.Session.ID <= 8 {
			t.Fatalf("handshake %d of session %d should have given way", h.ID, h.Session.ID)
		}
		n++
	}
	if n != 1000 {
		t.Errorf("InFlight yields %d", n)
	}
}

// TestAlertsAreBounded: those that happened give way, those that last stay, and keeping them costs no more than in proportion.
func TestAlertsAreBounded(t *testing.T) {
	events := counter{}
	tr := New(Config{MaxAlerts: 100}, events)
	l := tr.Open(&decode.ConnInfo{ID: 1}, 1)
	publishes(tr, l, 20_000, 1)
	tr.Advance(decode.Time(6e9))
	if events[AlertRaised] < 20_000 {
		t.Fatalf("%d alerts raised", events[AlertRaised])
	}
	looked := tr.alerts.dropped // nothing that lasts was dropped
	if len(tr.alerts.all) < 20_000 || looked != 0 {
		t.Errorf("%d alerts kept, %d dropped: an alert that lasts was forgotten", len(tr.alerts.all), looked)
	}
	for i := range 2000 { // each refused topic is an alert of its own, at a point in time
		topic := []byte{byte(i), byte(i >> 8)}
		id := uint16(30_000 + i)
		tr.Packet(l, &decode.Packet{Time: 7e9, Type: decode.PUBLISH, QoS: 1, PacketID: id, Topic: topic, Version: decode.V5}, 0)
		tr.Packet(l, &decode.Packet{Time: 7e9, Dir: decode.FromServer, Type: decode.PUBACK, PacketID: id, ReasonCode: 0x87, Version: decode.V5}, 0)
	}
	for id := 1; id <= 20_000; id++ {
		tr.Packet(l, &decode.Packet{Time: 8e9, Dir: decode.FromServer, Type: decode.PUBACK, PacketID: uint16(id), Version: decode.V5}, 0)
	}
	publishes(tr, l, 20_000, 9e9)
	tr.Advance(decode.Time(20e9))
	if n := len(tr.alerts.all); n > 3*20_000 {
		t.Errorf("%d alerts kept", n)
	}
	if len(tr.alerts.byKey) > len(tr.alerts.all) {
		t.Errorf("%d keys for %d alerts", len(tr.alerts.byKey), len(tr.alerts.all))
	}
}

// TestSessionsAreBounded: sessions without a connection give way, those that rested longest first.
func TestSessionsAreBounded(t *testing.T) {
	tr := New(Config{MaxSessions: 50}, counter{})
	for i := range 500 {
		at := decode.Time(i + 1)
		l := tr.Open(&decode.ConnInfo{ID: uint64(i + 1)}, at)
		tr.Packet(l, &decode.Packet{Time: at, Type: decode.CONNECT, Version: decode.V311, Connect: &decode.Connect{ClientID: []byte{byte(i), byte(i >> 8)}}}, 0)
		tr.Packet(l, &decode.Packet{Time: at, Dir: decode.FromServer, Type: decode.CONNACK, Version: decode.V311, Connack: &decode.Connack{}}, 0)
		tr.Close(l, at, decode.FromClient, decode.CloseFIN)
	}
	if len(tr.sessions) != 50 || tr.resting.size != 50 {
		t.Errorf("%d sessions kept, %d at rest, want 50", len(tr.sessions), tr.resting.size)
	}
	if len(tr.leaving) != 0 || len(tr.timers) != 0 {
		t.Errorf("%d connections and %d timers left", len(tr.leaving), len(tr.timers))
	}
}
