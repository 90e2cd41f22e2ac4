package delivery

import (
	"hash/maphash"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Config sets up a Correlator. Zero values mean the defaults.
type Config struct {
	// Patience is after how long a copy should have been forwarded; default 5 s.
	Patience time.Duration
	// Horizon is for how long a message can be matched with copies, and a copy may wait for an offline subscriber; default 60 s.
	Horizon time.Duration
	// Latency is from which time from publisher to subscriber on delivery-latency-high is raised; default 2 s.
	Latency time.Duration
	// Keep bounds the settled messages kept, and once more those with a problem, which stay when the others go. MaxOpen bounds those that are not settled, MaxCopies the
	// copies of all; defaults 10,000, 50,000 and 200,000. A message takes about 400 bytes with its first copy, and each further copy 80, so that at the defaults and with all
	// bounds reached they take about 45 MB.
	// Subscriptions take about 300 bytes each, and are bounded to a million of one broker.
	Keep, MaxOpen, MaxCopies int
}

func (c Config) withDefaults() Config {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Patience, 5*time.Second)
	def(&c.Horizon, 60*time.Second)
	def(&c.Latency, 2*time.Second)
	if c.Keep <= 0 {
		c.Keep = 10_000
	}
	if c.MaxOpen <= 0 {
		c.MaxOpen = 50_000
	}
	if c.MaxCopies <= 0 {
		c.MaxCopies = 200_000
	}
	return c
}

// Counts are totals since the start.
type Counts struct {
	// Messages counts those that entered a broker in sight; Settled by verdict those that are settled.
	Messages uint64
	Settled  [CannotKnow + 1]uint64
	// Copies counts PUBLISH packets to subscribers that belong to a message in sight; Replays those sent as retained messages; Unmatched those whose
	// origin is out of sight.
	Copies, Replays, Unmatched uint64
	// Open counts the messages that are not settled now, Kept those that can be shown.
	Open, Kept uint64
	// Evicted counts the settled messages that are no longer kept, EvictedProblems those of them with a problem, and Cut those that gave way before they were
	// settled.
	Evicted, EvictedProblems, Cut uint64
}

// A Recorder is told when a message is settled: nothing more is expected of it. It is told again if a copy that had been given up or was queued comes
// all the same. What it is given is the Correlator's and changes later.
type Recorder interface{ Settled(m *Message) }

// Correlator follows messages. It has one owner, that of its Tracker, no locks and no clock.
type Correlator struct {
	cfg      Config
	tracker  *handshake.Tracker
	recorder Recorder
	seed     maphash.Seed
	brokers  map[handshake.ServerID]*broker
	early    earlyCopies
	counts   Counts

	last           uint64 // message ID
	eldest, newest *Message
	kept           kept
	copies         int
	free           *Message // a list through after
	freeCopies     *another

	due, again queue
	wake       decode.Time // nothing of due, again and wills is due earlier; 0 where there is nothing
	wills      willQueue
}

// fanout is when a broker sends on a message of QoS 2.
type fanout uint8

const (
	fanoutUnknown fanout = iota
	fanoutPublish        // at PUBLISH
	fanoutRelease        // at PUBREL
)

// A broker is the state of one Server.
type broker struct {
	filters trie
	groups  map[string]*group // by whole filter
	match   matcher
	stamp   uint64
	change  uint64                // counts whatever makes a route go
	asking  map[*session]struct{} // those with SUBSCRIBE or UNSUBSCRIBE packets that wait for their answer
	routes  map[string]*route
	routed  int
	// routedBytes is the length of the topics in routes.
	routedBytes int

	keys     chains
	retained map[string]uint64 // the last retained message of a topic, by ID
	wills    map[uint64]*link  // that have not been published, by key

	fanout   fanout
	released int         // messages that were sent on right after PUBREL
	perCopy  bool        // overlapping subscriptions get a copy each
	partial  bool        // sessions or connections from before the capture are known of
	hidden   bool        // somebody may have subscribed, or unsubscribed, out of sight
	lost     decode.Time // bytes of any of its connections were last missed; 0 is never
	stranger decode.Time // a connection of which the client is not known was last seen to begin
	matched  uint64
	rewrites bool
}

// New returns a Correlator that observes t. Nothing may have been given to t yet.
func New(cfg Config, t *handshake.Tracker, r Recorder) *Correlator {
	c := &Correlator{cfg: cfg.withDefaults(), tracker: t, recorder: r, seed: maphash.MakeSeed(), brokers: make(map[handshake.ServerID]*broker)}
	t.SetObserver(c)
	return c
}

// Counts returns the totals.
func (c *Correlator) Counts() Counts {
	n := c.counts
	n.Kept = uint64(c.kept.len())
	return n
}

// OneCopyEach reports whether the broker of a message sends a copy for each of several overlapping subscriptions, as far as was seen.
func (m *Message) OneCopyEach() bool { return m.broker.perCopy }

// maxBrokers bounds the brokers that are told apart; when it is reached all later ones are one that expects nothing.
const maxBrokers = 10_000

func (c *Correlator) brokerOf(s *handshake.Session) *broker {
	key := s.ServerID()
	b := c.brokers[key]
	if b == nil && len(c.brokers) >= maxBrokers {
		key = handshake.ServerID{}
		b = c.brokers[key]
	}
	if b == nil {
		b = &broker{
			asking: make(map[*session]struct{}), groups: make(map[string]*group), routes: make(map[string]*route),
			retained: make(map[string]uint64), wills: make(map[uint64]*link), rewrites: len(c.brokers) >= maxBrokers,
		}
		c.brokers[key] = b
	}
	return b
}

// Connecting implements handshake.Observer.
func (c *Correlator) Connecting(l *handshake.Link, p *decode.Packet) {
	k := c.linkOf(l)
	c.dropWill(k)
	k.maxPacket, k.bridge, k.clean = p.Connect.MaximumPacketSize, p.Connect.Bridge, false
	if p.Connect.HasWill {
		c.keepWill(k, p)
	}
}

// Connected implements handshake.Observer.
func (c *Correlator) Connected(l *handshake.Link, how handshake.Resumption) {
	s := c.linkOf(l).sess
	now := c.tracker.Now()
	s.ended, s.up, s.most = false, now, 0
	switch how {
	case handshake.SessionNew:
		s.drop()
		s.known, s.whole, s.began = true, true, now
		c.forgetOpen(s)
	case handshake.SessionUnseen:
		s.known, s.whole, s.b.partial = true, false, true
	case handshake.SessionUnsure:
		s.known, s.whole, s.b.partial = false, false, true
	}
	if how == handshake.SessionGoesOn && s.b.stranger > s.away { // that may have been its client
		s.unsure(now)
	}
	c.resumed(s)
}

// Disconnecting implements handshake.Observer. A normal DISCONNECT takes the Will Message back [MQTT-3.14.4-3].
func (c *Correlator) Disconnecting(l *handshake.Link, p *decode.Packet) {
	if p.Dir == decode.FromClient && p.ReasonCode == 0 {
		k := c.linkOf(l)
		k.clean = true
		c.dropWill(k)
	}
}

// Down implements handshake.Observer.
func (c *Correlator) Down(l *handshake.Link, why handshake.LinkEvent, ends bool) {
	k := c.linkOf(l)
	s := k.sess
	current := s.l == k
	if why.Cause == decode.CloseEvicted {
		s.known, s.whole = false, false
		s.lost = s.lost || current
	}
	if why.Cause != decode.CloseFIN || why.Dir == decode.FromServer {
		s.reset = c.tracker.Now()
	}
	if current {
		s.l = nil
		s.away = c.tracker.Now()
		if len(s.pending) > 0 {
			s.forgetPending()
			s.whole = false
		}
		seen := why.Kind == handshake.LinkDisconnect || why.Cause == decode.CloseFIN || why.Cause == decode.CloseRST
		if ends && seen && len(s.stuck[stuckQueued].copies) > 0 {
			s.crowded = c.tracker.Now()
		}
		c.forgetStuck(s, stuckQueued, handshake.Unmet)
		if !ends { // else the handshakes that end with the session tell of what was sent
			c.forgetStuck(s, stuckSent, handshake.Unmet)
		}
	}
	if l.Blind(decode.FromClient) {
		c.dropWill(k) // its DISCONNECT may be among what is missing: whether the Will is published cannot be known
	} else {
		c.willDue(k, why, ends)
	}
	if ends && current {
		s.drop()
		s.ended = true
	}
	l.Attachment = nil
	for _, sender := range [...]decode.Direction{decode.FromClient, decode.FromServer} {
		if at := l.AttachmentOf(sender); *at == any(k) {
			*at = nil
		}
	}
}

// Forgotten implements handshake.Observer.
func (c *Correlator) Forgotten(of *handshake.Session) {
	s, _ := of.Attachment.(*session)
	if s == nil {
		return
	}
	s.drop()
	s.ended, s.known, s.whole = true, false, false
	c.forgetOpen(s)
}

// Missed implements handshake.Observer.
func (c *Correlator) Missed(l *handshake.Link, dir decode.Direction) {
	s := c.linkOf(l).sess
	s.blind = c.tracker.Now()
	s.b.lost = s.blind
	if dir == decode.FromClient {
		s.gap = s.blind
		s.unsure(s.blind)
	}
}

// Messages calls fn for the messages kept from place first on, oldest first, until it returns false.
func (c *Correlator) Messages(first int, fn func(*Message) bool) {
	for i := max(first, 0); i < c.kept.len(); i++ {
		if !fn(c.kept.at(i)) {
			return
		}
	}
}

// Newest returns the ID of the message that came in last; 0 before the first.
func (c *Correlator) Newest() uint64 { return c.last }

// Len is how many messages are kept.
func (c *Correlator) Len() int { return c.kept.len() }

// At returns the message at place i, 0 ≤ i < Len, oldest first.
func (c *Correlator) At(i int) *Message { return c.kept.at(i) }

// Get returns the message of that ID; nil where it is not kept.
func (c *Correlator) Get(id uint64) *Message {
	if i, ok := c.kept.place(id); ok {
		return c.kept.at(i)
	}
	return nil
}

// Place returns the place of a message, or of the next one.
func (c *Correlator) Place(id uint64) int {
	i, _ := c.kept.place(id)
	return i
}
