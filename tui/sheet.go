package tui

import (
	tea "charm.land/bubbletea/v2"
)

// A sheet is text to read, over the panes.
type sheet struct {
	title string
	lines func(p *pen, width int) []textLine
	top   int
	total int
	rows  int
}

func (s *sheet) mode() mode                { return modeMenu }
func (s *sheet) can(verb) bool             { return false }
func (s *sheet) pick(m *Model) tea.Cmd     { return m.closeOver() }
func (s *sheet) toggle(*Model) tea.Cmd     { return nil }
func (s *sheet) shift(*Model, int) tea.Cmd { return nil }
func (s *sheet) save(*Model) tea.Cmd       { return nil }
func (s *sheet) remove(*Model) tea.Cmd     { return nil }
func (s *sheet) text() *editor             { return nil }
func (s *sheet) changed(*Model)            {}
func (s *sheet) moveBy(_ *Model, n int)    { s.top = max(0, min(s.top+n, s.total-s.rows)) }

// key closes the sheet on q, and scrolls.
func (s *sheet) key(m *Model, key string) (tea.Cmd, bool) {
	switch key {
	case "q", "enter":
		return m.closeOver(), true
	case "j":
		s.moveBy(m, 1)
	case "k":
		s.moveBy(m, -1)
	default:
		return nil, false
	}
	return nil, true
}

func (s *sheet) view(_ *Model, p *pen, width, height int) (lines []string, x, y int) {
	all := s.lines(p, width)
	s.total, s.rows = len(all), max(min(height-1, len(all)), 1)
	s.moveBy(nil, 0)
	o := newLine(width).put(p.th.Strong, " "+s.title)
	if s.total > s.rows {
		o.put(p.th.Dim, "   "+count(s.top+1)+"-"+count(s.top+s.rows)+" of "+count(s.total))
	}
	lines = append(lines, o.full())
	for i := s.top; i < min(s.top+s.rows, len(all)); i++ {
		lines = append(lines, newLine(width).put(all[i].style, all[i].text).full())
	}
	return lines, -1, 0
}
