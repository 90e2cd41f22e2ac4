package decode

// decodeSuback reads a SUBACK (5.0 §3.9, 3.1.1 §3.9).
func (p *Packet) decodeSuback() {
	r := newReader(p)
	p.PacketID = r.uint16("packet identifier")
	if p.Version == V5 {
		p.Properties = r.properties(SUBACK, "properties")
	}
	r.codes()
}

// decodeUnsuback reads an UNSUBACK (5.0 §3.11, 3.1.1 §3.11), which has Reason Codes since 5.0 only.
func (p *Packet) decodeUnsuback() {
	r := newReader(p)
	p.PacketID = r.uint16("packet identifier")
	if p.Version == V5 {
		p.Properties = r.properties(UNSUBACK, "properties")
		r.codes()
	}
	r.end()
}

// codes reads the Reason Codes that make up the rest.
func (r *reader) codes() {
	if r.bad {
		return
	}
	if r.left() == 0 {
		r.p.fault(ProtocolError, r.off, "reason code", errMissing)
		return
	}
	b := r.take(r.left(), "reason code")
	b = b[:min(len(b), maxFilters)]
	r.p.SubackCodes = make([]ReasonCode, len(b))
	for i, c := range b {
		r.p.SubackCodes[i] = ReasonCode(c)
	}
}
