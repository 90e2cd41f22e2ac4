package watch

import "github.com/mqttwatch/mqttwatch/decode"

// A find is something that was found in a segment.
type find struct {
	conn  *connection
	time  decode.Time
	ref   uint64 // where the bytes of the packet are kept
	kind  findKind
	dir   decode.Direction
	cause decode.CloseCause
	yes   bool
	last  bool // of its segment
}

type findKind uint8

const (
	findOpen   findKind = iota
	findPacket          // the next of parcel.packets
	findBrief           // the next of parcel.briefs
	findLoss            // the next of parcel.losses
	findUndecided
	findHeard
	findClosed
	findTick
)

// A parcel is what was found in some segments. It is used again and again.
type parcel struct {
	finds   []find
	briefs  []brief         // packets of which a brief tells all
	heads   [][]byte        // of briefs, where the bytes of packets are kept; else empty
	packets []decode.Packet // the other packets
	losses  []decode.Loss
	// restored is each of briefs in turn, when they are delivered.
	restored decode.Packet
	bytes    []byte // that packets refer to
	// page is where bytes are kept from the first packet on, nil where they go on where they were; spare is one that the store let go of.
	page, spare []byte
}

// newParcel returns an empty one with room for what is usual: to grow up to that would copy it, and touch new memory, time and again.
func newParcel() *parcel {
	return &parcel{finds: make([]find, 0, parcelPackets), briefs: make([]brief, 0, parcelPackets)}
}

// parcelBytes is how many bytes of packets go together, about.
const parcelBytes = 128 << 10

// deliver gives e all that is in the parcel, in its order.
func (b *parcel) deliver(e *Engine) {
	if b.page != nil {
		b.spare, b.page = e.raw.open(b.page), nil
	}
	packet, short, loss := 0, 0, 0
	for i := range b.finds {
		f := &b.finds[i]
		switch f.kind {
		case findOpen:
			e.open(f.conn, f.conn.info, f.time)
		case findPacket:
			e.packetAt(f.conn, &b.packets[packet], f.ref)
			packet++
		case findBrief:
			b.restore(&b.restored, short)
			e.packetAt(f.conn, &b.restored, f.ref)
			short++
		case findLoss:
			e.lossOf(f.conn, &b.losses[loss])
			loss++
		case findUndecided:
			e.undecided(f.conn, f.dir, f.yes)
		case findHeard:
			e.heard(f.conn, f.dir)
		case findClosed:
			e.closed(f.conn, f.time, f.dir, f.cause)
		case findTick:
			e.tick(f.time)
		}
		if f.last {
			e.segmentEnd()
		}
	}
}

// reset empties the parcel, and lets go of memory that one large packet needed.
func (b *parcel) reset() {
	if cap(b.bytes) > 2*parcelBytes {
		b.bytes = nil
		clear(b.packets)
		clear(b.heads)
		b.restored = decode.Packet{}
	}
	b.finds, b.briefs, b.heads, b.packets, b.losses, b.bytes = b.finds[:0], b.briefs[:0], b.heads[:0], b.packets[:0], b.losses[:0], b.bytes[:0]
}
