package handshake

// inflight finds the open Handshake of a Packet Identifier on one sending side of a session. It is a radix of three
// levels (4, 6, 6 bits) with pages made where needed and recycled when empty: constant time, about 1 KB for a client that has few
// identifiers in flight.
type inflight struct {
	top   [16]*inflightMiddle
	spare *inflightPage // one emptied page, kept for the next
	count int
}

type inflightMiddle struct {
	pages [64]*inflightPage
	used  int
}

type inflightPage struct {
	slots [64]*Handshake
	used  int
}

func (f *inflight) get(id uint16) *Handshake {
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

// set makes h the handshake of id, in place of any other.
func (f *inflight) set(id uint16, h *Handshake) {
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
	if p.slots[id&63] == nil {
		p.used++
		f.count++
	}
	p.slots[id&63] = h
}

func (f *inflight) remove(id uint16) {
	m := f.top[id>>12]
	if m == nil {
		return
	}
	p := m.pages[id>>6&63]
	if p == nil || p.slots[id&63] == nil {
		return
	}
	p.slots[id&63] = nil
	p.used--
	f.count--
	if p.used == 0 {
		m.pages[id>>6&63] = nil
		m.used--
		f.spare = p
		if m.used == 0 && id>>12 != 0 { // the first 4,096 identifiers are those that everybody uses
			f.top[id>>12] = nil
		}
	}
}

// each calls fn for every handshake, in the order of the identifiers. fn may remove the one it is called with.
func (f *inflight) each(fn func(*Handshake)) {
	if f.count == 0 {
		return
	}
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
