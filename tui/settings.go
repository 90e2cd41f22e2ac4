package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/theme"
)

// A setting is something that can be changed while the program runs, and saved.
type setting struct {
	table, key string // in the configuration file
	text, note string
	values     []string
	at         func(m *Model) string
	set        func(m *Model, value string)
}

func onOff(v bool) string {
	if v {
		return "on"
	}
	return "off"
}

// settings are what o lists.
func settings() []setting {
	return []setting{
		{"", "theme", "theme", "colours of the screen", theme.Names(), func(m *Model) string { return m.look.Name },
			func(m *Model, v string) { m.look.Name = v; m.paint() }},
		{"", "ascii", "symbols", "ascii draws with ASCII only", []string{"utf-8", "ascii"}, func(m *Model) string {
			return map[bool]string{false: "utf-8", true: "ascii"}[m.look.ASCII]
		}, func(m *Model, v string) { m.look.ASCII = v == "ascii"; m.paint() }},
		{"", "no-mouse", "mouse", "off frees it for selecting text", []string{"on", "off"}, func(m *Model) string { return onOff(m.mouse) },
			func(m *Model, v string) { m.mouse = v == "on" }},
		{"screen", "times", "times in ladders", "of the clock, since the first packet, since the one before", ladderTimes,
			func(m *Model) string { return ladderTimes[m.ladder.times] }, func(m *Model, v string) { m.ladder.times = slices.Index(ladderTimes, v) }},
		{"screen", "names", "ends in ladders", "who the lifelines are", ladderNames,
			func(m *Model) string { return ladderNames[m.ladder.names] }, func(m *Model, v string) { m.ladder.names = slices.Index(ladderNames, v) }},
		{"screen", "color-by", "colours in ladders", "what arrows are coloured by", ladderColors,
			func(m *Model) string { return ladderColors[m.ladder.colors] }, func(m *Model, v string) { m.ladder.colors = slices.Index(ladderColors, v) }},
		{"screen", "compact", "ladders in few words", "packets only", []string{"off", "on"}, func(m *Model) string { return onOff(m.ladder.compact) },
			func(m *Model, v string) { m.ladder.compact = v == "on"; m.resyncLadder() }},
	}
}

// The values of the settings of ladders; their places are what the ladder keeps.
var (
	ladderTimes  = []string{"clock", "first", "previous"}
	ladderNames  = []string{"both", "name", "address"}
	ladderColors = []string{"none", "type", "resend", "id", "client"}
)

// ScreenSettings lists the keys of the table [screen] of the configuration file with their values, the usual one first; columns
// apart.
func ScreenSettings() []struct {
	Key, Note string
	Values    []string
} {
	var out []struct {
		Key, Note string
		Values    []string
	}
	for _, s := range settings() {
		if s.table == "screen" {
			out = append(out, struct {
				Key, Note string
				Values    []string
			}{s.key, s.text + ": " + s.note, s.values})
		}
	}
	return out
}

// configure takes the settings that Options bring.
func (m *Model) configure(values map[string]string) {
	for _, s := range settings() {
		if v, ok := values[s.key]; ok && s.table == "screen" && slices.Contains(s.values, v) {
			s.set(m, v)
		}
	}
}

// paint makes the theme anew.
func (m *Model) paint() {
	th, err := theme.New(m.look)
	if err != nil {
		m.say(err.Error())
		return
	}
	m.opt.Theme = th
	m.pen.th, m.pen.g = &m.opt.Theme, &m.opt.Theme.Glyphs
	m.pen.text = textCleaner{ascii: th.Glyphs.ASCII}
	m.resyncLadder()
}

// resyncLadder makes the lines of the ladders anew.
func (m *Model) resyncLadder() {
	m.ladder.sync(&m.pen, nil, m.shown.Now)
	m.extended.ladderLook = m.ladder.ladderLook
	m.extended.sync(&m.pen, nil, m.shown.Now)
}

func (m *Model) openSettings() tea.Cmd {
	all := settings()
	step := func(m *Model, at, n int) tea.Cmd {
		s := &all[at]
		i := slices.Index(s.values, s.at(m))
		s.set(m, s.values[(i+n+len(s.values))%len(s.values)])
		return nil
	}
	return m.openOver(m.newMenu(menu{
		title: "Settings", keep: true, onShift: step,
		refresh: func(m *Model, _ string) []choice {
			var out []choice
			for i, s := range all {
				out = append(out, choice{text: s.text, note: padRight(s.at(m), 10) + s.note,
					run: func(m *Model) tea.Cmd { return step(m, i, 1) }})
			}
			return out
		},
		onSave: func(m *Model) tea.Cmd { m.saveSettings(all); return nil },
	}))
}

// settingValues are the settings as they are now, by their keys.
func (m *Model) settingValues() map[string]string {
	out := map[string]string{}
	for _, s := range settings() {
		out[s.key] = s.at(m)
	}
	return out
}

// saveSettings writes those settings that the user has changed since the program began, or since they were saved: what the command line or the usual
// values say is not to be fixed in the file beside them.
func (m *Model) saveSettings(all []setting) {
	changed := false
	for i := range all {
		s := &all[i]
		if s.at(m) == m.kept[s.key] {
			continue
		}
		if changed = true; !m.saveSetting(s.table, s.key, s.saved(m)) {
			return
		}
		m.kept[s.key] = s.at(m)
	}
	if !changed {
		m.say("nothing was changed that could be saved")
	}
}

// saved is the value as the configuration file has it.
func (s *setting) saved(m *Model) any {
	switch s.key {
	case "ascii":
		return m.look.ASCII
	case "no-mouse":
		return !m.mouse
	case "compact":
		return m.ladder.compact
	}
	return s.at(m)
}

func (m *Model) cannotSave() string {
	if m.opt.Save == nil {
		return "there is no configuration file to save to"
	}
	return ""
}

// saveSetting writes a value into the configuration file, and reports whether it could. It is a small file of the user's own, so that this is not done in the background.
func (m *Model) saveSetting(table, key string, value any) bool {
	return m.writeSetting(table, key, value, "saved", "to")
}

// deleteSetting takes a value out of the configuration file, and reports whether it could.
func (m *Model) deleteSetting(table, key string) bool {
	return m.writeSetting(table, key, nil, "deleted", "from")
}

func (m *Model) writeSetting(table, key string, value any, done, where string) bool {
	if reason := m.cannotSave(); reason != "" {
		m.say(reason)
		return false
	}
	if err := m.opt.Save(table, key, value); err != nil {
		m.say("not " + done + ": " + m.pen.text.clean(err.Error(), m.width))
		return false
	}
	m.say(done + " " + where + " the configuration file")
	return true
}
