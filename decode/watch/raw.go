package watch

import (
	"encoding/binary"

	"github.com/mqttwatch/mqttwatch/decode"
)

// rawStore keeps the bytes of the newest Control Packets in one ring. A reference is the place of a record in all that was ever written, plus one,
// so that a record that was overwritten is known by its reference alone.
//
// A record is its length (4 bytes), the length of the packet on the wire (8), the version (1), the bytes; it may run over the ring's end.
type rawStore struct {
	ring []byte
	next uint64 // total written
}

const (
	rawHeader = 13
	// rawMost bounds one record, so that a few large packets do not push out all others.
	rawMost = 16 << 10
)

func newRawStore(size int) rawStore {
	if size <= 0 {
		return rawStore{}
	}
	return rawStore{ring: make([]byte, max(size, 2*rawMost))}
}

// add keeps the head of p and returns its reference; 0 where nothing is kept.
func (s *rawStore) add(p *decode.Packet) uint64 {
	if s.ring == nil {
		return 0
	}
	head := p.Head[:min(len(p.Head), rawMost-rawHeader)]
	ref := s.next + 1
	var h [rawHeader]byte
	to := h[:]
	at := s.next % uint64(len(s.ring))
	fits := at+uint64(rawHeader+len(head)) <= uint64(len(s.ring))
	if fits {
		to = s.ring[at : at+rawHeader]
	}
	binary.BigEndian.PutUint32(to, uint32(len(head)))
	binary.BigEndian.PutUint64(to[4:], uint64(p.Length))
	to[12] = byte(p.Version)
	if fits {
		copy(s.ring[at+rawHeader:], head)
		s.next += uint64(rawHeader + len(head))
		return ref
	}
	s.write(to)
	s.write(head)
	return ref
}

func (s *rawStore) write(b []byte) {
	at := int(s.next % uint64(len(s.ring)))
	n := copy(s.ring[at:], b)
	copy(s.ring, b[n:])
	s.next += uint64(len(b))
}

// get returns a copy of what a reference stands for; a Raw without bytes where that was overwritten.
func (s *rawStore) get(ref uint64) Raw {
	if ref == 0 || s.ring == nil || s.next-(ref-1) > uint64(len(s.ring)) {
		return Raw{}
	}
	h := s.read(ref-1, rawHeader)
	b := s.read(ref-1+rawHeader, int(binary.BigEndian.Uint32(h)))
	return Raw{Bytes: b, Length: int64(binary.BigEndian.Uint64(h[4:])), Version: decode.Version(h[12])}
}

func (s *rawStore) read(from uint64, n int) []byte {
	b := make([]byte, n)
	at := int(from % uint64(len(s.ring)))
	k := copy(b, s.ring[at:])
	copy(b[k:], s.ring)
	return b
}
