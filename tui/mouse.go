package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

const wheelRows = 3

// onWheel scrolls the pane below the pointer.
func (m *Model) onWheel(msg tea.MouseWheelMsg) tea.Cmd {
	n := wheelRows
	switch msg.Button {
	case tea.MouseWheelUp:
		n = -wheelRows
	case tea.MouseWheelDown:
	default:
		return nil
	}
	if m.help.open {
		m.help.scrollBy(n)
		return nil
	}
	if m.over != nil {
		m.over.moveBy(m, n/wheelRows)
		return nil
	}
	which, _, ok := m.paneAt(msg.X, msg.Y)
	if !ok {
		return nil
	}
	switch m.panes()[which] {
	case paneList:
		was := m.list.follow
		m.list.scrollBy(n)
		if was && !m.list.follow {
			m.leaveNewest()
		}
	case paneAlerts:
		m.alerts.moveBy(n)
	case paneLadder:
		m.ladder.moveBy(n)
	case paneBytes:
		m.packet.moveBy(n)
	case paneStatistics:
		m.survey.stats.moveBy(n)
	default:
		m.placeOf(m.panes()[which]).moveBy(n)
	}
	m.follow()
	return nil
}

// onClick selects what is clicked; a click on what is selected opens it. The click that brings the window to the front
// does nothing else.
func (m *Model) onClick(msg tea.MouseClickMsg) tea.Cmd {
	if msg.Button != tea.MouseLeft || m.help.open || m.small() || m.opt.Now().Sub(m.focused) < 200*time.Millisecond {
		return nil
	}
	if u, ok := m.over.(*menu); ok {
		return m.settle(u.click(m, msg.Y-m.overTop))
	}
	if m.over != nil {
		return nil
	}
	if msg.Y == 1 {
		return m.clickTab(msg.X)
	}
	which, y, ok := m.paneAt(msg.X, msg.Y)
	if !ok {
		return nil
	}
	same := m.focus == which
	m.focus = which
	switch m.panes()[which] {
	case paneList:
		return m.clickList(msg.X, y-1-m.stripRoom(m.boxes()[which].height), same)
	case paneAlerts:
		if i := m.alerts.top + y - 1; y >= 1 && y <= m.alerts.height && i < len(m.alerts.lines) {
			if same && i == m.alerts.cursor && m.nothingToOpen() == "" {
				return m.settle(m.drillIn())
			}
			m.alerts.moveTo(i)
		}
	case paneLadder:
		if i := m.ladder.top + y - m.ladder.head; y >= m.ladder.head && i < len(m.ladder.rungs) {
			m.ladder.moveTo(i)
		}
	case paneBytes:
		if i := m.packet.top + y - m.packet.above; y >= m.packet.above && i < m.packet.top+m.packet.rows {
			m.packet.moveTo(i)
		}
	case paneLegs:
		return m.clickPlace(&m.survey.legs.place, y-legsHead, same)
	case paneExtended:
		return m.clickPlace(&m.extended.place, y-m.extended.head, same)
	case paneDeliveries, paneSessions, paneTopics, panePackets:
		if y == 0 && m.table() != nil {
			if reason := m.cannotSort(); reason != "" {
				m.say(reason)
				return nil
			}
			return m.settle(m.clickTitle(m.table(), msg.X))
		}
		return m.clickPlace(m.placeOf(m.panes()[which]), y-1, same)
	}
	m.follow()
	return nil
}

func (m *Model) clickList(x, row int, same bool) tea.Cmd {
	if row < -1 {
		return m.goTo(screenAlerts)
	}
	if row == -1 {
		return m.clickListTitle(x)
	}
	place := m.list.top + row
	if row < 0 || row >= m.list.height || place >= m.list.matched {
		return nil
	}
	if same && place == m.list.cursor && m.list.current() != nil {
		return m.drillIn()
	}
	was := m.list.follow
	m.list.moveTo(place)
	if was && !m.list.follow {
		m.leaveNewest()
	}
	m.follow()
	return nil
}

// clickListTitle sorts the list by the column whose title is clicked, or turns it round.
func (m *Model) clickListTitle(x int) tea.Cmd {
	if reason := m.cannotSort(); reason != "" {
		m.say(reason)
		return nil
	}
	c, from := m.list.columnsFor(m.boxes()[0].width), 0
	for _, name := range m.list.columns {
		if w := *c.of(name); w > 0 {
			from += w + 1
		}
		if x >= from {
			continue
		}
		at := slices.IndexFunc(sortKeys, func(k sortKey) bool { return k.column == name })
		switch {
		case at < 0:
			return nil
		case at == m.sort.at:
			return m.sortReverse()
		}
		m.remember()
		m.sort.at, m.sort.reverse = at, false
		return m.resort()
	}
	return nil
}

func (m *Model) clickTab(x int) tea.Cmd {
	at := 0
	for _, t := range m.tabList() {
		width := t.width()
		if x >= at && x < at+width {
			return m.goTo(t.screen)
		}
		at += width
	}
	return nil
}

// paneAt returns which pane is at a place of the screen, and the line within it.
func (m *Model) paneAt(x, y int) (which, line int, ok bool) {
	top := 2 + len(m.strips(&m.pen))
	y -= top
	if y < 0 || y >= m.height-top-1 {
		return 0, 0, false
	}
	boxes := m.boxes()
	switch m.split() {
	case splitBeside:
		if x > boxes[0].width {
			return 1, y, true
		}
		return 0, y, x < boxes[0].width
	case splitBelow:
		if y > boxes[0].height {
			return 1, y - boxes[0].height - 1, true
		}
		return 0, y, y < boxes[0].height
	}
	return m.focus, y, true
}
