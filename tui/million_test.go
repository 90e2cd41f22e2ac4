package tui_test

import (
	"fmt"
	"slices"
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
	e := watch.New(watch.Config{Keep: 1_000_000, Survey: true, RawBytes: 16 << 20})
	publishes(1_000_000).feed(e)
	return e
}

// traffic is what one client and its Server send in turn, in segments.
type traffic [][]byte

// publishes returns n PUBLISH packets of QoS 1, on many topics, with their PUBACK.
func publishes(n int) traffic {
	t := traffic{
		decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "c", CleanStart: true}),
		decode.AppendConnack(nil, decode.V311, decode.ConnackFields{}),
	}
	for i := range n {
		id := uint16(i%60_000) + 1
		t = append(t, decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: fmt.Sprint("t/", i*7919%5000)}),
			decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: id}))
	}
	return t
}

// feed has e take the traffic in, as on one connection, with a millisecond from one to the next.
func (t traffic) feed(e *watch.Engine) {
	c := decode.NewConn(decode.ConnInfo{ID: 1}, nil)
	batch := make([]decode.Segment, 0, 256)
	for i, data := range t {
		batch = append(batch, decode.Segment{
			Kind: decode.Data, Conn: c, Dir: decode.Direction(i % 2), Time: start.Add(time.Duration(i/2) * time.Millisecond), Data: data,
		})
		if len(batch) == cap(batch) || i == len(t)-1 {
			e.Feed(batch)
			batch = batch[:0]
		}
	}
}

// typed are the keys of a filter as somebody types it, who looks at what each of them chooses.
func typed(text string) (keys []string) {
	for _, r := range text {
		key := string(r)
		if r == ' ' {
			key = "space"
		}
		keys = append(keys, key)
	}
	return keys
}

// BenchmarkKeysAtMillion presses keys over a million handshakes, each with the Snapshot that it asks for and the frame: moving, sorted by time and by
// topic; going through the screens; and typing a filter. It reports the key whose median is the slowest; 50 ms is the most that one may take, and 100 ms while typing a filter.
func BenchmarkKeysAtMillion(b *testing.B) {
	e := million(b)
	moves := []string{"g", "pgdown", "j", "G", "pgup", "k", "space", "e", "0", "5", "0", "0", "0", "0", "0", "G", "L", "H", "p", "p", "enter", "esc", "t", "esc"}
	for _, bc := range []struct {
		name        string
		setUp, keys []string
		clean       []string // not measured, between two rounds
	}{
		{"by time", nil, moves, nil},
		{"by topic", []string{">", ">", ">", ">"}, moves, nil},
		{"screens", nil, []string{"2", "3", "j", "4", "j", "enter", "esc", "4", "5", "6", "7", "g", "G", "1"}, nil},
		{"filter", []string{"/"}, typed("topic:t/12 qos:1 !state:stuck"), []string{"ctrl+u"}},
		{"filter word", []string{"/"}, typed("t/4999"), []string{"ctrl+u"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			d := newDriver(b, nil, 160, 45, theme.Options{Color: true}, func(o *tui.Options) { o.Backend = e })
			d.keys(bc.setUp...)
			took := make([][]time.Duration, len(bc.keys))
			for b.Loop() {
				for i, key := range bc.keys {
					began := time.Now()
					d.keys(key)
					took[i] = append(took[i], time.Since(began))
				}
				d.keys(bc.clean...)
			}
			var worst time.Duration
			name := ""
			for i, times := range took {
				slices.Sort(times)
				if median := times[len(times)/2]; median > worst { // a busy machine makes any key slow now and then
					worst, name = median, bc.keys[i]
				}
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms/worst-key")
			b.Log("the slowest key is", name)
		})
	}
}
