package handshake

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// alertStore keeps the alerts raised, within a bound, and finds those that go on.
type alertStore struct {
	all   []*Alert // oldest first
	byKey map[alertKey]*Alert
	max   int
	room  int // how many before the next tidying up
	last  uint64
	// dropped counts the alerts that are no longer kept.
	dropped uint64
}

func newAlertStore(limit int) alertStore {
	return alertStore{byKey: make(map[alertKey]*Alert), max: limit, room: limit}
}

func (s *alertStore) add(a *Alert) {
	s.last++
	a.ID = s.last
	s.all = append(s.all, a)
	if len(s.all) > s.room {
		s.drop()
	}
}

// drop makes room by forgetting the older half, but for what lasts.
func (s *alertStore) drop() {
	kept := s.all[:0]
	half := len(s.all) / 2
	for i, a := range s.all {
		if i >= half || a.Lasting && a.Cleared == 0 {
			kept = append(kept, a)
			continue
		}
		if s.byKey[a.key] == a {
			delete(s.byKey, a.key)
		}
		s.dropped++
	}
	clear(s.all[len(kept):])
	s.all = kept
	s.room = max(s.max, 2*len(kept)) // where all of them last, looking at them each time would be quadratic
}

// Alerts calls fn for the alerts kept, newest first, until it returns false.
func (t *Tracker) Alerts(fn func(*Alert) bool) {
	for i := len(t.alerts.all) - 1; i >= 0; i-- {
		if !fn(t.alerts.all[i]) {
			return
		}
	}
}

// Counted tells how many alerts of each name were raised. The map is the Tracker's own.
func (t *Tracker) Counted() map[AlertName]uint64 { return t.counted }

// CountedCritical tells how many of them were critical from the start, or became so. The map is the Tracker's own.
func (t *Tracker) CountedCritical() map[AlertName]uint64 { return t.grave }

func (t *Tracker) raise(a *Alert) {
	a.Raised, a.Last, a.Count = t.stamp, t.stamp, 1
	if a.muted = t.muted[a.Name]; a.muted {
		return
	}
	t.alerts.add(a)
	t.counted[a.Name]++
	if a.Severity >= Critical {
		t.grave[a.Name]++
	}
	t.record(AlertRaised, nil, a)
}

func (t *Tracker) clear(a *Alert, how Outcome) {
	if a.muted {
		return
	}
	a.Outcome = how
	a.Cleared = max(t.stamp, a.Raised)
	t.recorder.Record(Event{Kind: AlertCleared, Time: a.Cleared, Alert: a})
}

func (t *Tracker) escalate(a *Alert, severity Severity) {
	if a.Severity >= severity || a.muted {
		return
	}
	if a.Severity = severity; severity >= Critical {
		t.grave[a.Name]++
	}
	t.record(AlertEscalated, nil, a)
}

// raisePoint raises an alert about something that happened just now on l, or counts it where the same happened before in the session: the same name,
// sending side and detail.
func (t *Tracker) raisePoint(l *Link, a Alert, detail string) *Alert {
	key := alertKey{name: a.Name, session: l.Session.ID, side: a.Sender, detail: detail}
	if a.Name == DisconnectWithInflight || a.Name == SessionLostInflight {
		key.link = l.Info.ID + 1 // each connection that ends so is its own event
	}
	return t.raiseAt(l.Session, l, a, key)
}

// raiseAt raises a, or counts it where an alert of that key was raised before.
func (t *Tracker) raiseAt(s *Session, l *Link, a Alert, key alertKey) *Alert {
	if t.muted[a.Name] {
		a.muted = true
		return &a
	}
	if old := t.alerts.byKey[key]; old != nil {
		old.Count++
		old.Last = max(old.Last, t.stamp)
		old.Handshake, old.PacketID = a.Handshake, a.PacketID
		old.Bytes += a.Bytes
		return old
	}
	a.Session, a.link, a.key = s, l, key
	t.alerts.byKey[key] = &a
	t.raise(&a)
	return &a
}

// raiseLink raises a lasting alert about a connection; slot says which.
func (t *Tracker) raiseLink(l *Link, slot int, a Alert) {
	if l.alert(slot) != nil {
		return
	}
	if l.open == nil {
		l.open = new(openAlerts)
	}
	a.Session, a.link, a.Lasting = l.Session, l, true
	l.open[slot] = &a
	t.raise(&a)
}

// cancelLink stops a timer of a connection and clears the alert that it may have raised: what was missing has come.
func (t *Tracker) cancelLink(l *Link, d *timer, slot int) { t.endLink(l, d, slot, Resolved) }

// endLink is cancelLink for any outcome.
func (t *Tracker) endLink(l *Link, d *timer, slot int, how Outcome) {
	t.timers.cancel(d)
	if a := l.alert(slot); a != nil {
		l.open[slot] = nil
		t.clear(a, how)
	}
}

func (t *Tracker) startLink(l *Link, d **timer, kind timerKind, at decode.Time) {
	if *d == nil {
		*d = &timer{kind: kind, l: l, order: l.Info.ID}
	}
	t.startTimer(*d, at)
}

// stopLink stops all timers of a connection that ends and clears its alerts.
func (t *Tracker) stopLink(l *Link, how Outcome) {
	t.endLink(l, l.connack, linkConnack, how)
	t.endLink(l, l.ping, linkPing, how)
	t.endLink(l, l.alive, linkAlive, how)
	for side := range l.windows {
		t.endLink(l, l.windows[side], linkWindow+side, how)
		t.endLink(l, l.resumes[side], linkResume+side, how)
		t.endLink(l, nil, linkLatency+side, how)
		t.endLink(l, l.stall[side], linkStall+side, how)
	}
}

// firstLook is after how long a handshake is looked at first.
func (c *Config) firstLook() time.Duration {
	if c.Learn {
		return min(leastLearned, c.Warn)
	}
	return c.Warn
}

// waited decides about a handshake that has waited for firstLook: it is overdue, or will be at the time that its peer deserves.
func (t *Tracker) waited(h *Handshake) {
	due := h.Since.Add(t.patience(h))
	if due <= t.now {
		t.overdue(h)
		return
	}
	h.due = &timer{kind: timerOverdue, h: h, order: h.ID}
	t.startTimer(h.due, due)
}

var overdueNames = [...]AlertName{
	AwaitingPuback: PubackOverdue, AwaitingPubrec: PubrecOverdue, AwaitingPubrel: PubrelOverdue,
	AwaitingPubcomp: PubcompOverdue, AwaitingSuback: SubackOverdue,
}

// overdue raises the alert of a packet that has been owed for Config.Warn.
func (t *Tracker) overdue(h *Handshake) {
	if _, by := h.Owes(); t.oneSided(h.link, by) {
		return
	}
	severity := Warn
	if h.State == AwaitingPubrel { // nothing but the sender's own doing stands between PUBREC and PUBREL
		severity = Critical
	}
	owed, by := h.Owes()
	h.alert = &Alert{
		Name: overdueNames[h.State], Severity: severity, Lasting: true, Session: h.Session, link: h.link,
		Handshake: h.ID, PacketID: h.PacketID, Kind: h.Kind, Sender: h.Sender, Topic: h.Topic,
		Owed: owed, By: by, Since: h.Since,
	}
	t.raise(h.alert)
	if h.Attachment != nil {
		t.observer.Overdue(h)
	}
	if severity == Warn && h.Kind.Publish() {
		h.due = &timer{kind: timerCritical, h: h, order: h.ID}
		t.startTimer(h.due, max(t.now, h.Since.Add(t.cfg.Critical)))
	}
}

func (t *Tracker) critical(h *Handshake) {
	h.due = nil
	t.escalate(h.alert, Critical)
}

func (t *Tracker) clearHandshakeAlert(h *Handshake, how Outcome) {
	if a := h.alert; a != nil {
		h.alert = nil
		t.clear(a, how)
	}
}

// aboutPacket fills an alert about a packet that was out of place; h may be nil.
func aboutPacket(name AlertName, severity Severity, p *decode.Packet, h *Handshake) Alert {
	a := Alert{Name: name, Severity: severity, PacketID: p.PacketID, Owed: p.Type, By: p.Dir, Sender: p.Dir, Reason: p.ReasonCode}
	if h != nil {
		a.Handshake, a.Kind, a.Topic, a.Sender, a.Since = h.ID, h.Kind, h.Topic, h.Sender, h.Since
		a.OldestOwed, _ = h.Owes()
	}
	return a
}

func (t *Tracker) identifierZero(l *Link, p *decode.Packet) {
	t.raisePoint(l, aboutPacket(PacketIDZero, Critical, p, nil), p.Type.String())
}

func (t *Tracker) identifierInUse(l *Link, p *decode.Packet, h *Handshake) {
	t.raisePoint(l, aboutPacket(PacketIDInUse, Critical, p, h), "")
}

func (t *Tracker) mismatch(l *Link, p *decode.Packet, h *Handshake) {
	t.raisePoint(l, aboutPacket(AckTypeMismatch, Critical, p, h), p.Type.String())
}

// unexpectedRepeats is how often a side may acknowledge what is not known before that is more than a curiosity.
const unexpectedRepeats = 3

func (t *Tracker) unexpectedAck(l *Link, p *decode.Packet, sender decode.Direction) {
	if l.deaf[p.Dir.Opposite()] {
		return
	}
	a := aboutPacket(UnexpectedAck, Info, p, nil)
	a.Sender = sender
	if raised := t.raisePoint(l, a, ""); raised.Count >= unexpectedRepeats {
		t.escalate(raised, Warn)
	}
}

// priorAck notes an acknowledgement on this connection of a PUBLISH that was sent on an earlier one and not sent again: only PUBLISH and PUBREL are
// sent again after a resume [MQTT-4.4.0-1].
func (t *Tracker) priorAck(h *Handshake, l *Link, p *decode.Packet) {
	if h.link == l || h.link == nil || p.Dir == h.Sender || h.JoinedLate || h.side.flow.partial { // it may have been sent again out of sight
		return
	}
	a := aboutPacket(UnexpectedAck, Info, p, h)
	a.Prior = true
	t.raisePoint(l, a, "")
}

// refused raises publish-refused, and packet-id-in-use where the receiver says that it is that.
func (t *Tracker) refused(l *Link, h *Handshake) {
	a := Alert{
		Name: PublishRefused, Severity: Warn, Handshake: h.ID, PacketID: h.PacketID, Kind: h.Kind, Sender: h.Sender,
		Topic: h.Topic, Reason: h.Reason, By: h.Sender.Opposite(), Since: h.Started(),
	}
	t.raisePoint(l, a, h.Topic+"\x00"+string(rune(h.Reason)))
	if h.Reason == reasonInUse {
		a.Name, a.Severity = PacketIDInUse, Critical
		t.raisePoint(l, a, "peer")
	}
}
