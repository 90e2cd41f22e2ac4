package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// Tick returns the message of the clock.
func Tick(t time.Time) tea.Msg { return tickMsg(t) }

// IsTick reports whether msg is one.
func IsTick(msg tea.Msg) bool { _, ok := msg.(tickMsg); return ok }

// Clean is how a text of the wire is drawn.
func Clean(s string, width int, ascii bool) string { return textCleaner{ascii}.clean(s, width) }

// Dirty makes the next View draw.
func Dirty(m *Model) { m.dirty = true }
