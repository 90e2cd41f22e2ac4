package tui

import (
	"slices"
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

// of returns the width of a column by its name.
func (c *listColumns) of(name string) *int {
	switch name {
	case "time":
		return &c.time
	case "client":
		return &c.client
	case "direction":
		return &c.arrow
	case "qos":
		return &c.qos
	case "id":
		return &c.id
	case "topic":
		return &c.topic
	case "timeline":
		return &c.line
	case "age":
		return &c.age
	case "flags":
		return &c.flags
	}
	return &c.state
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

// columnsFor fits the columns that are shown into width: they leave one after the other, least important first, and what is left over goes to
// those that can use it.
func columnsFor(width int, shown []string) listColumns {
	c := listColumns{time: 12, client: 12, arrow: 1, qos: 3, id: 5, topic: 21, state: 17, line: 16, age: 6, flags: 4}
	for _, name := range columnNames {
		if w := c.of(name); !slices.Contains(shown, name) && name != "state" {
			*w = 0
		}
	}
	leave := []struct {
		column *int
		to     int
	}{
		{&c.flags, 0}, {&c.time, 8}, {&c.client, 10}, {&c.line, 14}, {&c.topic, 17}, {&c.client, 9}, {&c.line, 12}, {&c.time, 0}, {&c.topic, 12},
		{&c.line, 10}, {&c.id, 0}, {&c.topic, 9}, {&c.line, 0}, {&c.qos, 0}, {&c.age, 0}, {&c.arrow, 0}, {&c.topic, 0}, {&c.client, 0},
	}
	for _, out := range leave {
		if c.total() <= width {
			break
		}
		*out.column = min(*out.column, out.to)
	}
	if c.total() > width {
		c.state = max(width-1, 1)
	}
	grow(&c, width-c.total())
	return c
}

// columnsFor fits the columns into the pane. What topics do not need goes to Client Identifiers that are cut, or the other way round, by the longest that
// were on the screen so far: widths do not change with every row.
func (l *list) columnsFor(width int) listColumns {
	c := columnsFor(width-l.margin, l.columns)
	lend := func(to, from *int, need, keep int) {
		if n := min(need-*to, *from-max(keep, len("CLIENT"))); n > 0 && *to > 0 {
			*to += n
			*from -= n
		}
	}
	lend(&c.client, &c.topic, l.widest.client, l.widest.topic)
	lend(&c.topic, &c.client, l.widest.topic, l.widest.client)
	return c
}

// longText is up to what a text may claim room.
const longText = 48

// widen takes note of how long the texts on the screen are.
func (l *list) widen() {
	rows := l.visible()
	for i := range rows {
		r := &rows[i]
		if l.widest.client < longText {
			l.widest.client = max(l.widest.client, min(cells(clientName(r)), longText))
		}
		if l.widest.topic < longText {
			l.widest.topic = max(l.widest.topic, min(cells(r.Topic), longText))
		}
	}
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
func (l *list) view(p *pen, now decode.Time, width, aside int, marked *marks, focused bool) []string {
	c := l.columnsFor(width)
	a := l.axis(c.line)
	out := make([]string, 0, l.height+1)
	out = append(out, l.head(p, &c, a, width))
	look := rowLook{c: &c, order: l.columns, a: a, now: now, width: width, aside: aside}
	for place := l.top; place < l.top+l.height && place < l.matched; place++ {
		r := l.row(place)
		if r == nil {
			out = append(out, newLine(width).put(p.th.Dim, " "+p.g.Waiting).full())
			continue
		}
		out = append(out, p.listRow(r, &look, marked.has(r.ID), place == l.cursor, focused))
	}
	return out
}

func (l *list) head(p *pen, c *listColumns, a axis, width int) string {
	o := newLine(width)
	for _, name := range l.columns {
		w := *c.of(name)
		if w == 0 {
			continue
		}
		title, right := strings.ToUpper(name), name == "id" || name == "age"
		switch name {
		case "direction", "flags":
			title = ""
		case "timeline":
			title = p.title(a)
		}
		mark, st := "", p.th.Dim
		if l.sortMark != nil {
			mark = l.sortMark(p, name)
		}
		if mark != "" {
			st = p.th.Key
		}
		o.put(st, columnTitle(mark, title, w, right))
	}
	return o.full()
}

// A rowLook is what the rows of a list have in common.
type rowLook struct {
	c            *listColumns
	order        []string
	a            axis
	now          decode.Time
	width, aside int
}

func (p *pen) listRow(r *watch.Row, look *rowLook, marked, selected, focused bool) string {
	o := newLine(look.width)
	o.flat = selected && focused
	mark := " "
	switch {
	case marked:
		mark = markSign(p.g)
	case selected && !focused:
		mark = p.g.Cursor
	}
	if r.Kind == 0 {
		o.put(p.th.Dim, mark+"no longer kept")
	} else {
		p.rowCells(o, r, look, mark)
	}
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

func (p *pen) rowCells(o *line, r *watch.Row, look *rowLook, first string) {
	c := look.c
	glyph, words, st := p.stateOf(r, c.state)
	// What is stuck is so over its whole row; of what is well only the state is in colour.
	text, times := p.th.Plain, p.th.Plain
	switch {
	case r.State.Open() && r.Severity >= handshake.Warn && !r.Unsure:
		text, times = st, st
	case !r.State.Open():
		times = p.th.Dim
	}
	cell := func(w int, style theme.Style, s string) {
		o.put(p.th.Plain, first)
		o.put(style, padRight(cut(s, w, p.g.Ellipsis), w))
		first = " "
	}
	for _, name := range look.order {
		w := *c.of(name)
		if w == 0 {
			continue
		}
		switch name {
		case "time":
			cell(w, times, dayTime(r.Started, look.now, p.loc, w < 12))
		case "client":
			cell(w, text, p.clientOf(r, w))
		case "direction":
			cell(w, text, p.arrow(r))
		case "qos":
			cell(w, text, kindWord(r.Kind))
		case "id":
			cell(w, text, padLeft(strconv.Itoa(int(r.PacketID)), w))
		case "topic":
			cell(w, text, p.topicFrom(r, w, look.aside))
		case "timeline":
			cell(w, st, p.timeline(look.a, r, look.now))
		case "age":
			cell(w, st, padLeft(ageWords(r, look.now), w))
		case "flags":
			cell(w, p.th.Dim, p.flags(r))
		default:
			cell(w, st, glyph+" "+words)
		}
	}
}

// topicFrom is the topic from a column on; its middle is left out only where it is not scrolled.
func (p *pen) topicFrom(r *watch.Row, width, aside int) string {
	if aside == 0 || r.Topic == "" || r.TopicUnknown {
		return p.topicOf(r, width)
	}
	return cut(scrolled(p.text.clean(r.Topic, width+aside), aside, p.g), width, p.g.Ellipsis)
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
