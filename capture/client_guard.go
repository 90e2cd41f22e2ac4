package capture

import (
	"fmt"

	"github.com/mqttwatch/mqttwatch/decode"
)

// defaultMaxPacket is the largest Control Packet that the embedded client takes where nobody says otherwise.
const defaultMaxPacket = 16 << 20

// MaxPacketBound is the largest Control Packet that there can be: the Fixed Header and the greatest Remaining Length (5.0 §1.5.5).
const MaxPacketBound = 268_435_455 + 5

// A packetGuard looks at the Fixed Headers of what a broker sends before paho does, which reserves memory for the whole Remaining Length, up to 256 MB,
// before any of it has come.
type packetGuard struct {
	most   int64 // bytes of a Control Packet
	left   int64 // of the packet that is being read
	header int   // bytes of its Fixed Header so far; 0 at a packet's boundary
	first  byte
	length int64 // Remaining Length so far
	err    error // sticks
}

// A tooLargeError is a packet that was not taken.
type tooLargeError struct {
	typ          decode.Type
	length, most int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the broker began a %s of %d bytes, and more than %d are not taken: raise that with --max-packet if such packets are meant to be there", e.typ, e.length, e.most)
}

// pass looks at bytes of the stream. With an error the last of them must not be given to paho.
func (g *packetGuard) pass(p []byte) error {
	for len(p) > 0 && g.err == nil {
		if g.left > 0 {
			n := min(g.left, int64(len(p)))
			g.left, p = g.left-n, p[n:]
			continue
		}
		g.head(p[0])
		p = p[1:]
	}
	return g.err
}

// head takes a byte of a Fixed Header. What is no header is for paho to refuse.
func (g *packetGuard) head(b byte) {
	if g.header == 0 {
		g.first, g.length, g.header = b, 0, 1
		return
	}
	g.length |= int64(b&0x7F) << (7 * (g.header - 1))
	g.header++
	if b&0x80 != 0 && g.header < 5 {
		return
	}
	if whole := g.length + int64(g.header); whole > g.most {
		g.err = &tooLargeError{decode.Type(g.first >> 4), whole, g.most}
	}
	g.left, g.header = g.length, 0
}
