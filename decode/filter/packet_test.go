package filter_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
)

func TestPackets(t *testing.T) {
	publish := filter.Packet{
		Client: "pump-7", Addr: netip.MustParseAddrPort("10.0.0.7:5000"), Server: netip.MustParseAddrPort("10.1.0.1:1883"), ServerName: "broker.local",
		Type: decode.PUBLISH, PacketID: 17, QoS: 2, Dup: true, Topic: "plant/a/temp", Version: decode.V5,
	}
	qos0 := publish
	qos0.QoS, qos0.PacketID, qos0.Dup, qos0.Retain = 0, 0, false, true
	refused := publish
	refused.Type, refused.Dir, refused.Reason, refused.Topic, refused.Dup = decode.PUBACK, decode.FromServer, 0x87, "", false
	ping := filter.Packet{Addr: publish.Addr, Type: decode.PINGREQ}
	lost := filter.Packet{Client: "pump-7", Lost: true, Dir: decode.FromServer}
	broken := filter.Packet{Client: "pump-7", Type: decode.SUBSCRIBE, Malformed: true}
	all := []filter.Packet{publish, qos0, refused, ping, lost, broken}
	checkChoices(t, all, filter.ParsePackets, map[string]string{
		"":                     "******",
		"type:publish":         "**....",
		"type:PINGREQ":         "...*..",
		"qos:0":                ".*....",
		"qos>0":                "*.....",
		"topic:plant/+/temp":   "**....",
		"topic:TEMP":           "**....",
		"topic=plant/a/temp":   "**....",
		"client:pump":          "***.**",
		"client=pump-7":        "***.**",
		"client:10.0.0.7":      "...*..",
		"id:17":                "*.*...",
		"host:10.0.0.7":        "****..",
		"host:10.0.0.7:5000":   "****..",
		"host:10.1.0.0/16":     "***...",
		"host:local":           "***...",
		"reason>=0x80":         "..*...",
		"reason:authorized":    "..*...",
		"sender:broker":        "..*.*.",
		"dup":                  "*.....",
		"retain":               ".*....",
		"malformed":            ".....*",
		"lost":                 "....*.",
		"pingreq":              "...*..",
		"17":                   "*.*...",
		"!type:publish !lost":  "..**.*",
		"(qos:0 | qos:2) !dup": ".*....",
	})
}

func TestPacketMistakes(t *testing.T) {
	for text, column := range map[string]int{
		"state:stuck": 1, "qos:3": 5, "type:foo": 6, "type>publish": 6, "topic>a": 7, "client>a": 8, "id:x": 4, "sender:me": 8, "host>1": 6,
		"reason:0x187": 8, "stuck": 1, "reason>quota": 8, "topic:a/#/b": 7,
	} {
		_, err := filter.ParsePackets(text)
		var e *filter.Error
		if !errors.As(err, &e) || e.Column != column || e.Reason == "" {
			t.Errorf("%s: %v in column %+v, want column %d", text, err, e, column)
		}
	}
}
