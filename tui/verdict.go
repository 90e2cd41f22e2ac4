package tui

import (
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A textLine is a line of text of one style.
type textLine struct {
	text  string
	style theme.Style
}

// verdict is what is said below a ladder: who owes what, the alerts, what makes it unsure, and how the session is.
func (p *pen) verdict(l *watch.Ladder, now decode.Time, ended bool, width int) []textLine {
	var out []textLine
	under := func(st theme.Style, s string) {
		for _, part := range wrap(s, width-4) {
			out = append(out, textLine{"   " + part, st})
		}
	}
	say := func(st theme.Style, s string) {
		first := len(out)
		if under(st, s); first < len(out) {
			out[first].text = out[first].text[2:]
		}
	}
	if s := p.owed(l, now); s != "" && !toldByAlert(l) {
		_, _, st := p.stateOf(&l.Row, farAway)
		say(st, s)
	}
	others := 0
	for i := range l.Alerts {
		a := &l.Alerts[i]
		if a.Handshake != 0 && a.Handshake != l.ID {
			others++
			continue
		}
		glyph, st := p.severity(a.Severity)
		if a.Lasting && a.Cleared != 0 {
			st = p.th.Dim
		}
		say(st, glyph+" "+string(a.Name)+": "+p.text.safe(a.Text))
		under(p.th.Dim, p.text.safe(a.Detail))
	}
	if others > 0 {
		say(p.th.Dim, p.g.Dot+" other handshakes of this session with an alert: "+strconv.Itoa(others))
	}
	if ended && l.State.Open() {
		say(p.th.Plain, p.g.Ended+" the capture ends here: whether the rest came later is not known.")
	}
	for _, s := range p.doubts(l) {
		say(p.th.Dim, s)
	}
	say(p.th.Dim, sessionWords(l, now))
	return out
}

// toldByAlert reports whether an open alert says who owes what.
func toldByAlert(l *watch.Ladder) bool {
	return slices.ContainsFunc(l.Alerts, func(a watch.Alert) bool { return a.Handshake == l.ID && isOpen(&a) })
}

func (p *pen) owed(l *watch.Ladder, now decode.Time) string {
	if !l.State.Open() || l.Owes.Packet == 0 {
		return ""
	}
	return p.whoOwes(&l.Row) + " owes " + l.Owes.Packet.String() + " for id " + strconv.Itoa(int(l.PacketID)) +
		" since " + clockTime(l.Owes.Since, p.loc, false) + " (" + age(now.Sub(l.Owes.Since)) + ")."
}

// doubts are the reasons not to believe all that is shown.
func (p *pen) doubts(l *watch.Ladder) []string {
	var out []string
	switch {
	case l.State == handshake.Abandoned:
		out = append(out, p.g.Abandoned+" abandoned: the session ended or the identifier was taken over, so nobody will send the rest.")
	case l.State == handshake.Unknown:
		out = append(out, p.g.Late+" unknown: bytes are missing from the capture where the answer could have been.")
	}
	if l.Offline && l.State.Open() && l.Connected {
		out = append(out, p.g.Waiting+" offline: the client is back, but this was not sent again yet.")
	} else if l.Offline && l.State.Open() {
		out = append(out, p.g.Waiting+" offline: the client is not connected, so nothing can come until it is back.")
	}
	if l.JoinedLate {
		out = append(out, p.g.Late+" joined late: the capture began after the first packet of this handshake.")
	}
	if l.Unsure && l.State != handshake.Unknown {
		out = append(out, p.g.Late+" unsure: bytes are missing from the capture, so this may only look so.")
	}
	if l.VersionAssumed && l.Version != 0 {
		out = append(out, p.g.Late+" MQTT "+l.Version.String()+" is assumed: no CONNECT was seen.")
	}
	if l.Resends > 0 {
		words := " resent once."
		if l.Resends > 1 {
			words = " resent " + strconv.Itoa(l.Resends) + " times."
		}
		out = append(out, p.g.Dup+words)
	}
	return out
}

// noLimit is the Receive Maximum of a peer that names none (5.0 §3.1.2.11.3).
const noLimit = 65535

func sessionWords(l *watch.Ladder, now decode.Time) string {
	s := ""
	add := func(part string) {
		if s != "" {
			s += ", "
		}
		s += part
	}
	if l.InFlight > 0 {
		window := strconv.Itoa(l.InFlight) + " in flight"
		if l.Limit > 0 && l.Limit < noLimit {
			window = strconv.Itoa(l.InFlight) + " of " + strconv.Itoa(l.Limit) + " in flight"
		}
		add(window)
	}
	if l.LastFromClient != 0 {
		add("client last sent " + age(now.Sub(l.LastFromClient)) + " ago")
	}
	if l.LastFromServer != 0 {
		add("broker last sent " + age(now.Sub(l.LastFromServer)) + " ago")
	}
	if s != "" && !l.Connected {
		add("not connected now")
	}
	return s
}
