package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// A pastView is a view that one can come back to.
type pastView struct {
	screen   screen
	level    level
	focus    int
	filter   string
	problems bool
	sortAt   int
	reverse  bool
	follow   bool
	cursor   uint64  // the handshake under the cursor
	alert    alertAt // the alert under it
	ladder   uint64
	delivery uint64 // of which the ladder is open, 0 for none
	// row is what is under the cursor of a table, and tableBy and turned how that is sorted.
	row     uint64
	tableBy string
	turned  bool
}

// same reports whether two places differ in the cursor at most.
func (a pastView) same(b pastView) bool {
	a.cursor, a.alert, a.ladder, a.follow, a.row = b.cursor, b.alert, b.ladder, b.follow, b.row
	return a == b
}

// cameFrom is the view from which Enter led to the handshakes, and the filter that it made: as long as that stands, Esc leads back, and the handshakes
// have the filter again that they had before.
type cameFrom struct {
	view     pastView
	filter   string
	before   string
	problems bool
}

func cameHere(m *Model) bool {
	return m.came != nil && m.screen == screenHandshakes && m.level == levelList && m.filter.text == m.came.filter
}

func (m *Model) goBackWhence() tea.Cmd {
	from := *m.came
	m.remember()
	if m.frozen {
		return m.restore(from.view) // the handshakes keep the filter that they are shown with
	}
	m.came = nil
	m.filter.problems = from.problems
	m.setFilter(from.before)
	return m.restore(from.view)
}

// viewHistory is where one has been, and where one came back from.
type viewHistory struct{ before, after []pastView }

// maxViews bounds the history.
const maxViews = 100

func (m *Model) pastView() pastView {
	p := pastView{
		screen: m.screen, level: m.level, focus: m.focus, filter: m.filter.text, problems: m.filter.problems,
		sortAt: m.sort.at, reverse: m.sort.reverse, follow: m.list.follow, cursor: m.list.selected, ladder: m.ladder.id,
	}
	p.alert = m.alerts.selected
	if k := m.table(); k != nil {
		shape, l := k.shape(&m.survey), k.place(&m.survey)
		p.row, p.follow, p.tableBy, p.turned = l.selected, l.follow, shape.sortBy, shape.reverse
	}
	if m.level == levelExtended {
		p.delivery = m.extended.id
	}
	return p
}

// remember notes the view that is about to be left.
func (m *Model) remember() {
	now := m.pastView()
	v := &m.views
	if n := len(v.before); n > 0 && v.before[n-1].same(now) {
		v.before[n-1] = now
		return
	}
	v.before = append(v.before, now)
	if len(v.before) > maxViews {
		v.before = v.before[1:]
	}
	v.after = nil
}

func (m *Model) noEarlierView() string {
	n := len(m.views.before)
	if n == 0 {
		return "there is no view before this one"
	}
	return m.cannotRestore(&m.views.before[n-1])
}

func (m *Model) noLaterView() string {
	n := len(m.views.after)
	if n == 0 {
		return "there is no view after this one"
	}
	return m.cannotRestore(&m.views.after[n-1])
}

func (m *Model) earlierView() tea.Cmd {
	v := &m.views
	last := v.before[len(v.before)-1]
	v.before = v.before[:len(v.before)-1]
	v.after = append(v.after, m.pastView())
	return m.restore(last)
}

func (m *Model) laterView() tea.Cmd {
	v := &m.views
	next := v.after[len(v.after)-1]
	v.after = v.after[:len(v.after)-1]
	v.before = append(v.before, m.pastView())
	return m.restore(next)
}

// restore goes to a view: screen, filter, sorting, and the cursor as soon as a Snapshot holds its handshake. While the view is frozen the rows stay.
func (m *Model) restore(p pastView) tea.Cmd {
	m.screen, m.level, m.focus = p.screen, p.level, p.focus
	m.alignFilter()
	var cmd tea.Cmd
	if !m.frozen {
		cmd = m.restoreChoice(&p)
	}
	m.message = ""
	if k := m.table(); k != nil {
		m.restoreTable(k, &p)
		return cmd
	}
	if m.screen == screenAlerts {
		m.alerts.selected = p.alert
		m.syncAlerts()
	}
	m.restoreCursor(&p)
	if p.delivery != 0 && p.delivery != m.extended.id {
		m.extended.open(p.delivery, 0)
	}
	if p.level == levelLadder && p.ladder != 0 {
		m.openLadder(p.ladder, nil)
	}
	return cmd
}

// restoreChoice filters the rows and sorts the handshakes as in a view.
func (m *Model) restoreChoice(p *pastView) tea.Cmd {
	if p.filter != m.filter.text || p.problems != m.filter.problems {
		m.filter.problems = p.problems
		m.setFilter(p.filter)
	}
	if p.sortAt != m.sort.at || p.reverse != m.sort.reverse {
		m.sort.at, m.sort.reverse = p.sortAt, p.reverse
		return m.resort()
	}
	return nil
}

// restoreCursor puts the cursor of the list where it was.
func (m *Model) restoreCursor(p *pastView) {
	switch {
	case m.frozen:
		if i := m.list.find(p.cursor); i >= 0 {
			m.list.moveTo(m.list.first + i)
		}
	case p.follow:
		m.list.followNewest()
	case p.cursor != 0 && m.sort.plain():
		m.leaveNewest()
		m.list.follow, m.list.seek = false, p.cursor
	}
}

// restoreTable sorts a table as it was, and goes to the row that was under the cursor.
func (m *Model) restoreTable(k *tableKind, p *pastView) {
	shape, l := k.shape(&m.survey), k.place(&m.survey)
	if m.frozen {
		if i := slices.Index(l.ids, p.row); i >= 0 {
			l.moveTo(l.first + i)
		}
		return
	}
	shape.sortBy, shape.reverse = p.tableBy, p.turned
	if l.follow = p.follow; !l.follow && p.row != 0 {
		l.selected = p.row
	}
}
