package tui

import (
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// frozenRows is how many rows of each list are kept while the view is frozen. They stay as they are: neither filtered nor sorted, since those that
// another filter or order would choose may not be among them.
const frozenRows = 2000

// frozenWords say why something does not work while the view is frozen.
func (m *Model) frozenWords() string {
	return "the view is frozen: " + m.pen.keyOf("freeze") + " goes on"
}

// whileFrozen says why rows are not chosen anew.
func (m *Model) whileFrozen() string {
	if m.frozen {
		return m.frozenWords()
	}
	return ""
}

// cannotFreeze says why the view is not frozen: rows would be kept that are not in the order, or of the filter, that the header names.
func (m *Model) cannotFreeze() string {
	return why(!m.frozen && m.sort.lags(m.filter.parsed), "the list is being sorted")
}

// cannotUnfilter says why Esc does not clear the filter; marks it clears, and it goes back, also while the view is frozen.
func (m *Model) cannotUnfilter() string {
	if clearsMarks(m) || cameHere(m) {
		return ""
	}
	return m.whileFrozen()
}

// differs reports whether a view has another filter, or another order, than what is kept of its screen.
func (m *Model) differs(v *pastView) bool {
	f := m.filterOf(filterKindOf(v.screen))
	if v.filter != f.text || v.problems != f.problems || v.sortAt != m.sort.at || v.reverse != m.sort.reverse {
		return true
	}
	for _, k := range tableKinds() {
		if s := k.shape(&m.survey); k.screen == v.screen && v.level == levelList && (v.tableBy != s.sortBy || v.turned != s.reverse) {
			return true
		}
	}
	return false
}

// cannotRestore says why one does not go to a view.
func (m *Model) cannotRestore(v *pastView) string {
	return why(m.frozen && m.differs(v), m.frozenWords())
}

// frozenSeek goes to a handshake among those that are kept while the view is frozen; what says what it is, where it is not there.
func (m *Model) frozenSeek(id uint64, what string) {
	i := m.list.find(id)
	if i < 0 {
		m.say(what + " is not in what is frozen")
		return
	}
	m.list.moveTo(m.list.first + i)
	m.follow()
}

// sayKept says which rows are kept while the view is frozen, where the cursor of the list was to go to another.
func (m *Model) sayKept(to int) {
	if !m.frozen || m.freezing || !onMarkable(m) {
		return
	}
	ids, first := m.window()
	_, _, total := m.rowHere()
	end := first + len(ids)
	if to = max(0, min(to, total-1)); len(ids) > 0 && (to < first || to >= end) {
		m.say("frozen: rows " + count(first+1) + " to " + count(end) + " only")
	}
}

// frozenChoice exports the rows that are kept while the view is frozen: what a filter chooses by now may be others.
func (m *Model) frozenChoice() exportChoice {
	ids, _ := m.window()
	ids = append([]uint64{}, ids...) // no rows are not all rows, as nil is
	slices.Sort(ids)
	return exportChoice{"frozen rows, as they are now (" + count(len(ids)) + ")", func(j *ExportJob) { j.IDs = ids }}
}

// asFrozen returns a Ladder that was asked for at now, while the view was frozen, as it was in s, which is shown: without packets, links and alerts that came
// later, and without what is not known of that moment.
func asFrozen(l *watch.Ladder, s *watch.Snapshot, now decode.Time) *watch.Ladder {
	out := *l
	out.Alerts = alertsAsFrozen(l.Alerts, s)
	if now <= s.Now {
		return &out
	}
	if i := slices.IndexFunc(s.Rows, func(r watch.Row) bool { return r.ID == l.ID }); i >= 0 {
		out.Row, out.Packets = s.Rows[i], packetsOf(l, s.Rows[i].Steps)
	}
	out.Links = slices.DeleteFunc(slices.Clone(l.Links), func(e handshake.LinkEvent) bool { return e.Time > s.Now })
	if !l.Connected || max(l.LastFromClient, l.LastFromServer) > s.Now {
		out.InFlight, out.Limit, out.LastFromClient, out.LastFromServer = 0, 0, 0, 0
		out.Connected = connectedAfter(out.Links, l.Connected)
	}
	return &out
}

// alertsAsFrozen are those that had been raised, and of those that s holds the words of that moment.
func alertsAsFrozen(alerts []watch.Alert, s *watch.Snapshot) (out []watch.Alert) {
	for _, a := range alerts {
		if a.Raised > s.Now {
			continue
		}
		if at := slices.IndexFunc(s.Alerts, func(old watch.Alert) bool { return old.ID == a.ID }); at >= 0 {
			a = s.Alerts[at]
		}
		out = append(out, a)
	}
	return out
}

// packetsOf are the bytes of the first steps of a handshake. Where there are many, the last may have given way to a later one.
func packetsOf(l *watch.Ladder, steps []handshake.Step) []watch.Raw {
	out := make([]watch.Raw, len(steps))
	for i := range min(len(steps), len(l.Steps), len(l.Packets)) {
		if l.Steps[i].Time == steps[i].Time {
			out[i] = l.Packets[i]
		}
	}
	return out
}

// connectedAfter reports whether links end with an open Network Connection; otherwise is for none.
func connectedAfter(links []handshake.LinkEvent, otherwise bool) bool {
	for i := range slices.Backward(links) {
		switch links[i].Kind {
		case handshake.LinkConnect, handshake.LinkConnack:
			return true
		case handshake.LinkClosed, handshake.LinkDisconnect:
			return false
		}
	}
	return otherwise
}
