package watch_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestChaos lets peers do anything in any order on a few connections, with gaps, half packets and returns of the same clients: nothing may
// panic, and the books must balance.
func TestChaos(t *testing.T) {
	for seed := range uint64(300) {
		c := chaos{rng: rand.New(rand.NewPCG(seed, 77)), now: start}
		c.e = watch.New(watch.Config{Keep: 20, Deliveries: true, Survey: true, RawBytes: 1 << 16, OnEvent: c.event})
		for range 400 {
			c.act()
		}
		c.e.Finish()
		s := c.e.Snapshot(watch.Query{Limit: 100, AlertLimit: 100})
		for q, o := range s.Counts.Handshakes {
			ended := o.Complete + o.Refused + o.Abandoned + o.Unknown
			if got := c.ended[q]; got != ended+c.late[q] {
				t.Errorf("seed %d, QoS %d: %d events of deliveries that ended, counted %d and %d joined late", seed, q+1, got, ended, c.late[q])
			}
			if c.open[q] != o.Open+c.openLate[q] {
				t.Errorf("seed %d, QoS %d: %d events of open deliveries, counted %d", seed, q+1, c.open[q], o.Open)
			}
		}
		for _, r := range s.Rows {
			if l := c.e.Snapshot(watch.Query{Ladder: r.ID}).Ladder; l == nil || l.ID != r.ID || len(l.Packets) != len(l.Steps) {
				t.Fatalf("seed %d: ladder of %d: %+v", seed, r.ID, l)
			}
		}
	}
}

type chaos struct {
	rng                         *rand.Rand
	e                           *watch.Engine
	now                         decode.Time
	conns                       []*decode.Conn
	ids                         uint64
	take                        func([]decode.Segment) // where segments go; the Engine itself where nil
	ended, late, open, openLate [2]uint64
}

func (c *chaos) event(ev *watch.Event) {
	r := ev.Row
	if r == nil || !r.Kind.Publish() {
		return
	}
	q := r.Kind - 1
	switch {
	case ev.Kind == watch.HandshakeEnded:
		c.ended[q]++
		if r.JoinedLate {
			c.late[q]++
		}
	case ev.Kind == watch.HandshakeOpen:
		c.open[q]++
		if r.JoinedLate {
			c.openLate[q]++
		}
	}
}

func (c *chaos) act() {
	c.now += decode.Time(c.rng.IntN(400)) * 1e6
	if c.rng.IntN(40) == 0 {
		c.now += 40e9
	}
	if len(c.conns) == 0 || len(c.conns) < 6 && c.rng.IntN(25) == 0 {
		c.ids++
		c.conns = append(c.conns, decode.NewConn(decode.ConnInfo{
			ID: c.ids, Client: netip.MustParseAddrPort(fmt.Sprintf("10.0.0.%d:4000", c.ids%250+2)),
			Server: netip.MustParseAddrPort("10.0.0.1:1883"), MidStream: c.rng.IntN(4) == 0, ByHeard: c.rng.IntN(4) == 0,
		}, nil))
		c.feed(decode.Segment{Kind: decode.Open, Conn: c.conns[len(c.conns)-1]})
	}
	i := c.rng.IntN(len(c.conns))
	s := decode.Segment{Conn: c.conns[i], Dir: decode.Direction(c.rng.IntN(2))}
	switch n := c.rng.IntN(100); {
	case n < 2:
		s.Kind, s.Cause = decode.Close, decode.CloseCause(c.rng.IntN(5))
		c.conns = append(c.conns[:i], c.conns[i+1:]...)
	case n < 5:
		s.Kind, s.Bytes = decode.Gap, int64(c.rng.IntN(50))
	case n < 7:
		s.Kind = decode.Heard
	case n < 9:
		s = decode.Segment{Kind: decode.Tick}
	default:
		s.Data = c.packets(s.Dir)
	}
	c.feed(s)
}

func (c *chaos) feed(s decode.Segment) {
	s.Time = c.now
	if c.take != nil {
		c.take([]decode.Segment{s})
		return
	}
	c.e.Feed([]decode.Segment{s})
}

// packets returns some packets of one end; sometimes the last is cut, or garbage follows.
func (c *chaos) packets(dir decode.Direction) []byte {
	var b []byte
	for range 1 + c.rng.IntN(4) {
		b = c.packet(b, dir)
	}
	switch c.rng.IntN(30) {
	case 0:
		b = b[:c.rng.IntN(len(b))]
	case 1:
		b = append(b, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
	}
	return b
}

func (c *chaos) packet(b []byte, dir decode.Direction) []byte {
	v := []decode.Version{decode.V31, decode.V311, decode.V5}[c.rng.IntN(3)]
	id := uint16(c.rng.IntN(6))
	code := decode.ReasonCode([]int{0, 0, 0, 0, 0x10, 0x87, 0x91, 0x92, 0x97}[c.rng.IntN(9)])
	client := []string{"a", "b", "c", ""}[c.rng.IntN(4)]
	filter := []string{"t/#", "t/+", "#", "$share/g/t/1"}[c.rng.IntN(4)]
	ack := decode.AckFields{PacketID: id, ReasonCode: code}
	switch c.rng.IntN(16) {
	case 0:
		return decode.AppendConnect(b, v, decode.ConnectFields{
			ClientID: client, CleanStart: c.rng.IntN(2) == 0, KeepAlive: uint16(c.rng.IntN(20)),
			Will:       &decode.Will{Topic: "t/will", QoS: uint8(c.rng.IntN(3))},
			Properties: decode.MakeProperties(decode.Property{ID: decode.SessionExpiryInterval, Uint: uint32(c.rng.IntN(60))}),
		})
	case 1:
		return decode.AppendConnack(b, v, decode.ConnackFields{SessionPresent: c.rng.IntN(2) == 0, ReasonCode: code})
	case 2:
		return decode.AppendSubscribe(b, v, decode.SubscribeFields{PacketID: id, Filters: []decode.TopicFilter{{Filter: []byte(filter), QoS: uint8(c.rng.IntN(3))}}})
	case 3:
		return decode.AppendSuback(b, v, decode.SubackFields{PacketID: id, Codes: []decode.ReasonCode{decode.ReasonCode(c.rng.IntN(3))}})
	case 4:
		return decode.AppendDisconnect(b, v, decode.ReasonFields{ReasonCode: code})
	case 5:
		return decode.AppendPingreq(b)
	case 6:
		return decode.AppendPingresp(b)
	case 7, 8:
		return decode.AppendAck(b, decode.PUBACK, v, ack)
	case 9:
		return decode.AppendAck(b, decode.PUBREC, v, ack)
	case 10:
		return decode.AppendAck(b, decode.PUBREL, v, ack)
	case 11:
		return decode.AppendAck(b, decode.PUBCOMP, v, ack)
	}
	return decode.AppendPublish(b, v, decode.PublishFields{
		QoS: uint8(c.rng.IntN(3)), PacketID: id, Topic: fmt.Sprintf("t/%d", c.rng.IntN(3)), Dup: c.rng.IntN(4) == 0, Retain: c.rng.IntN(6) == 0,
		Payload: []byte{byte(c.rng.IntN(3))},
	})
}
