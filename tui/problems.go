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
	if o := m.sortedAs(); o != nil {
		ids = inOrder(ids, o.IDs())
	}
	if len(ids) == 0 {
		m.say("no problem so far")
		return nil
	}
	id, round := m.nextOf(ids, msg.step)
	switch {
	case id == m.list.selected:
		m.say("this is the only problem")
		return nil
	case round && msg.step > 0:
		m.say("no further problem below: went on from the top")
	case round:
		m.say("no further problem above: went on from the bottom")
	}
	m.leaveNewest()
	m.list.follow = false
	if m.frozen {
		m.frozenSeek(id, "the next problem")
		return nil
	}
	m.list.seek = id
	m.dirty = true
	return m.ask()
}

// inOrder returns those of ids, which are sorted, that order has, as they stand there.
func inOrder(ids, order []uint64) []uint64 {
	var out []uint64
	for _, id := range order {
		if _, ok := slices.BinarySearch(ids, id); ok {
			out = append(out, id)
		}
	}
	return out
}

// nextOf returns the one of ids, which are in the order of the list, that comes after the row under the cursor, or with step -1 before it. It
// goes round at the end, and reports that.
func (m *Model) nextOf(ids []uint64, step int) (id uint64, round bool) {
	place, here := m.placeAmong(ids)
	switch {
	case step < 0:
		place--
	case here:
		place++
	}
	n := len(ids)
	return ids[(place+n)%n], place < 0 || place >= n
}

// placeAmong returns how many of ids are above the row under the cursor, and whether it is one of them.
func (m *Model) placeAmong(ids []uint64) (place int, here bool) {
	o := m.sortedAs()
	if o == nil {
		return slices.BinarySearch(ids, m.list.selected) // handshakes are numbered in the order in which the list has them
	}
	for _, id := range o.IDs() {
		if id == m.list.selected {
			return place, place < len(ids) && ids[place] == id
		}
		if place < len(ids) && ids[place] == id {
			place++
		}
	}
	return 0, false
}

// notInOrder says why there is no next problem yet.
func (m *Model) notInOrder() string {
	return why(!m.sort.plain() && m.sort.order == nil, "the list is being sorted")
}
