package tui

import (
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A statsPane shows what the whole capture adds up to: how long the steps take, rates, outcomes, losses, and what a broker says of itself.
type statsPane struct {
	data   *watch.Statistics
	top    int
	lines  int // of the last view
	height int
}

func (s *statsPane) sync(data *watch.Statistics) {
	if data != nil {
		s.data = data
	}
}

func (s *statsPane) moveBy(n int) { s.top = max(0, min(s.top+n, s.lines-s.height)) }

// view draws the sections in two columns where there is room for them.
func (s *statsPane) view(p *pen, snap *watch.Snapshot, cleared *clearedAt, width, height int) []string {
	if s.data == nil || len(s.data.Seconds) == 0 {
		return emptyPane(p, width, height, "No statistics yet", "They begin with the first Control Packet.")
	}
	c := countedSince(&snap.Counts, &cleared.counts)
	var out []string
	if width >= 120 {
		left := (width - 3) / 2
		a := append(s.latencies(p, left, height), s.outcomes(p, &c, left)...)
		b := append(s.rates(p, &c, width-left-3, height), s.losses(p, snap, cleared, width-left-3)...)
		b = append(b, s.sys(p, width-left-3)...)
		rows := max(len(a), len(b), height)
		a, b = fit(a, left, rows), fit(b, width-left-3, rows)
		bar := " " + p.th.Rule.Render(p.g.Pipe) + " "
		for i := range a {
			out = append(out, a[i]+bar+b[i])
		}
	} else {
		out = append(s.latencies(p, width, height), s.rates(p, &c, width, height)...)
		out = append(out, s.outcomes(p, &c, width)...)
		out = append(out, s.losses(p, snap, cleared, width)...)
		out = append(out, s.sys(p, width)...)
	}
	s.lines, s.height = len(out), height
	if s.lines > height {
		s.height-- // the last line says that there is more
	}
	s.moveBy(0)
	shown := out[s.top:min(s.top+s.height, len(out))]
	if s.lines > height {
		shown = append(shown[:len(shown):len(shown)], s.fold(p, width))
	}
	return shown
}

// fold says what is out of sight, and how one comes to it.
func (s *statsPane) fold(p *pen, width int) string {
	words := plural(s.top, "line") + " above: " + p.keyOf("page-up")
	if below := s.lines - s.top - s.height; below > 0 {
		words = plural(below, "line") + " more: " + p.keyOf("page-down")
	}
	return newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-4-cells(words))).put(p.th.Dim, " "+words+" ").full()
}

func title(p *pen, width int, words, more string) string {
	return newLine(width).put(p.th.Strong, " "+words).put(p.th.Dim, "  "+more).full()
}

// latencies draws a histogram for each step and who takes it, on one logarithmic axis.
//
//	PUBLISH→PUBACK by broker    1,204      ▂▇█▃▁
//	  p50 1.2ms p90 3ms p99 43ms max 1.2s
func (s *statsPane) latencies(p *pen, width, height int) []string {
	rows := 1
	var all []*[watch.SpreadBins]uint32
	for kind := range s.data.Steps {
		for sender := range s.data.Steps[kind] {
			if l := &s.data.Steps[kind][sender]; l.Count > 0 {
				all = append(all, &l.Bins)
			}
		}
	}
	out := []string{title(p, width, "Latency of each step", "by who answers")}
	if len(all) == 0 {
		out = note(p, width, out[0], "No QoS 1 or 2 delivery has ended yet that was seen from its beginning.")
		return append(out, blankLines(1, width)...)
	}
	apart := 0 // blank lines after each
	switch room := (height - 9) / len(all); {
	case room >= 4:
		rows, apart = 3, 1
	case room >= 2:
		rows = min(room, 3)
	default:
		if width < 76 { // no room for all in one line
			rows = 2
		}
	}
	const names, numbers = 26, 35 // PUBLISH→PUBACK by clients; COUNT to MAX
	scale := spreadOver(all...)
	scale.width = width - names - numbers - 2
	if rows > 1 { // the numbers are below the name
		scale.width = width - names - 3
	}
	if scale.width < 8 {
		scale.width = 8
	}
	out = append(out, s.latencyHead(p, width, names, scale, rows == 1))
	for kind := range s.data.Steps {
		for sender := range s.data.Steps[kind] {
			if l := &s.data.Steps[kind][sender]; l.Count > 0 {
				out = append(out, p.latency(l, watch.StepKind(kind), decode.Direction(sender), scale, width, names, rows)...)
				if apart > 0 { // the line that keeps the steps apart has room for what is not in the others
					out = append(out, newLine(width).put(p.th.Dim, " "+plural(int(min(l.Count, 1<<40)), "answer")).full())
				}
			}
		}
	}
	return append(out, blankLines(1, width)...)
}

func (s *statsPane) latencyHead(p *pen, width, names int, scale timeScale, numbers bool) string {
	o := newLine(width).to(names + 1)
	if numbers {
		o.put(p.th.Dim, "  COUNT    P50    P90    P99    MAX"[2:]).to(width - scale.width - 1)
	} else {
		o.to(names + 2)
	}
	return o.put(p.th.Dim, scale.labels()).full()
}

// latency draws one step: its name, its quantiles and its histogram.
func (p *pen) latency(l *watch.Latency, kind watch.StepKind, sender decode.Direction, scale timeScale, width, names, rows int) []string {
	by := "broker"
	// Who answers: the receiver, but PUBREL comes from the sender.
	if (sender == decode.FromServer) != (kind == watch.PubrecToPubrel) {
		by = "clients"
	}
	name := p.plain(kind.String()) + " by " + by
	columns := p.columns(scale.draw(&l.Bins), rows)
	if rows == 1 {
		o := newLine(width).put(p.th.Plain, " "+padRight(name, names-1))
		o.put(p.th.Dim, " "+padLeft(short(l.Count), 5))
		o.put(p.th.Plain, " "+padLeft(took(l.P50), 6)+" "+padLeft(took(l.P90), 6)+" "+padLeft(took(l.P99), 6))
		o.put(p.th.Dim, " "+padLeft(took(l.Max), 6))
		return []string{o.to(width-scale.width-1).put(p.th.Complete, columns[0]).full()}
	}
	text := []piece{
		{name, p.th.Plain},
		{"p50 " + took(l.P50) + " p90 " + took(l.P90), p.th.Dim},
		{"p99 " + took(l.P99) + " max " + took(l.Max), p.th.Dim},
	}
	if rows == 2 {
		text[1].text = "p50 " + took(l.P50) + " p99 " + took(l.P99)
		text = text[:2]
	}
	var out []string
	for i, t := range text {
		o := newLine(width).put(p.th.Plain, " ").put(t.style, cut(t.text, names, p.g.Ellipsis)).to(names + 2)
		out = append(out, o.put(p.th.Complete, columns[i]).full())
	}
	return out
}

// rates draws how many packets of each type there were each second.
func (s *statsPane) rates(p *pen, c *watch.Counts, width, height int) []string {
	seconds := s.data.Seconds
	if n := len(seconds); n > 1 {
		seconds = seconds[:n-1] // the last is not over
	}
	const names = 31
	room := max(width-names-2, 8)
	per := max(1, (len(seconds)+room-1)/room)
	more := "last " + spanText(len(seconds))
	if per > 1 {
		more += ", " + strconv.Itoa(per) + " s a column"
	}
	out := []string{
		title(p, width, "Packets a second", more),
		newLine(width).put(p.th.Dim, padRight("", 14)+padLeft("TOTAL", 7)+padLeft("NOW", 6)).put(p.th.Dim, " ").full(),
	}
	for t := decode.CONNECT; t <= decode.AUTH; t++ {
		if c.Packets[t] == 0 {
			continue
		}
		values := stretch(perColumn(seconds, t, per), room)
		o := newLine(width).put(p.th.Plain, " "+padRight(t.String(), 12))
		o.put(p.th.Dim, " "+padLeft(short(c.Packets[t]), 7)).put(p.th.Plain, padLeft(perSecond(recent(seconds, t)), 6))
		o.to(names-3).put(p.th.Complete, p.columns(values, 1)[0])
		out = append(out, o.full())
	}
	return append(out, blankLines(1, width)...)
}

// stretch gives each value as many cells as there is room for, at most eight.
func stretch(values []float64, room int) []float64 {
	n := min(room/max(len(values), 1), 8)
	if n < 2 {
		return values
	}
	out := make([]float64, 0, n*len(values))
	for _, v := range values {
		for range n {
			out = append(out, v)
		}
	}
	return out
}

// recent is the mean of the last ten seconds.
func recent(seconds []watch.Second, t decode.Type) float64 {
	last := seconds[max(0, len(seconds)-10):]
	sum := 0.0
	for i := range last {
		sum += float64(last[i].Packets[t])
	}
	return sum / float64(max(len(last), 1))
}

// perColumn adds up so many seconds for each column; the newest is at the right and whole.
func perColumn(seconds []watch.Second, t decode.Type, per int) []float64 {
	n := (len(seconds) + per - 1) / per
	out := make([]float64, n)
	for i := range seconds {
		back := (len(seconds) - 1 - i) / per
		out[n-1-back] += float64(seconds[i].Packets[t])
	}
	return out
}

func spanText(seconds int) string {
	if seconds < 120 {
		return strconv.Itoa(seconds) + " s"
	}
	return strconv.Itoa(seconds/60) + " min"
}
