package expect

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

type beatKey struct {
	rule   int
	broker handshake.ServerID
	topic  string
}

// A beat is one topic on which something is to be published again and again.
type beat struct {
	id      uint64
	rule    *Rule
	topic   string
	session *handshake.Session // of the publisher, or of the subscriber that gets it; nil where it was never seen
	ingress bool               // it is of the publisher
	last    decode.Time        // 0 where it was never seen
	from    decode.Time        // from when on its silence counts
	state   State
	why     Silence
	beats   int
	habit   *habit // of a rule whose times are learned
	alert   *handshake.Alert
	timer   timer
}

// neverSeen waits for the first message of a rule without wildcards.
func (w *Watcher) neverSeen(i int, r *Rule) {
	b := w.newBeat(beatKey{rule: i, topic: r.topic.filter()}, r)
	b.state, b.from = NeverSeen, w.tracker.Now()
	w.expectNext(b)
}

func (w *Watcher) newBeat(key beatKey, r *Rule) *beat {
	b := &beat{id: w.id(), rule: r, topic: key.topic}
	b.timer = timer{id: b.id, b: b}
	if r.Learned {
		b.habit = new(habit)
	}
	w.beats[key] = b
	w.counts.Topics++
	return b
}

// expectNext sets the time of the next message; while it is learned there is none.
func (w *Watcher) expectNext(b *beat) {
	if d := b.silence(); d > 0 {
		w.timers.set(&b.timer, b.from.Add(d))
	}
}

// heartbeat takes a live message on the topic of a rule.
func (w *Watcher) heartbeat(i int, r *Rule, ingress bool, l *handshake.Link, p *decode.Packet) {
	now := w.tracker.Now()
	w.counts.Beats++
	key := beatKey{i, l.Session.ServerID(), string(p.Topic)}
	b := w.beats[key]
	if b == nil {
		b = w.firstBeat(key, r)
	}
	if b == nil {
		return
	}
	gap, broken := now.Sub(max(b.from, w.missed(b))), b.state == Unknown || w.missed(b) > b.last
	was, late := b.state, b.late()
	if b.habit != nil {
		b.habit.heard(now, broken)
	}
	b.session, b.ingress, b.last, b.from, b.why = l.Session, ingress, now, now, 0
	b.beats++
	b.state = OK
	switch {
	case b.every() == 0:
		b.state = Learning
	case was == Learning:
	case was == Overdue || was == NeverSeen && b.alert != nil:
		b.state = Recovered
		w.counts.Silent--
	case b.beats == 1:
	case was != Unknown && gap > late:
		b.state = Late
	}
	if a := b.alert; a != nil {
		b.alert = nil
		w.tracker.Clear(a, handshake.Resolved)
	}
	if b.state != OK && b.state != Learning || b.beats == 1 || was == Unknown || was != b.state && was == Learning {
		w.tellBeat(b)
	}
	w.expectNext(b)
}

// firstBeat begins to follow a topic; nil where there are too many.
func (w *Watcher) firstBeat(key beatKey, r *Rule) *beat {
	unseen := beatKey{rule: key.rule, topic: key.topic}
	if b := w.beats[unseen]; b != nil && b.last == 0 {
		delete(w.beats, unseen)
		w.beats[key] = b
		return b
	}
	if len(w.beats) >= w.cfg.MaxTopics {
		w.counts.Dropped++
		return nil
	}
	return w.newBeat(key, r)
}

// beatDue acts on the silence of a topic.
func (w *Watcher) beatDue(b *beat) {
	now := w.tracker.Now()
	w.timers.cancel(&b.timer)
	if from := w.missed(b); from > b.from {
		b.from = from
		if again := from.Add(b.silence()); again > now {
			w.timers.set(&b.timer, again)
			return
		}
	}
	s := b.session
	if s != nil && (!b.ingress && s.Link() == nil || w.unseen(s)) || s == nil && len(w.links) == 0 { // nobody is in sight who would get it
		if b.state != Unknown && s != nil {
			b.state = Unknown
			w.tellBeat(b)
		}
		b.from = now
		w.expectNext(b)
		return
	}
	if s == nil {
		s = new(handshake.Session) // nobody
	}
	b.why = w.silence(b)
	if b.last != 0 {
		b.state = Overdue
	}
	w.counts.Silent++
	a := handshake.Alert{Name: handshake.HeartbeatOverdue, Severity: handshake.Warn, Topic: b.topic, Since: b.from, Owed: decode.PUBLISH}
	if b.last != 0 {
		a.Since = b.last
	}
	a.Teller = &beatTeller{rule: b.rule, every: b.every(), topic: b.topic, who: s.Name(), why: b.why, never: b.last == 0}
	b.alert = w.tracker.RaiseLasting(s, a)
	w.tellBeat(b)
}

// unseen reports whether nothing of a session's broker has been in sight since a connection was no longer followed, as between two captures.
func (w *Watcher) unseen(s *handshake.Session) bool {
	b := w.broker(s)
	return b.lost && b.up == 0
}

// missed returns until when a heartbeat may have been sent without being seen; 0 where it may not.
func (w *Watcher) missed(b *beat) decode.Time {
	if b.session == nil {
		var at decode.Time
		for _, of := range w.brokers {
			at = max(at, of.missing)
		}
		return at
	}
	at := w.broker(b.session).missing
	if !b.ingress { // what was published while the subscriber was away did not reach it
		at = max(at, lastConnack(b.session))
	}
	return at
}

// Silence says what is known of who should have published.
type Silence uint8

// What can be known.
const (
	_            Silence = iota
	SilentAlive          // connected, and sends other packets
	SilentLink           // connected as far as is seen
	SilentWill           // offline, by its Will
	SilentLeft           // disconnected
	SilentUnseen         // its connection is out of sight
)

func (w *Watcher) silence(b *beat) Silence {
	switch {
	case b.last == 0 || !b.ingress:
		return SilentUnseen
	case w.gone[b.session] != 0:
		return SilentWill
	case b.session.Link() == nil || !b.session.Link().Connected():
		return SilentLeft
	case b.session.Link().Last(decode.FromClient) > b.last.Add(time.Millisecond):
		return SilentAlive
	}
	return SilentLink
}

var silenceNames = [...]string{"", "alive", "connected", "offline by Will", "disconnected", "out of sight"}

func (s Silence) String() string { return silenceNames[s] }
