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

// An alertList is the list of alerts: the worst first, and of those the oldest; then those that are over, then those that were acknowledged, each in
// that order, too. No line moves because another alert comes again.
type alertList struct {
	height      int
	cursor, top int
	selected    alertAt
	alerts      []watch.Alert
	lines       []alertLine         // what of them is shown, equal ones on one line
	unfolded    map[alertGroup]bool // those whose members are shown below
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
	slices.SortFunc(l.alerts, func(a, b watch.Alert) int {
		return cmp.Or(cmp.Compare(l.classOf(&a), l.classOf(&b)), worseFirst(&a, &b))
	})
	l.fold()
	if !l.held {
		l.cursor, l.top = 0, 0
	} else if i := l.find(l.selected); i >= 0 {
		l.top += i - l.cursor
		l.cursor = i
	}
	l.put(l.cursor)
}

// worseFirst puts alerts in order: the worst first, and of those the oldest.
func worseFirst(a, b *watch.Alert) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(beganOf(a), beganOf(b)), cmp.Compare(a.ID, b.ID))
}

// has reports whether an alert was acknowledged.
func (l *alertList) has(a *watch.Alert) bool { return l.acked != nil && l.acked.has(a) }

// beganOf is when that began which the text of an alert gives the duration of.
func beganOf(a *watch.Alert) decode.Time {
	if a.Began == 0 {
		return a.Raised
	}
	return a.Began
}

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
	l.cursor = max(0, min(i, len(l.lines)-1))
	l.selected = alertAt{}
	if n := l.line(); n != nil {
		l.selected = alertAt{n.alert.ID, n.head, n.group}
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
	l.top = max(0, min(l.top, len(l.lines)-h))
}

// line returns the line under the cursor, or nil.
func (l *alertList) line() *alertLine {
	if l.cursor < 0 || l.cursor >= len(l.lines) {
		return nil
	}
	return &l.lines[l.cursor]
}

// current returns the alert under the cursor, of equal ones the first; or nil.
func (l *alertList) current() *watch.Alert {
	if n := l.line(); n != nil {
		return n.alert
	}
	return nil
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
	// Room that the list does not need is the text's, in steps: it is not to move with every alert.
	spare := height - 1 - (len(l.lines)+8)/8*8
	below := min(len(detail)+1, max(height/3, spare, 3))
	l.height = max(height-1-below, 1)
	l.scroll()
	c := alertColumnsFor(width)
	out := []string{alertHead(p, c, width)}
	for i := l.top; i < min(l.top+l.height, len(l.lines)); i++ {
		n := &l.lines[i]
		look := alertLook{c: c, now: now, width: width, aside: aside, selected: i == l.cursor, focused: focused, acked: l.has(n.alert), prefix: n.prefix(p, l.unfolded[n.group])}
		out = append(out, p.alertRow(n, &look))
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
	o.put(p.th.Dim, " WHAT")
	for _, words := range []string{"worst first, then oldest; what is over last ", "worst first, then oldest "} {
		if o.used+cells(words)+2 <= width {
			o.to(width-cells(words)).put(p.th.Dim, words)
			break
		}
	}
	return o.full()
}

// An alertLook is how a line of the list is drawn.
type alertLook struct {
	c                        alertColumns
	now                      decode.Time
	width, aside             int
	selected, focused, acked bool
	prefix                   string
}

func (p *pen) alertRow(n *alertLine, look *alertLook) string {
	a, c, width := n.alert, look.c, look.width
	glyph, st := p.severity(a.Severity)
	word, plain := severityWord(a.Severity), p.th.Plain
	began := beganOf(a)
	ageText := age(look.now.Sub(began))
	switch {
	case a.Lasting && a.Cleared != 0:
		glyph, word, st, plain = p.g.Complete, "cleared", p.th.Dim, p.th.Dim
		if a.Outcome != handshake.Resolved {
			glyph, word = p.g.Dot, "ended"
		}
		ageText = age(a.Cleared.Sub(began))
	case !a.Lasting:
		plain = p.th.Dim
		ageText = p.g.Dot
	}
	if look.acked {
		glyph, word, st, plain = p.g.Dot, "seen", p.th.Dim, p.th.Dim
	}
	o := newLine(width)
	o.flat = look.selected && look.focused
	if look.selected && !look.focused {
		o.put(p.th.Key, p.g.Cursor)
	} else {
		o.put(p.th.Plain, " ")
	}
	o.put(st, padRight(glyph+" "+word, c.severity))
	if c.since > 0 {
		o.put(plain, " "+padRight(dayTime(began, look.now, p.loc, true), c.since))
	}
	o.put(st, " "+padLeft(cut(ageText, c.age, ""), c.age))
	if c.name > 0 {
		o.put(st, " "+padRight(cut(string(a.Name), c.name, p.g.Ellipsis), c.name))
	}
	if c.client > 0 {
		client := p.text.clean(a.Client, c.client)
		if n.clients > 1 {
			client = strconv.Itoa(n.clients) + " clients"
		}
		o.put(plain, " "+padRight(cutMiddle(client, c.client, p.g.Ellipsis), c.client))
	}
	if c.text > 0 {
		o.put(plain, " "+cut(look.prefix+scrolled(p.text.safe(a.Text), look.aside, p.g), c.text, p.g.Ellipsis))
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
	if n := l.line(); n.head {
		words := "The first of " + count(len(n.members)) + " equal alerts"
		if n.clients > 1 {
			words += " on " + count(n.clients) + " clients"
		}
		out = append(out, textLine{" " + words + ": " + p.keyOf("open") + " shows them.", p.th.Key})
	}
	for _, s := range wrap(p.text.safe(a.Detail), width-2) {
		out = append(out, textLine{" " + s, p.th.Plain})
	}
	if a.Handshake == 0 && a.Fault != "" {
		out = append(out, textLine{" " + p.keyOf("open") + " shows the packets that are malformed.", p.th.Key})
	} else if a.Handshake == 0 && a.Delivery != 0 {
		out = append(out, textLine{" " + p.keyOf("open") + " shows " + messageName(a.Delivery) + ", from its publisher to every subscriber.", p.th.Key})
	} else if a.Handshake == 0 {
		out = append(out, textLine{" It is not about one handshake.", p.th.Dim})
	}
	if e, ok := handshake.Explain(a.Name); ok {
		for _, s := range wrap(p.text.safe(e.Means), width-2) {
			out = append(out, textLine{" " + s, p.th.Dim})
		}
		for _, cause := range e.CausesFor(a.By) {
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
