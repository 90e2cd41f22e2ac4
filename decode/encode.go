package decode

import "encoding/binary"

// The Append functions write Control Packets: for tests, synthetic captures and the demo. Each takes a plain struct,
// appends the packet as version v lays it out, and returns the extended slice. They check nothing, so that packets can
// be wrong on purpose: a Packet Identifier of 0, a topic with a wildcard, reserved flags (XOR the first byte), a QoS
// of 3. What a version does not have is left out. Strings and Binary Data are cut at 65,535 bytes.

// ConnectFields are the fields of a CONNECT to write.
type ConnectFields struct {
	// ProtocolName and Level are those of the version where empty and 0.
	ProtocolName string
	Level        byte
	CleanStart   bool
	KeepAlive    uint16
	ClientID     string
	Will         *Will
	// Username and Password are left out where nil.
	Username, Password []byte
	Properties         Properties
}

// Will is the Will Message of a CONNECT to write.
type Will struct {
	QoS        uint8
	Retain     bool
	Topic      string
	Payload    []byte
	Properties Properties
}

// ConnackFields are the fields of a CONNACK to write.
type ConnackFields struct {
	SessionPresent bool
	ReasonCode     ReasonCode
	Properties     Properties
}

// PublishFields are the fields of a PUBLISH to write. PacketID is left out with QoS 0.
type PublishFields struct {
	Dup, Retain bool
	QoS         uint8
	Topic       string
	PacketID    uint16
	Properties  Properties
	Payload     []byte
}

// AckFields are the fields of a PUBACK, PUBREC, PUBREL, PUBCOMP to write. Before 5.0 there is only the PacketID; in
// 5.0 the Reason Code is left out if it is 0 and there are no Properties, and Properties if there are none.
type AckFields struct {
	PacketID   uint16
	ReasonCode ReasonCode
	Properties Properties
}

// SubscribeFields are the fields of a SUBSCRIBE or UNSUBSCRIBE to write; of an UNSUBSCRIBE, Filter alone is used.
type SubscribeFields struct {
	PacketID   uint16
	Properties Properties
	Filters    []TopicFilter
}

// SubackFields are the fields of a SUBACK or UNSUBACK to write. An UNSUBACK has Codes since 5.0 only.
type SubackFields struct {
	PacketID   uint16
	Properties Properties
	Codes      []ReasonCode
}

// ReasonFields are the fields of a DISCONNECT or AUTH to write, left out as in AckFields. Before 5.0 there are none.
type ReasonFields struct {
	ReasonCode ReasonCode
	Properties Properties
}

// AppendPacket appends a packet with that first byte and body.
func AppendPacket(dst []byte, first byte, body []byte) []byte {
	return append(AppendVarInt(append(dst, first), uint32(len(body))), body...)
}

// AppendVarInt appends v, at most 268,435,455, as a Variable Byte Integer (5.0 §1.5.5).
func AppendVarInt(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

func appendBinary[T string | []byte](dst []byte, s T) []byte {
	s = s[:min(len(s), 0xFFFF)]
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

func appendProperties(dst []byte, ps Properties, v Version) []byte {
	if v != V5 {
		return dst
	}
	return append(AppendVarInt(dst, uint32(len(ps.raw))), ps.raw...)
}

// AppendProperty appends a property as its identifier wants it written. A property that the standard does not know is
// written as its identifier and pr.Bytes.
func AppendProperty(dst []byte, pr Property) []byte {
	dst = AppendVarInt(dst, uint32(pr.ID))
	switch pr.ID.Wire() {
	case WireByte:
		return append(dst, byte(pr.Uint))
	case WireTwoByteInteger:
		return binary.BigEndian.AppendUint16(dst, uint16(pr.Uint))
	case WireFourByteInteger:
		return binary.BigEndian.AppendUint32(dst, pr.Uint)
	case WireVariableByteInteger:
		return AppendVarInt(dst, pr.Uint)
	case WireString, WireBinary:
		return appendBinary(dst, pr.Bytes)
	case WireStringPair:
		return appendBinary(appendBinary(dst, pr.Bytes), pr.Value)
	}
	return append(dst, pr.Bytes...)
}

// MakeProperties returns properties that hold prs in their order.
func MakeProperties(prs ...Property) Properties {
	var raw []byte
	for _, pr := range prs {
		raw = AppendProperty(raw, pr)
	}
	return Properties{raw}
}

func bit(set bool, n int) byte {
	if set {
		return 1 << n
	}
	return 0
}
