package capture_test

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// script is a Source that hands on its segments when it is told to.
type script struct {
	name string
	feed chan []decode.Segment
}

func (s *script) Run(ctx context.Context, sink capture.Sink) error {
	for batch := range s.feed {
		sink(batch)
	}
	return nil
}

func (s *script) Stats() decode.SourceStats { return decode.SourceStats{Name: s.name, State: "live"} }

func connOf(name string, from, to, peer netip.AddrPort, opened decode.Time) *decode.Conn {
	return decode.NewConn(decode.ConnInfo{ID: 1, Client: from, Server: to, Peer: peer, Source: name, Opened: opened}, nil)
}

// TestTwins lets two sources tell of connections: what is one connection counts once.
func TestTwins(t *testing.T) {
	from, to, other := pcapgen.Client(1), pcapgen.Server(), pcapgen.Client(2)
	none := netip.AddrPort{}
	const a, b = 0, 1
	type step struct {
		source int
		conn   *decode.Conn
		kind   decode.SegmentKind
		time   decode.Time
		told   bool
	}
	tests := []struct {
		name  string
		steps func() []step
		notes [2]int
	}{
		{"the same, one within the other", func() []step {
			one, two := connOf("a", from, to, none, 10), connOf("b", from, to, none, 11)
			return []step{{a, one, decode.Open, 10, true}, {b, two, decode.Open, 11, false}, {b, two, decode.Data, 12, false}, {a, one, decode.Data, 12, true},
				{b, two, decode.Close, 20, false}, {a, one, decode.Close, 21, true}}
		}, [2]int{0, 1}},
		{"ends guessed the other way round", func() []step {
			one, two := connOf("a", from, to, none, 10), connOf("b", to, from, none, 11)
			return []step{{a, one, decode.Open, 10, true}, {b, two, decode.Open, 11, false}}
		}, [2]int{0, 1}},
		{"one is told when the other has ended", func() []step {
			one, two := connOf("a", from, to, none, 10), connOf("b", from, to, none, 10)
			return []step{{a, one, decode.Open, 10, true}, {a, one, decode.Close, 20, true},
				{b, two, decode.Open, 10, false}, {b, two, decode.Data, 12, false}, {b, two, decode.Close, 20, false}}
		}, [2]int{0, 1}},
		{"a port used again", func() []step {
			one, two, three := connOf("a", from, to, none, 10), connOf("b", from, to, none, 30), connOf("a", from, to, none, 30)
			return []step{{a, one, decode.Open, 10, true}, {a, one, decode.Close, 20, true}, {b, two, decode.Open, 30, true}, {a, three, decode.Open, 30, false}}
		}, [2]int{1, 0}},
		{"a port used again at one source", func() []step {
			one, two := connOf("a", from, to, none, 10), connOf("a", from, to, none, 30)
			return []step{{a, one, decode.Open, 10, true}, {a, two, decode.Open, 30, true}}
		}, [2]int{0, 0}},
		{"others", func() []step {
			one, two := connOf("a", from, to, none, 10), connOf("b", other, to, none, 10)
			return []step{{a, one, decode.Open, 10, true}, {b, two, decode.Open, 11, true}}
		}, [2]int{0, 0}},
		{"named by a load balancer", func() []step {
			one, two := connOf("a", other, to, from, 10), connOf("b", from, to, none, 10)
			return []step{{a, one, decode.Open, 10, true}, {b, two, decode.Open, 11, false}}
		}, [2]int{0, 1}},
		{"addresses not known", func() []step {
			one, two := connOf("a", none, none, none, 10), connOf("b", none, none, none, 10)
			return []step{{a, one, decode.Open, 10, true}, {b, two, decode.Open, 11, true}}
		}, [2]int{0, 0}},
		{"ticks", func() []step { return []step{{a, nil, decode.Tick, 10, true}, {b, nil, decode.Tick, 11, true}} }, [2]int{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sources := [2]*script{{name: "a", feed: make(chan []decode.Segment)}, {name: "b", feed: make(chan []decode.Segment)}}
			both := capture.Together(sources[a], sources[b])
			told := make(chan decode.Segment, 100)
			ended := make(chan error)
			go func() {
				ended <- both.Run(t.Context(), func(batch []decode.Segment) {
					for _, s := range batch {
						told <- s
					}
				})
			}()
			var want []decode.Segment
			for _, s := range tt.steps() {
				seg := decode.Segment{Conn: s.conn, Kind: s.kind, Time: s.time}
				sources[s.source].feed <- []decode.Segment{seg}
				sources[s.source].feed <- nil // so that the one before was taken
				if s.told {
					want = append(want, seg)
				}
			}
			close(sources[a].feed)
			close(sources[b].feed)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			close(told)
			var got []decode.Segment
			ids := map[uint64]*decode.Conn{}
			for s := range told {
				got = append(got, s)
				if s.Conn == nil {
					continue
				}
				if c := ids[s.Conn.Info.ID]; c != nil && c != s.Conn {
					t.Errorf("two connections have the number %d", s.Conn.Info.ID)
				}
				ids[s.Conn.Info.ID] = s.Conn
			}
			if !slices.EqualFunc(got, want, func(x, y decode.Segment) bool { return x.Conn == y.Conn && x.Kind == y.Kind && x.Time == y.Time }) {
				t.Errorf("told %v\nwant %v", got, want)
			}
			for i, st := range both.All() {
				if len(st.Notes) != tt.notes[i] || tt.notes[i] > 0 && !strings.HasPrefix(st.Notes[0], "1 connection was seen at another source") {
					t.Errorf("%s has notes %q, want %d", st.Name, st.Notes, tt.notes[i])
				}
			}
		})
	}
}

// TestFilesBeforeTheRest has a file, which is of the past, in one run with a source of now.
func TestFilesBeforeTheRest(t *testing.T) {
	now := &script{name: "now", feed: make(chan []decode.Segment, 1)}
	conn := connOf("now", netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{}, 1)
	now.feed <- []decode.Segment{{Conn: conn, Kind: decode.Open, Time: decode.TimeOf(time.Now())}}
	close(now.feed)
	file := capture.NewFile([]string{write(t, "past.pcap", exchange(pcapgen.New(pcapgen.Options{}), false).Pcap())}, capture.FileOptions{})
	var names []string
	err := capture.Together(now, file).Run(t.Context(), func(batch []decode.Segment) {
		for _, s := range batch {
			if s.Kind == decode.Open {
				names = append(names, s.Conn.Info.Source)
			}
		}
	})
	if err != nil || !slices.Equal(names, []string{"past.pcap", "now"}) || conn.Info.ID != 2 {
		t.Errorf("%v: connections of %q, the last has number %d", err, names, conn.Info.ID)
	}
}

// TestPacketsOnTwoInterfaces has each frame twice in one file, as the interfaces of a bridge show it.
func TestPacketsOnTwoInterfaces(t *testing.T) {
	c := exchange(pcapgen.New(pcapgen.Options{}), false)
	file := c.InterfaceDescription(c.InterfaceDescription(c.SectionHeader(nil)))
	for _, f := range c.Frames {
		file = c.EnhancedPacket(file, 0, f)
		f.Time = f.Time.Add(20 * time.Microsecond)
		file = c.EnhancedPacket(file, 1, f)
	}
	r := replayBytes(t, capture.FileOptions{}, file)
	resent := r.stats.Resent
	r.stats.Resent = 0
	checkExchange(t, r)
	if resent == 0 {
		t.Error("nothing is counted as resent")
	}
}

// TestOneDirection notes that a capture leaves out one end.
func TestOneDirection(t *testing.T) {
	c := exchange(pcapgen.New(pcapgen.Options{}), false)
	c.Frames = slices.DeleteFunc(c.Frames, func(f pcapgen.Frame) bool { return bytes.Equal(f.Data[26:30], []byte{192, 0, 2, 1}) })
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	if len(r.conns) != 1 || len(r.stats.Notes) != 1 || !strings.HasPrefix(r.stats.Notes[0], "of one MQTT connection only one end was seen") {
		t.Errorf("notes %q, %s", r.stats.Notes, r)
	}
}
