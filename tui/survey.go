package tui

import (
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// surveyPanes are the screens beside handshakes and alerts.
type surveyPanes struct {
	deliveries deliveryList
	legs       legList
	sessions   sessionPane
	topics     topicPane
	stats      statsPane
	packets    packetList
}

func onTopics(m *Model) bool { return m.active() == paneTopics }

// onStream reports whether the pane lists what comes, so that it can follow.
func onStream(m *Model) bool { return m.active() == panePackets || m.active() == paneDeliveries }

func onPacketScreen(m *Model) bool {
	return m.screen == screenPackets && m.level == levelList
}

// canFind reports whether the pane that has the keys can be searched: it holds all its lines, not a window of them.
func canFind(m *Model) bool {
	return !onFiltered(m) && m.placeOf(m.active()) == nil && m.active() != paneStatistics
}

// onSurvey reports whether what is shown has no handshake.
func (m *Model) onSurvey() bool {
	switch m.screen {
	case screenDeliveries, screenSessions, screenTopics, screenStatistics, screenPackets:
		return m.level == levelList
	}
	return false
}

// surveyPanesOf returns the panes of a screen that is not about single handshakes. Packets have a second one, for their bytes.
func surveyPanesOf(s screen) (panes [2]pane, ok bool) {
	switch s {
	case screenDeliveries:
		return [2]pane{paneDeliveries, paneLegs}, true
	case screenSessions:
		return [2]pane{paneSessions, paneSessions}, true
	case screenTopics:
		return [2]pane{paneTopics, paneTopics}, true
	case screenStatistics:
		return [2]pane{paneStatistics, paneStatistics}, true
	case screenPackets:
		return [2]pane{panePackets, paneBytes}, true
	}
	return panes, false
}

// querySurvey asks for what the screen shows. When the view is frozen it asks for all screens, with rows to scroll to.
func (m *Model) querySurvey(q *watch.Query, freezing bool) {
	s, now := &m.survey, m.opt.Now()
	if freezing {
		q.Sessions = s.sessions.query(m.filterOf(ofSessions).sessions, now)
		q.Sessions.Window = s.sessions.frozen()
		q.Topics = s.topics.query(m.filterOf(ofTopics).topics, now)
		q.Topics.Window = s.topics.frozen()
		q.Packets = s.packets.query(m.filterOf(ofPackets).packets, now)
		q.Packets.Window = s.packets.frozen()
		q.Statistics = true
		q.Deliveries = s.deliveries.query(s.deliveries.selected, m.filterOf(ofDeliveries).deliveries, now)
		q.Deliveries.First, q.Deliveries.Limit = max(0, q.Deliveries.First-frozenRows/2), frozenRows
		q.Deliveries.AroundRow = s.deliveries.cursor - q.Deliveries.First
		return
	}
	switch m.screen {
	case screenDeliveries:
		q.Deliveries = s.deliveries.query(s.deliveries.selected, m.filterOf(ofDeliveries).deliveries, now)
	case screenSessions:
		q.Sessions = s.sessions.query(m.filterOf(ofSessions).sessions, now)
	case screenTopics:
		q.Topics = s.topics.query(m.filterOf(ofTopics).topics, now)
	case screenPackets:
		q.Packets = s.packets.query(m.filterOf(ofPackets).packets, now)
	case screenStatistics:
		q.Statistics = true
	}
	if m.frozen {
		// Rows stay as they are; what is under the cursor may be asked about.
		q.Topics, q.Statistics = nil, false
		q.Deliveries.Limit, q.Deliveries.Filter = 0, nil
		if q.Packets != nil {
			q.Packets.Window = watch.Window{}
		}
		if q.Sessions != nil {
			q.Sessions = nil
		}
	}
}

// takeSurvey takes in what a Snapshot holds of it.
func (m *Model) takeSurvey(s *watch.Snapshot) {
	if s.Deliveries.On || m.screen == screenDeliveries {
		m.takeDeliveries(&s.Deliveries)
	}
	m.survey.sessions.sync(s.Sessions)
	m.survey.topics.sync(s.Topics)
	m.survey.stats.sync(s.Statistics)
	m.survey.packets.sync(s.Packets)
	m.takePacket(s.Packets)
}

// takeDeliveries takes in the deliveries of a Snapshot that asked for them, and the legs of the one under the cursor.
func (m *Model) takeDeliveries(d *watch.Deliveries) {
	l := &m.survey.deliveries
	if len(d.Rows) > 0 || m.screen == screenDeliveries {
		m.dirty = m.dirty || !l.have
		l.sync(*d)
	}
	if l.total == 0 {
		m.survey.legs.sync(nil)
	}
	if d.Ladder != nil && d.Ladder.ID == l.selected {
		m.survey.legs.sync(d.Ladder)
	}
}

// takeLegs shows the legs of the delivery under the cursor, also while the view is frozen.
func (m *Model) takeLegs(d *watch.DeliveryLadder) {
	if d == nil || m.screen != screenDeliveries || d.ID != m.survey.deliveries.selected {
		return
	}
	if m.survey.legs.data == nil || m.survey.legs.data.ID != d.ID {
		m.dirty = true
	}
	m.survey.legs.sync(d)
}

// takePacket shows the bytes of the packet under the cursor.
func (m *Model) takePacket(s *watch.PacketList) {
	if onPacketScreen(m) && m.survey.packets.total == 0 {
		m.packet = packetPane{step: -1} // what was under the cursor before is not in the list
		return
	}
	if s == nil || !onPacketScreen(m) || s.Detail == nil || s.Detail.Number != m.survey.packets.selected {
		return
	}
	if m.packet.showPacket(s.Detail) {
		m.dirty = true
	}
}

// rowsOf is how many rows a list shows in a pane of that height, beside its head and what is below.
func rowsOf(p pane, height int) int {
	switch p {
	case paneSessions:
		return max(height-2-detailLines(height), 1)
	case paneTopics:
		return max(height-2, 1)
	case paneLegs:
		return max(height-legsHead, 1)
	}
	return max(height-1, 1)
}

// followSurvey asks for what is to be shown of the row under the cursor, where that is not there, once for each row.
func (m *Model) followSurvey() {
	s := &m.survey
	switch m.screen {
	case screenDeliveries:
		l := &s.deliveries
		if l.selected != 0 && m.level != levelExtended && (s.legs.data == nil || s.legs.data.ID != l.selected) {
			m.again = m.again || !l.follow
		}
	case screenPackets:
		m.followPacket()
	case screenSessions:
		if l := &s.sessions; l.selected != 0 && (l.detail == nil || l.detail.ID != l.selected) && l.asked != l.selected {
			l.asked, m.again = l.selected, true
		}
	}
}

// followPacket asks for the bytes of the packet under the cursor where they are not shown.
func (m *Model) followPacket() {
	if l := &m.survey.packets; l.selected != 0 && l.selected != m.packet.number {
		m.again = !l.follow || l.selected != l.asked
		l.asked = l.selected
	}
}

// bindSurvey keeps the cursors within what is kept while the view is frozen, or frees them.
func (m *Model) bindSurvey(bound bool) {
	for _, l := range []*place{&m.survey.deliveries.place, &m.survey.sessions.place, &m.survey.topics.place, &m.survey.packets.place} {
		l.bound = bound
		l.follow = l.follow && !bound
		l.clamp()
	}
}

// surveyChanged reports whether two Snapshots show other rows.
func surveyChanged(a, b *watch.Snapshot) bool {
	if x, y := &a.Deliveries, &b.Deliveries; x.On != y.On || x.First != y.First || x.Matched != y.Matched || len(x.Rows) != len(y.Rows) {
		return true
	}
	if (a.Sessions == nil) != (b.Sessions == nil) || (a.Topics == nil) != (b.Topics == nil) || (a.Packets == nil) != (b.Packets == nil) ||
		(a.Statistics == nil) != (b.Statistics == nil) {
		return true
	}
	switch {
	case a.Sessions != nil:
		x, y := a.Sessions, b.Sessions
		return x.First != y.First || x.Total != y.Total || x.Matched != y.Matched || len(x.Rows) != len(y.Rows) || (x.Detail == nil) != (y.Detail == nil) ||
			x.Detail != nil && x.Detail.ID != y.Detail.ID
	case a.Topics != nil:
		x, y := a.Topics, b.Topics
		return x.First != y.First || x.Shown != y.Shown || len(x.Rows) != len(y.Rows) || x.Topics != y.Topics
	case a.Packets != nil:
		x, y := a.Packets, b.Packets
		return x.First != y.First || x.Matched != y.Matched || len(x.Rows) != len(y.Rows) || x.Seen != y.Seen
	}
	return false
}

// placeOf returns the cursor of a pane, or nil.
func (m *Model) placeOf(p pane) *place {
	switch p {
	case paneDeliveries:
		return &m.survey.deliveries.place
	case paneLegs:
		return &m.survey.legs.place
	case paneExtended:
		return &m.extended.place
	case paneSessions:
		return &m.survey.sessions.place
	case paneTopics:
		return &m.survey.topics.place
	case panePackets:
		return &m.survey.packets.place
	}
	return nil
}

// surveyPlace tells where the list is, how it is sorted, and whether the view is frozen.
func (m *Model) surveyPlace(p *pen) []piece {
	var out []piece
	k := m.table()
	if k == nil || k.place(&m.survey).total == 0 {
		return append(m.clearedPieces(p), m.frozenPieces(p)...)
	}
	l := k.place(&m.survey)
	kept := 0 // where nothing is hidden, more can only be what came since the rows were sorted
	if m.filter.text != "" || m.filter.problems || m.cleared.since != 0 {
		kept = m.keptRows()
	}
	out = append(out, piece{m.placeWords(l.cursor, l.total, kept, l.follow), p.th.Dim})
	if words := m.tableSortWords(k); words != "" {
		out = append(out, piece{words, p.th.Input})
	}
	out = append(out, m.clearedPieces(p)...)
	out = append(out, m.markPieces(p)...)
	if l.follow && m.list.live && !m.frozen {
		out = append(out, piece{"  FOLLOW", p.th.Live})
	}
	return append(out, m.frozenPieces(p)...)
}

func (m *Model) frozenPieces(p *pen) []piece {
	if !m.frozen {
		return nil
	}
	return []piece{{"  FROZEN", p.th.Overdue}}
}

// keptRows is how many rows there are on the screen that is shown, whatever its filter chooses; 0 where rows are no measure of that.
func (m *Model) keptRows() int {
	s := &m.survey
	switch {
	case m.screen == screenDeliveries:
		return int(s.deliveries.data.Counts.Kept)
	case m.screen == screenSessions && s.sessions.data != nil:
		return s.sessions.data.Total
	case m.screen == screenPackets && s.packets.data != nil:
		return s.packets.data.Total
	}
	return 0
}
