package watch

import "github.com/mqttwatch/mqttwatch/decode"

type findKind uint8

const (
	findOpen   findKind = iota
	findPacket          // the next of parcel.packets
	findBrief           // a packet of which the find tells all
	findLoss            // the next of parcel.losses
	findUndecided
	findHeard
	findClosed
	findTick
)

// A parcel is what was found in some segments. It is used again and again.
type parcel struct {
	finds   []find
	kept    []keptBytes     // of each packet, where bytes are kept; else empty
	packets []decode.Packet // those of which no find tells all
	losses  []decode.Loss
	count   int // of packets, of both kinds
	// restored is each packet that was handed over in brief in turn, when they are delivered.
	restored decode.Packet
	bytes    []byte // that packets refer to
	// read is how much of these was read the last time.
	read struct{ finds, kept, bytes int }
	// page is where bytes are kept from the first packet on, nil where they go on where they were; spare is one that the store let go of.
	page, spare []byte
}

// newParcel returns an empty one with room for what is usual: to grow up to that would copy it, and touch new memory, time and again.
func newParcel() *parcel {
	return &parcel{finds: make([]find, 0, parcelPackets)}
}

// next makes room for one more find, to be written where it lies: it would be copied twice.
func (b *parcel) next() *find {
	n := len(b.finds)
	if n < cap(b.finds) {
		b.finds = b.finds[:n+1]
	} else {
		b.finds = append(b.finds, find{})
	}
	return &b.finds[n]
}

// add adds what is no packet in brief.
func (b *parcel) add(f find) { *b.next() = f }

// parcelBytes is how many bytes of packets go together, about.
const parcelBytes = 128 << 10

// deliver gives e all that is in the parcel, in its order.
func (b *parcel) deliver(e *Engine) {
	if b.page != nil {
		b.spare, b.page = e.raw.open(b.page), nil
	}
	page := e.raw.newestPage()
	packet, long, loss := 0, 0, 0
	for i := range b.finds {
		f := &b.finds[i]
		switch f.kind {
		case findOpen:
			e.open(f.conn, f.conn.info, f.time)
		case findBrief, findPacket:
			var kept *keptBytes
			var ref uint64
			if page != nil {
				kept = &b.kept[packet]
				ref = kept.ref
			}
			packet++
			if f.kind == findPacket {
				e.packetAt(f.conn, &b.packets[long], ref)
				long++
				break
			}
			b.restore(&b.restored, f, kept, keptOn(page, ref))
			e.packetAt(f.conn, &b.restored, ref)
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

// reclaim prepares an empty parcel for being filled again: what was in it is overwritten in one go. The memory was last read by another goroutine, and most
// likely is in another processor's cache. To get it from there line by line, whenever the next is first written to, is what most of the time of filling
// would go to; a loop that does nothing else asks for many lines at once.
func (b *parcel) reclaim() {
	clear(b.finds[:b.read.finds])
	clear(b.kept[:b.read.kept])
	clear(b.bytes[:b.read.bytes])
}

// reset empties the parcel, and lets go of memory that one large packet needed.
func (b *parcel) reset() {
	b.read.finds, b.read.kept, b.read.bytes = len(b.finds), len(b.kept), len(b.bytes)
	if cap(b.bytes) > 2*parcelBytes {
		b.read.bytes = 0
		b.bytes = nil
		clear(b.packets)
		b.restored = decode.Packet{}
	}
	b.finds, b.kept, b.packets, b.losses, b.bytes, b.count = b.finds[:0], b.kept[:0], b.packets[:0], b.losses[:0], b.bytes[:0], 0
}
