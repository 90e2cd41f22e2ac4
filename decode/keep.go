package decode

// Keep lets p, or a copy of it, outlive the call of the Handler that it was given to: the bytes that it refers to are appended to buf, which is returned,
// and p refers to them there. Unless whole is set Head and Payload are left out. p must be as it was decoded.
func (p *Packet) Keep(buf []byte, whole bool) []byte {
	if whole {
		n := len(p.Payload) // the end of Head
		buf = keep(buf, &p.Head)
		p.Payload = p.Head[len(p.Head)-n:]
	} else {
		p.Head, p.Payload = nil, nil
	}
	buf = keep(buf, &p.Topic)
	buf = keep(buf, &p.Properties.raw)
	if c := p.Connect; c != nil {
		for _, b := range []*[]byte{&c.ClientID, &c.WillTopic, &c.WillPayload, &c.WillProperties.raw, &c.Username} {
			buf = keep(buf, b)
		}
	}
	if c := p.Connack; c != nil {
		buf = keep(buf, &c.AssignedClientID)
	}
	if s := p.Subscribe; s != nil {
		for i := range s.Filters {
			buf = keep(buf, &s.Filters[i].Filter)
		}
	}
	return buf
}

// keep appends b to buf and makes it what it is there.
func keep(buf []byte, b *[]byte) []byte {
	if *b == nil {
		return buf
	}
	n := len(buf)
	buf = append(buf, *b...)
	*b = buf[n:len(buf):len(buf)]
	return buf
}
