package decode_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// events are what a Conn finds, in words short enough for tables: packets by type, and a loss by cause, offset and bytes.
type events struct{ list []string }

func (e *events) Packet(_ *decode.Conn, p *decode.Packet) {
	s := p.Type.String()
	if p.Type == decode.PUBLISH {
		s += fmt.Sprintf(" %s/%d", p.Topic, p.PayloadLength)
	}
	if p.PacketID != 0 {
		s += fmt.Sprintf(" #%d", p.PacketID)
	}
	if p.PayloadGap {
		s += " gap"
	}
	if p.TopicUnknown {
		s += " unknown"
	}
	if p.Err != nil {
		s += " !"
	}
	e.list = append(e.list, s)
}

var causeNames = map[decode.LossCause]string{
	decode.LossGap: "gap", decode.LossUndecodable: "undecodable", decode.LossResync: "skipped", decode.LossTruncated: "truncated",
}

func (e *events) Loss(_ *decode.Conn, l decode.Loss) {
	e.list = append(e.list, fmt.Sprintf("%s %d@%d", causeNames[l.Cause], l.Bytes, l.Offset))
}

func publish(v decode.Version, topic string, qos uint8, id uint16, payload int) []byte {
	return decode.AppendPublish(nil, v, decode.PublishFields{
		QoS: qos, Topic: topic, PacketID: id, Payload: bytes.Repeat([]byte{0xEE}, payload),
	})
}

var (
	ping   = []byte{0xC0, 0}
	puback = []byte{0x40, 2, 0, 1}
	hello  = decode.AppendConnect(nil, v311, decode.ConnectFields{ClientID: "c"}) // 15 bytes
	hello5 = decode.AppendConnect(nil, v5, decode.ConnectFields{ClientID: "c"})   // 16 bytes
	// aliases5 takes two Topic Aliases.
	aliases5 = decode.AppendConnect(nil, v5, decode.ConnectFields{ClientID: "c", Properties: decode.MakeProperties(decode.Property{ID: decode.TopicAliasMaximum, Uint: 2})})
)

func feed(groups ...[]byte) step { return step{data: cat(groups...)} }
func hole(n int64) step          { return step{gap: n} }

var connCases = []struct {
	name  string
	info  decode.ConnInfo
	opts  *decode.Options
	steps []step
	want  []string
}{
	{"packets in a row", decode.ConnInfo{}, nil, []step{feed(hello, ping, puback)}, []string{"CONNECT", "PINGREQ", "PUBACK #1"}},
	{"type 0 is stepped over", decode.ConnInfo{}, nil, []step{feed(hello, []byte{0, 3, 1, 2, 3}, ping)},
		[]string{"CONNECT", "RESERVED0 !", "PINGREQ"}},
	{"wrong flags are stepped over", decode.ConnInfo{}, nil, []step{feed(hello, []byte{0x42, 2, 0, 1}, ping)},
		[]string{"CONNECT", "PUBACK #1 !", "PINGREQ"}},
	{"two bad headers in a row lose framing", decode.ConnInfo{}, nil,
		[]step{feed(hello, []byte{0, 1, 1}, []byte{0, 0x70, 1, 2, 3, 4, 5, 6}, ping, puback)},
		[]string{"CONNECT", "RESERVED0 !", "undecodable 0@18", "skipped 8@18", "PINGREQ", "PUBACK #1"}},
	{"Remaining Length of five bytes", decode.ConnInfo{}, nil,
		[]step{feed(hello, []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1}, ping, puback, ping)},
		[]string{"CONNECT", "undecodable 0@15", "skipped 6@15", "PINGREQ", "PUBACK #1", "PINGREQ"}},
	{"PUBACK of 5000 bytes", decode.ConnInfo{}, nil, []step{feed(hello, []byte{0x40, 0x88, 0x27, 0, 1}, ping, puback)},
		[]string{"CONNECT", "undecodable 0@15", "skipped 5@15", "PINGREQ", "PUBACK #1"}},
	{"5.0 PUBACK of 5000 bytes whose properties do not fit", decode.ConnInfo{}, nil,
		[]step{feed(hello5, []byte{0x40, 0x88, 0x27, 0, 1, 0, 3}, ping, puback)},
		[]string{"CONNECT", "undecodable 0@16", "skipped 7@16", "PINGREQ", "PUBACK #1"}},
	{"5.0 PUBACK of 300 bytes whose properties fit", decode.ConnInfo{}, nil, []step{feed(hello5, longPuback(300), ping)},
		[]string{"CONNECT", "PUBACK #1", "PINGREQ"}},
	{"a PUBLISH of 200 MB whose topic is none", decode.ConnInfo{}, nil,
		[]step{feed(hello, []byte{0x30, 0xFF, 0xFF, 0xFF, 0x5F, 0, 3, 1, 2, 3}, ping, puback)},
		[]string{"CONNECT", "undecodable 0@15", "skipped 10@15", "PINGREQ", "PUBACK #1"}},
	{"a SUBSCRIBE of 200 MB", decode.ConnInfo{}, nil, []step{feed(hello, []byte{0x82, 0xFF, 0xFF, 0xFF, 0x5F, 0, 3}, ping, puback)},
		[]string{"CONNECT", "undecodable 0@15", "skipped 7@15", "PINGREQ", "PUBACK #1"}},
	{"larger than MaxPacket", decode.ConnInfo{}, &decode.Options{MaxPacket: 30},
		[]step{feed(hello, decode.AppendUnsubscribe(nil, v311, decode.SubscribeFields{PacketID: 1, Filters: make([]decode.TopicFilter, 99)}), ping)},
		[]string{"CONNECT", "UNSUBSCRIBE !", "PINGREQ"}},
	{"not MQTT", decode.ConnInfo{}, nil, []step{feed(bytes.Repeat([]byte("SSH-2.0-OpenSSH_9.6\r\n"), 9))}, []string{"skipped 189@0"}},

	{"lone PINGREQ in mid-stream", decode.ConnInfo{MidStream: true}, nil, []step{feed(ping)}, []string{"PINGREQ"}},
	{"first packet is no CONNECT", decode.ConnInfo{}, nil, []step{feed(puback, ping)}, []string{"PUBACK #1", "PINGREQ"}},
	{"mid-stream inside a payload", decode.ConnInfo{MidStream: true}, nil,
		[]step{feed([]byte("1,2,3]}"), publish(v311, "plant/7/temp", 1, 9, 5), ping)},
		[]string{"skipped 7@0", "PUBLISH plant/7/temp/5 #9", "PINGREQ"}},
	{"evidence adds up", decode.ConnInfo{MidStream: true}, nil, []step{feed([]byte("]}"), publish(v311, "a", 1, 9, 1), ping)},
		[]string{"skipped 2@0", "PUBLISH a/1 #9", "PINGREQ"}},
	{"too little evidence until the end", decode.ConnInfo{MidStream: true}, nil, []step{feed([]byte("]}"), ping)},
		[]string{"skipped 2@0", "PINGREQ"}},
	{"too little evidence, and more bytes", decode.ConnInfo{MidStream: true}, nil, []step{feed([]byte("]}"), ping, []byte{0xC0})},
		[]string{"skipped 5@0"}},
	{"a Server does not send PINGREQ", decode.ConnInfo{MidStream: true}, nil, []step{{dir: decode.FromServer, data: ping}},
		[]string{"skipped 2@0"}},
	{"but roles may be wrong", decode.ConnInfo{MidStream: true, RolesAssumed: true}, nil,
		[]step{{dir: decode.FromServer, data: ping}}, []string{"PINGREQ"}},
	{"large PUBLISH stepped over in a search", decode.ConnInfo{MidStream: true}, nil,
		[]step{feed([]byte("]}"), publish(v311, "cam", 0, 0, 200_000), puback, ping)},
		[]string{"skipped 200011@0", "PUBACK #1", "PINGREQ"}},

	{"gap between packets", decode.ConnInfo{}, nil, []step{feed(hello, ping), hole(100), feed(puback)},
		[]string{"CONNECT", "PINGREQ", "gap 100@17", "PUBACK #1"}},
	{"gap of unknown size", decode.ConnInfo{}, nil, []step{feed(hello, puback[:2]), hole(0), feed([]byte{9, 9, 9}, puback, ping)},
		[]string{"CONNECT", "truncated 2@15", "gap 0@17", "skipped 3@17", "PUBACK #1", "PINGREQ"}},
	{"gap inside a packet, next one known", decode.ConnInfo{}, nil,
		[]step{feed(hello, subscribe()[:5]), hole(2), feed(subscribe()[7:], ping)},
		[]string{"CONNECT", "truncated 5@15", "gap 2@20", "skipped 4@22", "PINGREQ"}},
	{"gap over the end of a packet", decode.ConnInfo{}, nil, []step{feed(hello, subscribe()[:5]), hole(8), feed(ping)},
		[]string{"CONNECT", "truncated 5@15", "gap 8@20", "PINGREQ"}},
	{"gap inside the payload", decode.ConnInfo{}, nil,
		[]step{feed(hello, publish(v311, "a/b", 1, 7, 50)[:20]), hole(10), feed(publish(v311, "a/b", 1, 7, 50)[30:], ping)},
		[]string{"CONNECT", "gap 10@35", "PUBLISH a/b/50 #7 gap", "PINGREQ"}},
	{"gap up to the end of a large payload", decode.ConnInfo{}, nil,
		[]step{feed(hello, publish(v311, "a/b", 1, 7, 9000)[:6000]), hole(3010), feed(ping)},
		[]string{"CONNECT", "gap 3010@6015", "PUBLISH a/b/9000 #7 gap", "PINGREQ"}},
	{"gap over the end of a payload", decode.ConnInfo{}, nil,
		[]step{feed(hello, publish(v311, "a/b", 1, 7, 50)[:20]), hole(200), feed(ping)},
		[]string{"CONNECT", "truncated 20@15", "gap 200@35", "PINGREQ"}},
	{"two gaps in one payload", decode.ConnInfo{}, nil,
		[]step{feed(hello, publish(v311, "a", 0, 0, 50)[:9]), hole(3), feed([]byte{1, 2}), hole(41), feed(ping)},
		[]string{"CONNECT", "gap 3@24", "gap 41@29", "PUBLISH a/50 gap", "PINGREQ"}},
	{"gap during a search", decode.ConnInfo{MidStream: true}, nil, []step{feed([]byte("]}"), ping), hole(7), feed(puback)},
		[]string{"skipped 2@0", "PINGREQ", "gap 7@4", "PUBACK #1"}},
	{"stream ends inside a packet", decode.ConnInfo{}, nil, []step{feed(hello, puback[:3])}, []string{"CONNECT", "truncated 3@15"}},
	{"stream ends inside a large payload", decode.ConnInfo{}, nil, []step{feed(hello, publish(v311, "a", 0, 0, 9000)[:8000])},
		[]string{"CONNECT", "truncated 8000@15"}},
}

func longPuback(n int) []byte {
	reason := decode.Property{ID: decode.ReasonString, Bytes: bytes.Repeat([]byte{'x'}, n)}
	return decode.AppendAck(nil, decode.PUBACK, v5, decode.AckFields{PacketID: 1, ReasonCode: 0x80, Properties: decode.MakeProperties(reason)})
}

// subscribe is a SUBSCRIBE of 11 bytes.
func subscribe() []byte {
	return decode.AppendSubscribe(nil, v311, decode.SubscribeFields{PacketID: 3, Filters: []decode.TopicFilter{{Filter: []byte("a/b/")}}})
}

func TestConn(t *testing.T) {
	for _, c := range connCases {
		t.Run(c.name, func(t *testing.T) {
			for name, cut := range map[string]func(int) int{"whole": func(n int) int { return n }, "bytes": func(int) int { return 1 }} {
				e := &events{}
				conn := decode.NewConn(c.info, c.opts)
				for _, s := range c.steps {
					if s.data == nil {
						conn.Gap(s.dir, 1, s.gap, e)
					}
					for rest := s.data; len(rest) > 0; {
						n := cut(len(rest))
						conn.Feed(s.dir, 1, rest[:n], e)
						rest = rest[n:]
					}
				}
				conn.Finish(decode.FromClient, 2, e)
				conn.Finish(decode.FromServer, 2, e)
				if !slices.Equal(e.list, c.want) {
					t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(e.list, ", "), strings.Join(c.want, ", "))
				}
			}
		})
	}
}

// TestLargePublish checks head, length and hash of payloads around the bound, whole and in pieces.
func TestLargePublish(t *testing.T) {
	opts := &decode.Options{PayloadHead: 10}
	hashes := map[uint32]uint64{}
	for _, size := range []int{0, 9, 10, 11, 127, 5000, 70_000} {
		data := publish(v5, "a/b", 1, 7, size)
		for _, cut := range []int{1, 3, 1000, len(data)} {
			r := play(decode.ConnInfo{}, opts, []step{{t: 1, data: hello5}, {t: 2, data: data}, {t: 3, data: ping}}, func(int) int { return cut })
			if len(r.packets) != 3 {
				t.Fatalf("%d bytes, cut %d: %d packets, %s", size, cut, len(r.packets), r.lines)
			}
			p, header := r.packets[1], len(data)-size
			if p.PayloadLength != int64(size) || len(p.Payload) != min(size, 10) || p.Length != int64(len(data)) {
				t.Errorf("%d bytes, cut %d: payload %d/%d, packet %d", size, cut, len(p.Payload), p.PayloadLength, p.Length)
			}
			if !bytes.Equal(p.Head, data[:header+min(size, 10)]) {
				t.Errorf("%d bytes, cut %d: head % x", size, cut, p.Head)
			}
			sum := crc32.ChecksumIEEE(data[header:])
			if h, ok := hashes[sum]; ok && h != p.PayloadHash() {
				t.Errorf("%d bytes, cut %d: hash differs", size, cut)
			}
			hashes[sum] = p.PayloadHash()
		}
	}
	distinct := map[uint64]bool{}
	for _, h := range hashes {
		distinct[h] = true
	}
	if len(distinct) != len(hashes) {
		t.Errorf("%d payloads, %d hashes", len(hashes), len(distinct))
	}
}

func TestTopicAlias(t *testing.T) {
	alias := func(topic string, n uint32) []byte {
		return decode.AppendPublish(nil, v5, decode.PublishFields{
			Topic: topic, Properties: decode.MakeProperties(decode.Property{ID: decode.TopicAlias, Uint: n}),
		})
	}
	for _, c := range []struct {
		name  string
		info  decode.ConnInfo
		steps []step
		want  []string
	}{
		{"resolved and changed", decode.ConnInfo{}, []step{feed(hello5, alias("a", 1), alias("", 1), alias("b", 1), alias("", 1))},
			[]string{"CONNECT", "PUBLISH a/0", "PUBLISH a/0", "PUBLISH b/0", "PUBLISH b/0"}},
		{"one mapping a direction", decode.ConnInfo{},
			[]step{feed(aliases5, alias("a", 1)), {dir: decode.FromServer, data: cat([]byte{0x20, 6, 0, 0, 3, 0x22, 0, 1}, alias("s", 1), alias("", 1))}, feed(alias("", 1))},
			[]string{"CONNECT", "PUBLISH a/0", "CONNACK", "PUBLISH s/0", "PUBLISH s/0", "PUBLISH a/0"}},
		{"never set", decode.ConnInfo{}, []step{feed(hello5, alias("", 1))}, []string{"CONNECT", "PUBLISH /0 unknown !"}},
		{"set in a gap, perhaps", decode.ConnInfo{}, []step{feed(hello5, alias("a", 1)), hole(9), feed(ping, alias("", 1), alias("b", 1), alias("", 1))},
			[]string{"CONNECT", "PUBLISH a/0", "gap 9@25", "PINGREQ", "PUBLISH /0 unknown", "PUBLISH b/0", "PUBLISH b/0"}},
		{"a CONNECT starts anew", decode.ConnInfo{}, []step{feed(hello5, alias("a", 1), hello5, alias("", 1))},
			[]string{"CONNECT", "PUBLISH a/0", "CONNECT", "PUBLISH /0 unknown !"}},
		{"above the maximum of the client", decode.ConnInfo{}, []step{feed(aliases5), {dir: decode.FromServer, data: cat(alias("s", 2), alias("t", 3), alias("", 3))}},
			[]string{"CONNECT", "PUBLISH s/0", "PUBLISH t/0 !", "PUBLISH t/0 !"}},
		{"above the maximum of the server", decode.ConnInfo{}, []step{feed(hello5), {dir: decode.FromServer, data: []byte{0x20, 6, 0, 0, 3, 0x22, 0, 1}}, feed(alias("a", 1), alias("b", 2))},
			[]string{"CONNECT", "CONNACK", "PUBLISH a/0", "PUBLISH b/0 !"}},
		{"the server takes none", decode.ConnInfo{}, []step{feed(hello5), {dir: decode.FromServer, data: []byte{0x20, 3, 0, 0, 0}}, feed(alias("a", 1))},
			[]string{"CONNECT", "CONNACK", "PUBLISH a/0 !"}},
		{"the server has not said it yet", decode.ConnInfo{}, []step{feed(hello5, alias("a", 1)), {dir: decode.FromServer, data: []byte{0x20, 2, 0, 0}}, feed(alias("b", 2))},
			[]string{"CONNECT", "PUBLISH a/0", "CONNACK", "PUBLISH b/0"}},
		{"a CONNECT lifts the maximum", decode.ConnInfo{}, []step{feed(hello5), {dir: decode.FromServer, data: []byte{0x20, 6, 0, 0, 3, 0x22, 0, 1}}, feed(hello5, alias("a", 2))},
			[]string{"CONNECT", "CONNACK", "CONNECT", "PUBLISH a/0"}},
		{"what the server takes is in a gap", decode.ConnInfo{}, []step{feed(hello5), {dir: decode.FromServer, gap: 5}, feed(alias("a", 1))},
			[]string{"CONNECT", "gap 5@0", "PUBLISH a/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, conn := &events{}, decode.NewConn(c.info, nil)
			for _, s := range c.steps {
				if s.data == nil {
					conn.Gap(s.dir, 1, s.gap, e)
				}
				conn.Feed(s.dir, 1, s.data, e)
			}
			if !slices.Equal(e.list, c.want) {
				t.Errorf("\n got %s\nwant %s", strings.Join(e.list, ", "), strings.Join(c.want, ", "))
			}
		})
	}
}

// TestAliasesAreBounded sets every alias to a topic of 60 KB, of which only some can be kept.
func TestAliasesAreBounded(t *testing.T) {
	c := connected(v5)
	unknown := 0
	topic := strings.Repeat("t", 60_000)
	for n := range uint32(200) {
		ps := decode.MakeProperties(decode.Property{ID: decode.TopicAlias, Uint: n + 1})
		c.Feed(decode.FromClient, 1, decode.AppendPublish(nil, v5, decode.PublishFields{Topic: topic, Properties: ps}), handler{})
		c.Feed(decode.FromClient, 1, decode.AppendPublish(nil, v5, decode.PublishFields{Properties: ps}), handler{packet: func(p *decode.Packet) {
			if p.TopicUnknown {
				unknown++
			} else if string(p.Topic) != topic {
				t.Errorf("alias %d is %d bytes", n, len(p.Topic))
			}
		}})
	}
	if unknown < 150 || unknown == 200 {
		t.Errorf("%d of 200 aliases of 60,000 bytes were not kept", unknown)
	}
}

func TestVersionIsInferred(t *testing.T) {
	text := func(v decode.Version, payload string) []byte {
		return decode.AppendPublish(nil, v, decode.PublishFields{Topic: "plant/7", Payload: []byte(payload)})
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"nothing tells", []step{feed(ping, puback)}, []string{"3.1.1?", "3.1.1?"}},
		{"text payloads", []step{feed(text(v311, "21.5"), ping)}, []string{"3.1.1?", "3.1.1?"}},
		{"empty Property Length", []step{feed(text(v5, "21.5"), ping)}, []string{"5.0?", "5.0?"}},
		{"long PUBACK", []step{feed(ping, []byte{0x40, 3, 0, 1, 0x10}, ping)}, []string{"3.1.1?", "5.0?", "5.0?"}},
		{"corrected", []step{feed(text(v311, "\x00binary"), text(v311, "text"), text(v311, "\x00binary"))}, []string{"5.0?", "3.1.1?", "3.1.1?"}},
		{"other direction", []step{{dir: decode.FromServer, data: []byte{0x20, 3, 0, 0, 0}}, feed(ping)}, []string{"5.0?", "5.0?"}},
		{"CONNECT tells", []step{feed(text(v311, "x"), hello5, ping)}, []string{"3.1.1?", "5.0", "5.0"}},
		{"CONNECT again", []step{feed(hello5, hello, ping)}, []string{"5.0", "3.1.1", "3.1.1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			conn := decode.NewConn(decode.ConnInfo{MidStream: true}, nil)
			for _, s := range c.steps {
				conn.Feed(s.dir, 1, s.data, handler{packet: func(p *decode.Packet) {
					v := p.Version.String()
					if p.VersionAssumed {
						v += "?"
					}
					if p.Err != nil {
						t.Errorf("%v: %v", p.Type, p.Err)
					}
					got = append(got, v)
				}})
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestTimes wants the time of the Feed that completed a packet, also when a search held the packet back.
func TestTimes(t *testing.T) {
	var got []string
	c := decode.NewConn(decode.ConnInfo{MidStream: true}, nil)
	h := handler{packet: func(p *decode.Packet) { got = append(got, fmt.Sprintf("%v t%d", p.Type, p.Time)) }}
	c.Feed(decode.FromClient, 1, []byte("]}"), h)
	c.Feed(decode.FromClient, 2, ping[:1], h)
	c.Feed(decode.FromClient, 3, ping[1:], h)
	c.Feed(decode.FromClient, 9, puback, h)
	c.Feed(decode.FromClient, 10, puback[:2], h)
	c.Feed(decode.FromClient, 11, puback[2:], h)
	if want := []string{"PINGREQ t3", "PUBACK t9", "PUBACK t11"}; !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConnIsSmall(t *testing.T) {
	if size := reflect.TypeFor[decode.Conn]().Size(); size > 1024 {
		t.Errorf("%d bytes", size)
	}
}

// TestUndecided: bytes of which it is not known what they are count as such until they are packets or nothing, and that is news once.
func TestUndecided(t *testing.T) {
	const dir = decode.FromServer
	c := decode.NewConn(decode.ConnInfo{}, nil)
	want := func(when string, yes, news bool) {
		t.Helper()
		if y, n := c.Undecided(dir); y != yes || n != news {
			t.Errorf("%s: %t, news %t; want %t, %t", when, y, n, yes, news)
		}
	}
	want("before anything", false, false)
	c.Feed(dir, 1, []byte{0x34, 40, 0, 10, 'a'}, handler{})
	want("after the beginning of something", true, true)
	want("asked again", true, false)
	if y, n := c.Undecided(dir.Opposite()); y || n {
		t.Errorf("the other direction: %t, %t", y, n)
	}
	c.Gap(dir, 2, 7, handler{})
	want("after a gap", false, true)
	c.Feed(dir, 3, []byte{0x34}, handler{})
	want("after one byte", true, true)
	packets := 0
	whole := decode.AppendPublish(nil, decode.V311, decode.PublishFields{Topic: "plant/a/temperature", Payload: []byte("21.5")})
	c.Feed(dir, 4, bytes.Repeat(whole, 3), handler{packet: func(*decode.Packet) { packets++ }})
	want("after packets", false, true)
	c.Gap(dir, 5, 7, handler{})
	c.Feed(dir, 6, []byte{0x34}, handler{})
	c.Finish(dir, 7, handler{})
	want("at the end", false, false)
	if packets != 3 {
		t.Errorf("%d packets", packets)
	}
}
