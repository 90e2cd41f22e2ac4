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

// Publish reports whether k delivers an Application Message.
func (k Kind) Publish() bool { return k == QoS1 || k == QoS2 }

func (k Kind) String() string {
	switch k {
	case QoS1:
		return "QoS 1"
	case QoS2:
		return "QoS 2"
	case Subscribe:
		return "SUBSCRIBE"
	case Unsubscribe:
		return "UNSUBSCRIBE"
	}
	return "?"
}

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
	Unknown   // bytes of the capture are missing at a place that could hold the answer
)

// Open reports whether a packet is still owed.
func (s State) Open() bool { return s >= AwaitingPuback && s <= AwaitingSuback }

func (s State) String() string {
	switch s {
	case AwaitingPuback:
		return "awaiting PUBACK"
	case AwaitingPubrec:
		return "awaiting PUBREC"
	case AwaitingPubrel:
		return "awaiting PUBREL"
	case AwaitingPubcomp:
		return "awaiting PUBCOMP"
	case AwaitingSuback:
		return "awaiting SUBACK"
	case Complete:
		return "complete"
	case Refused:
		return "refused"
	case Abandoned:
		return "abandoned"
	case Unknown:
		return "unknown"
	}
	return "?"
}

// MaxText bounds how many bytes of a Topic Name or Client Identifier are kept; what is longer is cut there.
const MaxText = 1024

// Step is one Control Packet of a Handshake, as it was seen.
type Step struct {
	Time decode.Time
	// Ref finds the bytes of the packet in the engine's store while they are kept; 0 is nowhere.
	Ref    uint64
	Conn   uint32 // index of the Network Connection within its session, counting from 1; 65,535 stands for all from there on
	Type   decode.Type
	Dir    decode.Direction
	Reason decode.ReasonCode
	Dup    bool
}

// firstSteps is how many steps a Handshake holds without more memory; a healthy QoS 2 delivery has so many. maxSteps bounds them all.
const (
	firstSteps = 4
	maxSteps   = 40
)

// packedStep is a Step but for its time and Conn: Type, Dir, Dup and Reason, then 48 bits of Ref. Hundreds of thousands of handshakes are kept, and nearly
// all have few steps.
type packedStep uint64

const (
	packedDir = 1 << 4 << iota
	packedDup
	packedReason = 8 // bits before Reason
	packedRef    = 16
)

// packStep packs a packet, the bytes of which are found by ref.
func packStep(p *decode.Packet, ref uint64) packedStep {
	s := packedStep(p.Type)&15 | packedStep(p.Dir&1)*packedDir | packedStep(reasonOf(p))<<packedReason | packedStep(ref)<<packedRef
	if dup(p) {
		s |= packedDup
	}
	return s
}

// dup reports whether p says that it was sent before; SUBSCRIBE and others of MQTT 3.1 say so with the same bit.
func dup(p *decode.Packet) bool { return p.Dup || p.Type != decode.PUBLISH && p.Flags&8 != 0 }

func (p packedStep) step(at decode.Time, conn uint16) Step {
	s := Step{
		Time: at, Ref: uint64(p >> packedRef), Conn: uint32(conn), Type: p.packet(), Reason: decode.ReasonCode(p >> packedReason), Dup: p&packedDup != 0,
	}
	if p&packedDir != 0 {
		s.Dir = decode.FromServer
	}
	return s
}

func (p packedStep) packet() decode.Type { return decode.Type(p & 15) }

// A Handshake is one QoS 1 or QoS 2 delivery between a sender and a receiver on one hop, or one SUBSCRIBE or
// UNSUBSCRIBE. The Tracker owns it: read it only where the Tracker's owner lets you, and copy what is to be kept.
type Handshake struct {
	ID      uint64 // counts up from 1 in the order in which handshakes were first seen
	Session *Session
	Topic   string // Topic Name as sent (not escaped, at most MaxText bytes); for SUBSCRIBE and UNSUBSCRIBE the first Topic Filter
	// PayloadHash and PayloadLength are of the whole payload.
	PayloadHash   uint64
	PayloadLength uint32
	PacketID      uint16
	// Resends counts PUBLISH and PUBREL packets beyond the first of each.
	Resends uint16
	// Ended is when it left the open states; 0 while open.
	Ended  decode.Time
	Kind   Kind
	Sender decode.Direction
	State  State
	Reason decode.ReasonCode // of the packet that ended it
	Retain bool
	// JoinedLate is set where the capture began after its first packet.
	JoinedLate bool
	// Unsure is set where bytes are missing from the capture at a place that could hold the packet that is owed.
	Unsure bool
	// TopicUnknown is set where the Topic Name stands behind a Topic Alias that was set before the capture began.
	TopicUnknown bool

	nsteps  uint8
	dropped uint16
	// The first steps; of conns, what is more than it holds is its greatest.
	conns [firstSteps]uint16
	times [firstSteps]decode.Time
	rest  [firstSteps]packedStep
	more  *[]Step // the other ones; nil where there never were any

	*flight // nil once it has ended
}

// flight is what is needed of a Handshake only while it is open. Most that are kept have ended.
type flight struct {
	// Since is when the packet that is owed began to be owed.
	Since decode.Time
	// Attachment belongs to the Observer. It is gone when Ended of the Observer has returned.
	Attachment any
	// Note belongs to the Recorder. It is gone when Record of HandshakeEnded has returned.
	Note any
	// Followed says that an Observer is to be told of it, though it has no Attachment.
	Followed bool

	spare         uint16 // acknowledgements more than one that its resends may bring
	again         uint16 // resends on the connection of the first
	rels          uint16 // PUBREL packets more than one that are due: one for each PUBREC
	comp          bool   // PUBLISH followed PUBREL: before its PUBREC may come the PUBCOMP of that PUBREL
	pendingResume bool   // open from an earlier connection, not yet redelivered on this one
	inQueue       bool   // waits in the queue of timers

	side          *sessionSide // of Session
	link          *Link        // that of the sender's last packet
	window        *Link        // in whose window it counts; nil where in none
	alert         *Alert
	due           *timer
	turn          uint64     // among those that wait for the same acknowledgement; 0 where it has none
	order         *ackOrder  // the queue of those, where they are many; nil where in none
	ahead, behind *Handshake // neighbours in that queue
	prev, next    *Handshake // in the queue of timers
	// elder and younger are its neighbours among the open ones, in the order of ID.
	elder, younger *Handshake
}

// Steps returns the number of steps kept.
func (h *Handshake) Steps() int { return int(h.nsteps) + len(h.others()) }

// others returns the steps that firstSteps did not hold.
func (h *Handshake) others() []Step {
	if h.more == nil {
		return nil
	}
	return *h.more
}

// Step returns step i, counting from 0, oldest first.
func (h *Handshake) Step(i int) Step {
	if i < int(h.nsteps) {
		return h.rest[i].step(h.times[i], h.conns[i])
	}
	return (*h.more)[i-int(h.nsteps)]
}

// AppendSteps appends all steps to dst, the oldest first.
func (h *Handshake) AppendSteps(dst []Step) []Step {
	for i, at := range h.times[:h.nsteps] {
		dst = append(dst, h.rest[i].step(at, h.conns[i]))
	}
	return append(dst, h.others()...)
}

// At returns when step i was seen and which packet it was, and nothing else of it.
func (h *Handshake) At(i int) (decode.Time, decode.Type) {
	if i < int(h.nsteps) {
		return h.times[i], h.rest[i].packet()
	}
	s := &(*h.more)[i-int(h.nsteps)]
	return s.Time, s.Type
}

// Dropped counts the steps beyond the bound, which are not kept.
func (h *Handshake) Dropped() int { return int(h.dropped) }

// Started is when its first packet was seen.
func (h *Handshake) Started() decode.Time { return h.times[0] }

// Verdict is the state to show: an open handshake whose answer may have been in a gap is Unknown.
func (h *Handshake) Verdict() State {
	if h.Unsure && h.State.Open() {
		return Unknown
	}
	return h.State
}

// Owes returns the Control Packet that is owed and by whom; 0 where nothing is.
func (h *Handshake) Owes() (decode.Type, decode.Direction) {
	return owes(h.State, h.Kind, h.Sender)
}

// Severity is that of the alert now open on h, None where there is none.
func (h *Handshake) Severity() Severity {
	if h.flight == nil || h.alert == nil || h.alert.muted {
		return None
	}
	return h.alert.Severity
}

// Offline reports whether h is open while its session has no Network Connection.
func (h *Handshake) Offline() bool {
	return h.State.Open() && (h.Session.link == nil || h.pendingResume)
}

// addStep appends s after the first steps, within the bound.
func (h *Handshake) addStep(s Step) {
	switch {
	case h.more == nil:
		h.more = &[]Step{s}
	case len(*h.more) < maxSteps-firstSteps:
		*h.more = append(*h.more, s)
	default:
		if h.dropped < 1<<16-1 {
			h.dropped++
		}
		(*h.more)[len(*h.more)-1] = s // the newest is worth more than the last but one
	}
}
