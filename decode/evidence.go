package decode

import (
	"encoding/binary"
	"math/bits"
)

// Evidence that bytes are a Control Packet is counted in bits: log2 of how seldom random bytes pass the same
// checks. The figures are rounded down where they are not exact.
const (
	// acceptBits is enough to take a place for a packet boundary.
	acceptBits = SureBits
	// firstByteBits is what the first byte after a gap, or of a capture in mid-stream, has in advance: TCP segments usually
	// begin where a Control Packet does.
	firstByteBits = 16
	// boundaryBits is what a byte has in advance that must be a boundary, since the packet before it ended there.
	boundaryBits = acceptBits - 4
	// endBits is for packets that end exactly where the stream does.
	endBits = 16
	// topicBits bounds what one topic can give.
	topicBits = 40
)

// fromClient and fromServer are the types that only one end sends (5.0 §2.1.2).
const (
	fromClient = typeSet(1<<CONNECT | 1<<SUBSCRIBE | 1<<UNSUBSCRIBE | 1<<PINGREQ)
	fromServer = typeSet(1<<CONNACK | 1<<SUBACK | 1<<UNSUBACK | 1<<PINGRESP)
)

// probeWhole is up to which length a packet must be whole to be evidence. Of a larger one, which must be a PUBLISH, the
// Variable Header is enough.
const probeWhole = 16 << 10

// A probe is what some bytes are, taken as the beginning of a packet of one version.
type probe struct {
	typ   Type
	need  int   // if not 0, how many bytes of the packet must be there to go on
	bits  int   // the evidence; where it is 0 and need is not set, this is no packet
	total int64 // length of the packet
}

// probePacket takes b for the beginning of a packet of version v. It is stricter than decoding is: whatever would be
// an Err there, or is unlikely, is no packet here. It looks at no byte that it has not asked for by need before.
func probePacket(b []byte, v Version) probe {
	if len(b) == 0 {
		return probe{need: 1}
	}
	t := Type(b[0] >> 4)
	if flagsFault(b[0], v, true) != "" || t == AUTH && v != V5 || t == PUBLISH && b[0]&6 == 6 {
		return probe{}
	}
	length, n, ok := readVarInt(b[1:])
	switch {
	case !ok && n < 4:
		return probe{typ: t, need: len(b) + 1}
	case !ok, !possibleLength(t, int(length), v), n > 1 && b[n] == 0:
		return probe{}
	}
	if first := 1 + n + min(int(length), peekSize); len(b) < first {
		return probe{typ: t, need: first}
	} else if !peek(t, b[1+n:first], int(length), v) {
		return probe{}
	}
	pr := probe{typ: t, total: int64(1+n) + int64(length)}
	keep := pr.keep(b, 1+n, v)
	if pr.need = keep; keep <= len(b) {
		pr.need = 0
	}
	if keep > 0 && pr.need == 0 {
		p := Packet{Type: t, Flags: b[0] & 15, Version: v, Head: b[:keep:keep], HeaderLength: 1 + n, Length: pr.total}
		pr.bits = p.evidence(int(length))
	}
	return pr
}

// keep returns how much of the packet must be there to judge it, or to say how much; 0 if it is none.
func (pr *probe) keep(b []byte, header int, v Version) int {
	if pr.typ != PUBLISH {
		if pr.total > probeWhole {
			return 0
		}
		return int(pr.total)
	}
	if need, ok := probeTopic(b, header, pr.total); need > 0 || !ok {
		return need
	}
	if pr.total <= probeWhole {
		return int(pr.total)
	}
	size, need := publishHeaderSize(b, header, pr.total, v)
	if need > 0 {
		return need
	}
	if size > probeWhole {
		return 0
	}
	return size
}

// probeTopic looks at the topic of a PUBLISH before the rest is there, so that what is none does not wait for it. It
// returns how many bytes to wait for, or whether it may be one.
func probeTopic(b []byte, header int, total int64) (need int, ok bool) {
	size, need := publishHeaderSize(b, header, total, V311)
	if need > 0 || size == 0 {
		return need, false
	}
	end := header + 2 + int(binary.BigEndian.Uint16(b[header:]))
	if textBits(b[header+2:min(end, len(b))]) < 0 {
		return 0, false
	}
	if len(b) < end {
		return min(end, 2*len(b)), false
	}
	return 0, true
}

// possibleLength says whether a packet of type t can have that Remaining Length.
func possibleLength(t Type, length int, v Version) bool {
	switch t {
	case PINGREQ, PINGRESP:
		return length == 0
	case PUBACK, PUBREC, PUBREL, PUBCOMP, CONNACK:
		return length == 2 || v == V5 && length > 2
	case UNSUBACK:
		return length == 2 && v != V5 || length > 3 && v == V5
	case DISCONNECT:
		return length == 0 || v == V5
	case PUBLISH, SUBACK:
		return length >= 3
	case SUBSCRIBE, UNSUBSCRIBE:
		return length >= 5
	case CONNECT:
		return length >= 12
	}
	return true
}

// evidence decodes p and returns how seldom random bytes look like it; 0 if it is no packet.
func (p *Packet) evidence(length int) int {
	p.decodeBody()
	if p.Err != nil || p.needsID() && p.PacketID == 0 {
		return 0
	}
	extra := 0
	if len(p.Properties.raw) > 0 {
		extra = 8
	}
	switch p.Type {
	case CONNECT:
		return 64
	case CONNACK:
		if p.Version == V5 && !p.ReasonCode.Allowed(CONNACK) || p.Version != V5 && p.ReasonCode > 5 {
			return 0
		}
		return 27
	case PUBLISH:
		return p.publishEvidence(length) + extra
	case SUBSCRIBE, UNSUBSCRIBE:
		text := textBits(p.Subscribe.Filters[0].Filter)
		if text < 0 {
			return 0
		}
		return 24 + text + extra
	case SUBACK, UNSUBACK:
		return p.subackEvidence() + extra
	}
	if !p.reasonPossible() {
		return 0
	}
	if length > 2 {
		return 20 + extra
	}
	return 16
}

// needsID reports whether a Packet Identifier of 0 is against the standard.
func (p *Packet) needsID() bool {
	const with = typeSet(1<<PUBACK | 1<<PUBREC | 1<<PUBREL | 1<<PUBCOMP |
		1<<SUBSCRIBE | 1<<SUBACK | 1<<UNSUBSCRIBE | 1<<UNSUBACK)
	return with.has(p.Type) || p.Type == PUBLISH && p.QoS > 0
}

func (p *Packet) reasonPossible() bool {
	const with = typeSet(1<<PUBACK | 1<<PUBREC | 1<<PUBREL | 1<<PUBCOMP | 1<<DISCONNECT | 1<<AUTH)
	return !with.has(p.Type) || p.ReasonCode.Allowed(p.Type)
}

// publishEvidence: the first byte is one of ten in 256; the length of the topic fits into the packet, or is short; each
// byte of the topic is a usual one.
func (p *Packet) publishEvidence(length int) int {
	fits := 16 - bits.Len(uint(min(length, 0xFFFF)))
	if len(p.Topic) < 256 {
		fits = max(fits, 8)
	}
	b := 4 + fits
	if p.Version == V5 && len(p.Properties.raw) == 0 {
		b += 6 // the Property Length is 0
	}
	text := textBits(p.Topic)
	if text < 0 {
		return 0
	}
	return b + text
}

func (p *Packet) subackEvidence() int {
	if p.Type == UNSUBACK && p.Version != V5 {
		return 16
	}
	for _, r := range p.SubackCodes {
		if !r.Allowed(p.Type) || p.Version != V5 && r > 2 && r != 0x80 {
			return 0
		}
	}
	b := 8 + 6*min(len(p.SubackCodes), 6)
	if p.Version == V5 {
		b += 6
	}
	return b
}

// textBits is the evidence in a topic: 2 bits for a byte that is usual in one, 1 for any other printable one, none for
// those of other scripts. A topic with control characters gives -1: it is possible, but unlikely.
func textBits(b []byte) int {
	n := 0
	for _, c := range b {
		switch {
		case c < ' ' || c == 0x7F:
			return -1
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '/', c == '-', c == '_':
			n += 2
		case c < 0x7F:
			n++
		}
	}
	return min(n, topicBits)
}
