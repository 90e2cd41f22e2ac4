package decode

import "hash/maphash"

// packet decodes the packet that begins b and hands it on. b holds at least what the plan wants kept, and the whole
// packet unless l is set.
func (f *feed) packet(b []byte, pl *plan, l *large) {
	keep := min(pl.keep, len(b))
	p := f.next(b[:keep:keep], pl.header)
	p.reset()
	p.Version, p.Length = pl.version, pl.total
	if f.s.searched {
		p.Time = f.time(p.Offset + p.Length)
		p.Late = p.Time < f.t
	}
	if f.c.assumed() {
		f.assume(p)
		if int64(pl.keep) != pl.total {
			p.Version = pl.version
		}
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
		p.hash = noHash
		p.fault(MalformedPacket, 0, "remaining length", tooLarge)
	default:
		f.body(p, b, l)
	}
	f.h.Packet(f.c, p)
	p.forget()
}

// next returns the Packet to decode into, with what is known of the one that head begins before it is decoded.
func (f *feed) next(head []byte, header int) *Packet {
	p := f.c.packet
	if p == nil {
		p = new(Packet)
		f.c.packet = p
	}
	p.Time, p.Offset = f.t, f.s.off
	p.Head, p.HeaderLength = head, header
	p.Dir, p.Type, p.Flags, p.Version = f.dir, Type(head[0]>>4), head[0]&15, f.c.version
	return p
}

// assume reads p by the version that fits the packets so far best, p among them.
func (f *feed) assume(p *Packet) {
	f.c.weigh(p)
	p.Version, p.VersionAssumed = f.c.packetVersion(), true
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
	if p.Type != PUBLISH {
		p.decodeBody()
		switch p.Type {
		case CONNECT:
			f.connected(p)
		case CONNACK:
			f.limitAliases(p)
		}
		return
	}
	payload, seen := p.decodePublish()
	if payload == 0 {
		p.hash = noHash
		return
	}
	if int64(len(p.Payload)) < p.PayloadLength {
		f.hashLarge(p, b[payload:min(p.Length, int64(len(b)))], l)
	}
	if seen.has(SubscriptionIdentifier) && f.dir == FromClient && !f.c.Info.RolesAssumed { // [MQTT-3.3.4-6]
		p.faultProperty(SubscriptionIdentifier, payload, notForClient)
	}
	if p.TopicAlias != 0 {
		k := f.kept()
		if k.limited && p.TopicAlias > k.aliasLimit { // [MQTT-3.3.2-9], of a Server [MQTT-3.3.2-11]
			p.faultProperty(TopicAlias, payload, aliasTooLarge)
		}
		k.resolve(p)
	}
}

// hashLarge hashes a payload of which p has only the beginning: the bytes that are there, or those that have gone by.
func (f *feed) hashLarge(p *Packet, payload []byte, l *large) {
	if l == nil {
		p.hash = maphash.Bytes(hashSeed, payload)
		return
	}
	p.hash, p.PayloadGap = noHash, l.gap
	if !l.gap {
		p.hash = l.hash.Sum64()
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
	for i := range c.kept {
		c.kept[i].aliases, c.kept[i].partial, c.kept[i].limited = nil, false, false
	}
	if p.Version == V5 && p.Err == nil {
		to := &c.kept[f.dir.Opposite()]
		to.aliasLimit, to.limited = p.Connect.TopicAliasMaximum, true
	}
}

// limitAliases takes from the CONNACK that accepts a CONNECT how many Topic Aliases the Client may use. One without properties is of a Server that does not
// know 5.0.
func (f *feed) limitAliases(p *Packet) {
	if f.c.known && p.Version == V5 && p.Err == nil && p.ReasonCode == 0 && len(p.Head) > p.HeaderLength+2 {
		to := &f.c.kept[f.dir.Opposite()]
		to.aliasLimit, to.limited = p.Connack.TopicAliasMaximum, true
	}
}
