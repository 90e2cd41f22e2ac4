package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A verb is something that only some overlays can do.
type verb uint8

const (
	verbPick verb = iota
	verbToggle
	verbComplete
	verbShift
	verbSave
	verbDelete
)

// An overlay is drawn over the lower part of the panes and has the keys while it is open: a menu or a form.
type overlay interface {
	mode() mode
	can(v verb) bool
	moveBy(m *Model, n int)
	// pick does what is chosen, toggle switches it on or off, shift moves it or changes its value.
	pick(m *Model) tea.Cmd
	toggle(m *Model) tea.Cmd
	shift(m *Model, n int) tea.Cmd
	save(m *Model) tea.Cmd
	remove(m *Model) tea.Cmd
	// text returns what typed keys go to, nil where nothing is typed; changed is called when it has changed.
	text() *editor
	changed(m *Model)
	// key takes a key that has no binding and is no text for the editor.
	key(m *Model, key string) (tea.Cmd, bool)
	// view draws at most height lines. The cursor is where the terminal's is to be, x below 0 for nowhere.
	view(m *Model, p *pen, width, height int) (lines []string, x, y int)
}

// openOver opens an overlay in place of another.
func (m *Model) openOver(o overlay) tea.Cmd {
	m.over, m.dirty, m.message = o, true, ""
	return nil
}

func (m *Model) closeOver() tea.Cmd {
	m.over, m.dirty = nil, true
	return nil
}

// mode says what has the keys.
func (m *Model) mode() mode {
	switch {
	case m.over != nil:
		return m.over.mode()
	case m.help.open && m.help.typing:
		return modeSearch
	case m.help.open:
		return modeHelp
	case m.filter.typing:
		return modeFilter
	case m.finder.typing:
		return modeFind
	}
	return modeMain
}

// overlaid draws the overlay over the last of lines, below a rule.
func (m *Model) overlaid(p *pen, lines []string) []string {
	if m.over == nil || len(lines) < 4 {
		return lines
	}
	over, x, y := m.over.view(m, p, m.width, len(lines)-1)
	over = fit(over, m.width, min(len(over), len(lines)-1))
	from := len(lines) - len(over)
	m.overTop = m.height - 1 - len(over)
	m.caret.x, m.caret.y = x, m.overTop+y
	out := slices.Clone(lines[:from-1])
	out = append(out, newLine(m.width).put(p.th.Rule, repeat(p.g.Line, m.width)).full())
	return append(out, over...)
}

// A choice is a line of a menu.
type choice struct {
	letter string // chooses it at once
	text   string
	note   string
	keys   string // shown at the left in place of a letter
	head   bool   // a heading, which cannot be chosen
	mark   string // what stands before it: on or off
	off    string // why it cannot be chosen
	run    func(m *Model) tea.Cmd
}

// A menu is a list to choose from, perhaps with a line to type in.
type menu struct {
	title   string
	prompt  string // before what is typed; nothing is typed where empty
	typed   editor
	items   []choice
	refresh func(m *Model, typed string) []choice // makes the items anew
	cursor  int
	top     int
	keep    bool // stays open when something is chosen

	onEmpty    func(m *Model, typed string) tea.Cmd // picks where no item is left
	onToggle   func(m *Model, at int) tea.Cmd
	onComplete func(u *menu)
	onShift    func(m *Model, at, n int) tea.Cmd
	onSave     func(m *Model) tea.Cmd
	onRemove   func(m *Model, at int) tea.Cmd
}

// newMenu returns a menu with its items made.
func (m *Model) newMenu(u menu) *menu {
	if u.refresh != nil {
		u.items = u.refresh(m, u.typed.String())
	}
	u.moveBy(m, 0)
	return &u
}

func (u *menu) mode() mode { return modeMenu }

func (u *menu) can(v verb) bool {
	switch v {
	case verbPick:
		return slices.ContainsFunc(u.items, func(c choice) bool { return c.run != nil }) || u.onEmpty != nil
	case verbToggle:
		return u.onToggle != nil
	case verbComplete:
		return u.onComplete != nil
	case verbShift:
		return u.onShift != nil
	case verbSave:
		return u.onSave != nil
	case verbDelete:
		return u.onRemove != nil
	}
	return false
}

func (u *menu) moveBy(_ *Model, n int) {
	u.cursor = max(0, min(u.cursor+n, len(u.items)-1))
	step := 1
	if n < 0 {
		step = -1
	}
	for i := u.cursor; i >= 0 && i < len(u.items); i += step {
		if !u.items[i].head {
			u.cursor = i
			return
		}
	}
	for i := range u.items {
		if !u.items[i].head {
			u.cursor = i
			return
		}
	}
}

func (u *menu) current() *choice {
	if u.cursor >= len(u.items) || u.items[u.cursor].head {
		return nil
	}
	return &u.items[u.cursor]
}

func (u *menu) pick(m *Model) tea.Cmd {
	c := u.current()
	if c == nil {
		if u.onEmpty != nil {
			return u.onEmpty(m, u.typed.String())
		}
		return nil
	}
	if c.off != "" {
		m.say(c.off)
		return nil
	}
	if c.run == nil {
		return nil
	}
	if !u.keep {
		m.closeOver()
	}
	cmd := c.run(m)
	u.again(m)
	return cmd
}

// again makes the items anew after something has changed.
func (u *menu) again(m *Model) {
	if u.refresh != nil {
		u.items = u.refresh(m, u.typed.String())
		u.moveBy(m, 0)
	}
}

func (u *menu) toggle(m *Model) tea.Cmd {
	if u.onToggle == nil {
		if u.onComplete != nil {
			u.onComplete(u)
			u.changed(m)
		}
		return nil
	}
	cmd := u.onToggle(m, u.cursor)
	u.again(m)
	return cmd
}

func (u *menu) shift(m *Model, n int) tea.Cmd {
	cmd := u.onShift(m, u.cursor, n)
	u.again(m)
	return cmd
}

func (u *menu) save(m *Model) tea.Cmd { return u.onSave(m) }

func (u *menu) remove(m *Model) tea.Cmd {
	cmd := u.onRemove(m, u.cursor)
	u.again(m)
	return cmd
}

func (u *menu) text() *editor {
	if u.prompt == "" {
		return nil
	}
	return &u.typed
}

func (u *menu) changed(m *Model) {
	u.cursor, u.top = 0, 0
	u.again(m)
}

// key chooses the item with that letter.
func (u *menu) key(m *Model, key string) (tea.Cmd, bool) {
	for i := range u.items {
		if c := &u.items[i]; c.letter != "" && c.letter == key {
			u.cursor = i
			return u.pick(m), true
		}
	}
	if key == "j" || key == "k" {
		u.moveBy(m, map[string]int{"j": 1, "k": -1}[key])
		return nil, true
	}
	return nil, false
}

// click puts the cursor on the line of the menu that is clicked, counted from its title; a click on what is selected chooses it.
func (u *menu) click(m *Model, line int) tea.Cmd {
	if u.prompt != "" {
		line--
	}
	at := u.top + line - 1
	switch {
	case line < 1 || at >= len(u.items) || u.items[at].head:
		return nil
	case at == u.cursor && u.items[at].run != nil:
		return u.pick(m)
	case at == u.cursor && u.onToggle != nil:
		return u.toggle(m)
	}
	u.cursor = at
	return nil
}

// menuRows is the most that a menu takes of the screen, its title and prompt included.
const menuRows = 22

// view draws title, prompt and items:
//
//	Copy
//	  r  row           12:01:33.120 sensor-7 to broker …
//	  t  topic         plant/a/temp
//	  p  payload       (not now: its bytes are no longer kept)
func (u *menu) view(_ *Model, p *pen, width, height int) (lines []string, x, y int) {
	x = -1
	lines = append(lines, newLine(width).put(p.th.Strong, " "+u.title).full())
	if u.prompt != "" {
		o := newLine(width).put(p.th.Key, u.prompt)
		x, y = o.used+cells(p.text.clean(u.typed.beforeCursor(), width)), 1
		lines = append(lines, o.put(p.th.Input, p.text.clean(u.typed.String(), width)).full())
	}
	rows := max(min(height, menuRows)-len(lines), 1)
	u.top = max(min(u.top, u.cursor), u.cursor-rows+1)
	u.top = max(0, min(u.top, len(u.items)-rows))
	if u.cursor <= 1 {
		u.top = 0 // with the heading above
	}
	names, keys := 0, 0
	for i := range u.items {
		names, keys = max(names, cells(u.items[i].text)), max(keys, cells(u.items[i].keys+u.items[i].letter))
	}
	for i := u.top; i < min(u.top+rows, len(u.items)); i++ {
		lines = append(lines, u.items[i].line(p, width, min(names, max(width*2/5, 24)), keys, i == u.cursor))
	}
	if len(u.items) == 0 {
		lines = append(lines, newLine(width).put(p.th.Dim, "   nothing").full())
	}
	return lines, min(x, width-1), y
}

func (c *choice) line(p *pen, width, names, keys int, selected bool) string {
	o := newLine(width)
	if c.head {
		return o.put(p.th.Strong, " "+c.text).full()
	}
	o.flat = selected
	o.put(p.th.Plain, "   ")
	if keys > 0 {
		label := c.keys + c.letter
		if p.g.ASCII {
			label = asciiLabel(label)
		}
		o.put(p.th.Key, padRight(label, keys)+"  ")
	}
	if c.mark != "" {
		o.put(p.th.Key, c.mark+" ")
	}
	st := p.th.Plain
	if c.off != "" {
		st = p.th.Dim
	}
	o.put(st, padRight(cut(p.text.safe(c.text), names, p.g.Ellipsis), names))
	note := c.note
	if c.off != "" {
		note = strings.TrimSpace(note + "  (not now: " + c.off + ")")
	}
	o.put(p.th.Dim, "  "+cut(p.text.safe(note), max(width-o.used-3, 0), p.g.Ellipsis))
	if selected {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

// confirm asks a question whose first answer, No, does nothing.
func (m *Model) confirm(question, yes string, do func(m *Model) tea.Cmd) tea.Cmd {
	return m.openOver(m.newMenu(menu{title: question, items: []choice{
		{letter: "n", text: "No", run: func(*Model) tea.Cmd { return nil }},
		{letter: "y", text: yes, run: do},
	}}))
}
