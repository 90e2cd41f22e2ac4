package handshake

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
)

// maxTexts and maxTextBytes bound the store of Topic Names and Client Identifiers; when it is full it starts again.
const (
	maxTexts     = 200_000
	maxTextBytes = 16 << 20
)

// text returns b as a string, the same memory for the same text, cut to MaxText bytes.
func (t *Tracker) text(b []byte) string {
	b = b[:min(len(b), MaxText)]
	if s, ok := t.texts[string(b)]; ok {
		return s
	}
	if len(t.texts) >= maxTexts || t.textSize >= maxTextBytes {
		clear(t.texts)
		t.textSize = 0
	}
	s := string(b)
	t.texts[s] = s
	t.textSize += len(s)
	return s
}

func (t *Tracker) newSession() *Session {
	t.lastSession++
	t.sessionCount++
	return &Session{ID: t.lastSession, expiry: 0xFFFFFFFF}
}

// clientName returns a Client Identifier as it is kept. Two that are longer than MaxText stay different by their hash.
func (t *Tracker) clientName(id []byte) string {
	if len(id) <= MaxText {
		return t.text(id)
	}
	h := fnv.New64a()
	h.Write(id)
	return t.text(append(slices.Clone(id[:MaxText-20]), "#"+strconv.FormatUint(h.Sum64(), 16)...))
}

func keyOf(l *Link, client string) sessionKey {
	return sessionKey{server: serverOf(l.Info.Server, l.Info.ServerName), client: client}
}

// sessionOf finds or makes the session of a Client Identifier at the server of l.
func (t *Tracker) sessionOf(l *Link, id []byte) *Session {
	name := t.clientName(id)
	key := keyOf(l, name)
	s := t.sessions[key]
	if s == nil {
		s = l.Session
		if s.key != (sessionKey{}) || s.open() > 0 {
			s = t.newSession()
		}
		s.key, s.ClientID = key, name
		t.sessions[key] = s
	}
	s.Server, s.ServerName = l.Info.Server, l.Info.ServerName // of a cluster this may be another node than before
	return s
}

// name gives a session the Client Identifier that the Server assigned (5.0 §3.2.2.3.7).
func (t *Tracker) name(s *Session, l *Link, id []byte) {
	name := t.clientName(id)
	key := keyOf(l, name)
	if t.sessions[key] != nil {
		return // in use: an assigned identifier must not be [MQTT-3.2.2-16], so whose it is cannot be told
	}
	s.key, s.ClientID = key, name
	t.sessions[key] = s
}

// dropSession forgets a nameless session that no connection refers to any longer.
func (t *Tracker) dropSession(s *Session) {
	if s.key == (sessionKey{}) {
		s.link = nil
		t.timers.cancel(s.expiring)
		t.forget(s)
	}
}

// rest notes that a session has no connection; the one that has rested longest is forgotten when there are too many.
func (t *Tracker) rest(s *Session) {
	if s.key == (sessionKey{}) {
		return
	}
	t.resting.push(s)
	if t.resting.size <= t.cfg.MaxSessions {
		return
	}
	oldest := t.resting.head
	t.resting.remove(oldest)
	t.endSession(oldest, Unknown)
	t.timers.cancel(oldest.expiring)
	delete(t.sessions, oldest.key)
	t.forget(oldest)
}

func (t *Tracker) forget(s *Session) {
	if t.observer != nil {
		t.observer.Forgotten(s)
	}
}

// restQueue is the sessions without a connection, in the order in which they lost it.
type restQueue struct {
	head, tail *Session
	size       int
}

func (q *restQueue) push(s *Session) {
	q.remove(s)
	s.restPrev = q.tail
	if q.tail == nil {
		q.head = s
	} else {
		q.tail.restNext = s
	}
	q.tail = s
	s.resting = true
	q.size++
}

func (q *restQueue) remove(s *Session) {
	if !s.resting {
		return
	}
	if s.restPrev == nil {
		q.head = s.restNext
	} else {
		s.restPrev.restNext = s.restNext
	}
	if s.restNext == nil {
		q.tail = s.restPrev
	} else {
		s.restNext.restPrev = s.restPrev
	}
	s.restPrev, s.restNext, s.resting = nil, nil, false
	q.size--
}

// leavingInOrder returns the connections on which DISCONNECT was seen but not their end, in an order that does not depend on chance.
func (t *Tracker) leavingInOrder() []*Link {
	var all []*Link
	for l := range t.leaving {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *Link) int { return cmp.Compare(a.Info.ID, b.Info.ID) })
	return all
}
