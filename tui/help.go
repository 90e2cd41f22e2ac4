package tui

import (
	"strings"
)

// A helpPane lists the key map. What is typed after / chooses lines.
type helpPane struct {
	open   bool
	typing bool
	search editor
	top    int
	lines  int // of the last view
	height int
}

func (h *helpPane) scrollBy(n int) { h.top = max(0, min(h.top+n, h.lines-h.height)) }

// view draws the help: groups of keys, and beside those that do not work now the reason.
func (h *helpPane) view(m *Model, p *pen, width, height int) []string {
	out := []string{newLine(width).put(p.th.Strong, " Keys").full()}
	search := h.search.String()
	if h.typing || search != "" {
		out = append(out, newLine(width).put(p.th.Key, " /").put(p.th.Plain, p.text.clean(search, width)).full())
	}
	all := h.list(m, p, width, strings.ToLower(search))
	h.height, h.lines = height-len(out), len(all)
	h.scrollBy(0)
	if len(all) == 0 {
		return append(out, newLine(width).put(p.th.Dim, " no key does that").full())
	}
	return append(out, all[h.top:min(h.top+h.height, len(all))]...)
}

func (h *helpPane) list(m *Model, p *pen, width int, search string) []string {
	var out []string
	group := ""
	seen := map[string]bool{}
	for i := range m.keys {
		b := &m.keys[i]
		text := strings.ToLower(b.label + " " + b.help + " " + b.group)
		if seen[b.label+b.help] || search != "" && !strings.Contains(text, search) {
			continue
		}
		seen[b.label+b.help] = true
		if b.group != group {
			group = b.group
			out = append(out, newLine(width).put(p.th.Strong, " "+group).full())
		}
		label := b.label
		if p.g.ASCII {
			label = asciiLabel(label)
		}
		o := newLine(width).put(p.th.Key, "   "+padRight(label, 9)).put(p.th.Plain, " "+b.help)
		if reason := b.reason(m); reason != "" && b.shown(m) {
			o.put(p.th.Dim, "  (not now: "+reason+")")
		}
		out = append(out, o.full())
	}
	if search == "" {
		out = append(out, h.legend(p, width)...)
	}
	return out
}

// asciiLabel replaces what the labels have beside ASCII.
func asciiLabel(s string) string {
	return strings.NewReplacer("↓", "Down", "↑", "Up", "…", "-").Replace(s)
}

// legend explains the symbols.
func (h *helpPane) legend(p *pen, width int) []string {
	g := p.g
	rows := [][2]string{
		{g.Complete, "complete"}, {g.Waiting, "waiting for the packet named"}, {g.Stuck, "stuck: that packet is overdue"},
		{g.Slow, "refused, or a warning"}, {g.Abandoned, "abandoned: the session ended, or the identifier was taken over"},
		{g.Late, "unknown, unsure or joined late: the capture does not hold all"}, {g.Dup, "resent (DUP)"},
		{g.ToServer + " " + g.ToClient, "from client to broker, from broker to client"},
		{"P A", "PUBLISH, PUBACK"}, {"P R L C", "PUBLISH, PUBREC, PUBREL, PUBCOMP"}, {"S U A", "SUBSCRIBE, UNSUBSCRIBE, their acknowledgement"},
	}
	out := []string{newLine(width).put(p.th.Strong, " Symbols").full()}
	for _, r := range rows {
		out = append(out, newLine(width).put(p.th.Key, "   "+padRight(r[0], 9)).put(p.th.Plain, " "+r[1]).full())
	}
	return out
}
