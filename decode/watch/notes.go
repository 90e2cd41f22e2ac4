package watch

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// notesPerSheet is how many packets are noted before they are counted: so many that handing them over costs nothing, so few that they stay in the
// processor's cache.
const notesPerSheet = 1024

// longestText bounds what a row of the list of packets says of a packet.
const longestText = 256

// notes are what came to pass since the last sheet. They hold on to nothing of the wire.
type notes struct {
	packets []packetNote
	ends    []endNote
	bytes   []byte // Topic Names and payloads
}

func newNotes() *notes { return &notes{packets: make([]packetNote, 0, notesPerSheet)} }

func (n *notes) clear() {
	clear(n.packets) // what they point to may go
	clear(n.ends)
	n.packets, n.ends, n.bytes = n.packets[:0], n.ends[:0], n.bytes[:0]
}

// A packetNote is what is counted of a packet, or of a loss.
type packetNote struct {
	packetFacts
	on      *connection
	session *handshake.Session
	named   bool // the session has a Client Identifier
	sys     bool // the broker says something of itself
	text    string
	// topic and payload are how long they are in notes.bytes, from on.
	from           uint32
	topic, payload uint16
}

// An endNote is what is counted of a handshake that has ended, was seen from its beginning and not sent again.
type endNote struct {
	on           *connection // whose packet ended it; nil where none did
	session      *handshake.Session
	topic        string
	whole        time.Duration // from PUBLISH to PUBACK or PUBCOMP
	times        [mostSteps]time.Duration
	kinds        [mostSteps]StepKind
	steps        int
	sender       decode.Direction
	topicUnknown bool
	complete     bool
}

// mostSteps is how many steps a delivery has that nobody sent again.
const mostSteps = 3

// next is the next note to be written, field by field: it is empty. A whole one would be copied twice.
func (n *notes) next(c *connection, conn *connNote) *packetNote {
	if len(n.packets) == cap(n.packets) {
		n.packets = slices.Grow(n.packets, 1)
	}
	n.packets = n.packets[:len(n.packets)+1]
	note := &n.packets[len(n.packets)-1]
	note.on, note.conn, note.session = c, conn, c.link.Session
	note.named, note.from = note.session.ClientID != "", uint32(len(n.bytes))
	return note
}

func (n *notes) packet(c *connection, conn *connNote, p *decode.Packet, ref uint64) {
	note := n.next(c, conn)
	note.time, note.ref, note.offset, note.err, note.length, note.payloadLength = p.Time, ref, p.Offset, p.Err, p.Length, p.PayloadLength
	note.id, note.typ, note.dir, note.qos, note.version, note.reason = p.PacketID, p.Type, p.Dir, p.QoS, p.Version, p.ReasonCode
	note.dup, note.retain, note.unknown = p.Dup, p.Retain, p.TopicUnknown
	if p.Type != decode.PUBLISH {
		note.text = packetText(p)
		return
	}
	topic := p.Topic[:min(len(p.Topic), handshake.MaxText)]
	note.topic = uint16(len(topic))
	n.bytes = append(n.bytes, topic...)
	if p.Dir == decode.FromServer && len(topic) > len(sysPrefix) && string(topic[:len(sysPrefix)]) == sysPrefix {
		value := p.Payload[:min(len(p.Payload), maxSysValue)]
		note.sys, note.payload = true, uint16(len(value))
		n.bytes = append(n.bytes, value...)
	}
}

func (n *notes) topicOf(p *packetNote) []byte { return n.bytes[p.from:][:p.topic] }

func (n *notes) payloadOf(p *packetNote) []byte { return n.bytes[p.from:][p.topic:][:p.payload] }

func (n *notes) loss(c *connection, conn *connNote, l decode.Loss) {
	note := n.next(c, conn)
	note.time, note.offset, note.err, note.length, note.dir, note.loss = l.Time, l.Offset, l.Err, l.Bytes, l.Dir, int8(l.Cause)+1
}

// ended notes a handshake, unless its times mean nothing: it was joined late, sent again (an answer may belong to either packet), or not answered.
func (n *notes) ended(c *connection, h *handshake.Handshake) {
	if !h.Kind.Publish() || h.JoinedLate || h.Resends > 0 || h.Steps() < 2 {
		return
	}
	n.ends = append(n.ends, endNote{})
	note := &n.ends[len(n.ends)-1]
	note.on, note.session, note.topic, note.sender, note.topicUnknown = c, h.Session, h.Topic, h.Sender, h.TopicUnknown
	note.complete = h.State == handshake.Complete
	first := h.Step(0)
	before := first
	for i := 1; i < h.Steps(); i++ {
		step := h.Step(i)
		if kind, known := stepKind(before.Type, step.Type); known && note.steps < mostSteps {
			note.kinds[note.steps], note.times[note.steps] = kind, step.Time.Sub(before.Time)
			note.steps++
		}
		before = step
	}
	note.whole = before.Time.Sub(first.Time)
}
