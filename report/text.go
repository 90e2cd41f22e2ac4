package report

import (
	"io"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// Text writes a line for each handshake when it ends or is still open at the end, and for each alert when it is raised,
// gets worse or clears; at the end the summary. Texts from the wire are escaped: a line never holds a control character.
type Text struct {
	page
	// AllDeliveries writes a line for each delivery of which an event comes, since the user chose them, not only for those with a problem.
	AllDeliveries bool

	stamp, published stamp
}

// NewText returns a Text that writes to w.
func NewText(w io.Writer) *Text { return &Text{page: page{w: w}} }

// Event implements Reporter.
func (t *Text) Event(e *watch.Event) {
	switch e.Kind {
	case watch.HandshakeEnded, watch.HandshakeOpen:
		t.buf = t.handshake(t.buf, e.Row, e.Time)
	case watch.AlertRaised, watch.AlertEscalated, watch.AlertCleared:
		t.buf = t.alert(t.buf, e)
	case watch.DeliverySettled:
		if t.AllDeliveries || e.Delivery.Verdict.Wanting() { // of the others nobody asked: alerts tell of what the broker refused
			t.buf = t.delivery(t.buf, e.Delivery, e.Time)
		}
	case watch.ExpectationChanged:
		t.buf = t.expectation(t.buf, e)
	}
	t.full()
}

// Finish implements Reporter.
func (t *Text) Finish(s *watch.Snapshot) error {
	if len(t.buf) > 0 || packetCount(&s.Counts) > 0 {
		t.buf = append(t.buf, '\n')
	}
	t.buf = AppendSummary(t.buf, s)
	return t.Flush()
}

// handshake writes, for example,
//
//	2026-11-22T12:01:33.120Z  complete   sensor-7 -> broker  QoS 2  id 17  plant/a/temp  5 bytes  43.2ms
func (t *Text) handshake(b []byte, r *watch.Row, now decode.Time) []byte {
	b = t.stamp.appendMilli(b, now)
	b = appendPadded(append(b, "  "...), stateName(r.State), len("abandoned"))
	b = append(b, "  "...)
	b = append(b, decode.Escape(r.Client)...)
	if r.Sender == decode.FromClient {
		b = append(b, " -> broker"...)
	} else {
		b = append(b, " <- broker"...)
	}
	if isDelivery(r) {
		b = append(b, "  QoS "...)
		b = append(b, byte('0'+qos(r.Kind)))
	} else {
		b = append(append(b, "  "...), subscriptionType(r.Kind).String()...)
	}
	b = append(b, "  id "...)
	b = appendUint(b, uint64(r.PacketID))
	b = append(append(b, "  "...), decode.Escape(topicOf(r))...)
	if isDelivery(r) && !r.JoinedLate {
		b = append(b, "  "...)
		b = appendInt(b, int64(r.Payload))
		b = append(b, " bytes"...)
	}
	b = appendOutcome(b, r, now)
	return append(b, '\n')
}

func topicOf(r *watch.Row) string {
	if r.Topic == "" {
		return "(topic not seen)"
	}
	return r.Topic
}

// appendOutcome appends who owes what, or how it ended and how long it took, and what is special about it.
func appendOutcome(b []byte, r *watch.Row, now decode.Time) []byte {
	if r.Owes.Packet != 0 {
		b = append(append(b, "  "...), r.Owes.Packet.String()...)
		b = append(append(b, " owed by "...), decode.Escape(who(r, r.Owes.By))...)
		b = appendDuration(append(b, " for "...), now.Sub(r.Owes.Since))
	} else if r.Ended != 0 && r.Started != 0 {
		b = appendDuration(append(b, "  "...), r.Ended.Sub(r.Started))
	}
	if p, ok := answered(r); ok && r.Reason >= 0x80 {
		b = append(b, "  0x"...)
		b = append(b, hexDigits[r.Reason>>4], hexDigits[r.Reason&15], ' ')
		b = append(b, reasonName(r.Reason, p, r.Version)...)
	}
	if r.Resends > 0 {
		b = append(b, "  resent "...)
		b = appendInt(b, int64(r.Resends))
		b = append(b, 'x')
	}
	if r.JoinedLate {
		b = append(b, "  joined late"...)
	}
	if r.Unsure {
		b = append(b, "  unsure"...)
	}
	return b
}

// alert writes, for example,
//
//	2026-11-22T12:01:39.002Z  ALERT raised     warn      puback-overdue  subscriber pump-2 owes PUBACK ...
func (t *Text) alert(b []byte, e *watch.Event) []byte {
	b = t.stamp.appendMilli(b, e.Time)
	name := eventName(e.Kind)
	if e.Alert.Cleared != 0 && e.Alert.Outcome != handshake.Resolved {
		name = "ended"
	}
	b = appendPadded(append(b, "  ALERT "...), name, len("escalated"))
	b = appendPadded(append(b, "  "...), e.Alert.Severity.String(), len("critical"))
	b = append(append(b, "  "...), e.Alert.Name...)
	b = append(append(b, "  "...), e.Alert.Text...)
	return append(b, '\n')
}

// appendPadded appends s and spaces up to width bytes; s is ASCII.
func appendPadded(b []byte, s string, width int) []byte {
	b = append(b, s...)
	return append(b, strings.Repeat(" ", max(0, width-len(s)))...)
}
