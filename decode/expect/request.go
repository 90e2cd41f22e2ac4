package expect

import (
	"encoding/json"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// chainKey is what makes a message the answer to a request: the rule (-1 for the properties of MQTT 5.0), and what both share.
type chainKey struct {
	broker handshake.ServerID
	rule   int
	key    string
}

// A chain is the requests that the same answer can belong to.
type chain struct {
	open []*request // that wait for an answer, in time or not, oldest first
	last *request   // the last that was answered, until its time is over
}

// A request is a message that is to be answered.
type request struct {
	id       uint64
	key      chainKey
	rule     *Rule // nil for one of MQTT 5.0
	s        *sighting
	session  *handshake.Session // of the publisher; of a subscriber where that is out of sight
	link     *handshake.Link
	topic    string
	within   time.Duration
	at       decode.Time
	commit   decode.Time // when the broker took it; 0 where that was not seen
	state    State
	answered decode.Time
	answer   string
	answers  int
	origin   uint64
	shared   bool // other requests waited for the same answer
	reason   decode.ReasonCode
	fate     Fate
	alert    *handshake.Alert
	timer    timer
}

// A copied is one handshake with a request in it: the publisher's, or a copy to a subscriber.
type copied struct {
	s       *sighting
	h       *handshake.Handshake // nil for QoS 0, and once it has ended
	id      uint64               // of h, 0 for QoS 0
	session *handshake.Session
	qos     uint8
	ingress bool
	state   handshake.State // once it has ended
}

// maxCorrelation bounds what is kept of Correlation Data, and of a JSON field.
const maxCorrelation = 1024

// correlate adds the JSON field that a rule names to what request and answer share; ok is false where the payload has none.
func (r *Rule) correlate(key string, p *decode.Packet) (string, bool) {
	if r.Field == "" {
		return key, true
	}
	if int64(len(p.Payload)) != p.PayloadLength {
		return "", false // too large to be kept whole
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(p.Payload, &fields) != nil {
		return "", false
	}
	value := fields[r.Field]
	if len(value) == 0 || len(value) > maxCorrelation {
		return "", false
	}
	return key + string(value), true
}

// byProperties takes a message of MQTT 5.0: it may answer a request that asked for it by Response Topic and Correlation Data, or be one. Only a request
// whose client is in sight is followed: the answer goes to it.
func (w *Watcher) byProperties(s *sighting, ruled bool, l *handshake.Link, p *decode.Packet, h *handshake.Handshake) {
	data, has := p.Properties.Get(decode.CorrelationData)
	if !has || len(data.Bytes) > maxCorrelation {
		return
	}
	answers := chainKey{l.Session.ServerID(), -1, string(p.Topic) + "\x00" + string(data.Bytes)}
	if w.chains[answers] != nil {
		w.answer(answers, nil, l, p)
	}
	topic, asks := p.Properties.Get(decode.ResponseTopic)
	if !asks || ruled || !s.ingress || len(topic.Bytes) > handshake.MaxText {
		return
	}
	w.request(chainKey{l.Session.ServerID(), -1, string(topic.Bytes) + "\x00" + string(data.Bytes)}, nil, s, l, p, h)
}

// request follows a new request.
func (w *Watcher) request(key chainKey, rule *Rule, s *sighting, l *handshake.Link, p *decode.Packet, h *handshake.Handshake) {
	if len(w.requests) >= 2*w.cfg.MaxRequests {
		w.tidy()
	}
	r := &request{
		id: w.id(), key: key, rule: rule, s: s, session: l.Session, link: l, topic: string(p.Topic), within: DefaultWithin, at: w.tracker.Now(),
	}
	w.become(r, Pending)
	r.timer = timer{id: r.id, r: r}
	if rule != nil {
		r.within = rule.Within
	}
	w.counts.Requests++
	w.counts.Open++
	w.requests = append(w.requests, r)
	c := w.chains[key]
	if c == nil {
		c = new(chain)
		w.chains[key] = c
	}
	for _, o := range c.open {
		if o.state == Pending { // of one whose time is over it is clear that it was not answered
			o.shared, r.shared = true, true
		}
	}
	c.open = append(c.open, r)
	s.requests = append(s.requests, r)
	if s.ingress && w.cfg.Origin != nil {
		r.origin = w.cfg.Origin()
	}
	if !s.ingress || p.QoS == 0 {
		r.commit = r.at
	}
	if len(s.requests) == 1 {
		w.follow(s, l, p, h, s.ingress)
	}
	w.timers.set(&r.timer, r.at.Add(r.within))
	for int(w.counts.Open) > w.cfg.MaxRequests {
		w.dropEldest()
	}
}

// follow asks to be told of the handshake of a request, or of a copy of it.
func (w *Watcher) follow(s *sighting, l *handshake.Link, p *decode.Packet, h *handshake.Handshake, ingress bool) {
	if l.Info.Source == "client" && !ingress {
		s.echoed = true
		return // mqttwatch itself: no device
	}
	c := &copied{s: s, h: h, session: l.Session, qos: p.QoS, ingress: ingress}
	if h != nil {
		h.Followed, c.id = true, h.ID
		w.followed[h.ID] = c
	}
	if ingress {
		s.own = c
	} else if len(s.copies) < maxCopies {
		s.copies = append(s.copies, c)
	}
}

// forwarded takes a copy of a request to a subscriber: the broker has taken it by then.
func (w *Watcher) forwarded(s *sighting, l *handshake.Link, p *decode.Packet, h *handshake.Handshake) {
	w.follow(s, l, p, h, false)
	w.commit(s)
}

// commit notes that the broker took a message. The time for the answer runs from here.
func (w *Watcher) commit(s *sighting) {
	for _, r := range s.requests {
		if r.commit != 0 {
			continue
		}
		r.commit = w.tracker.Now()
		if r.state == Pending {
			w.timers.set(&r.timer, r.commit.Add(r.within))
		}
	}
}

// stepped takes an acknowledgement of the handshake of a request, or of a copy of it. Of QoS 2 the broker may send the message on at PUBREL only.
func (w *Watcher) stepped(c *copied, p *decode.Packet) {
	if !c.ingress {
		return
	}
	switch p.Type {
	case decode.PUBACK, decode.PUBREC:
		for _, r := range c.s.requests {
			r.reason = p.ReasonCode
		}
		if p.ReasonCode >= 0x80 {
			w.refused(c.s)
		} else if p.Type == decode.PUBACK {
			w.commit(c.s)
		}
	case decode.PUBREL, decode.PUBCOMP:
		w.commit(c.s)
	}
}

// refused takes that the broker did not take a request: there is nothing to wait for.
func (w *Watcher) refused(s *sighting) {
	for _, r := range s.requests {
		if r.state == Pending {
			w.unanswered(r)
		}
	}
}

// answer takes a message that answers the requests of key: the oldest that is in time, or else the newest that is late.
func (w *Watcher) answer(key chainKey, rule *Rule, l *handshake.Link, p *decode.Packet) {
	c := w.chains[key]
	if c == nil || len(c.open) == 0 {
		if c != nil && c.last != nil {
			c.last.answers++
			return
		}
		if rule != nil {
			w.noRequest(rule, l, p)
		}
		return
	}
	i := 0
	for i < len(c.open)-1 && c.open[i].state != Pending {
		i++
	}
	r := c.open[i]
	if r.at >= w.tracker.Now() && !r.s.ingress {
		return
	}
	r.shared = r.shared || len(c.open) > 1 // it may be the late answer to another
	c.open = append(c.open[:i], c.open[i+1:]...)
	r.answered, r.answer, r.answers = w.tracker.Now(), string(p.Topic), 1
	if r.state == Pending {
		w.become(r, Answered)
		w.counts.Open--
		w.counts.Answered++
	} else {
		w.become(r, Late)
	}
	if old := c.last; old != nil {
		w.closeLast(c)
	}
	c.last = r
	if a := r.alert; a != nil {
		r.alert = nil
		w.tracker.Clear(a, handshake.Resolved)
	}
	w.tell(r)
	w.timers.set(&r.timer, max(r.answered, r.at.Add(r.within)))
}

// closeLast ends the time in which further answers are counted for the last request that was answered.
func (w *Watcher) closeLast(c *chain) {
	r := c.last
	c.last = nil
	w.timers.cancel(&r.timer)
	if r.answers > 1 {
		w.tell(r)
	}
}

// patience is how long after its time a request is still waited for.
func (r *request) patience() time.Duration { return max(10*r.within, time.Minute) }

// requestDue acts on the deadline of a request.
func (w *Watcher) requestDue(r *request) {
	w.timers.cancel(&r.timer)
	switch r.state {
	case Pending:
		if w.cannotKnow(r) {
			w.become(r, Unknown)
			w.counts.Open--
			w.counts.Unknown++
			w.tell(r)
			w.forget(r)
			return
		}
		w.unanswered(r)
	case Unanswered:
		w.forget(r)
	default:
		if c := w.chains[r.key]; c != nil && c.last == r {
			w.closeLast(c)
			w.release(r.key, c)
		}
	}
}

// cannotKnow reports whether the answer to r may have been sent without being in the capture.
func (w *Watcher) cannotKnow(r *request) bool {
	b := w.broker(r.session)
	if b.missing >= r.at || b.up == 0 {
		return true
	}
	if r.rule != nil {
		return r.session.Link() == r.link && r.link.Deaf(decode.FromServer)
	}
	return r.session.Link() != r.link || !r.link.Connected() || r.link.Deaf(decode.FromServer)
}

// unanswered gives up on an answer in time.
func (w *Watcher) unanswered(r *request) {
	w.become(r, Unanswered)
	r.fate = r.where()
	var held []string
	if r.fate == FateUnseen && r.origin != 0 {
		if names, ok := w.cfg.Held(r.origin); ok {
			if r.fate, held = FateNoSubscriber, names; len(held) > 0 {
				r.fate = FateNotForwarded
			}
		}
	}
	w.counts.Open--
	w.counts.Failed++
	t := &requestTeller{r: r, session: r.session.Name(), detail: r.story(w.tracker.Now(), held)}
	a := handshake.Alert{Name: handshake.ResponseOverdue, Severity: handshake.Warn, Topic: r.topic, Since: r.at, Owed: decode.PUBLISH, Teller: t}
	if r.s.own != nil {
		a.Handshake = r.s.own.id
	}
	r.alert = w.tracker.RaiseLasting(r.session, a)
	w.tell(r)
	w.timers.set(&r.timer, w.tracker.Now().Add(r.patience()))
}

// forget gives up on an answer altogether.
func (w *Watcher) forget(r *request) {
	if a := r.alert; a != nil {
		r.alert = nil
		w.tracker.Clear(a, handshake.Unmet)
	}
	w.timers.cancel(&r.timer)
	c := w.chains[r.key]
	if c == nil {
		return
	}
	for i, o := range c.open {
		if o == r {
			c.open = append(c.open[:i], c.open[i+1:]...)
			break
		}
	}
	w.release(r.key, c)
}

func (w *Watcher) release(key chainKey, c *chain) {
	if len(c.open) == 0 && c.last == nil {
		delete(w.chains, key)
	}
}

// keepDone is how many requests that are done stay to be shown, at the most.
const keepDone = 200

// tidy takes those that are done out of the list of requests, but for the last few.
func (w *Watcher) tidy() {
	kept, shown := w.requests[:0], len(w.requests)-min(keepDone, w.cfg.MaxRequests/2)
	for i, r := range w.requests {
		if r.timer.place > 0 || i >= shown {
			kept = append(kept, r)
		}
	}
	clear(w.requests[len(kept):])
	w.requests = kept
	for len(w.requests) >= w.cfg.MaxRequests { // those that are late: nobody waits for them as much as for new ones
		if r := w.requests[0]; r.timer.place > 0 {
			w.drop(r)
		}
		w.requests = w.requests[1:]
	}
}

func (w *Watcher) dropEldest() {
	for i, r := range w.requests {
		if r.state == Pending && r.timer.place > 0 {
			w.drop(r)
			w.requests = append(w.requests[:i], w.requests[i+1:]...)
			return
		}
	}
}

func (w *Watcher) drop(r *request) {
	w.counts.Dropped++
	if r.state == Pending {
		w.become(r, Unknown)
		w.counts.Open--
		w.counts.Unknown++
	}
	if c := w.chains[r.key]; c != nil && c.last == r {
		w.closeLast(c)
	}
	w.forget(r)
}
