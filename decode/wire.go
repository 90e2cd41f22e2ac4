package decode

import (
	"encoding/binary"
	"unicode/utf8"
)

// readVarInt reads a Variable Byte Integer (5.0 §1.5.5) and returns its value and size. It is not ok where b ends
// before it does, and where it has more than four bytes.
func readVarInt(b []byte) (v uint32, n int, ok bool) {
	for n < len(b) && n < 4 {
		v |= uint32(b[n]&0x7f) << (7 * n)
		n++
		if b[n-1] < 0x80 {
			return v, n, true
		}
	}
	return 0, n, false
}

// reader reads the fields of one packet in their order. What is wrong goes to the packet's Err; after the first
// field that cannot be read everything else reads as nothing, so decoders read straight down.
type reader struct {
	p   *Packet
	b   []byte // the packet from its first byte
	off int
	bad bool
	// seen are the properties that were read last, up to one that is malformed.
	seen propertySet
}

func newReader(p *Packet) reader { return reader{p: p, b: p.Head, off: p.HeaderLength} }

const (
	errShort   = "reaches past the end of the packet"
	errMissing = "is missing"
)

// take returns the next n bytes.
func (r *reader) take(n int, field string) []byte {
	if r.bad {
		return nil
	}
	if n > len(r.b)-r.off {
		r.stop(r.off, field, errShort)
		return nil
	}
	b := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// stop ends reading: what follows has no place that could be known.
func (r *reader) stop(offset int, field, reason string) {
	r.bad = true
	r.p.fault(MalformedPacket, offset, field, reason)
}

func (r *reader) left() int {
	if r.bad {
		return 0
	}
	return len(r.b) - r.off
}

func (r *reader) byte(field string) byte {
	if b := r.take(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16(field string) uint16 {
	if b := r.take(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// binary reads Binary Data (5.0 §1.5.6).
func (r *reader) binary(field string) []byte {
	if r.bad {
		return nil
	}
	b, size := readBinary(r.b[r.off:])
	if size > len(r.b)-r.off {
		r.stop(r.off, field, errShort)
		return nil
	}
	r.off += size
	return b
}

// text reads a UTF-8 Encoded String (5.0 §1.5.4). What is not UTF-8 is a fault but is read all the same.
func (r *reader) text(field string) []byte {
	start := r.off
	b := r.binary(field)
	if reason := checkText(b); reason != "" {
		r.p.fault(MalformedPacket, start, field, reason)
	}
	return b
}

// checkText says what is wrong with the content of a UTF-8 Encoded String; empty if nothing is.
func checkText(b []byte) string {
	if plainText(b) {
		return ""
	}
	return textFault(charClasses(b), b)
}

// plainText reports whether b holds only ASCII, without U+0000 and wildcards, as nearly all strings and Topic Names do: then nothing is wrong with it. It
// looks at eight bytes at a time, the last eight of b where they are no eight more.
func plainText(b []byte) bool {
	if len(b) < 8 {
		return charClasses(b) == 0
	}
	strange := strangeChars(binary.LittleEndian.Uint64(b[len(b)-8:]))
	for i := 0; i < len(b)-8; i += 8 {
		strange |= strangeChars(binary.LittleEndian.Uint64(b[i:]))
	}
	return strange == 0
}

// strangeChars returns 0 where no byte of w is of a charClass. Of bytes below 0x80 only 0 has its high bit set when 1 is taken away; '#' and '+' are one but
// for a bit.
func strangeChars(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	wild := (w | ('#'^'+')*ones) ^ '+'*ones
	return (w | (w - ones) | (wild - ones)) & highs
}

// charClasses returns the classes of the bytes of b.
func charClasses(b []byte) (seen byte) {
	for _, c := range b {
		seen |= charClass[c]
	}
	return seen
}

// charClass tells bytes apart that matter in strings and topics.
var charClass = func() (t [256]byte) {
	t[0] = charNul
	t['+'], t['#'] = charWildcard, charWildcard
	for c := 0x80; c < 0x100; c++ {
		t[c] = charHigh
	}
	return t
}()

const (
	charNul = 1 << iota
	charWildcard
	charHigh
)

// textFault finishes checkText, given which classes of characters are in b.
func textFault(seen byte, b []byte) string {
	switch {
	case seen&charNul != 0:
		return "holds the character U+0000"
	case seen&charHigh != 0 && !utf8.Valid(b):
		return "is not UTF-8"
	}
	return ""
}

// properties reads a Property Length and the properties, which stand in a packet of type where.
func (r *reader) properties(where Type, field string) Properties {
	if r.bad {
		return Properties{}
	}
	start := r.off
	size, n, ok := readVarInt(r.b[r.off:])
	if !ok {
		r.stop(start, field, "length is no Variable Byte Integer")
		return Properties{}
	}
	if int(size) > len(r.b)-start-n {
		r.stop(start, field, errShort)
		return Properties{}
	}
	r.off += n + int(size)
	ps := Properties{r.b[start+n : r.off : r.off]}
	if size > 0 {
		r.seen = checkProperties(r.p, ps, where, field, start+n)
	}
	return ps
}

// checkProperties faults p for what is wrong in ps, which begins at offset base of the packet. It returns which there are, up to one that is malformed.
func checkProperties(p *Packet, ps Properties, where Type, field string, base int) (seen propertySet) {
	for off := 0; off < len(ps.raw); {
		pr, reason := readProperty(ps.raw, off)
		kind := MalformedPacket
		if reason == "" {
			reason, kind = pr.check(where, seen)
		}
		if reason != "" {
			p.fault(kind, base+off, propertyField(field, pr.ID), reason)
			if kind == MalformedPacket {
				return seen
			}
		}
		seen |= 1 << pr.ID
		off += pr.Length
	}
	if seen.has(AuthenticationData) && !seen.has(AuthenticationMethod) {
		pr, _ := ps.Get(AuthenticationData)
		p.fault(ProtocolError, base+pr.Offset, propertyField(field, pr.ID), "comes without Authentication Method")
	}
	return seen
}

// propertyField is what an Error calls a property among those that stand in field.
func propertyField(field string, id PropertyID) string { return field + ": " + id.String() }

// check says what is wrong with a property that could be read; seen has a bit for each identifier before it.
func (pr *Property) check(where Type, seen propertySet) (string, ErrorKind) {
	info := &properties[pr.ID]
	switch {
	case !info.in.has(where):
		return "may not stand here", ProtocolError
	case seen.has(pr.ID) && !pr.ID.repeatable(where):
		return "comes more than once", ProtocolError
	case info.rule == ruleNotZero && pr.Uint == 0:
		return "is 0", ProtocolError
	case info.rule == ruleBool && pr.Uint > 1:
		return "is neither 0 nor 1", ProtocolError
	}
	if info.wire != WireString && info.wire != WireStringPair {
		return "", 0
	}
	reason := checkText(pr.Bytes)
	if reason == "" {
		reason = checkText(pr.Value)
	}
	if reason == "" && pr.ID == ResponseTopic && hasWildcard(pr.Bytes) { // [MQTT-3.3.2-14]
		return holdsWildcard, ProtocolError
	}
	return reason, MalformedPacket
}
