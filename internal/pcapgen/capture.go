package pcapgen

import (
	"net/netip"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Link is a link-layer header type, as numbered in the tcpdump registry of link types.
type Link uint32

// The links that frames can be built for.
const (
	Null     Link = 0 // BSD loopback, in the byte order of the file
	Ethernet Link = 1
	Raw      Link = 101
	Loop     Link = 108 // OpenBSD loopback: like Null, always big-endian
	SLL      Link = 113 // Linux cooked
	IPv4     Link = 228
	IPv6     Link = 229
	SLL2     Link = 276 // Linux cooked, version 2
)

// Options say how frames are built. The zero value is Ethernet, IPv4 or IPv6 by the addresses, microseconds,
// little-endian, nothing cut, a frame each millisecond.
type Options struct {
	Link Link // Null cannot be asked for with the zero value: set BSDNull
	// BSDNull asks for Link 0.
	BSDNull bool
	// VLANs are the VLAN identifiers to stack on Ethernet, outermost first: 802.1ad outside, 802.1Q innermost.
	VLANs []uint16
	// Nano writes nanoseconds, BigEndian the other byte order.
	Nano, BigEndian bool
	// SnapLen cuts frames to so many bytes; 0 is no cut.
	SnapLen int
	// Start is the time of the first frame; default 2024-05-01 12:00:00 UTC. Step is the time between
	// two frames; default 1 ms.
	Start time.Time
	Step  time.Duration
	// IPOptions adds 4 bytes of options to IPv4 headers, ExtensionHeaders a hop-by-hop header to IPv6.
	IPOptions, ExtensionHeaders bool
	// ZeroLength writes 0 as IPv4 total length, as a network card with segmentation offload shows it.
	ZeroLength bool
	// MSS cuts what Send is given into segments; default 1460. Negative: never cut.
	MSS int
}

// A Frame is one record of a capture file.
type Frame struct {
	Time time.Time
	Data []byte
	// Length is how long the frame was on the wire; Data may be shorter.
	Length int
}

// Capture collects frames. Tests may reorder, drop and repeat elements of Frames as they like.
type Capture struct {
	Frames []Frame
	opts   Options
	now    time.Time
	ports  uint16
}

// New returns an empty Capture.
func New(opts Options) *Capture {
	if opts.BSDNull {
		opts.Link = Null
	} else if opts.Link == 0 {
		opts.Link = Ethernet
	}
	if opts.Start.IsZero() {
		opts.Start = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	}
	if opts.Step == 0 {
		opts.Step = time.Millisecond
	}
	if opts.MSS == 0 {
		opts.MSS = 1460
	}
	return &Capture{opts: opts, now: opts.Start}
}

// Now is the time that the next frame will have.
func (c *Capture) Now() time.Time { return c.now }

// Wait lets d pass before the next frame.
func (c *Capture) Wait(d time.Duration) { c.now = c.now.Add(d) }

// Add appends a frame as it is, cut to the snap length.
func (c *Capture) Add(data []byte) {
	length := len(data)
	if c.opts.SnapLen > 0 && length > c.opts.SnapLen {
		data = data[:c.opts.SnapLen]
	}
	c.Frames = append(c.Frames, Frame{Time: c.now, Data: data, Length: length})
	c.now = c.now.Add(c.opts.Step)
}

// Swap exchanges the contents of frames i and j; each place keeps its time, as when a capture records out of order.
func (c *Capture) Swap(i, j int) {
	c.Frames[i], c.Frames[j] = c.Frames[j], c.Frames[i]
	c.Frames[i].Time, c.Frames[j].Time = c.Frames[j].Time, c.Frames[i].Time
}

// Drop removes frame i: it was on the wire and the capture missed it.
func (c *Capture) Drop(i int) { c.Frames = append(c.Frames[:i], c.Frames[i+1:]...) }

// Repeat records frame i once more, right after it.
func (c *Capture) Repeat(i int) {
	c.Frames = append(c.Frames[:i+1], c.Frames[i:]...)
}

// Client returns the address of the nth client, 10.0.0.0 counted up, with a port above 40000.
func Client(n int) netip.AddrPort {
	addr := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	return netip.AddrPortFrom(addr, uint16(40000+n%20000))
}

// Server returns the address of the server: 192.0.2.1, port 1883.
func Server() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.1:1883") }

// Client6 and Server6 are the like in IPv6.
func Client6(n int) netip.AddrPort {
	a := netip.MustParseAddr("2001:db8::").As16()
	a[13], a[14], a[15] = byte(n>>16), byte(n>>8), byte(n)
	return netip.AddrPortFrom(netip.AddrFrom16(a), uint16(40000+n%20000))
}

// Server6 returns [2001:db8:1::1]:1883.
func Server6() netip.AddrPort { return netip.MustParseAddrPort("[2001:db8:1::1]:1883") }

// Open starts a connection with SYN, SYN/ACK and ACK.
func (c *Capture) Open(client, server netip.AddrPort) *Conn {
	conn := c.Join(client, server)
	conn.SYN(decode.FromClient)
	conn.SYN(decode.FromServer)
	conn.ACK(decode.FromClient)
	return conn
}

// Join returns a connection that began before the capture: nothing is written yet.
func (c *Capture) Join(client, server netip.AddrPort) *Conn {
	c.ports++
	conn := &Conn{capture: c, ends: [2]netip.AddrPort{client, server}}
	conn.Seq = [2]uint32{1000 + uint32(c.ports)*7919, 5000 + uint32(c.ports)*104729}
	return conn
}
