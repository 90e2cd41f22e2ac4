package watch_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// told is what an engine said while it was fed, and what it shows at the end.
type told struct {
	events []string
	snap   *watch.Snapshot
	calls  int
}

func (o *told) event(ev *watch.Event) {
	text := fmt.Sprint(ev.Kind, ev.Time)
	switch {
	case ev.Row != nil:
		text += fmt.Sprintf(" %+v", *ev.Row)
	case ev.Alert != nil:
		text += fmt.Sprintf(" %+v", *ev.Alert)
	case ev.Delivery != nil:
		text += fmt.Sprintf(" %+v", *ev.Delivery)
	}
	o.events = append(o.events, text)
}

// chaosTold feeds the same chaos to an engine, directly or through a Pipe, in batches of any size whose bytes are overwritten afterwards.
func chaosTold(seed uint64, piped bool, cfg watch.Config) *told {
	o := &told{}
	cfg.OnEvent = o.event
	e := watch.New(cfg)
	take, end := e.Feed, func() {}
	if piped {
		pipe := watch.NewPipe(e, func() { o.calls++ })
		take, end = pipe.Feed, pipe.Close
	}
	c := chaos{rng: rand.New(rand.NewPCG(seed, 77)), now: start}
	var batch []decode.Segment
	c.take = func(s []decode.Segment) { batch = append(batch, s...) }
	for range 400 {
		c.act()
		if n := len(batch); n > int(seed%40) {
			take(batch)
			for i := range batch {
				clear(batch[i].Data)
			}
			batch = batch[:0]
		}
	}
	take(batch)
	end()
	e.Finish()
	o.snap = e.Snapshot(watch.Query{Limit: 1000, AlertLimit: 1000})
	for _, r := range o.snap.Rows {
		o.events = append(o.events, fmt.Sprintf("%+v", *e.Snapshot(watch.Query{Ladder: r.ID}).Ladder))
	}
	return o
}

// TestPipe: whether an engine is fed on one goroutine or on two, it comes to the same.
func TestPipe(t *testing.T) {
	for name, cfg := range map[string]watch.Config{
		"headless": {Keep: 20, Deliveries: true, Responses: true},
		"screen":   {Keep: 20, Deliveries: true, Survey: true, RawBytes: 1 << 16},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				want, got := chaosTold(seed, false, cfg), chaosTold(seed, true, cfg)
				if len(want.events) == 0 || got.calls == 0 {
					t.Fatalf("seed %d: %d events, %d calls", seed, len(want.events), got.calls)
				}
				for i := range max(len(want.events), len(got.events)) {
					if i >= len(want.events) || i >= len(got.events) || want.events[i] != got.events[i] {
						t.Fatalf("seed %d: event %d of %d and %d differs:\n one %s\n two %s", seed, i, len(want.events), len(got.events),
							at(want.events, i), at(got.events, i))
					}
				}
				if !reflect.DeepEqual(want.snap.Counts, got.snap.Counts) || !reflect.DeepEqual(want.snap.Rows, got.snap.Rows) {
					t.Fatalf("seed %d: the snapshots differ:\n one %+v\n two %+v", seed, want.snap.Counts, got.snap.Counts)
				}
			}
		})
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(none)"
}

// TestPipeWithLargeSegments hands over more packets in one segment than go into one parcel.
func TestPipeWithLargeSegments(t *testing.T) {
	e, c := session(decode.V311, watch.Config{Keep: 100})
	pipe := watch.NewPipe(e, nil)
	var data []byte
	for i := range 5000 {
		data = decode.AppendPublish(data, decode.V311, decode.PublishFields{QoS: 1, PacketID: uint16(i + 1), Topic: "a/b", Payload: make([]byte, 100)})
	}
	pipe.Feed([]decode.Segment{{Conn: c, Time: start + 1, Data: data}})
	pipe.Close()
	e.Finish()
	if n := e.Snapshot(watch.Query{}).Counts; n.Publish[1] != 5000 || n.Handshakes[0].Open != 5000 {
		t.Errorf("counts: %+v", n)
	}
}

// TestPipeAllocatesNothing: parcels go round, so that in the steady state handing over costs no memory.
func TestPipeAllocatesNothing(t *testing.T) {
	for _, tc := range []struct {
		version decode.Version
		raw     int
	}{{decode.V311, 0}, {decode.V5, 0}, {decode.V5, 1 << 18}} {
		v := tc.version
		e, c := session(v, watch.Config{Keep: 1000, RawBytes: tc.raw, Survey: tc.raw > 0})
		pipe := watch.NewPipe(e, nil)
		round := rounds(v, c, pipe.Feed)
		for range 30 { // the list of packets is full after 24
			round()
		}
		per := testing.AllocsPerRun(20, round) / (roundBatches * 7)
		pipe.Close()
		if per > 0.001 {
			t.Errorf("%v: %.4f allocations a packet, want 0", v, per)
		}
		if o := e.Snapshot(watch.Query{}).Counts.Handshakes; o[0].Complete < roundBatches*40 || o[1].Open != 0 {
			t.Fatalf("%v: deliveries did not complete: %+v", v, o)
		}
	}
}
