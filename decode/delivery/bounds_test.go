package delivery_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// nobody takes what is told and keeps nothing.
type nobody struct{}

func (nobody) Record(handshake.Event)    {}
func (nobody) Settled(*delivery.Message) {}

// A crowd is subscribers to t/#, of which the first publishes.
type crowd struct {
	tr    *handshake.Tracker
	c     *delivery.Correlator
	links []*handshake.Link
	now   decode.Time
	sent  int
	after func() // each packet
}

func newCrowd(n int, cfg delivery.Config) *crowd {
	tr := handshake.New(handshake.Config{}, nobody{})
	k := &crowd{tr: tr, c: delivery.New(cfg, tr, nobody{}), now: 1e18, after: func() {}}
	for i := range n {
		l := tr.Open(&decode.ConnInfo{ID: uint64(i + 1)}, k.now)
		k.send(l, decode.Packet{Type: decode.CONNECT, Connect: &decode.Connect{ClientID: fmt.Append(nil, i), CleanStart: true}})
		k.send(l, decode.Packet{Type: decode.CONNACK, Dir: decode.FromServer, Connack: &decode.Connack{}})
		filter := decode.TopicFilter{Filter: []byte("t/#"), QoS: 1}
		k.send(l, decode.Packet{Type: decode.SUBSCRIBE, PacketID: 1, Subscribe: &decode.Subscribe{Filters: []decode.TopicFilter{filter}}})
		k.send(l, decode.Packet{Type: decode.SUBACK, Dir: decode.FromServer, PacketID: 1, SubackCodes: []decode.ReasonCode{1}})
		k.links = append(k.links, l)
	}
	return k
}

func (k *crowd) send(l *handshake.Link, p decode.Packet) {
	k.now += 1e5
	p.Time, p.Version = k.now, decode.V311
	k.tr.Packet(l, &p, 0)
	k.c.Evict()
	k.after()
}

// publish sends a message that the broker takes, and forwards to all or to none.
func (k *crowd) publish(forwarded bool) {
	p := decode.Packet{Type: decode.PUBLISH, QoS: 1, PacketID: uint16(k.sent%60_000 + 2), Topic: fmt.Appendf(nil, "t/%d", k.sent%50),
		Payload: binary.BigEndian.AppendUint64(nil, uint64(k.sent)), PayloadLength: 8}
	k.sent++
	k.send(k.links[0], p)
	k.send(k.links[0], decode.Packet{Type: decode.PUBACK, Dir: decode.FromServer, PacketID: p.PacketID})
	if !forwarded {
		return
	}
	p.Dir = decode.FromServer
	for _, l := range k.links {
		k.send(l, p)
		k.send(l, decode.Packet{Type: decode.PUBACK, PacketID: p.PacketID})
	}
}

// TestProblemsAreKeptLonger: those that were not forwarded are found when very many others have come since, up to a bound; what has gone is counted.
func TestProblemsAreKeptLonger(t *testing.T) {
	k := newCrowd(2, delivery.Config{Keep: 100})
	k.after = func() {
		if n := k.c.Counts(); n.Kept > 2*100+n.Open+65 {
			t.Fatalf("%d are kept and %d open", n.Kept, n.Open)
		}
	}
	wait := func(messages int) { // longer than the broker may take
		for range messages {
			k.now += 1e8
			k.publish(true)
		}
	}
	wait(20)
	for range 40 {
		k.publish(false)
	}
	wait(1000)
	var wrong []uint64
	last := uint64(0)
	k.c.Messages(0, func(m *delivery.Message) bool {
		if m.ID <= last || k.c.Get(m.ID) != m || k.c.At(k.c.Place(m.ID)) != m {
			t.Fatalf("message %d after %d, found as %v", m.ID, last, k.c.Get(m.ID))
		}
		if last = m.ID; m.Verdict() == delivery.Undelivered {
			wrong = append(wrong, m.ID)
		}
		return true
	})
	if len(wrong) != 40 || wrong[0] != 21 || wrong[39] != 60 {
		t.Errorf("%d have a problem: %v", len(wrong), wrong)
	}
	if n := k.c.Counts(); n.Evicted == 0 || n.EvictedProblems != 0 || n.Evicted+n.Kept != n.Messages {
		t.Errorf("%+v", n)
	}
	for range 30 {
		for range 10 {
			k.publish(false)
		}
		wait(10)
	}
	wait(300)
	held := uint64(0)
	k.c.Messages(0, func(m *delivery.Message) bool {
		if m.Verdict().Problem() {
			held++
		}
		return true
	})
	if n := k.c.Counts(); held > 100 || held < 80 || n.EvictedProblems != 40+300-held || n.Evicted+n.Kept != n.Messages {
		t.Errorf("%d with a problem are kept: %+v", held, n)
	}
	if k.c.Get(21) != nil {
		t.Error("the oldest did not give way first")
	}
}

// TestMemoryIsBounded: open messages, settled ones and copies give way, and are counted.
func TestMemoryIsBounded(t *testing.T) {
	k := newCrowd(11, delivery.Config{Keep: 100, MaxOpen: 500, MaxCopies: 2000})
	const messages = 20_000
	for i := range messages { // nobody ever gets one
		k.publish(false)
		n := k.c.Counts()
		if n.Open > 500 || n.Kept > 700 {
			t.Fatalf("after %d messages %d are open and %d kept", i+1, n.Open, n.Kept)
		}
		copies := 0
		if i%1000 == 999 {
			k.c.Messages(0, func(m *delivery.Message) bool {
				m.Copies(func(*delivery.Copy) { copies++ })
				return true
			})
			if copies > 2000+11 {
				t.Fatalf("%d copies are kept", copies)
			}
		}
	}
	if n := k.c.Counts(); n.Messages != messages || n.Evicted+n.Kept != messages || n.Cut == 0 {
		t.Errorf("%+v does not add up", n)
	}
}
