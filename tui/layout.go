package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// The least size that the screen can be drawn in.
const (
	minWidth  = 60
	minHeight = 15
)

// splitKind is how two panes share the body.
type splitKind uint8

const (
	splitNone splitKind = iota
	splitBeside
	splitBelow
)

// panes returns the two panes of the level that is shown.
func (m *Model) panes() [2]pane {
	switch {
	case m.level == levelExtended:
		return [2]pane{paneExtended, paneExtended}
	case m.level == levelLadder:
		return [2]pane{paneLadder, paneBytes}
	case m.onSurvey():
		panes, _ := surveyPanesOf(m.screen)
		return panes
	case m.screen == screenAlerts:
		return [2]pane{paneAlerts, paneLadder}
	}
	return [2]pane{paneList, paneLadder}
}

// active returns the pane that has the keys.
func (m *Model) active() pane { return m.panes()[m.focus] }

// room is how two panes could share the body: side by side from 120 columns on, one below the other from 80 on.
func (m *Model) room() splitKind {
	switch {
	case m.width >= 120:
		return splitBeside
	case m.width >= 80 && m.height >= 20:
		return splitBelow
	}
	return splitNone
}

// split is how they do.
func (m *Model) split() splitKind {
	kind := m.room()
	if m.level == levelExtended {
		return splitNone
	}
	if m.onSurvey() && m.screen != screenPackets && m.screen != screenDeliveries {
		return splitNone
	}
	if m.level == levelList && m.screen == screenHandshakes && m.list.matched == 0 && m.focus == 0 {
		return splitNone
	}
	if m.zoomed || kind == splitBeside && m.besideOff || kind == splitBelow && !m.belowOn {
		return splitNone
	}
	return kind
}

// A box is the size of a pane.
type box struct{ width, height int }

// boxes returns the sizes of the two panes; where only one is shown, the other's is zero.
func (m *Model) boxes() [2]box {
	body := box{m.width, m.height - 3 - len(m.strips(&m.pen))}
	switch m.split() {
	case splitBeside:
		left := m.width * 60 / 100
		if m.level == levelLadder {
			left = m.width / 2
		}
		return [2]box{{left, body.height}, {m.width - left - 1, body.height}}
	case splitBelow:
		top := body.height / 2
		return [2]box{{m.width, top}, {m.width, body.height - top - 1}}
	}
	if m.focus == 1 {
		return [2]box{{}, body}
	}
	return [2]box{body, {}}
}

// layOut tells the panes their sizes.
func (m *Model) layOut() {
	boxes := m.boxes()
	for i, p := range m.panes() {
		switch h := boxes[i].height; p {
		case paneList:
			if h > 0 {
				m.list.resize(h - 1 - m.stripRoom(h))
			}
		case paneDeliveries, paneLegs, paneSessions, paneTopics, panePackets:
			if h > 0 {
				m.placeOf(p).resize(rowsOf(p, h))
			}
		case paneAlerts, paneLadder, paneBytes, paneStatistics, paneExtended: // they learn their size as they are drawn
		}
	}
}

// View draws the screen, or returns the last drawing where nothing has changed.
func (m *Model) View() tea.View {
	if m.dirty {
		m.layOut()
		m.frame = strings.Join(m.draw(), "\n")
		m.dirty = false
	}
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.ReportFocus = true
	v.WindowTitle = "mqttwatch"
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.Cursor = m.cursor()
	return v
}

// small reports whether the terminal is too small to draw anything in: then no key may do what cannot be seen.
func (m *Model) small() bool { return m.width < minWidth || m.height < minHeight }

// draw returns exactly height lines of width cells:
//
//	header
//	tabs                                   filter
//	(strips: sources that failed)
//	body: one pane, or two
//	footer, message or prompt
func (m *Model) draw() []string {
	p := &m.pen
	if m.small() {
		return m.tooSmall(p)
	}
	out := make([]string, 0, m.height)
	out = append(out, m.header(p), m.tabs(p))
	out = append(out, m.strips(p)...)
	room := m.height - len(out) - 1
	if m.help.open {
		out = append(out, fit(m.help.view(m, p, m.width, room), m.width, room)...)
	} else {
		out = append(out, m.overlaid(p, m.body(p))...)
	}
	return append(out, m.bottom(p))
}

func (m *Model) tooSmall(p *pen) []string {
	words := "mqttwatch needs 60x15, this is " + count(m.width) + "x" + count(m.height) + " (q quits)"
	out := blankLines(max(m.height, 1), max(m.width, 0))
	for i, s := range wrap(words, m.width) {
		if i < len(out) {
			out[i] = newLine(m.width).put(p.th.Plain, s).full()
		}
	}
	return out
}

func (m *Model) body(p *pen) []string {
	boxes, panes := m.boxes(), m.panes()
	var drawn [2][]string
	for i := range panes {
		if boxes[i].height > 0 {
			drawn[i] = fit(m.drawPane(p, panes[i], boxes[i], m.focus == i), boxes[i].width, boxes[i].height)
		}
	}
	switch m.split() {
	case splitBeside:
		bar := p.th.Rule.Render(p.g.Pipe)
		for i := range drawn[0] {
			drawn[0][i] += bar + drawn[1][i]
		}
		return drawn[0]
	case splitBelow:
		rule := newLine(m.width).put(p.th.Rule, repeat(p.g.Line, m.width)).full()
		return append(append(drawn[0], rule), drawn[1]...)
	}
	return append(drawn[0], drawn[1]...)
}

// besideAlert is what stands where the ladder would be of an alert that is about no one handshake.
func (m *Model) besideAlert(p *pen, b box) []string {
	words := ""
	if a := m.alerts.current(); a != nil {
		words = " This alert is not about one handshake."
		if a.Delivery != 0 {
			words = " This alert is about a delivery: " + p.keyOf("open") + " shows " + messageName(a.Delivery) + "."
		}
	}
	return append(blankLines(1, b.width), newLine(b.width).put(p.th.Dim, words).full())
}

func (m *Model) drawPane(p *pen, kind pane, b box, focused bool) []string {
	now := m.shown.Now
	switch kind {
	case paneAlerts:
		m.alerts.failed = len(failures(m.live.Sources)) > 0
		return m.alerts.view(p, now, b.width, b.height, m.asideOf(focused), focused)
	case paneLadder:
		if m.level == levelList && m.emptyList() {
			return nothingBeside(p, b, "handshake")
		}
		if m.screen == screenAlerts && m.ladder.id == 0 {
			return m.besideAlert(p, b)
		}
		return m.ladder.view(p, now, b.width, b.height, focused)
	case paneExtended:
		m.extended.ladderLook = m.ladder.ladderLook
		return m.extended.view(p, now, b.width, b.height, focused)
	case paneDeliveries:
		return m.survey.deliveries.view(p, now, m.filterOf(ofDeliveries), b.width, b.height, focused)
	case paneLegs:
		if m.survey.deliveries.total == 0 {
			return nothingBeside(p, b, "delivery")
		}
		return m.survey.legs.view(p, b.width, b.height, focused)
	case paneSessions:
		return m.survey.sessions.view(p, now, m.filterOf(ofSessions), b.width, b.height, focused)
	case paneTopics:
		return m.survey.topics.view(p, now, m.filterOf(ofTopics), b.width, b.height, focused)
	case paneStatistics:
		return m.survey.stats.view(p, m.shown, &m.cleared.clearedAt, b.width, b.height)
	case panePackets:
		return m.survey.packets.view(p, now, m.filterOf(ofPackets), b.width, b.height, focused)
	case paneBytes:
		if onPacketScreen(m) && m.survey.packets.total == 0 {
			return nothingBeside(p, b, "packet")
		}
		return m.packet.view(p, b.width, b.height, m.asideOf(focused), focused)
	}
	if m.list.matched == 0 {
		return explain(p, m.shown, &m.filter).view(p, b.width, b.height)
	}
	m.list.margin = 0
	if m.split() == splitBeside {
		m.list.margin = 1
	}
	strip := m.strip.view(p, b.width, m.stripRoom(b.height))
	return append(strip, m.list.view(p, now, b.width, m.asideOf(focused), &m.marked[ofHandshakes], focused)...)
}

// emptyList reports whether the list of the screen has no row that the second pane could be about.
func (m *Model) emptyList() bool {
	switch m.screen {
	case screenHandshakes:
		return m.list.matched == 0
	case screenDeliveries:
		return m.survey.deliveries.total == 0
	case screenPackets:
		return m.survey.packets.total == 0
	case screenAlerts:
		return len(m.alerts.lines) == 0
	}
	return false
}

// nothingBeside is the second pane beside a list without rows: what was there before is not in the list.
func nothingBeside(p *pen, b box, what string) []string {
	return []string{newLine(b.width).put(p.th.Dim, " "+cut("No "+what+" to show: the list is empty.", b.width-2, p.g.Ellipsis)).full()}
}

// fit brings lines to exactly height. Each is of the right width already.
func fit(lines []string, width, height int) []string {
	if len(lines) > height {
		return lines[:max(height, 0)]
	}
	return append(lines, blankLines(height-len(lines), width)...)
}

// bottom is the last line: the prompt, a message, or the keys.
func (m *Model) bottom(p *pen) string {
	switch {
	case m.over != nil && m.message == "":
		return m.footer(p)
	case m.help.open && m.help.typing:
		return m.searchPrompt(p, &m.help.search)
	case m.filter.typing:
		return m.prompt(p)
	case m.finder.typing:
		return m.searchPrompt(p, &m.finder.typed)
	case m.digits != "":
		return newLine(m.width).put(p.th.Key, " go to row "+m.digits).put(p.th.Dim, "   G goes, Esc forgets it").full()
	case m.message != "":
		return newLine(m.width).put(p.th.Strong, " "+cut(m.message, m.width-2, p.g.Ellipsis)).full()
	}
	return m.footer(p)
}

const (
	promptLabel = " / "
	searchLabel = " search: "
)

// searchPrompt is the line in which a search is typed, with the keys that work then.
func (m *Model) searchPrompt(p *pen, e *editor) string {
	return newLine(m.width).put(p.th.Key, searchLabel).put(p.th.Plain, p.text.clean(e.String(), m.width)).put(p.th.Dim, "   "+m.keyWords(p)).full()
}

// keyWords names the keys of a prompt.
func (m *Model) keyWords(p *pen) string {
	var out []string
	for _, k := range m.footKeys(p) {
		out = append(out, k[0]+" "+k[1])
	}
	return strings.Join(out, ", ")
}

// asideOf is how far the texts of a pane are scrolled: only of the one that has the keys.
func (m *Model) asideOf(focused bool) int {
	if focused {
		return m.aside
	}
	return 0
}

func (m *Model) prompt(p *pen) string {
	st, noteStyle := p.th.Input, p.th.Dim
	if m.filter.mistake != nil {
		st, noteStyle = p.th.Mistake, p.th.Mistake
	}
	text, _ := m.typed()
	o := newLine(m.width).put(p.th.Key, promptLabel).put(st, text)
	return o.put(noteStyle, cut(m.promptNote(), m.width-o.used, p.g.Ellipsis)).full()
}

func (m *Model) promptNote() string {
	if e := m.filter.mistake; e != nil {
		return "   column " + count(e.Column) + ": " + m.pen.text.clean(e.Reason, 200)
	}
	return "   " + m.keyWords(&m.pen)
}

// typed returns what is shown of the filter as it is typed, its beginning cut where it is too long, and the column of the cursor in it.
func (m *Model) typed() (text string, column int) {
	e, p := &m.filter.editor, &m.pen
	before, after := p.text.clean(e.beforeCursor(), m.width), p.text.clean(string(e.text[e.cursor:]), m.width)
	room := max(m.width-cells(promptLabel)-cells(m.promptNote())-1, 20)
	before = cutLeft(before, room, p.g.Ellipsis)
	return before + cut(after, room-cells(before), p.g.Ellipsis), cells(before)
}

// cursor is the place of the terminal's cursor while something is typed.
func (m *Model) cursor() *tea.Cursor {
	if m.small() {
		return nil
	}
	x := 0
	switch {
	case m.over != nil:
		if m.caret.x < 0 {
			return nil
		}
		return tea.NewCursor(m.caret.x, min(m.caret.y, m.height-1))
	case m.help.open && m.help.typing:
		x = cells(searchLabel) + cells(m.pen.text.clean(m.help.search.beforeCursor(), m.width))
	case m.finder.typing:
		x = cells(searchLabel) + cells(m.pen.text.clean(m.finder.typed.beforeCursor(), m.width))
	case m.filter.typing && !m.help.open:
		_, column := m.typed()
		x = cells(promptLabel) + column
	default:
		return nil
	}
	return tea.NewCursor(min(x, m.width-1), m.height-1)
}
