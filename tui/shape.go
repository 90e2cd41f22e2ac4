package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A tableShape is what the user has made of a table: its columns, and by which of them it is sorted.
type tableShape struct {
	shown   []string // columns by name, in their order; nil is as they are at first
	sortBy  string   // the column; "" is the order that the list has by itself
	reverse bool
}

// fit returns the columns of a table that are shown and fit.
func (s *tableShape) fit(all []tableColumn, width int) table {
	for i := range all {
		all[i].at = i
	}
	if s.shown == nil {
		return fitTable(slices.DeleteFunc(all, func(c tableColumn) bool { return c.extra }), width)
	}
	var chosen []tableColumn
	for _, name := range s.shown {
		if i := slices.IndexFunc(all, func(c tableColumn) bool { return c.id == name }); i >= 0 {
			chosen = append(chosen, all[i])
		}
	}
	return fitTable(chosen, width)
}

// sortKey returns what the engine is to sort by.
func (s *tableShape) sortKey(all []tableColumn) uint8 {
	for i := range all {
		if all[i].id == s.sortBy {
			return all[i].key
		}
	}
	return 0
}

// sortTurn is how long rows keep their places while they are sorted by numbers that change.
const sortTurn = 2 * time.Second

// sortOf is the order of a table as the engine wants it.
func sortOf[K ~uint8](s *tableShape, all []tableColumn, now time.Time) watch.Sort[K] {
	key := s.sortKey(all)
	if key == 0 && !s.reverse {
		return watch.Sort[K]{}
	}
	return watch.Sort[K]{Key: K(key), Reverse: s.reverse, Turn: now.UnixNano() / int64(sortTurn)}
}

// plain reports whether the table has its own order.
func (s *tableShape) plain() bool { return s.sortBy == "" && !s.reverse }

// words is what the header says of the sorting.
func (s *tableShape) words() string {
	switch {
	case s.plain():
		return ""
	case s.sortBy == "":
		return "  reversed"
	case s.reverse:
		return "  by " + s.sortBy + " reversed"
	}
	return "  by " + s.sortBy
}

// tableSortWords is what the header says of the sorting of a table, where no title does.
func (m *Model) tableSortWords(k *tableKind) string {
	s := k.shape(&m.survey)
	for _, c := range s.fit(k.columns(), m.boxes()[0].width) {
		if c.width > 0 && c.id == s.sortBy {
			return ""
		}
	}
	return s.words()
}

// mark is what stands before the title of a column that the table is sorted by: where the largest is.
func (s *tableShape) mark(p *pen, c *tableColumn) string {
	switch {
	case c.id == "" || c.id != s.sortBy:
		return ""
	case s.reverse == c.text:
		return p.g.Falling
	}
	return p.g.Rising
}

// A tableKind is one of the lists that are tables.
type tableKind struct {
	screen  screen
	key     string // of its columns, in the table [screen] of the configuration file
	title   string
	need    string // the column that never leaves
	stream  bool   // it lists what comes, the newest last
	columns func() []tableColumn
	shape   func(s *surveyPanes) *tableShape
	place   func(s *surveyPanes) *place
}

func tableKinds() []tableKind {
	return []tableKind{
		{screenDeliveries, "delivery-columns", "deliveries", "verdict", true, deliveryColumns,
			func(s *surveyPanes) *tableShape { return &s.deliveries.shape }, func(s *surveyPanes) *place { return &s.deliveries.place }},
		{screenSessions, "session-columns", "sessions", "client", false, sessionColumns,
			func(s *surveyPanes) *tableShape { return &s.sessions.shape }, func(s *surveyPanes) *place { return &s.sessions.place }},
		{screenTopics, "topic-columns", "topics", "topic", false, topicColumns,
			func(s *surveyPanes) *tableShape { return &s.topics.shape }, func(s *surveyPanes) *place { return &s.topics.place }},
		{screenPackets, "packet-columns", "packets", "packet", true, packetColumns,
			func(s *surveyPanes) *tableShape { return &s.packets.shape }, func(s *surveyPanes) *place { return &s.packets.place }},
	}
}

// table returns the table of the screen, or nil.
func (m *Model) table() *tableKind {
	kinds := tableKinds()
	for i := range kinds {
		if kinds[i].screen == m.screen && m.level == levelList {
			return &kinds[i]
		}
	}
	return nil
}

// onColumns is where columns can be chosen.
func onColumns(m *Model) bool { return onHandshakes(m) || m.table() != nil && m.focus == 0 }

// sortTable sorts by the next column that is shown, or with -1 by the one before.
func (m *Model) sortTable(k *tableKind, step int) tea.Cmd {
	s := k.shape(&m.survey)
	names := []string{""}
	for _, c := range s.fit(k.columns(), farAway) {
		if c.key != 0 {
			names = append(names, c.id)
		}
	}
	at := max(slices.Index(names, s.sortBy), 0)
	m.remember()
	s.sortBy = names[(at+step+len(names))%len(names)]
	return m.sorted(k)
}

// clickTitle sorts a table by the column whose title is clicked, or turns it round.
func (m *Model) clickTitle(k *tableKind, x int) tea.Cmd {
	t := k.shape(&m.survey).fit(k.columns(), m.boxes()[0].width)
	i := t.columnAt(x)
	if i < 0 {
		return nil
	}
	s := k.shape(&m.survey)
	switch {
	case t[i].id == s.sortBy:
		return m.reverseTable(k)
	case t[i].key == 0 && s.sortBy == "":
		return nil
	}
	m.remember()
	s.sortBy, s.reverse = "", false
	if t[i].key != 0 {
		s.sortBy = t[i].id
	}
	return m.sorted(k)
}

func (m *Model) reverseTable(k *tableKind) tea.Cmd {
	m.remember()
	s := k.shape(&m.survey)
	s.reverse = !s.reverse
	return m.sorted(k)
}

// sorted tells how a table is sorted now, and begins at its first row: what is sorted for is there.
func (m *Model) sorted(k *tableKind) tea.Cmd {
	s, l := k.shape(&m.survey), k.place(&m.survey)
	words := k.title + " in their own order"
	switch {
	case s.sortBy != "":
		words = k.title + " sorted by " + s.sortBy
	case s.reverse:
		words += ", the other way round"
	}
	if s.sortBy != "" && s.reverse {
		words += ", the other way round"
	}
	m.say(words)
	if l.follow = false; s.plain() && onStream(m) {
		return m.followPackets()
	}
	l.cursor, l.top, l.selected = 0, 0, 0
	return nil
}
