package watch_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func TestSortPackets(t *testing.T) {
	s := newSurveyed(t)
	s.publish(ms, decode.FromClient, 1, 9, "t/10")
	s.publish(ms, decode.FromClient, 2, 300, "t/9")
	s.publish(ms, decode.FromClient, 0, 0, "t/100/long")
	s.ack(ms, decode.FromServer, decode.PUBACK, 9)
	ask := func(text string, o watch.Sort[watch.PacketKey]) string {
		t.Helper()
		f, err := filter.ParsePackets(text)
		if err != nil {
			t.Fatal(err)
		}
		l := s.Snapshot(watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 9}, Filter: f, Sort: o, Follow: true}}).Packets
		var names []string
		for _, r := range l.Rows {
			if r.Type == decode.PUBLISH {
				names = append(names, r.Text)
			} else {
				names = append(names, r.Type.String())
			}
		}
		if l.Matched != len(names) {
			t.Errorf("%d matched, %d rows", l.Matched, len(names))
		}
		return strings.Join(names, " ")
	}
	for _, tt := range []struct {
		name, filter string
		sort         watch.Sort[watch.PacketKey]
		want         string
	}{
		{"usual", "", watch.Sort[watch.PacketKey]{}, "CONNECT CONNACK t/10 t/9 t/100/long PUBACK"},
		{"reversed", "", watch.Sort[watch.PacketKey]{Reverse: true}, "PUBACK t/100/long t/9 t/10 CONNACK CONNECT"},
		{"type", "", watch.Sort[watch.PacketKey]{Key: watch.PacketsByType}, "CONNECT CONNACK t/10 t/9 t/100/long PUBACK"},
		{"type reversed", "", watch.Sort[watch.PacketKey]{Key: watch.PacketsByType, Reverse: true}, "PUBACK t/10 t/9 t/100/long CONNACK CONNECT"},
		{"qos", "type:PUBLISH", watch.Sort[watch.PacketKey]{Key: watch.PacketsByQoS}, "t/9 t/10 t/100/long"},
		{"id", "", watch.Sort[watch.PacketKey]{Key: watch.PacketsByID}, "t/9 t/10 PUBACK CONNECT CONNACK t/100/long"},
		{"id reversed", "", watch.Sort[watch.PacketKey]{Key: watch.PacketsByID, Reverse: true}, "t/10 PUBACK t/9 CONNECT CONNACK t/100/long"},
		{"topic", "type:PUBLISH", watch.Sort[watch.PacketKey]{Key: watch.PacketsByText}, "t/9 t/10 t/100/long"},
		{"topic reversed", "type:PUBLISH", watch.Sort[watch.PacketKey]{Key: watch.PacketsByText, Reverse: true}, "t/100/long t/10 t/9"},
		{"length", "type:PUBLISH", watch.Sort[watch.PacketKey]{Key: watch.PacketsByLength}, "t/100/long t/10 t/9"},
	} {
		if got := ask(tt.filter, tt.sort); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	turn := watch.Sort[watch.PacketKey]{Key: watch.PacketsByID, Turn: 1}
	before := ask("", turn)
	s.publish(ms, decode.FromClient, 1, 500, "new")
	if got := ask("", turn); got != before {
		t.Errorf("within a turn the order changes from %q to %q", before, got)
	}
	turn.Turn++
	if got := ask("", turn); !strings.HasPrefix(got, "new ") {
		t.Errorf("in the next turn %q", got)
	}
}

// TestSortedPacketsGo lets the packets of an order go before the next turn: what is left is that they are gone.
func TestSortedPacketsGo(t *testing.T) {
	s := newSurveyed(t)
	q := watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 1}, Sort: watch.Sort[watch.PacketKey]{Reverse: true, Turn: 1}}}
	s.Snapshot(q)
	for range 60_000 {
		s.publish(ms, decode.FromClient, 0, 0, "a")
	}
	l := s.Snapshot(q).Packets
	if len(l.Rows) != 1 || l.Rows[0] != (watch.PacketRow{Number: 2}) || l.Matched != 2 {
		t.Errorf("%d rows of %d: %+v", len(l.Rows), l.Matched, l.Rows)
	}
}

// BenchmarkSortPackets sorts as many packets as are kept, of clients and topics as a plant has them.
func BenchmarkSortPackets(b *testing.B) {
	e := watch.New(watch.Config{Survey: true})
	for i := range 60 {
		c := decode.NewConn(decode.ConnInfo{ID: uint64(i + 1), Client: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(i+1))}, nil)
		at := start.Add(time.Duration(i) * ms)
		e.Feed([]decode.Segment{{Kind: decode.Open, Conn: c, Time: at},
			{Conn: c, Time: at, Data: decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: fmt.Sprint("client-", i)})}})
		for k := range 1000 {
			e.Feed([]decode.Segment{{Conn: c, Time: at, Data: decode.AppendPublish(nil, decode.V5, decode.PublishFields{Topic: fmt.Sprint("plant/", k, "/temp")})}})
		}
	}
	for name, key := range map[string]watch.PacketKey{"topic": watch.PacketsByText, "length": watch.PacketsByLength} {
		b.Run(name, func(b *testing.B) {
			for turn := range b.N {
				e.Snapshot(watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 40}, Sort: watch.Sort[watch.PacketKey]{Key: key, Turn: int64(turn) + 1}}})
			}
		})
	}
}
