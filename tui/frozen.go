package tui

import (
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// frozenRows is how many rows of each list are kept while the view is frozen.
const frozenRows = 2000

// asFrozen returns a Ladder that was asked for at now, while the view was frozen, as it was in s, which is shown: without packets, links and alerts that came
// later, and without what is not known of that moment.
func asFrozen(l *watch.Ladder, s *watch.Snapshot, now decode.Time) *watch.Ladder {
	out := *l
	out.Alerts = alertsAsFrozen(l.Alerts, s)
	if now <= s.Now {
		return &out
	}
	if i := slices.IndexFunc(s.Rows, func(r watch.Row) bool { return r.ID == l.ID }); i >= 0 {
		out.Row, out.Packets = s.Rows[i], packetsOf(l, s.Rows[i].Steps)
	}
	out.Links = slices.DeleteFunc(slices.Clone(l.Links), func(e handshake.LinkEvent) bool { return e.Time > s.Now })
	if !l.Connected || max(l.LastFromClient, l.LastFromServer) > s.Now {
		out.InFlight, out.Limit, out.LastFromClient, out.LastFromServer = 0, 0, 0, 0
		out.Connected = connectedAfter(out.Links, l.Connected)
	}
	return &out
}

// alertsAsFrozen are those that had been raised, and of those that s holds the words of that moment.
func alertsAsFrozen(alerts []watch.Alert, s *watch.Snapshot) (out []watch.Alert) {
	for _, a := range alerts {
		if a.Raised > s.Now {
			continue
		}
		if at := slices.IndexFunc(s.Alerts, func(old watch.Alert) bool { return old.ID == a.ID }); at >= 0 {
			a = s.Alerts[at]
		}
		out = append(out, a)
	}
	return out
}

// packetsOf are the bytes of the first steps of a handshake. Where there are many, the last may have given way to a later one.
func packetsOf(l *watch.Ladder, steps []handshake.Step) []watch.Raw {
	out := make([]watch.Raw, len(steps))
	for i := range min(len(steps), len(l.Steps), len(l.Packets)) {
		if l.Steps[i].Time == steps[i].Time {
			out[i] = l.Packets[i]
		}
	}
	return out
}

// connectedAfter reports whether links end with an open Network Connection; otherwise is for none.
func connectedAfter(links []handshake.LinkEvent, otherwise bool) bool {
	for i := range slices.Backward(links) {
		switch links[i].Kind {
		case handshake.LinkConnect, handshake.LinkConnack:
			return true
		case handshake.LinkClosed, handshake.LinkDisconnect:
			return false
		}
	}
	return otherwise
}
