package tui

import (
	"strconv"
	"strings"
)

// tabs draws the second line: the screens, whether the list follows, and the filter.
func (m *Model) tabs(p *pen) string {
	o := newLine(m.width)
	for _, t := range m.tabList() {
		o.put(p.th.Plain, spaces(t.before))
		if t.screen == m.screen {
			o.put(p.th.Tab, t.text)
		} else {
			o.put(p.th.Key, t.text[:1]).put(p.th.Dim, t.text[1:])
		}
		o.put(p.th.Plain, spaces(t.after))
	}
	right := m.filterPieces(p)
	right = append(right, m.placePieces(p)...)
	room := m.width - o.used - 1
	if w := widthOf(right); w > room && len(right) > 0 {
		right[0].text = strings.TrimPrefix(right[0].text, "filter: ") // it is in the colour of what is typed
	}
	if w := widthOf(right); w > room && len(right) > 0 {
		right[0].text = cutMiddle(right[0].text, max(cells(right[0].text)-(w-room), 10), p.g.Ellipsis)
	}
	return o.to(m.width - widthOf(right) - 1).putAll(right).full()
}

// A tab is a screen in the strip: its key, its name where there is room, and blank cells on either side.
type tab struct {
	screen        screen
	text          string
	before, after int
}

func (t *tab) width() int { return t.before + cells(t.text) + t.after }

// tabNames are what the screens are called, and in fewer letters where there is no room for that.
var tabNames = []struct{ name, short string }{
	screenHandshakes: {"Handshakes", "Shakes"}, screenDeliveries: {"Deliveries", "Deliv"}, screenSessions: {"Sessions", "Sess"},
	screenTopics: {"Topics", "Topics"}, screenAlerts: {"Alerts", "Alerts"}, screenStatistics: {"Statistics", "Stats"}, screenPackets: {"Packets", "Pkts"},
}

// tabForm is how the tabs are written. The screen that is shown has its whole name in each.
type tabForm uint8

const (
	tabsWide  tabForm = iota // all by name, well apart
	tabsClose                // all by name
	tabsShort                // the others by a short name
	tabsKeys                 // the others by their keys
	tabForms
)

// tabList returns the tabs in the widest form that leaves room for what stands at the right of them.
func (m *Model) tabList() []tab {
	room := m.width - 1 - widthOf(m.filterPieces(&m.pen)) - widthOf(m.placePieces(&m.pen))
	var out []tab
	for form := range tabForms {
		out = m.tabsAs(form)
		used := 0
		for i := range out {
			used += out[i].width()
		}
		if used <= room {
			break
		}
	}
	return out
}

func (m *Model) tabsAs(form tabForm) []tab {
	out := make([]tab, len(tabNames))
	for i, names := range tabNames {
		t := tab{screen: screen(i), text: strconv.Itoa(i + 1), before: 1}
		if form == tabsWide {
			t.after = 1
		}
		switch {
		case t.screen == m.screen || form < tabsShort:
			t.text += " " + names.name
		case form == tabsShort:
			t.text += " " + names.short
		}
		if at := m.attention(); t.screen == screenAlerts && at.alerts > 0 {
			t.text += form.number(at.number(), len(t.text) > 1)
		}
		out[i] = t
	}
	return out
}

// number is how many alerts there are, behind the key and perhaps the name of their screen. Where the next tab is near, it is not to look like its key.
func (f tabForm) number(n string, named bool) string {
	switch {
	case f == tabsWide:
		return " " + n
	case named:
		return " (" + n + ")"
	}
	return "(" + n + ")"
}

// wideTabs is from which width on what stands beside the tabs need not be brief.
const wideTabs = 100

// placeWords tells where the cursor is among total rows, of so many that are kept. Where the tabs need the room a list that follows and hides nothing says
// only that it does.
func (m *Model) placeWords(cursor, total, kept int, follow bool) string {
	words := "  " + count(min(cursor+1, total)) + "/" + count(total)
	if follow {
		words = "  " + count(total)
	}
	switch {
	case kept > total:
		return words + " of " + count(kept)
	case follow && m.list.live && m.filter.text == "" && !m.filter.problems && m.width < wideTabs:
		return ""
	}
	return words
}
