package tui

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/theme"
)

func (p *pen) legLifelines(n *legColumns, width int) string {
	o := newLine(width)
	p.pipes(o, n, 0, n.shown+2)
	return o.full()
}

// pipes draws the lifelines from one up to but not another.
func (p *pen) pipes(o *line, n *legColumns, from, to int) {
	for i := from; i < to; i++ {
		o.to(n.at(i)).put(p.th.Rule, p.g.Pipe)
	}
}

// legLine draws one rung: its time, and its arrow across the lifelines.
func (x *extended) legLine(p *pen, r *legRung, n *legColumns, width int, selected, focused bool) string {
	o := newLine(width)
	o.flat = selected && focused
	if selected && !focused {
		o.put(p.th.Key, p.g.Cursor)
	}
	o.to(1)
	x.legTimes(p, o, r, n)
	to, shown := 1, true
	if r.lane > 0 {
		to, shown = n.place(r.lane)
	}
	switch {
	case !shown:
		p.hiddenLeg(o, r, n, width)
	case r.kind == rungNote:
		x.legNote(p, o, r, n, to, width)
	default:
		from := 0
		if r.lane > 0 {
			from = 1
		}
		p.pipes(o, n, 0, from+1)
		x.legShaft(p, o, r, n, from, to)
		p.pipes(o, n, to, n.shown+2)
	}
	if o.flat {
		return p.th.Selected.Render(o.full())
	}
	return o.full()
}

// legTimes writes the time of a rung, and the time since the step before: in its place where there is no room for both.
func (x *extended) legTimes(p *pen, o *line, r *legRung, n *legColumns) {
	delta := "+" + age(r.delta.Sub(0))
	switch by := ladderTimes[x.times]; {
	case r.time == 0:
	case by == "first" && r.time >= x.data.At:
		o.put(p.th.Dim, padLeft("+"+age(r.time.Sub(x.data.At)), n.time))
	case by == "previous":
		o.put(p.th.Plain, padLeft(delta, n.time))
	case n.delta == 0 && r.delta > 0:
		o.put(p.th.Plain, padLeft(delta, n.time))
	default:
		o.put(p.th.Dim, clockTime(r.time, p.loc, n.time < 12))
		if r.delta > 0 {
			o.to(n.left-1-n.delta).put(p.th.Plain, padLeft(delta, n.delta))
		}
	}
}

// legStyles are those of an arrow and of its label.
func (x *extended) legStyles(p *pen, r *legRung) (shaft, words theme.Style) {
	switch by := ladderColors[x.colors]; {
	case r.look == lookMissing:
		return p.th.Critical, p.th.Critical
	case by != "none" && r.kind == rungStep:
		return p.hue(by, &r.coloured), p.th.Strong
	case r.look == lookTold:
		return p.th.Complete, p.th.Complete
	case r.look == lookQueued:
		return p.th.Waiting, p.th.Waiting
	case r.kind == rungGhost:
		return p.th.Ghost, p.th.Ghost
	case r.kind == rungNote:
		return p.th.Note, p.th.Note
	}
	return p.th.Plain, p.th.Strong
}

// legShaft draws an arrow between two lifelines. Its label stands beside the subscriber where it fits there, so that it is seen whose it is.
func (x *extended) legShaft(p *pen, o *line, r *legRung, n *legColumns, from, to int) {
	start, width := o.used, n.at(to)-n.at(from)-1
	sign, right, left := p.g.Line, p.g.HeadRight, p.g.HeadLeft
	if r.kind == rungGhost {
		sign, right, left = p.g.Dash, p.g.GhostRight, p.g.GhostLeft
	}
	st, words := x.legStyles(p, r)
	label := p.text.safe(r.label)
	if cells(label) > n.step-4 && !(r.reason && cells(label) <= width-3) {
		label = p.text.safe(r.brief)
	}
	label = " " + cutMiddle(label, width-3, p.g.Ellipsis) + " "
	// The segment before the last lifeline, or the whole where that is too narrow.
	begin, room := start+width-n.step+1, n.step-1
	if cells(label)+1 > room {
		begin, room = start, width
	}
	// From the publisher's side an arrow to the right comes from the client; from the broker's it goes to one.
	rightward := (r.dir == decode.FromClient) == (r.lane == 0)
	if !rightward {
		o.put(st, left)
	}
	at := max(begin+(room-cells(label))/2, o.used)
	at = min(at, start+width-cells(label)-1)
	if !rightward {
		at = min(max(at, start+1), start+width-cells(label))
	}
	o.put(st, repeat(sign, at-o.used)).put(words, label)
	end := start + width
	if rightward {
		end--
	}
	o.put(st, repeat(sign, end-o.used))
	if rightward {
		o.put(st, right)
	}
}

// legNote writes a remark beside a lifeline: before it where it fits, or after it.
func (x *extended) legNote(p *pen, o *line, r *legRung, n *legColumns, to, width int) {
	st, _ := x.legStyles(p, r)
	label := p.text.safe(r.label)
	before, after := n.besides(r, to, width)
	if room := max(before, after); cells(label) > room {
		if room < cells(r.brief)+someWords {
			label = p.text.safe(r.brief)
		}
		label = cut(label, room, p.g.Ellipsis)
	}
	if cells(label) <= before {
		p.pipesBefore(o, n, n.at(to)-1-cells(label))
		o.to(n.at(to)-1-cells(label)).put(st, label)
		p.pipes(o, n, to, n.shown+2)
		return
	}
	p.pipes(o, n, 0, to+1)
	o.put(st, " "+label+" ")
	p.pipesAfter(o, n)
}

// someWords is for how many cells a remark goes on after its first words.
const someWords = 8

// besides is how much room a remark has before and after its lifeline.
func (n *legColumns) besides(r *legRung, to, width int) (before, after int) {
	origin := 1
	if r.lane == 0 {
		origin = 0
	}
	return n.at(to) - n.at(origin) - 3, width - n.at(to) - 3
}

// shortened are the remarks of which legNote has no room for more than the first words, whole.
func (x *extended) shortened(p *pen, n *legColumns, width int) []textLine {
	var out []textLine
	for i := range x.rungs {
		r := &x.rungs[i]
		to, shown := n.place(r.lane)
		if r.kind != rungNote || r.lane == 0 || !shown {
			continue
		}
		label := p.text.safe(r.label)
		if before, after := n.besides(r, to, width); cells(label) <= max(before, after) {
			continue
		}
		for _, s := range wrap(p.text.clean(r.who, width)+": "+label, width-2) {
			out = append(out, textLine{" " + s, p.th.Note})
		}
	}
	return out
}

// pipesBefore draws the lifelines left of a column, pipesAfter those right of what is drawn.
func (p *pen) pipesBefore(o *line, n *legColumns, column int) {
	for i := 0; i < n.shown+2 && n.at(i) < column; i++ {
		o.to(n.at(i)).put(p.th.Rule, p.g.Pipe)
	}
}

func (p *pen) pipesAfter(o *line, n *legColumns) {
	for i := range n.shown + 2 {
		if n.at(i) >= o.used {
			o.to(n.at(i)).put(p.th.Rule, p.g.Pipe)
		}
	}
}

// hiddenLeg tells of a rung whose lifeline is scrolled out of sight: at the side where it is.
func (p *pen) hiddenLeg(o *line, r *legRung, n *legColumns, width int) {
	room := width - n.at(1) - 6
	who := cutMiddle(p.text.clean(r.who, n.step), n.step, p.g.Ellipsis) + ": "
	words := who + p.text.safe(r.label)
	if cells(words) > room {
		words = cutMiddle(who+p.text.safe(r.brief), room, p.g.Ellipsis)
	}
	if r.lane-1 < n.side {
		words = p.g.ToClient + " " + words + " "
		p.pipes(o, n, 0, 2)
		o.put(p.th.Dim, words)
		p.pipesAfter(o, n)
		return
	}
	words = " " + words + " " + p.g.ToServer
	p.pipesBefore(o, n, width-cells(words))
	o.to(width-cells(words)).put(p.th.Dim, words)
}
