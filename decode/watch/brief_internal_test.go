package watch

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// fill gives a field any value; it reports false for those that a brief leaves out: what only packets of certain types have.
func fill(v reflect.Value, r *rand.Rand) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int64, reflect.Int:
		v.SetInt(r.Int64N(1 << 31))
	case reflect.Uint8, reflect.Uint16, reflect.Uint64:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()))
	default:
		return false
	}
	return true
}

// TestBrief: what a brief holds of a packet is all that the packet says, whatever fields decode.Packet has.
func TestBrief(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, 1))
	left := []string{"Head", "Topic", "Payload", "Properties", "Connect", "Connack", "Subscribe", "SubackCodes", "Err"}
	for round := range 2000 {
		b := &parcel{bytes: []byte("before")}
		var restored decode.Packet
		for i := range 3 {
			var p decode.Packet
			v := reflect.ValueOf(&p).Elem()
			for f := range v.NumField() {
				name := v.Type().Field(f).Name
				if name == "hash" {
					p.SetPayloadHash(r.Uint64())
				} else if !fill(v.Field(f), r) && !slices.Contains(left, name) {
					t.Fatalf("a brief does not know the field %s", name)
				}
			}
			p.HeaderLength = 2 + r.IntN(4)
			p.Topic = []byte("a/topic/of/some/length")[:r.IntN(20)]
			var head []byte
			if round%2 == 0 { // the bytes are kept
				p.Type = decode.PUBLISH
				head = make([]byte, p.HeaderLength, 100)
				if r.IntN(2) == 0 {
					head = append(append(head, 0, byte(len(p.Topic))), p.Topic...)
				} else {
					head = append(head, 0, 0) // behind an alias
				}
				n := len(head)
				head = append(head, "payload"...)
				p.Head, p.Payload = head, head[n:]
			}
			if p.Type != decode.PUBLISH {
				p.SetPayloadHash(0) // has none
			}
			if !fitsBrief(&p) {
				t.Fatalf("%+v does not fit", p)
			}
			want := p
			want.Topic = slices.Clone(p.Topic)
			b.addBrief(nil, &p, head, true)
			clear(p.Topic) // the decoder writes there again
			var kept *keptBytes
			if head != nil {
				kept = &keptBytes{offset: p.Offset, payload: uint16(len(p.Payload))}
			} else {
				want.Offset = 0 // is of interest only with the bytes
			}
			if b.restore(&restored, &b.finds[i], kept, head); !same(&restored, &want) {
				t.Fatalf("restored %+v\nwant     %+v", restored, want)
			}
		}
	}
}

// same compares packets; whether a slice that is empty is nil does not matter.
func same(a, b *decode.Packet) bool {
	x, y := *a, *b
	for _, s := range []*[]byte{&x.Topic, &y.Topic, &x.Head, &y.Head, &x.Payload, &y.Payload} {
		if len(*s) == 0 {
			*s = nil
		}
	}
	return reflect.DeepEqual(x, y)
}

// TestBriefLeavesOut: what a brief cannot hold is handed over as it is.
func TestBriefLeavesOut(t *testing.T) {
	for name, change := range map[string]func(p *decode.Packet){
		"a CONNECT":             func(p *decode.Packet) { p.Connect = new(decode.Connect) },
		"a CONNACK":             func(p *decode.Packet) { p.Connack = new(decode.Connack) },
		"a SUBSCRIBE":           func(p *decode.Packet) { p.Subscribe = new(decode.Subscribe) },
		"a SUBACK":              func(p *decode.Packet) { p.SubackCodes = []decode.ReasonCode{} },
		"a malformed one":       func(p *decode.Packet) { p.Err = new(decode.Error) },
		"one with properties":   func(p *decode.Packet) { p.Properties = decode.PropertiesOf([]byte{1}) },
		"one of 4 GiB":          func(p *decode.Packet) { p.Length = 1 << 32 },
		"a payload of 4 GiB":    func(p *decode.Packet) { p.PayloadLength = 1 << 32 },
		"64 KiB of its payload": func(p *decode.Packet) { p.Payload = make([]byte, 1<<16) },
		"a topic of 64 KiB":     func(p *decode.Packet) { p.Topic = make([]byte, 1<<16) },
	} {
		var p decode.Packet
		if !fitsBrief(&p) {
			t.Fatal("an empty packet does not fit")
		}
		if change(&p); fitsBrief(&p) {
			t.Errorf("%s fits", name)
		}
	}
}
