package watch_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// fanout is a broker with many sessions, each with three subscriptions, wildcards among them, so that each message goes to ten of them.
type fanout struct {
	e     *watch.Engine
	now   decode.Time
	conns []*decode.Conn
	batch []decode.Segment
	buf   []byte
	ids   []uint16
}

const fanoutGroup = 10

func newFanout(sessions int, deliveries bool) *fanout {
	f := &fanout{e: watch.New(watch.Config{Deliveries: deliveries, Keep: 10_000}), now: start, ids: make([]uint16, sessions)}
	server := netip.MustParseAddrPort("10.0.0.1:1883")
	for i := range sessions {
		c := decode.NewConn(decode.ConnInfo{ID: uint64(i + 1), Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 5000), Server: server}, nil)
		f.conns = append(f.conns, c)
		group := i / fanoutGroup
		filters := []decode.TopicFilter{
			{Filter: fmt.Appendf(nil, "plant/%d/+", group), QoS: 1}, {Filter: fmt.Appendf(nil, "cmd/%d/#", i), QoS: 1}, {Filter: []byte("alarm/all"), QoS: 1},
		}
		f.e.Feed([]decode.Segment{
			{Kind: decode.Open, Conn: c, Time: start},
			{Conn: c, Time: start, Data: decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: fmt.Sprint("dev-", i), CleanStart: true})},
			{Conn: c, Time: start, Dir: decode.FromServer, Data: decode.AppendConnack(nil, decode.V311, decode.ConnackFields{})},
			{Conn: c, Time: start, Data: decode.AppendSubscribe(nil, decode.V311, decode.SubscribeFields{PacketID: 1, Filters: filters})},
			{Conn: c, Time: start, Dir: decode.FromServer, Data: decode.AppendSuback(nil, decode.V311, decode.SubackFields{PacketID: 1, Codes: []decode.ReasonCode{1, 1, 1}})},
		})
	}
	return f
}

func (f *fanout) send(c int, dir decode.Direction, b []byte) {
	f.now += 2000
	f.batch = append(f.batch, decode.Segment{Conn: f.conns[c], Time: f.now, Dir: dir, Data: b})
}

// message lets one client publish, and the broker send it to the ten of its group: 22 packets of 11 handshakes.
func (f *fanout) message(i int) {
	group := i * 7 % (len(f.conns) / fanoutGroup)
	f.batch, f.buf = f.batch[:0], f.buf[:0]
	topic := topics[group%len(topics)][:0]
	topic = fmt.Appendf(topic, "plant/%d/temperature", group)
	topics[group%len(topics)] = topic
	from := i * 13 % len(f.conns)
	payload := fmt.Appendf(nil, "value %d", i)
	name := string(topic)
	deliver := func(c int, dir decode.Direction) {
		f.ids[c] = f.ids[c]%60_000 + 2
		id := f.ids[c] + uint16(dir)
		at := len(f.buf)
		f.buf = decode.AppendPublish(f.buf, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: name, Payload: payload})
		f.send(c, dir, f.buf[at:len(f.buf):len(f.buf)])
		at = len(f.buf)
		f.buf = decode.AppendAck(f.buf, decode.PUBACK, decode.V311, decode.AckFields{PacketID: id})
		f.send(c, dir.Opposite(), f.buf[at:len(f.buf):len(f.buf)])
	}
	deliver(from, decode.FromClient)
	for k := range fanoutGroup {
		deliver(group*fanoutGroup+k, decode.FromServer)
	}
	f.e.Feed(f.batch)
}

var topics = make([][]byte, 64)

// BenchmarkFanout is one message of QoS 1 to ten of 10,000 sessions with three subscriptions each: what following deliveries adds to tracking handshakes.
func BenchmarkFanout(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "handshakes", true: "deliveries"}[on], func(b *testing.B) {
			f := newFanout(10_000, on)
			for i := range 20_000 {
				f.message(i)
			}
			b.ReportAllocs()
			i := 20_000
			for b.Loop() {
				f.message(i)
				i++
			}
			if d := f.e.Snapshot(watch.Query{}).Deliveries; on && (d.Counts.Unmatched > 0 || d.Counts.Copies < uint64(fanoutGroup*(i-1))) {
				b.Fatalf("%+v", d.Counts)
			}
		})
	}
}

// TestFollowingDeliveriesAllocatesNothing: in the steady state, as without.
func TestFollowingDeliveriesAllocatesNothing(t *testing.T) {
	allocs := func(on bool) float64 {
		f := newFanout(100, on)
		i := 0
		round := func() {
			f.message(i)
			i++
		}
		for range 30_000 {
			round()
		}
		return testing.AllocsPerRun(2000, round)
	}
	if plain, followed := allocs(false), allocs(true); followed > plain+0.5 {
		t.Errorf("%.2f allocations a message of 22 packets, %.2f without deliveries", followed, plain)
	}
}
