package tui

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// openSurvey opens what is under the cursor: a session or a topic as a filter of handshakes, a packet's bytes.
func (m *Model) openSurvey() tea.Cmd {
	switch m.active() {
	case paneSessions:
		if r := m.survey.sessions.current(); r != nil {
			return m.showHandshakes(sessionFilter(r))
		}
	case paneTopics:
		r := m.survey.topics.current()
		switch {
		case r == nil:
		case r.Children > 0:
			return m.foldTopic()
		default:
			return m.showHandshakes(topicFilter(r))
		}
	case paneDeliveries:
		return m.openExtended()
	case panePackets:
		m.focus = 1
	case paneLegs:
		if id := m.survey.legs.handshake(); id != 0 {
			m.openLadder(id, nil)
			m.level, m.focus = levelLadder, 0
		}
	}
	return nil
}

// cannotOpen says why Enter opens nothing: on a level of topics it folds.
func (m *Model) cannotOpen() string {
	if r := m.survey.topics.current(); onTopics(m) && r != nil && r.Children > 0 {
		return m.cannotFold()
	}
	return m.nothingInSurvey()
}

func (m *Model) nothingInSurvey() string {
	switch m.active() {
	case paneSessions:
		if m.frozen {
			return m.frozenWords() + ", then its handshakes are shown"
		}
		if r := m.survey.sessions.current(); r == nil {
			return "there is no session to open"
		} else if sessionFilter(r) == "" {
			return "the client is not known"
		}
	case paneTopics:
		if m.frozen {
			return m.frozenWords() + ", then its handshakes are shown"
		}
		if r := m.survey.topics.current(); r == nil || r.Unknown {
			return "there is no topic to open"
		}
	case paneDeliveries:
		if m.survey.deliveries.current() == nil {
			return "there is no delivery to open"
		}
	case paneLegs:
		if m.survey.legs.handshake() == 0 {
			return "this leg has no handshake: QoS 0, or not sent"
		}
	case paneExtended:
		return m.noStep()
	case panePackets:
		if m.survey.packets.current() == nil {
			return "there is no packet to open"
		}
	case paneStatistics:
		return "there is nothing to open here"
	}
	return ""
}

// showHandshakes goes to the list of handshakes with a filter.
func (m *Model) showHandshakes(text string) tea.Cmd {
	from := m.pastView()
	cmd := m.goTo(screenHandshakes)
	m.came = &cameFrom{from, text, m.filter.text, m.filter.problems}
	m.remember()
	m.filter.problems = false
	m.setFilter(text)
	m.filterHistory().add(text)
	m.list.followNewest()
	return cmd
}

func (m *Model) foldTopic() tea.Cmd {
	if r := m.survey.topics.current(); r != nil {
		m.survey.topics.fold(r)
	}
	return nil
}

func (m *Model) unfoldTopic() tea.Cmd {
	if r := m.survey.topics.current(); r != nil && r.Children > 0 && !r.Unfolded {
		m.survey.topics.fold(r)
	}
	return nil
}

// leaveTopic folds the level under the cursor, or goes to the one above.
func (m *Model) leaveTopic() tea.Cmd {
	r := m.survey.topics.current()
	switch {
	case r == nil:
	case r.Unfolded:
		m.survey.topics.fold(r)
	default:
		m.survey.topics.toParent(r)
	}
	return nil
}

func (m *Model) handshakesOfTopic() tea.Cmd {
	if r := m.survey.topics.current(); r != nil {
		return m.showHandshakes(topicFilter(r))
	}
	return nil
}

func (m *Model) cannotFold() string {
	switch r := m.survey.topics.current(); {
	case m.frozen:
		return m.frozenWords() + ", then topics unfold"
	case r == nil:
		return "there is no topic"
	}
	return ""
}

func (m *Model) cannotUnfold() string {
	r := m.survey.topics.current()
	switch reason := m.cannotFold(); {
	case reason != "":
		return reason
	case r.Children == 0:
		return "there is no level below this topic"
	case r.Unfolded:
		return "the level is unfolded already"
	}
	return ""
}

func (m *Model) cannotLeave() string {
	r := m.survey.topics.current()
	if reason := m.cannotFold(); reason != "" && (r == nil || r.Unfolded) {
		return reason
	}
	return why(!r.Unfolded && r.Depth == 0, "there is no level above this one")
}

func (m *Model) followPackets() tea.Cmd {
	l := m.placeOf(m.active())
	l.follow = true
	l.moveTo(l.total - 1)
	return nil
}

func (m *Model) packetsFollow() string {
	switch {
	case !onStream(m):
		return "there is nothing to follow here"
	case m.frozen:
		return m.frozenWords()
	case m.placeOf(m.active()).follow:
		return "the list follows the newest already"
	}
	return m.tableSortedOtherwise()
}

// tableSortedOtherwise says why a table cannot follow what comes.
func (m *Model) tableSortedOtherwise() string {
	k := m.table()
	if k == nil || k.shape(&m.survey).plain() {
		return ""
	}
	if by := k.shape(&m.survey).sortBy; by != "" {
		return "the list is sorted by " + by + ", not by time: " + m.pen.keyOf("sort-previous") + " goes back"
	}
	return "the newest are on top: " + m.pen.keyOf("sort-reverse") + " turns the list round again"
}

// clickPlace selects a row that is clicked; a click on what is selected opens it.
func (m *Model) clickPlace(l *place, row int, same bool) tea.Cmd {
	at := l.top + row
	if row < 0 || row >= l.height || at >= l.total {
		return nil
	}
	if same && at == l.cursor {
		if m.nothingToOpen() == "" {
			return m.settle(m.drillIn())
		}
		return nil
	}
	l.moveTo(at)
	m.follow()
	return nil
}

// surveyCopies adds what can be copied of a session, a topic or a packet.
func (m *Model) surveyCopies(add func(letter, name, text, off string)) {
	switch m.active() {
	case paneSessions:
		if r := m.survey.sessions.current(); r != nil {
			add("c", "client", decode.Escape(r.Client), "")
			add("f", "filter of its handshakes", sessionFilter(r), "")
		}
	case paneTopics:
		if r := m.survey.topics.current(); r != nil {
			add("t", "topic", decode.Escape(r.Path), why(r.Unknown, "the topic is not known"))
		}
	case paneDeliveries, paneLegs:
		if d := m.survey.deliveries.current(); d != nil {
			add("r", "row", m.deliveryLine(d), "")
			add("t", "topic", decode.Escape(d.Topic), why(d.Topic == "", "the topic is not known"))
			add("c", "publisher", decode.Escape(d.Publisher), why(d.Publisher == "", "the publisher is not known"))
		}
	case panePackets:
		if r := m.survey.packets.current(); r != nil {
			add("r", "row", m.packetLine(r), "")
		}
	}
}

// deliveryLine is a delivery as one line of text.
func (m *Model) deliveryLine(d *watch.Delivery) string {
	s := clockTime(d.At, m.pen.loc, false) + " " + decode.Escape(d.Publisher) + " Q" + strconv.Itoa(int(d.QoS)) + " " + decode.Escape(d.Topic) + ": " + verdictWord(d) +
		", " + plural(d.Expected, "subscriber") + " expected, " + count(d.Forwarded) + " forwarded, " + count(d.Acknowledged) + " acknowledged"
	if d.Worst >= 0 {
		s += ", " + took(d.Worst) + " at most"
	}
	return s
}

// packetLine is a packet as one line of text.
func (m *Model) packetLine(r *watch.PacketRow) string {
	arrow := " -> "
	if r.Dir == decode.FromServer {
		arrow = " <- "
	}
	name := r.Type.String()
	if r.Lost {
		name = r.Loss.String()
	}
	s := clockTime(r.Time, m.pen.loc, false) + " " + decode.Escape(r.Client) + arrow + name
	if flags := m.pen.packetFlags(r); flags != "" {
		s += " " + flags
	}
	if r.PacketID != 0 {
		s += " id " + count(int(r.PacketID))
	}
	if words := m.pen.packetWords(r, 1024); words != "" {
		s += " " + words
	}
	return s
}
