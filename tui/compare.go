package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A markedPacket is a packet of a ladder that another is to be compared with. It is kept with its bytes, so that both may be of different
// handshakes.
type markedPacket struct {
	handshake uint64
	step      handshake.Step
	place     int
	raw       watch.Raw
	name      string
}

func (m *Model) noPacket() string {
	return why(m.packetHere() == nil, "there is no packet on this line")
}

// packetHere is the packet under the ladder's cursor, or nil.
func (m *Model) packetHere() *markedPacket {
	l := &m.ladder
	if l.data == nil || l.cursor < 0 || l.cursor >= len(l.rungs) || l.rungs[l.cursor].kind != rungStep {
		return nil
	}
	r := &l.rungs[l.cursor]
	if r.step >= len(l.data.Steps) {
		return nil
	}
	k := &markedPacket{handshake: l.id, step: l.data.Steps[r.step], place: r.step}
	k.name = k.step.Type.String() + " id " + count(int(l.data.PacketID)) + " of " + clockTime(k.step.Time, m.pen.loc, false)
	if r.step < len(l.data.Packets) {
		k.raw = l.data.Packets[r.step]
	}
	return k
}

// comparePacket marks the packet under the cursor, or compares it with the one that is marked.
func (m *Model) comparePacket() tea.Cmd {
	here, first := m.packetHere(), m.ladder.marked
	switch {
	case first == nil:
		m.ladder.marked = here
		m.say("marked; " + m.pen.keyOf("mark-packet") + " on another packet compares the two")
		return nil
	case first.handshake == here.handshake && first.place == here.place:
		m.ladder.marked = nil
		m.say("mark taken away")
		return nil
	}
	m.ladder.marked = nil
	return m.openOver(&sheet{title: "Two packets compared", lines: func(p *pen, width int) []textLine {
		return p.difference(first, here, width)
	}})
}

// difference is the time between two packets, and the fields in which they differ.
//
//	first   PUBLISH id 17 of 12:01:33.120
//	second  PUBLISH id 17 of 12:01:38.121, 5.0s later
//	~ Flags / DUP            0                 1
func (p *pen) difference(a, b *markedPacket, width int) []textLine {
	apart, word := b.step.Time.Sub(a.step.Time), "later"
	if apart < 0 {
		apart, word = -apart, "earlier"
	}
	out := []textLine{{" first   " + a.name, p.th.Plain}, {" second  " + b.name + ", " + age(apart) + " " + word, p.th.Plain}}
	if a.raw.Bytes == nil || b.raw.Bytes == nil {
		return append(out, textLine{" The bytes of at least one of them are no longer kept.", p.th.Dim})
	}
	names := min(width/3, 34)
	values := max((width-names-8)/2, 8)
	same := 0
	for _, d := range diffFields(dissect(a.raw), dissect(b.raw)) {
		if d.a == d.b {
			same++
			continue
		}
		cell := func(s string) string {
			return padRight(cutMiddle(p.text.safe(s), values, p.g.Ellipsis), values)
		}
		out = append(out, textLine{" " + padRight(cutMiddle(p.text.safe(d.name), names, p.g.Ellipsis), names) + "  " + cell(d.a) + "  " + cell(d.b), p.th.Strong})
	}
	words := " " + count(same) + " fields are the same."
	if len(out) == 2 {
		words = " All " + count(same) + " fields are the same."
	}
	return append(out, textLine{words, p.th.Dim})
}

type fieldDiff struct{ name, a, b string }

// absentField stands where one packet does not have a field.
const absentField = "(not there)"

// diffFields pairs the fields of two packets by their path, in the order of the first.
func diffFields(a, b []decode.Field) []fieldDiff {
	left, order := fieldPaths(a)
	right, more := fieldPaths(b)
	var out []fieldDiff
	for _, path := range order {
		value, ok := right[path]
		if !ok {
			value = absentField
		}
		out = append(out, fieldDiff{path, left[path], value})
	}
	for _, path := range more {
		if !slices.Contains(order, path) {
			out = append(out, fieldDiff{path, absentField, right[path]})
		}
	}
	return out
}

// fieldPaths names each field by those that it is in; one that is there again has a number.
func fieldPaths(fields []decode.Field) (values map[string]string, order []string) {
	values = map[string]string{}
	var stack []string
	for _, f := range fields {
		stack = append(stack[:min(f.Depth, len(stack))], f.Name)
		path := strings.Join(stack, " / ")
		for n, base := 2, path; ; n++ {
			if _, taken := values[path]; !taken {
				break
			}
			path = base + " " + count(n)
		}
		values[path] = f.Value
		order = append(order, path)
	}
	return values, order
}
