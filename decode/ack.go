package decode

import "encoding/binary"

// decodeAck reads a PUBACK, PUBREC, PUBREL or PUBCOMP (5.0 §3.4 to §3.7, 3.1.1 §3.4 to §3.7). In 5.0 Reason Code and
// properties may be left out.
func (p *Packet) decodeAck() {
	b, off := p.Head, p.HeaderLength
	if len(b)-off < 2 {
		p.fault(MalformedPacket, off, "packet identifier", errShort)
		return
	}
	p.PacketID = binary.BigEndian.Uint16(b[off:])
	off += 2
	if off == len(b) {
		return
	}
	if p.Version != V5 {
		p.trailing(off)
		return
	}
	p.ReasonCode = ReasonCode(b[off])
	off++
	if off == len(b) || off == len(b)-1 && b[off] == 0 {
		return
	}
	r := reader{p: p, b: b, off: off}
	p.Properties = r.properties(p.Type, "properties")
	r.end()
}

// trailing faults p for bytes after its last field, which begin at off.
func (p *Packet) trailing(off int) {
	p.fault(MalformedPacket, off, "", goesOn)
}

// end faults the packet if anything is left to read.
func (r *reader) end() {
	if r.left() > 0 {
		r.p.trailing(r.off)
	}
}
