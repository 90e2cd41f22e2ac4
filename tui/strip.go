package tui

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// stripAlerts is how many alerts are asked for to fill the strip.
const stripAlerts = 200

// A stuckStrip is what stands above the list of handshakes while something is stuck: new rows push what is stuck out of a list that
// follows, and it is to be seen all the same. While nothing is open it holds what went wrong before, so that a capture that has ended does
// not look healthy. Alerts of one client that say the same share a line, that of the oldest.
type stuckStrip struct{ groups []stuckGroup }

type stuckGroup struct {
	oldest watch.Alert
	count  int
}

// sync groups the open alerts, worst and oldest first, or where there is none those from warn on that are over.
func (s *stuckStrip) sync(alerts []watch.Alert) {
	s.group(alerts, isOpen)
	if len(s.groups) == 0 {
		s.group(alerts, func(a *watch.Alert) bool { return a.Severity >= handshake.Warn })
	}
}

func (s *stuckStrip) group(alerts []watch.Alert, pick func(*watch.Alert) bool) {
	s.groups = s.groups[:0]
	for i := range alerts {
		a := &alerts[i]
		if !pick(a) {
			continue
		}
		at := slices.IndexFunc(s.groups, func(g stuckGroup) bool {
			return g.oldest.Name == a.Name && g.oldest.Sort == a.Sort && g.oldest.Client == a.Client
		})
		if at < 0 {
			s.groups = append(s.groups, stuckGroup{*a, times(a)})
			continue
		}
		g := &s.groups[at]
		g.count += times(a)
		if a.Raised < g.oldest.Raised {
			g.oldest = *a
		}
	}
	slices.SortFunc(s.groups, func(a, b stuckGroup) int {
		return cmp.Or(cmp.Compare(b.oldest.Severity, a.oldest.Severity), cmp.Compare(a.oldest.Raised, b.oldest.Raised), cmp.Compare(a.oldest.ID, b.oldest.ID))
	})
}

// times is how often an alert happened.
func times(a *watch.Alert) int {
	if a.Lasting {
		return 1
	}
	return max(a.Count, 1)
}

// worst returns the handshake that is stuck longest among the worst, or 0.
func (s *stuckStrip) worst() uint64 {
	for i := range s.groups {
		if a := &s.groups[i].oldest; a.Handshake != 0 && isOpen(a) {
			return a.Handshake
		}
	}
	return 0
}

// room is how many lines of a pane of that height the strip takes, the rule below it included.
func (s *stuckStrip) room(height int) int {
	if len(s.groups) == 0 || height < 10 {
		return 0
	}
	return min(len(s.groups), max(height/7, 1)) + 1
}

// view draws the strip in that many lines.
//
//	✗ subscriber valve-9 has owed PUBCOMP for 45.1s: id 1 (QoS 2, cmd/valve-9/open)
//	! 3 × subscriber display-3 has owed PUBACK for 12.0s: id 1 (QoS 1, display/line-3)
//	──────────────────────────────────────────────────────────── 2 more: 5 shows all
func (s *stuckStrip) view(p *pen, width, lines int) []string {
	if lines == 0 {
		return nil
	}
	out := make([]string, 0, lines)
	shown := min(lines-1, len(s.groups))
	for i := range s.groups[:shown] {
		g := &s.groups[i]
		glyph, st := p.severity(g.oldest.Severity)
		text := p.text.safe(g.oldest.Text)
		if g.oldest.Lasting && !isOpen(&g.oldest) {
			text = "over: " + text
		}
		o := newLine(width).put(st, " "+glyph+" "+p.timesOf(g.count))
		out = append(out, o.put(st, cut(text, width-o.used-1, p.g.Ellipsis)).full())
	}
	words := ""
	if hidden := len(s.groups) - shown; hidden > 0 {
		words = " " + strconv.Itoa(hidden) + " more: " + p.keyOf("alerts") + " shows all "
	}
	rule := newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-2-cells(words))).put(p.th.Dim, words)
	return append(out, rule.full())
}

// stripRoom is how many lines the strip takes of the list's pane now.
func (m *Model) stripRoom(height int) int {
	if m.filter.problems || m.screen != screenHandshakes {
		return 0
	}
	return m.strip.room(height)
}
