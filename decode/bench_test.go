package decode_test

import (
	"bytes"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// mix is what a busy Client sends: PUBLISH of QoS 1 with a PUBACK for what it receives in between.
func mix(v decode.Version, packets int) []byte {
	var b []byte
	for i := range packets {
		id := uint16(i%1000 + 1)
		if i%2 == 0 {
			b = decode.AppendPublish(b, v, decode.PublishFields{
				QoS: 1, Topic: "plant/7/line/3/temperature", PacketID: id, Payload: []byte(`{"value":21.5,"unit":"C"}`),
			})
		} else {
			b = decode.AppendAck(b, decode.PUBACK, v, decode.AckFields{PacketID: id})
		}
	}
	return b
}

type counter struct{ packets, bytes int }

func (c *counter) Packet(_ *decode.Conn, p *decode.Packet) { c.packets++; c.bytes += int(p.Length) }
func (c *counter) Loss(*decode.Conn, decode.Loss)          {}

func connected(v decode.Version) *decode.Conn {
	c := decode.NewConn(decode.ConnInfo{}, nil)
	c.Feed(decode.FromClient, 1, decode.AppendConnect(nil, v, decode.ConnectFields{ClientID: "c"}), &counter{})
	return c
}

func BenchmarkFeed(b *testing.B) {
	const packets = 30
	for _, v := range []decode.Version{decode.V311, decode.V5} {
		data := mix(v, packets)
		for name, size := range map[string]int{"coalesced": len(data), "segments of 100": 100} {
			b.Run(v.String()+"/"+name, func(b *testing.B) {
				c, h := connected(v), &counter{}
				b.ReportAllocs()
				for b.Loop() {
					for rest := data; len(rest) > 0; {
						n := min(size, len(rest))
						c.Feed(decode.FromClient, 2, rest[:n], h)
						rest = rest[n:]
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(h.packets), "ns/packet")
			})
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	aliased := decode.MakeProperties(decode.Property{ID: decode.TopicAlias, Uint: 3}, decode.Property{ID: decode.MessageExpiryInterval, Uint: 9})
	for _, c := range []struct {
		name string
		v    decode.Version
		data []byte
		cut  int // size of the segments; 0 for one
	}{
		{"PUBLISH and PUBACK 3.1.1", decode.V311, mix(decode.V311, 20), 0},
		{"PUBLISH and PUBACK 5.0", decode.V5, mix(decode.V5, 20), 0},
		{"split anywhere", decode.V5, mix(decode.V5, 20), 7},
		{"topic alias", decode.V5, cat(
			decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: 2, Topic: "a/b", PacketID: 1, Properties: aliased}),
			decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: 2, PacketID: 2, Properties: aliased})), 0},
		{"PUBREC PUBREL PUBCOMP with reason", decode.V5, cat(
			decode.AppendAck(nil, decode.PUBREC, decode.V5, decode.AckFields{PacketID: 1, ReasonCode: 0x10}),
			decode.AppendAck(nil, decode.PUBREL, decode.V5, decode.AckFields{PacketID: 1, ReasonCode: 0x92}),
			decode.AppendAck(nil, decode.PUBCOMP, decode.V5, decode.AckFields{PacketID: 1})), 0},
		{"PINGREQ", decode.V311, decode.AppendPingreq(nil), 1},
		{"payload larger than the head", decode.V311, decode.AppendPublish(nil, decode.V311,
			decode.PublishFields{Topic: "a", Payload: make([]byte, 20000)}), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, h := connected(c.v), &counter{}
			feed := func() {
				for rest := c.data; len(rest) > 0; {
					n := len(rest)
					if c.cut > 0 {
						n = min(c.cut, n)
					}
					conn.Feed(decode.FromClient, 2, rest[:n], h)
					rest = rest[n:]
				}
			}
			feed()
			if h.packets == 0 {
				t.Fatal("no packets")
			}
			if n := testing.AllocsPerRun(100, feed); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// BenchmarkSearch goes through bytes that are not MQTT, of several kinds, as on a port that something else uses.
func BenchmarkSearch(b *testing.B) {
	r := newTraffic(1, v5)
	const size = 64 << 10
	for name, data := range map[string][]byte{
		"random":   r.bytes(size),
		"zeros":    make([]byte, size),
		"ones":     bytes.Repeat([]byte{0x31, 0x80, 0x80, 0x01, 0, 1}, size/6),
		"headers":  bytes.Repeat([]byte{0x30, 0xFF, 0xFF, 0x03, 0x7F, 'a'}, size/6),
		"pubacks!": bytes.Repeat([]byte{0x40, 2, 0}, size/3),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			c := decode.NewConn(decode.ConnInfo{MidStream: true}, nil)
			for b.Loop() {
				for at := 0; at < len(data); at += 1448 {
					c.Feed(decode.FromClient, 1, data[at:min(at+1448, len(data))], handler{})
				}
			}
		})
	}
}
