package watch

import "github.com/mqttwatch/mqttwatch/decode"

// A find is something that was found in a segment, as a Pipe hands it over. Of most packets it says all that they say of themselves, in a third of the room
// that a decode.Packet takes: what one goroutine leaves for another goes from one processor's cache to the other's line by line, and that takes longer than
// writing it down anew.
type find struct {
	conn *connection
	time decode.Time

	// Of a packet, in brief.
	hash            uint64 // of the payload
	length, payload uint32
	topic           uint32 // where it begins in parcel.bytes, or in the head
	topicLen        uint16
	id, alias       uint16
	typ             decode.Type
	flags           byte
	version         decode.Version
	reason          decode.ReasonCode
	qos, header     uint8
	bits            briefBits

	kind  findKind
	dir   decode.Direction
	cause decode.CloseCause // of findClosed
	yes   bool              // of findUndecided
	last  bool              // of its segment
}

// keptBytes says where Engine.raw keeps the bytes of a packet, and what else nobody asks of a packet but the screen that shows them.
type keptBytes struct {
	ref     uint64
	offset  int64
	payload uint16 // bytes of it that are there
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

// fitsBrief reports whether a brief holds all that p says.
func fitsBrief(p *decode.Packet) bool {
	return p.Connect == nil && p.Connack == nil && p.Subscribe == nil && p.SubackCodes == nil && p.Err == nil && len(p.Properties.Raw()) == 0 &&
		uint64(p.Length) < 1<<32 && uint64(p.PayloadLength) < 1<<32 && len(p.Topic) < 1<<16 && len(p.Payload) < 1<<16
}

// addBrief writes p, which fits, down in the parcel, with its topic where that is not in head. head is what is kept of p.Head, nil where nothing is. The
// payload's hash is that of p where hashed is set.
func (b *parcel) addBrief(c *connection, p *decode.Packet, head []byte, hashed bool) {
	to := b.next()
	*to = find{
		kind: findBrief, conn: c, time: p.Time, length: uint32(p.Length), payload: uint32(p.PayloadLength),
		id: p.PacketID, alias: p.TopicAlias, typ: p.Type, dir: p.Dir, flags: p.Flags, version: p.Version, reason: p.ReasonCode, qos: p.QoS,
		header: uint8(p.HeaderLength), topicLen: uint16(len(p.Topic)),
		bits: bit(briefDup, p.Dup) | bit(briefRetain, p.Retain) | bit(briefAssumed, p.VersionAssumed) | bit(briefLate, p.Late) |
			bit(briefUnknown, p.TopicUnknown) | bit(briefPayloadGap, p.PayloadGap),
	}
	if p.Type == decode.PUBLISH {
		if hashed {
			to.hash = p.PayloadHash()
		}
		if head != nil && p.TopicInHead() {
			to.topic, to.bits = uint32(p.HeaderLength+2), to.bits|briefInHead
			return
		}
	}
	to.topic = uint32(len(b.bytes))
	b.bytes = append(b.bytes, p.Topic...)
}

// restore makes p what was written down, with its bytes where they are kept, else nil. p is used for nothing else, so that what a brief never holds is empty in
// it.
func (b *parcel) restore(p *decode.Packet, from *find, kept *keptBytes, head []byte) {
	p.Time, p.Dir, p.Type, p.Flags, p.Version = from.time, from.dir, from.typ, from.flags, from.version
	p.VersionAssumed, p.Late = from.bits&briefAssumed != 0, from.bits&briefLate != 0
	p.Length, p.HeaderLength = int64(from.length), int(from.header)
	p.PacketID, p.ReasonCode, p.QoS = from.id, from.reason, from.qos
	p.Dup, p.Retain = from.bits&briefDup != 0, from.bits&briefRetain != 0
	p.TopicAlias, p.TopicUnknown = from.alias, from.bits&briefUnknown != 0
	p.PayloadLength, p.PayloadGap = int64(from.payload), from.bits&briefPayloadGap != 0
	p.SetPayloadHash(from.hash)
	texts := b.bytes
	if kept != nil {
		p.Offset, p.Head, p.Payload = kept.offset, head, head[len(head)-int(kept.payload):]
		if from.bits&briefInHead != 0 {
			texts = head
		}
	}
	end := int(from.topic) + int(from.topicLen)
	p.Topic = texts[from.topic:end:end]
}
