package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// acknowledged are the alerts that the user has seen: dim, last, and no longer counted. One that becomes worse is as new.
type acknowledged struct {
	ids  map[uint64]handshake.Severity
	undo [][]uint64 // what was acknowledged at once
}

func (k *acknowledged) has(a *watch.Alert) bool {
	severity, ok := k.ids[a.ID]
	return ok && a.Severity <= severity
}

// forget takes the acknowledgement of one alert back.
func (k *acknowledged) forget(id uint64) {
	delete(k.ids, id)
	for i := range k.undo {
		k.undo[i] = slices.DeleteFunc(k.undo[i], func(other uint64) bool { return other == id })
	}
	k.undo = slices.DeleteFunc(k.undo, func(ids []uint64) bool { return len(ids) == 0 })
}

func (m *Model) noAlert() string { return why(m.alerts.current() == nil, "there is no alert") }

func (m *Model) nothingAcknowledged() string {
	return why(len(m.acked.undo) == 0, "nothing was acknowledged")
}

// acknowledge acknowledges the alert under the cursor, or all that share its line, or takes that back.
func (m *Model) acknowledge() tea.Cmd {
	n := m.alerts.line()
	k := &m.acked
	if k.has(n.alert) {
		for _, a := range n.members {
			k.forget(a.ID)
		}
		m.syncAlerts()
		return nil
	}
	if k.ids == nil {
		k.ids = map[uint64]handshake.Severity{}
	}
	var ids []uint64
	for _, a := range n.members {
		k.ids[a.ID] = a.Severity
		ids = append(ids, a.ID)
	}
	k.undo = append(k.undo, ids)
	at := m.alerts.cursor
	m.alerts.selected = alertAt{} // the cursor stays where it is: on the next one
	m.syncAlerts()
	m.alerts.moveTo(at)
	words := "acknowledged"
	if len(ids) > 1 {
		words = count(len(ids)) + " acknowledged"
	}
	m.say(words + "; " + m.pen.keyOf("undo-acknowledge") + " takes it back")
	return nil
}

func (m *Model) undoAcknowledge() tea.Cmd {
	k := &m.acked
	last := k.undo[len(k.undo)-1]
	k.undo = k.undo[:len(k.undo)-1]
	for _, id := range last {
		delete(k.ids, id)
	}
	m.alerts.selected = alertAt{id: last[0]}
	m.syncAlerts()
	return nil
}

// syncAlerts makes the list of alerts and the strip anew from what is shown.
func (m *Model) syncAlerts() {
	m.alerts.acked = &m.acked
	alerts := m.shownAlerts(m.shown)
	m.alerts.sync(alerts)
	m.strip.sync(slices.DeleteFunc(slices.Clone(alerts), func(a watch.Alert) bool { return m.acked.has(&a) }))
}

// An attention is what the header and the tabs say of the alerts that are not acknowledged.
type attention struct {
	stuck  int  // handshakes, as `state:stuck` chooses them, acknowledged or not
	alerts int  // of handshakes and of all else, those that are over included
	more   bool // there are more alerts than were asked for
	worst  handshake.Severity
}

// attention counts the alerts. Of more than were asked for, the open ones come first.
func (m *Model) attention() attention {
	s := m.live.Stuck
	at := attention{stuck: s.Warn + s.Critical, more: len(m.live.Alerts) >= m.alertsAsked}
	unseen := at.stuck
	for i := range m.live.Alerts {
		a := &m.live.Alerts[i]
		if m.acked.has(a) {
			if isOpen(a) && saysStuck(a.Name) {
				unseen--
			}
			continue
		}
		if m.cleared.keepsAlert(a) {
			at.alerts++
			at.worst = max(at.worst, a.Severity)
		}
	}
	if unseen > 0 {
		at.alerts, at.worst = max(at.alerts, unseen), max(at.worst, handshake.Warn)
	}
	at.more = at.more && at.alerts > 0
	return at
}

// saysStuck reports whether an alert is that by which its handshake is stuck; each such handshake has one.
func saysStuck(name handshake.AlertName) bool {
	switch name {
	case handshake.PubackOverdue, handshake.PubrecOverdue, handshake.PubrelOverdue, handshake.PubcompOverdue, handshake.SubackOverdue:
		return true
	}
	return false
}

// jumpToSubject goes to the alert's handshake, or delivery, in the list.
func (m *Model) jumpToSubject() tea.Cmd {
	a := m.alerts.current()
	if a.Handshake == 0 && a.Delivery != 0 {
		return m.goToDelivery(a.Delivery)
	}
	m.remember()
	m.screen, m.level, m.focus = screenHandshakes, levelList, 0
	if m.frozen {
		m.frozenSeek(a.Handshake, "the alert's handshake")
		return nil
	}
	if !m.sort.plain() {
		m.sort.at, m.sort.reverse = 0, false
		m.resort()
	}
	m.leaveNewest()
	m.list.follow, m.list.seek = false, a.Handshake
	return nil
}

// openExplain shows what the catalogue says of the alert under the cursor.
func (m *Model) openExplain() tea.Cmd {
	a := m.alerts.current()
	e, ok := handshake.Explain(a.Name)
	if !ok {
		m.say("the catalogue has no entry for " + string(a.Name))
		return nil
	}
	return m.openOver(&sheet{title: string(a.Name) + ": " + e.Title, lines: func(p *pen, width int) []textLine {
		return p.entryLines(&e, a.By, width)
	}})
}

// entryLines is what the catalogue says of an alert, in full: first the causes that lie with the end that owes.
func (p *pen) entryLines(e *handshake.Entry, owes decode.Direction, width int) []textLine {
	var out []textLine
	say := func(head string, texts ...string) {
		if len(texts) == 0 || texts[0] == "" {
			return
		}
		out = append(out, textLine{" " + head, p.th.Key})
		for _, text := range texts {
			for i, s := range wrap(p.text.safe(text), min(width-6, 110)) {
				bullet := "     "
				if i == 0 && len(texts) > 1 {
					bullet = "   " + p.g.Dot + " "
				}
				out = append(out, textLine{bullet + s, p.th.Plain})
			}
		}
	}
	say("What it means", e.Means)
	say("Usual causes", e.CausesFor(owes)...)
	say("Check next", e.Checks...)
	say("In the standard", e.Clauses())
	return out
}
