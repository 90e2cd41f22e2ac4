package capture_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// FuzzFile reads any bytes as a file: it ends, without a panic, and makes no more of it than there is.
func FuzzFile(f *testing.F) {
	for _, opts := range []pcapgen.Options{{}, {BigEndian: true, Nano: true}, {Link: pcapgen.SLL2}, {SnapLen: 60}} {
		c := exchange(pcapgen.New(opts), false)
		f.Add(c.Pcap())
		f.Add(c.Pcapng())
	}
	f.Add(pcapgen.Gzip(exchange(pcapgen.New(pcapgen.Options{}), true).Pcapng()))
	names, _ := filepath.Glob("testdata/captures/*.pcap*")
	for _, name := range names {
		if file, err := os.ReadFile(name); err == nil && len(file) < 8<<10 {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		// Compressed input may unpack to a thousand times its size.
		packed := bytes.HasPrefix(file, []byte{0x1F, 0x8B})
		var data uint64
		src := capture.NewFile([]string{"-"}, capture.FileOptions{Stdin: bytes.NewReader(file), MaxConnections: 50})
		src.Run(context.Background(), func(batch []decode.Segment) {
			for _, s := range batch {
				if s.Conn == nil {
					continue // a tick
				}
				if s.Kind == decode.Gap && (s.Bytes < 0 || s.Bytes == 0 && s.Conn.Info.Transport == "") {
					t.Errorf("a gap of %d bytes", s.Bytes)
				}
				data += uint64(len(s.Data))
			}
		})
		if stats := src.Stats(); data > stats.Bytes || !packed && stats.Bytes > uint64(len(file)) {
			t.Errorf("a file of %d bytes has frames of %d and data of %d", len(file), stats.Bytes, data)
		}
	})
}

// FuzzLink puts any bytes into a frame of any link type.
func FuzzLink(f *testing.F) {
	for _, link := range []pcapgen.Link{0, 1, 9, 12, 14, 101, 108, 113, 228, 229, 276, 147} {
		c := exchange(pcapgen.New(pcapgen.Options{Link: link, BSDNull: link == 0}), false)
		f.Add(uint16(link), c.Frames[3].Data, uint16(0))
	}
	f.Add(uint16(1), exchange(pcapgen.New(pcapgen.Options{VLANs: []uint16{1, 2}, ExtensionHeaders: true}), true).Frames[3].Data, uint16(9))
	for _, tunnel := range tunnels() {
		f.Add(uint16(1), tunnel.frame, uint16(3))
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte, more uint16) {
		c := pcapgen.New(pcapgen.Options{Link: pcapgen.Link(link), BSDNull: link == 0})
		c.Frames = []pcapgen.Frame{{Time: c.Now(), Data: data, Length: len(data) + int(more)}}
		r := replayBytes(t, forced, c.Pcap())
		if len(data) <= 1<<20 && (r.err != nil || r.stats.Frames != 1) {
			t.Errorf("%d frames, %v", r.stats.Frames, r.err)
		}
		for _, conn := range r.conns {
			if n := len(conn.stream[client]) + len(conn.stream[server]); n > len(data)+int(more) {
				t.Errorf("%d bytes of data in a frame of %d", n, len(data)+int(more))
			}
		}
	})
}

// piece is a part of a stream that is sent as one segment.
type piece struct{ from, to int }

// play sends the pieces of a stream of size bytes in the order given, between SYN and FIN, and returns what arrives.
func play(t testing.TB, first uint32, size int, pieces []piece, fin int) *conn {
	t.Helper()
	stream := make([]byte, size)
	for i := range stream {
		stream[i] = byte(i*7+i>>8) | 0x80
	}
	c := pcapgen.New(pcapgen.Options{Step: time.Microsecond, MSS: -1})
	tcp := c.Join(pcapgen.Client(1), pcapgen.Server())
	tcp.Seq[client] = first
	tcp.SYN(client)
	tcp.SYN(server)
	start := tcp.Seq[client]
	covered := make([]bool, size)
	for i, p := range pieces {
		if i == fin {
			tcp.Segment(client, start+uint32(size), pcapgen.FIN|pcapgen.ACK, nil)
		}
		tcp.SegmentACK(client, start+uint32(p.from), tcp.Seq[server], pcapgen.ACK, stream[p.from:p.to])
		for j := p.from; j < p.to; j++ {
			covered[j] = true
		}
	}
	if fin < 0 || fin >= len(pieces) {
		tcp.Segment(client, start+uint32(size), pcapgen.FIN|pcapgen.ACK, nil)
	}
	want := bytes.Clone(stream)
	missing := int64(0)
	for i := range want {
		if !covered[i] {
			want[i] = '?'
			missing++
		}
	}
	r := replayBytes(t, forced, c.Pcap())
	if missing == int64(size) {
		if len(r.conns) != 0 {
			t.Errorf("a connection without data: %s", r)
		}
		return nil
	}
	if len(r.conns) != 1 {
		t.Fatalf("%d connections, %v", len(r.conns), r.stats)
	}
	got := r.conns[0]
	if !bytes.Equal(got.stream[client], want) || got.gaps[client] != missing {
		t.Errorf("%d bytes in %v, FIN at %d: got\n%x, gaps of %d, want\n%x, %d", size, pieces, fin, got.stream[client], got.gaps[client], want, missing)
	}
	return got
}

// FuzzAssemble cuts a stream into segments, sends them in any order, some twice, some overlapping, some not at all: what is
// delivered is the stream, with gaps exactly where no segment was.
func FuzzAssemble(f *testing.F) {
	f.Add(uint32(0), uint16(10), -1, []byte{0, 5, 5, 5})
	f.Add(uint32(0xFFFFFFF0), uint16(40), 2, []byte{20, 20, 0, 10, 5, 10, 10, 10})
	f.Add(uint32(7), uint16(300), 0, []byte{200, 100, 3, 1, 0, 30})
	f.Fuzz(func(t *testing.T, first uint32, size uint16, fin int, cuts []byte) {
		if size == 0 || size > 2000 || len(cuts) > 600 {
			return
		}
		var pieces []piece
		for i := 0; i+1 < len(cuts); i += 2 {
			from := int(cuts[i]) * int(size) / 256
			to := min(from+int(cuts[i+1]), int(size))
			if to > from {
				pieces = append(pieces, piece{from, to})
			}
		}
		play(t, first, int(size), pieces, fin)
	})
}

// TestAnyCut cuts streams anywhere and shuffles the segments, some of them sent twice.
func TestAnyCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		size := 1 + random.IntN(1500)
		var pieces []piece
		for at := 0; at < size; {
			to := min(at+1+random.IntN(60), size)
			back := min(at, random.IntN(10)*random.IntN(2))
			pieces = append(pieces, piece{at - back, to})
			if random.IntN(8) == 0 {
				pieces = append(pieces, piece{at, to})
			}
			at = to
		}
		random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		play(t, random.Uint32(), size, pieces, random.IntN(len(pieces)+1))
		lost := pieces[:len(pieces)/2]
		play(t, random.Uint32(), size, lost, random.IntN(len(lost)+1))
	}
}

// TestSegmentSizesDoNotMatter sends the same exchange in segments of every size.
func TestSegmentSizesDoNotMatter(t *testing.T) {
	for mss := 1; mss < 24; mss++ {
		checkExchange(t, replayBytes(t, capture.FileOptions{}, exchange(pcapgen.New(pcapgen.Options{MSS: mss}), mss%2 == 0).Pcap()))
	}
}
