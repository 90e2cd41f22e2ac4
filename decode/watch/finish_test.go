package watch_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestCountsAtTheEnd has a capture that ends while one subscriber owes PUBACK for long, and just after a message for which nobody is in sight. The counts say
// the same as the events, also where nobody takes those.
func TestCountsAtTheEnd(t *testing.T) {
	for name, listens := range map[string]bool{"events": true, "counts alone": false} {
		t.Run(name, func(t *testing.T) {
			told := map[delivery.Verdict]uint64{}
			cfg := watch.Config{Deliveries: true}
			if listens {
				cfg.OnEvent = func(e *watch.Event) {
					if e.Kind == watch.DeliverySettled {
						told[e.Delivery.Verdict]++
					}
				}
			}
			e := watch.New(cfg)
			conn := func(id uint64) *decode.Conn { return decode.NewConn(decode.ConnInfo{ID: id}, nil) }
			p, s := conn(1), conn(2)
			now := decode.Time(1e15)
			feed := func(c *decode.Conn, dir decode.Direction, data string) {
				now += 1e6
				e.Feed([]decode.Segment{{Conn: c, Kind: decode.Data, Dir: dir, Time: now, Data: []byte(data)}})
			}
			for i, c := range []*decode.Conn{p, s} {
				e.Feed([]decode.Segment{{Conn: c, Kind: decode.Open, Time: now}})
				feed(c, decode.FromClient, "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01"+"ps"[i:i+1])
				feed(c, decode.FromServer, "\x20\x02\x00\x00")
			}
			feed(s, decode.FromClient, "\x82\x06\x00\x01\x00\x01t\x01")
			feed(s, decode.FromServer, "\x90\x03\x00\x01\x01")
			feed(p, decode.FromClient, "\x32\x06\x00\x01t\x00\x07x")
			feed(p, decode.FromServer, "\x40\x02\x00\x07")
			feed(s, decode.FromServer, "\x32\x06\x00\x01t\x00\x01x")
			now += 10e9
			feed(p, decode.FromClient, "\x32\x06\x00\x01u\x00\x08y")
			feed(p, decode.FromServer, "\x40\x02\x00\x08")
			e.Finish()
			n := e.Snapshot(watch.Query{}).Deliveries.Counts
			if n.Messages != 2 || n.Open != 0 || n.Settled[delivery.Incomplete] != 1 || n.Settled[delivery.NoSubscriber] != 1 {
				t.Errorf("%d messages, %d open, by verdict %v; want one incomplete and one without a subscriber", n.Messages, n.Open, n.Settled)
			}
			if listens && (told[delivery.Incomplete] != 1 || told[delivery.NoSubscriber] != 1 || len(told) != 2) {
				t.Errorf("told %v", told)
			}
		})
	}
}
