package watch_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestViewAgainstFullLook compares what a view keeps up to date with looking at all rows anew, through a story in which deliveries begin, end
// in any order, and are evicted, while the filter changes now and then.
func TestViewAgainstFullLook(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	e, c := session(decode.V311, watch.Config{Keep: 60})
	texts := []string{"id:7", "state:complete", "qos:1", "!state:complete", "topic:a/+", "age>1s"}
	f := mustParse(t, texts[0])
	now := start
	var open []uint16
	id := uint16(0)
	for step := range 5000 {
		now += decode.Time(rng.IntN(200_000_000))
		seg := decode.Segment{Conn: c, Time: now}
		if rng.IntN(2) == 0 {
			id++
			topic := []string{"a/b", "a/c", "x"}[rng.IntN(3)]
			seg.Data = decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: topic})
			open = append(open, id)
		} else if len(open) > 0 {
			i := rng.IntN(len(open))
			seg.Dir = decode.FromServer
			seg.Data = decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: open[i]})
			open = slices.Delete(open, i, i+1)
		}
		e.Feed([]decode.Segment{seg})
		if rng.IntN(50) == 0 {
			f = mustParse(t, texts[rng.IntN(len(texts))])
		}
		if step%3 == 0 {
			compareView(t, e, f)
		}
	}
}

func compareView(t *testing.T, e *watch.Engine, f *filter.Filter) {
	t.Helper()
	got := e.Snapshot(watch.Query{Filter: f, Limit: 1 << 20})
	fresh := mustParse(t, "("+f.String()+")") // another text: looked at from the start
	want := e.Snapshot(watch.Query{Filter: fresh, Limit: 1 << 20})
	e.Snapshot(watch.Query{Filter: f})
	if !slices.Equal(ids(got), ids(want)) {
		t.Fatalf("filter %q: kept view has %v, a full look %v", f, ids(got), ids(want))
	}
	if !slices.IsSorted(ids(got)) {
		t.Fatalf("filter %q: rows out of order: %v", f, ids(got))
	}
	if n := len(got.Rows); n > 2 {
		around := e.Snapshot(watch.Query{Filter: f, Limit: 2, Around: got.Rows[n/2].ID, AroundRow: 1})
		if around.Rows[1].ID != got.Rows[n/2].ID {
			t.Fatalf("filter %q: window around %d has %v", f, got.Rows[n/2].ID, ids(around))
		}
	}
}

func ids(s *watch.Snapshot) (out []uint64) {
	for _, r := range s.Rows {
		out = append(out, r.ID)
	}
	return out
}

func mustParse(t *testing.T, text string) *filter.Filter {
	t.Helper()
	f, err := filter.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
