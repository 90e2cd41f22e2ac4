package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A clearing hides what was over before a moment, so that one sees what comes of what one does next. What is open stays, and nothing is thrown away.
type clearing struct {
	since decode.Time // 0 where nothing is hidden
	undo  []decode.Time
}

func (m *Model) cannotClear() string {
	switch {
	case m.frozen:
		return m.frozenWords()
	case m.live.Now == 0:
		return "there is nothing to clear yet"
	}
	return why(m.live.Now == m.cleared.since, "nothing has come since")
}

// clear hides what is over now.
func (m *Model) clear() tea.Cmd {
	m.cleared.undo = []decode.Time{m.cleared.since}
	m.clearSince(m.live.Now)
	m.say("cleared: what is over is hidden, what is open stays; " + m.pen.keyOf("undo-clear") + " brings it back")
	return nil
}

func (m *Model) nothingCleared() string {
	if m.frozen {
		return m.frozenWords()
	}
	return why(len(m.cleared.undo) == 0, "nothing was cleared")
}

// undoClear takes the last clearing back.
func (m *Model) undoClear() tea.Cmd {
	last := m.cleared.undo[len(m.cleared.undo)-1]
	m.cleared.undo = nil
	if m.clearSince(last); last == 0 {
		m.say("all is back")
	} else {
		m.say("back to what was shown since " + dayTime(last, m.live.Now, m.pen.loc, true))
	}
	return nil
}

// clearSince makes all filters anew: the moment is part of each.
func (m *Model) clearSince(t decode.Time) {
	m.cleared.since = t
	for kind := range filterKinds {
		f := m.filterOf(kind)
		f.kind = kind
		m.applyFilter(f)
	}
	m.filter.parsed = m.filterOf(ofHandshakes).parsed
	m.seen = -1
	m.syncAlerts()
}

// keepsAlert reports whether an alert is shown: one that is over is not, where it was so before what is shown began.
func (c *clearing) keepsAlert(a *watch.Alert) bool { return isOpen(a) || lastTime(a) > c.since }

// shownAlerts are those of a Snapshot without what was cleared away.
func (m *Model) shownAlerts(s *watch.Snapshot) []watch.Alert {
	if m.cleared.since == 0 {
		return s.Alerts
	}
	return slices.DeleteFunc(slices.Clone(s.Alerts), func(a watch.Alert) bool { return !m.cleared.keepsAlert(&a) })
}

// clearedPieces says since when there is what is shown.
func (m *Model) clearedPieces(p *pen) []piece {
	if m.cleared.since == 0 {
		return nil
	}
	return []piece{{"  since " + dayTime(m.cleared.since, m.live.Now, p.loc, true), p.th.Input}}
}
