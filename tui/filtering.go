package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// A filterKind is what a filter chooses. Each screen has the one of its rows; where there are none of its own it is that of the handshakes.
type filterKind uint8

const (
	ofHandshakes filterKind = iota
	ofDeliveries
	ofSessions
	ofTopics
	ofPackets
	filterKinds
)

// problemFilters choose what `!` shows: what is stuck, and what did not come to its end.
var problemFilters = [filterKinds]string{
	ofHandshakes: "(state:stuck | state:refused | state:abandoned | state:unknown)",
	ofDeliveries: "(undelivered | verdict:refused)",
	ofSessions:   "(alert | silent)",
	ofTopics:     "stuck",
	ofPackets:    "(malformed | lost | reason>=0x80)",
}

// filterColumns are the words that take a value: what may be the beginning of one is not looked for while it is typed.
var filterColumns = [filterKinds][]string{
	ofHandshakes: {"topic", "client", "qos", "state", "type", "owes", "age", "rtt", "host", "reason", "sender", "kind", "resends"},
	ofDeliveries: {"topic", "publisher", "subscriber", "qos", "latency", "verdict", "outcome", "number"},
	ofSessions:   {"client", "host", "version", "qos", "open", "inflight", "conns", "age", "rtt", "idle"},
	ofTopics:     {"topic", "qos", "rate", "open", "rtt", "idle"},
	ofPackets:    {"topic", "client", "qos", "type", "host", "reason", "sender"},
}

func filterKindOf(s screen) filterKind {
	switch s {
	case screenDeliveries:
		return ofDeliveries
	case screenSessions:
		return ofSessions
	case screenTopics:
		return ofTopics
	case screenPackets:
		return ofPackets
	}
	return ofHandshakes
}

// onFiltered is where a filter chooses the rows: in the first pane of these screens / filters, elsewhere it searches.
func onFiltered(m *Model) bool {
	return m.level == levelList && m.focus == 0 && (m.screen == screenHandshakes || filterKindOf(m.screen) != ofHandshakes)
}

// alignFilter makes m.filter that of the screen. The others keep theirs meanwhile.
func (m *Model) alignFilter() {
	kind := filterKindOf(m.screen)
	if m.filter.kind == kind {
		return
	}
	kept := m.filter.parsed
	m.others[m.filter.kind] = m.filter
	m.filter = m.others[kind]
	m.filter.kind, m.filter.parsed = kind, kept
}

// filterOf returns the filter of those rows, whatever is shown.
func (m *Model) filterOf(kind filterKind) *filterState {
	if m.filter.kind == kind {
		return &m.filter
	}
	return &m.others[kind]
}

func (m *Model) startFilter() tea.Cmd {
	m.remember()
	m.filter.typing = true
	m.filter.editor = newEditor(m.filter.text)
	h := m.filterHistory()
	h.at = len(h.texts)
	return nil
}

// keepFilter ends typing, unless what was typed has a mistake: the prompt says which.
func (m *Model) keepFilter() tea.Cmd {
	if m.filter.mistake != nil {
		return nil
	}
	if m.filter.typing = false; m.filter.unfinished(m.filter.text) {
		m.setFilter(m.filter.text)
	}
	m.filterHistory().add(m.filter.text)
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
	m.alignFilter()
	f := &m.filter
	f.text = text
	if !m.applyFilter(f) {
		return
	}
	if f.kind == ofHandshakes {
		m.seen = -1
	}
}

// applyFilter makes a filter of what was typed, and of when the screen was cleared. It reports whether the text is valid; otherwise the filter stays.
func (m *Model) applyFilter(f *filterState) bool {
	f.mistake = nil
	f.since = m.cleared.since
	ok, since := false, f.since
	switch f.kind {
	case ofDeliveries:
		if ok = takeFilter(f, filter.ParseDeliveries, &f.deliveries); ok && since != 0 {
			f.deliveries = f.deliveries.Since(since)
		}
	case ofSessions:
		ok = takeFilter(f, filter.ParseSessions, &f.sessions)
	case ofTopics:
		ok = takeFilter(f, filter.ParseTopics, &f.topics)
	case ofPackets:
		if ok = takeFilter(f, filter.ParsePackets, &f.packets); ok && since != 0 {
			f.packets = f.packets.Since(since)
		}
	default:
		if ok = takeFilter(f, filter.Parse, &f.parsed); ok && since != 0 {
			f.parsed = f.parsed.Since(since)
		}
	}
	return ok
}

// takeFilter parses the text of a filter, with problems in it where only those are wanted, and reports whether into has a filter that is
// valid. Of a text that is typed still, that is what comes before its unfinished end.
func takeFilter[F any](f *filterState, parse func(string) (F, error), into *F) bool {
	whole := func(text string) (F, error) {
		parsed, err := parse(text)
		if err != nil || !f.problems {
			return parsed, err
		}
		if strings.TrimSpace(text) == "" {
			return parse(problemFilters[f.kind])
		}
		return parse("(" + text + ") " + problemFilters[f.kind])
	}
	parsed, err := whole(f.text)
	if err != nil {
		f.mistaken(err)
	}
	if f.typing && (err != nil || f.unfinished(f.text)) {
		parsed, err = finished(f.text, whole)
	}
	if err == nil {
		*into = parsed
	}
	return err == nil
}

// unfinished reports whether the last word of a text looks like the beginning of a word with a value: searched in all columns it would hide
// everything for as long as it takes to type the colon.
func (f *filterState) unfinished(text string) bool {
	last := strings.ToLower(text[len(withoutWord(text)):])
	last = strings.TrimLeft(last, " |(!")
	if len(last) < 3 {
		return false
	}
	for _, name := range filterColumns[f.kind] {
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

func (f *filterState) mistaken(err error) {
	var e *filter.Error
	if !errors.As(err, &e) {
		e = &filter.Error{Column: 1, Reason: err.Error()}
	}
	f.mistake = e
}
