package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// columnNames are the columns of the list that can be chosen, in their first order.
var columnNames = []string{"time", "client", "direction", "qos", "id", "topic", "state", "timeline", "age", "flags"}

// columnNotes say what the columns show.
var columnNotes = map[string]string{
	"time": "when the first packet was seen", "client": "Client Identifier, or address", "direction": "to the broker, or from it",
	"qos": "Q1, Q2, SUB or UNS", "id": "Packet Identifier", "topic": "Topic Name", "state": "how it stands; never leaves",
	"timeline": "the packets on the time axis", "age": "how long owed, or how long it took", "flags": "resends, joined late, retain",
}

// A ColumnSet is the columns of one list, as the configuration file has them in its table [screen].
type ColumnSet struct {
	Key, Title string
	Names      []string
	Shown      []string // those of Names that are shown at first
	need       string   // the column that cannot be left out
	notes      map[string]string
}

// Check reports what is wrong with a choice of the columns; "" is nothing.
func (c *ColumnSet) Check(names []string) string {
	for i, name := range names {
		if !slices.Contains(c.Names, name) {
			return `there is no column "` + name + `": there are ` + strings.Join(c.Names, ", ")
		}
		if slices.Contains(names[:i], name) {
			return "the column " + name + " is there twice"
		}
	}
	if len(names) > 0 && !slices.Contains(names, c.need) {
		return "the column " + c.need + " cannot be left out"
	}
	return ""
}

func handshakeColumns() *ColumnSet {
	return &ColumnSet{Key: "columns", Title: "handshakes", Names: columnNames, Shown: columnNames, need: "state", notes: columnNotes}
}

func (k *tableKind) columnSet() *ColumnSet {
	c := &ColumnSet{Key: k.key, Title: k.title, need: k.need, notes: map[string]string{}}
	for _, column := range k.columns() {
		c.Names = append(c.Names, column.id)
		if !column.extra {
			c.Shown = append(c.Shown, column.id)
		}
		c.notes[column.id] = column.note
	}
	return c
}

// ColumnSets lists the columns of every list.
func ColumnSets() []ColumnSet {
	out := []ColumnSet{*handshakeColumns()}
	for _, k := range tableKinds() {
		out = append(out, *k.columnSet())
	}
	return out
}

// setColumns takes the columns that Options bring, as far as they make sense.
func (m *Model) setColumns(columns map[string][]string) {
	if names := columns["columns"]; len(names) > 0 && handshakeColumns().Check(names) == "" {
		m.list.columns = slices.Clone(names)
	}
	for _, k := range tableKinds() {
		if names := columns[k.key]; len(names) > 0 && k.columnSet().Check(names) == "" {
			k.shape(&m.survey).shown = slices.Clone(names)
		}
	}
}

// A columnChoice is the columns of the screen, and which of them are shown.
type columnChoice struct {
	*ColumnSet
	shown *[]string
}

func (m *Model) columnChoice() columnChoice {
	k := m.table()
	if k == nil {
		return columnChoice{handshakeColumns(), &m.list.columns}
	}
	c := columnChoice{k.columnSet(), &k.shape(&m.survey).shown}
	if *c.shown == nil {
		*c.shown = slices.Clone(c.Shown)
	}
	return c
}

// openColumns lets the user choose the columns and their order.
func (m *Model) openColumns() tea.Cmd {
	c := m.columnChoice()
	return m.openOver(m.newMenu(menu{
		title: "Columns of " + c.Title, keep: true, refresh: func(*Model, string) []choice { return c.choices() },
		onToggle: func(m *Model, at int) tea.Cmd { m.toggleColumn(c, c.order()[at]); return nil },
		onShift: func(m *Model, at, n int) tea.Cmd {
			name := c.order()[at]
			c.move(name, n)
			if u, ok := m.over.(*menu); ok {
				u.cursor = slices.Index(c.order(), name)
			}
			return nil
		},
		onSave: func(m *Model) tea.Cmd { m.saveColumns(c); return nil },
	}))
}

// saveColumns writes the columns into the configuration file, or takes them out where they are as at first: a list that nobody changed is not to stay
// behind when there are new columns.
func (m *Model) saveColumns(c columnChoice) {
	if slices.Equal(*c.shown, c.Shown) {
		m.saveSetting("screen", c.Key, nil)
		return
	}
	m.saveSetting("screen", c.Key, slices.Clone(*c.shown))
}

// order lists the columns that are shown, and after them the others.
func (c columnChoice) order() []string {
	order := slices.Clone(*c.shown)
	for _, name := range c.Names {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

func (c columnChoice) choices() []choice {
	var out []choice
	for _, name := range c.order() {
		mark := "[ ]"
		if slices.Contains(*c.shown, name) {
			mark = "[x]"
		}
		out = append(out, choice{text: name, note: c.notes[name], mark: mark})
	}
	return out
}

func (m *Model) toggleColumn(c columnChoice, name string) {
	if name == c.need {
		m.say("the " + name + " never leaves")
		return
	}
	columns := slices.Clone(*c.shown)
	if i := slices.Index(columns, name); i >= 0 {
		*c.shown = slices.Delete(columns, i, i+1)
		return
	}
	// It comes back where it was at first, as far as the others are in that order.
	at := len(columns)
	for i, other := range columns {
		if slices.Index(c.Names, other) > slices.Index(c.Names, name) {
			at = i
			break
		}
	}
	*c.shown = slices.Insert(columns, at, name)
}

func (c columnChoice) move(name string, n int) {
	i := slices.Index(*c.shown, name)
	to := i + n
	if i < 0 || to < 0 || to >= len(*c.shown) {
		return
	}
	columns := slices.Clone(*c.shown)
	columns[i], columns[to] = columns[to], columns[i]
	*c.shown = columns
}
