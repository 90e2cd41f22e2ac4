package decode_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// cat joins groups of bytes.
func cat(groups ...[]byte) []byte { return bytes.Join(groups, nil) }

// str is a UTF-8 Encoded String or Binary Data.
func str(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

// recorder keeps what a Conn finds as one line each, with nothing left out that a Handler can see.
type recorder struct {
	lines   []string
	packets []decode.Packet // shallow: only for fields that are no slices
}

func (r *recorder) Packet(_ *decode.Conn, p *decode.Packet) {
	r.lines = append(r.lines, show(p))
	q := *p
	q.Topic = slices.Clone(p.Topic)
	q.Payload = slices.Clone(p.Payload)
	q.Head = slices.Clone(p.Head)
	q.Properties = decode.PropertiesOf(slices.Clone(p.Properties.Raw()))
	r.packets = append(r.packets, q)
}

func (r *recorder) Loss(_ *decode.Conn, l decode.Loss) {
	r.lines = append(r.lines, fmt.Sprintf("loss t%d %v cause %d at %d, %d bytes, %v", l.Time, l.Dir, l.Cause, l.Offset, l.Bytes, l.Err))
}

func show(p *decode.Packet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "t%d %v %v %x v%v/%t at %d len %d head %x/%d", p.Time, p.Dir, p.Type, p.Flags, p.Version, p.VersionAssumed,
		p.Offset, p.Length, p.Head, p.HeaderLength)
	fmt.Fprintf(&b, " id %d reason %d qos %d dup %t retain %t", p.PacketID, p.ReasonCode, p.QoS, p.Dup, p.Retain)
	fmt.Fprintf(&b, " topic %q alias %d/%t payload %x len %d hash %x gap %t", p.Topic, p.TopicAlias, p.TopicUnknown, p.Payload,
		p.PayloadLength, p.PayloadHash(), p.PayloadGap)
	fmt.Fprintf(&b, " props %x codes %v", p.Properties.Raw(), p.SubackCodes)
	if p.Connect != nil {
		fmt.Fprintf(&b, " connect %+v", *p.Connect)
	}
	if p.Connack != nil {
		fmt.Fprintf(&b, " connack %+v", *p.Connack)
	}
	if p.Subscribe != nil {
		fmt.Fprintf(&b, " subscribe %+v", *p.Subscribe)
	}
	if p.Err != nil {
		fmt.Fprintf(&b, " err %+v", *p.Err)
	}
	return b.String()
}

// step is something that happens to a connection: bytes, or a gap if data is nil.
type step struct {
	dir  decode.Direction
	t    decode.Time
	data []byte
	gap  int64
}

// play runs steps through a new Conn and returns what it found. cut, if not nil, says how many of n bytes to feed next.
func play(info decode.ConnInfo, opts *decode.Options, steps []step, cut func(n int) int) *recorder {
	r := &recorder{}
	c := decode.NewConn(info, opts)
	for _, s := range steps {
		if s.data == nil {
			c.Gap(s.dir, s.t, s.gap, r)
			continue
		}
		for data := s.data; len(data) > 0; {
			n := len(data)
			if cut != nil {
				n = min(max(cut(n), 1), n)
			}
			buf := slices.Clone(data[:n])
			c.Feed(s.dir, s.t, buf, r)
			for i := range buf {
				buf[i] = 0xA5 // nothing may be kept of it
			}
			data = data[n:]
		}
	}
	c.Finish(decode.FromClient, 1<<40, r)
	c.Finish(decode.FromServer, 1<<40, r)
	return r
}

// decodeOne feeds one packet of a client whose version is told by a CONNECT before it.
func decodeOne(t *testing.T, v decode.Version, data []byte) *decode.Packet {
	t.Helper()
	var got *decode.Packet
	c := decode.NewConn(decode.ConnInfo{}, nil)
	c.Feed(decode.FromClient, 1, decode.AppendConnect(nil, v, decode.ConnectFields{ClientID: "c"}), handler{})
	c.Feed(decode.FromClient, 2, data, handler{packet: func(p *decode.Packet) {
		if got != nil {
			t.Errorf("more than one packet in % x", data)
		}
		q := *p
		got = &q
	}})
	if got == nil {
		t.Fatalf("no packet in % x", data)
	}
	return got
}

// handler is a Handler of functions, each of which may be nil.
type handler struct {
	packet func(*decode.Packet)
	loss   func(decode.Loss)
}

func (h handler) Packet(_ *decode.Conn, p *decode.Packet) {
	if h.packet != nil {
		h.packet(p)
	}
}

func (h handler) Loss(_ *decode.Conn, l decode.Loss) {
	if h.loss != nil {
		h.loss(l)
	}
}

var versions = []decode.Version{decode.V31, decode.V311, decode.V5}

// traffic writes random, mostly valid packets of one direction.
type traffic struct {
	*rand.Rand
	v decode.Version
}

func newTraffic(seed uint64, v decode.Version) *traffic {
	return &traffic{rand.New(rand.NewPCG(seed, 1)), v}
}

func (r *traffic) topic() string {
	const letters = "abcdefgh/12é"
	var b strings.Builder
	for range 1 + r.IntN(20) {
		c := []rune(letters)
		b.WriteRune(c[r.IntN(len(c))])
	}
	return b.String()
}

func (r *traffic) id() uint16 { return uint16(1 + r.IntN(40)) }

func (r *traffic) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (r *traffic) publish(payload int) []byte {
	f := decode.PublishFields{
		QoS: uint8(r.IntN(3)), Retain: r.IntN(4) == 0, Topic: r.topic(), PacketID: r.id(), Payload: r.bytes(payload),
	}
	f.Dup = f.QoS > 0 && r.IntN(5) == 0
	if r.v == decode.V5 && r.IntN(2) == 0 {
		prs := []decode.Property{{ID: decode.UserProperty, Bytes: []byte("k"), Value: []byte(r.topic())}}
		if r.IntN(2) == 0 {
			prs = append(prs, decode.Property{ID: decode.TopicAlias, Uint: uint32(1 + r.IntN(3))})
			if r.IntN(2) == 0 {
				f.Topic = ""
			}
		}
		f.Properties = decode.MakeProperties(prs...)
	}
	return decode.AppendPublish(nil, r.v, f)
}

func (r *traffic) packet(dir decode.Direction) []byte {
	switch r.IntN(8) {
	case 0, 1, 2:
		return r.publish(r.IntN(60))
	case 3, 4:
		t := []decode.Type{decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP}[r.IntN(4)]
		f := decode.AckFields{PacketID: r.id()}
		if r.IntN(3) == 0 {
			f.ReasonCode = 0x80 // not allowed in all of them
		}
		return decode.AppendAck(nil, t, r.v, f)
	case 5:
		if dir == decode.FromServer {
			return decode.AppendPingresp(nil)
		}
		return decode.AppendPingreq(nil)
	case 6:
		if dir == decode.FromServer {
			return decode.AppendSuback(nil, r.v, decode.SubackFields{PacketID: r.id(), Codes: []decode.ReasonCode{1}})
		}
		return decode.AppendSubscribe(nil, r.v, decode.SubscribeFields{
			PacketID: r.id(), Filters: []decode.TopicFilter{{Filter: []byte(r.topic()), QoS: 1}, {Filter: []byte("#")}},
		})
	}
	return r.publish(r.IntN(600))
}

// opening is what begins a connection in that direction.
func (r *traffic) opening(dir decode.Direction) []byte {
	if dir == decode.FromServer {
		return decode.AppendConnack(nil, r.v, decode.ConnackFields{})
	}
	return decode.AppendConnect(nil, r.v, decode.ConnectFields{ClientID: "pump-7", Username: []byte("u"), Password: []byte("secret")})
}
