package tui

import (
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// A FilterTable is a table of the configuration file with the saved filters of one list: a name, and a text in the language of that list.
type FilterTable struct {
	Table, Title string
	kind         filterKind
}

// Check reports what is wrong with a text as a filter of the list.
func (t *FilterTable) Check(text string) error { return t.kind.parses(text) }

// FilterTables lists the tables of saved filters.
func FilterTables() []FilterTable {
	return []FilterTable{
		{"filters", "handshakes", ofHandshakes}, {"delivery-filters", "deliveries", ofDeliveries}, {"session-filters", "sessions", ofSessions},
		{"topic-filters", "topics", ofTopics}, {"packet-filters", "packets", ofPackets},
	}
}

// A namedFilter is one that the configuration file has.
type namedFilter struct{ name, text string }

// savedFilters are those of each list, by name.
type savedFilters [filterKinds][]namedFilter

// newSaved sorts the saved filters by name; they come by the names of their tables.
func newSaved(filters map[string]map[string]string) (out savedFilters) {
	for _, t := range FilterTables() {
		for _, name := range slices.Sorted(maps.Keys(filters[t.Table])) {
			out[t.kind] = append(out[t.kind], namedFilter{name, filters[t.Table][name]})
		}
	}
	return out
}

// filterTable is the table of the list that is shown.
func (m *Model) filterTable() *FilterTable {
	tables := FilterTables()
	i := slices.IndexFunc(tables, func(t FilterTable) bool { return t.kind == m.filter.kind })
	return &tables[i]
}

// openFilters lists the saved filters and those used before.
func (m *Model) openFilters() tea.Cmd {
	t := m.filterTable()
	return m.openOver(m.newMenu(menu{
		title: "Filters of " + t.Title, refresh: filterChoices,
		onRemove: func(m *Model, at int) tea.Cmd {
			saved := &m.saved[t.kind]
			if at < 1 || at > len(*saved) {
				m.say("it is not saved")
				return nil
			}
			if m.deleteSetting(t.Table, (*saved)[at-1].name) {
				*saved = slices.Delete(*saved, at-1, at)
			}
			return nil
		},
	}))
}

func filterChoices(m *Model, _ string) []choice {
	use := func(text string) func(m *Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return m.useFilter(text) }
	}
	out := []choice{{text: "Saved", head: true}}
	saved := m.saved[m.filter.kind]
	for _, f := range saved {
		out = append(out, choice{text: m.pen.text.clean(f.name, 40), note: m.pen.text.clean(f.text, m.width), run: use(f.text)})
	}
	if len(saved) == 0 {
		out = append(out, choice{text: "none; " + m.pen.keyOf("filter-save") + " saves a filter while it is typed", head: true})
	}
	if len(m.filterHistory().texts) > 0 {
		out = append(out, choice{text: "Used before", head: true})
	}
	for _, text := range slices.Backward(m.filterHistory().texts) {
		out = append(out, choice{text: m.pen.text.clean(text, m.width), run: use(text)})
	}
	return out
}

// useFilter makes text the filter, as if it had been typed.
func (m *Model) useFilter(text string) tea.Cmd {
	m.remember()
	m.setFilter(text)
	m.filterHistory().add(text)
	return nil
}

func (m *Model) cannotSaveFilter() string {
	if m.filter.mistake != nil {
		return "the filter has a mistake"
	}
	if m.filter.text == "" {
		return "the filter is empty"
	}
	return m.cannotSave()
}

// openSaveFilter asks for the name of a filter that is to be saved.
func (m *Model) openSaveFilter() tea.Cmd {
	text, t := m.filter.text, m.filterTable()
	m.filter.typing = false
	m.filterHistory().add(text)
	return m.openOver(&form{
		title:  "Save the filter " + m.pen.text.clean(text, m.width),
		fields: []field{{label: "name", check: func(s string) string { return why(s == "", "give a name") }}},
		done: func(m *Model, f *form) tea.Cmd {
			name := f.fields[0].value()
			m.closeOver()
			saved := slices.DeleteFunc(m.saved[t.kind], func(o namedFilter) bool { return o.name == name })
			m.saved[t.kind] = append(saved, namedFilter{name, text})
			m.saveSetting(t.Table, name, text)
			return nil
		},
	})
}
