package handshake

import (
	"fmt"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Text says in one line what is wrong: what is owed, by whom, since when. It is escaped. What ages is counted up to now.
func (a *Alert) Text(now decode.Time) string {
	if a.Cleared != 0 {
		now = a.Cleared
	}
	if a.Teller != nil {
		return a.Teller.Text(a, now)
	}
	age := Age(now.Sub(a.Since))
	owed := age
	if a.Cleared != 0 && a.Outcome == Unmet {
		owed += ", unanswered"
	}
	switch a.Name {
	case PubackOverdue, PubrecOverdue, PubrelOverdue, PubcompOverdue, SubackOverdue:
		return fmt.Sprintf("%s %s %s%s for %s: %s", a.who(a.By), a.owes(), a.Owed, a.toClient(), owed, a.message())
	case ConnackOverdue:
		return fmt.Sprintf("broker %s CONNACK to %s for %s", a.owes(), a.client(), owed)
	case PingrespOverdue:
		return fmt.Sprintf("broker %s PINGRESP to %s for %s", a.owes(), a.client(), owed)
	case KeepaliveOverdue:
		return fmt.Sprintf("%s has sent nothing for %s: Keep Alive is %ds, the last was %s", a.client(), age, a.Limit, a.Last2)
	case AckLatencyHigh:
		return fmt.Sprintf("%s answers slowly: 95%% of %d within %s", a.who(a.By), a.N, Age(a.Latency))
	case SenderStalled:
		return fmt.Sprintf("%s has published nothing%s for %s: until then every %s, and its connection lives", a.end(a.By), a.with(), age, Age(a.Latency))
	case InflightWindowFull:
		known := ""
		if a.Learned {
			known = " (learned)"
		}
		if a.Usual {
			known = " (a usual limit)"
		}
		return fmt.Sprintf("window of %s to %s is full, %d/%d%s, for %s; oldest: id %d, %s owes %s",
			a.end(a.Sender), a.end(a.Sender.Opposite()), a.N, a.Limit, known, age, a.Oldest, a.who(a.By), a.OldestOwed)
	case DisconnectWithInflight:
		return fmt.Sprintf("%s with %s in flight: %s", a.ending(), deliveries(a.N), a.phases())
	case SessionLostInflight:
		return fmt.Sprintf("broker forgot the session of %s: %s abandoned (%s)", a.client(), deliveries(a.N), a.phases())
	case ResumeWithoutRedelivery:
		return fmt.Sprintf("%s has not sent %s again for %s after the session was resumed; oldest: %s of id %d",
			a.who(a.By), deliveries(a.N), age, a.goesOn(), a.Oldest)
	}
	return a.pointText()
}

// Began is when that began which Text gives the duration of: from when on a packet is owed. What has no duration began when the alert was raised.
func (a *Alert) Began() decode.Time {
	if t, ok := a.Teller.(interface{ Began(*Alert) decode.Time }); ok {
		return t.Began(a)
	}
	if !a.Lasting || a.Since == 0 {
		return a.Raised
	}
	return min(a.Since, a.Raised)
}

// Sort tells apart what alerts of one name say: of two whose Sort is the same Text differs in numbers and names alone.
func (a *Alert) Sort() string {
	if a.Name == JoinedMidStream { // by which packet that was learned is not in its text
		return ""
	}
	s := fmt.Sprint(a.Outcome, a.By, a.Owed, a.Prior, uint8(a.Reason))
	if a.Teller != nil {
		return s + a.Teller.Sort(a)
	}
	if a.Name == DisconnectWithInflight {
		s += fmt.Sprint(a.Limit) // the cause of the close
	}
	return s
}

// pointText is Text for what happens at a point in time.
func (a *Alert) pointText() string {
	var s string
	switch a.Name {
	case PacketIDInUse:
		s = fmt.Sprintf("%s gave id %d to a new %s while %s has waited for %s for %s",
			a.end(a.Sender), a.PacketID, a.Owed, a.message(), a.OldestOwed, Age(a.Raised.Sub(a.Since)))
		if a.Reason == reasonInUse {
			s = fmt.Sprintf("%s says that id %d is in use: %s refused", a.end(a.By), a.PacketID, a.message())
		}
	case PacketIDZero:
		s = fmt.Sprintf("%s sent %s with Packet Identifier 0", a.end(a.By), a.Owed)
	case UnexpectedAck:
		s = fmt.Sprintf("%s sent %s for id %d, which is not in flight", a.end(a.By), a.Owed, a.PacketID)
		if a.Prior {
			s = fmt.Sprintf("%s sent %s for id %d of the previous connection, not sent again on this one", a.end(a.By), a.Owed, a.PacketID)
		}
	case AckTypeMismatch:
		s = fmt.Sprintf("%s sent %s for %s, which waits for %s", a.end(a.By), a.Owed, a.message(), a.OldestOwed)
	case PublishRefused:
		s = fmt.Sprintf("%s refused %s: %s", a.end(a.By), a.message(), a.Reason.Name(a.refusal(), a.version()))
	case CaptureGap:
		s = fmt.Sprintf("bytes from %s are missing in the capture", a.end(a.By))
		if a.Prior {
			s = fmt.Sprintf("nothing of %s is in the capture: what it owes cannot be judged", a.end(a.By))
		}
		if a.Bytes > 0 {
			s = fmt.Sprintf("%d bytes from %s are missing in the capture", a.Bytes, a.end(a.By))
			if a.Bytes == 1 {
				s = fmt.Sprintf("1 byte from %s is missing in the capture", a.end(a.By))
			}
		}
	case MalformedPacket:
		s = fmt.Sprintf("%s sent a malformed packet: %s", a.end(a.By), a.Fault)
		if a.Fault.Kind == decode.ProtocolError {
			s = fmt.Sprintf("%s broke the protocol: %s", a.end(a.By), a.Fault)
		}
	case UndecodableStream:
		s = fmt.Sprintf("bytes from %s are no MQTT", a.end(a.By))
	case JoinedMidStream:
		s = fmt.Sprintf("capture begins in the middle of the connection of %s", a.client())
	default:
		s = a.protocolText()
	}
	if a.Count > 1 {
		s += fmt.Sprintf(" (%d times)", a.Count)
	}
	return s
}

// protocolText is pointText for packets that should not have been sent, or that say what is wrong by their Reason Code.
func (a *Alert) protocolText() string {
	by, id := a.end(a.By), a.PacketID
	switch a.Name {
	case DuplicateAck:
		return fmt.Sprintf("%s sent %s for id %d once more, though it was asked once", by, a.Owed, id)
	case AckOutOfOrder:
		return fmt.Sprintf("%s sent %s for id %d while it owes %s; first is id %d", by, a.Owed, id, earlier(a.N), a.Oldest)
	case RetransmitConnected:
		return fmt.Sprintf("%s sent %s again on the same connection: %s", by, a.Owed, a.message())
	case RetransmitStorm:
		return fmt.Sprintf("%s sends %s again and again, every %s: %s", by, a.Owed, Age(a.Latency), a.message())
	case RetransmitWithoutDup:
		return fmt.Sprintf("%s sent the same PUBLISH again without DUP (resend or id reuse): %s", by, a.message())
	case PublishAfterPubrel:
		return fmt.Sprintf("%s sent PUBLISH again after its PUBREL, so it may be delivered twice: %s", by, a.message())
	case PubrelAfterPubrecError:
		return fmt.Sprintf("%s sent PUBREL for id %d, which PUBREC had refused", by, id)
	case PacketIDNotFound:
		if a.Reason == 0 {
			return fmt.Sprintf("%s sent PUBREL for id %d after the resume, of which no PUBLISH was seen", by, id)
		}
		return fmt.Sprintf("%s does not know id %d (%s: Packet Identifier not found)", by, id, a.Owed)
	case QuotaExceeded:
		return fmt.Sprintf("%s says %s: Quota exceeded%s", by, a.Owed, a.about())
	case InvalidReasonCode:
		name := " (" + a.Reason.String() + ")"
		if strings.HasPrefix(name, " (ReasonCode(") { // the standard has none
			name = ""
		}
		return fmt.Sprintf("%s sent %s with Reason Code 0x%02X%s, which is not allowed there", by, a.Owed, uint8(a.Reason), name)
	case ReceiveMaximumExceeded:
		if a.Owed == decode.DISCONNECT {
			return fmt.Sprintf("%s ended the connection: %s had more in flight than its Receive Maximum", a.end(a.By.Opposite()), by)
		}
		return fmt.Sprintf("%s has %d in flight, Receive Maximum of %s is %d", by, a.N, a.end(a.By.Opposite()), a.Limit)
	case NoMatchingSubscribers:
		return fmt.Sprintf("%s has no subscriber for %s", by, a.message())
	case SessionTakeoverLoop:
		return fmt.Sprintf("Client Identifier %s is used by several: %s", a.client(), strings.Join(a.Peers, ", "))
	case ReconnectLoop:
		return fmt.Sprintf("%s connected %d times in a minute; last time %s ended it after %s", a.client(), a.N, a.end(a.By), a.Last2)
	}
	return string(a.Name)
}

// toClient names the client where the broker owes.
func (a *Alert) toClient() string {
	if a.By == decode.FromServer {
		return " to " + a.client()
	}
	return ""
}

func (a *Alert) owes() string {
	if a.Cleared != 0 {
		return "owed"
	}
	return "has owed"
}

// about names the delivery of an alert that may have none.
func (a *Alert) about() string {
	if a.Handshake == 0 {
		return ""
	}
	return " for " + a.message()
}

func earlier(n int) string {
	if n == 1 {
		return "an earlier one"
	}
	return fmt.Sprintf("%d earlier ones", n)
}

// Detail says the rest: what still works, what it blocks, what comes next. It is escaped, and empty where there is nothing to add.
func (a *Alert) Detail(now decode.Time) string {
	if a.Cleared != 0 {
		age := Age(a.Cleared.Sub(a.Began()))
		switch a.Outcome {
		case Unmet:
			return fmt.Sprintf("Ended after %s, unresolved.", age)
		case Untold:
			return fmt.Sprintf("Ended after %s; whether it was resolved is not known.", age)
		}
		return fmt.Sprintf("Cleared after %s.", age)
	}
	if a.Teller != nil {
		return a.Teller.Detail(a, now)
	}
	switch a.Name {
	case PubackOverdue, PubrecOverdue, PubrelOverdue, PubcompOverdue, InflightWindowFull, SubackOverdue, ResumeWithoutRedelivery:
		return strings.Join(nonEmpty(a.alive(now), a.blocks(), a.next()), " ")
	case ConnackOverdue, PingrespOverdue:
		return "Nothing was received from the broker since. The connection still stands."
	case PacketIDInUse:
		if a.Reason == reasonInUse {
			return "It may hold the state of an earlier delivery with this id, which a clean start ends."
		}
		return "The next acknowledgement of this id is ambiguous."
	case MalformedPacket:
		if a.Fault.StreamOffset == 0 {
			return "The list of packets has it, with its bytes."
		}
		return fmt.Sprintf("Byte %d of the packet, byte %d of the stream. The list of packets has it, with its bytes.", a.Fault.Offset, a.Fault.StreamOffset)
	case ReceiveMaximumExceeded:
		return "MQTT 5.0 has the receiver end the connection with DISCONNECT 0x93 (Receive Maximum exceeded)."
	case CaptureGap:
		if a.Prior {
			return "Only one direction was captured. Does the filter leave out the other one (dst port instead of port)?"
		}
		return "Handshakes that were open there are unsure; no verdict is given on them."
	case JoinedMidStream:
		return "What was begun before is not known: version, Keep Alive and Receive Maximum are assumed."
	case DisconnectWithInflight:
		if a.Session.endsWith {
			return "The session ended with the connection: these deliveries are abandoned."
		}
		return "The session goes on: they are to be sent again on the next connection."
	}
	return ""
}

// goesOn is the packet with which the sender of the oldest delivery is to go on after a resume.
func (a *Alert) goesOn() decode.Type {
	if a.OldestOwed == decode.PUBCOMP || a.OldestOwed == decode.PUBREL {
		return decode.PUBREL
	}
	return decode.PUBLISH
}

// alive tells what the other end has sent lately.
func (a *Alert) alive(now decode.Time) string {
	l := a.link
	if l == nil || l.closed {
		return ""
	}
	at, kind := l.last[a.By], l.lastType[a.By]
	if at == 0 {
		return fmt.Sprintf("Nothing was received from %s on this connection.", a.end(a.By))
	}
	if at <= a.Since {
		return fmt.Sprintf("Nothing was received from %s since: the last was %s %s ago.", a.end(a.By), kind, Age(now.Sub(at)))
	}
	return fmt.Sprintf("Link alive: %s from %s %s ago.", kind, a.end(a.By), Age(now.Sub(at)))
}

// blocks tells how full the sender's window is.
func (a *Alert) blocks() string {
	l := a.link
	if l == nil || l.closed || a.Name == SubackOverdue {
		return ""
	}
	n, limit := l.InFlight(a.Sender), int(l.sides[a.Sender].window.limit)
	switch {
	case limit == 0 || limit == 0xFFFF:
		if n > 1 {
			return fmt.Sprintf("%d in flight from %s on this connection.", n, a.end(a.Sender))
		}
		return ""
	case n >= limit:
		return fmt.Sprintf("Window %d/%d: nothing new can be sent to %s.", n, limit, a.end(a.Sender.Opposite()))
	}
	return fmt.Sprintf("Window %d/%d.", n, limit)
}

// next tells what the standard lets the sender do about it.
func (a *Alert) next() string {
	if a.Kind.Publish() && a.version() == decode.V5 && a.Name != ResumeWithoutRedelivery {
		return "MQTT 5.0 allows to send it again only on the next connection."
	}
	return ""
}

func (a *Alert) version() decode.Version { return a.Session.Version }

// refusal is the type of packet that carried the refusal.
func (a *Alert) refusal() decode.Type {
	if a.Kind == QoS2 {
		return decode.PUBREC
	}
	return decode.PUBACK
}

// who names an end by its role in the delivery.
func (a *Alert) who(d decode.Direction) string {
	switch {
	case d == decode.FromServer:
		return "broker"
	case !a.Kind.Publish():
		return a.client()
	case a.Sender == decode.FromClient:
		return "publisher " + a.client()
	}
	return "subscriber " + a.client()
}

// end names an end without its role.
func (a *Alert) end(d decode.Direction) string {
	if d == decode.FromServer {
		return "broker"
	}
	return a.client()
}

func (a *Alert) client() string { return a.Session.Name() }

// Name returns the Client Identifier, escaped, or the client's address where it is not known.
func (s *Session) Name() string {
	if s.ClientID != "" {
		return decode.Escape(s.ClientID)
	}
	if s.newest != nil && s.newest.Client.IsValid() {
		return s.newest.Client.String()
	}
	return "a client"
}

// message names the delivery.
func (a *Alert) message() string {
	topic := decode.Escape(a.Topic)
	if topic == "" {
		return fmt.Sprintf("id %d (%s)", a.PacketID, a.Kind)
	}
	return fmt.Sprintf("id %d (%s, %s)", a.PacketID, a.Kind, topic)
}

// ending tells how the connection of a disconnect-with-inflight ended.
func (a *Alert) ending() string {
	end := a.end(a.By)
	if a.Owed == decode.DISCONNECT {
		if a.Reason != 0 {
			return fmt.Sprintf("%s sent DISCONNECT (%s)%s", end, a.Reason.Name(decode.DISCONNECT, decode.V5), a.with())
		}
		return end + " sent DISCONNECT" + a.with()
	}
	switch decode.CloseCause(a.Limit) {
	case decode.CloseRST:
		return fmt.Sprintf("%s reset the connection%s", end, a.with())
	case decode.CloseFIN:
		return fmt.Sprintf("%s closed the connection%s", end, a.with())
	}
	return fmt.Sprintf("connection of %s ended", a.client())
}

// with names the other end where the first was the broker.
func (a *Alert) with() string {
	if a.By == decode.FromServer {
		return " to " + a.client()
	}
	return ""
}

func (a *Alert) phases() string {
	var parts []string
	for _, s := range []State{AwaitingPuback, AwaitingPubrec, AwaitingPubrel, AwaitingPubcomp} {
		if n := a.Phases[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func deliveries(n int) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// Age writes a duration as people read it: 43ms, 8.2s, 3m12s, 2h05m. All of it is ASCII: it is shown on terminals that have nothing else.
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Millisecond:
		return fmt.Sprintf("%dus", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", float64(d.Truncate(100*time.Millisecond))/1e9)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 100*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}
