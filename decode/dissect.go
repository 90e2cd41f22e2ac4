package decode

import (
	"fmt"
	"strconv"
)

// A Field is one line of a packet taken apart, as Dissect returns it.
type Field struct {
	// Name is the word of the standard.
	Name string
	// Value is the value, escaped so that it can be shown; empty for a Field that only groups those below it.
	Value string
	// Offset is where the field begins in the packet and Length how many bytes it has, including those that are not
	// in the head.
	Offset, Length int
	// Depth is how far the field is nested: 0 for Fixed Header, Variable Header and Payload.
	Depth int
	// Err is what is wrong with it; empty if nothing is.
	Err string
}

// What Dissect shows instead of a value.
const (
	notShown  = "(not shown)"
	notKept   = "not kept"
	valueRoom = 256 // bytes of a value that are shown

	maxFields = 4096 // what Dissect returns at most, about
)

// Dissect takes a packet apart, for people to read. head is the packet or the beginning of it, as Packet.Head; v is
// its version, by which a CONNECT does not go. It shows what it can of malformed packets, marks the field that is wrong,
// and never shows a password or Authentication Data.
func Dissect(head []byte, v Version) []Field {
	if len(head) == 0 {
		return nil
	}
	d := dissector{b: head, v: v, typ: Type(head[0] >> 4)}
	if d.fixedHeader() {
		d.variable()
		d.rest()
	}
	d.markErr()
	return d.fields
}

// dissector reads a packet from its first byte and writes down what it sees.
type dissector struct {
	b      []byte
	v      Version
	typ    Type
	off    int
	total  int // length of the packet on the wire
	header int
	depth  int
	fields []Field
	done   bool // nothing can be read any more
}

// add writes down the field of n bytes that ends at d.off.
func (d *dissector) add(name, value string, n int) {
	d.fields = append(d.fields, Field{Name: name, Value: value, Offset: d.off - n, Length: n, Depth: d.depth})
}

// group opens a field whose parts follow one level deeper, until end is called with what group returned.
func (d *dissector) group(name, value string) int {
	d.fields = append(d.fields, Field{Name: name, Value: value, Offset: d.off, Depth: d.depth})
	d.depth++
	return len(d.fields) - 1
}

func (d *dissector) end(group int) {
	d.depth--
	d.fields[group].Length = d.off - d.fields[group].Offset
}

// take returns the next n bytes. Where they are not all there it says so in a field of that name and is not ok.
func (d *dissector) take(name string, n int) ([]byte, bool) {
	switch {
	case d.done:
		return nil, false
	case d.off+n > d.total:
		return nil, d.stop(name, errShort)
	case d.off+n > len(d.b):
		return nil, d.stop(name, notKept)
	}
	d.off += n
	return d.b[d.off-n : d.off], true
}

// stop ends reading with a field for what is left. It returns false.
func (d *dissector) stop(name, reason string) bool {
	left := max(d.total-d.off, 0)
	f := Field{Name: name, Offset: d.off, Length: left, Depth: d.depth}
	if reason == notKept {
		f.Value = "(" + strconv.Itoa(left) + " bytes " + notKept + ")"
	} else {
		f.Err = reason
	}
	d.fields = append(d.fields, f)
	d.off += left
	d.done = true
	return false
}

// more reports whether a list goes on, and ends it with a field that says so where it gets too long to show.
func (d *dissector) more() bool {
	if d.done || d.off >= d.total {
		return false
	}
	if len(d.fields) < maxFields {
		return true
	}
	n := d.total - d.off
	d.off, d.done = d.total, true
	d.add("…", strconv.Itoa(n)+" more bytes", n)
	return false
}

func (d *dissector) fixedHeader() bool {
	g := d.group("Fixed Header", d.typ.String())
	d.total = len(d.b)
	first, _ := d.take("Control Packet type", 1)
	d.add("Control Packet type", fmt.Sprintf("%s (%d)", d.typ, uint8(d.typ)), 1)
	d.add("Flags", flagsText(d.typ, first[0]&15), 1)
	length, n, ok := readVarInt(d.b[1:])
	if !ok {
		reason := "is not complete"
		if n == 4 {
			reason = "has more than four bytes"
		}
		d.stop("Remaining Length", reason)
		d.end(g)
		return false
	}
	d.off += n
	d.add("Remaining Length", strconv.Itoa(int(length)), n)
	d.header = 1 + n
	d.total = d.header + int(length)
	d.end(g)
	return true
}

func flagsText(t Type, flags byte) string {
	if t != PUBLISH {
		return fmt.Sprintf("0x%X", flags)
	}
	return fmt.Sprintf("DUP %d, QoS %d, RETAIN %d", flags>>3, flags>>1&3, flags&1)
}

// rest shows what is left when everything was read.
func (d *dissector) rest() {
	if n := d.total - d.off; n > 0 && !d.done {
		d.off = d.total
		d.add("Trailing bytes", strconv.Itoa(n)+" bytes", n)
		d.fields[len(d.fields)-1].Err = goesOn
	}
}

// markErr decodes the packet and marks the innermost field that contains the place of its Err.
func (d *dissector) markErr() {
	if d.header == 0 || d.total > len(d.b) && d.typ != PUBLISH {
		return
	}
	p := Packet{
		Type: d.typ, Flags: d.b[0] & 15, Version: d.v, Head: d.b[:min(len(d.b), d.total)],
		HeaderLength: d.header, Length: int64(d.total),
	}
	if reason := flagsFault(d.b[0], d.v, d.v == 0); reason != "" {
		p.fault(MalformedPacket, 0, "fixed header", reason)
	}
	if d.header > 2 && d.v == V5 && d.b[d.header-1] == 0 {
		p.fault(MalformedPacket, 1, "remaining length", "takes more bytes than it needs")
	}
	p.decodeBody()
	if p.Err == nil {
		return
	}
	best := -1
	for i, f := range d.fields {
		switch {
		case f.Err == goesOn && p.Err.Reason != goesOn:
			d.fields[i].Err = "" // the rest of a packet that could not be read
		case f.Err != "":
			return // told already
		}
		// Both halves of the first byte begin at 0.
		if f.Name == "Flags" && p.Err.Reason == typeReserved {
			continue
		}
		if f.Offset <= p.Err.Offset && p.Err.Offset < f.Offset+max(f.Length, 1) {
			best = i
		}
	}
	if best >= 0 {
		d.fields[best].Err = p.Err.Reason
	}
}

// shownText escapes b and cuts what is too long.
func shownText(b []byte) string {
	if len(b) <= valueRoom {
		return EscapeBytes(b)
	}
	return EscapeBytes(b[:valueRoom]) + "…"
}

// shownBinary shows b as text if it is such, otherwise in hexadecimal.
func shownBinary(b []byte) string {
	if checkText(b) == "" {
		return shownText(b)
	}
	if len(b) <= valueRoom/2 {
		return fmt.Sprintf("% x", b)
	}
	return fmt.Sprintf("% x …", b[:valueRoom/2])
}
