package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A sessionPane is the list of sessions and, below, all about the one under the cursor.
type sessionPane struct {
	place
	shape  tableShape
	data   *watch.SessionList
	detail *watch.SessionDetail
	asked  uint64 // the session whose detail was asked for
}

// detailLines is how many lines of a pane tell of the session under the cursor.
func detailLines(height int) int { return max(height/3, 4) }

func (l *sessionPane) query(f *filter.Sessions, now time.Time) *watch.SessionQuery {
	return &watch.SessionQuery{Window: l.window(), Detail: l.selected, Filter: f, Sort: sortOf[watch.SessionKey](&l.shape, sessionColumns(), now)}
}

// sync takes a list in. One without rows only brings the detail that was asked for while the view is frozen.
func (l *sessionPane) sync(s *watch.SessionList) {
	if s == nil {
		return
	}
	l.data = s
	ids := make([]uint64, len(s.Rows))
	for i := range s.Rows {
		ids[i] = s.Rows[i].ID
	}
	l.place.sync(s.First, s.Matched, ids)
	if s.Detail != nil {
		l.detail = s.Detail
	}
}

// current returns the row under the cursor, or nil.
func (l *sessionPane) current() *watch.SessionRow {
	if i := l.index(); i >= 0 && l.data != nil {
		return &l.data.Rows[i]
	}
	return nil
}

// The columns of the list, in their order.
const (
	sessionClient = iota
	sessionState
	sessionToServer
	sessionToClient
	sessionOldest
	sessionTimesOut
	sessionTimesIn
	sessionQoS
	sessionConns
	sessionKeep
	sessionVersion
	sessionRate
	sessionBytes
	sessionLast
	sessionServer
)

func sessionColumns() []tableColumn {
	return []tableColumn{
		sessionClient: {id: "client", note: "Client Identifier, or address", name: "CLIENT", width: 10, good: 13, most: 24,
			key: uint8(watch.SessionsByClient), text: true},
		sessionState: {id: "state", note: "what is wrong, or whether it is connected", name: "STATE", width: 10, good: 12, key: uint8(watch.SessionsByStuck)},
		sessionToServer: {id: "in-flight-out", note: "window to the broker", name: "IN FLIGHT →", width: 12, good: 15, most: 22,
			key: uint8(watch.SessionsByInFlight)},
		sessionToClient: {id: "in-flight-in", note: "window from the broker", name: "IN FLIGHT ←", width: 12, good: 15, most: 22,
			key: uint8(watch.SessionsByInFlightIn)},
		sessionOldest: {id: "oldest", note: "how long the oldest in flight waits", name: "OLDEST", width: 6, right: true, rank: 3,
			key: uint8(watch.SessionsByOldest)},
		sessionTimesOut: {id: "rtt-out", note: "PUBLISH to the broker until its last answer", name: "→ P50/P99", width: 12, right: true, rank: 2,
			key: uint8(watch.SessionsByRTT)},
		sessionTimesIn: {id: "rtt-in", note: "PUBLISH from the broker until the client's last answer", name: "← P50/P99", width: 12, right: true, rank: 4,
			key: uint8(watch.SessionsByRTTIn)},
		sessionQoS:     {id: "qos", note: "shares of QoS 0, 1 and 2 in percent", name: "QOS 0/1/2%", width: 10, right: true, rank: 6},
		sessionConns:   {id: "conns", note: "connections seen", name: "CONNS", width: 5, right: true, rank: 8, key: uint8(watch.SessionsByConns)},
		sessionKeep:    {id: "keep-alive", note: "in seconds", name: "KEEP", width: 5, right: true, rank: 9, key: uint8(watch.SessionsByKeepAlive)},
		sessionVersion: {id: "version", note: "of MQTT", name: "MQTT", width: 6, rank: 7, key: uint8(watch.SessionsByVersion)},
		sessionRate:    {id: "rate", note: "packets a second, both ways", name: "PKT/S", width: 5, right: true, rank: 5, key: uint8(watch.SessionsByRate)},
		sessionBytes:   {id: "bytes", note: "of packets, both ways", name: "BYTES", width: 7, right: true, rank: 10, key: uint8(watch.SessionsByBytes)},
		sessionLast:    {id: "last", note: "since the last packet", name: "LAST", width: 6, right: true, rank: 6, key: uint8(watch.SessionsByLast)},
		sessionServer: {id: "broker", note: "its name or address", name: "BROKER", width: 15, rank: 11, most: 21, key: uint8(watch.SessionsByServer),
			text: true},
	}
}

// view draws the list above and the detail below.
//
//	CLIENT     STATE      IN FLIGHT →          IN FLIGHT ←          OLDEST  → P50/P99
//	pump-7     ✗ 1 stuck                       ██████████ 20/20      45.1s
//	sensor-7   ● online   █░░░░░░░░ 1/20                                     3ms/12ms
//	──────────────────────────────────────────────────────────────────────
//	pump-7 at 10.0.0.1:1883, MQTT 5.0, connected since 12:01:03 …
func (l *sessionPane) view(p *pen, now decode.Time, f *filterState, width, height int, focused bool) []string {
	if l.data != nil && l.total == 0 && l.data.Total > 0 {
		return noMatch(p, f, width, height, "session", l.data.Total)
	}
	if l.data == nil || l.total == 0 {
		return emptyPane(p, width, height, "No sessions yet", "A session shows with the first packet of a client.")
	}
	var detail []string
	if d := l.detail; d != nil && d.ID == l.selected {
		detail = p.sessionDetail(d, now, width, detailLines(height))
	} else if l.bound {
		detail = []string{newLine(width).put(p.th.Dim, cut(" The view is frozen: "+p.keyOf("freeze")+" goes on, then more is said of the session.", width, p.g.Ellipsis)).full()}
	}
	below := detailLines(height)
	l.resize(rowsOf(paneSessions, height))
	t := l.shape.fit(sessionColumns(), width)
	out := []string{t.head(p, width, &l.shape)}
	out = append(out, l.lines(p, width, func(i int, selected bool) string {
		r := &l.data.Rows[i]
		return t.row(p, width, rowMark{selected, focused, l.marked.has(l.ids[i])}, func(c, w int) (string, theme.Style) { return p.sessionCell(r, c, w, now) })
	})...)
	out = fit(out, width, height-below-1)
	words := " " + plural(l.data.Total, "session") + ", " + count(l.data.Connected) + " connected "
	if n := l.data.Connecting; n > 0 {
		words += p.g.Dot + " " + count(n) + " connecting "
	}
	if n := l.data.Pruned; n > 0 {
		words += p.g.Dot + " " + count(n) + " not kept "
	}
	rule := newLine(width).put(p.th.Rule, " "+repeat(p.g.Line, width-2-cells(words))).put(p.th.Dim, words)
	return append(append(out, rule.full()), detail...)
}

func (p *pen) sessionCell(r *watch.SessionRow, column, width int, now decode.Time) (string, theme.Style) {
	plain := p.th.Plain
	up := r.Connected || r.Connecting
	if !up {
		plain = p.th.Dim
	}
	switch column {
	case sessionClient:
		return cutMiddle(p.text.clean(sessionName(r), width), width, p.g.Ellipsis), plain
	case sessionState:
		glyph, words, st := p.sessionState(r)
		return glyph + " " + words, st
	case sessionToServer, sessionToClient:
		return p.window(&r.Flows[column-sessionToServer], width, up)
	case sessionOldest:
		return oldest(r, now), plain
	case sessionTimesOut, sessionTimesIn:
		f := &r.Flows[column-sessionTimesOut]
		if f.Answered == 0 {
			return "", p.th.Dim
		}
		return took(f.P50) + "/" + took(f.P99), plain
	case sessionQoS:
		return qosMix(r), plain
	case sessionConns:
		return count(r.Connections), plain
	case sessionKeep:
		if r.KeepAlive == 0 {
			return p.g.Dot, p.th.Dim
		}
		return strconv.Itoa(r.KeepAlive) + "s", plain
	case sessionVersion:
		return p.versionWord(r), plain
	case sessionRate:
		return perSecond(r.Flows[0].Rate + r.Flows[1].Rate), plain
	case sessionBytes:
		return size(r.Flows[0].Bytes + r.Flows[1].Bytes), plain
	case sessionLast:
		return age(now.Sub(r.Last)), plain
	}
	return p.text.clean(r.Server, width), p.th.Dim
}

func sessionName(r *watch.SessionRow) string {
	if r.Client == "" {
		return "?"
	}
	return r.Client
}

func (p *pen) versionWord(r *watch.SessionRow) string {
	if r.Version == 0 {
		return p.g.Late
	}
	s := r.Version.String()
	if r.VersionAssumed {
		s += p.g.Late
	}
	return s
}

// sessionState is how a session is: what is wrong first.
func (p *pen) sessionState(r *watch.SessionRow) (glyph, words string, st theme.Style) {
	glyph, st = p.severity(max(r.Severity, handshake.Warn))
	switch {
	case r.Stuck > 0:
		return glyph, count(r.Stuck) + " stuck", st
	case r.Silent:
		return p.g.Slow, "silent", st
	case r.Severity >= handshake.Warn:
		return p.g.Slow, "alert", st
	case r.Connecting:
		return p.g.Waiting, "connecting", p.th.Waiting
	case !r.Connected && r.Open > 0:
		return p.g.Waiting, "offline", p.th.Waiting
	case !r.Connected:
		return p.g.Ended, "offline", p.th.Dim
	}
	return p.g.Live, "online", p.th.Live
}

// window draws how full one side's window is.
func (p *pen) window(f *watch.Flow, width int, connected bool) (string, theme.Style) {
	n := strconv.Itoa(f.InFlight)
	switch {
	case f.Limit == 0 || f.Limit >= noLimit:
		if f.InFlight == 0 {
			return p.g.Dot, p.th.Dim
		}
		if !connected {
			return n + " waiting", p.th.Waiting
		}
		return n + " in flight", p.th.Plain
	case f.InFlight == 0:
		return p.meter(0, 1, max(width-7, 1)) + " " + padLeft("0/"+strconv.Itoa(f.Limit), 6), p.th.Dim
	}
	st := p.th.Complete
	if f.InFlight >= f.Limit {
		st = p.th.Overdue
	}
	words := n + "/" + strconv.Itoa(f.Limit)
	if f.Learned {
		words += p.g.Late
	}
	words = padLeft(words, 6)
	return p.meter(f.InFlight, f.Limit, width-1-cells(words)) + " " + words, st
}

// oldest is how long the delivery waits that is in flight for the longest, on either side.
func oldest(r *watch.SessionRow, now decode.Time) string {
	var t decode.Time
	for _, f := range r.Flows {
		if f.Oldest != 0 && (t == 0 || f.Oldest < t) {
			t = f.Oldest
		}
	}
	if t == 0 {
		return ""
	}
	return age(now.Sub(t))
}

// qosMix is the shares of QoS 0, 1 and 2 in percent.
func qosMix(r *watch.SessionRow) string {
	var n [3]uint64
	var sum uint64
	for _, f := range r.Flows {
		for q := range n {
			n[q] += f.Publish[q]
			sum += f.Publish[q]
		}
	}
	if sum == 0 {
		return ""
	}
	s := ""
	for q := range n {
		if q > 0 {
			s += "/"
		}
		s += strconv.FormatUint((n[q]*100+sum/2)/sum, 10)
	}
	return s
}

// noMatch is for a filter that hides all of what is there; more says what else there was.
func noMatch(p *pen, f *filterState, width, height int, what string, total int, more ...string) []string {
	if f.since != 0 && !f.problems && f.text == "" {
		return emptyPane(p, width, height, "Nothing since "+clockTime(f.since, p.loc, true),
			"What was there before was cleared away: "+p.keyOf("undo-clear")+" brings it back.")
	}
	if f.problems && strings.TrimSpace(f.text) == "" {
		those := "any of " + count(total)
		if len(more) > 0 {
			those = "any of the " + count(total) + " that are kept"
		}
		return emptyPane(p, width, height, "No problems", append([]string{"Nothing is wrong with " + those + ": " + p.keyOf("problems") + " shows them again."}, more...)...)
	}
	words := "filter: " + p.text.clean(f.text, 60)
	if f.problems {
		words += ", and problems only (" + p.keyOf("problems") + ")"
	}
	more = append([]string{words, "It hides all of " + count(total) + ": " + p.keyOf("back") + " clears it."}, more...)
	return emptyPane(p, width, height, "No "+what+" matches", more...)
}

// emptyPane says why there is nothing.
func emptyPane(p *pen, width, height int, title string, words ...string) []string {
	out := blankLines((height-2)/3, width)
	out = append(out, newLine(width).to(4).put(p.th.Strong, title).full())
	for _, w := range words {
		for _, s := range wrap(w, width-8) {
			out = append(out, newLine(width).to(4).put(p.th.Dim, s).full())
		}
	}
	return out
}
