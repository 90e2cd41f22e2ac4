package tui

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/theme"
)

// brief is what a source says in one line: files by their names without directories, which would push away what is said of them, and the name of the
// source behind it where that is not in it.
func (p *pen) brief(s *decode.SourceStats, text string, width int) string {
	name := sourceName(s)
	if s.Kind == "file" {
		text = withoutDirectories(text, strings.Split(s.Name, ", "))
		if strings.HasPrefix(text, name+" ") {
			return p.text.clean(text, width)
		}
	}
	return p.text.clean(text, width) + " (" + p.text.clean(name, 40) + ")"
}

// withoutDirectories takes from a text the directories of the files of a source, and of those in a directory that is one.
func withoutDirectories(text string, paths []string) string {
	const slash = string(filepath.Separator)
	for _, path := range paths {
		for _, dir := range []string{path, filepath.Dir(path)} {
			if dir = strings.TrimRight(dir, slash); dir != "" && dir != "." {
				text = strings.ReplaceAll(text, dir+slash, "")
			}
		}
	}
	return text
}

// openSources shows the sources with all that they have to say: the strip above the panes has room for the first remark alone.
func (m *Model) openSources() tea.Cmd {
	return m.openOver(&sheet{title: "Sources", lines: func(p *pen, width int) []textLine {
		var out []textLine
		for i := range m.live.Sources {
			if i > 0 {
				out = append(out, textLine{})
			}
			out = append(out, p.sourceLines(&m.live.Sources[i], width)...)
		}
		return out
	}})
}

// sourceLines is all about one source.
func (p *pen) sourceLines(s *decode.SourceStats, width int) []textLine {
	state, st := sourceState(p, []decode.SourceStats{*s})
	words := state + ", " + plural(s.Frames, "frame") + ", " + size(s.Bytes)
	if s.First != 0 {
		words += ", from " + s.First.Std().In(p.loc).Format(time.DateTime) + " to " + s.Last.Std().In(p.loc).Format(time.DateTime)
	}
	var out []textLine
	add := func(style theme.Style, before, text string) {
		for _, line := range wrap(p.text.clean(text, 4*width), width-4-cells(before)) {
			out = append(out, textLine{" " + before + line, style})
			before = spaces(cells(before))
		}
	}
	for _, name := range strings.Split(s.Name, ", ") {
		add(p.th.Strong, "", name)
	}
	add(st, "  ", words)
	if s.Err != "" && !slices.Contains(s.Notes, s.Err) {
		add(p.th.Failure, "  "+p.g.Stuck+" ", s.Err)
	}
	for _, note := range s.Notes {
		add(p.th.Overdue, "  "+p.g.Slow+" ", note)
	}
	return out
}

func (m *Model) noSources() string { return why(len(m.live.Sources) == 0, "nothing is watched yet") }
