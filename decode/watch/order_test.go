package watch_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// mixed feeds n deliveries of QoS 1 to topics out of order; each third is not acknowledged.
func mixed(n int, cfg watch.Config) *watch.Engine {
	e, c := session(decode.V311, cfg)
	for i := range n {
		now := start + decode.Time(i*1_000_000)
		topic := fmt.Sprintf("t/%d", (i*7)%10)
		id := uint16(i%60000) + 1
		e.Feed([]decode.Segment{{Conn: c, Time: now, Data: decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: topic})}})
		if i%3 != 0 {
			e.Feed([]decode.Segment{{Conn: c, Dir: decode.FromServer, Time: now + decode.Time((i%5)*1000),
				Data: decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: id})}})
		}
	}
	return e
}

func TestOrder(t *testing.T) {
	e := mixed(200, watch.Config{})
	tests := []struct {
		name    string
		key     watch.SortKey
		reverse bool
		less    func(a, b *watch.Row) bool // a may come before b
	}{
		{"time", watch.ByTime, false, func(a, b *watch.Row) bool { return a.ID < b.ID }},
		{"time reversed", watch.ByTime, true, func(a, b *watch.Row) bool { return a.ID > b.ID }},
		{"topic", watch.ByTopic, false, func(a, b *watch.Row) bool { return a.Topic < b.Topic || a.Topic == b.Topic && a.ID < b.ID }},
		{"topic reversed", watch.ByTopic, true, func(a, b *watch.Row) bool { return a.Topic > b.Topic || a.Topic == b.Topic && a.ID < b.ID }},
		{"id", watch.ByPacketID, false, func(a, b *watch.Row) bool { return a.PacketID < b.PacketID }},
		{"state", watch.ByState, false, func(a, b *watch.Row) bool { return a.State <= b.State }},
		{"qos", watch.ByQoS, false, func(a, b *watch.Row) bool { return a.Kind <= b.Kind }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := e.Order(nil, tt.key, tt.reverse, nil)
			if o.Len() != 200 {
				t.Fatalf("%d handshakes, not 200", o.Len())
			}
			s := e.Snapshot(watch.Query{Order: o, Limit: 1000})
			if s.Matched != 200 || len(s.Rows) != 200 || s.Total != 200 {
				t.Fatalf("matched %d, rows %d, total %d", s.Matched, len(s.Rows), s.Total)
			}
			for i := 1; i < len(s.Rows); i++ {
				if !tt.less(&s.Rows[i-1], &s.Rows[i]) {
					t.Fatalf("row %d %+v before %+v", i, s.Rows[i-1], s.Rows[i])
				}
			}
		})
	}
}

func TestOrderFiltersAndWindows(t *testing.T) {
	e := mixed(300, watch.Config{})
	o := e.Order(mustParse(t, "state:complete"), watch.ByTopic, false, nil)
	if o.Len() != 200 {
		t.Fatalf("%d complete, not 200", o.Len())
	}
	all := o.IDs()
	s := e.Snapshot(watch.Query{Order: o, First: 50, Limit: 10})
	if !slices.Equal(ids(s), all[50:60]) || s.First != 50 {
		t.Errorf("window at %d has %v, not %v", s.First, ids(s), all[50:60])
	}
	s = e.Snapshot(watch.Query{Order: o, Around: all[100], AroundRow: 3, Limit: 10})
	if s.First != 97 || s.Rows[3].ID != all[100] {
		t.Errorf("window around %d begins at %d", all[100], s.First)
	}
}

func TestOrderOfEvicted(t *testing.T) {
	e := mixed(300, watch.Config{Keep: 50})
	gone := watch.OrderOf([]uint64{2, 299})
	s := e.Snapshot(watch.Query{Order: gone, Limit: 5})
	if len(s.Rows) != 2 || s.Rows[0].ID != 2 || s.Rows[0].Kind != 0 || s.Rows[1].Kind == 0 {
		t.Errorf("rows %+v", s.Rows)
	}
}

func TestOrderGivesUp(t *testing.T) {
	e := mixed(10, watch.Config{})
	if o := e.Order(nil, watch.ByTopic, false, func(float64) bool { return false }); o != nil {
		t.Errorf("an order that was given up has %d", o.Len())
	}
}

// BenchmarkOrderMillion sorts a million handshakes by topic; the longest that the engine is held is one step of it.
func BenchmarkOrderMillion(b *testing.B) {
	e := mixed(1_000_000, watch.Config{Keep: 1_000_000})
	for b.Loop() {
		e.Order(nil, watch.ByTopic, false, nil)
	}
}
