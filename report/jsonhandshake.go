package report

import (
	"net/netip"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// handshakeParts are parts that lines of handshakes have in common with those before. Where several kinds of them take turns, each kind has its own.
type handshakeParts struct {
	servers  phrase[server]
	standing phrase[standing]
	started  field
	steps    [16][2][2]stamp      // by Control Packet, Direction and DUP
	endings  [8][8]phrase[ending] // by Version and Kind
	sources  phrase[source]
}

func newHandshakeParts() handshakeParts { return handshakeParts{started: newField("started")} }

func (j *JSON) handshake(b []byte, r *watch.Row) []byte {
	if isDelivery(r) {
		b = append(b, `{"kind":"handshake","id":`...)
	} else {
		b = append(b, `{"kind":"subscription","id":`...)
	}
	b = appendUint(b, r.ID)
	b = j.ends(b, r)
	b = appendUint(b, uint64(r.PacketID))
	if isDelivery(r) {
		b = appendTopicQoS(b, r.Kind)
		b = appendString(b, r.Topic)
		b = append(b, `,"payload_length":`...)
		b = appendInt(b, int64(r.Payload))
	} else {
		b = append(b, `,"packet":`...)
		b = appendType(b, subscriptionType(r.Kind))
		b = append(b, `,"topic_filter":`...)
		b = appendString(b, r.Topic)
	}
	b = j.standing.append(b, standing{state: r.State, delivery: isDelivery(r), retain: r.Retain, owing: r.Owes.Packet != 0})
	b = j.owes(b, r)
	b = j.times(b, r)
	b = j.stepsTaken(b, r)
	b = j.endings[r.Version&7][r.Kind&7].append(b, endingOf(r))
	return j.sources.append(b, source(r.Source))
}

// appendTopicQoS appends the QoS of a handshake, and the name of the topic that follows.
func appendTopicQoS(b []byte, k handshake.Kind) []byte {
	if k == handshake.QoS2 {
		return append(b, `,"qos":2,"topic":`...)
	}
	return append(b, `,"qos":1,"topic":`...)
}

func subscriptionType(k handshake.Kind) decode.Type {
	if k == handshake.Unsubscribe {
		return decode.UNSUBSCRIBE
	}
	return decode.SUBSCRIBE
}

// ends appends who takes part, up to the value of packet_id.
func (j *JSON) ends(b []byte, r *watch.Row) []byte {
	b = append(b, `,"client_id":`...)
	if r.ClientKnown {
		b = appendString(b, r.Client)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"client":`...)
	b = appendAddr(b, r.Addr)
	b = j.servers.append(b, server{r.Server, r.ServerAddr})
	if r.Sender == decode.FromClient {
		return append(b, `,"sender":"client","packet_id":`...)
	}
	return append(b, `,"sender":"server","packet_id":`...)
}

// appendAddr appends a, null where it is not known.
func appendAddr(b []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return append(b, "null"...)
	}
	return append(a.AppendTo(append(b, '"')), '"')
}

// A server is the Server's end of a line.
type server struct {
	name string
	addr netip.AddrPort
}

func (s server) append(b []byte) []byte {
	b = append(b, `,"server":`...)
	b = appendString(b, s.name)
	b = append(b, `,"server_address":`...)
	return appendAddr(b, s.addr)
}

// A standing is how a handshake stands.
type standing struct {
	state                   handshake.State
	delivery, retain, owing bool
}

func (s standing) append(b []byte) []byte {
	if s.delivery {
		b = appendBool(b, `,"retain":`, s.retain)
	}
	b = append(b, `,"state":"`...)
	b = append(b, stateName(s.state)...)
	if s.owing {
		return append(b, `","owes":`...)
	}
	return append(b, `","owes":null`...)
}

// owes appends who owes what since when, nothing where nothing is owed.
func (j *JSON) owes(b []byte, r *watch.Row) []byte {
	if r.Owes.Packet == 0 {
		return b
	}
	b = append(b, `{"who":`...)
	b = appendString(b, who(r, r.Owes.By))
	b = append(b, `,"by":"`...)
	b = append(b, r.Owes.By.String()...)
	b = append(b, `","packet":`...)
	b = appendType(b, r.Owes.Packet)
	b = append(b, `,"since":`...)
	return append(j.stamp.append(b, r.Owes.Since), '}')
}

func (j *JSON) times(b []byte, r *watch.Row) []byte {
	b = j.started.append(b, r.Started)
	b = j.ended.append(b, r.Ended)
	b = append(b, `,"duration_ns":`...)
	if r.Ended == 0 || r.Started == 0 {
		return append(b, "null"...)
	}
	return appendInt(b, int64(r.Ended.Sub(r.Started)))
}

func (j *JSON) stepsTaken(b []byte, r *watch.Row) []byte {
	b = append(b, `,"steps":[`...)
	for i := range r.Steps {
		s := &r.Steps[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = j.stepStamp(s).append(b, s.Time)
		if carriesReason(s.Type) {
			b = append(appendUint(b, uint64(s.Reason)), '}')
		}
	}
	return append(b, ']')
}

// stepStamp returns what writes steps that are like s, but for their time and Reason Code.
func (j *JSON) stepStamp(s *handshake.Step) *stamp {
	dup := 0
	if s.Dup {
		dup = 1
	}
	stamp := &j.steps[s.Type&15][s.Dir&1][dup]
	if stamp.before == "" {
		stamp.before = `{"packet":"` + s.Type.String() + `","from":"` + s.Dir.String() + `","time":"`
		stamp.after = `","dup":` + strconv.FormatBool(s.Dup) + "}"
		if carriesReason(s.Type) {
			stamp.after = `","reason_code":`
		}
	}
	return stamp
}

// An ending is what there is to say of a handshake after its steps.
type ending struct {
	dropped, resends int
	answered         bool
	answer           decode.Type // that carried the Reason Code
	reason           decode.ReasonCode
	version          decode.Version
	late, unsure     bool
}

func endingOf(r *watch.Row) ending {
	e := ending{dropped: r.StepsDropped, resends: r.Resends, reason: r.Reason, version: r.Version, late: r.JoinedLate, unsure: r.Unsure}
	e.answer, e.answered = answered(r)
	return e
}

func (e ending) append(b []byte) []byte {
	b = append(b, `,"steps_dropped":`...)
	b = appendInt(b, int64(e.dropped))
	b = append(b, `,"resends":`...)
	b = appendInt(b, int64(e.resends))
	if e.answered {
		b = append(b, `,"reason_code":`...)
		b = appendUint(b, uint64(e.reason))
		b = append(b, `,"reason":`...)
		b = appendString(b, reasonName(e.reason, e.answer, e.version))
	} else {
		b = append(b, `,"reason_code":null,"reason":null`...)
	}
	b = appendBool(b, `,"joined_late":`, e.late)
	b = appendBool(b, `,"unsure":`, e.unsure)
	return appendVersion(b, e.version)
}

// A source is where a handshake was seen, which ends its line.
type source string

func (s source) append(b []byte) []byte {
	b = append(b, `,"source":`...)
	b = appendString(b, string(s))
	return append(b, '}', '\n')
}
