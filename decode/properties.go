package decode

import (
	"encoding/binary"
	"iter"
)

// Properties are the properties of one packet: a view of its bytes that is read only when somebody asks. It is valid as
// long as the bytes of the packet are.
type Properties struct{ raw []byte }

// PropertiesOf returns a view of raw, which holds properties as on the wire without the Property Length before them.
func PropertiesOf(raw []byte) Properties { return Properties{raw} }

// A Property is one property with its value in the field that its wire type asks for.
type Property struct {
	ID PropertyID
	// Uint is the value of a Byte, Two Byte, Four Byte or Variable Byte Integer.
	Uint uint32
	// Bytes is the value of a UTF-8 Encoded String or of Binary Data, the name of a User Property, and everything
	// that is left where the identifier is not known: its length cannot be.
	Bytes []byte
	// Value is the value of a User Property.
	Value []byte
	// Offset is where the identifier begins and Length how long identifier and value are, in bytes from the first
	// property.
	Offset, Length int
}

// Raw returns the bytes as on the wire, without the Property Length.
func (ps Properties) Raw() []byte { return ps.raw }

// All yields the properties in their order, and stops before the first that cannot be read.
func (ps Properties) All() iter.Seq[Property] {
	return func(yield func(Property) bool) {
		for off := 0; off < len(ps.raw); {
			pr, err := readProperty(ps.raw, off)
			if err != "" && err != errUnknownProperty || !yield(pr) {
				return
			}
			off += pr.Length
		}
	}
}

// Get returns the first property with that identifier.
func (ps Properties) Get(id PropertyID) (Property, bool) {
	for pr := range ps.All() {
		if pr.ID == id {
			return pr, true
		}
	}
	return Property{}, false
}

// Uint returns the value of the first property with that identifier, or absent.
func (ps Properties) Uint(id PropertyID, absent uint32) uint32 {
	if pr, ok := ps.Get(id); ok {
		return pr.Uint
	}
	return absent
}

// User yields the User Properties, name and value, in their order.
func (ps Properties) User() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for pr := range ps.All() {
			if pr.ID == UserProperty && !yield(pr.Bytes, pr.Value) {
				return
			}
		}
	}
}

// Why a property cannot be read.
const (
	errUnknownProperty = "the standard has no property of this identifier"
	errPropertyShort   = "reaches past the end of the properties"
	errPropertyID      = "identifier is no Variable Byte Integer"
	errPropertyInt     = "is no Variable Byte Integer"
)

// readProperty reads the property at b[off:]. It returns why it cannot, or the empty string.
func readProperty(b []byte, off int) (Property, string) {
	pr := Property{Offset: off}
	id, n, ok := readVarInt(b[off:])
	if !ok {
		return pr, errPropertyID
	}
	pr.ID = PropertyID(id)
	rest := b[off+n:]
	size, reason := pr.readValue(rest)
	pr.Length = n + size
	return pr, reason
}

// readValue reads the value that begins b and returns its size.
func (pr *Property) readValue(b []byte) (int, string) {
	size := 0
	switch pr.ID.Wire() {
	case WireUnknown:
		pr.Bytes = b
		return len(b), errUnknownProperty
	case WireByte:
		if size = 1; len(b) >= size {
			pr.Uint = uint32(b[0])
		}
	case WireTwoByteInteger:
		if size = 2; len(b) >= size {
			pr.Uint = uint32(binary.BigEndian.Uint16(b))
		}
	case WireFourByteInteger:
		if size = 4; len(b) >= size {
			pr.Uint = binary.BigEndian.Uint32(b)
		}
	case WireVariableByteInteger:
		v, n, ok := readVarInt(b)
		if !ok {
			return len(b), errPropertyInt
		}
		pr.Uint, size = v, n
	case WireString, WireBinary:
		pr.Bytes, size = readBinary(b)
	case WireStringPair:
		var n int
		pr.Bytes, size = readBinary(b)
		if size <= len(b) {
			pr.Value, n = readBinary(b[size:])
			size += n
		}
	}
	if size > len(b) {
		return len(b), errPropertyShort
	}
	return size, ""
}

// readBinary reads a Two Byte Integer length and that many bytes. The size returned is larger than b where
// they are not all there.
func readBinary(b []byte) ([]byte, int) {
	if len(b) < 2 {
		return nil, 2
	}
	size := 2 + int(binary.BigEndian.Uint16(b))
	if size > len(b) {
		return nil, size
	}
	return b[2:size:size], size
}
