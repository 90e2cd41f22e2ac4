package decode

// decodeDisconnect reads a DISCONNECT (5.0 §3.14, 3.1.1 §3.14). In 5.0 Reason Code and properties may be left out.
func (p *Packet) decodeDisconnect() {
	r := newReader(p)
	if p.Version == V5 {
		r.reasonAndProperties()
	}
	r.end()
}

// decodeAuth reads an AUTH (5.0 §3.15).
func (p *Packet) decodeAuth() {
	r := newReader(p)
	if r.left() == 0 { // Success
		return
	}
	r.reasonAndProperties()
	r.end()
	if !r.seen.has(AuthenticationMethod) { // a Protocol Error (5.0 §3.15.2.2.2)
		p.fault(ProtocolError, min(p.HeaderLength+1, len(p.Head)-1), "properties", "Authentication Method is missing")
	}
}

func (r *reader) reasonAndProperties() {
	if r.left() == 0 {
		return
	}
	r.p.ReasonCode = ReasonCode(r.byte("reason code"))
	if r.left() > 0 {
		r.p.Properties = r.properties(r.p.Type, "properties")
	}
}
