package filter

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Since returns a filter that chooses, of what f chooses, what began after t or is still open. String tells it from f, but what it adds is no text that
// could be parsed.
func (f *Filter) Since(t decode.Time) *Filter {
	text, root := since(f.String(), t, func(h *handshake.Handshake, _ decode.Time) bool { return h.Started() > t || h.State.Open() })
	if f != nil && f.root != nil {
		root = allOf[*handshake.Handshake]{f.root, root}
	}
	return &Filter{text, root}
}

// Since is Filter.Since for deliveries: those that are not settled are still open.
func (f *Deliveries) Since(t decode.Time) *Deliveries {
	text, root := since(f.String(), t, func(m *delivery.Message, _ decode.Time) bool { return m.At > t || m.Settled == 0 })
	if f != nil {
		root = allOf[*delivery.Message]{f.root, root}
	}
	return &Deliveries{text, root}
}

// Since is Filter.Since for packets, none of which is open.
func (f *Packets) Since(t decode.Time) *Packets {
	text, root := since(f.String(), t, func(p *Packet, _ decode.Time) bool { return p.Time > t })
	if f != nil {
		root = allOf[*Packet]{f.root, root}
	}
	return &Packets{text, root}
}

func since[T any](text string, t decode.Time, test testOf[T]) (string, node[T]) {
	name := "since " + t.Std().UTC().Format(time.RFC3339Nano)
	if text != "" {
		text += " "
	}
	return text + "(" + name + ")", leaf[T]{quote(name), test}
}
