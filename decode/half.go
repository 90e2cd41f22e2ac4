package decode

import "slices"

// mode is what a direction does with its next byte.
type mode uint8

const (
	modeNew       mode = iota // nothing was fed yet
	modeSynced                // a packet begins at carry[0], or at the next byte if carry is empty
	modeStreaming             // inside a packet of which the rest is not kept; large is set
	modeSearching             // the next packet boundary is not known; search is set
)

// carryKept is how much capacity a direction keeps between packets.
const carryKept = 1 << 10

// half is the state of one direction of a Conn.
//
//	Feed ─▶ synced: whole packets are decoded where they lie
//	          │ ▲ └─ an incomplete tail waits in carry
//	          │ └──▶ streaming: the rest of a large packet is hashed, counted and forgotten
//	          └────▶ searching: after a gap, an impossible header, a start in mid-stream
//
// All decisions are functions of the bytes before them, never of where Feed cuts: each is made at the first byte at
// which it can be, and looks at no byte after that.
type half struct {
	carry   []byte
	large   *large
	search  *search
	aliases *aliases
	off     int64 // stream offset of the first byte that was not consumed: of carry or of what search keeps, if there are such
	mode    mode
	bad     bool // the last packet had a bad header
	partial bool // Topic Aliases may have been set in bytes that were not seen
}

// holdAtOnce bounds how much is allocated because a packet says that it will come; beyond that carry grows with what
// has come.
const holdAtOnce = 8 << 10

// hold adds data to carry, which is expected to become want bytes long.
func (s *half) hold(data []byte, want int) {
	if want > cap(s.carry) {
		s.carry = slices.Grow(s.carry, max(min(want, holdAtOnce)-len(s.carry), 0))
	}
	s.carry = append(s.carry, data...)
}

// release gives carry away.
func (s *half) release() []byte {
	b := s.carry
	s.carry = nil
	return b
}

// settle empties carry and lets go of memory that one big packet needed. Of a CONNECT, which may hold a password, nothing
// stays there.
func (s *half) settle() {
	if len(s.carry) > 0 && Type(s.carry[0]>>4) == CONNECT {
		clear(s.carry)
	}
	if cap(s.carry) > carryKept {
		s.carry = nil
		return
	}
	s.carry = s.carry[:0]
}
