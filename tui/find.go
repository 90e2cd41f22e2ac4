package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A finder is the search in a ladder, the fields of a packet, or the alerts.
type finder struct {
	typing bool
	typed  editor
	where  pane // it was begun in
	from   int  // the cursor then
}

func (m *Model) startFind() tea.Cmd {
	texts, at := m.findable()
	if texts == nil {
		m.say("there is nothing to search here")
		return nil
	}
	m.finder = finder{typing: true, where: m.active(), from: at}
	return nil
}

func searching(m *Model) bool { return m.finder.typed.String() != "" && m.finder.where == m.active() }

func (m *Model) noSearch() string {
	if !searching(m) {
		return "there is no search: " + m.pen.keyOf("search") + " begins one"
	}
	return ""
}

// findable returns the lines of the pane that has the keys, and the place of its cursor; nil where there is nothing to search.
func (m *Model) findable() (texts []string, at int) {
	switch m.active() {
	case paneLadder:
		for i := range m.ladder.rungs {
			texts = append(texts, m.ladder.rungs[i].label)
		}
		return texts, m.ladder.cursor
	case paneBytes:
		for i := range m.packet.fields {
			texts = append(texts, m.packet.fields[i].Name+" "+m.packet.fields[i].Value)
		}
		return texts, m.packet.cursor
	case paneAlerts:
		for i := range m.alerts.lines {
			text := ""
			for _, a := range m.alerts.lines[i].members {
				text += string(a.Name) + " " + a.Client + " " + a.Text + " " + a.Detail + " "
			}
			texts = append(texts, text)
		}
		return texts, m.alerts.cursor
	}
	return nil, 0
}

func (m *Model) findTo(at int) {
	switch m.active() {
	case paneLadder:
		m.ladder.moveTo(at)
	case paneBytes:
		m.packet.moveTo(at)
	case paneAlerts:
		m.alerts.moveTo(at)
	}
}

// findTyped goes to the first match from where the search began.
func (m *Model) findTyped() { m.find(m.finder.from, 1) }

// find goes to the first line from place at on that holds what is searched, without regard to case, and round the end.
func (m *Model) find(at, step int) bool {
	want := strings.ToLower(m.finder.typed.String())
	texts, _ := m.findable()
	if want == "" {
		return true
	}
	for i := range texts {
		k := ((at+step*i)%len(texts) + len(texts)) % len(texts)
		if strings.Contains(strings.ToLower(texts[k]), want) {
			m.findTo(k)
			m.follow()
			return true
		}
	}
	return false
}

func (m *Model) findNext(step int) tea.Cmd {
	_, at := m.findable()
	if !m.find(at+step, step) {
		m.say("no match for " + m.pen.text.clean(m.finder.typed.String(), 40))
	}
	return nil
}

func (m *Model) keepFind() tea.Cmd {
	m.finder.typing = false
	if _, at := m.findable(); !m.find(at, 1) {
		m.say("no match for " + m.pen.text.clean(m.finder.typed.String(), 40))
	}
	return nil
}

func (m *Model) clearFind() tea.Cmd {
	m.findTo(m.finder.from)
	m.finder = finder{}
	return nil
}
