package capture_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// record is what a Source said, with copies of all bytes.
type record struct {
	conns  []*conn
	byID   map[uint64]*conn
	ticks  []decode.Time
	heard  []decode.Direction
	events []string // everything in order, one line each
	err    error
	stats  decode.SourceStats
}

type conn struct {
	info   decode.ConnInfo
	stream [2][]byte // data; a gap of n bytes is n times '?'
	gaps   [2]int64
	times  []decode.Time
	closed *decode.Segment
	wrong  string // how the segments broke the rules, if they did
}

func (r *record) sink(batch []decode.Segment) {
	for _, s := range batch {
		if s.Kind == decode.Heard {
			r.heard = append(r.heard, s.Dir)
			continue
		}
		if s.Kind == decode.Tick {
			r.ticks = append(r.ticks, s.Time)
			r.events = append(r.events, "tick")
			continue
		}
		r.segment(s)
	}
}

func (r *record) segment(s decode.Segment) {
	c := r.byID[s.Conn.Info.ID]
	if (c == nil) != (s.Kind == decode.Open) {
		panic(fmt.Sprintf("segment kind %d of connection %d out of place", s.Kind, s.Conn.Info.ID))
	}
	if c == nil {
		c = &conn{info: s.Conn.Info}
		r.byID[c.info.ID] = c
		r.conns = append(r.conns, c)
	}
	if c.closed != nil {
		c.wrong = "a segment after Close"
	}
	if n := len(c.times); n > 0 && s.Time < c.times[n-1] {
		c.wrong = "time goes backwards"
	}
	c.times = append(c.times, s.Time)
	what := ""
	switch s.Kind {
	case decode.Open:
		what = "open"
	case decode.Data:
		what = fmt.Sprintf("%v %q", s.Dir, s.Data)
		c.stream[s.Dir] = append(c.stream[s.Dir], s.Data...)
	case decode.Gap:
		what = fmt.Sprintf("%v gap %d", s.Dir, s.Bytes)
		c.gaps[s.Dir] += s.Bytes
		c.stream[s.Dir] = append(c.stream[s.Dir], bytes.Repeat([]byte("?"), int(min(s.Bytes, 1<<16)))...)
	case decode.Close:
		what = fmt.Sprintf("%v close %d", s.Dir, s.Cause)
		c.closed = &s
	}
	r.events = append(r.events, fmt.Sprintf("%d %s", c.info.ID, what))
}

func (r *record) String() string { return strings.Join(r.events, "\n") }

// replay runs a File over paths, for as long as it takes.
func replay(t testing.TB, opts capture.FileOptions, paths ...string) *record {
	t.Helper()
	r := &record{byID: map[uint64]*conn{}}
	f := capture.NewFile(paths, opts)
	r.err = f.Run(context.Background(), r.sink)
	r.stats = f.Stats()
	r.endOfTime(t)
	for _, c := range r.conns {
		if c.wrong != "" {
			t.Errorf("connection %d: %s\n%s", c.info.ID, c.wrong, r)
		}
	}
	return r
}

// endOfTime takes off the tick at the end, which says how far time has come.
func (r *record) endOfTime(t testing.TB) {
	t.Helper()
	if r.stats.Frames == 0 {
		return
	}
	n := len(r.ticks) - 1
	if n < 0 || r.ticks[n] < r.stats.Last || r.events[len(r.events)-1] != "tick" {
		t.Errorf("no tick at the end says that time has come to %v:\n%s", r.stats.Last, r)
		return
	}
	r.ticks, r.events = r.ticks[:n], r.events[:len(r.events)-1]
}

// replayBytes runs a File over standard input.
func replayBytes(t testing.TB, opts capture.FileOptions, file []byte) *record {
	t.Helper()
	opts.Stdin = bytes.NewReader(file)
	return replay(t, opts, "-")
}

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Some Control Packets of 3.1.1.
var (
	connect    = []byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04pump")
	connack    = []byte("\x20\x02\x00\x00")
	publish    = []byte("\x32\x0c\x00\x05plant\x00\x01abc") // QoS 1, Packet Identifier 1
	puback     = []byte("\x40\x02\x00\x01")
	pingreq    = []byte("\xc0\x00")
	pingresp   = []byte("\xd0\x00")
	disconnect = []byte("\xe0\x00")
)
