package tui

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// alertLimit is how many alerts the screen asks for: the newest.
const alertLimit = 1000

// An alertList is the list of alerts: those that are open first, worst and oldest first, then the others, newest first.
type alertList struct {
	height      int
	cursor, top int
	selected    uint64
	alerts      []watch.Alert
	open        int // how many of them are open
	acked       *acknowledged
	failed      bool // a source failed or tries again, which the strip above says
	// held is set where the user has chosen an alert; until then the cursor is on the first, whichever that is.
	held bool
	// reading is set while the keys scroll the text below the list. That begins at line said, of lines of which room are visible.
	reading          bool
	said, text, room int
}

func isOpen(a *watch.Alert) bool { return a.Lasting && a.Cleared == 0 }

// sync takes the alerts of a Snapshot in; the cursor stays on its alert if the user has put it there.
func (l *alertList) sync(alerts []watch.Alert) {
	l.alerts = slices.Clone(alerts)
	slices.SortStableFunc(l.alerts, func(a, b watch.Alert) int {
		openA, openB := isOpen(&a), isOpen(&b)
		if ackA, ackB := l.has(&a), l.has(&b); ackA != ackB {
			if ackB {
				return -1
			}
			return 1
		}
		switch {
		case openA != openB:
			if openA {
				return -1
			}
			return 1
		case openA:
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Raised, b.Raised), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(cmp.Compare(lastTime(&b), lastTime(&a)), cmp.Compare(b.ID, a.ID))
	})
	l.open = 0
	for l.open < len(l.alerts) && isOpen(&l.alerts[l.open]) && !l.has(&l.alerts[l.open]) {
		l.open++
	}
	if !l.held {
		l.cursor, l.top = 0, 0
	} else if i := slices.IndexFunc(l.alerts, func(a watch.Alert) bool { return a.ID == l.selected }); i >= 0 {
		l.top += i - l.cursor
		l.cursor = i
	}
	l.put(l.cursor)
}

// has reports whether an alert was acknowledged.
func (l *alertList) has(a *watch.Alert) bool { return l.acked != nil && l.acked.has(a) }

// lastTime is when an alert last was news.
func lastTime(a *watch.Alert) decode.Time { return max(a.Raised, a.Cleared, a.Last) }

func (l *alertList) moveBy(n int) {
	if l.reading {
		l.said = max(0, min(l.said+n, l.text-l.room))
		return
	}
	l.moveTo(l.cursor + n)
}

// moveTo puts the cursor on an alert, as the user wants.
func (l *alertList) moveTo(i int) {
	l.put(i)
	l.held = l.cursor > 0
}

func (l *alertList) put(i int) {
	was := l.selected
	l.cursor = max(0, min(i, len(l.alerts)-1))
	l.selected = 0
	if a := l.current(); a != nil {
		l.selected = a.ID
	}
	if l.selected != was {
		l.said, l.reading = 0, false
	}
	l.scroll()
}

// cut reports whether the text below the list does not fit.
func (l *alertList) cut() bool { return l.text > l.room }

func (l *alertList) scroll() {
	h := max(l.height, 1)
	l.top = max(min(l.top, l.cursor), l.cursor-h+1)
	l.top = max(0, min(l.top, len(l.alerts)-h))
}

func (l *alertList) current() *watch.Alert {
	if l.cursor < 0 || l.cursor >= len(l.alerts) {
		return nil
	}
	return &l.alerts[l.cursor]
}

type alertColumns struct{ severity, since, age, name, client, text int }

func alertColumnsFor(width int) alertColumns {
	c := alertColumns{severity: 10, since: 8, age: 6, name: 26, client: 14}
	if width < 140 {
		c.name, c.client = 22, 10
	}
	if width < 120 {
		c.client = 0
	}
	if width < 100 {
		c.name = 0 // what the alert says names both
	}
	if width < 74 {
		c.since = 0
	}
	used := 0
	for _, w := range []int{c.severity, c.since, c.age, c.name, c.client} {
		if w > 0 {
			used += w + 1
		}
	}
	c.text = max(width-used-1, 0)
	return c
}

// view draws the alerts and, below, all that the one under the cursor says.
//
//	SEVERITY    SINCE       FOR  ALERT            CLIENT    WHAT
//	✗ critical  12:01:33  12.4s  pubcomp-overdue  sensor-7  broker owes PUBCOMP for id 17 …
//	───────────────────────────────────────────────────────────────────
//	broker owes PUBCOMP for id 17 (QoS 2, plant/a/temp): PUBREL sent 12.4 s ago …
func (l *alertList) view(p *pen, now decode.Time, width, height, aside int, focused bool) []string {
	if len(l.alerts) == 0 {
		words := "Nothing is overdue and nothing went wrong so far."
		if l.failed {
			words = "None in what was seen; but a source is down, as the line above says, so not all is seen."
		}
		return emptyPane(p, width, height, "No alerts", words)
	}
	detail := l.detail(p, width)
	below := min(len(detail)+1, max(height/3, 3))
	l.height = max(height-1-below, 1)
	l.scroll()
	c := alertColumnsFor(width)
	out := []string{alertHead(p, c, width)}
	for i := l.top; i < min(l.top+l.height, len(l.alerts)); i++ {
		out = append(out, p.alertRow(&l.alerts[i], c, now, width, aside, i == l.cursor, focused, l.has(&l.alerts[i])))
	}
	out = append(out, blankLines(height-below-len(out), width)...)
	l.text, l.room = len(detail), below-1
	l.said = max(0, min(l.said, l.text-l.room))
	out = append(out, l.rule(p, width, focused))
	for _, t := range detail[l.said:max(min(l.said+l.room, len(detail)), l.said)] {
		out = append(out, newLine(width).put(t.style, t.text).full())
	}
	return out
}

// rule separates the text below the list, and says where there is more of it.
func (l *alertList) rule(p *pen, width int, focused bool) string {
	words, st := "", p.th.Dim
	switch above, below := l.said, l.text-l.said-l.room; {
	case l.reading && focused:
		words, st = " "+count(above)+" lines above, "+count(max(below, 0))+" below ", p.th.Key
	case below > 0:
		words = " " + plural(below, "line") + " more: " + p.keyOf("other-pane") + " "
	}
	return newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-2-cells(words))).put(st, words).full()
}

func alertHead(p *pen, c alertColumns, width int) string {
	o := newLine(width)
	cell := func(w int, s string) {
		if w > 0 {
			o.put(p.th.Dim, " "+padRight(cut(s, w, ""), w))
		}
	}
	cell(c.severity, "SEVERITY")
	cell(c.since, "SINCE")
	cell(c.age, padLeft("FOR", c.age))
	cell(c.name, "ALERT")
	cell(c.client, "CLIENT")
	cell(c.text, "WHAT")
	return o.full()
}

func (p *pen) alertRow(a *watch.Alert, c alertColumns, now decode.Time, width, aside int, selected, focused, acked bool) string {
	glyph, st := p.severity(a.Severity)
	word, plain := severityWord(a.Severity), p.th.Plain
	ageText := age(now.Sub(a.Raised))
	switch {
	case a.Lasting && a.Cleared != 0:
		glyph, word, st, plain = p.g.Complete, "cleared", p.th.Dim, p.th.Dim
		ageText = age(a.Cleared.Sub(a.Raised))
	case !a.Lasting:
		plain = p.th.Dim
		ageText = p.g.Dot
		if a.Count > 1 {
			ageText = strconv.Itoa(a.Count) + " " + p.g.Abandoned
		}
	}
	if acked {
		glyph, word, st, plain = p.g.Dot, "seen", p.th.Dim, p.th.Dim
	}
	o := newLine(width)
	o.flat = selected && focused
	if selected && !focused {
		o.put(p.th.Key, p.g.Cursor)
	} else {
		o.put(p.th.Plain, " ")
	}
	o.put(st, padRight(glyph+" "+word, c.severity))
	if c.since > 0 {
		o.put(plain, " "+clockTime(a.Raised, p.loc, true))
	}
	o.put(st, " "+padLeft(cut(ageText, c.age, ""), c.age))
	if c.name > 0 {
		o.put(st, " "+padRight(cut(string(a.Name), c.name, p.g.Ellipsis), c.name))
	}
	if c.client > 0 {
		o.put(plain, " "+padRight(cutMiddle(p.text.clean(a.Client, c.client), c.client, p.g.Ellipsis), c.client))
	}
	if c.text > 0 {
		o.put(plain, " "+cut(scrolled(p.text.safe(a.Text), aside, p.g), c.text, p.g.Ellipsis))
	}
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

// detail is all that the alert under the cursor says.
func (l *alertList) detail(p *pen, width int) []textLine {
	a := l.current()
	if a == nil {
		return nil
	}
	var out []textLine
	text := p.text.safe(a.Text)
	if alertColumnsFor(width).name == 0 {
		text = string(a.Name) + ": " + text
	}
	for _, s := range wrap(text, width-2) {
		out = append(out, textLine{" " + s, p.th.Strong})
	}
	for _, s := range wrap(p.text.safe(a.Detail), width-2) {
		out = append(out, textLine{" " + s, p.th.Plain})
	}
	if a.Handshake == 0 {
		out = append(out, textLine{" It is not about one handshake.", p.th.Dim})
	}
	if e, ok := handshake.Explain(a.Name); ok {
		for _, s := range wrap(p.text.safe(e.Means), width-2) {
			out = append(out, textLine{" " + s, p.th.Dim})
		}
		for _, cause := range e.Causes {
			for i, s := range wrap(p.text.safe(cause), width-4) {
				bullet := "   "
				if i == 0 {
					bullet = " " + p.g.Dot + " "
				}
				out = append(out, textLine{bullet + s, p.th.Dim})
			}
		}
	}
	return out
}
