package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// Kind says what a Handshake delivers.
type Kind uint8

// The kinds of Handshake.
const (
	_           Kind = iota
	QoS1             // PUBLISH → PUBACK
	QoS2             // PUBLISH → PUBREC → PUBREL → PUBCOMP
	Subscribe        // SUBSCRIBE → SUBACK
	Unsubscribe      // UNSUBSCRIBE → UNSUBACK
)

// State is where a Handshake stands.
type State uint8

// The states. The first five are open: somebody owes the next packet.
const (
	_ State = iota
	AwaitingPuback
	AwaitingPubrec
	AwaitingPubrel
	AwaitingPubcomp
	AwaitingSuback // SUBACK or UNSUBACK
	Complete
	Refused   // ended by a Reason Code of 0x80 or above
	Abandoned // the session ended, or the identifier was taken over
	Unknown   // bytes are missing from the capture at a place that could hold the answer
)

// Open reports whether a packet is still owed.
func (s State) Open() bool { return s >= AwaitingPuback && s <= AwaitingSuback }

// Step is one Control Packet of a Handshake, as it was seen.
type Step struct {
	Time decode.Time
	// Ref finds the bytes of the packet in the engine's store while they are kept; 0 is nowhere.
	Ref    uint64
	Conn   uint32 // index of the Network Connection within its session, counting from 1
	Type   decode.Type
	Dir    decode.Direction
	Reason decode.ReasonCode
	Dup    bool
}

// A Handshake is one QoS 1 or QoS 2 delivery between a sender and a receiver on one hop, or one SUBSCRIBE or
// UNSUBSCRIBE. The Tracker owns it: read it only where the Tracker's owner lets you, and copy what is to be kept.
type Handshake struct {
	ID      uint64 // counts up from 1 in the order in which handshakes were first seen
	Session *Session
	Topic   string // Topic Name as sent (not escaped); for SUBSCRIBE and UNSUBSCRIBE the first Topic Filter
	// PayloadHash and PayloadLength are of the whole payload.
	PayloadHash   uint64
	PayloadLength uint32
	// Ended is when it left the open states; 0 while open.
	Ended decode.Time
	// Since is when the packet that is owed began to be owed.
	Since decode.Time

	PacketID uint16
	// Resends counts PUBLISH and PUBREL packets beyond the first of each.
	Resends uint16
	Kind    Kind
	Sender  decode.Direction
	State   State
	Reason  decode.ReasonCode // of the packet that ended it
	Retain  bool
	// JoinedLate is set where the capture began after its first packet.
	JoinedLate bool
	// Unsure is set where what is shown may be an artefact of a gap in the capture.
	Unsure bool
	// Severity is that of the worst alert now open on it.
	Severity Severity

	first    [4]Step
	more     []Step
	count    uint8 // steps in first
	dropped  uint16
	position timerState
}

type timerState struct{}

// Session is a Client Identifier at a Server.
type Session struct{}
