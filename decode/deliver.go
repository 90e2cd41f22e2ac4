package decode

import "hash/maphash"

// packet decodes the packet that begins b and hands it on. b holds at least what the plan wants kept, and the whole
// packet unless l is set.
func (f *feed) packet(b []byte, pl *plan, l *large) {
	c := f.c
	p := c.packet
	if p == nil {
		p = new(Packet)
		c.packet = p
	}
	*p = Packet{} // and then field by field: a literal would be built elsewhere and copied
	p.Time, p.Dir = f.t, f.dir
	p.Type, p.Flags, p.Version = Type(b[0]>>4), b[0]&15, pl.version
	p.Offset, p.Length, p.HeaderLength = f.s.off, pl.total, pl.header
	p.Head = b[:min(pl.keep, len(b)):min(pl.keep, len(b))]
	if f.s.search != nil {
		p.Time = f.time(p.Offset + p.Length)
		p.Late = p.Time < f.t
	}
	if c.assumed() {
		c.weigh(p)
		if int64(pl.keep) == pl.total {
			p.Version = c.packetVersion()
		}
		p.VersionAssumed = true
	}
	f.s.bad = pl.bad != ""
	if f.s.bad {
		p.fault(MalformedPacket, 0, "fixed header", pl.bad)
	}
	if pl.header > 2 && p.Version == V5 && b[pl.header-1] == 0 {
		p.fault(MalformedPacket, 1, "remaining length", "takes more bytes than it needs")
	}
	switch {
	case pl.oversize:
		p.QoS, p.Dup, p.Retain = publishFlags(b[0])
		p.fault(MalformedPacket, 0, "remaining length", tooLarge)
	default:
		f.body(p, b, l)
	}
	f.h.Packet(c, p)
	p.Err, p.Connect, p.Connack, p.Subscribe, p.SubackCodes = nil, nil, nil, nil, nil
}

// publishFlags returns what the flags of a PUBLISH say; nothing for other packets.
func publishFlags(first byte) (qos uint8, dup, retain bool) {
	if Type(first>>4) != PUBLISH {
		return 0, false, false
	}
	return first >> 1 & 3, first&8 != 0, first&1 != 0
}

// body decodes p and takes from it what the Conn must know.
func (f *feed) body(p *Packet, b []byte, l *large) {
	payload := p.decodeBody()
	switch p.Type {
	case PUBLISH:
		if payload == 0 {
			return
		}
		if l == nil {
			p.PayloadHash = maphash.Bytes(hashSeed, b[payload:p.Length])
		} else if p.PayloadGap = l.gap; !l.gap {
			p.PayloadHash = l.hash.Sum64()
		}
		if p.TopicAlias != 0 {
			f.s.resolve(p)
		}
	case CONNECT:
		f.connected(p)
	}
}

// connected starts anew what a CONNECT settles: the version, and with it the Topic Aliases of both directions.
func (f *feed) connected(p *Packet) {
	c := f.c
	if p.Connect.ProtocolName != "MQTT" && p.Connect.ProtocolName != "MQIsdp" {
		return
	}
	c.version, c.known, c.evidence = p.Version, true, 0
	p.VersionAssumed = false
	for i := range c.halves {
		c.halves[i].aliases, c.halves[i].partial = nil, false
	}
}
