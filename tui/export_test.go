package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// Tick returns the message of the clock.
func Tick(t time.Time) tea.Msg { return tickMsg(t) }

// IsTick reports whether msg is one.
func IsTick(msg tea.Msg) bool { _, ok := msg.(tickMsg); return ok }

// Clean is how a text of the wire is drawn.
func Clean(s string, width int, ascii bool) string { return textCleaner{ascii}.clean(s, width) }

// Dirty makes the next View draw.
func Dirty(m *Model) { m.dirty = true }

// Timeline draws the timeline of a row on an axis of that span and width, which ends at end.
func Timeline(th *theme.Theme, r *watch.Row, now, end decode.Time, span time.Duration, width int) string {
	p := pen{th: th, g: &th.Glyphs}
	return p.timeline(axis{end: end, span: span, width: width}, r, now)
}
