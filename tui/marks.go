package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// marks are the handshakes that the user marked.
type marks struct {
	ids map[uint64]struct{}
	// from is the place where a range was begun, fromID the handshake there; 0 where none was.
	from   int
	fromID uint64
}

// maxMarks bounds them.
const maxMarks = 100_000

func markSign(g *theme.Glyphs) string {
	if g.ASCII {
		return "*"
	}
	return "◆"
}

func (k *marks) has(id uint64) bool { _, ok := k.ids[id]; return ok }

func (k *marks) set(id uint64) {
	if k.ids == nil {
		k.ids = map[uint64]struct{}{}
	}
	if len(k.ids) < maxMarks {
		k.ids[id] = struct{}{}
	}
}

func (m *Model) toggleMark() tea.Cmd {
	r := m.list.current()
	if m.marks.has(r.ID) {
		delete(m.marks.ids, r.ID)
	} else {
		m.marks.set(r.ID)
	}
	// What follows would take the cursor along: the next row is the next to mark.
	if m.list.cursor < m.list.matched-1 {
		return m.moveBy(1)
	}
	return nil
}

func (m *Model) noMarks() string {
	if len(m.marks.ids) == 0 && m.marks.fromID == 0 {
		return "nothing is marked"
	}
	return ""
}

func (m *Model) unmark() tea.Cmd {
	m.marks = marks{}
	m.say("no marks")
	return nil
}

type rangeMsg struct{ ids []uint64 }

// markRange begins a range, or marks all from its beginning to the cursor.
func (m *Model) markRange() tea.Cmd {
	r := m.list.current()
	if m.marks.fromID == 0 {
		m.marks.from, m.marks.fromID = m.list.cursor, r.ID
		m.say("range begins here: " + m.pen.keyOf("mark-range") + " marks up to the row it is pressed on")
		return nil
	}
	// Rows may have been evicted since: the beginning is where that handshake is now, if that is known.
	from := m.marks.from
	if i := m.list.find(m.marks.fromID); i >= 0 {
		from = m.list.first + i
	}
	begin := m.marks.fromID
	m.marks.from, m.marks.fromID = 0, 0
	lo, hi := min(from, m.list.cursor), max(from, m.list.cursor)
	q := watch.Query{Filter: m.filter.parsed, Order: m.sortedAs(), First: lo, Limit: min(hi-lo+1, maxRange)}
	backend, end := m.opt.Backend, r.ID
	if m.frozen || hi-lo < 200 {
		var ids []uint64
		for at := lo; at <= hi; at++ {
			if row := m.list.row(at); row != nil {
				ids = append(ids, row.ID)
			}
		}
		if len(ids) == hi-lo+1 || m.frozen {
			m.markAll(ids)
			return nil
		}
	}
	return func() tea.Msg {
		ids := []uint64{begin, end}
		for _, row := range backend.Snapshot(q).Rows {
			ids = append(ids, row.ID)
		}
		return rangeMsg{ids}
	}
}

// maxRange bounds the rows that are copied to mark a range.
const maxRange = 20_000

func (m *Model) markAll(ids []uint64) {
	for _, id := range ids {
		m.marks.set(id)
	}
	m.dirty = true
	m.say(count(len(m.marks.ids)) + " marked")
}

// sortedAs returns the order that the list has, nil for that of time.
func (m *Model) sortedAs() *watch.Order {
	if m.sort.plain() {
		return nil
	}
	return m.sort.order
}
