package capture_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

const (
	client = decode.FromClient
	server = decode.FromServer
)

// exchange is a whole connection with one publish, in IPv6 if so asked.
func exchange(c *pcapgen.Capture, v6 bool) *pcapgen.Capture {
	from, to := pcapgen.Client(1), pcapgen.Server()
	if v6 {
		from, to = pcapgen.Client6(1), pcapgen.Server6()
	}
	conn := c.Open(from, to)
	conn.Send(client, connect)
	conn.ACK(server)
	conn.Send(server, connack)
	conn.Send(client, publish)
	conn.Send(server, puback)
	conn.Send(client, disconnect)
	conn.Close(client)
	return c
}

func checkExchange(t *testing.T, r *record) {
	t.Helper()
	if r.err != nil {
		t.Errorf("Run failed: %v", r.err)
	}
	if len(r.conns) != 1 {
		t.Fatalf("%d connections, want 1:\n%s", len(r.conns), r)
	}
	c := r.conns[0]
	if want := bytes.Join([][]byte{connect, publish, disconnect}, nil); !bytes.Equal(c.stream[client], want) {
		t.Errorf("client sent %q, want %q", c.stream[client], want)
	}
	if want := bytes.Join([][]byte{connack, puback}, nil); !bytes.Equal(c.stream[server], want) {
		t.Errorf("server sent %q, want %q", c.stream[server], want)
	}
	if c.closed == nil || c.closed.Cause != decode.CloseFIN || c.closed.Dir != client {
		t.Errorf("close is %+v, want FIN of the client", c.closed)
	}
	if r.stats.Gaps != 0 || r.stats.Resent != 0 || r.stats.Connections != 1 || r.stats.State != "ended" {
		t.Errorf("stats are %+v", r.stats)
	}
}

func TestLinks(t *testing.T) {
	tests := []struct {
		name string
		opts pcapgen.Options
		v6   bool
	}{
		{"Ethernet", pcapgen.Options{}, false},
		{"Ethernet IPv6", pcapgen.Options{}, true},
		{"VLAN", pcapgen.Options{VLANs: []uint16{7}}, false},
		{"QinQ", pcapgen.Options{VLANs: []uint16{7, 8}}, false},
		{"three tags IPv6", pcapgen.Options{VLANs: []uint16{7, 8, 9}}, true},
		{"Linux cooked", pcapgen.Options{Link: pcapgen.SLL}, false},
		{"Linux cooked IPv6", pcapgen.Options{Link: pcapgen.SLL}, true},
		{"Linux cooked 2", pcapgen.Options{Link: pcapgen.SLL2}, false},
		{"Linux cooked 2 IPv6", pcapgen.Options{Link: pcapgen.SLL2}, true},
		{"BSD loopback", pcapgen.Options{BSDNull: true}, false},
		{"BSD loopback IPv6", pcapgen.Options{BSDNull: true}, true},
		{"BSD loopback big-endian", pcapgen.Options{BSDNull: true, BigEndian: true}, false},
		{"OpenBSD loopback", pcapgen.Options{Link: pcapgen.Loop}, false},
		{"raw", pcapgen.Options{Link: pcapgen.Raw}, false},
		{"raw IPv6", pcapgen.Options{Link: pcapgen.Raw}, true},
		{"raw 12", pcapgen.Options{Link: 12}, false},
		{"raw 14", pcapgen.Options{Link: 14}, true},
		{"IPv4 only", pcapgen.Options{Link: pcapgen.IPv4}, false},
		{"IPv6 only", pcapgen.Options{Link: pcapgen.IPv6}, true},
		{"IP options", pcapgen.Options{IPOptions: true}, false},
		{"IPv6 extension headers", pcapgen.Options{ExtensionHeaders: true}, true},
		{"no IP length", pcapgen.Options{Link: pcapgen.Raw, ZeroLength: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := replayBytes(t, capture.FileOptions{}, exchange(pcapgen.New(tt.opts), tt.v6).Pcap())
			checkExchange(t, r)
			if len(r.stats.NotDecoded) > 0 {
				t.Errorf("not decoded: %v", r.stats.NotDecoded)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	small := func(big, nano bool) *pcapgen.Capture {
		return exchange(pcapgen.New(pcapgen.Options{BigEndian: big, Nano: nano}), false)
	}
	tests := []struct {
		name string
		file []byte
	}{
		{"pcap", small(false, false).Pcap()},
		{"pcap nanoseconds", small(false, true).Pcap()},
		{"pcap big-endian", small(true, false).Pcap()},
		{"pcap big-endian nanoseconds", small(true, true).Pcap()},
		{"pcap gzip", pcapgen.Gzip(small(false, false).Pcap())},
		{"pcap in two gzip members", append(pcapgen.Gzip(small(false, false).Pcap()[:100]), pcapgen.Gzip(small(false, false).Pcap()[100:])...)},
		{"pcap of Kuznetzov", kuznetzov(small(false, false))},
		{"pcapng", small(false, false).Pcapng()},
		{"pcapng nanoseconds", small(false, true).Pcapng()},
		{"pcapng big-endian", small(true, false).Pcapng()},
		{"pcapng gzip", pcapgen.Gzip(small(true, true).Pcapng())},
		{"pcap zstd", pack(small(false, false).Pcap())},
		{"pcapng zstd", pack(small(true, true).Pcapng())},
		{"pcap in two zstd frames", append(pack(small(false, false).Pcap()[:100]), pack(small(false, false).Pcap()[100:])...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			piped := replayBytes(t, capture.FileOptions{}, tt.file)
			checkExchange(t, piped)
			read := replay(t, capture.FileOptions{}, write(t, "x.cap", tt.file))
			checkExchange(t, read)
			start := decode.Time(1714564800) * 1e9
			if read.stats.First != start || read.stats.Last != start+11e6 {
				t.Errorf("times are %d to %d, want 11 ms from %d", read.stats.First, read.stats.Last, start)
			}
			if read.stats.Progress != 1 || piped.stats.Progress >= 0 {
				t.Errorf("progress is %v of a file, %v of a pipe", read.stats.Progress, piped.stats.Progress)
			}
			if source := read.conns[0].info.Source; source != "x.cap" {
				t.Errorf("source is %q, want x.cap", source)
			}
		})
	}
}

// kuznetzov writes records with the longer header of the patched libpcap.
func kuznetzov(c *pcapgen.Capture) []byte {
	le := binary.LittleEndian
	b := bytes.Clone(c.Pcap()[:24])
	le.PutUint32(b, 0xA1B2CD34)
	for _, f := range c.Frames {
		b = le.AppendUint32(b, uint32(f.Time.Unix()))
		b = le.AppendUint32(b, uint32(f.Time.Nanosecond()/1000))
		b = le.AppendUint32(b, uint32(len(f.Data)))
		b = le.AppendUint32(b, uint32(f.Length))
		b = append(b, 0, 0, 0, 1, 8, 0, 0, 0)
		b = append(b, f.Data...)
	}
	return b
}

func TestPcapngBlocks(t *testing.T) {
	ether := exchange(pcapgen.New(pcapgen.Options{}), false)
	nano := pcapgen.New(pcapgen.Options{Link: pcapgen.SLL2, Nano: true})
	exchange(nano, true)
	other := exchange(pcapgen.New(pcapgen.Options{BigEndian: true, Link: pcapgen.Raw, Start: ether.Now()}), false)

	b := ether.SectionHeader(nil)
	b = ether.Block(b, 10, []byte("TLSK\x05\x00\x00\x00hello"))      // Decryption Secrets
	b = ether.Block(b, 0x00000BAD, bytes.Repeat([]byte{1}, 600_000)) // larger than the buffer
	b = ether.InterfaceDescription(b)
	b = nano.InterfaceDescription(b)
	for i := range ether.Frames {
		b = ether.EnhancedPacket(b, 0, ether.Frames[i])
		b = nano.EnhancedPacket(b, 1, nano.Frames[i])
	}
	b = ether.Block(b, 5, append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 5, 0, 8, 0, 42, 0, 0, 0, 0, 0, 0, 0)) // isb_ifdrop 42
	b = other.SectionHeader(b)
	b = other.InterfaceDescription(b)
	for _, f := range other.Frames {
		b = other.EnhancedPacket(b, 0, f)
	}

	r := replayBytes(t, capture.FileOptions{}, b)
	if r.err != nil || len(r.conns) != 3 {
		t.Fatalf("%d connections, want 3; %v\n%s", len(r.conns), r.err, r)
	}
	for i, want := range []string{"10.0.0.1:40001", "[2001:db8::1]:40001", "10.0.0.1:40001"} {
		c := r.conns[i]
		if c.info.Client.String() != want || len(c.stream[client]) != 34 || len(c.stream[server]) != 8 {
			t.Errorf("connection %d is of %v with %q and %q, want %s", i, c.info.Client, c.stream[client], c.stream[server], want)
		}
	}
	if r.conns[0].times[0] != r.conns[1].times[0] {
		t.Errorf("the same instant is %d in microseconds and %d in nanoseconds", r.conns[0].times[0], r.conns[1].times[0])
	}
	if r.stats.KernelDrops != 42 {
		t.Errorf("kernel drops are %d, want 42", r.stats.KernelDrops)
	}
}

func TestPcapngOldAndSimplePackets(t *testing.T) {
	c := exchange(pcapgen.New(pcapgen.Options{}), false)
	b := c.SectionHeader(nil)
	b = c.InterfaceDescription(b)
	for i, f := range c.Frames {
		le := binary.LittleEndian
		if i%2 == 0 { // Simple Packet Block: original length, data
			b = c.Block(b, 3, append(le.AppendUint32(nil, uint32(f.Length)), f.Data...))
			continue
		}
		ticks := uint64(f.Time.UnixMicro())
		body := []byte{0, 0, 0xFF, 0xFF} // Packet Block: interface 0, drops unknown
		body = le.AppendUint32(body, uint32(ticks>>32))
		body = le.AppendUint32(body, uint32(ticks))
		body = le.AppendUint32(body, uint32(len(f.Data)))
		body = le.AppendUint32(body, uint32(f.Length))
		b = c.Block(b, 2, append(body, f.Data...))
	}
	checkExchange(t, replayBytes(t, capture.FileOptions{}, b))
}

func TestTimestampResolutions(t *testing.T) {
	tests := []struct {
		name  string
		resol byte
		ticks uint64
		want  decode.Time
	}{
		{"seconds", 0, 7, 7e9},
		{"milliseconds", 3, 7001, 7_001e6},
		{"picoseconds", 12, 7_000_001_000, 7_000_001},
		{"halves", 0x81, 3, 15e8},
		{"2^-32", 0xA0, 5<<32 | 1<<31, 55e8},
		{"2^-127", 0xFF, 5, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			b := c.SectionHeader(nil)
			b = c.Block(b, 1, []byte{1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, tt.resol, 0, 0, 0, 0, 0, 0, 0})
			b = c.EnhancedPacket(b, 0, pcapgen.Frame{Time: time.UnixMicro(int64(tt.ticks)), Data: []byte{1}, Length: 1})
			r := replayBytes(t, capture.FileOptions{}, b)
			if r.err != nil || r.stats.First != tt.want {
				t.Errorf("time is %d, want %d; %v", r.stats.First, tt.want, r.err)
			}
		})
	}
}

func TestSeveralFiles(t *testing.T) {
	whole := traffic(5, 3)
	half := len(whole.Frames) / 2
	frames := whole.Frames
	var even, odd, first, second []pcapgen.Frame
	for i, f := range frames {
		if i%2 == 0 {
			even = append(even, f)
		} else {
			odd = append(odd, f)
		}
	}
	first, second = frames[:half], frames[half:]
	file := func(frames []pcapgen.Frame) string {
		whole.Frames = frames
		return write(t, "x.pcap", whole.Pcap())
	}
	want := replay(t, capture.FileOptions{}, file(frames)).String()
	if got := replay(t, capture.FileOptions{}, file(second), file(first)).String(); got != want {
		t.Errorf("one after the other, in the wrong order: got\n%s\nwant\n%s", got, want)
	}
	if got := replay(t, capture.FileOptions{}, file(even), file(odd)).String(); got != want {
		t.Errorf("interleaved: got\n%s\nwant\n%s", got, want)
	}
}
