package filter

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Packet is a Control Packet, or a loss, as filters see it.
type Packet struct {
	Time        decode.Time
	Client      string         // Client Identifier, empty where not known
	Addr        netip.AddrPort // of the client
	Server      netip.AddrPort
	ServerName  string
	Type        decode.Type
	Dir         decode.Direction
	PacketID    uint16
	QoS         uint8 // of a PUBLISH
	Dup, Retain bool
	Topic       string // Topic Name, first Topic Filter, or what else the row says
	Reason      decode.ReasonCode
	Version     decode.Version
	// Lost is set where bytes did not become packets, Malformed where something is wrong with them.
	Lost, Malformed bool
}

// Packets is a parsed expression that chooses Control Packets. It does not change and may be used from several goroutines.
type Packets struct {
	text string
	root node[*Packet]
}

// ParsePackets parses an expression about Control Packets:
//
//	type:pingreq client:pump topic:plant/# qos:0 reason>=0x80 malformed
//
// The empty text gives nil, which chooses all. An error is an *Error.
func ParsePackets(text string) (*Packets, error) {
	root, err := parse(text, packets())
	if err != nil || root == nil {
		return nil, err
	}
	return &Packets{text: text, root: root}, nil
}

// Match reports whether p is chosen.
func (f *Packets) Match(p *Packet) bool { return f == nil || f.root.match(p, 0) }

// String returns the text that was parsed.
func (f *Packets) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

type packetTest = testOf[*Packet]

// packets is the language about Control Packets, in the order in which messages and docs/filter.md name its words.
func packets() language[*Packet] {
	return language[*Packet]{
		columns: []column[*Packet]{
			{"topic", "topic:plant/+/temp", packetTopicTest},
			{"client", "client:pump", packetClientTest},
			{"id", "id:17", packetIDTest},
			{"qos", "qos:0", packetQoSTest},
			{"type", "type:PINGREQ", packetTypeTest},
			{"host", "host:10.0.0.7", packetHostTest},
			{"reason", "reason:0x87", packetReasonTest},
			{"sender", "sender:client", packetSenderTest},
		},
		flags: map[string]packetTest{
			"dup":       func(p *Packet, _ decode.Time) bool { return p.Dup },
			"retain":    func(p *Packet, _ decode.Time) bool { return p.Retain },
			"malformed": func(p *Packet, _ decode.Time) bool { return p.Malformed },
			"lost":      func(p *Packet, _ decode.Time) bool { return p.Lost },
		},
		bare: func(value string) packetTest {
			part := fold(value)
			id, err := strconv.ParseUint(value, 10, 16)
			isID := err == nil
			return func(p *Packet, _ decode.Time) bool {
				return isID && uint64(p.PacketID) == id || contains(p.Topic, part) || p.clientContains(part) ||
					!p.Lost && contains(p.Type.String(), part)
			}
		},
	}
}

func (p *Packet) clientContains(part string) bool {
	if p.Client != "" {
		return contains(p.Client, part)
	}
	return addrContains(p.Addr, part)
}

func packetTopicTest(t token) (packetTest, string) {
	value := t.value
	hasTopic := func(p *Packet) bool {
		return p.Type == decode.PUBLISH || p.Type == decode.SUBSCRIBE || p.Type == decode.UNSUBSCRIBE
	}
	switch {
	case t.op == "=":
		return func(p *Packet, _ decode.Time) bool { return hasTopic(p) && p.Topic == value }, ""
	case t.op != ":":
		return nil, "topic takes : or =, as in topic:plant/+/temp"
	case wild(value):
		return func(p *Packet, _ decode.Time) bool { return hasTopic(p) && topicMatches(value, p.Topic) }, checkPattern(value)
	}
	part := fold(value)
	return func(p *Packet, _ decode.Time) bool { return hasTopic(p) && contains(p.Topic, part) }, ""
}

func packetClientTest(t token) (packetTest, string) {
	value, part := t.value, fold(t.value)
	switch t.op {
	case ":":
		return func(p *Packet, _ decode.Time) bool { return p.clientContains(part) }, ""
	case "=":
		return func(p *Packet, _ decode.Time) bool { return p.Client == value }, ""
	}
	return nil, "client takes : or =, as in client:pump"
}

func packetIDTest(t token) (packetTest, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 65535 {
		return nil, "a Packet Identifier is a number from 1 to 65535: id:17, id>100"
	}
	ok := compare(t.op, limit)
	return func(p *Packet, _ decode.Time) bool { return ok(int64(p.PacketID)) }, ""
}

func packetQoSTest(t token) (packetTest, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 2 {
		return nil, "QoS is 0, 1 or 2: qos:0, qos>0"
	}
	ok := compare(t.op, limit)
	return func(p *Packet, _ decode.Time) bool { return p.Type == decode.PUBLISH && ok(int64(p.QoS)) }, ""
}

func packetTypeTest(t token) (packetTest, string) {
	for typ := decode.CONNECT; typ <= decode.AUTH; typ++ {
		if isOp(t) && strings.EqualFold(typ.String(), t.value) {
			return func(p *Packet, _ decode.Time) bool { return !p.Lost && p.Type == typ }, ""
		}
	}
	return nil, "type is a Control Packet, as in type:PUBREL or type:pingreq"
}

func packetSenderTest(t token) (packetTest, string) {
	dir, ok := side(t.value)
	if !ok || !isOp(t) {
		return nil, "the sender is client or broker: sender:client"
	}
	return func(p *Packet, _ decode.Time) bool { return p.Dir == dir }, ""
}

func packetHostTest(t token) (packetTest, string) {
	if !isOp(t) {
		return nil, hostReason
	}
	if ok, isAddr := addrTest(t.value); isAddr {
		return func(p *Packet, _ decode.Time) bool { return ok(p.Addr) || ok(p.Server) }, ""
	}
	if brokenAddr(t.value) {
		return nil, notAddr
	}
	part := fold(t.value)
	return func(p *Packet, _ decode.Time) bool { return contains(p.ServerName, part) }, ""
}

func packetReasonTest(t token) (packetTest, string) {
	if code, err := strconv.ParseUint(t.value, 0, 8); err == nil {
		ok := compare(t.op, int64(code))
		return func(p *Packet, _ decode.Time) bool { return p.carriesReason() && ok(int64(p.Reason)) }, ""
	}
	if !isOp(t) || t.value[0] >= '0' && t.value[0] <= '9' {
		return nil, "reason is a code from 0 to 0xFF or a part of its name: reason:0x87, reason>=0x80, reason:quota"
	}
	part := fold(t.value)
	return func(p *Packet, _ decode.Time) bool {
		return p.carriesReason() && contains(p.Reason.Name(p.Type, p.Version), part)
	}, ""
}

func (p *Packet) carriesReason() bool {
	switch p.Type {
	case decode.CONNACK, decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP, decode.DISCONNECT, decode.AUTH:
		return !p.Lost
	}
	return false
}
