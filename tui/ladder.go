package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A ladder is one handshake between the client and the broker: which one, the cursor and the scrolling.
type ladder struct {
	id          uint64
	cursor, top int
	head        int // lines above the first rung, as drawn
	rungs       []rung
	data        *watch.Ladder
	gone        bool // it was asked for and is no longer kept
	pinned      bool // it is not what the cursor of the list is on
	ladderLook
	marked        *markedPacket // to be compared
	ended         bool          // no more packets will come
	width, height int
}

// A ladderLook is how ladders are drawn: places in ladderTimes, ladderNames and ladderColors, and whether in few words.
type ladderLook struct {
	times, names, colors int
	compact              bool
}

// open shows a handshake. What is known of it already is drawn until a Snapshot brings the rest; row may be nil.
func (l *ladder) open(id uint64, row *watch.Row) {
	if l.id == id {
		return
	}
	*l = ladder{id: id, width: l.width, height: l.height, cursor: -1, ended: l.ended, ladderLook: l.ladderLook, marked: l.marked}
	if row != nil {
		l.data = &watch.Ladder{Row: *row}
	}
}

// sync takes in what a Snapshot has of the handshake.
func (l *ladder) sync(p *pen, data *watch.Ladder, now decode.Time) {
	if data != nil && data.ID == l.id {
		l.data = data
	}
	if l.data == nil {
		l.rungs = nil
		return
	}
	// The cursor begins at the last packet, or what is owed, and stays there as more come.
	atEnd := l.cursor < 0 || l.cursor == len(l.rungs)-1
	l.rungs = p.rungs(l.data, now)
	if l.compact {
		l.rungs = compactRungs(l.rungs, l.data)
	}
	if atEnd {
		l.cursor = len(l.rungs) - 1
	}
	l.moveTo(l.cursor)
}

func (l *ladder) moveBy(n int) { l.moveTo(l.cursor + n) }

func (l *ladder) moveTo(i int) { l.cursor = max(0, min(i, len(l.rungs)-1)) }

// lanes are where the parts of a ladder's line stand.
type lanes struct {
	time, delta int // widths, 0 where left out
	left, right int // columns of the lifelines
}

// widestLanes keeps the two ends within one glance.
const widestLanes = 100

// lanesFor leaves at least 24 columns between the lifelines as long as anything else can leave.
func lanesFor(width int) lanes {
	n := lanes{time: 12, delta: 8}
	start := func() int {
		x := 1
		if n.time > 0 {
			x += n.time + 1
		}
		if n.delta > 0 {
			x += n.delta + 1
		}
		return x + 1
	}
	if width-start() < 32 {
		n.delta = 0
	}
	if width-start() < 30 {
		n.time = 8
	}
	if width-start() < 26 {
		n.time = 0
	}
	n.left = start()
	n.right = min(max(width-3, n.left+2), n.left+widestLanes)
	return n
}

// view draws the ladder: what it is, the two ends, the packets, and what is to be said about it.
//
//	sensor-7 → plant/a/temp   QoS 2  id 17  23 bytes                  ✗ PUBCOMP owed
//	                        sensor-7                                  broker
//	                        10.0.0.7:51234                     10.0.0.1:1883
//	12:01:33.120             │─────────────── PUBLISH Q2 id 17 ────────────►│
//	12:01:33.121     +1ms    │◄────────────── PUBREC id 17 ─────────────────│
//	12:01:33.122     +1ms    │─────────────── PUBREL id 17 ────────────────►│
//	                         │◁┄┄┄┄┄┄┄┄┄┄┄┄┄┄ PUBCOMP? 12.4s ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄│
//	broker owes PUBCOMP for id 17 since 12:01:33.122 (12.4s).
func (l *ladder) view(p *pen, now decode.Time, width, height int, focused bool) []string {
	l.width, l.height = width, height
	if l.data == nil {
		return l.absent(p, width)
	}
	n := lanesFor(width)
	var out []string
	if l.pinned {
		out = append(out, newLine(width).put(p.th.Strong, " Stuck longest").put(p.th.Dim, "   (move in the list to see its rows)").full())
	}
	l.head = len(out) + 3
	out = append(out, p.ladderTitle(l.data, width))
	out = append(out, p.ends(l.data, n, width, l.names)...)
	text := p.verdict(l.data, now, l.ended, width)
	room := height - len(out)
	below := min(len(text), max(room-len(l.rungs)-1, room/2))
	if below < 3 {
		below = min(len(text), room/2)
	}
	rows := max(room-below, 1)
	l.scroll(rows)
	for i := l.top; i < min(l.top+rows, len(l.rungs)); i++ {
		out = append(out, l.rungLine(p, &l.rungs[i], n, width, i == l.cursor, focused))
	}
	if spare := rows - min(rows, len(l.rungs)-l.top); spare > 0 && below > 0 {
		out = append(out, p.lifelines(n, width))
	}
	for _, t := range text[:below] {
		out = append(out, newLine(width).put(t.style, t.text).full())
	}
	return out
}

func (l *ladder) absent(p *pen, width int) []string {
	words := ""
	switch {
	case l.id == 0:
		words = " No handshake is selected."
	case l.gone:
		words = " This handshake is no longer kept."
	}
	return []string{blankLines(1, width)[0], newLine(width).put(p.th.Dim, words).full()}
}

// scroll keeps the cursor in view.
func (l *ladder) scroll(rows int) {
	l.top = min(l.top, l.cursor)
	l.top = max(l.top, l.cursor-rows+1)
	l.top = max(0, min(l.top, len(l.rungs)-rows))
}

func (p *pen) ladderTitle(l *watch.Ladder, width int) string {
	glyph, words, st := p.stateOf(&l.Row, width/2)
	state := glyph + " " + words
	facts := longKind(l.Kind) + "  id " + strconv.Itoa(int(l.PacketID))
	if l.Kind == handshake.QoS1 || l.Kind == handshake.QoS2 {
		facts += "  " + plural(l.Payload, "byte")
	}
	if l.Retain {
		facts += "  retain"
	}
	if l.Version != 0 {
		facts += "  MQTT " + l.Version.String()
		if l.VersionAssumed {
			facts += "?"
		}
	}
	room := width - cells(state) - 4
	// The topic comes first; QoS and identifier still have their place beside it.
	topic := p.topicOf(&l.Row, max(room-len("  QoS 2  id 65535"), 12))
	o := newLine(width).put(p.th.Plain, " ").put(p.th.Strong, cut(topic, room, p.g.Ellipsis))
	if left := room - o.used - 1; left > 8 {
		o.put(p.th.Dim, "  "+cut(facts, left, p.g.Ellipsis))
	}
	return o.to(width-cells(state)-1).put(st, state).full()
}

func longKind(k handshake.Kind) string {
	switch k {
	case handshake.QoS1:
		return "QoS 1"
	case handshake.QoS2:
		return "QoS 2"
	case handshake.Subscribe:
		return "SUBSCRIBE"
	case handshake.Unsubscribe:
		return "UNSUBSCRIBE"
	}
	return ""
}

// ends draws who the lifelines are.
func (p *pen) ends(l *watch.Ladder, n lanes, width, names int) []string {
	half := max((n.right-n.left+3)/2-1, 4)
	two := func(st theme.Style, left, a, b string) string {
		a = cutMiddle(a, half, p.g.Ellipsis)
		b = cutMiddle(b, half, p.g.Ellipsis)
		return newLine(width).put(p.th.Dim, left).to(n.left-1).put(st, a).to(n.right+2-cells(b)).put(st, b).full()
	}
	day := "" // above the times, which do not tell it
	if n.time >= len(time.DateOnly) && l.Started != 0 {
		day = " " + l.Started.Std().In(p.loc).Format(time.DateOnly)
	}
	client, addr := p.text.clean(clientName(&l.Row), half), ""
	if l.Addr.IsValid() && l.ClientKnown {
		addr = l.Addr.String()
	}
	server := p.text.clean(l.Server, half)
	switch ladderNames[names] {
	case "name":
		addr, server = "", ""
	case "address":
		if addr != "" {
			client, addr = addr, ""
		}
		return []string{two(p.th.Strong, "", client, server), two(p.th.Dim, day, "", "")}
	}
	return []string{two(p.th.Strong, "", client, "broker"), two(p.th.Dim, day, addr, server)}
}

func (p *pen) lifelines(n lanes, width int) string {
	return newLine(width).to(n.left).put(p.th.Rule, p.g.Pipe).to(n.right).put(p.th.Rule, p.g.Pipe).full()
}

// timeOf is what stands at the left of a rung: the time of the clock, or that since the first packet or the one before.
func (l *ladder) timeOf(p *pen, r *rung, n lanes) string {
	switch {
	case n.time == 0 || r.time == 0:
		return ""
	case ladderTimes[l.times] == "clock":
		return clockTime(r.time, p.loc, n.time < 12)
	case ladderTimes[l.times] == "previous" && r.kind == rungStep:
		return padLeft("+"+age(r.delta.Sub(0)), n.time)
	case r.time < l.data.Started:
		return padLeft("-"+age(l.data.Started.Sub(r.time)), n.time)
	}
	return padLeft("+"+age(r.time.Sub(l.data.Started)), n.time)
}

func (l *ladder) rungLine(p *pen, r *rung, n lanes, width int, selected, focused bool) string {
	o := newLine(width)
	o.flat = selected && focused
	switch k := l.marked; {
	case k != nil && k.handshake == l.id && r.kind == rungStep && k.place == r.step:
		o.put(p.th.Key, markSign(p.g))
	case selected && !focused:
		o.put(p.th.Key, p.g.Cursor)
	}
	o.to(1)
	o.put(p.th.Dim, l.timeOf(p, r, n))
	if n.delta > 0 && r.delta > 0 && ladderTimes[l.times] != "previous" {
		o.to(n.left-2-n.delta).put(p.th.Plain, padLeft("+"+age(r.delta.Sub(0)), n.delta))
	}
	o.to(n.left).put(p.th.Rule, p.g.Pipe)
	p.between(o, r, n.right-n.left-1, l.arrowStyle(p, r))
	o.to(n.right).put(p.th.Rule, p.g.Pipe)
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

// between draws what is between the lifelines, width cells of it.
func (p *pen) between(o *line, r *rung, width int, st theme.Style) {
	switch r.kind {
	case rungStep:
		p.shaft(o, r, width, p.g.Line, p.g.HeadRight, p.g.HeadLeft, st, p.th.Strong)
	case rungGhost:
		p.shaft(o, r, width, p.g.Dash, p.g.GhostRight, p.g.GhostLeft, p.th.Ghost, p.th.Ghost)
	default:
		sign, st := p.g.Note, p.th.Note
		if r.hole {
			sign, st = p.g.Hole, p.th.Loss
		}
		label := " " + cutMiddle(r.label, width-4, p.g.Ellipsis) + " "
		left := max((width-cells(label))/2, 0)
		o.put(st, strings.Repeat(sign, left)).put(st, label)
		o.put(st, strings.Repeat(sign, max(width-left-cells(label), 0)))
	}
}

// shaft draws an arrow with its label in the middle.
func (p *pen) shaft(o *line, r *rung, width int, sign, headRight, headLeft string, st, words theme.Style) {
	label := " " + cutMiddle(p.text.safe(r.label), width-6, p.g.Ellipsis) + " "
	rest := max(width-cells(label)-1, 0)
	left, right := rest/2, rest-rest/2
	if r.dir == decode.FromServer {
		o.put(st, headLeft)
	}
	o.put(st, strings.Repeat(sign, left)).put(words, label).put(st, strings.Repeat(sign, right))
	if r.dir == decode.FromClient {
		o.put(st, headRight)
	}
}
