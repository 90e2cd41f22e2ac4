package decode

import "encoding/binary"

// Keep lets p, or a copy of it, outlive the call of the Handler that it was given to: the bytes that it refers to are appended to buf, which is returned,
// and p refers to them there. Unless whole is set Head and Payload are left out. p must be as it was decoded.
func (p *Packet) Keep(buf []byte, whole bool) []byte {
	if whole {
		n := len(p.Payload) // the end of Head
		buf = keep(buf, &p.Head)
		p.Payload = p.Head[len(p.Head)-n:]
	} else {
		if p.Type == PUBLISH {
			p.PayloadHash() // can be told no more then
		}
		p.Head, p.Payload = nil, nil
	}
	buf = keep(buf, &p.Topic)
	return p.keepRest(buf)
}

// KeepWith does what Keep does for a packet of which the bytes are kept already: head is a copy of the whole Head, to which p refers from here on.
func (p *Packet) KeepWith(head, buf []byte) []byte {
	n := len(p.Payload) // the end of Head
	if from := p.HeaderLength + 2; p.TopicInHead() {
		p.Topic = head[from : from+len(p.Topic) : from+len(p.Topic)]
	} else {
		buf = keep(buf, &p.Topic) // it stands behind a Topic Alias
	}
	p.Head, p.Payload = head, head[len(head)-n:]
	return p.keepRest(buf)
}

// TopicInHead reports whether the Topic Name stands in Head, behind the Fixed Header and its own length, and not behind a Topic Alias alone.
func (p *Packet) TopicInHead() bool {
	return p.Type == PUBLISH && len(p.Topic) > 0 && int(binary.BigEndian.Uint16(p.Head[p.HeaderLength:])) == len(p.Topic)
}

// keepRest keeps what is neither in the Head nor the Topic.
func (p *Packet) keepRest(buf []byte) []byte {
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
