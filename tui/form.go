package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"
)

// A field is a line of a form: a text, or one of several values.
type field struct {
	label  string
	typed  editor
	values []string // to choose from; a text where empty
	at     int
	hint   string
	check  func(text string) string // why the text makes no sense
}

func (f *field) value() string {
	if len(f.values) > 0 {
		return f.values[f.at]
	}
	return f.typed.String()
}

// A form is a few fields to fill in.
type form struct {
	title  string
	fields []field
	cursor int
	top    int
	// below is what stands below the fields; bad marks it as a mistake.
	below func(f *form) (words string, bad bool)
	typed func(f *form) // a text has changed
	done  func(m *Model, f *form) tea.Cmd
	// failed is why it could not be done, which stands in place of below until something changes.
	failed string
}

func (f *form) mode() mode { return modeForm }

func (f *form) can(v verb) bool { return v == verbShift && len(f.fields[f.cursor].values) > 0 }

func (f *form) moveBy(_ *Model, n int) {
	f.fields[f.cursor].typed.chosen = false
	f.cursor = (f.cursor + n + len(f.fields)) % len(f.fields)
}

// mistake returns the place of the first field that makes no sense, and why; -1 where all do.
func (f *form) mistake() (at int, why string) {
	for i := range f.fields {
		if check := f.fields[i].check; check != nil {
			if why := check(f.fields[i].value()); why != "" {
				return i, why
			}
		}
	}
	return -1, ""
}

func (f *form) pick(m *Model) tea.Cmd {
	if at, why := f.mistake(); at >= 0 {
		f.cursor = at
		m.say(f.fields[at].label + ": " + why)
		return nil
	}
	return f.done(m, f)
}

func (f *form) toggle(*Model) tea.Cmd { return nil }

func (f *form) shift(_ *Model, n int) tea.Cmd {
	c := &f.fields[f.cursor]
	c.at = (c.at + n + len(c.values)) % len(c.values)
	f.failed = ""
	return nil
}

func (f *form) save(*Model) tea.Cmd   { return nil }
func (f *form) remove(*Model) tea.Cmd { return nil }

func (f *form) text() *editor {
	if len(f.fields[f.cursor].values) > 0 {
		return nil
	}
	return &f.fields[f.cursor].typed
}

func (f *form) changed(*Model) {
	f.failed = ""
	if f.typed != nil {
		f.typed(f)
	}
}

// key chooses the next value that begins with a letter.
func (f *form) key(_ *Model, key string) (tea.Cmd, bool) {
	c := &f.fields[f.cursor]
	i := slices.IndexFunc(c.values, func(v string) bool { return len(v) > 0 && v[:1] == key })
	if i < 0 {
		return nil, false
	}
	c.at, f.failed = i, ""
	return nil, true
}

// values returns what the fields hold, by label.
func (f *form) values() map[string]string {
	out := map[string]string{}
	for i := range f.fields {
		out[f.fields[i].label] = f.fields[i].value()
	}
	return out
}

// place returns which of its values a field has, 0 where there is no such field.
func (f *form) place(label string) int {
	for i := range f.fields {
		if f.fields[i].label == label {
			return f.fields[i].at
		}
	}
	return 0
}

// view draws the fields, one a line:
//
//	Publish
//	   topic       plant/a/temp
//	 > QoS         0  [1]  2
//	   retain      [no]  yes
func (f *form) view(_ *Model, p *pen, width, height int) (lines []string, x, y int) {
	labels := 0
	for i := range f.fields {
		labels = max(labels, cells(f.fields[i].label))
	}
	lines = append(lines, newLine(width).put(p.th.Strong, " "+f.title).full())
	x = -1
	rows := max(height-3, 1)
	f.top = max(min(f.top, f.cursor), f.cursor-rows+1)
	for i := f.top; i < min(f.top+rows, len(f.fields)); i++ {
		c := &f.fields[i]
		o := newLine(width)
		mark := "   "
		if i == f.cursor {
			mark = " " + p.g.Cursor + " "
		}
		o.put(p.th.Key, mark).put(p.th.Dim, padRight(c.label, labels)+"  ")
		if i == f.cursor {
			y = len(lines)
			if len(c.values) == 0 {
				x = o.used + cells(cutLeft(p.text.clean(c.typed.beforeCursor(), width), width-o.used-2, p.g.Ellipsis))
			}
		}
		lines = append(lines, c.draw(p, o, i == f.cursor).full())
	}
	if f.below != nil {
		words, bad := f.failed, true
		if words == "" {
			words, bad = f.below(f)
		}
		st := p.th.Input
		if bad {
			st = p.th.Mistake
		}
		lines = append(lines, newLine(width).full(), newLine(width).put(st, " "+cut(p.text.clean(words, width), width-2, p.g.Ellipsis)).full())
	}
	return lines, min(x, width-1), y
}

func (f *field) draw(p *pen, o *line, here bool) *line {
	if len(f.values) == 0 {
		st := p.th.Plain
		why := ""
		if f.check != nil {
			if why = f.check(f.value()); why != "" && f.value() != "" {
				st = p.th.Mistake
			}
		}
		if f.value() == "" {
			return o.put(p.th.Dim, f.hint)
		}
		if here && f.typed.chosen {
			st = p.th.Selected
		}
		o.put(st, cutLeft(p.text.clean(f.value(), o.width), o.width-o.used-2, p.g.Ellipsis))
		if why != "" {
			o.put(p.th.Mistake, "   "+why)
		}
		return o
	}
	// Where there is no room for all values, those before leave so that the chosen one is in sight.
	first, room := 0, o.width-o.used-2
	for wide := f.widthTo(f.at + 1); first < f.at && wide-f.widthTo(first) > room; {
		first++
	}
	for i, v := range f.values {
		if i < first {
			continue
		}
		st, text := p.th.Dim, " "+v+" "
		if i == f.at {
			st, text = p.th.Plain, "["+v+"]"
			if here {
				st = p.th.Selected
			}
		}
		if o.used+cells(text) > o.width-1 {
			o.put(p.th.Dim, p.g.Ellipsis)
			return o
		}
		o.put(st, text)
	}
	return o.put(p.th.Dim, "  "+f.hint)
}

// widthTo is how wide the values up to one are.
func (f *field) widthTo(at int) int {
	sum := 0
	for _, v := range f.values[:at] {
		sum += cells(v) + 2
	}
	return sum
}
