package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// problemFilter chooses what `!` shows: what is stuck, and what did not come to its end.
const problemFilter = "(state:stuck | state:refused | state:abandoned | state:unknown)"

func (m *Model) startFilter() tea.Cmd {
	m.remember()
	m.filter.typing = true
	m.filter.before = m.filter.text
	m.filter.editor = newEditor(m.filter.text)
	m.history.at = len(m.history.texts)
	return nil
}

// keepFilter ends typing; where what was typed has a mistake, the filter before is back.
func (m *Model) keepFilter() tea.Cmd {
	m.filter.typing = false
	if m.filter.mistake != nil {
		m.setFilter(m.filter.before)
		m.say("that filter has a mistake: the one before is back")
		return nil
	}
	m.history.add(m.filter.text)
	return nil
}

func (m *Model) clearFilter() tea.Cmd {
	m.filter.typing = false
	m.setFilter("")
	return nil
}

func (m *Model) toggleProblems() tea.Cmd {
	m.remember()
	m.filter.problems = !m.filter.problems
	m.setFilter(m.filter.text)
	return nil
}

// setFilter takes a text as the filter. While it is not valid, the last valid filter stays and the mistake is shown.
func (m *Model) setFilter(text string) {
	if m.alignFilter(); m.filter.ofPackets {
		m.setPacketFilter(text)
		return
	}
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
		m.say(m.frozenWords() + ", then the filter works")
	}
}

func (m *Model) mistaken(err error) {
	var e *filter.Error
	if !errors.As(err, &e) {
		e = &filter.Error{Column: 1, Reason: err.Error()}
	}
	m.filter.mistake = e
}
