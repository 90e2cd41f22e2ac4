package tui

import (
	"maps"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A topicPane is the tree of topics.
type topicPane struct {
	place
	shape   tableShape
	data    *watch.TopicList
	toggled map[uint64]bool // nodes that are not as they are by default
}

func (l *topicPane) query(f *filter.Topics, now time.Time) *watch.TopicQuery {
	return &watch.TopicQuery{Window: l.window(), Toggled: maps.Clone(l.toggled), Filter: f, Sort: sortOf[watch.TopicKey](&l.shape, topicColumns(), now)}
}

func (l *topicPane) sync(s *watch.TopicList) {
	if s == nil {
		return
	}
	l.data = s
	ids := make([]uint64, len(s.Rows))
	for i := range s.Rows {
		ids[i] = s.Rows[i].ID
	}
	l.place.sync(s.First, s.Shown, ids)
}

// current returns the row under the cursor, or nil.
func (l *topicPane) current() *watch.TopicRow {
	if i := l.index(); i >= 0 && l.data != nil {
		return &l.data.Rows[i]
	}
	return nil
}

// fold folds or unfolds the level under the cursor.
func (l *topicPane) fold(r *watch.TopicRow) {
	if l.toggled == nil {
		l.toggled = map[uint64]bool{}
	}
	if l.toggled[r.ID] {
		delete(l.toggled, r.ID)
		return
	}
	l.toggled[r.ID] = true
}

// toParent puts the cursor on the level above that under the cursor.
func (l *topicPane) toParent(r *watch.TopicRow) {
	for i := l.index() - 1; i >= 0; i-- {
		if l.data.Rows[i].Depth < r.Depth {
			l.moveTo(l.first + i)
			return
		}
	}
	if r.Depth > 0 && l.first > 0 {
		l.moveTo(l.first - 1) // its place is beyond the window: nearer to it
	}
}

// The columns of the tree, in their order.
const (
	topicName = iota
	topicRateIn
	topicRateOut
	topicQoS0
	topicQoS1
	topicQoS2
	topicOpen
	topicStuck
	topicP50
	topicP99
	topicMax
	topicBytes
	topicLast
)

func topicColumns() []tableColumn {
	number := func(id, name string, width, rank int, key watch.TopicKey, note string) tableColumn {
		return tableColumn{id: id, note: note, name: name, width: width, right: true, rank: rank, key: uint8(key)}
	}
	return []tableColumn{
		topicName:    {id: "topic", note: "the level, by name", name: "TOPIC", width: 22, most: 70},
		topicRateIn:  number("rate-out", "→ /S", 5, 3, watch.TopicsByRate, "PUBLISH a second to the broker"),
		topicRateOut: number("rate-in", "← /S", 5, 4, watch.TopicsByRateIn, "PUBLISH a second from the broker"),
		topicQoS0:    number("qos0", "QOS0", 5, 5, watch.TopicsByQoS0, "PUBLISH with QoS 0"),
		topicQoS1:    number("qos1", "QOS1", 5, 5, watch.TopicsByQoS1, "PUBLISH with QoS 1"),
		topicQoS2:    number("qos2", "QOS2", 5, 5, watch.TopicsByQoS2, "PUBLISH with QoS 2"),
		topicOpen:    number("open", "OPEN", 5, 2, watch.TopicsByOpen, "handshakes that wait for a packet"),
		topicStuck:   number("stuck", "STUCK", 6, 0, watch.TopicsByStuck, "handshakes that are overdue"),
		topicP50:     number("p50", "P50", 6, 7, watch.TopicsByP50, "half took no longer, from PUBLISH to the last answer"),
		topicP99:     number("p99", "P99", 6, 1, watch.TopicsByP99, "99 of 100 took no longer"),
		topicMax:     number("max", "MAX", 6, 8, watch.TopicsByMax, "the longest"),
		topicBytes:   number("bytes", "BYTES", 7, 9, watch.TopicsByBytes, "of PUBLISH packets"),
		topicLast:    number("last", "LAST", 6, 6, watch.TopicsByLast, "since the last PUBLISH"),
	}
}

// view draws the tree.
//
//	TOPIC             → /S  ← /S  QOS0  QOS1  QOS2  OPEN  STUCK    P99
//	▾ plant           12.1  11.9   820   412    96     3         43ms
//	  ▾ a              2.0   2.0   …
//	    temp
func (l *topicPane) view(p *pen, now decode.Time, f *filterState, width, height int, focused bool) []string {
	if l.data != nil && l.total == 0 && l.data.Topics > 0 {
		return noMatch(p, f, width, height, "topic", l.data.Topics)
	}
	if p.unsubscribed && (l.data == nil || l.total == 0) {
		return emptyPane(p, width, height, "No topics yet", p.startWith())
	}
	if l.data == nil || l.total == 0 {
		return emptyPane(p, width, height, "No topics yet", "A topic shows with the first PUBLISH to it. A subscription alone has none.")
	}
	l.resize(rowsOf(paneTopics, height))
	t := l.shape.fit(topicColumns(), width)
	out := []string{t.head(p, width, &l.shape)}
	out = append(out, l.lines(p, width, func(i int, selected bool) string {
		r := &l.data.Rows[i]
		return t.row(p, width, rowMark{selected, focused, l.marked.has(l.ids[i])}, func(c, w int) (string, theme.Style) { return p.topicCell(r, c, w, now) })
	})...)
	out = fit(out, width, height-1)
	return append(out, l.foot(p, f, width))
}

// foot tells the whole topic under the cursor.
func (l *topicPane) foot(p *pen, f *filterState, width int) string {
	words := " " + plural(l.data.Topics, "level") + " "
	if f.topics != nil {
		words = " " + plural(l.data.Matched, "topic") + " of the filter counted, " + plural(l.data.Topics, "level") + " in all "
	}
	if n := l.data.Pruned; n > 0 {
		words += p.g.Dot + " " + count(n) + " silent ones not kept "
	}
	o := newLine(width)
	if r := l.current(); r != nil {
		name := topicPath(p, r, width)
		o.put(p.th.Strong, " "+cutMiddle(name, width-cells(words)-2, p.g.Ellipsis))
	}
	return o.to(width-cells(words)).put(p.th.Dim, words).full()
}

func topicPath(p *pen, r *watch.TopicRow, width int) string {
	if r.Unknown {
		return p.g.Late + " behind Topic Aliases set before the capture"
	}
	s := p.text.clean(r.Path, width)
	if r.Children > 0 {
		s += "/..."
	}
	return s
}

func (p *pen) topicCell(r *watch.TopicRow, column, width int, now decode.Time) (string, theme.Style) {
	number := func(n uint64) (string, theme.Style) {
		if n == 0 {
			return p.g.Dot, p.th.Dim
		}
		return short(n), p.th.Plain
	}
	rate := func(v float64) (string, theme.Style) {
		if s := perSecond(v); s != "0" {
			return s, p.th.Plain
		}
		return p.g.Dot, p.th.Dim
	}
	switch column {
	case topicName:
		return p.topicName(r, width), p.th.Plain
	case topicRateIn, topicRateOut:
		return rate(r.Rate[column-topicRateIn])
	case topicQoS0, topicQoS1, topicQoS2:
		q := column - topicQoS0
		return number(r.Publish[0][q] + r.Publish[1][q])
	case topicOpen:
		return number(uint64(r.Open))
	case topicStuck:
		if r.Stuck > 0 {
			return p.g.Slow + " " + short(uint64(r.Stuck)), p.th.Overdue
		}
		return p.g.Dot, p.th.Dim
	case topicBytes:
		return size(r.Bytes), p.th.Plain
	case topicLast:
		return age(now.Sub(r.Last)), p.th.Plain
	}
	if r.Answered == 0 {
		return p.g.Dot, p.th.Dim
	}
	switch column {
	case topicP50:
		return took(r.P50), p.th.Plain
	case topicP99:
		return took(r.P99), p.th.Plain
	}
	return took(r.Max), p.th.Plain
}

// topicName is a level as the tree shows it. The level before the first / of "/a" is empty.
func (p *pen) topicName(r *watch.TopicRow, width int) string {
	mark := " "
	switch {
	case r.Unfolded:
		mark = p.g.Unfolded
	case r.Children > 0:
		mark = p.g.Folded
	}
	indent := strings.Repeat("  ", min(r.Depth, max(width/4, 1)))
	room := max(width-cells(indent)-2, 4)
	name := p.text.clean(r.Level, room)
	switch {
	case r.Unknown:
		name = p.g.Late + " (alias)"
	case r.Level == "":
		name = "(empty)"
	}
	return indent + mark + " " + cutMiddle(name, room, p.g.Ellipsis)
}
