package scenario

import (
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// Wire says how TCP carries a story. What the packets mean does not depend on it. The zero value is a segment for each packet.
type Wire struct {
	// MSS cuts packets into segments of so many bytes; 0 is no cut.
	MSS int
	// Retransmit sends every segment twice, as TCP does when an acknowledgement is late: the second time together with the segment before it.
	Retransmit bool
	// Acknowledge has TCP acknowledge every segment by itself, as most do.
	Acknowledge bool
	// Swap records the last two segments of a packet that MSS cut in the wrong order. Not on a connection that is joined in mid-stream: there
	// nobody can tell that the first one recorded is not the first.
	Swap bool
}

// grace is how long a hole stays open that the receiver's acknowledgement has proven, before a capture calls it one.
const grace = 100 * time.Millisecond

// Pcap returns the story as a capture file, with the times of its acts. A connection opens with SYN, unless it is joined in mid-stream, at its
// first act. Bytes missing are acknowledged by the other end as soon as something comes after them, so that the hole is known for one. What has no
// frame of its own, such as a tick, moves the capture's clock by a frame that is not TCP.
func Pcap(s *Scenario, w Wire) ([]byte, error) {
	g := generator{
		acts:    s.Acts,
		wire:    w,
		capture: pcapgen.New(pcapgen.Options{Link: pcapgen.Ethernet, MSS: -1, Start: Start.Std()}),
		conns:   map[*Conn]*pcapConn{},
	}
	for i := range s.Acts {
		a := &s.Acts[i]
		first := len(g.capture.Frames)
		if err := g.act(a); err != nil {
			return nil, fmt.Errorf("line %d: %w", a.Line, err)
		}
		for j := first; j < len(g.capture.Frames); j++ {
			g.capture.Frames[j].Time = Start.Add(a.At).Std()
		}
		next := time.Duration(1<<63 - 1)
		if i+1 < len(s.Acts) {
			next = s.Acts[i+1].At
		}
		g.wait(a.At, next)
	}
	return g.capture.Pcap(), nil
}

type generator struct {
	acts    []Act
	wire    Wire
	capture *pcapgen.Capture
	conns   map[*Conn]*pcapConn
	holed   bool // a hole is open, or a reset waits for bytes under way
}

type pcapConn struct {
	*pcapgen.Conn
	missed [2]bool // bytes of that direction are missing and not acknowledged yet
	before [2][]byte
	joined bool
}

func (g *generator) act(a *Act) error {
	if a.Conn == nil {
		g.clock()
		return nil
	}
	c := g.conns[a.Conn]
	if c == nil {
		c = &pcapConn{Conn: g.capture.Join(a.Conn.Client, a.Conn.Server), joined: a.Conn.MidStream}
		g.conns[a.Conn] = c
		if !a.Conn.MidStream {
			c.SYN(decode.FromClient)
			c.SYN(decode.FromServer)
			c.ACK(decode.FromClient)
		}
	}
	switch a.Op {
	case Send:
		g.send(c, a.Dir, a.Bytes)
	case Gap:
		if next := g.next(a); next == nil || next.At != a.At || next.Op != Send {
			return fmt.Errorf("a gap is found when something comes after it: give it the time of the next packet of %s", a.Conn.Name)
		}
		c.SendMissed(a.Dir, int(a.Missing))
		c.missed[a.Dir], c.before[a.Dir] = true, nil
	case Close:
		return g.close(c, a)
	}
	return nil
}

// next returns what happens next on the connection of a.
func (g *generator) next(a *Act) *Act {
	for i := range g.acts {
		if b := &g.acts[i]; b.Line > a.Line && b.Conn == a.Conn {
			return b
		}
	}
	return nil
}

func (g *generator) send(c *pcapConn, dir decode.Direction, b []byte) {
	size := len(b)
	if g.wire.MSS > 0 {
		size = g.wire.MSS
	}
	first := len(g.capture.Frames)
	for len(b) > 0 {
		part := b[:min(size, len(b))]
		b = b[len(part):]
		c.Send(dir, part)
		if g.wire.Acknowledge {
			c.ACK(dir.Opposite())
		}
		if g.wire.Retransmit {
			again := append(c.before[dir][:len(c.before[dir]):len(c.before[dir])], part...)
			c.Resend(dir, len(again), again)
			c.before[dir] = part
		}
	}
	if last := len(g.capture.Frames) - 1; g.wire.Swap && last > first && !c.joined {
		g.capture.Swap(last-1, last)
	}
	if c.missed[0] || c.missed[1] { // both ends have what is missing: their acknowledgements say so
		c.ACK(dir.Opposite())
		c.missed = [2]bool{}
		g.holed = true
	}
}

func (g *generator) close(c *pcapConn, a *Act) error {
	switch a.Cause {
	case decode.CloseFIN:
		c.Close(a.Dir)
	case decode.CloseRST:
		c.RST(a.Dir)
		g.holed = true
	case decode.CloseReused:
		// The SYN of the next connection shows it.
	default:
		return fmt.Errorf("a capture cannot show that a connection was evicted")
	}
	return nil
}

// wait lets the capture's clock run over the grace of a hole or a reset, as far as there is time until the next act.
func (g *generator) wait(now, next time.Duration) {
	if !g.holed {
		return
	}
	g.holed = false
	for _, after := range []time.Duration{grace, grace + 20*time.Millisecond} {
		if now+after <= next {
			g.clock()
			g.capture.Frames[len(g.capture.Frames)-1].Time = Start.Add(now + after).Std()
		}
	}
}

// clock adds a frame that is not TCP: an Ethernet frame of a type for local experiments (IEEE 802, 0x88B5).
func (g *generator) clock() {
	frame := make([]byte, 60)
	copy(frame, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xB5})
	g.capture.Add(frame)
}
