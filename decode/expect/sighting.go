package expect

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A sighting is one message. Each PUBLISH with its topic and payload belongs to one, so that it counts once.
type sighting struct {
	key      sightKey
	at       decode.Time
	ingress  bool       // its publisher is in sight
	requests []*request // that it makes, one for each rule
	sessions []uint64   // those to which a copy was sent
	own      *copied    // the publisher's handshake
	copies   []*copied
	echoed   bool // a copy was sent to mqttwatch itself
}

type sightKey struct {
	broker handshake.ServerID
	topic  uint64
	hash   uint64
	length int64
}

const (
	// horizon is for how long a message of a publisher in sight can have copies, fanout for one of which copies alone are in sight.
	horizon = 60 * time.Second
	fanout  = 2 * time.Second
	// overlap is within which an equal message to the same session is a second copy, for an overlapping subscription.
	overlap = 50 * time.Millisecond
	// resumed is for how long after a session was resumed its copies may be of messages that were queued.
	resumed = time.Second

	maxSightings = 20_000
	maxCopies    = 64
)

func (w *Watcher) sightKey(l *handshake.Link, p *decode.Packet) sightKey {
	return sightKey{l.Session.ServerID(), maphash.Bytes(w.seed, p.Topic), p.PayloadHash(), p.PayloadLength}
}

// copyOf finds the message that a PUBLISH to a client is a copy of: the oldest that its session does not have. known says that it is a copy, though
// perhaps of none of those kept.
func (w *Watcher) copyOf(key sightKey, session uint64, now decode.Time) (s *sighting, known bool) {
	all := w.sightings[key]
	for _, s := range all {
		known = known || s.ingress
		if slices.Contains(s.sessions, session) || !s.ingress && now.Sub(s.at) > fanout {
			continue
		}
		if len(s.sessions) < maxCopies {
			s.sessions = append(s.sessions, session)
		}
		return s, true
	}
	if n := len(all); n > 0 && now.Sub(all[n-1].at) < overlap {
		return all[n-1], true
	}
	return nil, known
}

// sight notes a message.
func (w *Watcher) sight(key sightKey, now decode.Time, ingress bool) *sighting {
	for len(w.recent) > 0 && (len(w.recent) >= maxSightings || now.Sub(w.recent[0].at) > horizon) {
		w.forgetSighting()
	}
	s := &sighting{key: key, at: now, ingress: ingress}
	w.recent = append(w.recent, s)
	w.sightings[key] = append(w.sightings[key], s)
	return s
}

func (w *Watcher) forgetSighting() {
	s := w.recent[0]
	w.recent[0] = nil
	w.recent = w.recent[1:]
	all := w.sightings[s.key]
	if len(all) <= 1 {
		delete(w.sightings, s.key)
		return
	}
	w.sightings[s.key] = all[1:]
}

// message takes a PUBLISH that is no resend.
func (w *Watcher) message(l *handshake.Link, p *decode.Packet, h *handshake.Handshake) {
	concerns := w.concerns(p)
	if !concerns && len(w.sightings) == 0 {
		return
	}
	key := w.sightKey(l, p)
	now := w.tracker.Now()
	ingress := p.Dir == decode.FromClient
	if !ingress {
		s, known := w.copyOf(key, l.Session.ID, now)
		if s != nil && len(s.requests) > 0 {
			w.forwarded(s, l, p, h)
		}
		if known || p.Retain || now.Sub(lastConnack(l.Session)) < resumed && l.Resumed() {
			return
		}
	}
	if !concerns {
		return
	}
	s := w.sight(key, now, ingress)
	if !ingress {
		s.sessions = append(s.sessions, l.Session.ID)
	}
	w.take(s, l, p, h)
}

// concerns reports whether a message can be a request, an answer or a heartbeat.
func (w *Watcher) concerns(p *decode.Packet) bool {
	for _, r := range w.cfg.Rules {
		if _, ok := r.topic.match(p.Topic); ok {
			return true
		}
		if r.Heartbeat {
			continue
		}
		if _, ok := r.answer.match(p.Topic); ok {
			return true
		}
	}
	if !w.cfg.Responses || p.Version != decode.V5 || len(p.Properties.Raw()) == 0 {
		return false
	}
	_, ok := p.Properties.Get(decode.CorrelationData)
	return ok
}

// take holds a new message against each rule.
func (w *Watcher) take(s *sighting, l *handshake.Link, p *decode.Packet, h *handshake.Handshake) {
	ruled := false
	for i, r := range w.cfg.Rules {
		key, asks := r.topic.match(p.Topic)
		switch {
		case asks && r.Heartbeat:
			w.heartbeat(i, r, s.ingress, l, p)
		case asks:
			if key, ok := r.correlate(key, p); ok {
				ruled = true
				w.request(chainKey{l.Session.ServerID(), i, key}, r, s, l, p, h)
			}
		case r.Heartbeat:
		default:
			key, ok := r.answer.match(p.Topic)
			if key, is := r.correlate(key, p); ok && is {
				w.answer(chainKey{l.Session.ServerID(), i, key}, r, l, p)
			}
		}
	}
	if w.cfg.Responses && p.Version == decode.V5 {
		w.byProperties(s, ruled, l, p, h)
	}
}

// lastConnack is when the newest connection of a session was accepted.
func lastConnack(s *handshake.Session) decode.Time {
	events := s.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == handshake.LinkConnack {
			return events[i].Time
		}
	}
	return 0
}
