package decode

import "encoding/binary"

// decodePublish reads a PUBLISH (5.0 §3.3, 3.1.1 §3.3) and returns the offset of the payload, or 0 where the Variable
// Header does not say where that is, and which properties there are. A QoS of 3 is kept as 3. Head may end within the payload.
func (p *Packet) decodePublish() (payload int, seen propertySet) {
	p.Dup, p.QoS, p.Retain = p.Flags&8 != 0, p.Flags>>1&3, p.Flags&1 != 0
	if p.QoS == 3 {
		p.fault(MalformedPacket, 0, "qos", "is 3")
	} else if p.QoS == 0 && p.Dup && p.Version != V31 {
		p.fault(ProtocolError, 0, "dup", "is set with QoS 0")
	}
	b, off := p.Head, p.HeaderLength
	if len(b)-off < 2 {
		p.fault(MalformedPacket, off, "topic name", errShort)
		return 0, 0
	}
	end := off + 2 + int(binary.BigEndian.Uint16(b[off:]))
	if end > len(b) {
		p.fault(MalformedPacket, off, "topic name", errShort)
		return 0, 0
	}
	p.Topic = b[off+2 : end : end]
	if !plainText(p.Topic) {
		p.checkTopic(off)
	}
	off = end
	if p.QoS > 0 {
		if len(b)-off < 2 {
			p.fault(MalformedPacket, off, "packet identifier", errShort)
			return 0, 0
		}
		p.PacketID = binary.BigEndian.Uint16(b[off:])
		off += 2
	}
	if p.Version == V5 {
		if off < len(b) && b[off] == 0 {
			off++
		} else if off, seen = p.publishProperties(off); off == 0 {
			return 0, 0
		}
	}
	if len(p.Topic) == 0 && p.TopicAlias == 0 {
		p.fault(ProtocolError, p.HeaderLength, "topic name", "is empty")
	}
	p.Payload = b[off:len(b):len(b)]
	p.PayloadLength = p.Length - int64(off)
	return off, seen
}

// holdsWildcard is of a Topic Name.
const holdsWildcard = "holds a wildcard"

func hasWildcard(topic []byte) bool { return !plainText(topic) && charClasses(topic)&charWildcard != 0 }

func (p *Packet) checkTopic(offset int) {
	seen := charClasses(p.Topic)
	if reason := textFault(seen, p.Topic); reason != "" {
		p.fault(MalformedPacket, offset, "topic name", reason)
	} else if seen&charWildcard != 0 {
		p.fault(ProtocolError, offset, "topic name", holdsWildcard)
	}
}

// publishProperties reads the properties at off and returns the offset after them, 0 if they cannot be read, and which there are.
func (p *Packet) publishProperties(off int) (int, propertySet) {
	r := reader{p: p, b: p.Head, off: off}
	p.Properties = r.properties(PUBLISH, "properties")
	if r.bad {
		return 0, 0
	}
	if r.seen.has(TopicAlias) || p.Err != nil { // there may be one behind what is wrong
		p.TopicAlias = uint16(p.Properties.Uint(TopicAlias, 0))
	}
	return r.off, r.seen
}

// faultProperty faults a property of a PUBLISH whose payload begins at an offset.
func (p *Packet) faultProperty(id PropertyID, payload int, reason string) {
	pr, _ := p.Properties.Get(id)
	p.fault(ProtocolError, payload-len(p.Properties.raw)+pr.Offset, propertyField("properties", id), reason)
}

// publishHeaderSize returns how many bytes Fixed Header and Variable Header of the PUBLISH that begins b take
// together. If b is too short to tell, need is how many bytes it takes to go on; size is 0 and need is 0 where they do not
// fit into total, the length of the packet.
func publishHeaderSize(b []byte, header int, total int64, v Version) (size, need int) {
	size = header + 2
	if int64(size) > total {
		return 0, 0
	}
	if len(b) < size {
		return 0, size
	}
	size += int(binary.BigEndian.Uint16(b[header:]))
	if b[0]>>1&3 != 0 {
		size += 2
	}
	if v != V5 || int64(size) > total {
		return fit(size, total), 0
	}
	for n := 1; ; n++ {
		if len(b) < size+n {
			if int64(size+n) > total {
				return 0, 0
			}
			return 0, size + n
		}
		if b[size+n-1] < 0x80 || n == 4 {
			break
		}
	}
	length, n, ok := readVarInt(b[size:])
	if !ok {
		return 0, 0
	}
	return fit(size+n+int(length), total), 0
}

func fit(size int, total int64) int {
	if int64(size) > total {
		return 0
	}
	return size
}
