package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// problemMsg brings the alerts among which the next problem is looked for.
type problemMsg struct {
	alerts []watch.Alert
	step   int
}

// problem goes to the next handshake that has, or had, an alert; step is 1 or -1.
func (m *Model) problem(step int) tea.Cmd {
	backend := m.opt.Backend
	return func() tea.Msg {
		return problemMsg{backend.Snapshot(watch.Query{AlertLimit: alertLimit}).Alerts, step}
	}
}

func (m *Model) onProblem(msg problemMsg) tea.Cmd {
	if !onList(m) {
		return nil
	}
	var ids []uint64
	for i := range msg.alerts {
		if id := msg.alerts[i].Handshake; id != 0 && m.cleared.keepsAlert(&msg.alerts[i]) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		m.say("no problem so far")
		return nil
	}
	// Handshakes are numbered in the order in which the list has them.
	place, here := slices.BinarySearch(ids, m.list.selected)
	switch {
	case msg.step < 0:
		place--
	case here:
		place++
	}
	if place < 0 || place >= len(ids) {
		m.say("no further problem in this direction")
		return nil
	}
	m.leaveNewest()
	m.list.follow = false
	if m.frozen {
		m.frozenSeek(ids[place])
		return nil
	}
	m.list.seek = ids[place]
	m.dirty = true
	return m.ask()
}

// frozenSeek goes to a handshake among those that are kept while the view is frozen.
func (m *Model) frozenSeek(id uint64) {
	i := m.list.find(id)
	if i < 0 {
		m.say("the next problem is not in what is frozen")
		return
	}
	m.list.moveTo(m.list.first + i)
	m.follow()
}
