package report

import (
	"io"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// Schema is the version of the form of the JSON Lines, as docs/json.md describes them. It counts up when a field is
// removed or changes its meaning; fields may be added without.
const Schema = 1

// JSON writes JSON Lines: an object a line, "kind" first, and last one of kind "summary". docs/json.md names every field.
type JSON struct {
	page
	stamp stamp
	ended field
	handshakeParts
	deliveryParts
}

// NewJSON returns a JSON that writes to w.
func NewJSON(w io.Writer) *JSON {
	return &JSON{
		page: page{w: w}, stamp: stamp{before: `"`, after: `"`}, ended: newField("ended"),
		handshakeParts: newHandshakeParts(), deliveryParts: newDeliveryParts(),
	}
}

// Event implements Reporter.
func (j *JSON) Event(e *watch.Event) {
	switch e.Kind {
	case watch.HandshakeEnded, watch.HandshakeOpen:
		j.buf = j.handshake(j.buf, e.Row)
	case watch.AlertRaised, watch.AlertEscalated, watch.AlertCleared:
		j.buf = j.alert(j.buf, e)
	case watch.DeliverySettled:
		j.buf = j.delivery(j.buf, e.Delivery)
	case watch.ExpectationChanged:
		j.buf = j.expectation(j.buf, e)
	}
	j.full()
}

// time appends t as a string, null where it is not known.
func (j *JSON) time(b []byte, t decode.Time) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	return j.stamp.append(b, t)
}

func appendType(b []byte, p decode.Type) []byte {
	return append(append(append(b, '"'), p.String()...), '"')
}

func appendVersion(b []byte, v decode.Version) []byte {
	if v == 0 {
		return append(b, `,"version":null`...)
	}
	return append(append(append(b, `,"version":"`...), v.String()...), '"')
}

func appendBool(b []byte, name string, v bool) []byte {
	return strconv.AppendBool(append(b, name...), v)
}

func (j *JSON) alert(b []byte, e *watch.Event) []byte {
	a := e.Alert
	b = append(b, `{"kind":"alert","id":`...)
	b = appendUint(b, a.ID)
	b = append(b, `,"name":`...)
	b = appendString(b, string(a.Name))
	b = append(append(append(b, `,"severity":"`...), a.Severity.String()...), '"')
	b = append(append(append(b, `,"event":"`...), eventName(e.Kind)...), '"')
	b = append(b, `,"time":`...)
	b = j.time(b, e.Time)
	b = appendText(b, `,"outcome":`, outcomeName(a))
	b = append(b, `,"client_id":`...)
	b = appendString(b, a.Client)
	b = appendPositive(b, `,"packet_id":`, uint64(a.PacketID))
	b = appendPositive(b, `,"handshake":`, a.Handshake)
	b = append(b, `,"count":`...)
	b = appendInt(b, int64(a.Count))
	b = append(b, `,"text":`...)
	b = appendString(b, a.Text)
	b = append(b, `,"detail":`...)
	b = appendString(b, a.Detail)
	return append(b, '}', '\n')
}

// appendPositive appends n, or null where it is 0.
func appendPositive(b []byte, name string, n uint64) []byte {
	b = append(b, name...)
	if n == 0 {
		return append(b, "null"...)
	}
	return appendUint(b, n)
}
