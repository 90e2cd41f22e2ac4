package handshake

import (
	"cmp"
	"slices"
)

// fewIDs is how many open handshakes a sending side has in the place that is looked at first. Most clients never have more.
const fewIDs = 5

// inflight finds the open Handshake of a Packet Identifier on one sending side of a session. A few stand in a list, with their identifiers, in one line of
// the processor's cache; when there are more they all move to a radix, and stay there until none is open.
type inflight struct {
	few     [fewIDs]*Handshake
	many    *inflightRadix // made when it is needed, and kept
	count   int32
	ids     [fewIDs]uint16 // of few
	spread  bool           // they are in many
	partial bool           // handshakes may be open that were begun out of sight
}

func (f *inflight) get(id uint16) *Handshake {
	if f.spread {
		return f.many.get(id)
	}
	for i, other := range f.ids[:f.count] {
		if other == id {
			return f.few[i]
		}
	}
	return nil
}

// place returns where id is in few, -1 where it is not there.
func (f *inflight) place(id uint16) int {
	for i, other := range f.ids[:f.count] {
		if other == id {
			return i
		}
	}
	return -1
}

// set makes h the handshake of id, in place of any other.
func (f *inflight) set(id uint16, h *Handshake) {
	if !f.spread {
		if i := f.place(id); i >= 0 {
			f.few[i] = h
			return
		}
		if f.count < fewIDs {
			f.few[f.count], f.ids[f.count] = h, id
			f.count++
			return
		}
		f.toMany()
	}
	if f.many.set(id, h) {
		f.count++
	}
}

// toMany moves all from few to many.
func (f *inflight) toMany() {
	if f.many == nil {
		f.many = new(inflightRadix)
	}
	for i, h := range f.few {
		f.many.set(f.ids[i], h)
	}
	slices.SortFunc(f.few[:], func(a, b *Handshake) int { return cmp.Compare(a.turn, b.turn) })
	for i, h := range f.few {
		if h.turn != 0 {
			f.many.enqueue(h)
		}
		f.few[i] = nil
	}
	f.spread = true
}

// remove takes h out, unless its identifier belongs to another.
func (f *inflight) remove(h *Handshake) {
	if f.spread {
		if f.many.get(h.PacketID) == h {
			f.many.remove(h.PacketID)
			f.count--
			f.spread = f.count > 0
		}
		return
	}
	for i, other := range f.few[:f.count] {
		if other == h {
			f.count--
			f.few[i], f.ids[i] = f.few[f.count], f.ids[f.count]
			f.few[f.count] = nil
			return
		}
	}
}

// each calls fn for every handshake, in the order of the identifiers. fn may remove the one it is called with.
func (f *inflight) each(fn func(*Handshake)) {
	if f.spread {
		f.many.each(fn)
		return
	}
	n := int(f.count)
	few, ids := f.few, f.ids // copies: removing one moves another to its place
	for range n {
		least := -1
		for i := range n {
			if few[i] != nil && (least < 0 || ids[i] < ids[least]) {
				least = i
			}
		}
		h := few[least]
		few[least] = nil
		fn(h)
	}
}

// inflightRadix has three levels (4, 6, 6 bits) with pages made where needed and recycled when empty: constant time, about 1 KB where few identifiers
// are in flight.
type inflightRadix struct {
	top   [16]*inflightMiddle
	spare *inflightPage // one emptied page, kept for the next
	// orders are the queues of those that wait for PUBACK, PUBREC and PUBREL.
	orders [3]ackOrder
}

type inflightMiddle struct {
	pages [64]*inflightPage
	used  int
}

type inflightPage struct {
	slots [64]*Handshake
	used  int
}

func (f *inflightRadix) get(id uint16) *Handshake {
	m := f.top[id>>12]
	if m == nil {
		return nil
	}
	p := m.pages[id>>6&63]
	if p == nil {
		return nil
	}
	return p.slots[id&63]
}

// set makes h the handshake of id, and reports whether there was none.
func (f *inflightRadix) set(id uint16, h *Handshake) (added bool) {
	m := f.top[id>>12]
	if m == nil {
		m = &inflightMiddle{}
		f.top[id>>12] = m
	}
	p := m.pages[id>>6&63]
	if p == nil {
		if p = f.spare; p != nil {
			f.spare = nil
		} else {
			p = &inflightPage{}
		}
		m.pages[id>>6&63] = p
		m.used++
	}
	if added = p.slots[id&63] == nil; added {
		p.used++
	}
	p.slots[id&63] = h
	return added
}

// remove removes the handshake of id. There must be one.
func (f *inflightRadix) remove(id uint16) {
	m := f.top[id>>12]
	p := m.pages[id>>6&63]
	p.slots[id&63] = nil
	p.used--
	if p.used == 0 {
		m.pages[id>>6&63] = nil
		m.used--
		f.spare = p
		if m.used == 0 && id>>12 != 0 { // the first 4,096 identifiers are those that everybody uses
			f.top[id>>12] = nil
		}
	}
}

func (f *inflightRadix) each(fn func(*Handshake)) {
	for _, m := range f.top {
		if m == nil {
			continue
		}
		for _, p := range m.pages {
			if p == nil {
				continue
			}
			slots := p.slots // a copy: removing the last one recycles the page
			for _, h := range slots {
				if h != nil {
					fn(h)
				}
			}
		}
	}
}

// idSet is a set of Packet Identifiers. The zero value is empty.
type idSet struct{ chunks [16]*[64]uint64 }

func (s *idSet) add(id uint16) {
	c := s.chunks[id>>12]
	if c == nil {
		c = new([64]uint64)
		s.chunks[id>>12] = c
	}
	c[id>>6&63] |= 1 << (id & 63)
}

func (s *idSet) has(id uint16) bool {
	c := s.chunks[id>>12]
	return c != nil && c[id>>6&63]&(1<<(id&63)) != 0
}
