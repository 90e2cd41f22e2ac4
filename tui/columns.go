package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// columnNames are the columns of the list that can be chosen, in their first order.
var columnNames = []string{"time", "client", "direction", "qos", "id", "topic", "state", "timeline", "age", "flags"}

// Columns returns the names of the columns of the list of handshakes.
func Columns() []string { return slices.Clone(columnNames) }

// columnNotes say what the columns show.
var columnNotes = map[string]string{
	"time": "when the first packet was seen", "client": "Client Identifier, or address", "direction": "to the broker, or from it",
	"qos": "Q1, Q2, SUB or UNS", "id": "Packet Identifier", "topic": "Topic Name", "state": "how it stands; never leaves",
	"timeline": "the packets on the time axis", "age": "how long owed, or how long it took", "flags": "resends, joined late, retain",
}

// CheckColumns reports what is wrong with a choice of columns; "" is nothing.
func CheckColumns(names []string) string {
	for i, name := range names {
		if !slices.Contains(columnNames, name) {
			return `there is no column "` + name + `": there are ` + strings.Join(columnNames, ", ")
		}
		if slices.Contains(names[:i], name) {
			return "the column " + name + " is there twice"
		}
	}
	if len(names) > 0 && !slices.Contains(names, "state") {
		return "the column state cannot be left out"
	}
	return ""
}

// openColumns lets the user choose the columns and their order.
func (m *Model) openColumns() tea.Cmd {
	return m.openOver(m.newMenu(menu{
		title: "Columns", keep: true, refresh: columnChoices,
		onToggle: func(m *Model, at int) tea.Cmd { m.toggleColumn(m.columnOrder()[at]); return nil },
		onShift: func(m *Model, at, n int) tea.Cmd {
			order := m.columnOrder()
			m.moveColumn(order[at], n)
			if u, ok := m.over.(*menu); ok {
				u.cursor = slices.Index(m.columnOrder(), order[at])
			}
			return nil
		},
		onSave: func(m *Model) tea.Cmd { return m.saveSetting("screen", "columns", slices.Clone(m.list.columns)) },
	}))
}

// columnOrder lists the columns that are shown, and after them the others.
func (m *Model) columnOrder() []string {
	order := slices.Clone(m.list.columns)
	for _, name := range columnNames {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

func columnChoices(m *Model, _ string) []choice {
	var out []choice
	for _, name := range m.columnOrder() {
		mark := "[ ]"
		if slices.Contains(m.list.columns, name) {
			mark = "[x]"
		}
		out = append(out, choice{text: name, note: columnNotes[name], mark: mark})
	}
	return out
}

func (m *Model) toggleColumn(name string) {
	if name == "state" {
		m.say("the state never leaves")
		return
	}
	if i := slices.Index(m.list.columns, name); i >= 0 {
		m.list.columns = slices.Delete(slices.Clone(m.list.columns), i, i+1)
		return
	}
	// It comes back where it was at first, as far as the others are in that order.
	columns := slices.Clone(m.list.columns)
	at := len(columns)
	for i, other := range columns {
		if slices.Index(columnNames, other) > slices.Index(columnNames, name) {
			at = i
			break
		}
	}
	m.list.columns = slices.Insert(columns, at, name)
}

func (m *Model) moveColumn(name string, n int) {
	i := slices.Index(m.list.columns, name)
	to := i + n
	if i < 0 || to < 0 || to >= len(m.list.columns) {
		return
	}
	columns := slices.Clone(m.list.columns)
	columns[i], columns[to] = columns[to], columns[i]
	m.list.columns = columns
}
