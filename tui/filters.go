package tui

import (
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// A NamedFilter is one that the configuration file has.
type NamedFilter struct{ Name, Text string }

// filterHistory is the filters that were used, the newest last, and the one that is shown while they are gone through.
type filterHistory struct {
	texts []string
	at    int    // len(texts) is what was typed
	typed string // before the history was gone through
}

// maxFilters bounds the history.
const maxFilters = 100

func (h *filterHistory) add(text string) {
	if text == "" {
		return
	}
	h.texts = slices.DeleteFunc(h.texts, func(s string) bool { return s == text })
	h.texts = append(h.texts, text)
	if len(h.texts) > maxFilters {
		h.texts = h.texts[1:]
	}
}

func (m *Model) noFilterHistory() string {
	if len(m.history.texts) == 0 {
		return "no filter was used before"
	}
	return ""
}

// recallFilter shows the filter used before the one shown, or with 1 after it.
func (m *Model) recallFilter(step int) tea.Cmd {
	h := &m.history
	if h.at == len(h.texts) {
		h.typed = m.filter.editor.String()
	}
	to := h.at + step
	if to < 0 || to > len(h.texts) {
		return nil
	}
	h.at = to
	text := h.typed
	if to < len(h.texts) {
		text = h.texts[to]
	}
	m.filter.editor = newEditor(text)
	m.setFilter(text)
	return nil
}

// openFilters lists the saved filters and those used before.
func (m *Model) openFilters() tea.Cmd {
	return m.openOver(m.newMenu(menu{
		title: "Filters", refresh: filterChoices,
		onRemove: func(m *Model, at int) tea.Cmd {
			if at > 0 && at <= len(m.saved) {
				name := m.saved[at-1].Name
				m.saved = slices.Delete(m.saved, at-1, at)
				return m.saveSetting("filters", name, nil)
			}
			m.say("it is not saved")
			return nil
		},
	}))
}

func filterChoices(m *Model, _ string) []choice {
	use := func(text string) func(m *Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return m.useFilter(text) }
	}
	out := []choice{{text: "Saved", head: true}}
	for _, f := range m.saved {
		out = append(out, choice{text: m.pen.text.clean(f.Name, 40), note: m.pen.text.clean(f.Text, m.width), run: use(f.Text)})
	}
	if len(m.saved) == 0 {
		out = append(out, choice{text: "none; " + m.pen.keyOf("filter-save") + " saves a filter while it is typed", head: true})
	}
	if len(m.history.texts) > 0 {
		out = append(out, choice{text: "Used before", head: true})
	}
	for _, text := range slices.Backward(m.history.texts) {
		out = append(out, choice{text: m.pen.text.clean(text, m.width), run: use(text)})
	}
	return out
}

// useFilter makes text the filter, as if it had been typed.
func (m *Model) useFilter(text string) tea.Cmd {
	m.remember()
	m.setFilter(text)
	m.history.add(text)
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
	text := m.filter.text
	m.filter.typing = false
	m.history.add(text)
	return m.openOver(&form{
		title:  "Save the filter " + m.pen.text.clean(text, m.width),
		fields: []field{{label: "name", check: func(s string) string { return why(s == "", "give a name") }}},
		done: func(m *Model, f *form) tea.Cmd {
			name := f.fields[0].value()
			m.closeOver()
			m.saved = slices.DeleteFunc(m.saved, func(o NamedFilter) bool { return o.Name == name })
			m.saved = append(m.saved, NamedFilter{name, text})
			return m.saveSetting("filters", name, text)
		},
	})
}

// builderFields are the fields of the filter builder: the column of the filter that each makes, and what goes before its value.
var builderFields = []struct {
	label, column, op, hint string
	values                  []string
}{
	{"topic", "topic", ":", "a part, or with wildcards: plant/+/temp", nil},
	{"client", "client", ":", "a part of the Client Identifier", nil},
	{"host", "host", ":", "an address", nil},
	{"id", "id", ":", "Packet Identifier", nil},
	{"QoS", "qos", ":", "", []string{"any", "1", "2"}},
	{"kind", "kind", ":", "", []string{"any", "publish", "subscribe", "unsubscribe"}},
	{"sender", "sender", ":", "", []string{"any", "client", "server"}},
	{"state", "state", ":", "", []string{"any", "open", "stuck", "complete", "refused", "abandoned", "unknown"}},
	{"older than", "age", ">", "5s, 2m", nil},
	{"slower than", "rtt", ">", "200ms", nil},
	{"reason", "reason", ":", "0x87, or a part of its name", nil},
	{"resent", "dup", "", "", []string{"any", "yes", "no"}},
	{"retain", "retain", "", "", []string{"any", "yes", "no"}},
	{"any text", "", "", "anywhere in the row", nil},
}

// openBuilder opens the form that makes a filter.
func (m *Model) openBuilder() tea.Cmd {
	f := &form{title: "Build a filter", below: func(f *form) (string, bool) {
		text := f.expression()
		if text == "" {
			return "chooses all", false
		}
		if _, err := filter.Parse(text); err != nil {
			return text + "   " + err.Error(), true
		}
		return text, false
	}, done: func(m *Model, f *form) tea.Cmd {
		text := f.expression()
		if _, err := filter.Parse(text); err != nil {
			m.say(m.pen.text.clean(err.Error(), m.width))
			return nil
		}
		m.closeOver()
		return m.useFilter(text)
	}}
	for _, b := range builderFields {
		f.fields = append(f.fields, field{label: b.label, values: b.values, hint: b.hint})
	}
	return m.openOver(f)
}

// expression is the filter that the fields make.
func (f *form) expression() string {
	text := ""
	for i, b := range builderFields {
		v := f.fields[i].value()
		part := ""
		switch {
		case v == "" || v == "any":
			continue
		case b.column == "":
			part = quoteWord(v)
		case b.op == "" && v == "no":
			part = "!" + b.column
		case b.op == "":
			part = b.column
		default:
			part = b.column + b.op + quoteWord(v)
		}
		if text != "" {
			text += " "
		}
		text += part
	}
	return text
}

// quoteWord puts a value into quotes where it would not be read as one word.
func quoteWord(s string) string {
	plain := true
	for _, r := range s {
		plain = plain && r > ' ' && r != '"' && r != '\\' && r != '(' && r != ')' && r != '|' && r != '!' && r != ':'
	}
	if plain {
		return s
	}
	out := `"`
	for _, r := range s {
		if r == '"' || r == '\\' {
			out += `\`
		}
		out += string(r)
	}
	return out + `"`
}

// newSaved sorts the saved filters by name.
func newSaved(filters map[string]string) []NamedFilter {
	var out []NamedFilter
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		out = append(out, NamedFilter{name, filters[name]})
	}
	return out
}
