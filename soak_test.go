package main_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// A soak is a day of traffic that is watched in as little time as that takes.
type soak struct {
	engine *watch.Engine
	from   decode.Time
	heap   []uint64 // that is in use at the end of each hour
	most   uint64   // system memory
}

// feed is a capture.Sink that looks at the memory each hour.
func (s *soak) feed(batch []decode.Segment) {
	s.engine.Feed(batch)
	if s.from == 0 {
		s.from = batch[0].Time
	}
	if last := batch[len(batch)-1].Time; last.Sub(s.from) >= time.Duration(len(s.heap)+1)*time.Hour {
		s.look()
	}
}

func (s *soak) look() {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one has queued
	runtime.ReadMemStats(&m)
	s.heap = append(s.heap, m.HeapAlloc)
	s.most = max(s.most, m.Sys)
}

// TestSoak watches a day in accelerated time, with everything that the screen asks for: clients that come and go, handshakes that get stuck, topics
// that were never there before, and the counts of the day are true. Its last six hours take no more memory than the first, but for tables that fill. MQTTWATCH_LONG=1 makes
// the traffic five times as dense.
func TestSoak(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	p := traffic.Standard(0)
	p.Publishers, p.Subscribers, p.FanOut, p.Rate = 10, 10, 2, 1
	p.Reconnect, p.NewTopics, p.Withhold = 0.02, 0.5, 0.002
	if os.Getenv("MQTTWATCH_LONG") != "" {
		p.Rate, p.NewTopics = 5, 0.2
	}
	p.Messages = int(p.Rate * (24*time.Hour + 10*time.Minute).Seconds())
	in, out := io.Pipe()
	made := make(chan traffic.Truth, 1)
	go func() {
		truth, err := traffic.Write(out, p)
		made <- truth
		_ = out.CloseWithError(err)
	}()
	s := &soak{engine: watch.New(watch.Config{Keep: 2000, RawBytes: 1 << 20, Survey: true, Deliveries: true, Responses: true})}
	src := capture.NewFile([]string{"-"}, capture.FileOptions{Stdin: in})
	if err := src.Run(context.Background(), s.feed); err != nil {
		t.Fatal(err)
	}
	s.engine.Finish()
	truth := <-made
	if len(s.heap) != 24 {
		t.Fatalf("%d hours", len(s.heap))
	}
	t.Logf("%d messages, %d Control Packets, %d connections; in use %v KiB, of the system %d KiB", truth.Messages, sum(truth.Packets[:]), truth.Connections, kib(s.heap), s.most>>10)
	// What tables hold goes up and down: where one is full, a quarter of it gives way. Not yet full after six hours are the alerts, and the store of
	// Topic Names, of which there may be 200,000. Sixteen bytes that stay of each packet would be more than that.
	first, last := slices.Max(s.heap[:6]), slices.Max(s.heap[18:])
	const perTopic = 100
	allowed := first + first*3/20 + uint64(perTopic*p.NewTopics*float64(p.Messages)*3/4)
	if last > allowed || allowed > first+16*sum(truth.Packets[:]) {
		t.Errorf("up to %d KiB are in use in the first six hours of the day, %d KiB in the last; %d KiB would be right", first>>10, last>>10, allowed>>10)
	}
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	s.check(t, &truth)
}

// check compares what was counted over the day with the truth.
func (s *soak) check(t *testing.T, truth *traffic.Truth) {
	t.Helper()
	snap := s.engine.Snapshot(watch.Query{Statistics: true, Topics: &watch.TopicQuery{Window: watch.Window{Limit: 1}}})
	c := &snap.Counts
	for i, o := range c.Handshakes {
		if o.Complete != truth.Complete[i] || o.Open != truth.Open[i] || o.Abandoned != truth.Abandoned[i] || o.Unknown+o.Refused+o.JoinedLate > 0 {
			t.Errorf("QoS %d: %+v, want %d complete, %d open, %d abandoned", i+1, o, truth.Complete[i], truth.Open[i], truth.Abandoned[i])
		}
	}
	if c.Packets != truth.Packets || c.Connections != truth.Connections || c.Malformed+c.Lost > 0 {
		t.Errorf("%d connections and packets %v, want %d and %v; %d malformed, %d lost", c.Connections, c.Packets, truth.Connections, truth.Packets, c.Malformed, c.Lost)
	}
	if n := snap.Deliveries.Counts.Messages; n != truth.Messages {
		t.Errorf("%d messages, want %d", n, truth.Messages)
	}
	if snap.Topics.Pruned == 0 || c.Evicted == 0 || truth.Abandoned[0] == 0 {
		t.Errorf("no bound was reached: %d topics gave way, %d handshakes", snap.Topics.Pruned, c.Evicted)
	}
}

func sum(all []uint64) (n uint64) {
	for _, x := range all {
		n += x
	}
	return n
}

func kib(all []uint64) (out []uint64) {
	for _, x := range all {
		out = append(out, x>>10)
	}
	return out
}
