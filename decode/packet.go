package decode

import "hash/maphash"

// A Packet is one decoded Control Packet. A Conn reuses one Packet for all: what a Handler is given is valid
// until it returns, and so are all byte slices in it. The comment of each field says for which types it is set.
type Packet struct {
	Time Time
	// Offset is the place of the first byte in its direction's stream, counted from the first byte captured,
	// gaps of known size included.
	Offset int64
	// Length is the whole packet on the wire in bytes: Fixed Header plus Remaining Length.
	Length int64
	// Head is the beginning of the packet as it was on the wire. It is the whole of it unless the packet is larger than
	// the bounds in Options. In a CONNECT the bytes of the password are overwritten with asterisks, and so is everything
	// after the place where a malformed CONNECT cannot be read further.
	Head []byte
	// HeaderLength is the length of the Fixed Header: 2 to 5.
	HeaderLength int

	Dir     Direction
	Type    Type
	Flags   byte // low nibble of the first byte
	Version Version
	// VersionAssumed is set where no CONNECT was seen and Version is inferred from what parsed.
	VersionAssumed bool
	// Late is set where the packet is handed on later than its last byte arrived, at Time: after a gap it took more bytes to be sure where packets
	// begin. What the other end sent meanwhile was handed on before it.
	Late bool

	// PacketID is the Packet Identifier: PUBLISH with QoS 1 and 2, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE,
	// SUBACK, UNSUBSCRIBE, UNSUBACK. 0 where one of these has it is against the standard, but is no Err: who tracks
	// identifiers tells that better.
	PacketID uint16
	// ReasonCode: CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH. 0 where the packet leaves it out. In
	// CONNACK before 5.0 it is the return code.
	ReasonCode ReasonCode

	// PUBLISH. QoS is 3 in a malformed one. Topic is resolved through Topic Alias; TopicUnknown is set where the alias was set before the capture began.
	QoS          uint8
	Dup, Retain  bool
	TopicAlias   uint16
	TopicUnknown bool
	// PayloadGap is set where bytes of the payload are missing from the capture: PayloadHash means nothing, and Payload
	// ends before them.
	PayloadGap    bool
	Topic         []byte
	Payload       []byte // at most Options.PayloadHead bytes of it
	PayloadLength int64
	hash          uint64 // see PayloadHash; 0 where nobody has asked yet

	// Properties are those of the Variable Header (5.0).
	Properties Properties

	Connect     *Connect     // CONNECT
	Connack     *Connack     // CONNACK
	Subscribe   *Subscribe   // SUBSCRIBE, UNSUBSCRIBE
	SubackCodes []ReasonCode // SUBACK; UNSUBACK of 5.0

	// Err is what is wrong with the packet, nil if nothing is. Fields before the mistake are set.
	Err *Error
}

// Unclear reports whether something is wrong with p that makes doubtful what it says.
func (p *Packet) Unclear() bool { return p.Err != nil && !p.Err.Understood() }

// PayloadHash returns a hash of the whole payload of a PUBLISH, comparable within one run only.
func (p *Packet) PayloadHash() uint64 {
	if p.hash == 0 {
		p.hash = maphash.Bytes(hashSeed, p.Payload)
	}
	return p.hash
}

// SetPayloadHash makes p, put together from what was kept of another, tell the hash of that one.
func (p *Packet) SetPayloadHash(hash uint64) { p.hash = hash }

// noHash stands for the hash of a payload that is not all there, or of which is not known where it begins.
const noHash = 1

// reset clears what is left of the packet before, but for what feed.next sets with each and for what forget has cleared.
func (p *Packet) reset() {
	p.VersionAssumed, p.Late, p.PacketID = false, false, 0
	p.ReasonCode, p.QoS, p.Dup, p.Retain, p.TopicAlias, p.TopicUnknown, p.PayloadGap = 0, 0, false, false, 0, false, false
	p.PayloadLength, p.hash = 0, 0
	p.Topic, p.Payload, p.Properties.raw = nil, nil, nil
}

// forget lets go of what p refers to but for bytes.
func (p *Packet) forget() {
	if p.Err != nil || heavy.has(p.Type) {
		p.Err, p.Connect, p.Connack, p.Subscribe, p.SubackCodes = nil, nil, nil, nil, nil
	}
}

// heavy are the types with more to them than fields of Packet.
const heavy = typeSet(1<<CONNECT | 1<<CONNACK | 1<<SUBSCRIBE | 1<<SUBACK | 1<<UNSUBSCRIBE | 1<<UNSUBACK)

// Connect is what is particular to a CONNECT (5.0 §3.1, 3.1.1 §3.1). The password is never kept.
type Connect struct {
	ProtocolName string
	// Level is the protocol version byte as sent; bit 7 marks a bridge (mosquitto).
	Level       byte
	Bridge      bool
	CleanStart  bool   // Clean Session before 5.0
	KeepAlive   uint16 // seconds; 0 is off
	ClientID    []byte
	HasWill     bool
	WillQoS     uint8
	WillRetain  bool
	WillTopic   []byte
	WillPayload []byte
	// WillPayloadLength and WillPayloadHash are of the whole payload.
	WillPayloadLength int64
	WillPayloadHash   uint64
	WillProperties    Properties
	HasUsername       bool
	Username          []byte
	HasPassword       bool

	// From the properties; the defaults of the standard where absent.
	SessionExpiry     uint32 // seconds; 0xFFFFFFFF never expires
	HasSessionExpiry  bool
	ReceiveMaximum    uint16 // 65,535 where absent
	MaximumPacketSize uint32 // 0 where absent: no limit
	TopicAliasMaximum uint16
}

// Connack is what is particular to a CONNACK (5.0 §3.2).
type Connack struct {
	SessionPresent bool

	// From the properties; the defaults of the standard where absent.
	SessionExpiry      uint32
	HasSessionExpiry   bool
	ReceiveMaximum     uint16 // 65,535 where absent
	MaximumQoS         uint8  // 2 where absent
	MaximumPacketSize  uint32
	AssignedClientID   []byte
	TopicAliasMaximum  uint16
	ServerKeepAlive    uint16
	HasServerKeepAlive bool
}

// Subscribe is what is particular to a SUBSCRIBE or an UNSUBSCRIBE: its Topic Filters.
type Subscribe struct {
	Filters []TopicFilter
	// SubscriptionID is 0 where absent (5.0).
	SubscriptionID uint32
}

// TopicFilter is one entry of a SUBSCRIBE, or of an UNSUBSCRIBE (Filter alone).
type TopicFilter struct {
	Filter            []byte
	QoS               uint8
	NoLocal           bool
	RetainAsPublished bool
	RetainHandling    uint8
}
