package capture_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// fragmented replaces each frame of raw IP by fragments that carry size bytes each, a multiple of 8. The identification is that of the
// frame's place.
func fragmented(c *pcapgen.Capture, size int) *pcapgen.Capture {
	be := binary.BigEndian
	var out []pcapgen.Frame
	for id, f := range c.Frames {
		header, v6 := 20, f.Data[0]>>4 == 6
		if v6 {
			header = 40
		}
		body := f.Data[header:]
		for off := 0; off < len(body); off += size {
			part := body[off:min(off+size, len(body))]
			more := off+len(part) < len(body)
			h := bytes.Clone(f.Data[:header])
			if v6 {
				h = append(h, h[6], 0, 0, 0, 0, 0, 0, byte(id+1))
				h[6] = 44
				be.PutUint16(h[4:], uint16(8+len(part)))
				be.PutUint16(h[42:], uint16(off))
				if more {
					h[43] |= 1
				}
			} else {
				be.PutUint16(h[2:], uint16(header+len(part)))
				be.PutUint16(h[4:], uint16(id+1))
				be.PutUint16(h[6:], uint16(off/8))
				if more {
					h[6] |= 0x20
				}
			}
			data := append(h, part...)
			out = append(out, pcapgen.Frame{Time: f.Time, Data: data, Length: len(data)})
		}
	}
	c.Frames = out
	return c
}

func TestFragments(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, size := range []int{8, 16, 32} {
			for name, change := range map[string]func(f []pcapgen.Frame) []pcapgen.Frame{
				"in order": func(f []pcapgen.Frame) []pcapgen.Frame { return f },
				"backwards, of each frame": func(f []pcapgen.Frame) []pcapgen.Frame {
					slices.SortStableFunc(f, func(a, b pcapgen.Frame) int { return a.Time.Compare(b.Time) })
					for i := 0; i < len(f); {
						j := i
						for j < len(f) && f[j].Time.Equal(f[i].Time) {
							j++
						}
						slices.Reverse(f[i:j])
						i = j
					}
					return f
				},
				"each twice": func(f []pcapgen.Frame) []pcapgen.Frame {
					var twice []pcapgen.Frame
					for _, frame := range f {
						twice = append(twice, frame, frame)
					}
					return twice
				},
			} {
				c := fragmented(exchange(pcapgen.New(pcapgen.Options{Link: pcapgen.Raw}), v6), size)
				c.Frames = change(c.Frames)
				r := replayBytes(t, capture.FileOptions{}, c.Pcap())
				if name == "each twice" && size == 32 {
					r.stats.Resent -= 3 // segments without data are not fragments at this size
				}
				t.Run(name, func(t *testing.T) { checkExchange(t, r) })
				if len(r.stats.NotDecoded) > 0 {
					t.Errorf("%s, IPv6 %v, fragments of %d: not decoded %v", name, v6, size, r.stats.NotDecoded)
				}
			}
		}
	}
}

// TestFragmentsMissing counts what never becomes whole.
func TestFragmentsMissing(t *testing.T) {
	build := func() *pcapgen.Capture {
		c := pcapgen.New(pcapgen.Options{Link: pcapgen.Raw})
		conn := opened(c)
		conn.Send(client, connect)
		conn.Send(server, connack)
		conn.Send(client, publish)
		return fragmented(c, 24) // SYN, SYN, ACK are whole; CONNECT, PUBLISH in two
	}
	tests := []struct {
		name   string
		change func(c *pcapgen.Capture)
		want   uint64
		stream string
	}{
		{"nothing", func(*pcapgen.Capture) {}, 0, string(connect) + string(publish)},
		{"the first fragment", func(c *pcapgen.Capture) { c.Drop(3) }, 1, string(publish)},
		{"the last fragment", func(c *pcapgen.Capture) { c.Drop(4) }, 1, string(publish)},
		{"one is cut", func(c *pcapgen.Capture) { c.Frames[3].Data = c.Frames[3].Data[:40] }, 2, string(publish)},
		{"two overlap", func(c *pcapgen.Capture) {
			f := c.Frames[4]
			f.Data = bytes.Clone(f.Data)
			f.Data[7] = 2 // 16 bytes from the beginning, in place of 24
			c.Frames = slices.Insert(c.Frames, 4, f)
		}, 2, string(publish)},
		{"one comes a minute later", func(c *pcapgen.Capture) {
			late := c.Frames[4]
			late.Time = late.Time.Add(time.Minute)
			c.Drop(4)
			c.Frames = append(c.Frames, late)
		}, 2, string(publish)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := build()
			tt.change(c)
			r := replayBytes(t, forced, c.Pcap())
			if got := r.stats.NotDecoded["IP fragment"]; got != tt.want {
				t.Errorf("%d fragments not decoded, want %d", got, tt.want)
			}
			if len(r.conns) != 1 || !bytes.HasSuffix(r.conns[0].stream[client], []byte(tt.stream)) {
				t.Errorf("got %s", r)
			}
		})
	}
}

// TestFragmentsAreBounded begins more datagrams than are gathered; those that end are still found.
func TestFragmentsAreBounded(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Link: pcapgen.Raw, MSS: -1, Step: time.Microsecond})
	conn := opened(c)
	conn.Send(client, connect)
	for range 3000 {
		conn.Resend(client, 0, bytes.Repeat([]byte("x"), 4000))
	}
	conn.Send(client, publish)
	fragmented(c, 2000)
	var kept []pcapgen.Frame
	for _, f := range c.Frames { // of the long ones only the first fragment
		if f.Data[6]&0x20 != 0 || len(f.Data) < 2000 && binary.BigEndian.Uint16(f.Data[6:])&0x1FFF == 0 {
			kept = append(kept, f)
		}
	}
	c.Frames = kept
	r := replayBytes(t, forced, c.Pcap())
	if got := r.stats.NotDecoded["IP fragment"]; got != 3000*2 {
		t.Errorf("%d fragments not decoded", got)
	}
	if len(r.conns) != 1 || string(r.conns[0].stream[client]) != string(connect)+string(publish) {
		t.Errorf("got %.200s", r)
	}
}
