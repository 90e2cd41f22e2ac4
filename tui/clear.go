package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A Clearer is a Backend whose counts can begin anew. *watch.Engine is one.
type Clearer interface {
	// Clear lets what is counted begin at zero; Restore adds what was counted before the last Clear, and after that what was before all others.
	Clear()
	Restore()
}

// A clearing hides what was over before a moment, so that one sees what comes of what one does next; counts begin anew. What is open stays, and nothing is
// thrown away.
type clearing struct {
	clearedAt
	undo []clearedAt // at most undoClears
}

// A clearedAt is from when on things are shown, and what had been counted then.
type clearedAt struct {
	since  decode.Time // 0 where nothing is hidden
	counts watch.Counts
}

// undoClears is how many clearings can be taken back one by one: the last, and all before it as one.
const undoClears = 2

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
	undo := append(m.cleared.undo, m.cleared.clearedAt)
	if len(undo) > undoClears {
		undo = slices.Delete(undo, 1, 2)
	}
	m.cleared.undo = undo
	if c, ok := m.opt.Backend.(Clearer); ok {
		c.Clear()
	}
	m.clearSince(clearedAt{m.live.Now, m.live.Counts})
	m.say("cleared: what is over is hidden, counts begin anew; " + m.pen.keyOf("undo-clear") + " brings all back")
	return nil
}

func (m *Model) nothingCleared() string {
	if m.frozen {
		return m.frozenWords()
	}
	return why(len(m.cleared.undo) == 0, "nothing was cleared")
}

// undoClear takes the last clearing back, and once more those before it.
func (m *Model) undoClear() tea.Cmd {
	n := len(m.cleared.undo) - 1
	last := m.cleared.undo[n]
	m.cleared.undo = m.cleared.undo[:n]
	if c, ok := m.opt.Backend.(Clearer); ok {
		c.Restore()
	}
	if m.clearSince(last); last.since == 0 {
		m.say("all is back")
	} else {
		m.say("back to what was shown since " + dayTime(last.since, m.live.Now, m.pen.loc, true) + "; " + m.pen.keyOf("undo-clear") + " brings back the rest")
	}
	return nil
}

// clearSince makes all filters anew: the moment is part of each.
func (m *Model) clearSince(t clearedAt) {
	m.cleared.clearedAt = t
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

// countedSince is what was counted since, out of totals that only grow. What is open is so now.
func countedSince(c, before *watch.Counts) watch.Counts {
	out := *c
	less := func(n *uint64, by uint64) { *n -= min(by, *n) }
	for t := range out.Packets {
		less(&out.Packets[t], before.Packets[t])
	}
	for q := range out.Publish {
		less(&out.Publish[q], before.Publish[q])
	}
	for i := range out.Handshakes {
		h, b := &out.Handshakes[i], &before.Handshakes[i]
		less(&h.Complete, b.Complete)
		less(&h.Refused, b.Refused)
		less(&h.Abandoned, b.Abandoned)
		less(&h.Unknown, b.Unknown)
		less(&h.JoinedLate, b.JoinedLate)
	}
	return out
}

// clearedPieces says since when there is what is shown.
func (m *Model) clearedPieces(p *pen) []piece {
	if m.cleared.since == 0 {
		return nil
	}
	return []piece{{"  since " + dayTime(m.cleared.since, m.live.Now, p.loc, true), p.th.Input}}
}
