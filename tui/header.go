package tui

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A piece is a text with a style; pieces make lines.
type piece struct {
	text  string
	style theme.Style
}

func widthOf(pieces []piece) int {
	sum := 0
	for _, s := range pieces {
		sum += cells(s.text)
	}
	return sum
}

func (l *line) putAll(pieces []piece) *line {
	for _, s := range pieces {
		l.put(s.style, s.text)
	}
	return l
}

// header draws the first line. What is at the right, the losses and what is stuck, stays; the title is cut.
//
//	mqttwatch  replay eth0.pcap   ● live 00:12:31   418 pkt/s   kernel drop 0 · gap 0 · evicted 0/100k      ▲ 2 stuck
func (m *Model) header(p *pen) string {
	s := m.live
	stuck := m.stuckPieces(p)
	state := m.statePieces(p, s)
	rate := []piece{{"  " + m.rate.words() + " pkt/s", p.th.Plain}}
	losses := lossPieces(p, s, false)
	name := []piece{{" mqttwatch ", p.th.Program}}
	title := p.text.clean(m.opt.Title, 60)
	total := func() int {
		return widthOf(name) + cells(title) + 2 + widthOf(state) + widthOf(rate) + widthOf(losses) + widthOf(stuck) + 3
	}
	if total() > m.width {
		losses = lossPieces(p, s, true)
	}
	if total() > m.width && len(stuck) > 1 && m.attention().stuck > 0 {
		stuck = stuck[:1]
	}
	if total() > m.width && title != "" {
		name = []piece{{" ", p.th.Plain}}
	}
	if over := total() - m.width; over > 0 {
		title = cutMiddle(title, max(cells(title)-over, 12), p.g.Ellipsis)
	}
	if total() > m.width {
		rate = nil
	}
	if over := total() - m.width; over > 0 {
		title = cutMiddle(title, max(cells(title)-over, 0), p.g.Ellipsis)
	}
	left := newLine(m.width-widthOf(stuck)-2).putAll(name).put(p.th.Strong, title).put(p.th.Plain, "  ").putAll(state).putAll(rate).putAll(losses)
	return left.full() + newLine(widthOf(stuck)+2).put(p.th.Plain, " ").putAll(stuck).full()
}

// stuckPieces says how many handshakes are stuck, and how many alerts there are where that is not the same number.
func (m *Model) stuckPieces(p *pen) []piece {
	at := m.attention()
	st := p.th.Dim
	if at.worst >= handshake.Warn {
		_, st = p.severity(at.worst)
	}
	stuck := piece{count(at.stuck) + " stuck", p.th.Dim}
	if at.stuck > 0 {
		stuck = piece{p.g.Raised + " " + count(at.stuck) + " stuck", st}
	}
	if at.alerts == at.stuck {
		return []piece{stuck}
	}
	return []piece{stuck, {" " + p.g.Dot + " " + at.words(), st}}
}

// words is the number of alerts.
func (at *attention) words() string {
	switch n := at.number(); n {
	case "0":
		return "all alerts seen"
	case "1":
		return "1 alert"
	default:
		return n + " alerts"
	}
}

func (at *attention) number() string {
	if at.more {
		return count(at.alerts) + "+"
	}
	return count(at.alerts)
}

// statePieces says how the sources are: the state that matters most where there are several.
func (m *Model) statePieces(p *pen, s *watch.Snapshot) []piece {
	if m.frozen {
		words := "frozen"
		if n := m.fresh(); n > 0 {
			words += ", +" + count(n) + " new"
		}
		return []piece{{words, p.th.Overdue}}
	}
	words, st := sourceState(p, s.Sources)
	if first := firstTime(s.Sources); first != 0 && s.Now > first {
		words += " " + elapsed(s.Now.Sub(first))
	}
	return []piece{{words, st}}
}

func sourceState(p *pen, sources []decode.SourceStats) (string, theme.Style) {
	states := map[string]int{}
	progress, files := 0.0, 0
	for i := range sources {
		states[sources[i].State]++
		if sources[i].State == "replaying" && sources[i].Progress >= 0 {
			progress += sources[i].Progress
			files++
		}
	}
	switch {
	case states["failed"] > 0:
		return p.g.Stuck + " failed", p.th.Failure
	case states["retrying"] > 0:
		return p.g.Waiting + " retrying", p.th.Failure
	case states["replaying"] > 0:
		words := "replay"
		if files > 0 {
			words += " " + strconv.Itoa(int(progress/float64(files)*100)) + " %"
		}
		return words, p.th.Live
	case states["live"] > 0:
		return p.g.Live + " live", p.th.Live
	case states["starting"] > 0 || len(sources) == 0:
		return p.g.Waiting + " starting", p.th.Dim
	}
	return p.g.Ended + " ended", p.th.Dim
}

// firstTime is when what goes on began; where nothing goes on any more, when the first source did. A file of another year beside an interface says nothing of how
// long that is watched.
func firstTime(sources []decode.SourceStats) decode.Time {
	var first decode.Time
	going := alive(sources)
	for i := range sources {
		if t := sources[i].First; t != 0 && (first == 0 || t < first) && going == alive(sources[i:i+1]) {
			first = t
		}
	}
	return first
}

// lossPieces tells what was lost: dim where it is nothing. In a narrow header only what is not nothing is named.
func lossPieces(p *pen, s *watch.Snapshot, narrow bool) []piece {
	var kernel, queue, gaps, truncated uint64
	for i := range s.Sources {
		kernel += s.Sources[i].KernelDrops
		queue += s.Sources[i].QueueDrops
		gaps += s.Sources[i].Gaps
		truncated += s.Sources[i].Cut
	}
	parts := []struct {
		name string
		n    uint64
		more string
		hide bool // where it is nothing
	}{
		{"kernel drop", kernel, "", false}, {"gap", gaps, "", false}, {"queue drop", queue, "", true}, {"cut", truncated, "", true},
		{"malformed", s.Counts.Malformed, "", true}, {"undecoded", s.Counts.Lost - min(gaps, s.Counts.Lost), "", true}, {"evicted", s.Counts.Evicted, "/" + short(uint64(max(s.Counts.Keep, 0))), false},
	}
	var out []piece
	add := func(text string, st theme.Style) {
		sep := "  "
		if len(out) > 0 {
			sep = " " + p.g.Dot + " "
		}
		out = append(out, piece{sep, p.th.Dim}, piece{text, st})
	}
	for _, part := range parts {
		text, st := part.name+" "+short(part.n)+part.more, p.th.Dim
		if part.n > 0 && part.name != "evicted" {
			st = p.th.Loss
		}
		if part.n > 0 || !part.hide && !narrow {
			if narrow {
				text = strings.ReplaceAll(text, "kernel ", "")
			}
			add(text, st)
		}
	}
	if len(out) == 0 {
		add("no loss", p.th.Dim)
	}
	return out
}

func (m *Model) filterPieces(p *pen) []piece {
	var out []piece
	if m.screen != screenHandshakes && filterKindOf(m.screen) == ofHandshakes {
		return nil
	}
	if m.filter.text != "" {
		st := p.th.Input
		if m.filter.mistake != nil {
			st = p.th.Mistake
		}
		out = append(out, piece{"filter: " + p.text.clean(m.filter.text, m.width), st})
	}
	if m.filter.problems {
		words := "  ! problems only"
		if m.width < wideTabs {
			words = "  ! problems"
		}
		out = append(out, piece{words, p.th.Input})
	}
	return out
}

// placePieces tells where the list is: FOLLOW, or how many rows came since.
func (m *Model) placePieces(p *pen) []piece {
	if m.onSurvey() {
		return m.surveyPlace(p)
	}
	if m.screen == screenAlerts {
		return m.clearedPieces(p)
	}
	if m.screen != screenHandshakes || m.shown.Total == 0 {
		return nil
	}
	if m.level != levelList {
		return m.frozenPieces(p) // a ladder follows nothing, and where it stands in the list is not what one looks for
	}
	kept := 0
	if m.filter.parsed != nil {
		kept = m.shown.Total
	}
	place := m.placeWords(m.list.cursor, m.list.matched, kept, m.list.follow)
	out := []piece{{place, p.th.Dim}}
	if share := m.shown.Filtered; m.filter.parsed != nil && share > 0 && share < 1 {
		out = append(out, piece{"  filtering " + count(int(share*100)) + " %", p.th.Overdue})
	}
	if words := m.sortWords(); words != "" {
		out = append(out, piece{words, p.th.Input})
	}
	out = append(out, m.clearedPieces(p)...)
	out = append(out, m.markPieces(p)...)
	switch {
	case m.frozen:
		out = append(out, piece{"  FROZEN", p.th.Overdue})
	case m.list.follow && m.list.live && m.sort.plain():
		out = append(out, piece{"  FOLLOW", p.th.Live})
	case !m.list.follow && m.fresh() > 0 && m.sort.plain():
		out = append(out, piece{"  +" + count(m.fresh()) + " new", p.th.Overdue})
	}
	return out
}

// strips draws what the sources have to say: a line for each that failed or tries again, at most two, and one for remarks.
func (m *Model) strips(p *pen) []string {
	out := m.failureStrips(p)
	notes := 0
	note := ""
	for i := range m.live.Sources {
		for _, n := range m.live.Sources[i].Notes {
			if n == m.live.Sources[i].Err {
				continue // the strip above says it
			}
			if notes++; notes == 1 {
				// What it says is first: names may be long, and are what may be cut.
				note = p.brief(&m.live.Sources[i], n, m.width)
			}
		}
	}
	if notes == 0 || m.height < 20 {
		return out
	}
	if notes > 1 {
		more := ", and " + count(notes-1) + " more: " + p.keyOf("sources")
		note = cut(note, m.width-4-cells(more), p.g.Ellipsis) + more
	}
	return append(out, newLine(m.width).put(p.th.Overdue, cut(" "+p.g.Slow+" "+note, m.width, p.g.Ellipsis)).full())
}

// sourceName is what a source is called where there is little room: files by their names without directories, many by their number.
func sourceName(s *decode.SourceStats) string {
	if s.Kind != "file" {
		return s.Name
	}
	return FilesTitle(strings.Split(s.Name, ", "))
}

// FilesTitle names files on one line: few without their directories, more than three by their number.
func FilesTitle(paths []string) string {
	if len(paths) > 3 {
		return count(len(paths)) + " files"
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = filepath.Base(path)
	}
	return strings.Join(names, " ")
}

// shortReason is why a source is down, without the address that its name has.
func shortReason(s *decode.SourceStats) string {
	if head, reason, ok := strings.Cut(s.Err, s.Name+": "); ok && head == "cannot connect to " {
		return reason
	}
	return s.Err
}

func (m *Model) failureStrips(p *pen) []string {
	bad := failures(m.live.Sources)
	var out []string
	for i, s := range bad {
		if i == 2 || m.height < 20 && i == 1 {
			out[len(out)-1] = newLine(m.width).put(p.th.Failure, " "+p.g.Stuck+" "+count(len(bad)-i+1)+" sources failed or are retrying").full()
			break
		}
		glyph := p.g.Stuck
		if s.State == "retrying" {
			glyph = p.g.Waiting
		}
		// The reason first: it is what must not be cut. The name is in the header already where there is one source only.
		words := " " + glyph + " " + s.State + ": " + p.brief(s, shortReason(s), m.width)
		out = append(out, newLine(m.width).put(p.th.Failure, cut(words, m.width, p.g.Ellipsis)).full())
	}
	return out
}
