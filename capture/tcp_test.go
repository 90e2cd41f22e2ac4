package capture_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// forced has every connection on port 1883 handed on, so that tests can use short texts for bytes.
var forced = capture.FileOptions{Ports: []uint16{1883}}

func opened(c *pcapgen.Capture) *pcapgen.Conn { return c.Open(pcapgen.Client(1), pcapgen.Server()) }

// one is a segment with the bytes given and the sequence number of the next.
func one(c *pcapgen.Conn, dir decode.Direction, s string) { c.Send(dir, []byte(s)) }

// A tcpCase is a capture, and what is to be made of it.
type tcpCase struct {
	name  string
	build func(c *pcapgen.Capture)
	want  []string // events; connections count from 1
}

func TestTCP(t *testing.T) {
	checkTCP(t, []tcpCase{
		{"in order", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "ab")
			one(conn, server, "x")
			one(conn, client, "c")
		}, []string{"1 open", `1 client "ab"`, `1 server "x"`, `1 client "c"`}},

		{"a segment sent again", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "ab")
			conn.Resend(client, 2, []byte("ab"))
			one(conn, client, "c")
		}, []string{"1 open", `1 client "ab"`, `1 client "c"`}},

		{"sent again with more behind it", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "ab")
			conn.Resend(client, 2, []byte("abcd"))
			conn.Seq[client] += 2
			one(conn, client, "e")
		}, []string{"1 open", `1 client "ab"`, `1 client "cd"`, `1 client "e"`}},

		{"two segments the other way round", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			one(conn, client, "bc")
			one(conn, client, "de")
			c.Swap(4, 5)
			one(conn, server, "x")
		}, []string{"1 open", `1 client "a"`, `1 client "bc"`, `1 client "de"`, `1 server "x"`}},

		{"held segments overlap", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.Ahead(client, 2, []byte("de"))
			conn.Ahead(client, 3, []byte("efg"))
			conn.Ahead(client, 3, []byte("ef"))
			one(conn, client, "bc")
		}, []string{"1 open", `1 client "a"`, `1 client "bc"`, `1 client "de"`, `1 client "fg"`}},

		{"an answer recorded before its question waits for it", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			one(conn, server, "connack")
			one(conn, client, "publish")
			one(conn, server, "puback")
			c.Swap(5, 6)
		}, []string{"1 open", `1 client "connect"`, `1 server "connack"`, `1 client "publish"`, `1 server "puback"`}},

		{"bytes that the receiver has and the capture has not", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.ACK(server)
			conn.SendMissed(client, 5)
			one(conn, client, "b")
			conn.ACK(server)
			c.Wait(200 * time.Millisecond)
			one(conn, client, "c")
			one(conn, server, "x")
		}, []string{"1 open", `1 client "a"`, "1 client gap 5", `1 client "b"`, `1 client "c"`, `1 server "x"`}},

		{"a question that was missed is a gap before its answer", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			one(conn, server, "connack")
			conn.SendMissed(client, 7)
			one(conn, server, "puback")
			c.Wait(200 * time.Millisecond)
			one(conn, client, "next")
		}, []string{"1 open", `1 client "connect"`, `1 server "connack"`, "1 client gap 7", `1 server "puback"`, `1 client "next"`}},

		{"a hole at the end of the capture", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.SendMissed(client, 3)
			one(conn, client, "b")
		}, []string{"1 open", `1 client "a"`, "1 client gap 3", `1 client "b"`}},

		{"a hole when the connection closes", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.SendMissed(client, 3)
			one(conn, client, "b")
			conn.Close(client)
		}, []string{"1 open", `1 client "a"`, "1 client gap 3", `1 client "b"`, "1 client close 1"}},

		{"a FIN before the bytes that it ends", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			one(conn, client, "b")
			conn.FIN(client)
			c.Swap(4, 5)
			conn.FIN(server)
		}, []string{"1 open", `1 client "a"`, `1 client "b"`, "1 client close 1"}},

		{"a half-closed connection goes on", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.FIN(client)
			one(conn, server, "x")
			c.Wait(time.Second)
			one(conn, server, "y")
			conn.FIN(server)
		}, []string{"1 open", `1 client "a"`, `1 server "x"`, `1 server "y"`, "1 client close 1"}},

		{"a half-closed connection is closed after ten seconds", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.FIN(client)
			c.Wait(11 * time.Second)
			one(c.Open(pcapgen.Client(2), pcapgen.Server()), client, "b")
		}, []string{"1 open", `1 client "a"`, "1 client close 1", "2 open", `2 client "b"`}},

		{"a reset, and what was under way", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.RST(server)
			one(conn, client, "b")
		}, []string{"1 open", `1 client "a"`, `1 client "b"`, "1 server close 2"}},

		{"the words of a reset are not of the stream", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.Segment(client, conn.Seq[client], pcapgen.RST|pcapgen.ACK, []byte("go away"))
		}, []string{"1 open", `1 client "a"`, "1 client close 2"}},

		{"a reset far from the stream is not believed", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.Segment(client, conn.Seq[client]+1<<30, pcapgen.RST, nil)
			c.Wait(time.Second)
			one(conn, client, "b")
		}, []string{"1 open", `1 client "a"`, `1 client "b"`}},

		{"the same host reconnects: the old end comes first", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.RST(client)
			from := pcapgen.Client(1)
			one(c.Open(netip.AddrPortFrom(from.Addr(), 50000), pcapgen.Server()), client, "b")
		}, []string{"1 open", `1 client "a"`, "1 client close 2", "2 open", `2 client "b"`}},

		{"a port used again, the end not seen", func(c *pcapgen.Capture) {
			one(opened(c), client, "a")
			one(opened(c), client, "b")
		}, []string{"1 open", `1 client "a"`, "1 client close 3", "2 open", `2 client "b"`}},

		{"a port used again after a close", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.Close(server)
			one(opened(c), client, "b")
		}, []string{"1 open", `1 client "a"`, "1 server close 1", "2 open", `2 client "b"`}},

		{"a port used again, the SYN not seen", func(c *pcapgen.Capture) {
			one(opened(c), client, "a")
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.Seq[client] += 1 << 30
			one(conn, client, "bc")
		}, []string{"1 open", `1 client "a"`, "1 client close 3", "2 open", `2 client "bc"`}},

		{"SYN sent again", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.SYN(client)
			conn.Seq[client]--
			conn.SYN(client)
			conn.SYN(server)
			one(conn, client, "a")
		}, []string{"1 open", `1 client "a"`}},

		{"SYN recorded after the first bytes", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.SYN(client)
			one(conn, client, "a")
			c.Swap(0, 1)
			one(conn, client, "b")
		}, []string{"1 open", `1 client "a"`, `1 client "b"`}},

		{"SYN/ACK recorded before SYN", func(c *pcapgen.Capture) {
			conn := opened(c)
			c.Swap(0, 1)
			one(conn, client, "a")
		}, []string{"1 open", `1 client "a"`}},

		{"data in the SYN", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.Segment(client, conn.Seq[client], pcapgen.SYN, []byte("abc"))
			conn.Seq[client] += 4
			conn.SYN(server)
			one(conn, client, "d")
			one(conn, server, "x")
		}, []string{"1 open", `1 client "abc"`, `1 client "d"`, `1 server "x"`}},

		{"sequence numbers wrap", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.Seq = [2]uint32{0xFFFFFFFC, 0xFFFFFFFF}
			conn.SYN(client)
			conn.SYN(server)
			one(conn, client, "abcd")
			one(conn, client, "ef")
			one(conn, client, "gh")
			c.Swap(3, 4)
			one(conn, server, "x")
		}, []string{"1 open", `1 client "abcd"`, `1 client "ef"`, `1 client "gh"`, `1 server "x"`}},

		{"keep-alive probes", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "a")
			conn.KeepAlive(client)
			conn.ACK(server)
			one(conn, client, "b")
		}, []string{"1 open", `1 client "a"`, `1 client "b"`}},

		{"joined with a keep-alive probe", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.KeepAlive(client)
			one(conn, client, "a")
		}, []string{"1 open", `1 client "a"`}},

		{"acknowledgements made up by hand are not believed", func(c *pcapgen.Capture) {
			conn := opened(c)
			for i, s := range []string{"a", "b", "c"} {
				one(conn, client, s)
				conn.SegmentACK(server, conn.Seq[server], conn.Seq[client]+1000*uint32(i+1), pcapgen.ACK, []byte("x"))
				conn.Seq[server]++
			}
			// The answers are held for a while, then the numbers are not believed any more.
		}, []string{"1 open", `1 client "a"`, `1 client "b"`, `1 server "x"`, `1 server "x"`, `1 client "c"`, `1 server "x"`}},

		{"the first answer recorded before its question", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			one(conn, server, "connack")
			c.Swap(3, 4)
			one(conn, client, "publish")
			one(conn, server, "puback")
			c.Swap(5, 6)
		}, []string{"1 open", `1 client "connect"`, `1 server "connack"`, `1 client "publish"`, `1 server "puback"`}},

		{"two connections", func(c *pcapgen.Capture) {
			one1, one2 := opened(c), c.Open(pcapgen.Client(2), pcapgen.Server())
			one(one2, client, "a")
			one(one1, client, "b")
			one(one2, client, "c")
		}, []string{"1 open", `1 client "a"`, "2 open", `2 client "b"`, `1 client "c"`}},
	})
}

// checkTCP replays each capture, and replays it with every frame twice.
func checkTCP(t *testing.T, tests []tcpCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			tt.build(c)
			r := replayBytes(t, forced, c.Pcap())
			if got, want := r.String(), strings.Join(tt.want, "\n"); got != want || r.err != nil {
				t.Errorf("got\n%s\nwant\n%s\n%v", got, want, r.err)
			}
			for i := len(c.Frames) - 1; i >= 0; i-- {
				c.Repeat(i)
			}
			if got, want := replayBytes(t, forced, c.Pcap()).String(), r.String(); got != want {
				t.Errorf("every frame twice: got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestHeard: a capture of one direction alone says so.
func TestHeard(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Join(pcapgen.Client(1), pcapgen.Server())
	conn.SYN(client)
	one(conn, client, "publish")
	one(conn, client, "publish")
	if r := replayBytes(t, forced, c.Pcap()); !slices.Equal(r.heard, []decode.Direction{client}) || !r.conns[0].info.ByHeard {
		t.Errorf("client alone: heard %v", r.heard)
	}
	conn.ACK(server)
	if r := replayBytes(t, forced, c.Pcap()); !slices.Equal(r.heard, []decode.Direction{client, server}) {
		t.Errorf("with a bare acknowledgement of the server: heard %v", r.heard)
	}
}

func TestResentIsCounted(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	conn := opened(c)
	one(conn, client, "abc")
	conn.Resend(client, 3, []byte("abc"))
	conn.Resend(client, 2, []byte("bc"))
	conn.KeepAlive(client)
	conn.Ahead(client, 5, []byte("z"))
	conn.Ahead(client, 5, []byte("z"))
	if r := replayBytes(t, forced, c.Pcap()); r.stats.Resent != 3 {
		t.Errorf("resent is %d, want 3\n%s", r.stats.Resent, r)
	}
}

func TestSnapLength(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{SnapLen: 64})
	conn := opened(c)
	one(conn, client, "0123456789abcdef")
	one(conn, client, "xyz")
	one(conn, server, strings.Repeat("A", 100))
	r := replayBytes(t, forced, c.Pcap())
	want := "1 open\n1 client \"0123456789\"\n1 client gap 6\n1 client \"xyz\"\n1 server \"AAAAAAAAAA\"\n1 server gap 90"
	if r.String() != want {
		t.Errorf("got\n%s\nwant\n%s", r, want)
	}
	if r.stats.Cut != 2 || r.stats.Gaps != 2 || r.stats.GapBytes != 96 {
		t.Errorf("cut %d, gaps %d of %d bytes, want 2, 2 of 96", r.stats.Cut, r.stats.Gaps, r.stats.GapBytes)
	}
}

func TestSnapLengthBeforeTCP(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{SnapLen: 40})
	opened(c)
	r := replayBytes(t, forced, c.Pcap())
	if n := r.stats.NotDecoded["cut before TCP"]; n != 3 || r.stats.Cut != 3 {
		t.Errorf("not decoded: %v, cut %d, want 3 frames", r.stats.NotDecoded, r.stats.Cut)
	}
}

func TestHolesAreBounded(t *testing.T) {
	tests := []struct {
		name string
		opts capture.FileOptions
	}{
		{"per connection", capture.FileOptions{Ports: []uint16{1883}, MaxReorder: 20_000}},
		{"in total", capture.FileOptions{Ports: []uint16{1883}, MaxReorderAll: 20_000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{Step: time.Nanosecond})
			conn := opened(c)
			one(conn, client, "a")
			conn.SendMissed(client, 10)
			for range 30 {
				conn.Send(client, bytes.Repeat([]byte("x"), 1000))
			}
			conn.Resend(client, 30_010, []byte("0123456789"))
			r := replayBytes(t, tt.opts, c.Pcap())
			if got := r.conns[0]; got.gaps[client] != 10 || len(got.stream[client]) != 30_011 {
				t.Errorf("gaps of %d bytes in %d, want 10 in 30011", got.gaps[client], len(got.stream[client]))
			}
			if r.stats.Resent != 1 {
				t.Errorf("the segment that came too late is not counted as resent")
			}
		})
	}
}

// TestHoleTimes says how long a hole stays open, which differs with what the receiver acknowledges.
func TestHoleTimes(t *testing.T) {
	tests := []struct {
		name   string
		ack    func(conn *pcapgen.Conn, before uint32)
		within time.Duration // at this time after the hole it is still open, at ten times it is given up
	}{
		{"acknowledged", func(conn *pcapgen.Conn, _ uint32) { conn.ACK(server) }, 30 * time.Millisecond},
		{"not acknowledged", func(conn *pcapgen.Conn, before uint32) {
			conn.SegmentACK(server, conn.Seq[server], before, pcapgen.ACK, nil)
		}, 5 * time.Second},
		{"no acknowledgements in the capture", func(*pcapgen.Conn, uint32) {}, 300 * time.Millisecond},
	}
	for _, tt := range tests {
		for _, late := range []bool{false, true} {
			c := pcapgen.New(pcapgen.Options{})
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.SYN(client)
			one(conn, client, "a")
			before := conn.Seq[client]
			conn.SendMissed(client, 2)
			one(conn, client, "de")
			tt.ack(conn, before)
			c.Wait(tt.within)
			if late {
				c.Wait(9 * tt.within)
			}
			one(c.Open(pcapgen.Client(2), pcapgen.Server()), client, "else")
			conn.Resend(client, 4, []byte("bc"))
			r := replayBytes(t, forced, c.Pcap())
			want := "abcde"
			if late {
				want = "a??de"
			}
			if got := string(r.conns[0].stream[client]); got != want {
				t.Errorf("%s, late %v: got %q, want %q", tt.name, late, got, want)
			}
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	for i := range 100 {
		one(c.Open(pcapgen.Client(i), pcapgen.Server()), client, "a")
	}
	opts := forced
	opts.MaxConnections = 10
	r := replayBytes(t, opts, c.Pcap())
	evicted := 0
	for _, c := range r.conns {
		if c.closed != nil && c.closed.Cause == decode.CloseEvicted {
			evicted++
		}
	}
	if len(r.conns) != 100 || evicted != 90 {
		t.Errorf("%d connections, %d evicted, want 100, 90", len(r.conns), evicted)
	}
	if !strings.Contains(strings.Join(r.stats.Notes, "\n"), "forgotten") {
		t.Errorf("notes are %q, want one about forgotten connections", r.stats.Notes)
	}
}

func TestClosedConnectionsGoFirst(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	stay := opened(c)
	one(stay, client, "a")
	for i := range 100 {
		conn := c.Open(pcapgen.Client(i+2), pcapgen.Server())
		one(conn, client, "a")
		conn.Close(client)
	}
	one(stay, client, "b")
	opts := forced
	opts.MaxConnections = 10
	r := replayBytes(t, opts, c.Pcap())
	if got := string(r.conns[0].stream[client]); got != "ab" || strings.Contains(strings.Join(r.stats.Notes, "\n"), "forgotten") {
		t.Errorf("the open connection has %q, want ab; notes %q", got, r.stats.Notes)
	}
}
