package handshake

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Reason Codes that mean more than a failure (5.0 §2.4).
const (
	reasonNoSubscribers  decode.ReasonCode = 0x10
	reasonTakenOver      decode.ReasonCode = 0x8E
	reasonInUse          decode.ReasonCode = 0x91
	reasonNotFound       decode.ReasonCode = 0x92
	reasonReceiveMaximum decode.ReasonCode = 0x93
	reasonQuotaExceeded  decode.ReasonCode = 0x97
)

// recovery is how long after a resume a Packet Identifier that is not found is no error (5.0 §3.6.2.1).
const recovery = 10 * time.Second

// checkReason raises what the Reason Code of a packet says by itself.
func (t *Tracker) checkReason(l *Link, p *decode.Packet) {
	if p.Version != decode.V5 {
		return
	}
	switch p.Type {
	case decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP, decode.SUBACK, decode.DISCONNECT:
	default:
		return
	}
	code := reasonOf(p)
	if code == 0 {
		return
	}
	t.checkAllowed(l, p, code)
	switch code {
	case reasonNotFound:
		t.notFound(l, p)
	case reasonNoSubscribers:
		t.noSubscribers(l, p)
	case reasonQuotaExceeded:
		a := aboutPacket(QuotaExceeded, Warn, p, t.acknowledged(l, p))
		a.By, a.Reason = p.Dir, code
		t.raisePoint(l, a, p.Type.String())
	case reasonReceiveMaximum:
		if p.Type == decode.DISCONNECT {
			t.receiveMaximum(l, p.Dir.Opposite(), p.Type)
		}
	case reasonTakenOver:
		if p.Type == decode.DISCONNECT {
			t.takenOver(l)
		}
	}
}

// tooEarly says what is wrong with a packet that is the first of its end but for the one that must come before it; nil where nothing is, or something may be
// missing before it. What the Client must do is the same in all versions; what the Server must, 3.1 does not say.
func tooEarly(l *Link, p *decode.Packet) *decode.Error {
	reason := ""
	switch {
	case !l.Info.Whole[p.Dir] || l.blind[p.Dir]:
	case p.Dir == decode.FromClient && p.Type != decode.CONNECT: // [MQTT-3.1.0-1]
		reason = "comes before CONNECT"
	case p.Dir == decode.FromServer && p.Type != decode.CONNACK && p.Type != decode.AUTH && !p.VersionAssumed && p.Version != decode.V31: // [MQTT-3.2.0-1]
		reason = "comes before CONNACK"
	}
	if reason == "" {
		return nil
	}
	return &decode.Error{Kind: decode.ProtocolError, Type: p.Type, Reason: reason}
}

// notAllowed says what is wrong with a packet that may be wrong for what it is, for where it stands, or for who sends it; nil where that cannot be told. It is
// asked before the packet does what it does. Nothing is said of what depends on a version that was guessed, or that stands behind a gap, or of what is only
// larger than what is decoded.
func (t *Tracker) notAllowed(l *Link, p *decode.Packet, early *decode.Error) *decode.Error {
	sure := !p.VersionAssumed && !p.Late
	switch {
	case p.Err != nil && sure && !p.Err.NotDecoded():
		return p.Err
	case sure && !l.Info.RolesAssumed && wrongWay(p):
		return &decode.Error{Kind: decode.ProtocolError, Type: p.Type, Reason: "is not for the " + p.Dir.String() + " to send"}
	case early != nil:
		return early
	case p.Err == nil && sure && p.Type == decode.CONNACK && p.Dir == decode.FromServer:
		return notResumable(l, p)
	}
	return nil
}

// notResumable says whether a CONNACK goes on with a session that its CONNECT wanted to begin anew ([MQTT-3.2.2-1], in 5.0 [MQTT-3.2.2-2]); 3.1 has no Session
// Present flag.
func notResumable(l *Link, p *decode.Packet) *decode.Error {
	if p.Connack == nil || !p.Connack.SessionPresent || !l.asked || !l.clean || l.accepted || p.Version == decode.V31 {
		return nil
	}
	asked := "Clean Session"
	if p.Version == decode.V5 {
		asked = "Clean Start"
	}
	return &decode.Error{
		Kind: decode.ProtocolError, Type: p.Type, Field: "connect acknowledge flags", Reason: "Session Present is set after a CONNECT with " + asked,
		Offset: p.HeaderLength, StreamOffset: p.Offset + int64(p.HeaderLength),
	}
}

// malformed raises malformed-packet, once what the packet does is done: a CONNECT has its session then, and a PUBLISH its handshake. answers is the handshake that
// it belongs to otherwise, or nil.
func (t *Tracker) malformed(l *Link, p *decode.Packet, fault *decode.Error, answers *Handshake) {
	if p.Type == decode.PUBLISH && p.PacketID != 0 {
		answers = l.Session.sides[p.Dir].flow.get(p.PacketID)
	}
	a := aboutPacket(MalformedPacket, Warn, p, nil)
	a.Fault, a.PacketID = fault, 0
	if answers != nil { // which may have ended with p
		a.Handshake, a.PacketID, a.Kind, a.Topic = answers.ID, answers.PacketID, answers.Kind, answers.Topic
	}
	t.raisePoint(l, a, fault.Error())
}

// suspect tells which types an end must not send, by Direction (5.0 and 3.1.1 §2.1.2, "Direction of flow"), or not always.
var suspect = [2][16]bool{
	decode.FromClient: {decode.CONNACK: true, decode.SUBACK: true, decode.UNSUBACK: true, decode.PINGRESP: true},
	decode.FromServer: {
		decode.CONNECT: true, decode.SUBSCRIBE: true, decode.UNSUBSCRIBE: true, decode.PINGREQ: true, decode.CONNACK: true, decode.DISCONNECT: true,
	},
}

// wrongWay reports whether a packet comes from the end that must not send such. A Server's DISCONNECT is new in 5.0.
func wrongWay(p *decode.Packet) bool {
	switch {
	case p.Dir == decode.FromServer && p.Type == decode.CONNACK:
		return false
	case p.Dir == decode.FromServer && p.Type == decode.DISCONNECT:
		return p.Version != decode.V5
	}
	return suspect[p.Dir][p.Type&15]
}

// secondConnect raises malformed-packet for a CONNECT on a connection that has had one: a Protocol Error [MQTT-3.1.0-2].
func (t *Tracker) secondConnect(l *Link, p *decode.Packet) {
	if p.Late {
		return
	}
	a := aboutPacket(MalformedPacket, Warn, p, nil)
	a.Fault = &decode.Error{Kind: decode.ProtocolError, Type: p.Type, Reason: "is the second one of its connection"}
	t.raisePoint(l, a, a.Fault.Reason)
}

// answeredBy returns the open handshake that an acknowledgement belongs to; nil for another packet, and where there is none.
func (t *Tracker) answeredBy(l *Link, p *decode.Packet) *Handshake {
	switch p.Type {
	case decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP, decode.SUBACK:
		return t.acknowledged(l, p)
	}
	return nil
}

// acknowledged finds the handshake that an acknowledgement is about, nil where there is none.
func (t *Tracker) acknowledged(l *Link, p *decode.Packet) *Handshake {
	switch p.Type {
	case decode.DISCONNECT:
		return nil
	case decode.SUBACK:
		return l.Session.sides[decode.FromClient].flow.get(p.PacketID)
	case decode.PUBREL:
		return l.Session.sides[p.Dir].flow.get(p.PacketID)
	}
	return l.Session.sides[p.Dir.Opposite()].flow.get(p.PacketID)
}

// checkAllowed raises invalid-reason-code where 5.0 does not have the code in such a packet. Where the version is only assumed nothing is said.
func (t *Tracker) checkAllowed(l *Link, p *decode.Packet, worst decode.ReasonCode) {
	if p.VersionAssumed {
		return
	}
	bad, found := worst, !worst.Allowed(p.Type)
	for _, c := range p.SubackCodes {
		if !c.Allowed(p.Type) {
			bad, found = c, true
		}
	}
	if found {
		a := aboutPacket(InvalidReasonCode, Warn, p, nil)
		a.Reason = bad
		t.raisePoint(l, a, p.Type.String())
	}
}

func (t *Tracker) notFound(l *Link, p *decode.Packet) {
	if p.Type != decode.PUBREL && p.Type != decode.PUBCOMP {
		return
	}
	severity := Warn
	if l.resumedAt != 0 && t.now.Sub(l.resumedAt) < recovery {
		severity = Info
	}
	t.raisePoint(l, aboutPacket(PacketIDNotFound, severity, p, t.acknowledged(l, p)), "")
}

func (t *Tracker) noSubscribers(l *Link, p *decode.Packet) {
	if p.Type != decode.PUBACK && p.Type != decode.PUBREC {
		return
	}
	a := aboutPacket(NoMatchingSubscribers, Info, p, t.acknowledged(l, p))
	t.raisePoint(l, a, a.Topic)
}

// receiveMaximum raises receive-maximum-exceeded of a sending side: it has more in flight than the other end can take, or the other end says so.
func (t *Tracker) receiveMaximum(l *Link, sender decode.Direction, by decode.Type) {
	a := Alert{
		Name: ReceiveMaximumExceeded, Severity: Critical, Sender: sender, By: sender, Owed: by,
		N: l.InFlight(sender), Limit: int(l.sides[sender].window.limit),
	}
	if h := oldestOpen(l, sender); h != nil {
		a.Handshake, a.PacketID, a.Oldest, a.Kind, a.Topic = h.ID, h.PacketID, h.PacketID, h.Kind, h.Topic
	}
	raised := t.raisePoint(l, a, "")
	raised.N = max(raised.N, a.N)
}
