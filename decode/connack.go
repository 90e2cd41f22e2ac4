package decode

// decodeConnack reads a CONNACK (5.0 §3.2, 3.1.1 §3.2). One without properties is accepted in 5.0 too: so answers a
// Server that does not know 5.0.
func (p *Packet) decodeConnack() {
	c := &Connack{ReceiveMaximum: 65535, MaximumQoS: 2}
	p.Connack = c
	r := newReader(p)
	flags := r.byte("connect acknowledge flags")
	c.SessionPresent = flags&1 != 0
	if flags > 1 && p.Version != V31 {
		p.fault(MalformedPacket, p.HeaderLength, "connect acknowledge flags", "reserved flag is set")
	}
	p.ReasonCode = ReasonCode(r.byte("reason code"))
	if flags == 1 && p.ReasonCode != 0 && p.Version != V31 { // [MQTT-3.2.2-4], in 5.0 [MQTT-3.2.2-6]
		p.fault(ProtocolError, p.HeaderLength, "connect acknowledge flags", "Session Present is set in a refusal")
	}
	if p.Version == V5 && r.left() > 0 {
		p.Properties = r.properties(CONNACK, "properties")
		c.fromProperties(p.Properties)
	}
	r.end()
}

func (c *Connack) fromProperties(ps Properties) {
	for pr := range ps.All() {
		switch pr.ID {
		case SessionExpiryInterval:
			c.SessionExpiry, c.HasSessionExpiry = pr.Uint, true
		case ReceiveMaximum:
			c.ReceiveMaximum = uint16(pr.Uint)
		case MaximumQoS:
			c.MaximumQoS = uint8(pr.Uint)
		case MaximumPacketSize:
			c.MaximumPacketSize = pr.Uint
		case AssignedClientIdentifier:
			c.AssignedClientID = pr.Bytes
		case TopicAliasMaximum:
			c.TopicAliasMaximum = uint16(pr.Uint)
		case ServerKeepAlive:
			c.ServerKeepAlive, c.HasServerKeepAlive = uint16(pr.Uint), true
		}
	}
}
