package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// An editor is a line of text that is being typed. It is written here because the one of Bubbles brings in a package that
// takes 70 ms to start.
type editor struct {
	text   []rune
	cursor int
	// chosen is the whole text as if it were selected: what is typed first replaces it, keys that move keep it.
	chosen bool
}

// newChosen returns an editor with a text that the user may keep, or type over.
func newChosen(s string) editor {
	e := newEditor(s)
	e.chosen = len(e.text) > 0
	return e
}

func newEditor(s string) editor {
	r := []rune(s)
	return editor{text: r, cursor: len(r)}
}

func (e *editor) String() string { return string(e.text) }

// beforeCursor returns the text up to the cursor.
func (e *editor) beforeCursor() string { return string(e.text[:e.cursor]) }

// maxTyped is the longest text that is taken.
const maxTyped = 1000

// press takes a key and reports whether it changed the text.
func (e *editor) press(k tea.KeyPressMsg) bool {
	if k.Key().Text != "" {
		return e.insert(k.Key().Text)
	}
	chosen := e.chosen
	e.chosen = false
	switch k.String() {
	case "left", "ctrl+b":
		e.cursor = max(e.cursor-1, 0)
	case "right", "ctrl+f":
		e.cursor = min(e.cursor+1, len(e.text))
	case "home", "ctrl+a":
		e.cursor = 0
	case "end", "ctrl+e":
		e.cursor = len(e.text)
	case "backspace", "ctrl+h":
		if chosen {
			return e.remove(0, len(e.text))
		}
		return e.remove(e.cursor-1, e.cursor)
	case "delete", "ctrl+d":
		return e.remove(e.cursor, e.cursor+1)
	case "ctrl+u":
		return e.remove(0, e.cursor)
	case "ctrl+k":
		return e.remove(e.cursor, len(e.text))
	case "ctrl+w":
		return e.remove(e.wordStart(), e.cursor)
	}
	return false
}

// insert puts s at the cursor, control characters left out.
func (e *editor) insert(s string) bool {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
	add := []rune(s)
	if len(add) > 0 && e.chosen {
		e.remove(0, len(e.text))
		e.chosen = false
	}
	if len(add) == 0 || len(e.text)+len(add) > maxTyped {
		return false
	}
	e.text = append(e.text[:e.cursor:e.cursor], append(add, e.text[e.cursor:]...)...)
	e.cursor += len(add)
	return true
}

func (e *editor) remove(from, to int) bool {
	from, to = max(from, 0), min(to, len(e.text))
	if from >= to {
		return false
	}
	e.text = append(e.text[:from:from], e.text[to:]...)
	e.cursor = from
	return true
}

func (e *editor) wordStart() int {
	i := e.cursor
	for i > 0 && e.text[i-1] == ' ' {
		i--
	}
	for i > 0 && e.text[i-1] != ' ' {
		i--
	}
	return i
}
