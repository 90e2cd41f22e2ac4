package scenario

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// fields is the words of a packet: key=value, or a key alone. Each must be used once.
type fields struct {
	values map[string]string
	used   map[string]bool
	err    error
}

func newFields(words []string) *fields {
	f := &fields{values: map[string]string{}, used: map[string]bool{}}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		f.values[key] = value
	}
	return f
}

func (f *fields) text(key string) string {
	f.used[key] = true
	s, err := strconv.Unquote(`"` + f.values[key] + `"`)
	if err != nil {
		f.err = fmt.Errorf("%s: %q: %w", key, f.values[key], err)
	}
	return s
}

func (f *fields) flag(key string) bool {
	f.used[key] = true
	_, ok := f.values[key]
	return ok
}

// number reads a decimal or 0x number; absent where it is not there.
func (f *fields) number(key string, absent uint64) uint64 {
	f.used[key] = true
	s, ok := f.values[key]
	if !ok {
		return absent
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		f.err = fmt.Errorf("%s: %q is no number", key, s)
	}
	return n
}

func (f *fields) finish() error {
	for key := range f.values {
		if !f.used[key] && f.err == nil {
			f.err = fmt.Errorf("this packet has no word %q", key)
		}
	}
	return f.err
}

// properties collects those of 5.0 that are named.
func (f *fields) properties(keys ...string) decode.Properties {
	var list []decode.Property
	for _, key := range keys {
		if !f.flag(key) {
			continue
		}
		id := propertyWords[key]
		p := decode.Property{ID: id}
		if id.Wire() == decode.WireString {
			p.Bytes = []byte(f.text(key))
		} else {
			p.Uint = uint32(f.number(key, 0))
		}
		list = append(list, p)
	}
	return decode.MakeProperties(list...)
}

var propertyWords = map[string]decode.PropertyID{
	"expiry": decode.SessionExpiryInterval, "rm": decode.ReceiveMaximum, "assigned": decode.AssignedClientIdentifier,
	"serverkeepalive": decode.ServerKeepAlive, "alias": decode.TopicAlias, "reason": decode.ReasonString,
}

var acks = map[string]decode.Type{"PUBACK": decode.PUBACK, "PUBREC": decode.PUBREC, "PUBREL": decode.PUBREL, "PUBCOMP": decode.PUBCOMP}

// encode writes the packet that the words name, in the version of the connection's last CONNECT.
func encode(c *connState, name string, words []string) ([]byte, error) {
	if name == "RAW" {
		return hex.DecodeString(strings.Join(words, ""))
	}
	f := newFields(words)
	var b []byte
	var err error
	switch v := c.version; name {
	case "CONNECT":
		if b, err = connect(c, f); err != nil {
			return nil, err
		}
	case "CONNACK":
		b = decode.AppendConnack(nil, v, decode.ConnackFields{
			SessionPresent: f.flag("sp"), ReasonCode: f.code(), Properties: f.properties("rm", "expiry", "assigned", "serverkeepalive", "reason"),
		})
	case "PUBLISH":
		b = decode.AppendPublish(nil, v, decode.PublishFields{
			QoS: uint8(f.number("q", 0)), PacketID: f.id(), Topic: f.text("topic"), Payload: []byte(f.text("payload")),
			Dup: f.flag("dup"), Retain: f.flag("retain"), Properties: f.properties("alias"),
		})
	case "PUBACK", "PUBREC", "PUBREL", "PUBCOMP":
		b = decode.AppendAck(nil, acks[name], v, decode.AckFields{PacketID: f.id(), ReasonCode: f.code(), Properties: f.properties("reason")})
	case "SUBSCRIBE", "UNSUBSCRIBE":
		s := decode.SubscribeFields{PacketID: f.id(), Filters: []decode.TopicFilter{{Filter: []byte(f.text("filter")), QoS: uint8(f.number("q", 0))}}}
		if b = decode.AppendSubscribe(nil, v, s); name == "UNSUBSCRIBE" {
			b = decode.AppendUnsubscribe(nil, v, s)
		}
	case "SUBACK", "UNSUBACK":
		s := decode.SubackFields{PacketID: f.id(), Codes: []decode.ReasonCode{f.code()}}
		if b = decode.AppendSuback(nil, v, s); name == "UNSUBACK" {
			b = decode.AppendUnsuback(nil, v, s)
		}
	case "PINGREQ":
		b = decode.AppendPingreq(nil)
	case "PINGRESP":
		b = decode.AppendPingresp(nil)
	case "DISCONNECT":
		b = decode.AppendDisconnect(nil, v, decode.ReasonFields{ReasonCode: f.code(), Properties: f.properties("expiry", "reason")})
	case "AUTH":
		b = decode.AppendAuth(nil, decode.ReasonFields{ReasonCode: f.code()})
	default:
		return nil, fmt.Errorf("unknown packet %q", name)
	}
	if f.flag("dupbit") { // DUP on a packet that has no such flag since 3.1.1
		b[0] |= 8
	}
	return b, f.finish()
}

func (f *fields) id() uint16              { return uint16(f.number("id", 0)) }
func (f *fields) code() decode.ReasonCode { return decode.ReasonCode(f.number("code", 0)) }

func connect(c *connState, f *fields) ([]byte, error) {
	if f.flag("v") {
		v, err := version(f.values["v"])
		if err != nil {
			return nil, err
		}
		c.version = v
	}
	fields := decode.ConnectFields{
		CleanStart: f.flag("clean"), KeepAlive: uint16(f.number("keepalive", 0)), ClientID: f.text("client"),
		Properties: f.properties("expiry", "rm"),
	}
	if f.flag("user") {
		fields.Username = []byte(f.text("user"))
	}
	if f.flag("password") {
		fields.Password = []byte(f.text("password"))
	}
	return decode.AppendConnect(nil, c.version, fields), nil
}
