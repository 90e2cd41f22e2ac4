package capture_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// scripted is a Source that delivers n Ticks, waits for ctx if it is told to, and returns err.
type scripted struct {
	n     int
	waits bool
	err   error
	stats decode.SourceStats
}

func (s *scripted) Run(ctx context.Context, sink capture.Sink) error {
	for i := range s.n {
		sink([]decode.Segment{{Kind: decode.Tick, Time: decode.Time(i + 1)}})
	}
	if s.waits {
		<-ctx.Done()
	}
	return s.err
}

func (s *scripted) Stats() decode.SourceStats { return s.stats }

// TestSeveral checks that one that fails does not end the others, and that the Sink is called by one at a time.
func TestSeveral(t *testing.T) {
	broken := errors.New("it is broken")
	all := capture.Together(
		&scripted{n: 1000, waits: true, stats: decode.SourceStats{Name: "a", Kind: "client", State: "retrying", Err: "gone", Frames: 1, First: 5, Last: 6, Other: map[string]uint64{"TLS": 1}}},
		&scripted{n: 1000, waits: true, stats: decode.SourceStats{Name: "b", Kind: "client", State: "live", Frames: 2, First: 3, Last: 4, Other: map[string]uint64{"TLS": 2}, Notes: []string{"n"}}},
		&scripted{err: broken, stats: decode.SourceStats{Name: "c", Kind: "client", State: "failed", Err: "broken"}},
	)
	ctx, cancel := context.WithCancel(context.Background())
	ticks := 0 // without a lock: the race detector tells
	err := all.Run(ctx, func(batch []decode.Segment) {
		if ticks += len(batch); ticks == 2000 {
			cancel()
		}
	})
	if ticks != 2000 || !errors.Is(err, broken) {
		t.Errorf("%d ticks, error %v", ticks, err)
	}
	st := all.Stats()
	if st.Name != "a b c" || st.State != "live" || st.Err != "a: gone; c: broken" || st.Frames != 3 || st.First != 3 || st.Last != 6 || st.Other["TLS"] != 3 || len(st.Notes) != 1 {
		t.Errorf("stats %+v", st)
	}
	if each := all.All(); len(each) != 3 || each[1].Name != "b" {
		t.Errorf("all: %+v", each)
	}
}
