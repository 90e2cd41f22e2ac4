package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func onExtended(m *Model) bool { return m.active() == paneExtended }

// onDeliveries is where the legs are another pane, also where only one of the two is shown.
func onDeliveries(m *Model) bool {
	return m.screen == screenDeliveries && m.level == levelList && m.survey.deliveries.total > 0
}

// showsLeg is where x opens the ladder of the whole delivery that a leg belongs to; canExtend where it does so, too, but need not be pointed at.
func showsLeg(m *Model) bool { return m.active() == paneLadder || m.active() == paneLegs }

func canExtend(m *Model) bool {
	switch m.active() {
	case paneList, paneBytes, paneDeliveries:
		return true
	}
	return false
}

func keysOfExtended() keyMap {
	const (
		group = "Ladder"
		help  = "the whole delivery: publisher, broker and every subscriber"
	)
	return keyMap{
		{name: "extended-ladder", keys: []string{"x"}, foot: "all legs", help: help, group: group,
			here: showsLeg, off: (*Model).nothingToExtend, run: (*Model).openExtended},
		{name: "extended-ladder", keys: []string{"x"}, help: help, group: group,
			here: canExtend, off: (*Model).nothingToExtend, run: (*Model).openExtended},
		{name: "columns-left", keys: []string{"left", "h"}, help: "in the whole delivery: subscribers to the left", group: group, here: onExtended,
			run: func(m *Model) tea.Cmd { m.extended.shift(-1); return nil }},
		{name: "columns-right", keys: []string{"right", "l"}, foot: "subscribers", help: "in the whole delivery: subscribers to the right", group: group,
			here: onExtended, off: (*Model).allLegsShown, run: func(m *Model) tea.Cmd { m.extended.shift(1); return nil }},
	}
}

func (m *Model) allLegsShown() string {
	return why(m.extended.subscribers() <= m.extended.shown, "every subscriber is in sight")
}

// extends returns the delivery, or the handshake of the delivery, that x opens.
func (m *Model) extends() (id, of uint64) {
	switch m.active() {
	case paneDeliveries, paneLegs:
		return m.survey.deliveries.selected, 0
	case paneLadder, paneBytes:
		if m.ladder.data != nil && m.ladder.data.Kind.Publish() && !onPacketScreen(m) {
			return 0, m.ladder.id
		}
	case paneList:
		if r := m.list.current(); r != nil && r.Kind.Publish() {
			return 0, r.ID
		}
	}
	return 0, 0
}

func (m *Model) nothingToExtend() string {
	id, of := m.extends()
	if !m.live.Deliveries.On {
		return "deliveries are not followed here"
	}
	return why(id == 0 && of == 0, "there is no delivery to open")
}

// openExtended opens the ladder of the whole delivery.
func (m *Model) openExtended() tea.Cmd {
	id, of := m.extends()
	if id == 0 && of == 0 {
		return nil
	}
	if x := &m.extended; x.below && m.level == levelLadder {
		if from := x.handshakes(); from[of] {
			m.level, m.focus, x.below = levelExtended, 0, false
			return nil
		}
	}
	m.openDelivery(id, of)
	return nil
}

// openDelivery opens the ladder of a delivery: that of the ID, or where it is 0 the one that a handshake belongs to.
func (m *Model) openDelivery(id, of uint64) {
	m.extended.ladderLook = m.ladder.ladderLook
	m.extended.open(id, of)
	m.extended.from.level, m.extended.from.focus, m.extended.from.ladder = m.level, m.focus, m.ladder.id
	m.level, m.focus, m.zoomed = levelExtended, 0, false
}

// goToDelivery goes to a delivery in the list.
func (m *Model) goToDelivery(id uint64) tea.Cmd {
	cmd := m.goTo(screenDeliveries)
	l := &m.survey.deliveries
	if !m.frozen {
		l.follow, l.seek = false, id
	} else if i := slices.Index(l.ids, id); i >= 0 {
		l.moveTo(l.first + i)
	}
	return cmd
}

// handshakes are those of the legs.
func (x *extended) handshakes() map[uint64]bool {
	out := map[uint64]bool{}
	for i := range x.rungs {
		out[x.rungs[i].handshake] = true
	}
	return out
}

// queryExtended asks for the delivery whose ladder is open. While frozen it is asked for once.
func (m *Model) queryExtended(q *watch.DeliveryQuery) {
	x := &m.extended
	if m.level != levelExtended || m.frozen && x.data != nil {
		return
	}
	q.Ladder, q.Of = x.id, x.of
}

// takeExtended takes in a delivery that was asked for so.
func (m *Model) takeExtended(d *watch.DeliveryLadder, asked watch.DeliveryQuery) {
	x := &m.extended
	if m.level != levelExtended || asked.Ladder != x.id || asked.Of != x.of {
		return
	}
	switch {
	case d != nil:
		m.dirty = m.dirty || x.data == nil || !m.frozen
		x.sync(&m.pen, d, m.shown.Now)
	case !x.gone && x.data == nil:
		x.gone, m.dirty = true, true
	}
}

// openStep opens the handshake of the rung under the cursor, at its packet.
func (m *Model) openStep() tea.Cmd {
	r := m.extended.current()
	if r == nil || r.handshake == 0 {
		return nil
	}
	m.openLadder(r.handshake, m.extended.subject())
	for i := range m.ladder.rungs {
		if k := &m.ladder.rungs[i]; k.kind == rungStep && r.kind == rungStep && k.step == r.step {
			m.ladder.moveTo(i)
		}
	}
	m.level, m.focus, m.extended.below = levelLadder, 0, true
	return nil
}

// openBytes shows the bytes of the packet under the cursor, from the ladder of a whole delivery through that of its handshake.
func (m *Model) openBytes() tea.Cmd {
	whole := onExtended(m)
	cmd := m.drillIn()
	if whole && m.level == levelLadder {
		m.focus = 1
	}
	return cmd
}

// subject returns the handshake of the rung under the cursor, or nil.
func (x *extended) subject() *watch.Row {
	switch r := x.current(); {
	case r == nil || r.handshake == 0:
		return nil
	case r.lane == 0:
		return x.data.Ingress
	default:
		return legRow(x.data, r.lane-1)
	}
}

func (m *Model) noStep() string {
	r := m.extended.current()
	return why(r == nil || r.handshake == 0, "this step has no handshake: QoS 0, or not sent")
}

// leaveExtended goes back to where the ladder of the delivery was opened.
func (m *Model) leaveExtended() {
	from := m.extended.from
	m.level, m.focus, m.extended.below = from.level, from.focus, false
	if from.level == levelLadder && from.ladder != 0 {
		m.openLadder(from.ladder, nil)
	}
}
