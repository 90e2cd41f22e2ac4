package capture

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Bounds of the reassembly of IP fragments.
const (
	maxDatagrams     = 1024    // that are gathered, or were whole not long ago
	maxFragmentBytes = 4 << 20 // of all that wait
	maxFragments     = 512     // of one datagram
	fragmentOverhead = 64
	maxDatagram      = 0xFFFF
	// fragmentTime is how long the rest of a datagram may take, in capture time (RFC 8200, section 4.5: 60 s; Linux: 30 s).
	fragmentTime = 30 * time.Second
)

// fragmentKey is what the fragments of one datagram have in common (RFC 791, RFC 8200).
type fragmentKey struct {
	src, dst [2]uint64
	id       uint32
	proto    byte
	v6       bool
}

// A defragmenter puts the fragments of IP datagrams together. Its errors are counts: what never becomes whole is told by lost.
type defragmenter struct {
	datagrams map[fragmentKey]*datagram
	queue     []*datagram // the oldest first
	bytes     int
	lost      func(fragments int)
}

type datagram struct {
	key   fragmentKey
	since decode.Time
	parts []fragment // in order, not overlapping
	have  int        // bytes
	cost  int
	total int  // length, once the last fragment has come; else 0
	count int  // fragments that came
	next  byte // Next Header of the first fragment (IPv6)
	done  bool // whole, or given up: what comes still is passed over
}

type fragment struct {
	off  int
	data []byte
}

func newDefragmenter(lost func(fragments int)) *defragmenter {
	return &defragmenter{datagrams: map[fragmentKey]*datagram{}, lost: lost}
}

// known reports whether a datagram is being gathered.
func (d *defragmenter) known(key fragmentKey) bool { return d.datagrams[key] != nil }

// add takes a fragment, of which it keeps a copy, and returns the datagram's payload and first Next Header once it is whole.
// Fragments that overlap make no datagram (RFC 5722): nobody sends them but to hide something.
func (d *defragmenter) add(key fragmentKey, off int, more bool, next byte, data []byte, now decode.Time) (payload []byte, first byte) {
	d.expire(now)
	g := d.datagrams[key]
	if g == nil {
		g = &datagram{key: key, since: now}
		d.datagrams[key] = g
		d.queue = append(d.queue, g)
	}
	if g.done {
		return nil, 0
	}
	g.count++
	if !g.insert(off, more, data) {
		d.giveUp(g)
		return nil, 0
	}
	if off == 0 {
		g.next = next
	}
	d.bytes += g.charge()
	if g.total == 0 || g.have < g.total {
		d.expire(now) // it may be too much now
		return nil, 0
	}
	payload = make([]byte, 0, g.total)
	for _, p := range g.parts {
		payload = append(payload, p.data...)
	}
	d.release(g)
	return payload, g.next
}

// insert takes the fragment in, and reports whether it fits to the others.
func (g *datagram) insert(off int, more bool, data []byte) bool {
	end := off + len(data)
	switch {
	case end > maxDatagram, len(data) == 0, more && len(data)%8 != 0, len(g.parts) >= maxFragments:
		return false
	case !more && g.total != 0 && g.total != end, g.total != 0 && end > g.total:
		return false
	}
	at, _ := slices.BinarySearchFunc(g.parts, off, func(p fragment, off int) int { return p.off - off })
	if at < len(g.parts) && g.parts[at].off == off && len(g.parts[at].data) == len(data) {
		return true // the same again
	}
	if at > 0 && g.parts[at-1].off+len(g.parts[at-1].data) > off || at < len(g.parts) && g.parts[at].off < end {
		return false
	}
	if !more {
		if at < len(g.parts) {
			return false
		}
		g.total = end
	}
	g.parts = slices.Insert(g.parts, at, fragment{off, slices.Clone(data)})
	g.have += len(data)
	return true
}

// charge returns by how much the datagram grew.
func (g *datagram) charge() int {
	cost := g.have + len(g.parts)*fragmentOverhead
	grown := cost - g.cost
	g.cost = cost
	return grown
}

func (d *defragmenter) release(g *datagram) {
	d.bytes -= g.cost
	g.done, g.parts, g.cost = true, nil, 0
}

func (d *defragmenter) giveUp(g *datagram) {
	if !g.done {
		d.lost(g.count)
	}
	d.release(g)
}

// expire forgets the oldest datagrams, until bounds and time are kept.
func (d *defragmenter) expire(now decode.Time) {
	for len(d.queue) > 0 {
		g := d.queue[0]
		if len(d.queue) < maxDatagrams && d.bytes <= maxFragmentBytes && now.Sub(g.since) <= fragmentTime {
			return
		}
		d.giveUp(g)
		delete(d.datagrams, g.key)
		d.queue[0] = nil
		d.queue = d.queue[1:]
	}
}

// finish counts what never became whole.
func (d *defragmenter) finish() {
	for _, g := range d.queue {
		d.giveUp(g)
	}
	d.queue = nil
	clear(d.datagrams)
}
