package watch

import "github.com/mqttwatch/mqttwatch/decode"

// brief is a Control Packet as a Pipe hands it over: all that most packets say of themselves, in a quarter of the room that a decode.Packet takes. What one
// goroutine leaves for another goes from one processor's cache to the other's line by line, and that takes longer than writing it down anew.
type brief struct {
	time            decode.Time
	offset          int64
	hash            uint64 // of the payload
	length, payload uint32
	topic           uint32 // where it begins in parcel.bytes, or in the head
	topicLen        uint16
	id, alias       uint16
	kept            uint16 // bytes of the payload that are there
	typ             decode.Type
	dir             decode.Direction
	flags           byte
	version         decode.Version
	reason          decode.ReasonCode
	qos, header     uint8
	bits            briefBits
}

type briefBits uint8

const (
	briefDup briefBits = 1 << iota
	briefRetain
	briefAssumed
	briefLate
	briefUnknown
	briefPayloadGap
	briefInHead // the topic
)

func bit(b briefBits, yes bool) briefBits {
	if yes {
		return b
	}
	return 0
}

// hashOf returns the hash of the payload, which may be left out of the brief.
func hashOf(p *decode.Packet) uint64 {
	if p.Type != decode.PUBLISH {
		return 0
	}
	return p.PayloadHash()
}

// fitsBrief reports whether a brief holds all that p says.
func fitsBrief(p *decode.Packet) bool {
	return p.Connect == nil && p.Connack == nil && p.Subscribe == nil && p.SubackCodes == nil && p.Err == nil && len(p.Properties.Raw()) == 0 &&
		uint64(p.Length) < 1<<32 && uint64(p.PayloadLength) < 1<<32 && len(p.Topic) < 1<<16 && len(p.Payload) < 1<<16
}

// addBrief writes p, which fits, down in the parcel, with its topic where that is not in head. head is what is kept of p.Head, nil where nothing is.
func (b *parcel) addBrief(p *decode.Packet, head []byte) {
	n := len(b.briefs)
	if n < cap(b.briefs) {
		b.briefs = b.briefs[:n+1]
	} else {
		b.briefs = append(b.briefs, brief{})
	}
	to := &b.briefs[n]
	*to = brief{
		time: p.Time, offset: p.Offset, hash: hashOf(p), length: uint32(p.Length), payload: uint32(p.PayloadLength),
		id: p.PacketID, alias: p.TopicAlias, typ: p.Type, dir: p.Dir, flags: p.Flags, version: p.Version, reason: p.ReasonCode, qos: p.QoS,
		header: uint8(p.HeaderLength),
		bits: bit(briefDup, p.Dup) | bit(briefRetain, p.Retain) | bit(briefAssumed, p.VersionAssumed) | bit(briefLate, p.Late) |
			bit(briefUnknown, p.TopicUnknown) | bit(briefPayloadGap, p.PayloadGap),
	}
	to.topicLen = uint16(len(p.Topic))
	if head != nil {
		to.kept = uint16(len(p.Payload))
		b.heads = append(b.heads, head)
		if p.TopicInHead() {
			to.topic, to.bits = uint32(p.HeaderLength+2), to.bits|briefInHead
			return
		}
	}
	to.topic = uint32(len(b.bytes))
	b.bytes = append(b.bytes, p.Topic...)
}

// restore makes p what was written down. p is used for nothing else, so that what a brief never holds is empty in it.
func (b *parcel) restore(p *decode.Packet, i int) {
	from := &b.briefs[i]
	p.Time, p.Dir, p.Type, p.Flags, p.Version = from.time, from.dir, from.typ, from.flags, from.version
	p.VersionAssumed, p.Late = from.bits&briefAssumed != 0, from.bits&briefLate != 0
	p.Offset, p.Length, p.HeaderLength = from.offset, int64(from.length), int(from.header)
	p.PacketID, p.ReasonCode, p.QoS = from.id, from.reason, from.qos
	p.Dup, p.Retain = from.bits&briefDup != 0, from.bits&briefRetain != 0
	p.TopicAlias, p.TopicUnknown = from.alias, from.bits&briefUnknown != 0
	p.PayloadLength, p.PayloadGap = int64(from.payload), from.bits&briefPayloadGap != 0
	p.SetPayloadHash(from.hash)
	texts := b.bytes
	if len(b.heads) > 0 {
		head := b.heads[i]
		p.Head, p.Payload = head, head[len(head)-int(from.kept):]
		if from.bits&briefInHead != 0 {
			texts = head
		}
	}
	end := int(from.topic) + int(from.topicLen)
	p.Topic = texts[from.topic:end:end]
}
