package decode_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/mqttwatch/mqttwatch/decode"
)

// script reads steps from fuzz input: groups of a control byte, a length byte and that many bytes. The control byte has
// the direction in bit 0; with bit 1 it is a gap of the length, and with bit 2 the bytes are repeated, to get large
// packets out of small inputs.
func script(b []byte) []step {
	var steps []step
	for i := 0; len(b) >= 2; i++ {
		control, n := b[0], min(int(b[1]), len(b)-2)
		data := b[2 : 2+n]
		s := step{dir: decode.Direction(control & 1), t: decode.Time(i + 1)}
		switch {
		case control&2 != 0:
			s.gap = int64(b[1]) << (control >> 4)
			data, n = nil, 0
		case control&4 != 0:
			s.data = bytes.Repeat(data, 1+int(control>>3))
		default:
			s.data = data
		}
		b = b[2+n:]
		if s.data == nil || len(s.data) > 0 {
			steps = append(steps, s)
		}
	}
	return steps
}

// unscript writes steps so that script reads them.
func unscript(steps []step) []byte {
	var b []byte
	for _, s := range steps {
		if s.data == nil {
			b = append(b, 2|byte(s.dir), byte(min(s.gap, 255)))
		}
		for part := range slices.Chunk(s.data, 255) {
			b = append(append(b, byte(s.dir), byte(len(part))), part...)
		}
	}
	return b
}

func FuzzConn(f *testing.F) {
	for seed := range uint64(40) {
		_, steps := scenario(seed)
		f.Add(unscript(steps), byte(seed), uint64(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte, how byte, cuts uint64) {
		steps := script(in)
		info := decode.ConnInfo{MidStream: how&1 != 0, RolesAssumed: how&2 != 0}
		opts := &decode.Options{}
		if how&4 != 0 {
			opts = &decode.Options{PayloadHead: 8, MaxPacket: 64}
		}
		want := play(info, opts, steps, nil)
		checkBounds(t, want, steps)
		r := newTraffic(cuts, decode.V5)
		for _, cut := range []func(int) int{func(int) int { return 1 }, func(n int) int { return 1 + r.IntN(n) }} {
			got := play(info, opts, steps, cut)
			if d := diff(want.lines, got.lines); d != "" {
				t.Fatalf("%s", d)
			}
		}
	})
}

// checkBounds wants packets in order, without overlap, inside what was fed.
func checkBounds(t *testing.T, r *recorder, steps []step) {
	t.Helper()
	var fed, end [2]int64
	for _, s := range steps {
		fed[s.dir] += int64(len(s.data)) + s.gap
	}
	for _, p := range r.packets {
		if p.Offset < end[p.Dir] || p.Offset+p.Length > fed[p.Dir] {
			t.Fatalf("packet at %d of %d bytes overlaps or goes beyond %d", p.Offset, p.Length, fed[p.Dir])
		}
		if int64(len(p.Head)) > p.Length || len(p.Payload) > len(p.Head) || int64(len(p.Payload)) > p.PayloadLength {
			t.Fatalf("head %d, payload %d of %d, packet %d", len(p.Head), len(p.Payload), p.PayloadLength, p.Length)
		}
		end[p.Dir] = p.Offset + p.Length
	}
}

func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(60) {
		r := newTraffic(seed, versions[seed%3])
		f.Add(r.packet(decode.Direction(seed&1)), byte(r.v))
	}
	for _, c := range packetCases {
		f.Add(c.bytes, byte(c.version))
	}
	f.Fuzz(func(t *testing.T, in []byte, version byte) {
		v := decode.Version(3 + version%3)
		c := decode.NewConn(decode.ConnInfo{}, nil)
		c.Feed(decode.FromClient, 1, decode.AppendConnect(nil, v, decode.ConnectFields{}), handler{})
		c.Feed(decode.FromClient, 2, in, handler{packet: func(p *decode.Packet) {
			if p.Err != nil || p.Type == decode.CONNECT && p.Connect.HasPassword || p.Length > int64(len(p.Head)) {
				return
			}
			again := encode(p)
			if !canonical(p) {
				return
			}
			if !bytes.Equal(again, p.Head) {
				t.Fatalf("%v %v\n was % x\n now % x", v, p.Type, p.Head, again)
			}
		}})
	})
}

// canonical reports whether the packet's lengths are written in as few bytes as can be, and nothing is there that could
// be left out.
func canonical(p *decode.Packet) bool {
	_, n := binary.Uvarint(p.Head[1:])
	if n > 1 && p.Head[n] == 0 {
		return false
	}
	return !bytes.Contains(p.Head, []byte{0x80, 0}) && !leavesOut(p)
}

// leavesOut reports whether the encoder writes less than is there, or cannot say what is.
func leavesOut(p *decode.Packet) bool {
	body := len(p.Head) - p.HeaderLength
	empty := len(p.Properties.Raw()) == 0
	switch p.Type {
	case decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP:
		return p.Flags&8 != 0 || p.ReasonCode == 0 && body > 2 && empty || body == 4
	case decode.DISCONNECT:
		return empty && (body == 2 || p.ReasonCode == 0 && body > 0)
	case decode.AUTH:
		return empty && body > 0
	case decode.SUBSCRIBE, decode.UNSUBSCRIBE:
		return p.Flags&8 != 0 || p.Version == decode.V31 // its options may have any bits set
	case decode.CONNACK:
		return p.Version == decode.V5 && body == 2 || p.Version == decode.V31
	case decode.CONNECT:
		return p.Connect.Bridge || p.Version == decode.V31
	}
	return false
}

// encode writes p again.
func encode(p *decode.Packet) []byte {
	v, ps := p.Version, p.Properties
	switch p.Type {
	case decode.CONNECT:
		return encodeConnect(p)
	case decode.CONNACK:
		return decode.AppendConnack(nil, v, decode.ConnackFields{SessionPresent: p.Connack.SessionPresent, ReasonCode: p.ReasonCode, Properties: ps})
	case decode.PUBLISH:
		topic := p.Topic
		if p.TopicAlias != 0 { // the topic may come from the alias
			n := int(binary.BigEndian.Uint16(p.Head[p.HeaderLength:]))
			topic = p.Head[p.HeaderLength+2:][:n]
		}
		return decode.AppendPublish(nil, v, decode.PublishFields{
			Dup: p.Dup, Retain: p.Retain, QoS: p.QoS, Topic: string(topic), PacketID: p.PacketID, Properties: ps, Payload: p.Payload,
		})
	case decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP:
		return decode.AppendAck(nil, p.Type, v, decode.AckFields{PacketID: p.PacketID, ReasonCode: p.ReasonCode, Properties: ps})
	case decode.SUBSCRIBE:
		return decode.AppendSubscribe(nil, v, decode.SubscribeFields{PacketID: p.PacketID, Properties: ps, Filters: p.Subscribe.Filters})
	case decode.UNSUBSCRIBE:
		return decode.AppendUnsubscribe(nil, v, decode.SubscribeFields{PacketID: p.PacketID, Properties: ps, Filters: p.Subscribe.Filters})
	case decode.SUBACK:
		return decode.AppendSuback(nil, v, decode.SubackFields{PacketID: p.PacketID, Properties: ps, Codes: p.SubackCodes})
	case decode.UNSUBACK:
		return decode.AppendUnsuback(nil, v, decode.SubackFields{PacketID: p.PacketID, Properties: ps, Codes: p.SubackCodes})
	case decode.PINGREQ:
		return decode.AppendPingreq(nil)
	case decode.PINGRESP:
		return decode.AppendPingresp(nil)
	case decode.DISCONNECT:
		return decode.AppendDisconnect(nil, v, decode.ReasonFields{ReasonCode: p.ReasonCode, Properties: ps})
	case decode.AUTH:
		return decode.AppendAuth(nil, decode.ReasonFields{ReasonCode: p.ReasonCode, Properties: ps})
	}
	return nil
}

func encodeConnect(p *decode.Packet) []byte {
	c := p.Connect
	f := decode.ConnectFields{
		ProtocolName: c.ProtocolName, Level: c.Level, CleanStart: c.CleanStart, KeepAlive: c.KeepAlive,
		ClientID: string(c.ClientID), Properties: p.Properties,
	}
	if c.HasWill {
		f.Will = &decode.Will{
			QoS: c.WillQoS, Retain: c.WillRetain, Topic: string(c.WillTopic), Payload: c.WillPayload, Properties: c.WillProperties,
		}
	}
	if c.HasUsername {
		f.Username = append([]byte{}, c.Username...)
	}
	return decode.AppendConnect(nil, p.Version, f)
}

func FuzzDissect(f *testing.F) {
	for seed := range uint64(40) {
		r := newTraffic(seed, versions[seed%3])
		f.Add(r.packet(decode.Direction(seed&1)), byte(r.v))
		f.Add(r.opening(decode.Direction(seed&1)), byte(r.v))
	}
	for _, c := range packetCases {
		f.Add(c.bytes, byte(c.version))
	}
	f.Fuzz(func(t *testing.T, in []byte, version byte) {
		fields := decode.Dissect(in, decode.Version(version%6))
		checkFields(t, in, fields)
	})
}

func checkFields(t *testing.T, in []byte, fields []decode.Field) {
	t.Helper()
	if len(fields) == 0 && len(in) > 0 {
		t.Fatal("no fields")
	}
	if len(fields) > 5000 {
		t.Fatalf("%d fields", len(fields))
	}
	for _, f := range fields {
		if f.Offset < 0 || f.Length < 0 || f.Depth < 0 || f.Name == "" {
			t.Fatalf("%+v", f)
		}
		for _, s := range []string{f.Name, f.Value, f.Err} {
			if decode.Escape(s) != s && !bytes.Contains([]byte(s), []byte{'\\'}) {
				t.Fatalf("not escaped: %q", s)
			}
		}
	}
}

func FuzzClassify(f *testing.F) {
	for seed := range uint64(40) {
		r := newTraffic(seed, versions[seed%3])
		f.Add(append(r.packet(decode.Direction(seed&1)), r.packet(decode.Direction(seed&1))...))
	}
	f.Add([]byte("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"))
	f.Add([]byte{0x16, 3, 1, 0, 5, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		answered := decode.GuessNeedMore
		for i := range in {
			g := decode.Classify(in[:i+1])
			switch {
			case g.Kind == decode.GuessNeedMore && answered != decode.GuessNeedMore:
				t.Fatalf("%v after %d bytes, then more wanted", answered, i)
			case answered == decode.GuessOther && g.Kind != decode.GuessOther:
				t.Fatalf("not MQTT after %d bytes, then %v", i, g.Kind)
			case g.Kind == decode.GuessPlausible && (g.Bits <= 0 || !g.FromClient && !g.FromServer):
				t.Fatalf("%+v", g)
			}
			answered = g.Kind
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, c := range escapeCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out := decode.Escape(string(in))
		if got := string(decode.AppendEscaped([]byte("x"), in)); got != "x"+out {
			t.Fatalf("%q and %q", got, out)
		}
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		for _, r := range out {
			if r < ' ' || r >= 0x7F && r < 0xA0 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("%q holds %U", out, r)
			}
		}
		if back := unescape(t, out); !bytes.Equal(back, in) {
			t.Fatalf("%q reads as %q, was %q", out, back, in)
		}
	})
}
