package tui

import (
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// listColumns are the widths of the columns; 0 is a column that has left. STATE never leaves.
type listColumns struct {
	time, client, arrow, qos, id, topic, state, line, age, flags int
}

// total is the width of all columns, with a space before each, and one more after the arrow's.
func (c listColumns) total() int {
	sum := 0
	for _, w := range []int{c.time, c.client, c.arrow, c.qos, c.id, c.topic, c.state, c.line, c.age, c.flags} {
		if w > 0 {
			sum += w + 1
		}
	}
	return sum
}

// columnsFor fits the columns into width: they leave one after the other, least important first, and what is left over goes to those
// that can use it.
func columnsFor(width int) listColumns {
	c := listColumns{time: 12, client: 12, arrow: 1, qos: 3, id: 5, topic: 21, state: 17, line: 16, age: 6, flags: 4}
	leave := []func(){
		func() { c.flags = 0 },
		func() { c.time = 8 },
		func() { c.client = 10 },
		func() { c.line = 14 },
		func() { c.topic = 17 },
		func() { c.client = 9 },
		func() { c.line = 12 },
		func() { c.time = 0 },
		func() { c.topic = 12 },
		func() { c.line = 10 },
		func() { c.id = 0 },
		func() { c.topic = 9 },
		func() { c.line = 0 },
		func() { c.qos = 0 },
		func() { c.age = 0 },
		func() { c.arrow = 0 },
		func() { c.topic = 0 },
		func() { c.client = 0 },
	}
	for _, out := range leave {
		if c.total() <= width {
			break
		}
		out()
	}
	if c.total() > width {
		c.state = max(width-1, 1)
	}
	grow(&c, width-c.total())
	return c
}

// grow hands out what is left over: to each column up to what it can use, then to the timeline.
func grow(c *listColumns, left int) {
	give := func(w *int, most int) {
		if *w == 0 {
			return
		}
		n := max(0, min(left, most-*w))
		*w += n
		left -= n
	}
	give(&c.topic, 19)
	give(&c.client, 12)
	give(&c.line, 20)
	give(&c.topic, 22)
	give(&c.client, 14)
	give(&c.line, 27)
	give(&c.topic, 32)
	give(&c.state, 26)
	give(&c.client, 20)
	give(&c.topic, 48)
	if c.line > 0 {
		give(&c.line, c.line+left)
	}
	give(&c.topic, c.topic+left)
	give(&c.state, c.state+left)
}

// view draws the list: its head and the rows on the screen.
//
//	TIME          CLIENT          QOS   ID  TOPIC         STATE            ├──── last 10 s ────┤    AGE
//	12:01:33.120  sensor-7   →    Q2    17  plant/a/temp  ✓ complete                 P─R─L─C       43ms
//	12:01:34.002  pump-2     ←    Q1     4  cmd/pump-2    ✗ PUBACK owed              P┄┄┄┄┄┄┄✗     8.2s
func (l *list) view(p *pen, now decode.Time, width int, focused bool) []string {
	c := columnsFor(width)
	a := l.axis(c.line)
	out := make([]string, 0, l.height+1)
	out = append(out, l.head(p, c, a, width))
	for place := l.top; place < l.top+l.height && place < l.matched; place++ {
		r := l.row(place)
		if r == nil {
			out = append(out, newLine(width).put(p.th.Dim, " "+p.g.Waiting).full())
			continue
		}
		out = append(out, p.listRow(r, c, a, now, width, place == l.cursor, focused))
	}
	return out
}

func (l *list) head(p *pen, c listColumns, a axis, width int) string {
	o := newLine(width)
	cell := func(w int, s string) {
		if w > 0 {
			o.put(p.th.Dim, " "+padRight(cut(s, w, ""), w))
		}
	}
	cell(c.time, "TIME")
	cell(c.client, "CLIENT")
	cell(c.arrow, " ")
	cell(c.qos, "QOS")
	if c.id > 0 {
		cell(c.id, padLeft("ID", c.id))
	}
	cell(c.topic, "TOPIC")
	cell(c.state, "STATE")
	if c.line > 0 {
		cell(c.line, p.title(a))
	}
	if c.age > 0 {
		cell(c.age, padLeft("AGE", c.age))
	}
	cell(c.flags, "")
	return o.full()
}

func (p *pen) listRow(r *watch.Row, c listColumns, a axis, now decode.Time, width int, selected, focused bool) string {
	o := newLine(width)
	o.flat = selected && focused
	mark := " "
	if selected && !focused {
		mark = p.g.Cursor
	}
	glyph, words, st := p.stateOf(r, c.state)
	// What is stuck is so over its whole row; of what is well only the state is in colour.
	text, times := p.th.Plain, p.th.Plain
	switch {
	case r.State.Open() && r.Severity >= handshake.Warn && !r.Unsure:
		text, times = st, st
	case !r.State.Open():
		times = p.th.Dim
	}
	first := mark
	cell := func(w int, style theme.Style, s string) {
		if w > 0 {
			o.put(p.th.Plain, first)
			o.put(style, padRight(cut(s, w, p.g.Ellipsis), w))
			first = " "
		}
	}
	cell(c.time, times, clockTime(r.Started, p.loc, c.time < 12))
	cell(c.client, text, p.clientOf(r, c.client))
	cell(c.arrow, text, p.arrow(r))
	cell(c.qos, text, kindWord(r.Kind))
	cell(c.id, text, padLeft(strconv.Itoa(int(r.PacketID)), c.id))
	cell(c.topic, text, p.topicOf(r, c.topic))
	cell(c.state, st, glyph+" "+words)
	cell(c.line, st, p.timeline(a, r, now))
	cell(c.age, st, padLeft(ageWords(r, now), c.age))
	cell(c.flags, p.th.Dim, p.flags(r))
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

func (p *pen) topicOf(r *watch.Row, width int) string {
	switch {
	case r.TopicUnknown:
		return p.g.Late + " (alias)"
	case r.Topic == "":
		return p.g.Late
	}
	return cutMiddle(p.text.clean(r.Topic, width), width, p.g.Ellipsis)
}

func ageWords(r *watch.Row, now decode.Time) string {
	d := rowAge(r, now)
	if d < 0 {
		return "-"
	}
	return age(d)
}

// blankLines returns n lines of spaces.
func blankLines(n, width int) []string {
	out := make([]string, max(n, 0))
	blank := strings.Repeat(" ", max(width, 0))
	for i := range out {
		out[i] = blank
	}
	return out
}
