package capture

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
)

// flowKey is the addresses and ports of a TCP connection, the lesser end first, so that both directions have the same.
// IPv4 addresses stand as mapped into IPv6.
type flowKey struct {
	a, b   [2]uint64
	pa, pb uint16
}

// is reports whether k and o are the same. What differs most often is compared first, which == does not do.
func (k *flowKey) is(o *flowKey) bool {
	return k.a[1] == o.a[1] && k.pa == o.pa && k.b[1] == o.b[1] && k.pb == o.pb && k.a[0] == o.a[0] && k.b[0] == o.b[0]
}

// normalise sets the ports, brings the lesser end to the front and tells which end was the source.
func (k *flowKey) normalise(src, dst uint16) (side uint8) {
	k.pa, k.pb = src, dst
	less := k.a[0] < k.b[0] || k.a[0] == k.b[0] && (k.a[1] < k.b[1] || k.a[1] == k.b[1] && src <= dst)
	if less {
		return 0
	}
	k.a, k.b = k.b, k.a
	k.pa, k.pb = dst, src
	return 1
}

// addr returns the address and port of one end.
func (k *flowKey) addr(side uint8) netip.AddrPort {
	ip, port := k.a, k.pa
	if side == 1 {
		ip, port = k.b, k.pb
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], ip[0])
	binary.BigEndian.PutUint64(b[8:], ip[1])
	return netip.AddrPortFrom(netip.AddrFrom16(b).Unmap(), port)
}

func (k *flowKey) port(side uint8) uint16 {
	if side == 0 {
		return k.pa
	}
	return k.pb
}

// hash mixes the key with a seed of the run, so that no one can choose keys that collide.
func (k *flowKey) hash(seed uint64) uint64 {
	h := mix(k.a[1]^seed, k.b[1]^0x9E3779B97F4A7C15)
	h = mix(h^uint64(k.pa)<<16^uint64(k.pb), 0xD6E8FEB86659FD93^seed)
	if k.a[0]|k.b[0] != 0 {
		h = mix(k.a[0]^h, k.b[0]^0xA0761D6478BD642F)
	}
	return h
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// What a flow carries, as far as is known.
const (
	undecided uint8 = iota
	isMQTT
	isOther
)

// half is one direction of a flow.
type half struct {
	next uint32 // sequence number of the byte that comes next
	seen uint32 // highest acknowledgement of this half's bytes by the other end, if acked is set
	isn  uint32 // of the SYN, if syn is set, else one less than the first byte seen; before that the first acknowledgement, if acked is set

	started bool // next is known
	bare    bool // from an acknowledgement alone: no byte of it was seen yet
	syn     bool
	fin     bool // the FIN was reached in order
	acked   bool
	heard   bool // something of that end was seen
	whole   bool // next began with the SYN, not with a byte seen before it: nothing is missing that would not be told
	trust   trust
}

// trust is how far the other end's acknowledgements of this half's bytes are believed: captures made by hand have any
// number in that field.
type trust uint8

const (
	untried   trust = iota
	matchSYN        // the SYN was acknowledged rightly: order is believed, not yet that bytes were missed
	matchData       // so were bytes
	refuted
)

func (t trust) believed() bool { return t == matchSYN || t == matchData }

// flow is one TCP connection: an incarnation of its addresses and ports.
//
// What each segment takes stands first, in two lines of the processor's cache: with thousands of connections reading it is waiting for memory.
type flow struct {
	key    flowKey
	half   [2]half
	kind   uint8
	closed bool // its end was told, or it has nothing more to tell
	// client is which end of key is the Client; roles tells how that is known.
	client  uint8
	roles   roleSource
	begun   bool         // the SYN of either end was seen
	queued  bool         // in assembler.attention
	used    bool         // in the table; what is not used waits to be used again
	said    uint8        // as what the ends spoke while roles are assumed; see assembler.revise
	conn    *decode.Conn // set when it is found to carry MQTT
	waiting *waiting     // segments behind a hole
	last    decode.Time
	out     decode.Time // of the last segment handed on: they do not go back in time
	stage   stage       // between TCP and MQTT, if any; nil or not is told by its first word

	hash   uint64
	opened decode.Time
	named  *netip.AddrPort // the Client, by a PROXY protocol header
	unseen [2]decode.Time  // when the other end first acknowledged bytes of this one that are not in the capture and that nothing came behind; 0: it did not
	early  *early          // bytes before it is known whether they are MQTT
	ending *ending         // an end that was seen and is not told yet
}

// direction of what the end side sends.
func (f *flow) direction(side uint8) decode.Direction {
	if side == f.client {
		return decode.FromClient
	}
	return decode.FromServer
}

// isWhole reports whether what the end side sends is seen from its first byte, as what carries MQTT knows it. f.early is still there.
func (f *flow) isWhole(side uint8) bool {
	return f.half[side].whole && !f.early.side[side].holed && (f.stage == nil || f.stage.whole(side))
}

// flowTable finds flows by key: open addressing over tags, the flows themselves elsewhere.
type flowTable struct {
	slots []slot // a power of two
	flows []*flow
	fresh []flow // made, and not used yet
	free  []*flow
	seed  uint64
	count int
	hand  int // where the next eviction looks
	last  *flow
}

type slot struct {
	flow *flow // nil in an empty slot
	tag  uint32
}

func newFlowTable(seed uint64) *flowTable {
	return &flowTable{slots: make([]slot, 1024), seed: seed}
}

// find returns the flow with the key, or nil.
func (t *flowTable) find(k *flowKey) *flow {
	if t.last != nil && t.last.key.is(k) {
		return t.last
	}
	h := k.hash(t.seed)
	slots := t.slots
	mask := uint64(len(slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &slots[i]
		f := s.flow
		if f == nil {
			return nil
		}
		if s.tag == uint32(h>>32) && f.key.is(k) {
			t.last = f
			return f
		}
	}
}

// flowSlab is how many flows are made at once. They are used again for as long as the table lives. So many are more than 32 KiB, which the allocator
// lays out from the beginning of a page, so that none has a line of the cache in common with its neighbour.
const flowSlab = 192

// add makes a flow for the key, which is not in the table.
func (t *flowTable) add(k *flowKey) *flow {
	if 4*(t.count+1) > 3*len(t.slots) {
		t.grow()
	}
	var f *flow
	if n := len(t.free); n > 0 {
		f, t.free = t.free[n-1], t.free[:n-1]
		*f = flow{}
	} else {
		if len(t.fresh) == 0 {
			t.fresh = make([]flow, flowSlab)
		}
		f, t.fresh = &t.fresh[0], t.fresh[1:]
		t.flows = append(t.flows, f)
	}
	f.key, f.hash, f.used = *k, k.hash(t.seed), true
	t.place(f)
	t.count++
	t.last = f
	return f
}

func (t *flowTable) place(f *flow) {
	mask := uint64(len(t.slots) - 1)
	i := f.hash & mask
	for t.slots[i].flow != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = slot{f, uint32(f.hash >> 32)}
}

func (t *flowTable) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.flow != nil {
			t.place(s.flow)
		}
	}
}

// remove takes f out. Slots after its own are shifted back, so that no chain is broken.
func (t *flowTable) remove(f *flow) {
	mask := uint64(len(t.slots) - 1)
	i := f.hash & mask
	for t.slots[i].flow != f {
		i = (i + 1) & mask
	}
	t.free = append(t.free, f)
	t.count--
	if t.last == f {
		t.last = nil
	}
	for j := (i + 1) & mask; t.slots[j].flow != nil; j = (j + 1) & mask {
		home := t.slots[j].flow.hash & mask
		if (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
	*f = flow{}
}
