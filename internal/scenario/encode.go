package scenario

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// encode writes the packet that the words name, in the version of the connection's last CONNECT.
func encode(c *connState, packet string, words []string) ([]byte, error) {
	if packet == "RAW" {
		b, err := hex.DecodeString(strings.Join(words, ""))
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("RAW wants bytes in hexadecimal, such as RAW c000")
		}
		return b, nil
	}
	f, err := newFields(packet, words)
	if err != nil {
		return nil, err
	}
	var b []byte
	switch v := c.version; packet {
	case "CONNECT":
		if b, err = connect(c, f); err != nil {
			return nil, err
		}
	case "CONNACK":
		b = decode.AppendConnack(nil, v, decode.ConnackFields{
			SessionPresent: f.has("sp"), ReasonCode: f.code(),
			Properties: f.properties("rm", "expiry", "assigned", "serverkeepalive", "maxqos", "maxsize", "aliases", "reason"),
		})
	case "PUBLISH":
		b = decode.AppendPublish(nil, v, decode.PublishFields{
			QoS: uint8(f.number("q")), PacketID: f.id(), Topic: f.text("topic"), Payload: []byte(f.text("payload")),
			Dup: f.has("dup"), Retain: f.has("retain"), Properties: f.properties("alias", "expires", "response", "correlation"),
		})
	case "PUBACK", "PUBREC", "PUBREL", "PUBCOMP":
		b = decode.AppendAck(nil, ackType(packet), v, decode.AckFields{PacketID: f.id(), ReasonCode: f.code(), Properties: f.properties("reason")})
	case "SUBSCRIBE":
		b = decode.AppendSubscribe(nil, v, decode.SubscribeFields{PacketID: f.id(), Filters: f.filters()})
	case "UNSUBSCRIBE":
		b = decode.AppendUnsubscribe(nil, v, decode.SubscribeFields{PacketID: f.id(), Filters: f.filters()})
	case "SUBACK":
		b = decode.AppendSuback(nil, v, decode.SubackFields{PacketID: f.id(), Codes: f.codes(), Properties: f.properties("reason")})
	case "UNSUBACK":
		b = decode.AppendUnsuback(nil, v, decode.SubackFields{PacketID: f.id(), Codes: f.codes(), Properties: f.properties("reason")})
	case "PINGREQ":
		b = decode.AppendPingreq(nil)
	case "PINGRESP":
		b = decode.AppendPingresp(nil)
	case "DISCONNECT":
		b = decode.AppendDisconnect(nil, v, decode.ReasonFields{ReasonCode: f.code(), Properties: f.properties("expiry", "reason")})
	case "AUTH":
		b = decode.AppendAuth(nil, decode.ReasonFields{ReasonCode: f.code(), Properties: f.properties("method")})
	}
	if f.has("dupbit") {
		b[0] |= 8
	}
	return b, f.finish()
}

func ackType(packet string) decode.Type {
	for t := decode.PUBACK; t < decode.PUBCOMP; t++ {
		if t.String() == packet {
			return t
		}
	}
	return decode.PUBCOMP
}

func connect(c *connState, f *fields) ([]byte, error) {
	if f.has("v") {
		v, err := version(f.text("v"))
		if err != nil {
			return nil, err
		}
		c.version = v
	}
	fields := decode.ConnectFields{
		CleanStart: f.has("clean"), KeepAlive: uint16(f.number("keepalive")), ClientID: f.text("client"),
		Properties: f.properties("expiry", "rm", "maxsize", "aliases"),
	}
	if f.has("user") {
		fields.Username = []byte(f.text("user"))
	}
	if f.has("password") {
		fields.Password = []byte(f.text("password"))
	}
	if f.has("will") {
		fields.Will = &decode.Will{
			Topic: f.text("will"), Payload: []byte(f.text("willpayload")), QoS: uint8(f.number("willq")), Retain: f.has("willretain"),
			Properties: f.properties("willdelay"),
		}
	} else if f.has("willpayload") || f.has("willq") || f.has("willretain") || f.has("willdelay") {
		return nil, fmt.Errorf("a Will Message needs its topic: will=TEXT")
	}
	return decode.AppendConnect(nil, c.version, fields), nil
}
