package delivery

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// maxSubscriptions bounds the subscriptions kept of one broker, and maxPending the SUBSCRIBE and UNSUBSCRIBE packets of one session that wait for their
// answer. A session that goes beyond has subscriptions that are not known.
const (
	maxSubscriptions = 1_000_000
	maxPending       = 64
)

// A session is what a Correlator knows of one session of a broker. There are thousands, so that what it takes for each message stands first: one line of the
// processor's cache for each session that a message is from or for, and one more where it is sent to it.
type session struct {
	of *handshake.Session
	l  *link // the newest connection; nil while there is none
	b  *broker
	id uint64

	// known is set where the beginning of the session, or what a resume says of it, was seen: what it subscribes to from there on is
	// sure. whole says that it has no subscriptions from before.
	known, whole bool
	ended        bool
	lost         bool // its connection is no longer followed, and no other has come
	room         bool // when the last one was sent there was room for more in its window

	// Times since which, or until which, something cannot be said; 0 is never.
	blind  decode.Time // bytes of its connection were missed; gap: bytes that the client sent
	gap    decode.Time
	unseen decode.Time // it may have subscribed, or unsubscribed, out of sight before

	began  decode.Time // the session began anew
	freed  decode.Time // a delivery to it ended
	tested decode.Time // of the newest message that reached it
	// overtaken is the latest time at which a message came in that was sent to it while what had come in before could have been sent too; by QoS 0, and above.
	overtaken [2]decode.Time
	most      int32    // that were in flight to it at once, on its newest connection
	misses    uint8    // at most policyMisses
	topics    [3]uint8 // of alerts that are told by topic: those of not-forwarded, qos-downgraded and qos-not-minimum
	// sent counts the bytes of PUBLISH packets sent to it within the second that began at sentFrom.
	sent     int64
	sentFrom decode.Time

	away         decode.Time // the last one ended
	subscribed   decode.Time // the last SUBSCRIBE or SUBACK
	unsubscribed decode.Time
	up           decode.Time // the newest connection was accepted
	reset        decode.Time // a connection ended otherwise than by the client's FIN
	crowded      decode.Time // the session last ended while copies waited for room in its window

	subs    map[string]*subscription // by filter
	pending map[uint16]*request

	stuck [2]stuck // see stuckSent and stuckQueued
}

// A link is what a Correlator knows of one connection. What it takes for each message is its first line of the cache, with all but the last of recent.
type link struct {
	of   *handshake.Link
	sess *session

	// recent are the routes of the last topics that were published to on it, as of the broker's change; tags tell which to look at.
	change    uint64
	tags      [4]uint16
	next      uint8
	bridge    bool
	clean     bool // ended with a normal DISCONNECT of the client
	maxPacket uint32
	recent    [4]*route

	will *will
	_    [48]byte
}

// A request is a SUBSCRIBE or UNSUBSCRIBE that waits for its answer.
type request struct {
	subs    []*subscription // what it asks for; those that it takes away, nil where there are none
	filters []string        // those that it takes away
	unknown bool            // it held more than is kept
	remove  bool
}

func (c *Correlator) sessionOf(of *handshake.Session) *session {
	s, _ := of.Attachment.(*session)
	if s == nil {
		s = &session{id: of.ID, of: of, b: c.brokerOf(of)}
		of.Attachment = s
	}
	return s
}

// senderOf is linkOf for a PUBLISH, with which the Attachment of the connection is not at hand.
func (c *Correlator) senderOf(l *handshake.Link, sender decode.Direction) *link {
	at := l.AttachmentOf(sender)
	if k, _ := (*at).(*link); k != nil && k.of == l && k.sess.l == k && k.sess.of == l.Session {
		return k
	}
	k := c.linkOf(l)
	*at = k
	return k
}

// linkOf returns the state of a connection, and makes it that of its session.
func (c *Correlator) linkOf(l *handshake.Link) *link {
	k, _ := l.Attachment.(*link)
	if k == nil {
		k = &link{of: l}
		l.Attachment = k
	}
	if k.sess == nil || k.sess.of != l.Session {
		k.sess = c.sessionOf(l.Session)
		k.recent = [len(k.recent)]*route{} // they may be another broker's
		if !l.Asked() {
			k.sess.b.partial, k.sess.b.stranger = true, c.tracker.Now()
		}
	}
	if k.sess.l != k && l.Session.Link() == l {
		k.sess.l, k.sess.lost = k, false
	}
	return k
}

// drop forgets all subscriptions of s.
func (s *session) drop() {
	for _, sub := range s.subs {
		s.remove(sub)
	}
	s.forgetPending()
}

func (s *session) forgetPending() {
	delete(s.b.asking, s)
	clear(s.pending)
}

// racing reports whether a subscription that is asked for, or given up, and not answered yet, matches a topic.
func (b *broker) racing(topic []byte) bool {
	if len(b.asking) == 0 {
		return false
	}
	if len(b.asking) > maxAsking {
		return true
	}
	for s := range b.asking {
		for _, r := range s.pending {
			for _, sub := range r.subs {
				if sub == nil {
					return true
				}
				if _, filter := shared(sub.filter); matches(filter, string(topic)) {
					return true
				}
			}
		}
	}
	return false
}

// maxAsking bounds the sessions that are looked at one by one.
const maxAsking = 64

// matches reports whether a Topic Filter matches a Topic Name.
func matches(filter, topic string) bool {
	if topic != "" && topic[0] == '$' && filter != "" && (filter[0] == '#' || filter[0] == '+') {
		return false
	}
	for moreFilter, moreTopic := true, true; ; {
		var want, level string
		want, filter, moreFilter = cutLevel(filter)
		if want == "#" && !moreFilter {
			return true
		}
		level, topic, moreTopic = cutLevel(topic)
		switch {
		case want != "+" && want != level:
			return false
		case !moreFilter || !moreTopic:
			return moreFilter == moreTopic || moreFilter && filter == "#"
		}
	}
}

func (s *session) add(sub *subscription) {
	if old := s.subs[sub.filter]; old != nil {
		s.remove(old)
	}
	if s.subs == nil {
		s.subs = make(map[string]*subscription)
	}
	s.subs[sub.filter] = sub
	b := s.b
	name, filter := shared(sub.filter)
	if name == "" {
		b.filters.add(filter, sub)
	} else {
		g := b.groups[sub.filter]
		if g == nil {
			g = &group{name: name, filter: filter}
			b.groups[sub.filter] = g
			b.filters.addGroup(filter, g)
		}
		sub.group = g
		g.members = append(g.members, sub)
	}
	b.changed(filter)
}

func (s *session) remove(sub *subscription) {
	if s.subs[sub.filter] != sub {
		return
	}
	delete(s.subs, sub.filter)
	b := s.b
	_, filter := shared(sub.filter)
	if g := sub.group; g != nil {
		drop(&g.members, sub)
		if len(g.members) == 0 {
			delete(b.groups, sub.filter)
			b.filters.removeGroup(filter, g)
		}
		sub.group = nil
	} else {
		b.filters.remove(filter, sub)
	}
	b.changed(filter)
}

// changed says that what matches filter may go elsewhere now.
func (b *broker) changed(filter string) {
	b.change++
	if strings.ContainsAny(filter, "+#") {
		b.stamp++
		return
	}
	if r := b.routes[filter]; r != nil {
		b.routed -= len(r.targets)
		b.routedBytes -= len(filter)
		for i := range r.groups {
			b.routed -= len(r.groups[i].members)
		}
		delete(b.routes, filter)
	}
}

// shared cuts a filter into the name of the group, "" where it has none, and what it matches (5.0 §4.8.2). Brokers take it from earlier versions too.
func shared(filter string) (name, rest string) {
	after, ok := strings.CutPrefix(filter, "$share/")
	if !ok {
		if rest, ok := strings.CutPrefix(filter, "$queue/"); ok { // EMQX: one group without a name
			return "$queue", rest
		}
		return "", filter
	}
	name, rest, ok = strings.Cut(after, "/")
	if !ok || name == "" || rest == "" {
		return "", filter
	}
	return name, rest
}

// Subscribing implements handshake.Observer.
func (c *Correlator) Subscribing(l *handshake.Link, p *decode.Packet) {
	k := c.linkOf(l)
	s := k.sess
	switch p.Type {
	case decode.SUBSCRIBE:
		s.subscribed = p.Time
		k.ask(p, false)
	case decode.UNSUBSCRIBE:
		s.unsubscribed = p.Time
		k.ask(p, true)
	case decode.SUBACK, decode.UNSUBACK:
		s.answered(p)
	}
}

// ask notes what a SUBSCRIBE or UNSUBSCRIBE asks for. What is unsubscribed is not expected from here on: when the broker acts on it is not seen.
func (k *link) ask(p *decode.Packet, remove bool) {
	s := k.sess
	if p.Subscribe == nil || p.Err != nil {
		s.whole = false
		return
	}
	if s.pending == nil {
		s.pending = make(map[uint16]*request)
	}
	if len(s.pending) >= maxPending && s.pending[p.PacketID] == nil {
		s.forgetPending()
		s.whole = false
	}
	r := &request{remove: remove}
	for i := range p.Subscribe.Filters {
		f := &p.Subscribe.Filters[i]
		if len(f.Filter) > maxFilter || s.b.filters.size+len(r.subs) >= maxSubscriptions {
			r.unknown = true
			r.subs, r.filters = append(r.subs, nil), append(r.filters, "")
			continue
		}
		sub := s.subs[string(f.Filter)]
		if remove {
			r.filters = append(r.filters, string(f.Filter))
		}
		switch {
		case remove && sub != nil:
			s.remove(sub)
		case !remove:
			sub = &subscription{
				sess: s, filter: string(f.Filter), id: p.Subscribe.SubscriptionID, qos: f.QoS,
				noLocal: f.NoLocal || k.bridge, asIs: f.RetainAsPublished, handling: f.RetainHandling,
			}
		}
		r.subs = append(r.subs, sub)
	}
	s.pending[p.PacketID] = r
	s.b.asking[s] = struct{}{}
}

// answered takes a SUBACK or UNSUBACK. A subscription counts with the QoS that was granted; one that failed does not.
func (s *session) answered(p *decode.Packet) {
	r := s.pending[p.PacketID]
	if p.Type == decode.SUBACK {
		s.subscribed = p.Time
	} else {
		s.unsubscribed = p.Time
	}
	if r == nil || r.remove != (p.Type == decode.UNSUBACK) || p.Err != nil {
		s.whole = false
		if p.Type == decode.UNSUBACK { // which of them went cannot be known
			s.drop()
		}
		return
	}
	delete(s.pending, p.PacketID)
	if len(s.pending) == 0 {
		delete(s.b.asking, s)
	}
	if r.unknown {
		s.whole = false
	}
	for i, sub := range r.subs {
		var code decode.ReasonCode
		if i < len(p.SubackCodes) {
			code = p.SubackCodes[i]
		} else if !r.remove {
			s.whole = false
			continue
		}
		switch {
		case r.remove && code < 0x80:
			if late := s.subs[r.filters[i]]; late != nil { // asked for before, and granted since
				s.remove(late)
			}
		case sub == nil:
		case r.remove:
			s.add(sub)
		case code >= 0x80:
			if old := s.subs[sub.filter]; old != nil {
				s.remove(old)
				s.whole = false
			}
		default:
			sub.qos, sub.since = min(uint8(code), 2), p.Time
			s.add(sub)
		}
	}
}

// unsure notes that s may have subscribed or unsubscribed out of sight.
func (s *session) unsure(now decode.Time) { s.unseen, s.whole, s.b.hidden = now, false, true }

// holds reports whether the subscriptions of t are sure to be there still: they were made since something was out of sight, or a message came by them since.
func (t *target) holds() bool {
	return t.since > t.sess.unseen || t.proven > t.sess.unseen || t.sess.unseen == 0
}

// online reports whether the session has a connection that was accepted.
func (s *session) online() bool { return s.l != nil && s.of.Link() == s.l.of && s.l.of.Connected() }
