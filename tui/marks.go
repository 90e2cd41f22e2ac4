package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// marks are the rows of a list that the user marked.
type marks struct {
	ids map[uint64]struct{}
	// from is the place where a range was begun, fromID the row there; 0 where none was.
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

func (k *marks) has(id uint64) bool {
	if k == nil {
		return false
	}
	_, ok := k.ids[id]
	return ok
}

func (k *marks) set(id uint64) {
	if k.ids == nil {
		k.ids = map[uint64]struct{}{}
	}
	if len(k.ids) < maxMarks {
		k.ids[id] = struct{}{}
	}
}

// marks are those of the list that is shown: each has its own.
func (m *Model) marks() *marks { return &m.marked[m.filter.kind] }

// onMarkable is where rows can be marked. Alerts are acknowledged instead.
func onMarkable(m *Model) bool { return onList(m) || m.table() != nil && m.focus == 0 }

// rowHere is the ID of the row under the cursor, 0 where there is none, and its place in the list of so many.
func (m *Model) rowHere() (id uint64, place, total int) {
	if k := m.table(); k != nil {
		l := k.place(&m.survey)
		return l.selected, l.cursor, l.total
	}
	return m.list.selected, m.list.cursor, m.list.matched
}

func (m *Model) nothingToMark() string {
	id, _, _ := m.rowHere()
	return why(id == 0, "there is no row to mark")
}

func (m *Model) toggleMark() tea.Cmd {
	id, place, total := m.rowHere()
	if m.marks().has(id) {
		delete(m.marks().ids, id)
	} else {
		m.marks().set(id)
	}
	// What follows would take the cursor along: the next row is the next to mark.
	if place < total-1 {
		return m.moveBy(1)
	}
	return nil
}

func (m *Model) noMarks() string {
	if k := m.marks(); len(k.ids) == 0 && k.fromID == 0 {
		return "nothing is marked"
	}
	return ""
}

func (m *Model) unmark() tea.Cmd {
	*m.marks() = marks{}
	m.say("no marks")
	return nil
}

type rangeMsg struct {
	of  filterKind
	ids []uint64
}

// markRange begins a range, or marks all from its beginning to the cursor.
func (m *Model) markRange() tea.Cmd {
	id, here, _ := m.rowHere()
	k := m.marks()
	if k.fromID == 0 {
		k.from, k.fromID = here, id
		m.say("range begins here: " + m.pen.keyOf("mark-range") + " marks up to the row it is pressed on")
		return nil
	}
	// Rows may have been evicted since: the beginning is where that row is now, if that is known.
	ids, first := m.window()
	from := k.from
	if i := slices.Index(ids, k.fromID); i >= 0 {
		from = first + i
	}
	begin := k.fromID
	k.from, k.fromID = 0, 0
	lo, hi := min(from, here), max(from, here)
	in := func(at int) int { return max(0, min(at-first, len(ids))) }
	if known := ids[in(lo):in(hi+1)]; len(known) == hi-lo+1 || m.frozen {
		m.markAll(rangeMsg{m.filter.kind, slices.Clone(known)})
		return nil
	}
	ask, backend, of := m.rangeQuery(lo, min(hi-lo+1, maxRange)), m.opt.Backend, m.filter.kind
	return func() tea.Msg { return rangeMsg{of, append(idsOf(backend.Snapshot(ask), of), begin, id)} }
}

// maxRange bounds the rows that are copied to mark a range.
const maxRange = 20_000

// window is the rows of the list that are at hand, by their IDs, and the place of the first.
func (m *Model) window() (ids []uint64, first int) {
	if k := m.table(); k != nil {
		l := k.place(&m.survey)
		return l.ids, l.first
	}
	for i := range m.list.rows {
		ids = append(ids, m.list.rows[i].ID)
	}
	return ids, m.list.first
}

// rangeQuery asks for so many rows of the list that is shown.
func (m *Model) rangeQuery(first, limit int) watch.Query {
	if m.table() == nil {
		return watch.Query{Filter: m.filter.parsed, Order: m.sortedAs(), First: first, Limit: limit}
	}
	var q watch.Query
	m.querySurvey(&q, false)
	w := watch.Window{First: first, Limit: limit}
	switch {
	case q.Sessions != nil:
		q.Sessions.Window = w
	case q.Topics != nil:
		q.Topics.Window = w
	case q.Packets != nil:
		q.Packets.Window, q.Packets.Follow = w, false
	default:
		d := &q.Deliveries
		d.First, d.Limit, d.Follow, d.Around, d.Ladder = first, limit, false, 0, 0
	}
	return q
}

// idsOf are the IDs of the rows that a Snapshot holds of a list.
func idsOf(s *watch.Snapshot, of filterKind) []uint64 {
	var out []uint64
	switch of {
	case ofDeliveries:
		for i := range s.Deliveries.Rows {
			out = append(out, s.Deliveries.Rows[i].ID)
		}
	case ofSessions:
		for i := range s.Sessions.Rows {
			out = append(out, s.Sessions.Rows[i].ID)
		}
	case ofTopics:
		for i := range s.Topics.Rows {
			out = append(out, s.Topics.Rows[i].ID)
		}
	case ofPackets:
		for i := range s.Packets.Rows {
			out = append(out, s.Packets.Rows[i].Number)
		}
	default:
		for i := range s.Rows {
			out = append(out, s.Rows[i].ID)
		}
	}
	return out
}

func (m *Model) markAll(msg rangeMsg) {
	k := &m.marked[msg.of]
	for _, id := range msg.ids {
		k.set(id)
	}
	m.dirty = true
	m.say(count(len(k.ids)) + " marked")
}

// markPieces says how many rows are marked.
func (m *Model) markPieces(p *pen) []piece {
	if n := len(m.marks().ids); n > 0 {
		return []piece{{"  " + markSign(p.g) + " " + count(n) + " marked", p.th.Key}}
	}
	return nil
}

// sortedAs returns the order that the list has, nil for that of time.
func (m *Model) sortedAs() *watch.Order {
	if m.sort.plain() {
		return nil
	}
	return m.sort.order
}
