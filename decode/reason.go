package decode

import "fmt"

// ReasonCode is the result that an acknowledgement carries (5.0 §2.4), or a return code before 5.0. The same
// number means different things in different packets: see Name.
type ReasonCode uint8

// reasonInfo is one Reason Code of 5.0: its name and the packets that may carry it.
type reasonInfo struct {
	name string
	in   typeSet
}

// typeSet is a set of Types, a bit each.
type typeSet uint16

func (s typeSet) has(t Type) bool { return s>>t&1 != 0 }

const (
	inConnack    typeSet = 1 << CONNACK
	inPuback     typeSet = 1<<PUBACK | 1<<PUBREC
	inPubrel     typeSet = 1<<PUBREL | 1<<PUBCOMP
	inSuback     typeSet = 1 << SUBACK
	inUnsuback   typeSet = 1 << UNSUBACK
	inDisconnect typeSet = 1 << DISCONNECT
	inAuth       typeSet = 1 << AUTH
)

// reasons is the table of 5.0 §2.4.
var reasons = map[ReasonCode]reasonInfo{
	0x00: {"Success", inConnack | inPuback | inPubrel | inSuback | inUnsuback | inDisconnect | inAuth},
	0x01: {"Granted QoS 1", inSuback},
	0x02: {"Granted QoS 2", inSuback},
	0x04: {"Disconnect with Will Message", inDisconnect},
	0x10: {"No matching subscribers", inPuback},
	0x11: {"No subscription existed", inUnsuback},
	0x18: {"Continue authentication", inAuth},
	0x19: {"Re-authenticate", inAuth},
	0x80: {"Unspecified error", inConnack | inPuback | inSuback | inUnsuback | inDisconnect},
	0x81: {"Malformed Packet", inConnack | inDisconnect},
	0x82: {"Protocol Error", inConnack | inDisconnect},
	0x83: {"Implementation specific error", inConnack | inPuback | inSuback | inUnsuback | inDisconnect},
	0x84: {"Unsupported Protocol Version", inConnack},
	0x85: {"Client Identifier not valid", inConnack},
	0x86: {"Bad User Name or Password", inConnack},
	0x87: {"Not authorized", inConnack | inPuback | inSuback | inUnsuback | inDisconnect},
	0x88: {"Server unavailable", inConnack},
	0x89: {"Server busy", inConnack | inDisconnect},
	0x8A: {"Banned", inConnack},
	0x8B: {"Server shutting down", inDisconnect},
	0x8C: {"Bad authentication method", inConnack | inDisconnect},
	0x8D: {"Keep Alive timeout", inDisconnect},
	0x8E: {"Session taken over", inDisconnect},
	0x8F: {"Topic Filter invalid", inSuback | inUnsuback | inDisconnect},
	0x90: {"Topic Name invalid", inConnack | inPuback | inDisconnect},
	0x91: {"Packet Identifier in use", inPuback | inSuback | inUnsuback},
	0x92: {"Packet Identifier not found", inPubrel},
	0x93: {"Receive Maximum exceeded", inDisconnect},
	0x94: {"Topic Alias invalid", inDisconnect},
	0x95: {"Packet too large", inConnack | inDisconnect},
	0x96: {"Message rate too high", inDisconnect},
	0x97: {"Quota exceeded", inConnack | inPuback | inSuback | inDisconnect},
	0x98: {"Administrative action", inDisconnect},
	0x99: {"Payload format invalid", inConnack | inPuback | inDisconnect},
	0x9A: {"Retain not supported", inConnack | inDisconnect},
	0x9B: {"QoS not supported", inConnack | inDisconnect},
	0x9C: {"Use another server", inConnack | inDisconnect},
	0x9D: {"Server moved", inConnack | inDisconnect},
	0x9E: {"Shared Subscriptions not supported", inSuback | inDisconnect},
	0x9F: {"Connection rate exceeded", inConnack | inDisconnect},
	0xA0: {"Maximum connect time", inDisconnect},
	0xA1: {"Subscription Identifiers not supported", inSuback | inDisconnect},
	0xA2: {"Wildcard Subscriptions not supported", inSuback | inDisconnect},
}

// returnCodes are the return codes of CONNACK before 5.0 (3.1.1 §3.2.2.3).
var returnCodes = [...]string{
	"Connection Accepted", "unacceptable protocol version", "identifier rejected",
	"Server unavailable", "bad user name or password", "not authorized",
}

// Name returns what the code means in a packet of type t and version v, in the words of the standard, and
// "ReasonCode(0xB7)" where it means nothing.
func (r ReasonCode) Name(t Type, v Version) string {
	switch {
	case t == CONNACK && v != V5 || t == CONNACK && r > 0 && int(r) < len(returnCodes):
		// A 5.0 Client that is refused by an older Server gets an old return code; 5.0 assigns none of these numbers.
		if int(r) < len(returnCodes) {
			return returnCodes[r]
		}
	case t == SUBACK && r == 0:
		return "Granted QoS 0"
	case t == SUBACK && v != V5 && r == 0x80:
		return "Failure"
	case t == DISCONNECT && r == 0:
		return "Normal disconnection"
	}
	if info, ok := reasons[r]; ok {
		return info.name
	}
	return r.String()
}

// String returns the name that the code has in most packets of 5.0, "Success" for 0, and "ReasonCode(0xB7)" for one that
// the standard does not assign.
func (r ReasonCode) String() string {
	if info, ok := reasons[r]; ok {
		return info.name
	}
	return fmt.Sprintf("ReasonCode(0x%02X)", uint8(r))
}

// Failed reports whether the code is one of failure in 5.0, or a refused subscription in 3.1.1. For CONNACK, whose
// return codes before 5.0 are small numbers, use FailedIn.
func (r ReasonCode) Failed() bool { return r >= 0x80 }

// FailedIn is Failed for a code seen in a packet of type t: in a CONNACK every code but 0 refuses the connection,
// whatever the version.
func (r ReasonCode) FailedIn(t Type) bool {
	if t == CONNACK {
		return r != 0
	}
	return r.Failed()
}

// Allowed reports whether 5.0 lets a packet of type t carry the code.
func (r ReasonCode) Allowed(t Type) bool { return t <= AUTH && reasons[r].in.has(t) }
