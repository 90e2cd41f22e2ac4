// Package theme is how mqttwatch looks: styles by role, resolved once, and the symbols that go with them.
//
// Colours are the sixteen of the terminal's own palette, so that the user's scheme rules. Good and bad are told
// apart by blue and orange (the palette's yellow), never by colour alone: a glyph and a word go with each. No background is painted; what is selected
// is shown in reverse video.
package theme

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
)

// A Style wraps text in the escape sequences of one role. The zero Style changes nothing.
type Style struct{ open, close string }

// Render returns text in the style. Text must not hold escape sequences of its own: the first of them would end the style.
func (s Style) Render(text string) string {
	if s.open == "" || text == "" {
		return text
	}
	return s.open + text + s.close
}

// Append appends text in the style to dst.
func (s Style) Append(dst []byte, text string) []byte {
	if text == "" {
		return dst
	}
	dst = append(dst, s.open...)
	dst = append(dst, text...)
	return append(dst, s.close...)
}

// A Theme is a style for each role and the symbols. It does not change once made.
type Theme struct {
	// Plain is ordinary text, Dim what may be overlooked, Strong what heads something, Key a key or a tab that can be pressed.
	Plain, Dim, Strong, Key Style
	// Program is the name in the header, Tab the screen shown, Rule lines and lifelines.
	Program, Tab, Rule Style
	// Selected is the row under the cursor, Marked what the cursor points at in another pane.
	Selected, Marked Style

	// Live, Complete, Waiting, Overdue, Critical, Refused, Faded are states: Overdue and Critical are stuck, Faded is
	// what ended without an answer (abandoned, unknown).
	Live, Complete, Waiting, Overdue, Critical, Refused, Faded Style
	// Ghost is a packet that has not come, Note an event of a connection.
	Ghost, Note Style
	// Loss is a loss of the capture, Failure an error of a source, Mistake what is wrong in what was typed, Input what is right in it.
	Loss, Failure, Mistake, Input Style
	// Hues tell clients, or Packet Identifiers, apart: a help for the eye that means nothing. Empty without colour.
	Hues []Style

	Glyphs Glyphs
}

// Options choose a Theme. The zero value is the theme "dark" without colour and with UTF-8 symbols.
type Options struct {
	// Name is one of Names; empty is "dark".
	Name string
	// Color allows colours. Without, weight and reverse video remain.
	Color bool
	// ASCII keeps the symbols to ASCII.
	ASCII bool
}

// Names returns the names that Options.Name may have.
func Names() []string { return []string{"dark", "light", "contrast", "mono"} }

// New returns the theme that o asks for. The error says which names there are.
func New(o Options) (Theme, error) {
	name := o.Name
	if name == "" {
		name = "dark"
	}
	if !slices.Contains(Names(), name) {
		return Theme{}, fmt.Errorf("no theme %q: there are %s", name, strings.Join(Names(), ", "))
	}
	p := palettes[name]
	if !o.Color {
		p = palettes["mono"]
	}
	t := p.theme()
	t.Glyphs = utf8Glyphs
	if o.ASCII {
		t.Glyphs = asciiGlyphs
	}
	return t, nil
}

// none stands for the terminal's own foreground.
const none = -1

// A palette gives numbers of the terminal's sixteen colours to what the roles are made of.
type palette struct {
	good, warn, bad, key, rule int
	faint                      bool // whether less important text may be faint
	hues                       []int
}

var palettes = map[string]palette{
	"dark":     {good: 12, warn: 3, bad: 11, key: 14, rule: none, faint: true, hues: []int{14, 13, 11, 12, 10, 9}},
	"light":    {good: 4, warn: 3, bad: 1, key: 6, rule: none, faint: true, hues: []int{6, 5, 4, 2, 1, 3}},
	"contrast": {good: 14, warn: 11, bad: 11, key: 14, rule: none, hues: []int{14, 13, 11, 12, 10, 9}},
	"mono":     {good: none, warn: none, bad: none, key: none, rule: none, faint: true},
}

func (p palette) theme() Theme {
	dim := resolve(fg(none).Faint(p.faint))
	var hues []Style
	for _, n := range p.hues {
		hues = append(hues, resolve(fg(n)))
	}
	return Theme{
		Hues:     hues,
		Dim:      dim,
		Strong:   resolve(fg(none).Bold(true)),
		Key:      resolve(fg(p.key).Bold(true)),
		Program:  resolve(fg(p.good).Bold(true)),
		Tab:      resolve(fg(none).Bold(true).Underline(true)),
		Rule:     resolve(fg(p.rule).Faint(p.faint)),
		Selected: resolve(fg(none).Reverse(true)),
		Marked:   resolve(fg(p.key).Bold(true).Underline(true)),
		Live:     resolve(fg(p.good)),
		Complete: resolve(fg(p.good)),
		Overdue:  resolve(fg(p.warn)),
		Critical: resolve(fg(p.bad).Bold(true)),
		Refused:  resolve(fg(p.warn)),
		Faded:    dim,
		Ghost:    resolve(fg(p.warn).Bold(true)),
		Note:     dim,
		Loss:     resolve(fg(p.bad).Bold(true)),
		Failure:  resolve(fg(p.bad).Bold(true)),
		Mistake:  resolve(fg(p.bad).Bold(true)),
		Input:    resolve(fg(p.good)),
	}
}

func fg(color int) lipgloss.Style {
	s := lipgloss.NewStyle()
	if color == none {
		return s
	}
	// Lip Gloss makes one of the sixteen of a number below 16: "94", not a place in a palette of 256.
	return s.Foreground(lipgloss.Color(strconv.Itoa(color)))
}

// resolve renders a mark once and keeps what stands around it: Lip Gloss takes some microseconds for each piece of text,
// and a screen has hundreds of them.
func resolve(s lipgloss.Style) Style {
	const mark = "x"
	open, end, _ := strings.Cut(s.Render(mark), mark)
	return Style{open: open, close: end}
}
