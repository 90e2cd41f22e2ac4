package watch

import (
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// parcelPackets is how many packets are handed over together, and parcels how many of such may be under way.
const (
	parcelPackets = 1024
	parcels       = 4
)

// longBatch is how many segments a source hands over when more is on the way.
const longBatch = 64

// A Pipe feeds an Engine on two cores: whoever calls Feed reads and decodes, while a goroutine of the Pipe goes on with what was decoded before. The
// Engine comes to the same, byte for byte, as if it were fed directly: it still has one owner, who takes everything in the same order.
//
//	Feed ─▶ decode.Conn ─▶ parcel ─▶ (goroutine) Tracker ─▶ Event
//	            ▲            │
//	            └── free ◀───┘
type Pipe struct {
	e     *Engine
	after func()
	whole bool // the bytes of packets are of interest
	// What the Engine has too stands here: its own lines of memory go from one processor's cache to the other's and back.
	in     *intake
	kept   bool // Engine.raw keeps the bytes of packets
	hashes bool // of payloads are asked for at QoS 0, too
	fill   *parcel
	full   chan *parcel
	free   chan *parcel
	ended  sync.WaitGroup
}

// NewPipe returns a Pipe to e, to which nothing may be fed in another way until the Pipe is closed. after is called on the Pipe's goroutine, where
// Config.OnEvent is called too, whenever it has taken in a part; nil is nothing.
func NewPipe(e *Engine, after func()) *Pipe {
	p := &Pipe{
		e: e, after: after, whole: e.raw.kept() || e.survey != nil || len(e.cfg.Rules) > 0,
		in: e.in, kept: e.raw.kept(), hashes: e.deliveries != nil || e.expect != nil,
		full: make(chan *parcel, parcels), free: make(chan *parcel, parcels),
	}
	for range parcels {
		p.free <- newParcel()
	}
	p.fill = <-p.free
	e.in.out, e.in.found = p, (*piped)(p)
	p.ended.Go(p.run)
	return p
}

// Feed takes segments in, in the order of the slice, and keeps none of their bytes. It waits where the Engine is far behind. What a long batch brings may
// be handed over with the next: waking the other goroutine costs more than taking in a hundred packets.
func (p *Pipe) Feed(batch []decode.Segment) {
	for i := range batch {
		p.in.take(&batch[i])
		p.segmentEnd()
	}
	if len(batch) < longBatch {
		p.ship()
	}
}

// Close waits until the Engine has taken everything in.
func (p *Pipe) Close() {
	p.ship()
	close(p.full)
	p.ended.Wait()
	p.e.in.out, p.e.in.found = p.e, (*direct)(p.e)
}

// run gives the Engine what Feed found.
func (p *Pipe) run() {
	for parcel := range p.full {
		p.e.mu.Lock()
		parcel.deliver(p.e)
		p.e.mu.Unlock()
		parcel.reset()
		p.free <- parcel
		if p.after != nil {
			p.after()
		}
	}
}

// ship hands over what was found so far.
func (p *Pipe) ship() {
	if len(p.fill.finds) == 0 {
		return
	}
	p.full <- p.fill
	p.fill = <-p.free
	p.fill.reclaim()
}

func (p *Pipe) open(c *connection, _ *decode.ConnInfo, at decode.Time) {
	p.fill.add(find{kind: findOpen, conn: c, time: at})
}

// piped is the Pipe as decode calls it.
type piped Pipe

func (d *piped) Packet(c *decode.Conn, packet *decode.Packet) {
	p := (*Pipe)(d)
	if p.fill.count == parcelPackets || len(p.fill.bytes) > parcelBytes {
		p.ship()
	}
	head := p.keep(packet)
	parcel, conn := p.fill, connectionOf(c)
	parcel.count++
	if kept := len(head) == len(packet.Head); (kept || !p.whole) && fitsBrief(packet) {
		parcel.addBrief(conn, packet, head, p.hashes || packet.QoS > 0)
		return
	}
	parcel.packets = append(parcel.packets, *packet)
	if packet = &parcel.packets[len(parcel.packets)-1]; len(head) == len(packet.Head) && p.whole {
		parcel.bytes = packet.KeepWith(head, parcel.bytes)
	} else {
		parcel.bytes = packet.Keep(parcel.bytes, p.whole)
	}
	parcel.add(find{kind: findPacket, conn: conn})
}

// keep keeps the head of a packet for Engine.raw, whose owner learns of a new page by the parcel that it begins with.
func (p *Pipe) keep(packet *decode.Packet) (head []byte) {
	if !p.kept {
		return nil
	}
	w := p.e.raw.writer
	if !w.fits(packet) {
		p.ship()
		page := p.fill.spare
		if p.fill.spare = nil; page == nil {
			page = make([]byte, rawPage)
		}
		p.fill.page = page
		w.turn(page)
	}
	ref, head := w.add(packet)
	p.fill.kept = append(p.fill.kept, keptBytes{ref: ref, offset: packet.Offset, payload: uint16(len(packet.Payload))})
	return head
}

func (d *piped) Loss(c *decode.Conn, l decode.Loss) {
	p := (*Pipe)(d)
	p.fill.losses = append(p.fill.losses, l)
	p.fill.add(find{kind: findLoss, conn: connectionOf(c)})
}

func (p *Pipe) undecided(c *connection, dir decode.Direction, yes bool) {
	p.fill.add(find{kind: findUndecided, conn: c, dir: dir, yes: yes})
}

func (p *Pipe) heard(c *connection, dir decode.Direction) {
	p.fill.add(find{kind: findHeard, conn: c, dir: dir})
}

func (p *Pipe) closed(c *connection, at decode.Time, dir decode.Direction, cause decode.CloseCause) {
	p.fill.add(find{kind: findClosed, conn: c, time: at, dir: dir, cause: cause})
}

func (p *Pipe) tick(at decode.Time) { p.fill.add(find{kind: findTick, time: at}) }

// segmentEnd marks what was found last. It is still there: before something is added the parcel is shipped, and not after it. Where nothing was found
// nothing is to be done.
func (p *Pipe) segmentEnd() {
	if n := len(p.fill.finds); n > 0 {
		p.fill.finds[n-1].last = true
	}
}
