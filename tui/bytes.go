package tui

import (
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A packetPane shows one packet: its fields, and its bytes with those of the field under the cursor marked.
type packetPane struct {
	handshake uint64
	number    uint64 // of the packet in the list of packets, where it is shown from there
	step      int
	have      bool // the bytes were there when the packet was taken in
	title     string
	note      string // what is under the ladder's cursor, where that is no packet
	raw       watch.Raw
	wrong     string // the whole of what is wrong with it
	fields    []decode.Field
	cursor    int
	top       int
	names     int // cells of the longest name with what is before it
	above     int // lines above the fields, as drawn
	rows      int // fields in sight, as drawn
}

// takeFields takes the packet apart; the cursor is on what is wrong with it.
func (b *packetPane) takeFields() {
	b.fields = dissect(b.raw)
	for i := range b.fields {
		f := &b.fields[i]
		b.names = max(b.names, indent(f)+cells(f.Name))
	}
	b.moveTo(max(slices.IndexFunc(b.fields, func(f decode.Field) bool { return f.Err != "" }), 0))
}

// indent is how many cells are before the name of a field.
func indent(f *decode.Field) int { return 1 + 2*min(f.Depth, 8) }

// show takes in the packet at a line of a ladder; at the ghost it is the one that waits for it. Nothing is done where it is
// shown already.
func (b *packetPane) show(l *watch.Ladder, at *rung) {
	step, note := -1, ""
	if l != nil && at != nil {
		step, note = at.step, stepNote(at)
		if at.kind == rungGhost {
			step = len(l.Steps) - 1
		} else if at.kind != rungStep {
			step = -1
		}
	}
	if step < 0 || step >= len(l.Steps) {
		*b = packetPane{step: -1, note: note}
		return
	}
	var raw watch.Raw
	if step < len(l.Packets) {
		raw = l.Packets[step]
	}
	have := raw.Bytes != nil
	if b.handshake == l.ID && b.step == step && b.note == note && (b.have || !have) {
		return
	}
	*b = packetPane{handshake: l.ID, step: step, have: have, raw: raw, note: note}
	b.title = l.Steps[step].Type.String() + " id " + strconv.Itoa(int(l.PacketID))
	if have {
		b.takeFields()
	}
}

func (b *packetPane) moveBy(n int) { b.moveTo(b.cursor + n) }

func (b *packetPane) moveTo(i int) { b.cursor = max(0, min(i, len(b.fields)-1)) }

// view draws the fields above and the bytes below.
func (b *packetPane) view(p *pen, width, height, aside int, focused bool) []string {
	var out []string
	if b.note != "" {
		out = append(out, newLine(width).put(p.th.Ghost, " "+cut(b.note, width-2, p.g.Ellipsis)).full())
	}
	if b.step >= 0 {
		out = append(out, b.head(p, width))
	}
	for i, s := range wrap(p.text.safe(b.wrong), width-4) {
		mark := "   "
		if i == 0 {
			mark = " " + p.g.Slow + " "
		}
		if b.wrong != "" && i < max(height/4, 2) {
			out = append(out, newLine(width).put(p.th.Mistake, mark+s).full())
		}
	}
	if !b.have {
		return append(out, b.absent(p, width)...)
	}
	b.above = len(out)
	per := bytesPerLine(width)
	hexRows := (len(b.raw.Bytes) + per - 1) / per
	room := height - 1 - len(out)
	fieldRows := min(len(b.fields), max(room-hexRows, room*3/5))
	b.rows = fieldRows
	b.top = max(min(b.top, b.cursor), b.cursor-fieldRows+1)
	b.top = max(0, min(b.top, len(b.fields)-fieldRows))
	for i := b.top; i < min(b.top+fieldRows, len(b.fields)); i++ {
		out = append(out, b.fieldLine(p, i, width, aside, focused))
	}
	out = append(out, b.rule(p, width, focused))
	return append(out, b.hex(p, width, per, height-len(out))...)
}

// rule separates the bytes from the fields, and says where there are more of these.
func (b *packetPane) rule(p *pen, width int, focused bool) string {
	words, st := "", p.th.Dim
	switch hidden := len(b.fields) - b.rows; {
	case hidden > 0 && focused:
		words, st = " "+plural(b.top, "line")+" above, "+count(hidden-b.top)+" below ", p.th.Key
	case hidden > 0:
		words = " " + plural(hidden, "line") + " more: " + p.keyOf("other-pane") + " "
	}
	return newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-2-cells(words))).put(st, words).full()
}

func (b *packetPane) head(p *pen, width int) string {
	o := newLine(width).put(p.th.Plain, " ").put(p.th.Strong, b.title)
	if b.raw.Length > 0 {
		o.put(p.th.Dim, "  "+plural(b.raw.Length, "byte")+" on the wire")
	}
	if n := int64(len(b.raw.Bytes)); b.have && n < b.raw.Length {
		o.put(p.th.Dim, ", the first "+count(n)+" kept")
	}
	return o.full()
}

func (b *packetPane) absent(p *pen, width int) []string {
	words := "Move to a packet in the ladder to see its bytes."
	if b.step >= 0 {
		words = "The bytes of this packet are no longer kept."
	}
	return []string{newLine(width).put(p.th.Dim, " "+words).full()}
}

func (b *packetPane) fieldLine(p *pen, i, width, aside int, focused bool) string {
	f := &b.fields[i]
	o := newLine(width)
	o.flat = i == b.cursor && focused
	o.put(p.th.Plain, repeat(" ", indent(f)))
	names := min(max(b.names, 16), width*5/8)
	o.put(p.th.Dim, cut(f.Name, names-o.used, p.g.Ellipsis)).to(names)
	value := cutMiddle(scrolled(p.text.safe(f.Value), aside, p.g), width-o.used-1, p.g.Ellipsis)
	o.put(p.th.Plain, " ").put(p.th.Plain, value)
	if f.Err != "" {
		o.put(p.th.Mistake, "  "+p.g.Slow+" "+p.text.safe(f.Err))
	}
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

func bytesPerLine(width int) int {
	switch {
	case width >= 75:
		return 16
	case width >= 41:
		return 8
	}
	return 4
}

// hex draws at most rows lines of the dump, with the field under the cursor in view.
func (b *packetPane) hex(p *pen, width, per, rows int) []string {
	from, to := 0, 0
	if b.cursor < len(b.fields) {
		f := &b.fields[b.cursor]
		from, to = f.Offset, f.Offset+f.Length
	}
	total := (len(b.raw.Bytes) + per - 1) / per
	first := 0
	if line := from / per; line >= rows {
		first = min(line-1, max(total-rows, 0))
	}
	var out []string
	for i := first; i < total && len(out) < rows; i++ {
		out = append(out, hexLine(p, b.raw.Bytes, i*per, per, from, to, width))
	}
	return out
}

// hexLine draws per bytes from offset at: their place, the bytes, and what of them is ASCII.
func hexLine(p *pen, data []byte, at, per, from, to, width int) string {
	o := newLine(width).put(p.th.Dim, " "+hex4(at)+" ")
	chunk := data[at:min(at+per, len(data))]
	// The run of marked bytes is styled in one piece, with the spaces in it.
	lo, hi := min(max(from-at, 0), len(chunk)), min(max(to-at, 0), len(chunk))
	parts := []struct {
		data []byte
		st   theme.Style
	}{{chunk[:lo], p.th.Plain}, {chunk[lo:max(lo, hi)], p.th.Marked}, {chunk[max(lo, hi):], p.th.Plain}}
	for _, part := range parts {
		if len(part.data) > 0 {
			o.put(p.th.Plain, " ").put(part.st, hexBytes(part.data))
		}
	}
	o.to(6 + 3*per + 1)
	for _, part := range parts {
		o.put(part.st, printable(part.data))
	}
	return o.full()
}

func hex4(n int) string {
	return string([]byte{hexDigits[n>>12&15], hexDigits[n>>8&15], hexDigits[n>>4&15], hexDigits[n&15]})
}

func hexBytes(data []byte) string {
	out := make([]byte, 0, 3*len(data))
	for i, c := range data {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, hexDigits[c>>4], hexDigits[c&15])
	}
	return string(out)
}

func printable(data []byte) string {
	out := make([]byte, len(data))
	for i, c := range data {
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		out[i] = c
	}
	return string(out)
}

// stepNote says what the line under a ladder's cursor is, where that is no packet.
func stepNote(r *rung) string {
	switch r.kind {
	case rungStep:
		return ""
	case rungGhost:
		end := "client"
		if r.dir == decode.FromServer {
			end = "broker"
		}
		return "Not come yet: the " + end + " owes it. It would answer:"
	}
	return r.label
}
