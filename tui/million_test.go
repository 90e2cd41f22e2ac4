package tui_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// million is an engine that keeps a million finished handshakes.
func million(b *testing.B) *watch.Engine {
	b.Helper()
	e := watch.New(watch.Config{Keep: 1_000_000})
	c := decode.NewConn(decode.ConnInfo{ID: 1}, nil)
	now := start
	feed := func(dir decode.Direction, data []byte) {
		e.Feed([]decode.Segment{{Kind: decode.Data, Conn: c, Dir: dir, Time: now, Data: data}})
	}
	feed(decode.FromClient, decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "c", CleanStart: true}))
	feed(decode.FromServer, decode.AppendConnack(nil, decode.V311, decode.ConnackFields{}))
	for i := range 1_000_000 {
		now = now.Add(time.Millisecond)
		id := uint16(i%60_000) + 1
		feed(decode.FromClient, decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: fmt.Sprint("t/", i*7919%5000)}))
		feed(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: id}))
	}
	return e
}

// BenchmarkKeysAtMillion presses keys over a million handshakes, sorted by time and by topic, each with the Snapshot that it asks for and the
// frame. It reports the slowest key; 50 ms is the most that one may take.
func BenchmarkKeysAtMillion(b *testing.B) {
	e := million(b)
	for _, bc := range []struct {
		name  string
		setUp []string
	}{{"by time", nil}, {"by topic", []string{">", ">", ">", ">"}}} {
		b.Run(bc.name, func(b *testing.B) {
			d := newDriver(b, nil, 160, 45, theme.Options{Color: true}, func(o *tui.Options) { o.Backend = e })
			d.keys(bc.setUp...)
			keys := []string{"g", "pgdown", "j", "G", "pgup", "k", "space", "e", "0", "5", "0", "0", "0", "0", "0", "G", "L", "H", "p", "p", "enter", "esc", "t", "esc"}
			var worst time.Duration
			name := ""
			for b.Loop() {
				for _, key := range keys {
					began := time.Now()
					d.keys(key)
					if took := time.Since(began); took > worst {
						worst, name = took, key
					}
				}
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst-key")
			b.Log("the slowest key is", name)
		})
	}
}
