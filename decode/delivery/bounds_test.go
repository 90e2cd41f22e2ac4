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

// TestMemoryIsBounded: open messages, settled ones and copies give way, and are counted.
func TestMemoryIsBounded(t *testing.T) {
	tr := handshake.New(handshake.Config{}, nobody{})
	c := delivery.New(delivery.Config{Keep: 100, MaxOpen: 500, MaxCopies: 2000}, tr, nobody{})
	now := decode.Time(1e18)
	send := func(l *handshake.Link, p decode.Packet) {
		now += 1e5
		p.Time, p.Version = now, decode.V311
		tr.Packet(l, &p, 0)
		c.Evict()
	}
	var links []*handshake.Link
	for i := range 11 {
		l := tr.Open(&decode.ConnInfo{ID: uint64(i + 1)}, now)
		send(l, decode.Packet{Type: decode.CONNECT, Connect: &decode.Connect{ClientID: fmt.Append(nil, i), CleanStart: true}})
		send(l, decode.Packet{Type: decode.CONNACK, Dir: decode.FromServer, Connack: &decode.Connack{}})
		filter := decode.TopicFilter{Filter: []byte("t/#"), QoS: 1}
		send(l, decode.Packet{Type: decode.SUBSCRIBE, PacketID: 1, Subscribe: &decode.Subscribe{Filters: []decode.TopicFilter{filter}}})
		send(l, decode.Packet{Type: decode.SUBACK, Dir: decode.FromServer, PacketID: 1, SubackCodes: []decode.ReasonCode{1}})
		links = append(links, l)
	}
	const messages = 20_000
	for i := range messages { // nobody ever gets one
		topic, id := fmt.Appendf(nil, "t/%d", i%50), uint16(i%60_000+2)
		send(links[0], decode.Packet{Type: decode.PUBLISH, QoS: 1, PacketID: id, Topic: topic, Payload: binary.BigEndian.AppendUint64(nil, uint64(i)), PayloadLength: 8})
		send(links[0], decode.Packet{Type: decode.PUBACK, Dir: decode.FromServer, PacketID: id})
		n := c.Counts()
		if n.Open > 500 || n.Kept > 700 {
			t.Fatalf("after %d messages %d are open and %d kept", i+1, n.Open, n.Kept)
		}
		copies := 0
		if i%1000 == 999 {
			c.Messages(0, func(m *delivery.Message) bool {
				m.Copies(func(*delivery.Copy) { copies++ })
				return true
			})
			if copies > 2000+11 {
				t.Fatalf("%d copies are kept", copies)
			}
		}
	}
	if n := c.Counts(); n.Messages != messages || n.Evicted+n.Kept != messages || n.Cut == 0 {
		t.Errorf("%+v does not add up", n)
	}
}
