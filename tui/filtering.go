package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// problemFilter chooses what `!` shows.
const problemFilter = "state:stuck"

func (m *Model) startFilter() tea.Cmd {
	m.filter.typing = true
	m.filter.before = m.filter.text
	m.filter.editor = newEditor(m.filter.text)
	return nil
}

func (m *Model) toggleProblems() tea.Cmd {
	m.filter.problems = !m.filter.problems
	m.setFilter(m.filter.text)
	return nil
}

// setFilter takes a text as the filter. While it is not valid, the last valid filter stays and the mistake is shown.
func (m *Model) setFilter(text string) {
	m.filter.text = text
	m.filter.mistake = nil
	parsed, err := filter.Parse(text)
	if err != nil {
		m.mistaken(err)
		return
	}
	if m.filter.problems {
		whole := problemFilter
		if parsed != nil {
			whole = "(" + text + ") " + problemFilter
		}
		if parsed, err = filter.Parse(whole); err != nil {
			m.mistaken(err)
			return
		}
	}
	m.filter.parsed = parsed
	m.seen = -1
	if m.frozen {
		m.say("the view is frozen: p goes on, then the filter works")
	}
}

func (m *Model) mistaken(err error) {
	var e *filter.Error
	if !errors.As(err, &e) {
		e = &filter.Error{Column: 1, Reason: err.Error()}
	}
	m.filter.mistake = e
}

// filterKey takes a key while the filter is typed. Up and down still move in the list.
func (m *Model) filterKey(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "enter":
		m.filter.typing = false
		if m.filter.mistake != nil {
			m.setFilter(m.filter.before)
			m.say("that filter has a mistake: the one before is back")
		}
	case "esc":
		m.filter.typing = false
		m.setFilter("")
	case "up":
		return m.moveBy(-1)
	case "down":
		return m.moveBy(1)
	default:
		if m.filter.editor.press(k) {
			m.setFilter(m.filter.editor.String())
		}
	}
	return nil
}

func (m *Model) onPaste(text string) tea.Cmd {
	m.dirty = true
	switch {
	case m.help.open && m.help.typing:
		m.help.search.insert(text)
	case m.filter.typing:
		if m.filter.editor.insert(text) {
			m.setFilter(m.filter.editor.String())
			return m.ask()
		}
	}
	return nil
}

// helpKey takes a key while the help is open.
func (m *Model) helpKey(k tea.KeyPressMsg) tea.Cmd {
	h := &m.help
	key := k.String()
	if h.typing {
		switch key {
		case "enter":
			h.typing = false
		case "esc":
			h.typing, h.search = false, editor{}
		default:
			h.search.press(k)
			h.top = 0
		}
		return nil
	}
	switch key {
	case "esc":
		if h.search.String() != "" {
			h.search = editor{}
			return nil
		}
		h.open = false
	case "q", "?", "f1":
		h.open = false
	case "Q":
		return tea.Quit
	case "/":
		h.typing = true
	case "j", "down":
		h.scrollBy(1)
	case "k", "up":
		h.scrollBy(-1)
	case "pgdown", "ctrl+f", "space":
		h.scrollBy(h.height)
	case "pgup", "ctrl+b":
		h.scrollBy(-h.height)
	case "g", "home":
		h.scrollBy(-farAway)
	case "G", "end":
		h.scrollBy(farAway)
	}
	return nil
}
