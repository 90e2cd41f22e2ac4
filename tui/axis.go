package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// spans are the widths of the time axis, nearest first.
var spans = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
}

// spanFor returns the place in spans of the narrowest that holds d.
func spanFor(d time.Duration) int {
	for i, s := range spans {
		if s >= d {
			return i
		}
	}
	return len(spans) - 1
}

func spanWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	}
	return strconv.Itoa(int(d.Hours())) + " h"
}

// An axis is the stretch of time that the timelines of all rows share: span long, ending at end, drawn in width cells.
type axis struct {
	end   decode.Time
	span  time.Duration
	width int
	live  bool // its end is now
}

// cell returns where t is drawn: below 0 where it is before the axis; never beyond its end.
func (a axis) cell(t decode.Time) int {
	before := a.end.Sub(t)
	if before > a.span {
		return -1
	}
	return min(a.width-1, int(float64(a.span-before)/float64(a.span)*float64(a.width)))
}

// title is the axis itself, for the head of the column.
func (p *pen) title(a axis) string {
	words := " last " + spanWords(a.span) + " "
	if !a.live {
		words = " " + spanWords(a.span) + " to " + clockTime(a.end, p.loc, true) + " "
	}
	if cells(words)+2 > a.width {
		words = " " + spanWords(a.span) + " "
	}
	fill := a.width - 2 - cells(words)
	if fill < 0 {
		return cut(strings.TrimSpace(words), a.width, "")
	}
	return p.g.AxisLeft + strings.Repeat(p.g.Line, fill/2) + words + strings.Repeat(p.g.Line, fill-fill/2) + p.g.AxisRight
}

// A mark is one character of a timeline: a packet, or how the handshake stands.
type mark struct {
	cell int
	sign string
}

// timeline draws a handshake on the axis: a letter for each packet, a line where it went on, dashes where it waits.
//
//	P─R─L─C      complete        P──R┄┄┄┄┄┄   waiting        ‹┄┄┄┄┄┄┄┄✗   overdue, began before the axis
func (p *pen) timeline(a axis, r *watch.Row, now decode.Time) string {
	if a.width < 1 || len(r.Steps) == 0 {
		return ""
	}
	last := r.Steps[len(r.Steps)-1].Time
	end := last
	if r.State.Open() {
		end = max(now, last)
	} else if r.Ended > last && r.State != handshake.Complete && r.State != handshake.Refused {
		end = r.Ended
	}
	out := make([]string, a.width)
	switch {
	case r.Steps[0].Time > a.end:
		return ""
	case a.cell(min(end, a.end)) < 0:
		return p.g.Before
	}
	marks := p.marks(a, r, end)
	p.spans(out, a, r.Steps[0].Time, last, end)
	spread(marks, a.width)
	for i, m := range marks {
		if m.cell < 0 {
			continue
		}
		if i > 0 && marks[i-1].cell >= 0 && marks[i-1].cell < m.cell && i < len(r.Steps) {
			fill(out, p.g.Line, marks[i-1].cell+1, m.cell)
		}
		out[m.cell] = m.sign
	}
	if r.Steps[0].Time < a.end.Add(-a.span) && out[0] != "" && !isMark(marks, 0) {
		out[0] = p.g.Before
	}
	return join(out)
}

// spans draws the lines below the marks.
func (p *pen) spans(out []string, a axis, first, last, end decode.Time) {
	from, mid, to := a.cell(first), a.cell(min(last, a.end)), a.cell(min(end, a.end))
	fill(out, p.g.Line, max(from, 0), mid+1)
	if end > last {
		fill(out, p.g.Dash, max(mid+1, 0), to+1)
	}
}

// marks returns the letters of the packets on the axis, and last a sign for how the handshake stands, if that is not well.
func (p *pen) marks(a axis, r *watch.Row, end decode.Time) []mark {
	marks := make([]mark, 0, len(r.Steps)+1)
	publishes := 0
	for i := range r.Steps {
		s := &r.Steps[i]
		sign := letter(s.Type)
		if s.Type == decode.PUBLISH {
			if publishes++; publishes > 1 {
				sign = p.g.Dup
			}
		}
		if s.Time > a.end {
			break
		}
		marks = append(marks, mark{a.cell(s.Time), sign})
	}
	if end > a.end && !r.State.Open() {
		return marks
	}
	switch {
	case r.State.Open() && r.Severity >= handshake.Warn && !r.Unsure:
		glyph, _ := p.severity(r.Severity)
		marks = append(marks, mark{a.cell(min(end, a.end)), glyph})
	case r.State == handshake.Abandoned:
		marks = append(marks, mark{a.cell(end), p.g.Abandoned})
	case r.State == handshake.Unknown:
		marks = append(marks, mark{a.cell(end), p.g.Late})
	}
	return marks
}

// spread moves marks apart that fall on one cell: to the right, and back from the end where there is no more room.
func spread(marks []mark, width int) {
	next := 0
	for i := range marks {
		if marks[i].cell < 0 {
			continue
		}
		marks[i].cell = max(marks[i].cell, next)
		next = marks[i].cell + 1
	}
	limit := width - 1
	for i := len(marks) - 1; i >= 0 && marks[i].cell > limit; i-- {
		marks[i].cell = limit
		limit = max(limit-1, -1)
	}
}

func isMark(marks []mark, cell int) bool {
	for _, m := range marks {
		if m.cell == cell {
			return true
		}
	}
	return false
}

func fill(out []string, sign string, from, to int) {
	for i := max(from, 0); i < min(to, len(out)); i++ {
		out[i] = sign
	}
}

func join(out []string) string {
	var b strings.Builder
	for _, s := range out {
		if s == "" {
			s = " "
		}
		b.WriteString(s)
	}
	return strings.TrimRight(b.String(), " ")
}
