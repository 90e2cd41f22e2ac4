package tui

import (
	"cmp"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A place is the cursor and the scrolling of a list of which windows come with each Snapshot; rows have IDs.
type place struct {
	height      int // rows that are visible
	cursor, top int
	selected    uint64 // the row under the cursor, 0 while it is not known
	seek        uint64 // the row that the cursor is to go to once it comes, 0 for none
	first       int    // place of the first row of the window
	total       int
	ids         []uint64 // of the rows of the window
	follow      bool
	bound       bool   // the cursor stays within the window: no other comes
	marked      *marks // of its rows; nil where they cannot be marked
}

// window asks for the rows on the screen, and as many before and after.
func (l *place) window() watch.Window {
	h := max(l.height, 1)
	w := watch.Window{First: max(0, l.top-h), Limit: 3 * h, Around: cmp.Or(l.seek, l.selected)}
	w.AroundRow = l.cursor - w.First
	return w
}

// frozen asks for the rows to keep while the view is frozen.
func (l *place) frozen() watch.Window {
	w := l.window()
	w.First, w.Limit = max(0, w.First-frozenRows/2), frozenRows
	w.AroundRow = l.cursor - w.First
	return w
}

// sync takes a window in, and keeps the cursor on its row.
func (l *place) sync(first, total int, ids []uint64) {
	l.first, l.total, l.ids = first, total, ids
	if l.follow {
		l.cursor, l.seek = total-1, 0
		l.clamp()
		return
	}
	if l.seek != 0 && slices.Contains(ids, l.seek) {
		l.selected, l.seek = l.seek, 0
	}
	for i, id := range ids {
		if id == l.selected && id != 0 {
			shift := first + i - l.cursor
			l.cursor += shift
			l.top += shift
			break
		}
	}
	l.clamp()
}

func (l *place) clamp() {
	from, to := 0, l.total
	if l.bound {
		from, to = l.first, l.first+len(l.ids)
	}
	h := max(l.height, 1)
	l.cursor = max(from, min(l.cursor, to-1))
	l.top = max(min(l.top, l.cursor), l.cursor-h+1)
	l.top = max(from, min(l.top, to-h))
	l.selected = 0
	if i := l.index(); i >= 0 {
		l.selected = l.ids[i]
	}
}

// index returns which row of the window is under the cursor, or -1.
func (l *place) index() int {
	if i := l.cursor - l.first; i >= 0 && i < len(l.ids) {
		return i
	}
	return -1
}

func (l *place) moveTo(i int) {
	l.follow = l.follow && i >= l.total-1
	l.cursor, l.seek = i, 0
	l.clamp()
}

func (l *place) moveBy(n int) { l.moveTo(l.cursor + n) }

func (l *place) resize(height int) {
	if height = max(height, 1); l.height != height {
		l.height = height
		l.clamp()
	}
}

// lines draws the rows on the screen: draw gives that at a place of the window, in width cells.
func (l *place) lines(p *pen, width int, draw func(i int, selected bool) string) []string {
	var out []string
	for at := l.top; at < min(l.top+l.height, l.total); at++ {
		if i := at - l.first; i >= 0 && i < len(l.ids) {
			out = append(out, draw(i, at == l.cursor))
			continue
		}
		out = append(out, newLine(width).put(p.th.Dim, " "+p.g.Waiting).full())
	}
	return out
}
