package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// expectationRows is how many requests or topics of each rule the overlay asks for.
const expectationRows = 200

// expectations is an overlay with how each rule of --expect stands. The screen goes on behind it.
type expectations struct {
	all    []expect.Standing
	now    decode.Time
	known  bool // a Snapshot has told
	lines  []expectationLine
	cursor int
	top    int
	rows   int // of the last view
}

// An expectationLine is the head of a rule where row is below 0, else one of its requests or topics; below -1 it is blank.
type expectationLine struct{ rule, row int }

func (m *Model) openExpectations() tea.Cmd { return m.openOver(&expectations{}) }

// queryExpectations adds what the overlay needs.
func (m *Model) queryExpectations(q *watch.Query) {
	if e, ok := m.over.(*expectations); ok && !(m.frozen && e.known) {
		q.Expectations, q.ExpectationLimit = true, expectationRows
	}
}

// takeExpectations takes a Snapshot in that was asked for them.
func (m *Model) takeExpectations(s *watch.Snapshot) {
	e, ok := m.over.(*expectations)
	if !ok || s.Expectations == nil && e.known {
		return
	}
	m.dirty = m.dirty || !e.known || s.Now != e.now
	e.sync(s)
}

// sync takes the rules in; the cursor stays on its request or topic.
func (e *expectations) sync(s *watch.Snapshot) {
	var id uint64
	if x := e.current(); x != nil {
		id = x.ID
	}
	e.all, e.now, e.known = s.Expectations, s.Now, true
	e.lines = e.lines[:0]
	first := -1
	for i := range e.all {
		if i > 0 {
			e.lines = append(e.lines, expectationLine{i, -2})
		}
		e.lines = append(e.lines, expectationLine{i, -1})
		for j := range e.all[i].Rows {
			if first < 0 {
				first = len(e.lines)
			}
			if id != 0 && e.all[i].Rows[j].ID == id {
				e.cursor = len(e.lines)
			}
			e.lines = append(e.lines, expectationLine{i, j})
		}
	}
	if id == 0 {
		e.cursor = max(first, 0)
	}
	e.cursor = max(0, min(e.cursor, len(e.lines)-1))
}

func (e *expectations) current() *expect.Expectation {
	if e.cursor >= len(e.lines) || e.lines[e.cursor].row < 0 {
		return nil
	}
	at := e.lines[e.cursor]
	return &e.all[at.rule].Rows[at.row]
}

func (e *expectations) mode() mode                { return modeMenu }
func (e *expectations) can(v verb) bool           { return v == verbPick && e.current() != nil }
func (e *expectations) toggle(*Model) tea.Cmd     { return nil }
func (e *expectations) shift(*Model, int) tea.Cmd { return nil }
func (e *expectations) save(*Model) tea.Cmd       { return nil }
func (e *expectations) remove(*Model) tea.Cmd     { return nil }
func (e *expectations) text() *editor             { return nil }
func (e *expectations) changed(*Model)            {}

// moveBy moves to a request or topic, or where there is none any more in that direction to the last one of them.
func (e *expectations) moveBy(_ *Model, n int) {
	e.cursor = max(0, min(e.cursor+n, len(e.lines)-1))
	step := 1
	if n < 0 {
		step = -1
	}
	for _, step := range [2]int{step, -step} {
		for i := e.cursor; i >= 0 && i < len(e.lines); i += step {
			if e.lines[i].row >= 0 {
				e.cursor = i
				return
			}
		}
	}
}

// key closes the overlay on q, and moves.
func (e *expectations) key(m *Model, key string) (tea.Cmd, bool) {
	switch key {
	case "q", "X":
		return m.closeOver(), true
	case "j":
		e.moveBy(m, 1)
	case "k":
		e.moveBy(m, -1)
	case "g", "home":
		e.moveBy(m, -farAway)
	case "G", "end":
		e.moveBy(m, farAway)
	default:
		return nil, false
	}
	return nil, true
}

// pick goes to the handshakes of a request, or to the packets of a topic: a heartbeat has QoS 0 more often than not.
func (e *expectations) pick(m *Model) tea.Cmd {
	x := e.current()
	if x == nil {
		return nil
	}
	if m.frozen {
		m.say(m.frozenWords() + ", then its rows are shown")
		return nil
	}
	m.closeOver()
	text := "topic=" + quoted(subjectOf(x))
	if !x.Heartbeat {
		return m.showHandshakes(text)
	}
	return m.showPackets(text)
}

// view draws the rules, each with what it is about:
//
//	What is expected
//	cmd/{id}/set -> stat/{id}/# within 1s   12 answered, 1 unanswered
//	  ! unanswered  12:01:33  cmd/pump-2/set   from app: acknowledged, and not answered
//	  ✓ answered    12:01:31  cmd/pump-1/set   from app: by stat/pump-1/state after 43ms
func (e *expectations) view(_ *Model, p *pen, width, height int) (lines []string, x, y int) {
	head := newLine(width).put(p.th.Strong, " What is expected")
	if len(e.all) == 0 {
		words := "Nothing was asked for yet."
		if e.known {
			words = "Nothing: no rule was given with --expect, and no request of MQTT 5.0 was seen that names the topic of its answer. " +
				"Say what should follow: --expect 'cmd/{id}/set -> stat/{id}/# within 1s', --expect 'sensors/+/status every 60s' or 'sensors/+/status every learned'."
		}
		return note(p, width, head.full(), words), -1, 0
	}
	detail := e.detail(p, width)
	e.rows = max(min(height-1-len(detail), len(e.lines)), 1)
	e.top = max(min(e.top, e.cursor), e.cursor-e.rows+1)
	if e.cursor < e.rows && e.cursor <= 1 {
		e.top = 0 // with the head above
	}
	e.top = max(0, min(e.top, len(e.lines)-e.rows))
	if len(e.lines) > e.rows {
		head.put(p.th.Dim, "   "+count(e.top+1)+"-"+count(e.top+e.rows)+" of "+count(len(e.lines)))
	}
	lines = append(lines, head.full())
	for i := e.top; i < min(e.top+e.rows, len(e.lines)); i++ {
		at := e.lines[i]
		switch s := &e.all[at.rule]; {
		case at.row >= 0:
			lines = append(lines, p.expectation(&s.Rows[at.row], e.now, width, i == e.cursor))
		case at.row == -1:
			lines = append(lines, p.standing(s, width))
		default:
			lines = append(lines, blankLines(1, width)...)
		}
	}
	return append(lines, detail...), -1, 0
}

// detail is all that the row under the cursor says, where its line may be cut.
func (e *expectations) detail(p *pen, width int) []string {
	x := e.current()
	if x == nil || width >= 140 {
		return nil
	}
	words := p.expectationWords(x, e.now)
	if x.ClientKnown {
		words = p.text.clean(x.Client, 60) + ": " + words
	}
	const most = 2
	lines := wrap(p.text.clean(subjectOf(x), 2*width)+"  "+words, width-2)
	out := []string{newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-2)).full()}
	for i := range most { // always as many, so that the list stands still
		o := newLine(width)
		if i < len(lines) {
			o.put(p.th.Plain, " "+lines[i])
		}
		out = append(out, o.full())
	}
	return out
}

// subjectOf returns the topic that x is about.
func subjectOf(x *expect.Expectation) string {
	if x.State == expect.NoRequest {
		return x.Answer
	}
	return x.Topic
}

// statesInOrder is the order in which states are counted in a head: what is wrong stays where there is little room.
var statesInOrder = []expect.State{
	expect.Unanswered, expect.Overdue, expect.Late, expect.Recovered, expect.NeverSeen, expect.Pending, expect.Learning, expect.NoRequest, expect.Unknown,
	expect.Answered, expect.OK,
}

// standing is the head of a rule.
func (p *pen) standing(s *expect.Standing, width int) string {
	rule := p.text.clean(s.Rule, width)
	if s.Rule == "" {
		rule = "requests of MQTT 5.0 that name the topic of their answer"
	}
	var parts []string
	for _, state := range statesInOrder {
		if n := s.States[state]; n > 0 {
			parts = append(parts, short(n)+" "+state.String())
		}
	}
	words := strings.Join(parts, ", ")
	if words == "" {
		words = "nothing seen so far"
	}
	o := newLine(width)
	o.put(p.th.Strong, " "+cut(rule, max(width-cells(words)-4, width/3), p.g.Ellipsis))
	st := p.th.Dim
	if s.Failed() > 0 {
		st = p.th.Overdue
	}
	return o.put(st, "   "+cut(words, max(width-o.used-4, 0), p.g.Ellipsis)).full()
}

// expectation is one request or topic.
func (p *pen) expectation(x *expect.Expectation, now decode.Time, width int, selected bool) string {
	glyph, st := p.expected(x, now)
	topic, at := subjectOf(x), x.At
	if at == 0 {
		at = x.Answered
	}
	o := newLine(width)
	o.flat = selected
	o.put(st, "  "+padRight(glyph+" "+x.State.String(), 13))
	if width >= 72 {
		o.put(p.th.Dim, " "+padRight(dayTime(at, now, p.loc, true), 8))
	}
	names := max(min(cells(p.text.clean(topic, width)), width*2/5), 24)
	o.put(p.th.Plain, " "+padRight(cutMiddle(p.text.clean(topic, names), names, p.g.Ellipsis), names))
	words := p.expectationWords(x, now)
	if x.ClientKnown {
		words = p.text.clean(x.Client, 24) + ": " + words
	}
	o.put(p.th.Dim, "  "+cut(words, max(width-o.used-2, 0), p.g.Ellipsis))
	if selected {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

// expected returns the symbol of a state.
func (p *pen) expected(x *expect.Expectation, now decode.Time) (string, theme.Style) {
	switch x.State {
	case expect.Answered, expect.OK, expect.Recovered:
		return p.g.Complete, p.th.Complete
	case expect.Pending, expect.Learning:
		return p.g.Waiting, p.th.Waiting
	case expect.Unanswered, expect.Overdue:
		return p.g.Stuck, p.th.Critical
	case expect.Late:
		return p.g.Slow, p.th.Overdue
	case expect.NeverSeen:
		if x.Deadline != 0 && now > x.Deadline {
			return p.g.Stuck, p.th.Critical
		}
		return p.g.Waiting, p.th.Waiting
	}
	return p.g.Late, p.th.Faded
}

// expectationWords says what there is to say of a request or topic beside its state.
func (p *pen) expectationWords(x *expect.Expectation, now decode.Time) string {
	if x.Heartbeat {
		return heartbeatWords(x, now)
	}
	words := ""
	switch x.State {
	case expect.Pending:
		words = "waits for " + age(now.Sub(x.At))
		if left := x.Deadline.Sub(now); left > 0 {
			words += ", " + age(left) + " left"
		}
	case expect.Answered, expect.Late:
		words = "after " + age(x.Latency) + " by " + p.text.clean(x.Answer, 60)
	case expect.Unanswered:
		words = fateWords[x.Fate]
	case expect.NoRequest:
		words = "an answer that nobody in sight asked for"
	case expect.Unknown:
		words = "the answer may be in what is missing from the capture, or nobody in sight would get it"
	}
	if x.Answers > 1 {
		words += ", " + count(x.Answers) + " answers"
	}
	if x.Shared {
		words += ", one of several that wait for the same"
	}
	return words
}

func heartbeatWords(x *expect.Expectation, now decode.Time) string {
	words := ""
	if x.At != 0 {
		words = "last " + age(now.Sub(x.At)) + " ago"
	}
	switch x.State {
	case expect.Overdue:
		words = "silent for " + age(now.Sub(x.At))
		if s := silenceWords[x.Silence]; s != "" {
			words += ": " + s
		}
	case expect.NeverSeen:
		words = "nothing was published on it so far"
	case expect.Learning:
		return words + "; how often is being learned"
	case expect.Unknown:
		return words + "; the next may be in what is missing from the capture, or nobody in sight would get it"
	}
	if x.Every > 0 {
		words += ", every " + age(x.Every)
	}
	return words
}

var fateWords = map[expect.Fate]string{
	expect.FateRefused: "the broker refused it", expect.FateOwed: "the broker has not acknowledged it", expect.FateUnreleased: "its publisher owes PUBREL",
	expect.FateNoSubscriber: "nobody in sight is subscribed to it", expect.FateNotForwarded: "the broker has not forwarded it",
	expect.FateUnseen: "how far it got is not known", expect.FateForwarded: "forwarded, and a device owes an acknowledgement",
	expect.FateSent: "sent with QoS 0", expect.FateAcknowledged: "acknowledged by the device", expect.FateBroken: "its delivery to the device was broken off",
}

var silenceWords = map[expect.Silence]string{
	expect.SilentAlive: "connected but silent", expect.SilentLink: "connected, and sends nothing at all", expect.SilentWill: "offline by Will",
	expect.SilentLeft: "disconnected",
}
