package tui

import (
	tea "charm.land/bubbletea/v2"
)

func (m *Model) goTo(s screen) tea.Cmd {
	if s != m.screen {
		m.remember()
	}
	m.finder, m.aside, m.alerts.reading, m.came = finder{}, 0, false, nil
	m.screen, m.level, m.focus, m.extended.below = s, levelList, 0, false
	m.alignFilter()
	if s == screenAlerts {
		m.syncAlerts()
	}
	return nil
}

func (m *Model) nothingToOpen() string {
	switch m.active() {
	case paneList:
		if m.list.current() == nil {
			return "there is no handshake to open"
		}
	case paneAlerts:
		switch a := m.alerts.current(); {
		case a == nil:
			return "there is no alert to open"
		case m.alerts.line().head:
			return ""
		case a.Fault != "":
			return ""
		case a.Handshake == 0 && a.Delivery == 0:
			return "this alert is not about one handshake"
		}
	}
	return m.cannotOpen()
}

// drillIn goes one step on: list → ladder → bytes.
func (m *Model) drillIn() tea.Cmd {
	m.ladder.pinned = false
	switch m.active() {
	case paneList:
		if r := m.list.current(); r != nil {
			m.openLadder(r.ID, r)
		}
		m.level, m.focus = levelLadder, 0
	case paneAlerts:
		if m.alerts.line().head {
			return m.toggleAlerts()
		}
		if a := m.alerts.current(); a != nil && a.Handshake == 0 && a.Fault != "" {
			return m.showMalformed()
		}
		if a := m.alerts.current(); a != nil && a.Handshake == 0 && a.Delivery != 0 {
			cmd := m.goToDelivery(a.Delivery)
			m.openDelivery(a.Delivery, 0)
			return cmd
		}
		m.follow()
		m.level, m.focus = levelLadder, 0
	case paneLadder:
		m.level, m.focus = levelLadder, 1
	case paneExtended:
		return m.openStep()
	default:
		return m.openSurvey()
	}
	return nil
}

// showMalformed goes to the packets that the standard does not allow.
func (m *Model) showMalformed() tea.Cmd {
	if m.frozen {
		m.say(m.frozenWords() + ", then its packets are shown")
		return nil
	}
	return m.showPackets("malformed")
}

// showPackets goes to the packets that a filter chooses.
func (m *Model) showPackets(filter string) tea.Cmd {
	cmd := m.goTo(screenPackets)
	m.setFilter(filter)
	return cmd
}

// escape clears the search, or goes one step back, and in the first list clears marks and then the filter. It never quits.
func (m *Model) escape() tea.Cmd {
	switch {
	case searching(m):
		m.finder = finder{}
	case m.level == levelExtended:
		m.leaveExtended()
	case m.level == levelLadder && m.focus == 1:
		m.focus = 0
	case m.level == levelLadder && m.extended.below:
		m.level, m.extended.below = levelExtended, false
	case m.level == levelLadder:
		m.level = levelList
	case m.focus == 1:
		m.focus = 0
	case readingAlert(m):
		m.alerts.reading = false
	case clearsMarks(m):
		return m.unmark()
	case cameHere(m):
		return m.goBackWhence()
	case m.filter.text != "" || m.filter.problems:
		m.remember()
		m.filter.problems = false
		m.setFilter("")
	}
	return nil
}

// back is escape, but quits from the first list.
func (m *Model) back() tea.Cmd {
	if canGoBack(m) {
		return m.escape()
	}
	if m.screen != screenHandshakes {
		return m.goTo(screenHandshakes)
	}
	if cameHere(m) {
		return m.goBackWhence()
	}
	return tea.Quit
}

// switchFocus goes to the other pane. The text below the alerts is one, too, where it does not fit.
func (m *Model) switchFocus() tea.Cmd {
	if l := &m.alerts; onAlerts(m) && (l.reading || l.cut()) {
		if l.reading = !l.reading; l.reading || m.split() == splitNone {
			return nil
		}
	}
	m.focus = 1 - m.focus
	return nil
}

// moveBy moves the cursor of the pane that has the keys.
func (m *Model) moveBy(n int) tea.Cmd {
	_, at, _ := m.rowHere()
	defer m.sayKept(at + n)
	switch m.active() {
	case paneList:
		was := m.list.follow
		m.list.moveBy(n)
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
	case paneExtended:
		m.extended.moveBy(n)
		m.extended.reveal()
	default:
		m.placeOf(m.active()).moveBy(n)
	}
	return nil
}

// leaveNewest notes how many handshakes there are now, to count those that come. While the view is frozen they are
// counted since then.
func (m *Model) leaveNewest() {
	if !m.frozen {
		m.seen = m.ever()
	}
}

func (m *Model) pageSize() int {
	switch m.active() {
	case paneList:
		return max(m.list.height-1, 1)
	case paneAlerts:
		if m.alerts.reading {
			return max(m.alerts.room-1, 1)
		}
		return max(m.alerts.height-1, 1)
	case paneLadder:
		return max(m.ladder.height-6, 1)
	case paneStatistics:
		return max(m.survey.stats.height-1, 1)
	case paneExtended, paneDeliveries, paneLegs, paneSessions, paneTopics, panePackets:
		return max(m.placeOf(m.active()).height-1, 1)
	}
	return max(m.height/2, 1)
}

const farAway = 1 << 30

func (m *Model) toTop() tea.Cmd { return m.moveBy(-farAway) }

func (m *Model) toBottom() tea.Cmd {
	if onStream(m) && !m.frozen && m.tableSortedOtherwise() == "" {
		return m.followPackets()
	}
	if m.active() != paneList || m.frozen || !m.sort.plain() {
		return m.moveBy(farAway)
	}
	m.list.followNewest()
	return nil
}

func (m *Model) following() string {
	switch {
	case m.frozen:
		return m.frozenWords()
	case !m.sort.plain():
		return m.sortedOtherwise()
	}
	return why(m.list.follow, "the list follows the newest already")
}

func (m *Model) zoomAxis(n int) tea.Cmd {
	m.list.zoomBy(n)
	return nil
}

func (m *Model) fitAxis() tea.Cmd {
	m.list.zoom = autoZoom
	return nil
}

func (m *Model) noRoom() string {
	if onExtended(m) || m.onSurvey() && m.screen != screenPackets && m.screen != screenDeliveries {
		return "there is one pane only"
	}
	if m.room() == splitNone {
		return "a second pane needs 80 columns and 20 lines"
	}
	return ""
}

func (m *Model) notSplit() string {
	if m.split() == splitNone && !m.zoomed {
		return "there is one pane only"
	}
	return ""
}

func (m *Model) toggleDetails() tea.Cmd {
	m.zoomed = false
	if m.room() == splitBeside {
		m.besideOff = !m.besideOff
	} else {
		m.belowOn = !m.belowOn
	}
	if m.level == levelList && m.split() == splitNone {
		m.focus = 0
	}
	return nil
}

func (m *Model) toggleZoom() tea.Cmd {
	m.zoomed = !m.zoomed
	return nil
}

// toggleFreeze keeps what is shown, or goes on with the newest. The capture is not touched.
func (m *Model) toggleFreeze() tea.Cmd {
	m.leaveNewest()
	m.frozen = !m.frozen
	m.freezing, m.list.bound = m.frozen, false
	if m.frozen {
		return nil
	}
	m.bindSurvey(false)
	for _, k := range tableKinds() { // those that were at their newest row follow again, as the list of handshakes does
		if l := k.place(&m.survey); k.stream && k.shape(&m.survey).plain() && l.cursor >= l.total-1 {
			l.follow = true
		}
	}
	if m.list.cursor >= m.list.matched-1 && m.sort.plain() {
		m.list.followNewest()
	}
	return nil
}

func (m *Model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	if m.mouse {
		m.say("mouse on")
	} else {
		m.say("mouse off: the terminal can select text")
	}
	return nil
}

// scrollAside moves long texts of the pane that has the keys to the left.
func (m *Model) scrollAside(n int) tea.Cmd {
	if onExtended(m) {
		m.extended.shift(n / asideStep)
		return nil
	}
	m.aside = max(0, min(m.aside+n, 1024))
	return nil
}

func (m *Model) notAside() string {
	return why(m.aside == 0 && !(onExtended(m) && m.extended.side > 0), "the texts begin here")
}

// asideStep is how many columns a key scrolls.
const asideStep = 8
