package report

import (
	"io"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// Schema is the version of the form of the JSON Lines, as docs/json.md describes them. It counts up when a field is
// removed or changes its meaning; fields may be added without.
const Schema = 1

// JSON writes JSON Lines: an object a line, "kind" first, and last one of kind "summary". docs/json.md names every field.
type JSON struct {
	page
	stamp stamp
}

// NewJSON returns a JSON that writes to w.
func NewJSON(w io.Writer) *JSON { return &JSON{page: page{w: w}} }

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

func (j *JSON) handshake(b []byte, r *watch.Row) []byte {
	if isDelivery(r) {
		b = append(b, `{"kind":"handshake","id":`...)
	} else {
		b = append(b, `{"kind":"subscription","id":`...)
	}
	b = appendUint(b, r.ID)
	b = j.ends(b, r)
	b = append(b, `,"packet_id":`...)
	b = appendUint(b, uint64(r.PacketID))
	if isDelivery(r) {
		b = append(b, `,"qos":`...)
		b = append(b, byte('0'+qos(r.Kind)))
		b = append(b, `,"topic":`...)
		b = appendString(b, r.Topic)
		b = append(b, `,"payload_length":`...)
		b = appendInt(b, int64(r.Payload))
		b = appendBool(b, `,"retain":`, r.Retain)
	} else {
		b = append(b, `,"packet":`...)
		b = appendType(b, subscriptionType(r.Kind))
		b = append(b, `,"topic_filter":`...)
		b = appendString(b, r.Topic)
	}
	b = append(append(append(b, `,"state":"`...), stateName(r.State)...), '"')
	b = j.owes(b, r)
	b = j.times(b, r)
	b = j.steps(b, r)
	b = appendReason(b, r)
	b = appendBool(b, `,"joined_late":`, r.JoinedLate)
	b = appendBool(b, `,"unsure":`, r.Unsure)
	b = appendVersion(b, r.Version)
	b = append(b, `,"source":`...)
	b = appendString(b, r.Source)
	return append(b, '}', '\n')
}

func subscriptionType(k handshake.Kind) decode.Type {
	if k == handshake.Unsubscribe {
		return decode.UNSUBSCRIBE
	}
	return decode.SUBSCRIBE
}

// ends appends who takes part.
func (j *JSON) ends(b []byte, r *watch.Row) []byte {
	b = append(b, `,"client_id":`...)
	if r.ClientKnown {
		b = appendString(b, r.Client)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"client":`...)
	if r.Addr.IsValid() {
		b = append(r.Addr.AppendTo(append(b, '"')), '"')
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"server":`...)
	b = appendString(b, r.Server)
	b = append(b, `,"server_address":`...)
	if r.ServerAddr.IsValid() {
		b = append(r.ServerAddr.AppendTo(append(b, '"')), '"')
	} else {
		b = append(b, "null"...)
	}
	if r.Sender == decode.FromClient {
		return append(b, `,"sender":"client"`...)
	}
	return append(b, `,"sender":"server"`...)
}

// owes appends who owes what since when, null where nothing is owed.
func (j *JSON) owes(b []byte, r *watch.Row) []byte {
	if r.Owes.Packet == 0 {
		return append(b, `,"owes":null`...)
	}
	b = append(b, `,"owes":{"who":`...)
	b = appendString(b, who(r, r.Owes.By))
	b = append(b, `,"by":"`...)
	b = append(b, r.Owes.By.String()...)
	b = append(b, `","packet":`...)
	b = appendType(b, r.Owes.Packet)
	b = append(b, `,"since":`...)
	return append(j.stamp.appendQuoted(b, r.Owes.Since), '}')
}

func (j *JSON) times(b []byte, r *watch.Row) []byte {
	b = append(b, `,"started":`...)
	b = j.time(b, r.Started)
	b = append(b, `,"ended":`...)
	b = j.time(b, r.Ended)
	b = append(b, `,"duration_ns":`...)
	if r.Ended == 0 || r.Started == 0 {
		return append(b, "null"...)
	}
	return appendInt(b, int64(r.Ended.Sub(r.Started)))
}

// time appends t as a string, null where it is not known.
func (j *JSON) time(b []byte, t decode.Time) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	return j.stamp.appendQuoted(b, t)
}

func (j *JSON) steps(b []byte, r *watch.Row) []byte {
	b = append(b, `,"steps":[`...)
	for i := range r.Steps {
		s := &r.Steps[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"packet":`...)
		b = appendType(b, s.Type)
		if s.Dir == decode.FromClient {
			b = append(b, `,"from":"client","time":`...)
		} else {
			b = append(b, `,"from":"server","time":`...)
		}
		b = j.stamp.appendQuoted(b, s.Time)
		if carriesReason(s.Type) {
			b = append(b, `,"reason_code":`...)
			b = appendUint(b, uint64(s.Reason))
		} else {
			b = appendBool(b, `,"dup":`, s.Dup)
		}
		b = append(b, '}')
	}
	b = append(b, `],"steps_dropped":`...)
	b = appendInt(b, int64(r.StepsDropped))
	b = append(b, `,"resends":`...)
	return appendInt(b, int64(r.Resends))
}

func appendReason(b []byte, r *watch.Row) []byte {
	p, ok := answered(r)
	if !ok {
		return append(b, `,"reason_code":null,"reason":null`...)
	}
	b = append(b, `,"reason_code":`...)
	b = appendUint(b, uint64(r.Reason))
	b = append(b, `,"reason":`...)
	return appendString(b, reasonName(r, p))
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
