package decode

import "encoding/binary"

// peekSize is how many bytes after the Fixed Header are looked at before a search waits for the rest of a packet.
const peekSize = 8

// peek reports whether body, the first peekSize bytes after the Fixed Header or all if there are fewer, can begin a packet of
// type t and version v whose Remaining Length is length. It spares a search the wait for bytes that will not help.
func peek(t Type, body []byte, length int, v Version) bool {
	at := func(i int) byte {
		if i < len(body) {
			return body[i]
		}
		return 0
	}
	switch t {
	case CONNECT:
		return at(0) == 0 && at(2) == 'M' && at(3) == 'Q'
	case CONNACK:
		return at(0) <= 1 && (length == 2 || propertiesFill(body, 2, length))
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		return length <= 3 || ReasonCode(at(2)).Allowed(t) && propertiesFill(body, 3, length)
	case DISCONNECT, AUTH:
		return length == 0 || ReasonCode(at(0)).Allowed(t) && (length == 1 || propertiesFill(body, 1, length))
	case SUBSCRIBE, UNSUBSCRIBE:
		off, ok := peekProperties(body, length, v)
		if !ok || off < 0 || off+2 > len(body) {
			return ok
		}
		end := off + 2 + int(binary.BigEndian.Uint16(body[off:]))
		return end <= length && (off+2 == len(body) || at(off+2) >= ' ')
	case SUBACK, UNSUBACK:
		off, ok := peekProperties(body, length, v)
		if off < 0 {
			return ok
		}
		for ; off < len(body); off++ {
			if r := ReasonCode(body[off]); !r.Allowed(t) || v != V5 && r > 2 && r != 0x80 {
				return false
			}
		}
	}
	return true
}

// propertiesFill reports whether a Property Length at offset off makes the properties end where the packet does.
func propertiesFill(body []byte, off, length int) bool {
	size, n, ok := readVarInt(body[min(off, len(body)):])
	return ok && off+n+int(size) == length
}

// peekProperties returns the offset after a Packet Identifier and, in 5.0, an empty Property Length; -1 if there are
// properties. It is not ok if they do not fit.
func peekProperties(body []byte, length int, v Version) (off int, ok bool) {
	if v != V5 {
		return 2, true
	}
	size, n, ok := readVarInt(body[min(2, len(body)):])
	switch {
	case !ok || 2+n+int(size) > length:
		return -1, false
	case size > 0:
		return -1, true
	}
	return 2 + n, true
}
