package watch

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A SessionQuery asks for a window of the list of sessions: those with something stuck come first, then those that are connected, each by name.
type SessionQuery struct {
	Window
	// Detail, if not 0, is a session of which more is wanted.
	Detail uint64
	// Filter chooses sessions; nil chooses all.
	Filter *filter.Sessions
	Sort   Sort[SessionKey]
}

// A SessionList is part of the list of sessions.
type SessionList struct {
	Rows []SessionRow
	// First is the place of Rows[0] among the Matched that the filter chose of the Total that are kept; Connected of these have a connection, and
	// Connecting one whose CONNACK was not seen.
	First, Matched, Total, Connected, Connecting int
	// Pruned counts the sessions that gave way to others.
	Pruned uint64
	// Detail is the one that was asked for; nil where it is not kept.
	Detail *SessionDetail
}

// A Flow is what one side of a session sends.
type Flow struct {
	// InFlight deliveries are in the window, of which Limit fit; Limit is 0 where not known. Learned says that it was not announced. Without a connection
	// InFlight is what waits for one.
	InFlight, Limit int
	Learned         bool
	// Oldest is since when the delivery waits that has been in flight for the longest; 0 where there is none. OldestID is its handshake.
	Oldest   decode.Time
	OldestID uint64
	Publish  [3]uint64 // by QoS
	// P50, P99 and Max are from PUBLISH to PUBACK or PUBCOMP, as this side sees them; Answered is over how many.
	P50, P99, Max  time.Duration
	Answered       uint64
	Packets, Bytes uint64
	Rate           float64     // packets a second
	Last           decode.Time // packet, on the connection that stands; 0 where none
	LastType       decode.Type
}

// A SessionRow is one session as a list shows it.
type SessionRow struct {
	ID          uint64
	Client      string // as Row.Client
	ClientKnown bool
	Server      string
	Addr        netip.AddrPort
	ServerAddr  netip.AddrPort // of the newest connection; not valid where it is not known
	Version     decode.Version
	// VersionAssumed is set where no CONNECT was seen.
	VersionAssumed bool
	Connected      bool
	Connecting     bool        // it has a connection, whose CONNACK was not seen
	Since          decode.Time // that it is, or is not, connected
	Connections    int         // seen
	KeepAlive      int         // seconds; 0 is off, or not known
	Silent         bool        // for longer than Keep Alive allows
	Flows          [2]Flow     // by sender
	Open, Stuck    int         // handshakes, SUBSCRIBE and UNSUBSCRIBE too
	Alerts         int         // that last and are open
	Severity       handshake.Severity
	First, Last    decode.Time // packet
}

// A SessionDetail is everything about one session.
type SessionDetail struct {
	SessionRow
	Clean  bool // asked for a clean start
	Expiry uint32
	Links  []handshake.LinkEvent
	Alerts []Alert
	Times  [2][SpreadBins]uint32 // by sender; see SpreadBin
}

// list returns the rows that q asks for, without what was over before since, if that is not 0.
func (b *sessionBook) list(q *SessionQuery, e *Engine, since decode.Time) *SessionList {
	b.countOpen(e.tracker)
	all := make([]*sessionEntry, 0, len(b.entries))
	out := &SessionList{Total: len(b.entries), Pruned: b.pruned}
	now := e.tracker.Now()
	for _, entry := range b.entries {
		if (q.Filter == nil || b.matches(q.Filter, entry, now)) && !entry.at(b.epoch).overSince(since) {
			all = append(all, entry)
		}
		if entry.connected() {
			out.Connected++
		} else if entry.connecting() {
			out.Connecting++
		}
	}
	b.ranks.sortBy(all, q.Sort, func(entry *sessionEntry) rank { return b.rank(entry, q.Sort.Key, now) }, b.compare)
	out.Matched = len(all)
	place := slices.IndexFunc(all, func(s *sessionEntry) bool { return s.session.ID == q.Around })
	out.First = q.begin(len(all), place)
	for _, entry := range all[out.First:min(out.First+max(q.Limit, 0), len(all))] {
		out.Rows = append(out.Rows, b.row(entry, now))
	}
	if q.Detail != 0 {
		if i := slices.IndexFunc(all, func(s *sessionEntry) bool { return s.session.ID == q.Detail }); i >= 0 {
			out.Detail = b.detail(all[i], e)
		}
	}
	return out
}

// matches reports whether a filter chooses a session.
func (b *sessionBook) matches(f *filter.Sessions, e *sessionEntry, now decode.Time) bool {
	e.at(b.epoch)
	s := filter.Session{
		Client: e.session.ClientID, Server: e.session.Server, ServerName: e.session.ServerName, Version: e.session.Version, Connected: e.connected(), Connecting: e.connecting(),
		Alert: e.severity >= handshake.Warn, Stuck: e.stuck, Open: e.open, InFlight: e.openBy, Connections: int(e.conns - e.connsBefore), Oldest: e.oldest(now), RTT: -1,
		Idle: now.Sub(e.last()),
	}
	if info, _ := e.session.Conn(); info != nil {
		s.Addr = info.Client
	}
	l := e.session.Link()
	if l != nil {
		_, s.Silent = l.KeepAlive()
	}
	for side := range e.sent {
		sent := &e.sent[side]
		for q, n := range sent.publish {
			s.Publish[q] += n
		}
		if e.times[side].n > 0 {
			s.RTT = max(s.RTT, e.times[side].percentile(99))
		}
		if l != nil && s.Connected {
			w := l.Flow(decode.Direction(side))
			s.InFlight[side], s.Limit[side] = w.InFlight, w.Limit
		}
	}
	return f.Match(&s)
}

// oldest is for how long the delivery waits that has been in flight for the longest, on either side; below 0 where none is.
func (e *sessionEntry) oldest(now decode.Time) time.Duration {
	l := e.session.Link()
	if l == nil || !e.connected() {
		return -1
	}
	longest := time.Duration(-1)
	for side := range e.sent {
		if w := l.Flow(decode.Direction(side)); w.Oldest != nil {
			longest = max(longest, now.Sub(w.Oldest.Started()))
		}
	}
	return longest
}

func (b *sessionBook) compare(x, y *sessionEntry) int {
	return cmp.Or(
		cmp.Compare(boolRank(y.stuckNow(b.epoch)), boolRank(x.stuckNow(b.epoch))),
		cmp.Compare(boolRank(y.connected()), boolRank(x.connected())),
		compareText(x.session.ClientID, y.session.ClientID),
		cmp.Compare(x.session.ID, y.session.ID),
	)
}

func (e *sessionEntry) stuckNow(epoch uint64) bool {
	return e.epoch == epoch && (e.stuck > 0 || e.severity >= handshake.Warn)
}

// at brings what is counted anew with each list to an epoch.
func (e *sessionEntry) at(epoch uint64) *sessionEntry {
	if e.epoch != epoch {
		e.epoch, e.open, e.stuck, e.alerts, e.openBy, e.severity = epoch, 0, 0, 0, [2]int{}, 0
	}
	return e
}

// countOpen counts what is open by session.
func (b *sessionBook) countOpen(t *handshake.Tracker) {
	b.epoch++
	for h := range t.InFlight() {
		entry := b.entries[h.Session]
		if entry == nil {
			continue
		}
		entry.at(b.epoch).open++
		if h.Kind.Publish() {
			entry.openBy[h.Sender]++
		}
		if isStuck(h) {
			entry.stuck++
		}
	}
	t.Alerts(func(a *handshake.Alert) bool {
		if entry := b.entries[a.Session]; entry != nil && a.Lasting && a.Cleared == 0 {
			entry.at(b.epoch).alerts++
			entry.severity = max(entry.severity, a.Severity)
		}
		return true
	})
}

func (b *sessionBook) row(e *sessionEntry, now decode.Time) SessionRow {
	s := e.session
	e.at(b.epoch)
	r := SessionRow{
		ID: s.ID, Client: s.ClientID, ClientKnown: s.ClientID != "", Server: b.serverNames.of(s), Version: s.Version, VersionAssumed: s.VersionAssumed,
		Connected: e.connected(), Connecting: e.connecting(), Connections: int(e.conns - e.connsBefore), Open: e.open, Stuck: e.stuck, Alerts: e.alerts, Severity: e.severity, First: e.first, Last: e.last(),
	}
	info, _ := s.Conn()
	if info != nil {
		r.ServerAddr = info.Server
	}
	if info != nil && info.Client.IsValid() {
		r.Addr = info.Client
		if !r.ClientKnown {
			r.Client = info.Client.String()
		}
	}
	r.Since = since(s, r.Connected || r.Connecting, info)
	if l := s.Link(); l != nil {
		seconds, silent := l.KeepAlive()
		r.KeepAlive, r.Silent = int(seconds), silent
	}
	for side := range r.Flows {
		r.Flows[side] = e.flow(decode.Direction(side), now)
	}
	return r
}

func (e *sessionEntry) flow(side decode.Direction, now decode.Time) Flow {
	sent := &e.sent[side]
	f := Flow{
		InFlight: e.openBy[side], Publish: sent.publish, Packets: sent.packets, Bytes: sent.bytes, Rate: sent.rate.at(now),
		P50: e.times[side].percentile(50), P99: e.times[side].percentile(99), Answered: e.times[side].n, Max: e.times[side].most,
	}
	f.Last, f.LastType = e.session.Last(side)
	if l := e.session.Link(); l != nil && e.connected() {
		w := l.Flow(side)
		f.InFlight, f.Limit, f.Learned = w.InFlight, w.Limit, w.Learned
		if w.Oldest != nil {
			f.Oldest, f.OldestID = w.Oldest.Started(), w.Oldest.ID
		}
	}
	return f
}

// since is from when on a session is, or is not, connected.
func since(s *handshake.Session, connected bool, info *decode.ConnInfo) decode.Time {
	events := s.Events()
	for i := len(events) - 1; i >= 0; i-- {
		switch k := events[i].Kind; {
		case connected && (k == handshake.LinkConnect || k == handshake.LinkJoined),
			!connected && (k == handshake.LinkClosed || k == handshake.LinkDisconnect):
			return events[i].Time
		}
	}
	if connected && info != nil {
		return info.Opened
	}
	return 0
}

func (b *sessionBook) detail(entry *sessionEntry, e *Engine) *SessionDetail {
	s := entry.session
	d := &SessionDetail{SessionRow: b.row(entry, e.tracker.Now()), Expiry: s.Expiry(), Links: slices.Clone(s.Events())}
	if l := s.Link(); l != nil {
		d.Clean = l.Clean()
	}
	for side := range entry.sent {
		if bins := entry.times[side].bins; bins != nil {
			d.Times[side] = *bins
		}
	}
	d.Alerts = e.alerts(ladderAlerts, func(a *handshake.Alert) bool { return a.Session == s })
	return d
}
