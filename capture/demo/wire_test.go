package demo_test

import (
	"bytes"
	"net/netip"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/mqttwatch/mqttwatch/decode"
)

// step is a Control Packet as the tap saw it, parsed by a library that is not ours.
type step struct {
	packets.Packet
	at  decode.Time
	dir decode.Direction
}

// wire is what a run of the demo left on its connections.
type wire struct {
	streams map[*decode.Conn]*[2][]byte
	steps   map[string][]step // by Client Identifier, over its connections
	conns   map[string]int
	version map[*decode.Conn]byte
	client  map[*decode.Conn]string
	addrs   []netip.AddrPort
	gaps    int
	ticks   int
}

func newWire() *wire {
	return &wire{
		streams: map[*decode.Conn]*[2][]byte{}, steps: map[string][]step{}, conns: map[string]int{},
		version: map[*decode.Conn]byte{}, client: map[*decode.Conn]string{},
	}
}

func (w *wire) sink(batch []decode.Segment) {
	for _, s := range batch {
		switch s.Kind {
		case decode.Tick:
			w.ticks++
		case decode.Gap:
			w.gaps++
		case decode.Open:
			w.streams[s.Conn] = new([2][]byte)
			w.addrs = append(w.addrs, s.Conn.Info.Client, s.Conn.Info.Server)
		case decode.Data:
			b := &w.streams[s.Conn][s.Dir]
			*b = append(*b, s.Data...)
			for w.cut(s, b) {
			}
		}
	}
}

// cut takes one packet off the front of b.
func (w *wire) cut(s decode.Segment, b *[]byte) bool {
	r := bytes.NewReader(*b)
	first, err := r.ReadByte()
	if err != nil {
		return false
	}
	p := step{at: s.Time, dir: s.Dir}
	n, _, err := packets.DecodeLength(r)
	if err != nil || r.Len() < n {
		return false
	}
	if err := p.FixedHeader.Decode(first); err != nil {
		panic(err)
	}
	p.FixedHeader.Remaining = n
	start := len(*b) - r.Len()
	body := bytes.Clone((*b)[start : start+n])
	*b = (*b)[start+n:]
	p.ProtocolVersion = w.version[s.Conn]
	decoders := map[byte]func([]byte) error{
		packets.Connect: p.ConnectDecode, packets.Connack: p.ConnackDecode, packets.Publish: p.PublishDecode,
		packets.Puback: p.PubackDecode, packets.Pubrec: p.PubrecDecode, packets.Pubrel: p.PubrelDecode,
		packets.Pubcomp: p.PubcompDecode, packets.Subscribe: p.SubscribeDecode, packets.Suback: p.SubackDecode,
	}
	if unpack := decoders[p.FixedHeader.Type]; unpack != nil {
		if err := unpack(body); err != nil {
			panic(err)
		}
	}
	if p.FixedHeader.Type == packets.Connect {
		id := p.Connect.ClientIdentifier
		w.client[s.Conn], w.version[s.Conn] = id, p.ProtocolVersion
		w.conns[id]++
	}
	id := w.client[s.Conn]
	w.steps[id] = append(w.steps[id], p)
	return true
}

// has counts the packets of one type and direction on a client's connections for which all conditions hold.
func (w *wire) has(client string, dir decode.Direction, typ byte, conds ...func(p *step) bool) int {
	n := 0
next:
	for i := range w.steps[client] {
		p := &w.steps[client][i]
		if p.dir != dir || p.FixedHeader.Type != typ {
			continue
		}
		for _, c := range conds {
			if !c(p) {
				continue next
			}
		}
		n++
	}
	return n
}

func topic(name string) func(*step) bool { return func(p *step) bool { return p.TopicName == name } }
func qos(q byte) func(*step) bool        { return func(p *step) bool { return p.FixedHeader.Qos == q } }
func dup(p *step) bool                   { return p.FixedHeader.Dup }
func reason(code byte) func(*step) bool  { return func(p *step) bool { return p.ReasonCode == code } }
