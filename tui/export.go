package tui

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// An ExportFormat is a form in which handshakes can be written to a file.
type ExportFormat struct{ Name, Suffix, Note string }

// An ExportJob says what is to be written, how and where.
type ExportJob struct {
	Format, Path string
	// Overwrite allows to replace a file that is there; without it the error is fs.ErrExist.
	Overwrite bool
	// IDs are the handshakes; nil means all that Filter chooses, and a nil Filter all there are.
	IDs    []uint64
	Filter *filter.Filter
}

func (m *Model) cannotExport() string {
	if m.opt.Export == nil || len(m.opt.ExportFormats) == 0 {
		return "there is nothing to export with"
	}
	return ""
}

// openExport asks what to export, as what, and where.
func (m *Model) openExport() tea.Cmd {
	var what []string
	if n := len(m.marks.ids); n > 0 {
		what = append(what, "marked ("+count(n)+")")
	}
	if m.filter.parsed != nil {
		what = append(what, "filtered ("+count(m.list.matched)+")")
	}
	what = append(what, "all ("+count(m.shown.Total)+")")
	var names []string
	for _, f := range m.opt.ExportFormats {
		names = append(names, f.Name)
	}
	name := "mqttwatch-" + m.opt.Now().Format("20060102-150405")
	return m.openOver(&form{
		title: "Export handshakes",
		fields: []field{
			{label: "what", values: what},
			{label: "as", values: names},
			{label: "file", typed: newEditor(name), hint: "path; the suffix is added where it has none", check: func(s string) string { return why(s == "", "give a file") }},
		},
		below: func(f *form) (string, bool) {
			e := m.opt.ExportFormats[f.fields[1].at]
			return e.Note + "  " + m.pen.g.Dot + "  " + withSuffix(f.fields[2].value(), e.Suffix), false
		},
		done: func(m *Model, f *form) tea.Cmd {
			e := m.opt.ExportFormats[f.fields[1].at]
			job := ExportJob{Format: e.Name, Path: withSuffix(f.fields[2].value(), e.Suffix)}
			switch f.fields[0].value()[0] {
			case 'm':
				job.IDs = slices.Sorted(maps.Keys(m.marks.ids))
			case 'f':
				job.Filter = m.filter.parsed
			}
			m.closeOver()
			return m.export(job)
		},
	})
}

// withSuffix adds a suffix to a path that has none.
func withSuffix(path, suffix string) string {
	for i := len(path) - 1; i > 0 && path[i] != '/' && path[i] != '\\'; i-- {
		if path[i] == '.' {
			return path
		}
	}
	return path + suffix
}

type exportMsg struct {
	job     ExportJob
	written int
	err     error
}

func (m *Model) export(job ExportJob) tea.Cmd {
	m.say("exporting to " + m.pen.text.clean(job.Path, m.width) + " " + m.pen.g.Ellipsis)
	write := m.opt.Export
	return func() tea.Msg {
		n, err := write(job)
		return exportMsg{job, n, err}
	}
}

// onExport says how an export ended, and asks before it replaces a file.
func (m *Model) onExport(msg exportMsg) tea.Cmd {
	m.dirty = true
	path := m.pen.text.clean(msg.job.Path, m.width)
	switch {
	case errors.Is(msg.err, fs.ErrExist) && !msg.job.Overwrite:
		return m.confirm(path+" is there already", "Replace it", func(m *Model) tea.Cmd {
			msg.job.Overwrite = true
			return m.export(msg.job)
		})
	case msg.err != nil:
		m.say("not exported: " + m.pen.text.clean(msg.err.Error(), m.width))
	default:
		m.say("exported " + count(msg.written) + " to " + path)
	}
	return nil
}
