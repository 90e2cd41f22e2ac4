package decode

import "slices"

// mode is what a direction does with its next byte.
type mode uint8

const (
	modeNew       mode = iota // nothing was fed yet
	modeSynced                // a packet begins at the next byte
	modeHolding               // a packet begins at carry[0]
	modeStreaming             // inside a packet of which the rest is not kept; large is set
	modeSearching             // the next packet boundary is not known; search is set
)

// carryKept is how much capacity a direction keeps between packets.
const carryKept = 1 << 10

// half is the state of one direction of a Conn; what only some packets need is its kept.
//
//	Feed ─▶ synced: whole packets are decoded where they lie
//	          │ ▲ └▶ holding: an incomplete tail waits in carry
//	          │ └──▶ streaming: the rest of a large packet is hashed, counted and forgotten
//	          └────▶ searching: after a gap, an impossible header, a start in mid-stream
//
// All decisions are functions of the bytes before them, never of where Feed cuts: each is made at the first byte at
// which it can be, and looks at no byte after that.
type half struct {
	off      int64 // stream offset of the first byte that was not consumed: of carry or of what search keeps, if there are such
	mode     mode
	bad      bool // the last packet had a bad header
	searched bool // kept.search is set
	told     bool // what Conn.Undecided reported last
}

// kept is what a direction keeps of its bytes.
type kept struct {
	carry   []byte
	large   *large
	search  *search
	aliases *aliases
	partial bool // Topic Aliases may have been set in bytes that were not seen
	limited bool // the other end has said up to which Topic Alias it takes, which is aliasLimit
	// aliasLimit is its Topic Alias Maximum.
	aliasLimit uint16
}

// holdAtOnce bounds how much is allocated because a packet says that it will come; beyond that carry grows with what
// has come.
const holdAtOnce = 8 << 10

// hold adds data to carry, which is expected to become want bytes long.
func (k *kept) hold(data []byte, want int) {
	if want > cap(k.carry) {
		k.carry = slices.Grow(k.carry, max(min(want, holdAtOnce)-len(k.carry), 0))
	}
	k.carry = append(k.carry, data...)
}

// release gives carry away.
func (k *kept) release() []byte {
	b := k.carry
	k.carry = nil
	return b
}

// settle empties carry and lets go of memory that one big packet needed. Of a CONNECT, which may hold a password, nothing
// stays there.
func (k *kept) settle() {
	if len(k.carry) > 0 && Type(k.carry[0]>>4) == CONNECT {
		clear(k.carry)
	}
	if cap(k.carry) > carryKept {
		k.carry = nil
		return
	}
	k.carry = k.carry[:0]
}
