package watch

import (
	"maps"
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A Query says what of the state a screen shows, so that a Snapshot copies that and no more.
type Query struct {
	// Filter chooses handshakes; nil chooses all.
	Filter *filter.Filter
	// First and Limit are the window of rows wanted, counted among the chosen, oldest first. With Follow, the last
	// Limit rows are given and First is ignored.
	First, Limit int
	Follow       bool
	// Around, if not 0, is a handshake that the window is to contain (the row under the cursor): First is moved by as
	// much as eviction moved that row since, so that the screen stands still. AroundRow is its place in the window.
	Around    uint64
	AroundRow int
	// Order, if set, is what rows are taken from in place of Filter: sorted otherwise than by time. Around that is not in it counts as its first.
	Order *Order
	// Ladder, if not 0, is a handshake of which everything is wanted.
	Ladder uint64
	// Alerts asks for the list of alerts: the last AlertLimit of them, 0 for none.
	AlertLimit int
	// Deliveries says which deliveries are wanted.
	Deliveries DeliveryQuery

	// Expectations asks how what is expected stands; ExpectationLimit is how many requests or topics of each rule are wanted with it.
	Expectations     bool
	ExpectationLimit int

	// What the other screens show; nil and false for none. It is there only where Config.Survey was set.
	Sessions   *SessionQuery
	Topics     *TopicQuery
	Packets    *PacketQuery
	Statistics bool
}

// A Snapshot is a copy of the part of the state that a Query asks for, at one moment. It shares nothing with
// the engine and may be kept (that is what freezing the screen does). All texts from the wire in it are raw:
// escape them before showing.
type Snapshot struct {
	// Now is the time of the capture: that of the newest segment or tick. Ages are counted from it.
	Now    decode.Time
	Counts Counts
	// Sources is what each source says of itself.
	Sources []decode.SourceStats

	// Total is how many handshakes are kept, Matched how many of them the filter chose, First the place of Rows[0]
	// among those.
	Total, Matched, First int
	// Filtered is how much of what is kept the filter has looked at, 0 to 1, the newest first. While it is below 1, ask again.
	Filtered float64
	Rows     []Row

	// Ladder is the handshake asked for; nil where none was, or it is no longer kept.
	Ladder *Ladder
	// Alerts, those that last and are open first, then the others; each newest first.
	Alerts []Alert
	// Sessions, Topics, Packets and Statistics are what the Query asks for; nil for none.
	Sessions   *SessionList
	Topics     *TopicList
	Packets    *PacketList
	Statistics *Statistics
	// Stuck is how many handshakes state:stuck chooses among all that are kept, by the severity of their alert.
	Stuck Stuck
	// Deliveries is what the query asks for of them, and their totals.
	Deliveries Deliveries
	// Expectations is how each rule stands, in their order; last the requests of MQTT 5.0 where there were any. nil where the Query does not ask.
	Expectations []expect.Standing
}

// Counts are totals since the start. They only grow.
type Counts struct {
	Packets   [16]uint64 // by decode.Type
	Publish   [3]uint64  // by QoS
	Bytes     uint64     // of Control Packets
	Malformed uint64
	// FirstMalformed is the first of them: who sent it, and what is wrong with it. Empty where there is none.
	FirstMalformed string
	Handshakes     [2]Outcomes // QoS 1, QoS 2
	Alerts         map[handshake.AlertName]uint64
	// AlertsCritical are those of Alerts that were critical from the start, or became so.
	AlertsCritical map[handshake.AlertName]uint64
	// ConnectsRefused counts the CONNACK packets that refuse the connection, by the name of their code.
	ConnectsRefused map[string]uint64
	// Connections with at least one Control Packet; Sessions seen; Encrypted connections are in Sources.
	Connections, Sessions uint64
	// Lost and LostBytes count runs of bytes that did not become packets (gaps included).
	Lost, LostBytes uint64
	// Evicted counts finished handshakes that were dropped to keep to the bound Keep.
	Evicted uint64
	// Forgotten counts open handshakes that gave way to the bound on those.
	Forgotten uint64
	Keep      int
}

// Outcomes counts handshakes whose PUBLISH was seen by how they ended, and those first seen in the middle apart. Unknown are also those that are
// open, if their answer may have been missed.
type Outcomes struct {
	Complete, Refused, Abandoned, Unknown, Open uint64
	JoinedLate                                  uint64
}

// Stuck counts handshakes that are overdue now.
type Stuck struct{ Warn, Critical int }

func (s *Stuck) add(h *handshake.Handshake) {
	switch {
	case !isStuck(h):
	case h.Severity() == handshake.Critical:
		s.Critical++
	default:
		s.Warn++
	}
}

// Owed says which packet is owed, by whom, since when.
type Owed struct {
	Packet decode.Type // 0 where nothing is owed
	By     decode.Direction
	Since  decode.Time
}

// A Row is one handshake as a list shows it.
type Row struct {
	ID uint64
	// Client is the Client Identifier, or the client's address where ClientKnown is not set.
	Client      string
	ClientKnown bool
	Server      string
	Addr        netip.AddrPort // the client's, on its newest connection
	ServerAddr  netip.AddrPort // the Server's, likewise; not valid where it is not known
	Sender      decode.Direction
	Kind        handshake.Kind
	PacketID    uint16
	Topic       string
	// TopicUnknown is set where the Topic Name stands behind a Topic Alias set before the capture began.
	TopicUnknown bool
	Payload      int // length in bytes
	State        handshake.State
	Severity     handshake.Severity
	Reason       decode.ReasonCode
	Owes         Owed
	Started      decode.Time
	Ended        decode.Time // 0 while open
	Resends      int
	Retain       bool
	JoinedLate   bool
	Unsure       bool
	Offline      bool // open, while its session has no connection or has not sent it again on this one
	Version      decode.Version
	Source       string
	// Steps are the packets so far, oldest first; StepsDropped counts those beyond the bound.
	Steps        []handshake.Step
	StepsDropped int
}

// A Ladder is everything about one handshake.
type Ladder struct {
	Row
	// VersionAssumed is set where no CONNECT was seen.
	VersionAssumed bool
	// Packets holds, for each of Steps, the bytes of the Control Packet as far as they are still kept (nil: no longer).
	Packets []Raw
	// Links are the events of the session's connections between the first step and Now (at most 64): CONNECT,
	// CONNACK, close, gap.
	Links []handshake.LinkEvent
	// Alerts on this handshake and on its session, newest first.
	Alerts []Alert
	// InFlight and Limit tell how full the sender's window is; Limit is 0 where not known.
	InFlight, Limit int
	// LastFromClient and LastFromServer are when either end last sent anything on the session's connection.
	LastFromClient, LastFromServer decode.Time
	Connected                      bool
}

// Raw is the bytes of one Control Packet, as on the wire.
type Raw struct {
	Bytes   []byte // at most the bounds of decode.Options; nil where no longer kept
	Length  int64  // on the wire
	Version decode.Version
}

// An Alert as a list shows it.
type Alert struct {
	ID        uint64
	Name      handshake.AlertName
	Severity  handshake.Severity
	Raised    decode.Time
	Began     decode.Time // when that began of which Text gives the duration: before Raised where a packet is owed
	Outcome   handshake.Outcome
	Cleared   decode.Time // 0 while the condition lasts
	Last      decode.Time // when it last happened, for what happens at a point in time
	Count     int
	Lasting   bool   // a condition that lasts and can clear, not a point in time
	Handshake uint64 // its subject, 0 where it is not about one handshake
	Delivery  uint64 // the one that Text is about, 0 where it is about none
	Client    string
	PacketID  uint16
	By        decode.Direction // who owes, or did it
	// Sort tells apart what alerts of one name say: where it is the same, Text differs in numbers and names alone.
	Sort string
	// Fault is what is wrong with a packet, empty where that is not what the alert is about.
	Fault string
	// Text is one line: what is owed, by whom, since when. Detail has the rest: what still works, what it blocks.
	// Both are escaped already.
	Text, Detail string
}

// Snapshot copies what q asks for.
func (e *Engine) Snapshot(q Query) *Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &Snapshot{
		Now:    e.tracker.Now(),
		Counts: e.counts,
		Total:  e.store.len(),
	}
	s.Counts.Sessions, s.Counts.Forgotten = e.tracker.Sessions(), e.tracker.Forgotten()
	for h := range e.tracker.InFlight() {
		s.Stuck.add(h)
		if o := s.Counts.outcomes(h); h.Unsure && o != nil && !h.JoinedLate {
			o.Open--
			o.Unknown++
		}
	}
	s.Counts.Alerts, s.Counts.AlertsCritical = maps.Clone(e.tracker.Counted()), maps.Clone(e.tracker.CountedCritical())
	s.Counts.ConnectsRefused = maps.Clone(e.counts.ConnectsRefused)
	if e.sources != nil {
		s.Sources = e.sources()
	}
	e.rows(s, q)
	s.Deliveries = e.deliverySnapshot(q.Deliveries)
	if q.Ladder != 0 {
		s.Ladder = e.ladder(q.Ladder)
	}
	if q.Expectations {
		s.Expectations = e.standings(q.ExpectationLimit)
	}
	if q.AlertLimit > 0 {
		s.Alerts = e.alerts(q.AlertLimit, func(*handshake.Alert) bool { return true })
	}
	if e.survey != nil {
		e.surveyed(s, &q)
	}
	return s
}

// rows copies the window of rows that q asks for.
func (e *Engine) rows(s *Snapshot, q Query) {
	if q.Order != nil {
		e.orderedRows(s, q)
		return
	}
	l := e.list(q.Filter)
	s.Matched, s.Filtered = l.len(), e.view.progress(q.Filter)
	limit := min(max(q.Limit, 0), s.Matched)
	switch {
	case q.Follow:
		s.First = s.Matched - limit
	case q.Around != 0:
		s.First = l.place(q.Around) - q.AroundRow
	default:
		s.First = q.First
	}
	s.First = max(0, min(s.First, s.Matched-limit))
	s.Rows = make([]Row, limit)
	for i := range s.Rows {
		e.fillRow(&s.Rows[i], l.at(s.First+i))
	}
}

// fillRow copies h into r, whose memory it uses again.
func (e *Engine) fillRow(r *Row, h *handshake.Handshake) {
	session := h.Session
	info, connected := session.Conn()
	*r = Row{
		ID: h.ID, Client: session.ClientID, ClientKnown: session.ClientID != "", Server: e.serverNames.of(session),
		Sender: h.Sender, Kind: h.Kind, PacketID: h.PacketID, Topic: h.Topic, TopicUnknown: h.TopicUnknown, Payload: int(h.PayloadLength),
		State: h.Verdict(), Severity: h.Severity(), Reason: h.Reason, Started: h.Started(), Ended: h.Ended,
		Resends: int(h.Resends), Retain: h.Retain, JoinedLate: h.JoinedLate, Unsure: h.Unsure, Offline: !connected || h.Offline(),
		Version: session.Version, Steps: h.AppendSteps(r.Steps[:0]), StepsDropped: h.Dropped(),
	}
	if info != nil {
		r.Addr, r.ServerAddr, r.Source = info.Client, info.Server, info.Source
		if !r.ClientKnown && info.Client.IsValid() {
			r.Client = info.Client.String()
		}
	}
	if h.State.Open() {
		r.Owes.Packet, r.Owes.By = h.Owes()
		r.Owes.Since = h.Since
	}
}

// ladder copies everything about a handshake; nil where it is no longer kept.
func (e *Engine) ladder(id uint64) *Ladder {
	h := e.store.get(id)
	if h == nil {
		return nil
	}
	session := h.Session
	l := &Ladder{VersionAssumed: session.VersionAssumed}
	e.fillRow(&l.Row, h)
	for _, step := range l.Steps {
		l.Packets = append(l.Packets, e.raw.get(step.Ref))
	}
	for _, event := range session.Events() {
		if event.Time >= h.Started() && (h.Ended == 0 || event.Time <= h.Ended) {
			l.Links = append(l.Links, event)
		}
	}
	l.Alerts = e.alerts(ladderAlerts, func(a *handshake.Alert) bool {
		return a.Handshake == id || a.Session == session && a.Lasting && a.Cleared == 0
	})
	l.InFlight, l.Limit = session.Window(h.Sender)
	l.LastFromClient, _ = session.Last(decode.FromClient)
	l.LastFromServer, _ = session.Last(decode.FromServer)
	_, l.Connected = session.Conn()
	return l
}

// ladderAlerts bounds the alerts copied with a Ladder.
const ladderAlerts = 20

// alerts copies the newest alerts that pick chooses: first those that last and are open, then the others.
func (e *Engine) alerts(limit int, pick func(*handshake.Alert) bool) []Alert {
	var out []Alert
	now := e.tracker.Now()
	for _, open := range [2]bool{true, false} {
		e.tracker.Alerts(func(a *handshake.Alert) bool {
			if open == (a.Lasting && a.Cleared == 0) && pick(a) {
				out = append(out, alertOf(a, now))
			}
			return len(out) < limit
		})
	}
	return out
}

func alertOf(a *handshake.Alert, now decode.Time) Alert {
	out := Alert{
		ID: a.ID, Name: a.Name, Severity: a.Severity, Raised: a.Raised, Began: a.Began(), Cleared: a.Cleared, Outcome: a.Outcome, Last: a.Last, Count: a.Count,
		Lasting: a.Lasting, Handshake: a.Handshake, Delivery: delivery.About(a), PacketID: a.PacketID, By: a.By, Sort: a.Sort(), Text: a.Text(now), Detail: a.Detail(now),
	}
	if a.Fault != nil {
		out.Fault = a.Fault.Error()
	}
	out.Client = a.Session.ClientID
	if info, _ := a.Session.Conn(); out.Client == "" && info != nil && info.Client.IsValid() {
		out.Client = info.Client.String()
	}
	return out
}
