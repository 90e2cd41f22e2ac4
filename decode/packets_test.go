package decode_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	v31  = decode.V31
	v311 = decode.V311
	v5   = decode.V5
)

// packetCase is a packet, what it says, and what is wrong with it.
type packetCase struct {
	name    string
	version decode.Version
	bytes   []byte
	want    string // see brief
	err     string // text of Packet.Err; empty for none
}

// packetCases holds all cases, also for fuzzing.
var packetCases = slices.Concat(publishCases, ackCases, subscribeCases, subackCases, connectCases, connackCases, otherCases)

var publishCases = []packetCase{
	{"QoS 0", v311, cat([]byte{0x30, 7}, str("a/b"), []byte("hi")), `topic "a/b" payload "hi"/2`, ""},
	{"no payload", v311, cat([]byte{0x31, 5}, str("a/b")), `retain topic "a/b" payload ""/0`, ""},
	{"QoS 1", v311, cat([]byte{0x32, 9}, str("a/b"), []byte{1, 2}, []byte("hi")), `id 258 qos 1 topic "a/b" payload "hi"/2`, ""},
	{"QoS 2 resent", v31, cat([]byte{0x3C, 7}, str("a/b"), []byte{0, 9}), `id 9 qos 2 dup topic "a/b" payload ""/0`, ""},
	{"id 0 is no Err", v311, cat([]byte{0x32, 7}, str("a/b"), []byte{0, 0}), `qos 1 topic "a/b" payload ""/0`, ""},
	{"5.0 without properties", v5, cat([]byte{0x30, 8}, str("a/b"), []byte{0}, []byte("hi")), `topic "a/b" payload "hi"/2`, ""},
	{"5.0 with properties", v5, cat([]byte{0x32, 17}, str("a/b"), []byte{0, 7}, []byte{7, 0x01, 1, 0x02, 0, 0, 0, 60}, []byte("hi")),
		`id 7 qos 1 topic "a/b" payload "hi"/2 [Payload Format Indicator 1, Message Expiry Interval 60]`, ""},
	{"response topic", v5, cat([]byte{0x30, 10}, str("a"), []byte{6, 0x08}, str("r/s")), `topic "a" payload ""/0 [Response Topic "r/s"]`, ""},
	{"UTF-8 topic", v311, cat([]byte{0x30, 5}, str("é/"), nil), `topic "é/" payload ""/0`, ""},

	{"QoS 3", v311, cat([]byte{0x36, 7}, str("a/b"), []byte{0, 1}), `id 1 qos 3 topic "a/b" payload ""/0`, "publish: qos: is 3"},
	{"DUP with QoS 0", v311, cat([]byte{0x38, 5}, str("a/b")), `dup topic "a/b" payload ""/0`, "publish: dup: is set with QoS 0"},
	{"wildcard", v311, cat([]byte{0x30, 5}, str("a/+")), `topic "a/+" payload ""/0`, "publish: topic name: holds a wildcard"},
	{"empty topic", v311, cat([]byte{0x30, 3}, str(""), []byte{1}), `topic "" payload "\x01"/1`, "publish: topic name: is empty"},
	{"empty topic without alias", v5, cat([]byte{0x30, 3}, str(""), []byte{0}), `topic "" payload ""/0`, "publish: topic name: is empty"},
	{"topic not UTF-8", v311, cat([]byte{0x30, 4}, str("a\xff")), `topic "a\xff" payload ""/0`, "publish: topic name: is not UTF-8"},
	{"NUL in topic", v311, cat([]byte{0x30, 4}, str("a\x00")), `topic "a\x00" payload ""/0`, "publish: topic name: holds the character U+0000"},
	{"topic too long", v311, cat([]byte{0x30, 4}, []byte{0, 3, 'a', 'b'}), "", "publish: topic name: reaches past the end of the packet"},
	{"no room for a topic", v311, []byte{0x30, 1, 0}, "", "publish: topic name: reaches past the end of the packet"},
	{"no room for the id", v311, cat([]byte{0x32, 4}, str("a"), []byte{1}), `qos 1 topic "a"`, "publish: packet identifier: reaches past the end of the packet"},
	{"no Property Length", v5, cat([]byte{0x30, 3}, str("a")), `topic "a"`, "publish: properties: length is no Variable Byte Integer"},
	{"properties too long", v5, cat([]byte{0x30, 5}, str("a"), []byte{2, 1}), `topic "a"`, "publish: properties: reaches past the end of the packet"},
	{"property cut", v5, cat([]byte{0x30, 6}, str("a"), []byte{2, 0x02, 0}), `topic "a" payload ""/0`,
		"publish: properties: Message Expiry Interval: reaches past the end of the properties"},
	{"unknown property", v5, cat([]byte{0x30, 6}, str("a"), []byte{2, 0x7E, 9}), `topic "a" payload ""/0 [Property(0x7E) "\t"]`,
		"publish: properties: Property(0x7E): the standard has no property of this identifier"},
	{"property of another packet", v5, cat([]byte{0x30, 7}, str("a"), []byte{3, 0x21, 0, 9}), `topic "a" payload ""/0 [Receive Maximum 9]`,
		"publish: properties: Receive Maximum: may not stand here"},
	{"property twice", v5, cat([]byte{0x30, 8}, str("a"), []byte{4, 0x01, 1, 0x01, 1}), `topic "a" payload ""/0 [Payload Format Indicator 1, Payload Format Indicator 1]`,
		"publish: properties: Payload Format Indicator: comes more than once"},
	{"flag that is 2", v5, cat([]byte{0x30, 6}, str("a"), []byte{2, 0x01, 2}), `topic "a" payload ""/0 [Payload Format Indicator 2]`,
		"publish: properties: Payload Format Indicator: is neither 0 nor 1"},
	{"alias 0", v5, cat([]byte{0x30, 7}, str("a"), []byte{3, 0x23, 0, 0}), `topic "a" payload ""/0 [Topic Alias 0]`, "publish: properties: Topic Alias: is 0"},
	{"subscription identifiers of a client", v5, cat([]byte{0x30, 13}, str("a"), []byte{7, 0x01, 1, 0x0B, 1, 0x0B, 0x80, 1}, []byte("hi")),
		`topic "a" payload "hi"/2 [Payload Format Indicator 1, Subscription Identifier 1, Subscription Identifier 128]`, "publish: properties: Subscription Identifier: is not for the client to send"},
	{"wildcard in the response topic", v5, cat([]byte{0x30, 12}, str("a"), []byte{8, 0x01, 1, 0x08}, str("r/+")), `topic "a" payload ""/0 [Payload Format Indicator 1, Response Topic "r/+"]`,
		"publish: properties: Response Topic: holds a wildcard"},
	{"NUL in the response topic", v5, cat([]byte{0x30, 10}, str("a"), []byte{6, 0x08}, str("#\x00r")), `topic "a" payload ""/0 [Response Topic "#\x00r"]`,
		"publish: properties: Response Topic: holds the character U+0000"},
	{"alias never set", v5, cat([]byte{0x30, 6}, str(""), []byte{3, 0x23, 0, 4}), `topic "" alias 4 unknown payload ""/0 [Topic Alias 4]`,
		"publish: topic alias: stands for no topic yet"},
}

var ackCases = []packetCase{
	{"PUBACK", v311, []byte{0x40, 2, 1, 2}, "id 258", ""},
	{"PUBREC", v31, []byte{0x50, 2, 0, 9}, "id 9", ""},
	{"PUBREL", v311, []byte{0x62, 2, 0, 9}, "id 9", ""},
	{"PUBREL resent in 3.1", v31, []byte{0x6A, 2, 0, 9}, "id 9", ""},
	{"PUBCOMP", v5, []byte{0x70, 2, 0, 9}, "id 9", ""},
	{"5.0 of 3 bytes", v5, []byte{0x50, 3, 0, 9, 0x10}, "id 9 No matching subscribers", ""},
	{"5.0 with an empty Property Length", v5, []byte{0x40, 4, 0, 9, 0x87, 0}, "id 9 Not authorized", ""},
	{"5.0 with properties", v5, cat([]byte{0x40, 9, 0, 9, 0x80, 5, 0x1F}, str("no")), `id 9 Unspecified error [Reason String "no"]`, ""},
	{"long form of the length", v311, []byte{0x40, 0x82, 0, 0, 9}, "id 9", ""},

	{"long form of the length in 5.0", v5, []byte{0x40, 0x82, 0, 0, 9}, "id 9", "puback: remaining length: takes more bytes than it needs"},
	{"too short", v311, []byte{0x40, 1, 0}, "", "puback: packet identifier: reaches past the end of the packet"},
	{"empty", v5, []byte{0x70, 0}, "", "pubcomp: packet identifier: reaches past the end of the packet"},
	{"3.1.1 of 3 bytes", v311, []byte{0x40, 3, 0, 9, 0}, "id 9", "puback: goes on after its last field"},
	{"bytes after the properties", v5, []byte{0x40, 5, 0, 9, 0, 0, 1}, "id 9", "puback: goes on after its last field"},
	{"PUBREL with wrong flags", v311, []byte{0x60, 2, 0, 9}, "id 9", "pubrel: fixed header: reserved flags are wrong"},
	{"PUBREL resent in 3.1.1", v311, []byte{0x6A, 2, 0, 9}, "id 9", "pubrel: fixed header: reserved flags are wrong"},
	{"PUBACK with flags", v311, []byte{0x42, 2, 0, 9}, "id 9", "puback: fixed header: reserved flags are wrong"},
}

var subscribeCases = []packetCase{
	{"one filter and a cut one", v311, cat([]byte{0x82, 9, 0, 7}, str("a/+"), []byte{1}, []byte{0}), `id 7 filters "a/+" 1`, "subscribe: topic filter: reaches past the end of the packet"},
	{"two filters", v311, cat([]byte{0x82, 12, 0, 7}, str("a/+"), []byte{1}, str("#"), []byte{2}), `id 7 filters "a/+" 1 "#" 2`, ""},
	{"resent in 3.1", v31, cat([]byte{0x8A, 6, 0, 7}, str("a"), []byte{0}), `id 7 filters "a" 0`, ""},
	{"5.0 options", v5, cat([]byte{0x82, 9, 0, 7, 2, 0x0B, 5}, str("a"), []byte{0x2D}), `id 7 filters "a" 1 nl rap rh2 subscription 5 [Subscription Identifier 5]`, ""},
	{"UNSUBSCRIBE", v311, cat([]byte{0xA2, 5, 0, 7}, str("a")), `id 7 filters "a" 0`, ""},
	{"5.0 UNSUBSCRIBE", v5, cat([]byte{0xA2, 9, 0, 7, 0}, str("a"), str("b")), `id 7 filters "a" 0 "b" 0`, ""},

	{"no filter", v311, []byte{0x82, 2, 0, 7}, "id 7", "subscribe: topic filter: is missing"},
	{"UNSUBSCRIBE without a filter", v5, []byte{0xA2, 3, 0, 7, 0}, "id 7", "unsubscribe: topic filter: is missing"},
	{"empty filter", v311, cat([]byte{0x82, 5, 0, 7}, str(""), []byte{0}), `id 7 filters "" 0`, "subscribe: topic filter: is empty"},
	{"# in the middle", v311, cat([]byte{0x82, 9, 0, 7}, str("#/ab"), []byte{0}), `id 7 filters "#/ab" 0`, "subscribe: topic filter: has a wildcard that is not a level of its own, or # before the end"},
	{"+ within a level", v311, cat([]byte{0x82, 7, 0, 7}, str("a+"), []byte{0}), `id 7 filters "a+" 0`, "subscribe: topic filter: has a wildcard that is not a level of its own, or # before the end"},
	{"QoS 3", v311, cat([]byte{0x82, 6, 0, 7}, str("a"), []byte{3}), `id 7 filters "a" 3`, "subscribe: subscription options: QoS is 3"},
	{"options in 3.1.1", v311, cat([]byte{0x82, 6, 0, 7}, str("a"), []byte{4}), `id 7 filters "a" 0 nl`, "subscribe: subscription options: reserved bits are set"},
	{"reserved options", v5, cat([]byte{0x82, 7, 0, 7, 0}, str("a"), []byte{0x40}), `id 7 filters "a" 0`, "subscribe: subscription options: reserved bits are set"},
	{"retain handling 3", v5, cat([]byte{0x82, 7, 0, 7, 0}, str("a"), []byte{0x30}), `id 7 filters "a" 0 rh3`, "subscribe: subscription options: Retain Handling is 3"},
	{"No Local on a share", v5, cat([]byte{0x82, 16, 0, 7, 0}, str("$share/g/a"), []byte{4}), `id 7 filters "$share/g/a" 0 nl`, "subscribe: subscription options: No Local on a Shared Subscription"},
	{"No Local on what begins like a share", v5, cat([]byte{0x82, 14, 0, 7, 0}, str("$shared/"), []byte{4}), `id 7 filters "$shared/" 0 nl`, ""},
	{"share", v5, cat([]byte{0x82, 16, 0, 7, 0}, str("$share/g//"), []byte{0}), `id 7 filters "$share/g//" 0`, ""},
	{"share of everything", v5, cat([]byte{0x82, 16, 0, 7, 0}, str("$share/g/#"), []byte{0}), `id 7 filters "$share/g/#" 0`, ""},
	{"no share", v5, cat([]byte{0x82, 12, 0, 7, 0}, str("$share"), []byte{0}), `id 7 filters "$share" 0`, ""},
	{"share in 3.1.1", v311, cat([]byte{0x82, 13, 0, 7}, str("$share/g"), []byte{0}), `id 7 filters "$share/g" 0`, ""},
	{"share without a filter", v5, cat([]byte{0x82, 14, 0, 7, 0}, str("$share/g"), []byte{0}), `id 7 filters "$share/g" 0`, "subscribe: topic filter: has nothing behind its ShareName"},
	{"share of an empty filter", v5, cat([]byte{0x82, 15, 0, 7, 0}, str("$share/g/"), []byte{0}), `id 7 filters "$share/g/" 0`, "subscribe: topic filter: has nothing behind its ShareName"},
	{"empty ShareName", v5, cat([]byte{0x82, 15, 0, 7, 0}, str("$share//a"), []byte{0}), `id 7 filters "$share//a" 0`, "subscribe: topic filter: has an empty ShareName"},
	{"no ShareName", v5, cat([]byte{0x82, 13, 0, 7, 0}, str("$share/"), []byte{0}), `id 7 filters "$share/" 0`, "subscribe: topic filter: has an empty ShareName"},
	{"wildcard in the ShareName", v5, cat([]byte{0x82, 18, 0, 7, 0}, str("$share/g+h/a"), []byte{0}), `id 7 filters "$share/g+h/a" 0`, "subscribe: topic filter: has a wildcard in its ShareName"},
	{"wildcard for a ShareName", v5, cat([]byte{0xA2, 15, 0, 7, 0}, str("$share/+/a")), `id 7 filters "$share/+/a" 0`, "unsubscribe: topic filter: has a wildcard in its ShareName"},
	{"second share without a filter", v5, cat([]byte{0xA2, 16, 0, 7, 0}, str("a"), str("$share/g")), `id 7 filters "a" 0 "$share/g" 0`, "unsubscribe: topic filter: has nothing behind its ShareName"},
	{"NUL in a filter", v311, cat([]byte{0x82, 7, 0, 7}, str("a\x00"), []byte{0}), `id 7 filters "a\x00" 0`, "subscribe: topic filter: holds the character U+0000"},
	{"wrong flags", v311, cat([]byte{0x80, 6, 0, 7}, str("a"), []byte{0}), `id 7 filters "a" 0`, "subscribe: fixed header: reserved flags are wrong"},
}

var subackCases = []packetCase{
	{"SUBACK", v311, []byte{0x90, 5, 0, 7, 0, 2, 0x80}, "id 7 codes [0 2 128]", ""},
	{"5.0 SUBACK", v5, []byte{0x90, 4, 0, 7, 0, 1}, "id 7 codes [1]", ""},
	{"UNSUBACK", v311, []byte{0xB0, 2, 0, 7}, "id 7", ""},
	{"5.0 UNSUBACK", v5, []byte{0xB0, 5, 0, 7, 0, 0, 0x11}, "id 7 codes [0 17]", ""},

	{"no code", v311, []byte{0x90, 2, 0, 7}, "id 7", "suback: reason code: is missing"},
	{"3.1.1 UNSUBACK with code", v311, []byte{0xB0, 3, 0, 7, 0}, "id 7", "unsuback: goes on after its last field"},
	{"5.0 without properties", v5, []byte{0x90, 2, 0, 7}, "id 7", "suback: properties: length is no Variable Byte Integer"},
}

var connackCases = []packetCase{
	{"accepted", v311, []byte{0x20, 2, 1, 0}, "session present", ""},
	{"refused", v311, []byte{0x20, 2, 0, 5}, "not authorized", ""},
	{"5.0", v5, cat([]byte{0x20, 6, 0, 0, 3, 0x21, 0, 10}), "rm 10 [Receive Maximum 10]", ""},
	{"old answer to 5.0", v5, []byte{0x20, 2, 0, 1}, "unacceptable protocol version", ""},
	{"session present in 3.1 is no flag yet", v31, []byte{0x20, 2, 1, 5}, "session present not authorized", ""},
	{"session present in a refusal", v311, []byte{0x20, 2, 1, 5}, "session present not authorized", "connack: connect acknowledge flags: Session Present is set in a refusal"},
	{"session present in a refusal in 5.0", v5, []byte{0x20, 3, 1, 0x87, 0}, "session present Not authorized", "connack: connect acknowledge flags: Session Present is set in a refusal"},
	{"reserved flag", v311, []byte{0x20, 2, 2, 0}, "", "connack: connect acknowledge flags: reserved flag is set"},
	{"properties in 3.1.1", v311, []byte{0x20, 3, 0, 0, 0}, "", "connack: goes on after its last field"},
	{"empty", v311, []byte{0x20, 0}, "", "connack: connect acknowledge flags: reaches past the end of the packet"},
}

var connectCases = []packetCase{
	{"3.1.1", v311, cat([]byte{0x10, 13}, str("MQTT"), []byte{4, 2, 0, 60}, str("c")), `"c" 3.1.1 clean ka 60`, ""},
	{"3.1", v31, cat([]byte{0x10, 15}, str("MQIsdp"), []byte{3, 0, 0, 60}, str("c")), `"c" 3.1 ka 60`, ""},
	{"bridge", v311, cat([]byte{0x10, 13}, str("MQTT"), []byte{0x84, 2, 0, 60}, str("c")), `"c" 3.1.1 bridge clean ka 60`, ""},
	{"5.0", v5, cat([]byte{0x10, 22}, str("MQTT"), []byte{5, 0, 0, 60}, []byte{8, 0x11, 0, 0, 0, 9, 0x21, 0, 4}, str("c")),
		`"c" 5.0 ka 60 expiry 9 rm 4 [Session Expiry Interval 9, Receive Maximum 4]`, ""},
	{"will and user", v311, cat([]byte{0x10, 24}, str("MQTT"), []byte{4, 0xAC, 0, 0}, str("c"), str("w"), str("bye"), str("u")),
		`"c" 3.1.1 will "w"/1 retain "bye" user "u"`, ""},
	{"password is hidden", v311, cat([]byte{0x10, 23}, str("MQTT"), []byte{4, 0xC0, 0, 0}, str("c"), str("u"), str("tiger")),
		`"c" 3.1.1 user "u" password head "MQTT c u *****"`, ""},
	{"3.1 ends before the user", v31, cat([]byte{0x10, 15}, str("MQIsdp"), []byte{3, 0xC0, 0, 60}, str("c")), `"c" 3.1 ka 60 user "" password`, ""},

	{"nameless with Clean Session", v311, cat([]byte{0x10, 12}, str("MQTT"), []byte{4, 2, 0, 60}, str("")), `"" 3.1.1 clean ka 60`, ""},
	{"nameless in 5.0", v5, cat([]byte{0x10, 13}, str("MQTT"), []byte{5, 0, 0, 60, 0}, str("")), `"" 5.0 ka 60`, ""},
	{"will of 3.1", v31, cat([]byte{0x10, 20}, str("MQIsdp"), []byte{3, 4, 0, 0}, str("c"), str("#"), str("")), `"c" 3.1 will "#"/0 ""`, ""},

	{"nameless without Clean Session", v311, cat([]byte{0x10, 12}, str("MQTT"), []byte{4, 0, 0, 60}, str("")), `"" 3.1.1 ka 60`, "connect: client identifier: is empty without Clean Session"},
	{"wildcard in the will topic", v311, cat([]byte{0x10, 20}, str("MQTT"), []byte{4, 4, 0, 0}, str("c"), str("w/#"), str("")), `"c" 3.1.1 will "w/#"/0 ""`, "connect: will topic: holds a wildcard"},
	{"empty will topic", v5, cat([]byte{0x10, 19}, str("MQTT"), []byte{5, 4, 0, 0, 0}, str("c"), []byte{0}, str(""), str("")), `"c" 5.0 will ""/0 ""`, "connect: will topic: is empty"},
	{"NUL in the will topic", v311, cat([]byte{0x10, 18}, str("MQTT"), []byte{4, 4, 0, 0}, str("c"), str("\x00"), str("")), `"c" 3.1.1 will "\x00"/0 ""`, "connect: will topic: holds the character U+0000"},
	{"wildcard in the response topic of a will", v5, cat([]byte{0x10, 24}, str("MQTT"), []byte{5, 4, 0, 0, 0}, str("c"), []byte{4, 0x08}, str("+"), str("w"), str("")),
		`"c" 5.0 will "w"/0 ""`, "connect: will properties: Response Topic: holds a wildcard"},
	{"authentication data alone", v5, cat([]byte{0x10, 18}, str("MQTT"), []byte{5, 0, 0, 60}, []byte{4, 0x16}, str("X"), str("c")),
		`"c" 5.0 ka 60 [Authentication Data "X"]`, "connect: properties: Authentication Data: comes without Authentication Method"},
	{"unknown level", v5, cat([]byte{0x10, 14}, str("MQTT"), []byte{6, 2, 0, 60}, []byte{0}, str("c")), `"c" 5.0 clean ka 60`, "connect: protocol version: is not known under this protocol name"},
	{"unknown name", v311, cat([]byte{0x10, 13}, str("MQTX"), []byte{4, 2, 0, 60}, str("c")), `"c" 3.1.1 clean ka 60`, "connect: protocol version: is not known under this protocol name"},
	{"reserved flag", v311, cat([]byte{0x10, 13}, str("MQTT"), []byte{4, 3, 0, 60}, str("c")), `"c" 3.1.1 clean ka 60`, "connect: connect flags: reserved flag is set"},
	{"will QoS without will", v311, cat([]byte{0x10, 13}, str("MQTT"), []byte{4, 8, 0, 60}, str("c")), `"c" 3.1.1 ka 60`, "connect: connect flags: will QoS or will retain without a will"},
	{"cut in the client identifier", v311, cat([]byte{0x10, 13}, str("MQTT"), []byte{4, 2, 0, 60}, []byte{0, 9, 'c'}), `"" 3.1.1 clean ka 60 head "MQTT ***"`, "connect: client identifier: reaches past the end of the packet"},
	{"empty", v311, []byte{0x10, 0}, `"" 3.1.1`, "connect: protocol name: reaches past the end of the packet"},
	{"will property in CONNECT", v5, cat([]byte{0x10, 19}, str("MQTT"), []byte{5, 0, 0, 60}, []byte{5, 0x18, 0, 0, 0, 9}, str("c")),
		`"c" 5.0 ka 60 [Will Delay Interval 9]`, "connect: properties: Will Delay Interval: may not stand here"},
}

var otherCases = []packetCase{
	{"PINGREQ", v311, []byte{0xC0, 0}, "", ""},
	{"PINGRESP", v5, []byte{0xD0, 0}, "", ""},
	{"DISCONNECT", v311, []byte{0xE0, 0}, "", ""},
	{"5.0 DISCONNECT", v5, []byte{0xE0, 1, 0x8E}, "Session taken over", ""},
	{"5.0 DISCONNECT with properties", v5, cat([]byte{0xE0, 6, 0x9D, 4, 0x1C}, str("b")), `Server moved [Server Reference "b"]`, ""},
	{"AUTH", v5, cat([]byte{0xF0, 6, 0x18, 4, 0x15}, str("X")), `Continue authentication [Authentication Method "X"]`, ""},
	{"empty AUTH", v5, []byte{0xF0, 0}, "", ""},

	{"PINGREQ with a body", v311, []byte{0xC0, 1, 0}, "", "pingreq: goes on after its last field"},
	{"DISCONNECT with a body", v311, []byte{0xE0, 1, 0}, "", "disconnect: goes on after its last field"},
	{"authentication data alone", v5, cat([]byte{0xF0, 6, 0x18, 4, 0x16}, str("X")), `Continue authentication [Authentication Data "X"]`,
		"auth: properties: Authentication Data: comes without Authentication Method"},
	{"AUTH without a method", v5, []byte{0xF0, 2, 0x18, 0}, "Continue authentication", "auth: properties: Authentication Method is missing"},
	{"AUTH without properties", v5, []byte{0xF0, 1, 0x18}, "Continue authentication", "auth: properties: Authentication Method is missing"},
	{"AUTH in 3.1.1", v311, []byte{0xF0, 0}, "", "auth: fixed header: type is reserved"},
	{"type 0", v311, []byte{0x00, 2, 1, 2}, "", "reserved0: fixed header: type is reserved"},
}

// brief writes what p says, leaving out what is 0.
func brief(p *decode.Packet) string {
	var out []string
	add := func(set bool, format string, args ...any) {
		if set {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	briefConnect(p.Connect, p.Version, add)
	add(p.Connect != nil && strings.Contains(string(p.Head), "*"), "head %q", plainHead(p))
	if c := p.Connack; c != nil {
		add(c.SessionPresent, "session present")
		add(c.ReceiveMaximum != 65535, "rm %d", c.ReceiveMaximum)
	}
	add(p.PacketID != 0, "id %d", p.PacketID)
	add(p.ReasonCode != 0, "%s", p.ReasonCode.Name(p.Type, p.Version))
	add(p.QoS != 0, "qos %d", p.QoS)
	add(p.Dup, "dup")
	add(p.Retain, "retain")
	add(p.Topic != nil || p.TopicUnknown, "topic %q", p.Topic)
	add(p.TopicAlias != 0, "alias %d", p.TopicAlias)
	add(p.TopicUnknown, "unknown")
	add(p.Payload != nil, "payload %q/%d", p.Payload, p.PayloadLength)
	add(p.SubackCodes != nil, "codes %d", p.SubackCodes)
	briefSubscribe(p.Subscribe, add)
	var props []string
	for pr := range p.Properties.All() {
		switch pr.ID.Wire() {
		case decode.WireString, decode.WireBinary, decode.WireUnknown:
			props = append(props, fmt.Sprintf("%v %q", pr.ID, pr.Bytes))
		default:
			props = append(props, fmt.Sprintf("%v %d", pr.ID, pr.Uint))
		}
	}
	add(props != nil, "[%s]", strings.Join(props, ", "))
	return strings.Join(out, " ")
}

// plainHead returns what of the head is letters and asterisks.
func plainHead(p *decode.Packet) string {
	return strings.Join(strings.FieldsFunc(string(p.Head), func(r rune) bool { return r != '*' && (r < 'A' || r > 'z') }), " ")
}

func briefConnect(c *decode.Connect, v decode.Version, add func(bool, string, ...any)) {
	if c == nil {
		return
	}
	add(true, "%q %v", c.ClientID, v)
	add(c.Bridge, "bridge")
	add(c.CleanStart, "clean")
	add(c.KeepAlive != 0, "ka %d", c.KeepAlive)
	add(c.HasSessionExpiry, "expiry %d", c.SessionExpiry)
	add(c.ReceiveMaximum != 65535, "rm %d", c.ReceiveMaximum)
	add(c.HasWill, "will %q/%d", c.WillTopic, c.WillQoS)
	add(c.WillRetain, "retain")
	add(c.HasWill, "%q", c.WillPayload)
	add(c.HasUsername, "user %q", c.Username)
	add(c.HasPassword, "password")
}

func briefSubscribe(s *decode.Subscribe, add func(bool, string, ...any)) {
	if s == nil || len(s.Filters) == 0 {
		return
	}
	add(true, "filters")
	for _, f := range s.Filters {
		add(true, "%q %d", f.Filter, f.QoS)
		add(f.NoLocal, "nl")
		add(f.RetainAsPublished, "rap")
		add(f.RetainHandling != 0, "rh%d", f.RetainHandling)
	}
	add(s.SubscriptionID != 0, "subscription %d", s.SubscriptionID)
}

func TestPackets(t *testing.T) {
	for _, c := range packetCases {
		t.Run(fmt.Sprintf("%v/%v/%s", c.version, decode.Type(c.bytes[0]>>4), c.name), func(t *testing.T) {
			conn := decode.NewConn(decode.ConnInfo{}, nil)
			dir := decode.FromClient
			conn.Feed(dir, 1, decode.AppendConnect(nil, c.version, decode.ConnectFields{}), handler{})
			n := 0
			conn.Feed(dir, 2, c.bytes, handler{
				packet: func(p *decode.Packet) { n++; checkCase(t, c, p) },
				loss:   func(l decode.Loss) { t.Errorf("loss %+v", l) },
			})
			if n != 1 {
				t.Fatalf("%d packets", n)
			}
		})
	}
}

func checkCase(t *testing.T, c packetCase, p *decode.Packet) {
	t.Helper()
	if got := brief(p); got != c.want {
		t.Errorf("got  %s\nwant %s", got, c.want)
	}
	err := ""
	if p.Err != nil {
		err = p.Err.Error()
		if p.Err.StreamOffset != p.Offset+int64(p.Err.Offset) || p.Err.Offset > len(c.bytes) {
			t.Errorf("offsets of %+v, packet at %d", p.Err, p.Offset)
		}
	}
	if err != c.err {
		t.Errorf("err  %q\nwant %q", err, c.err)
	}
	if p.Length != int64(len(c.bytes)) || len(p.Head) != len(c.bytes) || p.Type != decode.Type(c.bytes[0]>>4) {
		t.Errorf("length %d, head %d, want %d", p.Length, len(p.Head), len(c.bytes))
	}
}

// TestPrefixes feeds every prefix of every case: nothing is delivered, and what is there is reported at the end.
func TestPrefixes(t *testing.T) {
	for _, c := range packetCases {
		for i := 1; i < len(c.bytes); i++ {
			connect := decode.AppendConnect(nil, c.version, decode.ConnectFields{})
			r := play(decode.ConnInfo{}, nil, []step{{t: 1, data: connect}, {t: 2, data: c.bytes[:i]}}, nil)
			want := fmt.Sprintf("loss t%d client cause %d at %d, %d bytes, <nil>", 1<<40, decode.LossTruncated, len(connect), i)
			if len(r.lines) != 2 || r.lines[1] != want {
				t.Fatalf("%s[:%d]:\n got %s\nwant %s", c.name, i, r.lines[1:], want)
			}
		}
	}
}

func TestErrorKinds(t *testing.T) {
	malformed := decodeOne(t, v311, []byte{0x40, 1, 0}).Err
	if malformed.Kind != decode.MalformedPacket || malformed.Kind.String() != "Malformed Packet" || malformed.Type != decode.PUBACK {
		t.Errorf("%+v", malformed)
	}
	protocol := decodeOne(t, v311, cat([]byte{0x30, 5}, str("a/#"))).Err
	if protocol.Kind != decode.ProtocolError || protocol.Kind.String() != "Protocol Error" {
		t.Errorf("%+v", protocol)
	}
}

// TestTopicCharacters puts each byte at each place of topics of many lengths: they are looked at several bytes at a time.
func TestTopicCharacters(t *testing.T) {
	conn, err := connected(v311), ""
	h := handler{packet: func(p *decode.Packet) {
		if err = ""; p.Err != nil {
			err = p.Err.Error()
		}
	}}
	for n := 1; n <= 26; n++ {
		topic := bytes.Repeat([]byte("a"), n)
		for place := range topic {
			for c := range 256 {
				topic[place] = byte(c)
				conn.Feed(decode.FromClient, 2, decode.AppendPublish(nil, v311, decode.PublishFields{Topic: string(topic)}), h)
				want := ""
				switch {
				case c == 0:
					want = "publish: topic name: holds the character U+0000"
				case c == '+', c == '#':
					want = "publish: topic name: holds a wildcard"
				case c >= 0x80:
					want = "publish: topic name: is not UTF-8"
				}
				if err != want {
					t.Fatalf("%q: %q, want %q", topic, err, want)
				}
			}
			topic[place] = 'a'
		}
	}
}

// TestSubscriptionIdentifiers: a Server names every Subscription that matched, a Client none. Where it is a guess who is who nothing is said.
func TestSubscriptionIdentifiers(t *testing.T) {
	publish := cat([]byte{0x30, 11}, str("a"), []byte{5, 0x0B, 1, 0x0B, 0x80, 1}, []byte("hi"))
	for _, c := range []struct {
		name  string
		dir   decode.Direction
		roles bool // assumed
		err   bool
	}{
		{"server", decode.FromServer, false, false},
		{"client", decode.FromClient, false, true},
		{"client, perhaps", decode.FromClient, true, false},
	} {
		conn := decode.NewConn(decode.ConnInfo{RolesAssumed: c.roles}, nil)
		conn.Feed(decode.FromClient, 1, decode.AppendConnect(nil, v5, decode.ConnectFields{}), handler{})
		conn.Feed(decode.FromServer, 1, []byte{0x20, 3, 0, 0, 0}, handler{})
		n := 0
		conn.Feed(c.dir, 2, publish, handler{packet: func(p *decode.Packet) {
			if n++; (p.Err != nil) != c.err || c.err && p.Err.Offset != 6 {
				t.Errorf("%s: %+v", c.name, p.Err)
			}
		}})
		if n != 1 {
			t.Errorf("%s: %d packets", c.name, n)
		}
	}
}

// TestWrongResponseTopicShowsVersion: that a Response Topic holds a wildcard does not make its packet one of an older version.
func TestWrongResponseTopicShowsVersion(t *testing.T) {
	conn := decode.NewConn(decode.ConnInfo{MidStream: true}, nil)
	publish := cat([]byte{0x30, 14}, str("a/b/c"), []byte{6, 0x08}, str("r/+"))
	conn.Feed(decode.FromClient, 1, bytes.Repeat(ping, 2), handler{})
	for range 3 {
		conn.Feed(decode.FromClient, 2, publish, handler{})
	}
	if v, _ := conn.Version(); v != v5 {
		t.Errorf("taken for %v", v)
	}
}
