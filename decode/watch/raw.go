package watch

import (
	"encoding/binary"

	"github.com/mqttwatch/mqttwatch/decode"
)

// rawStore keeps the bytes of the newest Control Packets on pages, of which the oldest is written anew when the newest is full. A reference is the number of
// a page and a place on it, so that a record that was overwritten is known by its reference alone.
//
// A record is its length (4 bytes), the length of the packet on the wire (8), the version (1), the bytes.
type rawStore struct {
	pages  [][]byte // page n is in place n % len(pages); each is made when it is first written
	newest uint64   // the pages are numbered from 1
	writer *rawWriter
}

const (
	rawHeader = 13
	// rawMost bounds one record, so that a few large packets do not push out all others.
	rawMost = 16 << 10
	// rawPage is the size of a page: what a parcel holds, about, which ends with its page.
	rawPage  = 1 << rawPlace
	rawPlace = 17 // bits of a reference that are the place
)

func newRawStore(size int) rawStore {
	if size <= 0 {
		return rawStore{}
	}
	return rawStore{pages: make([][]byte, max(size/rawPage, 2)), writer: new(rawWriter)}
}

// kept reports whether anything is kept at all.
func (s *rawStore) kept() bool { return s.pages != nil }

// add keeps the head of p and returns its reference, which is not 0.
func (s *rawStore) add(p *decode.Packet) uint64 {
	if !s.writer.fits(p) {
		next := s.pages[(s.newest+1)%uint64(len(s.pages))]
		if next == nil {
			next = make([]byte, rawPage)
		}
		s.open(next)
		s.writer.turn(next)
	}
	ref, _ := s.writer.add(p)
	return ref
}

// open makes a page the newest, and returns the one that gives way to it; nil where none does.
func (s *rawStore) open(page []byte) (old []byte) {
	s.newest++
	place := &s.pages[s.newest%uint64(len(s.pages))]
	old, *place = *place, page
	return old
}

// newestPage returns the page that was opened last, nil where nothing is kept.
func (s *rawStore) newestPage() []byte {
	if s.newest == 0 {
		return nil
	}
	return s.pages[s.newest%uint64(len(s.pages))]
}

// keptOn returns the bytes that a page keeps where a reference to that page says, without a copy; nil where there is no page.
func keptOn(page []byte, ref uint64) []byte {
	if page == nil {
		return nil
	}
	record := page[ref%rawPage:]
	end := rawHeader + int(binary.BigEndian.Uint32(record))
	return record[rawHeader:end:end]
}

// get returns a copy of what a reference stands for; a Raw without bytes where that was overwritten.
func (s *rawStore) get(ref uint64) Raw {
	number := ref >> rawPlace
	if number == 0 || number > s.newest || s.newest-number >= uint64(len(s.pages)) {
		return Raw{}
	}
	record := s.pages[number%uint64(len(s.pages))][ref%rawPage:]
	b := make([]byte, binary.BigEndian.Uint32(record))
	copy(b, record[rawHeader:])
	return Raw{Bytes: b, Length: int64(binary.BigEndian.Uint64(record[4:])), Version: decode.Version(record[12])}
}

// A rawWriter writes records on a page, one after the other. It belongs to the goroutine that decodes, so that bytes are copied once; what was handed over
// of a page is not written again before the store lets go of the page.
type rawWriter struct {
	page   []byte
	number uint64
	next   int
	_      [64]byte // so that nothing that another goroutine writes is close by
}

func rawHead(p *decode.Packet) []byte { return p.Head[:min(len(p.Head), rawMost-rawHeader)] }

// fits reports whether there is room for p on the page.
func (w *rawWriter) fits(p *decode.Packet) bool {
	return w.next+rawHeader+len(rawHead(p)) <= len(w.page)
}

// turn goes on with the next page.
func (w *rawWriter) turn(page []byte) { w.page, w.number, w.next = page, w.number+1, 0 }

// add writes the head of p, which fits, and returns its reference and what was written.
func (w *rawWriter) add(p *decode.Packet) (ref uint64, head []byte) {
	head = rawHead(p)
	ref = w.number<<rawPlace | uint64(w.next)
	to := w.page[w.next : w.next+rawHeader+len(head)]
	binary.BigEndian.PutUint32(to, uint32(len(head)))
	binary.BigEndian.PutUint64(to[4:], uint64(p.Length))
	to[12] = byte(p.Version)
	copy(to[rawHeader:], head)
	w.next += len(to)
	return ref, to[rawHeader:len(to):len(to)]
}
