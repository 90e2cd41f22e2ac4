package decode

import "encoding/binary"

// AppendConnect appends a CONNECT.
func AppendConnect(dst []byte, v Version, f ConnectFields) []byte {
	name, level := f.ProtocolName, f.Level
	if name == "" {
		if name = "MQTT"; v == V31 {
			name = "MQIsdp"
		}
	}
	if level == 0 {
		level = byte(v)
	}
	flags := bit(f.CleanStart, 1) | bit(f.Password != nil, 6) | bit(f.Username != nil, 7)
	if f.Will != nil {
		flags |= connectWill | f.Will.QoS&3<<3 | bit(f.Will.Retain, 5)
	}
	b := append(appendBinary(nil, name), level, flags)
	b = binary.BigEndian.AppendUint16(b, f.KeepAlive)
	b = appendProperties(b, f.Properties, v)
	b = appendBinary(b, f.ClientID)
	if f.Will != nil {
		b = appendProperties(b, f.Will.Properties, v)
		b = appendBinary(appendBinary(b, f.Will.Topic), f.Will.Payload)
	}
	if f.Username != nil {
		b = appendBinary(b, f.Username)
	}
	if f.Password != nil {
		b = appendBinary(b, f.Password)
	}
	return AppendPacket(dst, byte(CONNECT)<<4, b)
}

// AppendConnack appends a CONNACK.
func AppendConnack(dst []byte, v Version, f ConnackFields) []byte {
	b := []byte{bit(f.SessionPresent, 0), byte(f.ReasonCode)}
	return AppendPacket(dst, byte(CONNACK)<<4, appendProperties(b, f.Properties, v))
}

// AppendPublish appends a PUBLISH. It allocates only where dst is too small.
func AppendPublish(dst []byte, v Version, f PublishFields) []byte {
	topic := f.Topic[:min(len(f.Topic), 0xFFFF)]
	size := 2 + len(topic) + len(f.Payload)
	if f.QoS > 0 {
		size += 2
	}
	if v == V5 {
		size += varIntSize(len(f.Properties.raw)) + len(f.Properties.raw)
	}
	dst = append(dst, byte(PUBLISH)<<4|bit(f.Dup, 3)|f.QoS&3<<1|bit(f.Retain, 0))
	dst = appendBinary(AppendVarInt(dst, uint32(size)), topic)
	if f.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, f.PacketID)
	}
	return append(appendProperties(dst, f.Properties, v), f.Payload...)
}

func varIntSize(v int) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// AppendAck appends a packet of type t: PUBACK, PUBREC, PUBREL or PUBCOMP.
func AppendAck(dst []byte, t Type, v Version, f AckFields) []byte {
	first := byte(t)<<4 | wellFormedFlags[t]
	if v != V5 || f.ReasonCode == 0 && len(f.Properties.raw) == 0 {
		return append(dst, first, 2, byte(f.PacketID>>8), byte(f.PacketID))
	}
	b := []byte{byte(f.PacketID >> 8), byte(f.PacketID), byte(f.ReasonCode)}
	if len(f.Properties.raw) > 0 {
		b = appendProperties(b, f.Properties, v)
	}
	return AppendPacket(dst, first, b)
}

// AppendSubscribe appends a SUBSCRIBE.
func AppendSubscribe(dst []byte, v Version, f SubscribeFields) []byte {
	b := appendProperties(binary.BigEndian.AppendUint16(nil, f.PacketID), f.Properties, v)
	for _, t := range f.Filters {
		options := t.QoS & 3
		if v == V5 {
			options |= bit(t.NoLocal, 2) | bit(t.RetainAsPublished, 3) | t.RetainHandling&3<<4
		}
		b = append(appendBinary(b, t.Filter), options)
	}
	return AppendPacket(dst, byte(SUBSCRIBE)<<4|2, b)
}

// AppendUnsubscribe appends an UNSUBSCRIBE.
func AppendUnsubscribe(dst []byte, v Version, f SubscribeFields) []byte {
	b := appendProperties(binary.BigEndian.AppendUint16(nil, f.PacketID), f.Properties, v)
	for _, t := range f.Filters {
		b = appendBinary(b, t.Filter)
	}
	return AppendPacket(dst, byte(UNSUBSCRIBE)<<4|2, b)
}

// AppendSuback appends a SUBACK.
func AppendSuback(dst []byte, v Version, f SubackFields) []byte {
	b := appendProperties(binary.BigEndian.AppendUint16(nil, f.PacketID), f.Properties, v)
	return AppendPacket(dst, byte(SUBACK)<<4, appendCodes(b, f.Codes))
}

// AppendUnsuback appends an UNSUBACK.
func AppendUnsuback(dst []byte, v Version, f SubackFields) []byte {
	b := appendProperties(binary.BigEndian.AppendUint16(nil, f.PacketID), f.Properties, v)
	if v == V5 {
		b = appendCodes(b, f.Codes)
	}
	return AppendPacket(dst, byte(UNSUBACK)<<4, b)
}

func appendCodes(dst []byte, codes []ReasonCode) []byte {
	for _, c := range codes {
		dst = append(dst, byte(c))
	}
	return dst
}

// AppendPingreq appends a PINGREQ.
func AppendPingreq(dst []byte) []byte { return append(dst, byte(PINGREQ)<<4, 0) }

// AppendPingresp appends a PINGRESP.
func AppendPingresp(dst []byte) []byte { return append(dst, byte(PINGRESP)<<4, 0) }

// AppendDisconnect appends a DISCONNECT.
func AppendDisconnect(dst []byte, v Version, f ReasonFields) []byte {
	return appendReason(dst, DISCONNECT, v, f)
}

// AppendAuth appends an AUTH, which only 5.0 has.
func AppendAuth(dst []byte, f ReasonFields) []byte { return appendReason(dst, AUTH, V5, f) }

func appendReason(dst []byte, t Type, v Version, f ReasonFields) []byte {
	var b []byte
	if v == V5 && (f.ReasonCode != 0 || len(f.Properties.raw) > 0) {
		b = append(b, byte(f.ReasonCode))
		if t == AUTH || len(f.Properties.raw) > 0 {
			b = appendProperties(b, f.Properties, v)
		}
	}
	return AppendPacket(dst, byte(t)<<4, b)
}
