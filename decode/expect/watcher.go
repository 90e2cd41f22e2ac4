package expect

import (
	"hash/maphash"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Config sets up a Watcher. Zero values mean the defaults.
type Config struct {
	Rules []*Rule
	// Responses follows the requests of MQTT 5.0 that say themselves where they want their answer, where their client is in sight.
	Responses bool
	// MaxRequests bounds the requests that wait for an answer, the eldest giving way, and MaxTopics the topics with a heartbeat; defaults 10,000 and
	// 100,000. A request takes about 1 kB, a topic about 400 bytes.
	MaxRequests, MaxTopics int
	// Origin and Held, if set, ask who follows messages to their subscribers: Origin for the number of the message that was published just now, Held
	// for the subscribers in sight to which it has to be sent and was not; ok is false where that is not known.
	Origin func() uint64
	Held   func(origin uint64) (subscribers []string, ok bool)
}

// Counts are totals since the start.
type Counts struct {
	// Requests counts those followed, Open those of them that may still be answered in time, Failed those that were not, and Unknown those of which
	// bytes are missing.
	Requests, Open, Answered, Failed, Unknown uint64
	// NoRequest counts answers without a request.
	NoRequest uint64
	// Topics counts those with a heartbeat, Silent those of them that are overdue now, Beats the messages on them.
	Topics, Silent, Beats uint64
	// Dropped counts requests and topics that were not followed, or not to the end, to keep to the bounds.
	Dropped uint64
}

// A Recorder is told when the state of a request or of a topic changed. What it is given is valid until it returns.
type Recorder interface{ Expectation(x *Expectation) }

// A broker is what is known of one Server.
type broker struct {
	up      int         // connections that stand
	missing decode.Time // when bytes of a connection were last found missing
	lost    bool        // a connection is no longer followed, and no other has come since
}

// maxBrokers bounds the brokers that are told apart.
const maxBrokers = 10_000

// Watcher holds messages against rules. It has one owner, that of its Tracker, no locks and no clock.
type Watcher struct {
	cfg      Config
	tracker  *handshake.Tracker
	recorder Recorder
	counts   Counts
	seed     maphash.Seed
	started  bool
	last     uint64 // Expectation.ID

	brokers map[handshake.ServerID]*broker
	links   map[*handshake.Link]bool // those that stand, which are Noted; true with a Will Message to be published
	gone    map[*handshake.Session]decode.Time

	sightings map[sightKey][]*sighting
	recent    []*sighting // oldest first

	tallies  []tally // of requests, by rule; the last is of MQTT 5.0
	chains   map[chainKey]*chain
	requests []*request // in the order of ID, for the bound; may hold some that are done
	followed map[uint64]*copied

	beats  map[beatKey]*beat
	timers timers
}

// New returns a Watcher that observes t, beside the Observer that there may be. Nothing may have been given to t yet.
func New(cfg Config, t *handshake.Tracker, r Recorder) *Watcher {
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 10_000
	}
	if cfg.MaxTopics <= 0 {
		cfg.MaxTopics = 100_000
	}
	w := &Watcher{
		cfg: cfg, tracker: t, recorder: r, seed: maphash.MakeSeed(), tallies: make([]tally, len(cfg.Rules)+1),
		brokers: make(map[handshake.ServerID]*broker), links: make(map[*handshake.Link]bool), gone: make(map[*handshake.Session]decode.Time),
		sightings: make(map[sightKey][]*sighting), chains: make(map[chainKey]*chain), followed: make(map[uint64]*copied), beats: make(map[beatKey]*beat),
	}
	t.AddObserver(w)
	return w
}

// Counts returns the totals.
func (w *Watcher) Counts() Counts { return w.counts }

func (w *Watcher) broker(s *handshake.Session) *broker {
	key := s.ServerID()
	b := w.brokers[key]
	if b == nil && len(w.brokers) >= maxBrokers {
		key = handshake.ServerID{}
		b = w.brokers[key]
	}
	if b == nil {
		b = new(broker)
		w.brokers[key] = b
	}
	return b
}

// see notes that a connection stands.
func (w *Watcher) see(l *handshake.Link) {
	if !l.Noted {
		l.Noted, w.links[l] = true, false
		b := w.broker(l.Session)
		b.up, b.lost = b.up+1, false
	}
	if w.started {
		return
	}
	w.started = true
	for i, r := range w.cfg.Rules {
		if r.Heartbeat && !r.topic.wild {
			w.neverSeen(i, r)
		}
	}
}

// Published implements handshake.Observer.
func (w *Watcher) Published(l *handshake.Link, p *decode.Packet, h *handshake.Handshake, again bool) {
	if l.Noted && w.idle() && plain(p) {
		return
	}
	w.see(l)
	if p.Unclear() || p.TopicUnknown || p.PayloadGap {
		w.broker(l.Session).missing = w.tracker.Now() // it may be what is waited for
		return
	}
	if again || p.Dup || len(p.Topic) > handshake.MaxText {
		return
	}
	w.message(l, p, h)
}

// idle reports whether there are no rules, and no message of which copies may come.
func (w *Watcher) idle() bool { return len(w.cfg.Rules) == 0 && len(w.sightings) == 0 }

// plain reports whether p, without a rule, neither asks nor answers nor leaves a doubt. Nearly all are so.
func plain(p *decode.Packet) bool {
	return len(p.Properties.Raw()) == 0 && p.Err == nil && !p.TopicUnknown && !p.PayloadGap
}

// Stepped implements handshake.Observer.
func (w *Watcher) Stepped(h *handshake.Handshake, p *decode.Packet) {
	if c := w.followed[h.ID]; c != nil {
		w.stepped(c, p)
	}
}

// Overdue implements handshake.Observer.
func (w *Watcher) Overdue(*handshake.Handshake) {}

// Ended implements handshake.Observer.
func (w *Watcher) Ended(h *handshake.Handshake) {
	if c := w.followed[h.ID]; c != nil {
		c.state, c.h = h.State, nil
		delete(w.followed, h.ID)
	}
}

// Subscribing implements handshake.Observer.
func (w *Watcher) Subscribing(l *handshake.Link, _ *decode.Packet) { w.see(l) }

// Connecting implements handshake.Observer. The Link had a session of its own until now.
func (w *Watcher) Connecting(l *handshake.Link, p *decode.Packet) {
	w.see(l)
	w.links[l] = p.Connect.HasWill && p.Err == nil
}

// Connected implements handshake.Observer.
func (w *Watcher) Connected(l *handshake.Link, _ handshake.Resumption) { delete(w.gone, l.Session) }

// Disconnecting implements handshake.Observer. A normal DISCONNECT takes the Will Message back [MQTT-3.14.4-3].
func (w *Watcher) Disconnecting(l *handshake.Link, p *decode.Packet) {
	if l.Noted && p.Dir == decode.FromClient && p.ReasonCode == 0 {
		w.links[l] = false
	}
}

// Down implements handshake.Observer.
func (w *Watcher) Down(l *handshake.Link, why handshake.LinkEvent, _ bool) {
	if !l.Noted {
		return
	}
	will := w.links[l]
	delete(w.links, l)
	l.Noted = false
	b := w.broker(l.Session)
	b.up--
	if why.Cause == decode.CloseEvicted {
		b.missing, b.lost = w.tracker.Now(), true
	}
	if will && l.Session.Link() == nil && len(w.beats) > 0 {
		w.gone[l.Session] = w.tracker.Now()
	}
}

// Forgotten implements handshake.Observer.
func (w *Watcher) Forgotten(s *handshake.Session) { delete(w.gone, s) }

// Missed implements handshake.Observer.
func (w *Watcher) Missed(l *handshake.Link, _ decode.Direction) {
	w.broker(l.Session).missing = w.tracker.Now()
}

// Next implements handshake.Observer.
func (w *Watcher) Next() decode.Time { return w.timers.next() }

// Due implements handshake.Observer.
func (w *Watcher) Due() {
	t := w.timers[0]
	switch {
	case t.r != nil:
		w.requestDue(t.r)
	default:
		w.beatDue(t.b)
	}
}

// Finish tells of the requests that are open at the end.
func (w *Watcher) Finish() {
	for _, r := range w.requests {
		if r.state == Pending {
			w.tell(r)
		}
	}
}

func (w *Watcher) id() uint64 {
	w.last++
	return w.last
}
