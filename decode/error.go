package decode

import "strings"

// ErrorKind tells apart the two ways in which the standard says that a Control Packet can be wrong. Its values are
// the Reason Codes that 5.0 assigns (§4.13).
type ErrorKind uint8

// The kinds of Error.
const (
	// MalformedPacket: the bytes cannot be parsed according to the standard.
	MalformedPacket ErrorKind = 0x81
	// ProtocolError: they can be parsed, but hold what the standard does not allow there.
	ProtocolError ErrorKind = 0x82
)

func (k ErrorKind) String() string { return ReasonCode(k).Name(DISCONNECT, V5) }

// Error says what is wrong with a Control Packet, or with bytes that could not become one. It shares no memory
// with the bytes decoded and may be kept.
type Error struct {
	Kind ErrorKind
	// Type is the type of the Control Packet, by its first byte.
	Type Type
	// Field names the part that is wrong in the words of the standard ("topic name", "will properties: content type").
	Field string
	// Reason says what is wrong with it.
	Reason string
	// Offset is where the field begins, in bytes from the first byte of the Control Packet.
	Offset int
	// StreamOffset is the same place counted as Packet.Offset is.
	StreamOffset int64
}

// Error returns the path to the field and the reason: "publish: topic name: reaches past the end of the packet".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(strings.ToLower(e.Type.String()))
	if e.Field != "" {
		b.WriteString(": ")
		b.WriteString(e.Field)
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	return b.String()
}

// NotDecoded reports whether nothing is known to be wrong with the packet: it was larger than Options.MaxPacket, and was not looked into.
func (e *Error) NotDecoded() bool { return e.Reason == tooLarge }

// Understood reports whether the packet says all the same what its sender means: who is lenient takes it.
func (e *Error) Understood() bool { return e.Reason == notForClient || e.Reason == aliasTooLarge }

// The reasons of such an Error.
const (
	notForClient  = "is not for the client to send"
	aliasTooLarge = "is above the Topic Alias Maximum of the other end"
)

// tooLarge is of a packet beyond Options.MaxPacket.
const tooLarge = "the packet is larger than what is decoded"

// Reasons that Dissect tells apart from others.
const (
	goesOn       = "goes on after its last field"
	typeReserved = "type is reserved"
)

// fault notes what is wrong with p. The first mistake is the one that is told.
//
//go:noinline
func (p *Packet) fault(kind ErrorKind, offset int, field, reason string) {
	if p.Err == nil {
		p.Err = &Error{
			Kind: kind, Type: p.Type, Field: field, Reason: reason,
			Offset: offset, StreamOffset: p.Offset + int64(offset),
		}
	}
}
