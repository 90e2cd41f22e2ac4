package tui

import "github.com/mqttwatch/mqttwatch/theme"

// A tableColumn is a column of a table: it leaves where there is no room, the one with the highest rank first; rank 0 stays.
type tableColumn struct {
	// id is the column in the configuration file, and what the user chooses; note says what it shows. A column without one stays as it is.
	id, note string
	name     string // its title
	width    int
	right    bool // its texts stand at the right
	rank     int
	// good and most are how wide it grows: all columns to good before any to most; 0 is that it does not.
	good, most int
	// key is what the engine sorts by, 0 where rows are not sorted by the column; text says that it sorts texts, of which the first is on top.
	key  uint8
	text bool
	// extra columns are not shown until the user wants them.
	extra bool
	at    int // its place among all columns of the table
}

// A table is the columns that fit a width.
type table []tableColumn

// fitTable returns the columns that fit, grown in their order as far as there is room.
func fitTable(all []tableColumn, width int) table {
	t := make(table, len(all))
	copy(t, all)
	for t.total() > width {
		worst := -1
		for i := range t {
			if t[i].width > 0 && t[i].rank > 0 && (worst < 0 || t[i].rank > t[worst].rank) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		t[worst].width = 0
	}
	t.grow(width, func(c *tableColumn) int { return c.good })
	t.grow(width, func(c *tableColumn) int { return c.most })
	return t
}

func (t table) grow(width int, to func(*tableColumn) int) {
	left := width - t.total()
	for i := range t {
		if n := min(left, to(&t[i])-t[i].width); n > 0 && t[i].width > 0 {
			t[i].width += n
			left -= n
		}
	}
}

func (t table) total() int {
	sum := 0
	for _, c := range t {
		if c.width > 0 {
			sum += c.width + 1
		}
	}
	return sum
}

// head draws the titles; that of the column by which the rows are sorted says so.
func (t table) head(p *pen, width int, s *tableShape) string {
	o := newLine(width)
	for i := range t {
		c := &t[i]
		if c.width == 0 {
			continue
		}
		mark, st := s.mark(p, c), p.th.Dim
		if mark != "" {
			st = p.th.Key
		}
		o.put(st, columnTitle(mark, p.plain(c.name), c.width, c.right))
	}
	return o.full()
}

// columnTitle is the title of a column with the cell before it, in which the mark stands: no column needs room for that.
func columnTitle(mark, title string, width int, right bool) string {
	title = cut(title, width, "")
	if right {
		return padLeft(mark+title, width+1)
	}
	return padRight(padRight(mark, 1)+title, width+1)
}

// columnAt returns which column is at a cell of a line, or -1.
func (t table) columnAt(x int) int {
	from := 0
	for i := range t {
		if t[i].width == 0 {
			continue
		}
		if from += t[i].width + 1; x < from {
			return i
		}
	}
	return -1
}

func align(s string, width int, right bool) string {
	if right {
		return padLeft(s, width)
	}
	return padRight(s, width)
}

// plain replaces the arrows in a name of a column by the symbols of the theme.
func (p *pen) plain(s string) string {
	out := ""
	for _, r := range s {
		switch r {
		case '→':
			out += p.g.ToServer
		case '←':
			out += p.g.ToClient
		default:
			out += string(r)
		}
	}
	return out
}

// A rowMark is what stands out of a row.
type rowMark struct{ selected, focused, marked bool }

// row draws one row: cell gives the text of a column, by its place among all, clean and of any width, and its style.
func (t table) row(p *pen, width int, look rowMark, cell func(column, width int) (string, theme.Style)) string {
	o := newLine(width)
	o.flat = look.selected && look.focused
	before := " "
	switch {
	case look.marked:
		before = markSign(p.g)
	case look.selected && !look.focused:
		before = p.g.Cursor
	}
	for _, c := range t {
		if c.width == 0 {
			continue
		}
		text, st := cell(c.at, c.width)
		o.put(p.th.Plain, before).put(st, align(cut(text, c.width, p.g.Ellipsis), c.width, c.right))
		before = " "
	}
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}
