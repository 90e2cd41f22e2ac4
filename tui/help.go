package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A helpPane lists the key map. What is typed after / chooses lines; Enter does what the line under the cursor says.
type helpPane struct {
	open   bool
	typing bool
	search editor
	cursor int // among lines
	top    int
	lines  []helpLine // of the last view
	height int
}

// A helpLine is a heading, a binding or a symbol.
type helpLine struct {
	text    string
	binding *binding
}

func (h *helpPane) scrollBy(n int) { h.moveBy(n) }

// moveBy moves the cursor to another line that can be run; where there is none in that direction the help scrolls.
func (h *helpPane) moveBy(n int) {
	to := max(0, min(h.cursor+n, len(h.lines)-1))
	h.cursor = to
}

// sync makes the lines anew and keeps the cursor among them.
func (h *helpPane) sync(m *Model, p *pen, width, height int) {
	h.lines = h.list(m, p, width, strings.ToLower(h.search.String()))
	h.height = height
	h.cursor = max(0, min(h.cursor, len(h.lines)-1))
	h.top = max(min(h.top, h.cursor), h.cursor-height+1)
	h.top = max(0, min(h.top, len(h.lines)-height))
}

// view draws the help: groups of keys, and beside those that do not work now the reason.
func (h *helpPane) view(m *Model, p *pen, width, height int) []string {
	title := newLine(width).put(p.th.Strong, " Keys").put(p.th.Dim, "   commands of the palette (:) stand at the right")
	out := []string{title.full()}
	if search := h.search.String(); h.typing || search != "" {
		out = append(out, newLine(width).put(p.th.Key, " /").put(p.th.Plain, p.text.clean(search, width)).full())
	}
	h.sync(m, p, width, height-len(out))
	if len(h.lines) == 0 {
		return append(out, newLine(width).put(p.th.Dim, " no key does that").full())
	}
	for i := h.top; i < min(h.top+h.height, len(h.lines)); i++ {
		if i == h.cursor {
			o := newLine(width)
			o.flat = true
			h.lines[i].draw(m, p, o)
			out = append(out, p.th.Selected.Render(o.full()))
			continue
		}
		out = append(out, h.lines[i].draw(m, p, newLine(width)).full())
	}
	return out
}

const helpLabels = 13

func (l *helpLine) draw(m *Model, p *pen, o *line) *line {
	b := l.binding
	if b == nil {
		sign, words, symbol := strings.Cut(l.text, "\t")
		if !symbol {
			return o.put(p.th.Strong, " "+l.text)
		}
		return o.put(p.th.Key, "   "+padRight(sign, helpLabels)).put(p.th.Plain, " "+cut(words, o.width-helpLabels-5, p.g.Ellipsis))
	}
	label := b.label
	if p.g.ASCII {
		label = asciiLabel(label)
	}
	o.put(p.th.Key, "   "+padRight(label, helpLabels)).put(p.th.Plain, " "+cut(b.help, o.width-helpLabels-5, p.g.Ellipsis))
	if reason := b.reason(m); reason != "" && b.shown(m) && b.in == modeMain {
		o.put(p.th.Dim, cut("  (not now: "+reason+")", max(o.width-o.used-1, 0), p.g.Ellipsis))
	}
	if at := o.width - cells(b.name) - 1; o.used+2 < at && b.in == modeMain {
		o.to(at).put(p.th.Dim, b.name)
	}
	return o
}

func (h *helpPane) list(m *Model, p *pen, width int, search string) []helpLine {
	var out []helpLine
	group := ""
	seen := map[string]bool{}
	for i := range m.keys {
		b := &m.keys[i]
		text := strings.ToLower(b.label + " " + b.help + " " + b.group + " " + b.name)
		if seen[b.name] || search != "" && !strings.Contains(text, search) {
			continue
		}
		seen[b.name] = true
		if b.group != group {
			group = b.group
			out = append(out, helpLine{text: group})
		}
		out = append(out, helpLine{binding: h.here(m, b)})
	}
	if search == "" {
		out = append(out, legend(p)...)
	}
	return out
}

// here returns, of the bindings of one command, the one that belongs to the screen, or the first.
func (h *helpPane) here(m *Model, b *binding) *binding {
	for i := range m.keys {
		if o := &m.keys[i]; o.name == b.name && o.shown(m) {
			return o
		}
	}
	return b
}

// asciiLabel replaces what the labels have beside ASCII.
func asciiLabel(s string) string {
	return strings.NewReplacer("↓", "Down", "↑", "Up", "←", "Left", "→", "Right", "…", "-").Replace(s)
}

// legend explains the symbols.
func legend(p *pen) []helpLine {
	g := p.g
	rows := [][2]string{
		{g.Complete, "complete"}, {g.Waiting, "waiting for the packet named"}, {g.Slow, "overdue, or another warning; refused"}, {g.Stuck, "critical: overdue for long; failed"},
		{g.Abandoned, "abandoned: the session ended, or the identifier was taken over"},
		{g.Late, "unknown, unsure or joined late: the capture does not hold all"}, {g.Dup, "resent (DUP)"},
		{g.ToServer + " " + g.ToClient, "from client to broker, from broker to client"}, {markSign(g), "marked"},
		{"Q1 " + g.ToServer + " Q2 " + g.ToServer + " Q1", "a subscriber in the whole delivery: published, granted, delivered with that QoS"}, {"P A", "PUBLISH, PUBACK"}, {"P R L C", "PUBLISH, PUBREC, PUBREL, PUBCOMP"}, {"S U A", "SUBSCRIBE, UNSUBSCRIBE, their acknowledgement"},
	}
	out := []helpLine{{text: "Symbols"}}
	for _, r := range rows {
		out = append(out, helpLine{text: r[0] + "\t" + r[1]})
	}
	return out
}

// runHelp does what the line under the cursor says, as its key would.
func (m *Model) runHelp() tea.Cmd {
	h := &m.help
	if h.cursor >= len(h.lines) || h.lines[h.cursor].binding == nil {
		m.say("this line is no command")
		return nil
	}
	b := h.lines[h.cursor].binding
	if b.in != modeMain {
		m.say("that key works " + strings.ToLower(b.group[:1]) + b.group[1:] + " only")
		return nil
	}
	m.help.open = false
	return m.runBinding(b)
}

// closeHelp closes the help, or clears its search first where Esc was pressed.
func (m *Model) closeHelp() tea.Cmd {
	if m.pressed == "esc" && m.help.search.String() != "" {
		return m.clearHelpSearch()
	}
	m.help.open = false
	return nil
}

func (m *Model) clearHelpSearch() tea.Cmd {
	m.help.typing, m.help.search = false, editor{}
	return nil
}

func (m *Model) openHelp() tea.Cmd {
	m.help = helpPane{open: true, cursor: 1}
	return nil
}

// runBinding does what a binding is for, or says why it cannot.
func (m *Model) runBinding(b *binding) tea.Cmd {
	if b.run == nil {
		m.say("type the number, then G")
		return nil
	}
	if !b.shown(m) {
		m.say(b.name + " does nothing here")
		return nil
	}
	if reason := b.reason(m); reason != "" {
		m.say(reason)
		return nil
	}
	m.message = ""
	cmd := b.run(m)
	m.layOut()
	m.follow()
	return cmd
}
