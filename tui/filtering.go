package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// problemFilter chooses what `!` shows: what is stuck, and what did not come to its end.
const problemFilter = "(state:stuck | state:refused | state:abandoned | state:unknown)"

func (m *Model) startFilter() tea.Cmd {
	m.remember()
	m.filter.typing = true
	m.filter.editor = newEditor(m.filter.text)
	m.history.at = len(m.history.texts)
	return nil
}

// keepFilter ends typing, unless what was typed has a mistake: the prompt says which.
func (m *Model) keepFilter() tea.Cmd {
	if m.filter.mistake != nil {
		return nil
	}
	if m.filter.typing = false; unfinished(m.filter.text) {
		m.setFilter(m.filter.text)
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

// setFilter takes a text as the filter. While it is not valid, the mistake is shown and the words before the unfinished one choose.
func (m *Model) setFilter(text string) {
	if m.alignFilter(); m.filter.ofPackets {
		m.setPacketFilter(text)
		return
	}
	m.filter.text = text
	m.filter.mistake = nil
	parsed, err := m.parseFilter(text)
	if err != nil {
		m.mistaken(err)
	}
	if m.filter.typing && (err != nil || unfinished(text)) {
		parsed, err = finished(text, m.parseFilter)
	}
	if err != nil {
		return
	}
	m.filter.parsed = parsed
	m.seen = -1
	if m.frozen {
		m.say(m.frozenWords() + ", then the filter works")
	}
}

// parseFilter returns the filter of a text, with problems in it where only those are wanted.
func (m *Model) parseFilter(text string) (*filter.Filter, error) {
	parsed, err := filter.Parse(text)
	if err != nil || !m.filter.problems {
		return parsed, err
	}
	if parsed == nil {
		return filter.Parse(problemFilter)
	}
	return filter.Parse("(" + text + ") " + problemFilter)
}

// unfinished reports whether the last word of a text looks like the beginning of a word with a value: searched in all columns it would hide
// everything for as long as it takes to type the colon.
func unfinished(text string) bool {
	last := strings.ToLower(text[len(withoutWord(text)):])
	last = strings.TrimLeft(last, " |(!")
	if len(last) < 3 {
		return false
	}
	for _, name := range []string{"topic", "client", "qos", "state", "type", "owes", "age", "rtt", "host", "reason", "sender", "kind", "resends"} {
		if strings.HasPrefix(name, last) {
			return true
		}
	}
	return false
}

// withoutWord takes the last word of a filter away, with what joins it to those before.
func withoutWord(text string) string {
	text = strings.TrimRight(text, " ")
	return strings.TrimRight(text[:strings.LastIndexAny(text, " |(")+1], " |(!")
}

// finished parses the words before the last, or as many as are valid by themselves.
func finished[F any](text string, parse func(string) (F, error)) (F, error) {
	for {
		text = withoutWord(text)
		parsed, err := parse(text)
		if err == nil || text == "" {
			return parsed, err
		}
	}
}

func (m *Model) mistaken(err error) {
	var e *filter.Error
	if !errors.As(err, &e) {
		e = &filter.Error{Column: 1, Reason: err.Error()}
	}
	m.filter.mistake = e
}
