package tui

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// onKey finds what a key does: what its binding says, or else it is text for what is typed.
func (m *Model) onKey(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	m.pressed = key
	if key == "ctrl+c" {
		return tea.Quit
	}
	if m.small() {
		if key == "q" || key == "Q" {
			return tea.Quit
		}
		return nil
	}
	if m.mode() == modeMain {
		m.message = "" // what was said of the key before is not of this one
		if m.digitKey(key) {
			return nil
		}
		b := m.keys.find(m, key)
		if b == nil {
			m.sayElsewhere(key)
			return nil
		}
		if b.run == nil {
			return nil
		}
		return m.runBinding(b)
	}
	return m.keyAbove(k, key)
}

// sayElsewhere says where a letter that does nothing here does something.
func (m *Model) sayElsewhere(key string) {
	if utf8.RuneCountInString(key) != 1 {
		return // Esc and the arrows have nothing to do now and then, and nobody asks why
	}
	var places []string
	for i := range m.keys {
		if b := &m.keys[i]; b.in == modeMain && b.run != nil && slices.Contains(b.keys, key) && len(places) < 2 {
			help := b.help
			if end := strings.IndexAny(help, ";:,"); end >= 0 {
				help = help[:end]
			}
			places = append(places, b.group+": "+help)
		}
	}
	if len(places) > 0 {
		m.say(keyLabel(key) + " does nothing here (" + strings.Join(places, "; ") + ")")
	}
}

// keyAbove takes a key while something is open above the panes. In a menu without a prompt its letters come first.
func (m *Model) keyAbove(k tea.KeyPressMsg, key string) tea.Cmd {
	if m.over != nil && m.over.text() == nil {
		if cmd, ok := m.over.key(m, key); ok {
			return m.settle(cmd)
		}
	}
	if b := m.keys.find(m, key); b != nil && b.run != nil {
		if reason := b.reason(m); reason != "" {
			m.say(reason)
			return nil
		}
		m.message = ""
		return m.settle(b.run(m))
	}
	if e := m.typedInto(); e != nil && e.press(k) {
		m.typedChanged()
	}
	return nil
}

// settle brings the panes in line with what a key has changed.
func (m *Model) settle(cmd tea.Cmd) tea.Cmd {
	m.layOut()
	m.follow()
	return cmd
}

// typedInto returns the text that is being typed, or nil.
func (m *Model) typedInto() *editor {
	switch m.mode() {
	case modeMenu, modeForm:
		return m.over.text()
	case modeSearch:
		return &m.help.search
	case modeFilter:
		return &m.filter.editor
	case modeFind:
		return &m.finder.typed
	}
	return nil
}

// typedChanged tells whose text it is that it has changed.
func (m *Model) typedChanged() {
	m.dirty = true
	switch m.mode() {
	case modeMenu, modeForm:
		m.over.changed(m)
	case modeSearch:
		m.help.cursor, m.help.top = 1, 0
	case modeFilter:
		m.setFilter(m.filter.editor.String())
	case modeFind:
		m.findTyped()
	}
}

func (m *Model) onPaste(text string) tea.Cmd {
	m.dirty = true
	if e := m.typedInto(); e != nil && !m.small() && e.insert(text) {
		m.typedChanged()
		return m.ask()
	}
	return nil
}

// digitKey collects the number of a row, and goes there on G. A digit that is a screen's own key is that, unless a
// number has begun.
func (m *Model) digitKey(key string) bool {
	isDigit := len(key) == 1 && key[0] >= '0' && key[0] <= '9'
	switch {
	case !onList(m) && m.numbered() == nil:
		return false
	case m.digits == "" && (!isDigit || m.keys.find(m, key) != nil):
		return false
	case isDigit && len(m.digits) < 9:
		m.digits += key
		return true
	}
	row, _ := strconv.Atoi(m.digits)
	m.digits = ""
	if key != "G" {
		return key == "esc"
	}
	m.goToRow(row)
	return true
}

// numbered is the table whose rows are counted, or nil; those of the list of handshakes are, too.
func (m *Model) numbered() *place {
	if k := m.table(); k != nil && m.focus == 0 {
		return k.place(&m.survey)
	}
	return nil
}

// goToRow puts the cursor of the list on a row, counted from 1.
func (m *Model) goToRow(row int) {
	defer m.sayKept(row - 1)
	if l := m.numbered(); l != nil {
		l.follow = false
		l.moveTo(row - 1)
		m.follow()
		return
	}
	m.leaveNewest()
	m.list.follow = false
	m.list.moveTo(row - 1)
	m.follow()
}
