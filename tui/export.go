package tui

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// An ExportList is a list whose rows can be written to a file.
type ExportList string

// The lists.
const (
	ExportHandshakes ExportList = "handshakes"
	ExportDeliveries ExportList = "deliveries"
	ExportSessions   ExportList = "sessions"
	ExportTopics     ExportList = "topics"
	ExportPackets    ExportList = "packets"
	ExportAlerts     ExportList = "alerts"
)

// An ExportFormat is a form in which the rows of a list can be written to a file.
type ExportFormat struct {
	Name, Suffix, Note string
	Lists              []ExportList // for which it is
}

// An ExportJob says what is to be written, how and where.
type ExportJob struct {
	List         ExportList
	Format, Path string
	// Overwrite allows to replace a file that is there; without it the error is fs.ErrExist.
	Overwrite bool
	// IDs are the rows, by the IDs of their list; nil means all that the filter of the list chooses, and a nil filter all there are. Of alerts, Alerts are
	// those that are to be written.
	IDs        []uint64
	Filter     *filter.Filter
	Deliveries *filter.Deliveries
	Sessions   *filter.Sessions
	Topics     *filter.Topics
	Packets    *filter.Packets
	Alerts     []watch.Alert
}

// exportList is the list that is on the screen; "" where there is none.
func (m *Model) exportList() ExportList {
	switch m.screen {
	case screenStatistics:
		return ""
	case screenAlerts:
		if m.level == levelList {
			return ExportAlerts
		}
		return ExportHandshakes
	}
	return [filterKinds]ExportList{ofHandshakes: ExportHandshakes, ofDeliveries: ExportDeliveries, ofSessions: ExportSessions, ofTopics: ExportTopics, ofPackets: ExportPackets}[m.filter.kind]
}

// exportFormats are those for a list, and which it cannot be written as.
func (m *Model) exportFormats(list ExportList) (fit []ExportFormat, others string) {
	var not []string
	for _, f := range m.opt.ExportFormats {
		switch {
		case slices.Contains(f.Lists, list):
			fit = append(fit, f)
		case !slices.Contains(not, f.Name) && !slices.ContainsFunc(m.opt.ExportFormats, func(o ExportFormat) bool { return o.Name == f.Name && slices.Contains(o.Lists, list) }):
			not = append(not, f.Name)
		}
	}
	if len(not) > 0 {
		others = "not as " + strings.Join(not, ", ")
	}
	return fit, others
}

func (m *Model) cannotExport() string {
	if m.opt.Export == nil || len(m.opt.ExportFormats) == 0 {
		return "there is nothing to export with"
	}
	list := m.exportList()
	if list == "" {
		return "statistics cannot be exported: the rows of the other screens can"
	}
	fit, _ := m.exportFormats(list)
	return why(len(fit) == 0, string(list)+" cannot be exported")
}

// An exportChoice is some of the rows of a list.
type exportChoice struct {
	words  string
	choose func(job *ExportJob)
}

// exportChoices are the marked rows, those that the filter chooses, and all.
func (m *Model) exportChoices(list ExportList) []exportChoice {
	f := &m.filter
	all := func(*ExportJob) {}
	if list == ExportAlerts {
		alerts := m.shownAlerts(m.shown)
		return []exportChoice{{"all (" + count(len(alerts)) + ")", func(j *ExportJob) { j.Alerts = alerts }}}
	}
	var out []exportChoice
	if n := len(m.marks().ids); n > 0 {
		ids := slices.Sorted(maps.Keys(m.marks().ids))
		out = append(out, exportChoice{"marked (" + count(n) + ")", func(j *ExportJob) { j.IDs = ids }})
	}
	if m.frozen {
		return append(out, m.frozenChoice())
	}
	s := &m.survey
	add := func(filtered bool, matched, total int, choose func(*ExportJob)) {
		if filtered {
			out = append(out, exportChoice{"filtered (" + count(matched) + ")", choose})
		}
		out = append(out, exportChoice{"all (" + count(total) + ")", all})
	}
	switch list {
	case ExportDeliveries:
		add(f.deliveries != nil, s.deliveries.total, m.keptRows(), func(j *ExportJob) { j.Deliveries = f.deliveries })
	case ExportSessions:
		add(f.sessions != nil, s.sessions.total, m.keptRows(), func(j *ExportJob) { j.Sessions = f.sessions })
	case ExportPackets:
		add(f.packets != nil, s.packets.total, m.keptRows(), func(j *ExportJob) { j.Packets = f.packets })
	case ExportTopics:
		matched, total := 0, 0
		if d := s.topics.data; d != nil {
			matched, total = d.Matched, d.Topics
		}
		add(f.topics != nil, matched, total, func(j *ExportJob) { j.Topics = f.topics })
	default:
		add(f.parsed != nil, m.list.matched, m.shown.Total, func(j *ExportJob) { j.Filter = f.parsed })
	}
	return out
}

// openExport asks what of the list to export, as what, and where.
func (m *Model) openExport() tea.Cmd {
	list := m.exportList()
	choices := m.exportChoices(list)
	formats, others := m.exportFormats(list)
	var what, names []string
	for _, c := range choices {
		what = append(what, c.words)
	}
	for _, f := range formats {
		names = append(names, f.Name)
	}
	name := "mqttwatch-" + m.opt.Now().Format("20060102-150405")
	return m.openOver(&form{
		title: "Export " + string(list),
		fields: []field{
			{label: "what", values: what},
			{label: "as", values: names, hint: others},
			{label: "file", typed: newEditor(name), hint: "path; the suffix is added where it has none", check: func(s string) string { return why(s == "", "give a file") }},
		},
		typed: func(f *form) {
			if at := slices.IndexFunc(formats, func(e ExportFormat) bool { return endsIn(f.fields[2].value(), e.Suffix) }); at >= 0 {
				f.fields[1].at = at
			}
		},
		below: func(f *form) (string, bool) {
			if why := m.otherEnding(list, f); why != "" {
				return why, true
			}
			e := formats[f.fields[1].at]
			return e.Note + "  " + m.pen.g.Dot + "  " + withSuffix(f.fields[2].value(), e.Suffix), false
		},
		done: func(m *Model, f *form) tea.Cmd {
			if why := m.otherEnding(list, f); why != "" {
				m.say(why)
				return nil
			}
			e := formats[f.fields[1].at]
			job := ExportJob{List: list, Format: e.Name, Path: withSuffix(f.fields[2].value(), e.Suffix)}
			choices[f.fields[0].at].choose(&job)
			m.closeOver()
			return m.export(job, f)
		},
	})
}

// otherEnding returns what to do where the name of the file ends as that of another form than is chosen does.
func (m *Model) otherEnding(list ExportList, f *form) string {
	as, file := f.fields[1].value(), f.fields[2].value()
	fit, _ := m.exportFormats(list)
	for _, formats := range [2][]ExportFormat{fit, m.opt.ExportFormats} {
		for _, e := range formats {
			switch {
			case !endsIn(file, e.Suffix):
			case e.Name == as:
				return ""
			case slices.Contains(e.Lists, list):
				return "a file as " + as + " cannot end in " + e.Suffix + ": choose " + e.Name + ", or another name"
			default:
				return string(list) + " cannot be written as " + e.Name + ": choose another name than one in " + e.Suffix
			}
		}
	}
	return ""
}

// endsIn reports whether a path has a suffix, in small letters or in capitals.
func endsIn(path, suffix string) bool { return strings.HasSuffix(strings.ToLower(path), suffix) }

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
	form    *form
	written int
	err     error
}

func (m *Model) export(job ExportJob, f *form) tea.Cmd {
	m.say("exporting to " + m.pen.text.clean(job.Path, m.width) + " " + m.pen.g.Ellipsis)
	write := m.opt.Export
	return func() tea.Msg {
		n, err := write(job)
		return exportMsg{job, f, n, err}
	}
}

// onExport says how an export ended, and asks before it replaces a file. One that failed has its form again, so that the name can be corrected, unless something
// else has been begun meanwhile.
func (m *Model) onExport(msg exportMsg) tea.Cmd {
	m.dirty = true
	path := m.pen.text.clean(msg.job.Path, m.width)
	switch {
	case errors.Is(msg.err, fs.ErrExist) && !msg.job.Overwrite:
		return m.confirm(path+" is there already", "Replace it", func(m *Model) tea.Cmd {
			msg.job.Overwrite = true
			return m.export(msg.job, msg.form)
		})
	case msg.err != nil:
		why := "not exported: " + m.pen.text.clean(msg.err.Error(), m.width)
		if m.mode() != modeMain {
			m.say(why)
			return nil
		}
		msg.form.failed, msg.form.cursor = why, len(msg.form.fields)-1
		return m.openOver(msg.form)
	default:
		m.say("exported " + count(msg.written) + " to " + path)
	}
	return nil
}
