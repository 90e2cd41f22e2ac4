package tui

import (
	"cmp"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// autoZoom leaves the choice of the time axis to the list.
const autoZoom = -1

// A list is the cursor, the scrolling and the time axis of the list of handshakes. Places count among the handshakes
// that the filter chose, oldest first; what is there comes in windows, with each Snapshot.
type list struct {
	height      int // rows that are visible
	cursor, top int
	selected    uint64 // the handshake under the cursor, 0 while it is not known
	follow      bool
	seek        uint64 // a handshake to put the cursor on as soon as a Snapshot holds it

	matched int
	first   int
	rows    []watch.Row

	now      decode.Time
	zoom     int // place in spans, or autoZoom
	autoSpan int
	edge     decode.Time // right end of the time axis
	live     bool
	columns  []string // shown, in that order
	margin   int      // blank cells at the right
	bound    bool     // the cursor stays within the window: no other comes
	// widest are the longest texts that were on the screen.
	widest struct{ client, topic int }
	// sortMark is what stands behind the title of a column; nil for nothing.
	sortMark func(p *pen, column string) string
}

func newList() list {
	return list{follow: true, zoom: autoZoom, autoSpan: -1, columns: columnNames}
}

// query adds what the list needs to q: the rows on the screen, and as many before and after, so that a page down shows
// its rows at once.
func (l *list) query(q *watch.Query) {
	h := max(l.height, 1)
	switch {
	case l.seek != 0:
		q.Around, q.AroundRow = l.seek, h+h/2
		q.First, q.Limit = max(0, l.cursor-h), 3*h
	case l.follow:
		q.Follow, q.Limit = true, 2*h
	default:
		q.First, q.Limit = max(0, l.top-h), 3*h
		q.Around, q.AroundRow = l.selected, l.cursor-q.First
	}
}

// sync takes a Snapshot in, which was asked for with seek. It reports false where it lacks the handshake that is sought.
func (l *list) sync(s *watch.Snapshot, seek uint64) bool {
	l.matched, l.first, l.rows = s.Matched, s.First, s.Rows
	l.live, l.now = alive(s.Sources), s.Now
	found := true
	switch {
	case l.seek != 0 && seek == l.seek:
		found = l.land()
	case l.follow:
		l.cursor = l.matched - 1
	default:
		l.anchor()
	}
	l.clamp()
	l.widen()
	return found
}

// anchor moves the list so that the handshake under the cursor stays on its line, whatever was evicted before it.
func (l *list) anchor() {
	if l.selected == 0 {
		return
	}
	if i := l.find(l.selected); i >= 0 {
		shift := l.first + i - l.cursor
		l.cursor += shift
		l.top += shift
	}
}

// land puts the cursor on the handshake that is sought. It reports whether that is in the window.
func (l *list) land() bool {
	i := l.find(l.seek)
	l.seek = 0
	if i < 0 {
		return false
	}
	l.cursor = l.first + i
	l.top = l.cursor - l.height/2
	l.selected = l.rows[i].ID
	return true
}

// find returns the place of a handshake in the window, or -1.
func (l *list) find(id uint64) int {
	return slices.IndexFunc(l.rows, func(r watch.Row) bool { return r.ID == id })
}

// clamp keeps cursor and top within what there is, and takes note of what is under the cursor.
func (l *list) clamp() {
	l.cursor = min(max(l.cursor, 0), max(l.matched-1, 0))
	h := max(l.height, 1)
	from, to := 0, l.matched
	if l.bound {
		from, to = l.first, l.first+len(l.rows)
		l.cursor = min(max(l.cursor, from), max(to-1, from))
	}
	l.top = min(l.top, l.cursor)
	l.top = max(l.top, l.cursor-h+1)
	l.top = max(from, min(l.top, to-h))
	l.selected = 0
	if r := l.row(l.cursor); r != nil {
		l.selected = r.ID
	}
	l.measure()
}

// row returns the row at a place, or nil where the window does not hold it.
func (l *list) row(place int) *watch.Row {
	if i := place - l.first; i >= 0 && i < len(l.rows) {
		return &l.rows[i]
	}
	return nil
}

// current returns the row under the cursor, or nil.
func (l *list) current() *watch.Row { return l.row(l.cursor) }

// moveTo puts the cursor on a place; following ends, unless it is the last.
func (l *list) moveTo(place int) {
	l.cursor = place
	l.follow = l.follow && place >= l.matched-1
	l.clamp()
}

// moveBy moves the cursor by n rows.
func (l *list) moveBy(n int) { l.moveTo(l.cursor + n) }

// followNewest puts the cursor on the newest row and keeps it there.
func (l *list) followNewest() {
	l.follow = true
	l.cursor = l.matched - 1
	l.clamp()
}

// scrollBy moves the window and takes the cursor along only as far as it must.
func (l *list) scrollBy(n int) {
	h := max(l.height, 1)
	top := max(0, min(l.top+n, l.matched-h))
	cursor := min(max(l.cursor, top), top+h-1)
	l.follow = l.follow && cursor >= l.matched-1 && n > 0
	l.cursor, l.top = cursor, top
	l.clamp()
}

// resize sets how many rows are visible.
func (l *list) resize(height int) {
	if l.height == height {
		return
	}
	l.height = height
	l.clamp()
}

// visible returns the part of the window that is on the screen.
func (l *list) visible() []watch.Row {
	from := min(max(l.top-l.first, 0), len(l.rows))
	to := min(max(l.top+l.height-l.first, from), len(l.rows))
	return l.rows[from:to]
}

// measure chooses the time axis for the rows on the screen.
func (l *list) measure() {
	rows := l.visible()
	l.edge = l.now
	if !l.live || !l.follow {
		l.edge = lastActivity(rows, l.now)
	}
	want := spanFor(l.wanted(rows))
	// The axis grows when it must, and shrinks only when it is much too wide: it is not to jump with every row.
	if l.autoSpan < 0 || want > l.autoSpan || want < l.autoSpan-2 || !l.live {
		l.autoSpan = want
	}
}

// wanted is how long an axis shows most of the rows from their beginning: a few that wait for ages are not to press the
// others into one column.
func (l *list) wanted(rows []watch.Row) time.Duration {
	least := time.Second
	if l.live && l.follow {
		least = 10 * time.Second
	}
	starts := make([]decode.Time, 0, len(rows))
	for i := range rows {
		starts = append(starts, rows[i].Started)
	}
	if len(starts) == 0 {
		return least
	}
	slices.SortFunc(starts, cmp.Compare)
	return max(least, l.edge.Sub(starts[len(starts)/4])*21/20)
}

func lastActivity(rows []watch.Row, now decode.Time) decode.Time {
	var last decode.Time
	for i := range rows {
		last = max(last, rows[i].Started)
		if n := len(rows[i].Steps); n > 0 {
			last = max(last, rows[i].Steps[n-1].Time)
		}
	}
	if last == 0 {
		return now
	}
	return last
}

// zoomBy makes the axis n steps wider; below 0 it becomes narrower.
func (l *list) zoomBy(n int) {
	l.zoom = min(max(l.span()+n, 0), len(spans)-1)
}

func (l *list) span() int {
	if l.zoom != autoZoom {
		return l.zoom
	}
	return max(l.autoSpan, 0)
}

func (l *list) axis(width int) axis {
	return axis{end: l.edge, span: spans[l.span()], width: width, live: l.live && l.follow}
}

// alive reports whether any source may still bring something.
func alive(sources []decode.SourceStats) bool {
	return slices.ContainsFunc(sources, func(s decode.SourceStats) bool {
		return s.State != "ended" && s.State != "failed"
	})
}
