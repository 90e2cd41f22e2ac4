package tui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// onKey finds what a key does. While something is typed, keys are text.
func (m *Model) onKey(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case key == "ctrl+c":
		return tea.Quit
	case m.help.open:
		return m.helpKey(k)
	case m.filter.typing:
		return m.filterKey(k)
	case m.digitKey(key):
		return nil
	}
	b := m.keys.find(m, key)
	if b == nil || b.run == nil {
		return nil
	}
	if reason := b.reason(m); reason != "" {
		m.say(reason)
		return nil
	}
	m.message = ""
	cmd := b.run(m)
	m.layOut()
	m.follow()
	return cmd
}

// digitKey collects the number of a row, and goes there on G. A digit that is a screen's own key is that, unless a
// number has begun.
func (m *Model) digitKey(key string) bool {
	isDigit := len(key) == 1 && key[0] >= '0' && key[0] <= '9'
	switch {
	case !onList(m):
		return false
	case m.digits == "" && (!isDigit || m.keys.find(m, key) != nil):
		return false
	case isDigit && len(m.digits) < 9:
		m.digits += key
		return true
	}
	row, _ := strconv.Atoi(m.digits)
	m.digits = ""
	if key != "G" {
		return key == "esc"
	}
	m.leaveNewest()
	m.list.follow = false
	m.list.moveTo(row - 1)
	m.follow()
	return true
}

func (m *Model) goTo(s screen) tea.Cmd {
	m.screen, m.level, m.focus = s, levelList, 0
	if s == screenAlerts {
		m.alerts.sync(m.shown.Alerts)
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
		case a.Handshake == 0:
			return "this alert is not about one handshake"
		}
	}
	return ""
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
		m.follow()
		m.level, m.focus = levelLadder, 0
	case paneLadder:
		m.level, m.focus = levelLadder, 1
	}
	return nil
}

// escape goes one step back, and in the first list clears the filter. It never quits.
func (m *Model) escape() tea.Cmd {
	switch {
	case m.level == levelLadder && m.focus == 1:
		m.focus = 0
	case m.level == levelLadder:
		m.level = levelList
	case m.focus == 1:
		m.focus = 0
	case m.filter.text != "" || m.filter.problems:
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
	return tea.Quit
}

func (m *Model) switchFocus() tea.Cmd {
	m.focus = 1 - m.focus
	return nil
}

// moveBy moves the cursor of the pane that has the keys.
func (m *Model) moveBy(n int) tea.Cmd {
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
		return max(m.alerts.height-1, 1)
	case paneLadder:
		return max(m.ladder.height-6, 1)
	}
	return max(m.height/2, 1)
}

const farAway = 1 << 30

func (m *Model) toTop() tea.Cmd { return m.moveBy(-farAway) }

func (m *Model) toBottom() tea.Cmd {
	if m.active() != paneList {
		return m.moveBy(farAway)
	}
	m.list.followNewest()
	return nil
}

func (m *Model) following() string {
	if m.list.follow {
		return "the list follows the newest already"
	}
	return ""
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
	if m.list.cursor >= m.list.matched-1 {
		m.list.followNewest()
	}
	return nil
}

func (m *Model) toggleTimes() tea.Cmd {
	m.ladder.relative = !m.ladder.relative
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

func (m *Model) openHelp() tea.Cmd {
	m.help = helpPane{open: true}
	return nil
}

// copyText puts what is under the cursor into the clipboard.
func (m *Model) copyText() tea.Cmd {
	var text string
	switch m.active() {
	case paneAlerts:
		if a := m.alerts.current(); a != nil {
			text = string(a.Name) + ": " + a.Text
			if a.Detail != "" {
				text += "\n" + a.Detail
			}
		}
	case paneList:
		if r := m.list.current(); r != nil {
			text = m.rowText(r)
		}
	default:
		if m.ladder.data != nil {
			text = m.ladderText(m.ladder.data)
		}
	}
	if text == "" {
		m.say("there is nothing to copy")
		return nil
	}
	m.say("copied")
	return tea.SetClipboard(text)
}

// rowText is a row as one line of text.
func (m *Model) rowText(r *watch.Row) string {
	_, words, _ := m.pen.stateOf(r, farAway)
	to := "to"
	if r.Sender == decode.FromServer {
		to = "from"
	}
	s := clockTime(r.Started, m.pen.loc, false) + " " + decode.Escape(clientName(r)) + " " + to + " " + decode.Escape(r.Server) + " " +
		kindWord(r.Kind) + " id " + strconv.Itoa(int(r.PacketID)) + " " + decode.Escape(r.Topic) + ": " + words
	if d := rowAge(r, m.shown.Now); d >= 0 {
		s += " " + age(d)
	}
	return s
}

func (m *Model) ladderText(l *watch.Ladder) string {
	s := m.rowText(&l.Row)
	for i := range m.ladder.rungs {
		r := &m.ladder.rungs[i]
		arrow := "    "
		switch {
		case r.kind != rungStep && r.kind != rungGhost:
		case r.dir == decode.FromClient:
			arrow = " -> "
		default:
			arrow = " <- "
		}
		s += "\n" + padRight(clockTime(r.time, m.pen.loc, false), 12) + arrow + m.pen.text.safe(r.label)
	}
	return s
}
