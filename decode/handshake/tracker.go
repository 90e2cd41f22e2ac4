package handshake

import (
	"iter"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Config sets up a Tracker. Zero values mean the defaults.
type Config struct {
	// Warn and Critical are after how long an owed packet is overdue; default 5 s and 30 s.
	Warn, Critical time.Duration
	// MaxSessions bounds the sessions remembered while they have no connection and nothing open; default 100,000.
	MaxSessions int
	// MaxAlerts bounds the alerts kept; default 10,000. Those that last stay.
	MaxAlerts int
	// MaxOpen bounds the open handshakes; default 500,000. The eldest gives way and is Unknown from then on.
	MaxOpen int
	// Mute names alerts that nobody wants to hear of: they are neither listed nor counted nor told.
	Mute []AlertName
	// Learn makes the time after which a packet is overdue that of the peer: eight times the 95th percentile of its own answers, at least
	// 2 s. Warn goes on to hold for a peer that has not answered often enough.
	Learn bool
	// Latency is the 95th percentile of a peer's answers from which on ack-latency-high is raised; default 2 s.
	Latency time.Duration
}

func (c Config) withDefaults() Config {
	if c.Warn <= 0 {
		c.Warn = 5 * time.Second
	}
	if c.Critical <= 0 {
		c.Critical = 30 * time.Second
	}
	if c.Critical < c.Warn {
		c.Critical = c.Warn
	}
	if c.Latency <= 0 {
		c.Latency = 2 * time.Second
	}
	if c.MaxSessions <= 0 {
		c.MaxSessions = 100_000
	}
	if c.MaxOpen <= 0 {
		c.MaxOpen = 500_000
	}
	if c.MaxAlerts <= 0 {
		c.MaxAlerts = 10_000
	}
	return c
}

// leaveGrace is how long after DISCONNECT acknowledgements that crossed it are still taken, where the end of the connection itself is
// not seen.
const leaveGrace = 2 * time.Second

// Tracker rebuilds handshakes. It has one owner, no locks, and no clock.
type Tracker struct {
	cfg      Config
	recorder Recorder
	observer Observer    // nil where nobody follows messages
	now      decode.Time // never goes back
	stamp    decode.Time // of what is looked at now: earlier than now where it was recorded late

	sessions map[sessionKey]*Session
	resting  restQueue
	texts    map[string]string // Topic Names and Client Identifiers, once each
	textSize int

	eldest, youngest *Handshake // the open ones, in the order of ID

	waiting waitQueue
	timers  timerHeap
	wake    decode.Time   // no deadline of these is earlier; never where there is none
	look    time.Duration // after how long a handshake is looked at first

	alerts  alertStore
	counted map[AlertName]uint64
	grave   map[AlertName]uint64 // of those, that were or became critical
	muted   map[AlertName]bool

	free                                []*Handshake // released
	fresh                               []Handshake  // made, and not used yet
	flights                             []*flight    // of handshakes that have ended
	begun                               *Handshake   // by the packet that is looked at
	lastHandshake, lastSession, lastRef uint64
	lastTurn                            uint64 // see ackOrder
	sessionCount                        uint64
	lastLink                            uint32
	openCount                           int
	late                                bool // the packet that is looked at now is; see decode.Packet
	first                               bool // it is the first of its end on the connection that was seen
	forgotten                           uint64
	leaving                             map[*Link]struct{} // DISCONNECT seen, end not yet
}

// New returns a Tracker that has seen nothing.
func New(cfg Config, r Recorder) *Tracker {
	muted := make(map[AlertName]bool)
	for _, name := range cfg.Mute {
		muted[name] = true
	}
	cfg = cfg.withDefaults()
	return &Tracker{
		wake:     never,
		look:     cfg.firstLook(),
		muted:    muted,
		cfg:      cfg,
		recorder: r,
		sessions: make(map[sessionKey]*Session),
		texts:    make(map[string]string),
		alerts:   newAlertStore(cfg.MaxAlerts),
		counted:  make(map[AlertName]uint64),
		grave:    make(map[AlertName]uint64),
		leaving:  make(map[*Link]struct{}),
	}
}

// Now is the time to which the Tracker has come.
func (t *Tracker) Now() decode.Time { return t.now }

// At is when that happened which the Tracker looks at: before Now where it was handed on late, as is the end of a connection of which one side alone was seen.
func (t *Tracker) At() decode.Time { return t.stamp }

// Sessions counts the sessions seen.
func (t *Tracker) Sessions() uint64 { return t.sessionCount }

// Forgotten counts the open handshakes that gave way to the bound MaxOpen.
func (t *Tracker) Forgotten() uint64 { return t.forgotten }

// Open says that a Network Connection was seen for the first time. info must not change.
func (t *Tracker) Open(info *decode.ConnInfo, at decode.Time) *Link {
	l := new(Link)
	t.OpenIn(l, info, at)
	return l
}

// OpenIn is Open with an empty Link of the caller's, who may have it in what it keeps itself of the connection, so that one leads to both.
func (t *Tracker) OpenIn(l *Link, info *decode.ConnInfo, at decode.Time) {
	t.Advance(at)
	s := t.newSession()
	s.Server, s.ServerName = info.Server, info.ServerName
	t.lastLink++
	*l = Link{Info: info, number: t.lastLink, deaf: [2]bool{info.ByHeard, info.ByHeard}}
	t.attach(l, s)
	if info.MidStream {
		s.joinedUnseen(decode.FromClient)
		s.joinedUnseen(decode.FromServer)
		s.addEvent(LinkEvent{Time: at, Kind: LinkJoined})
	}
}

// Heard says that something of an end was seen, so that its silence means something. A source that does not tell is taken to hear both.
func (t *Tracker) Heard(l *Link, dir decode.Direction) { l.deaf[dir] = false }

// Undecided says whether bytes of an end have come that may turn out to be packets: what it owes may be among them.
func (t *Tracker) Undecided(l *Link, dir decode.Direction, yes bool) { l.undecided[dir] = yes }

// oneSided reports that what by owes cannot be judged, since it may have been sent in bytes that are not decoded yet, or since nothing of it is in
// the capture; then it says so once.
func (t *Tracker) oneSided(l *Link, by decode.Direction) bool {
	if l != nil && l.undecided[by] {
		t.taint(l, by)
		return true
	}
	if l == nil || !l.deaf[by] {
		return false
	}
	t.raisePoint(l, Alert{Name: CaptureGap, Severity: Notice, Sender: by, By: by, Prior: true}, "one-sided")
	t.taint(l, by)
	return true
}

// Packet takes the next Control Packet of a connection. Nothing of p is kept; ref is stored with the step that it makes.
func (t *Tracker) Packet(l *Link, p *decode.Packet, ref uint64) {
	t.Advance(p.Time)
	l.began = true
	if l.closed && !t.reopen(l) {
		if p.Type == decode.DISCONNECT { // it may say that the session was taken over, after the one who took it was told so
			t.checkReason(l, p)
		}
		return
	}
	if l.last[0] == 0 && l.last[1] == 0 {
		t.noteJoined(l, p)
	}
	var early *decode.Error
	if t.first = l.last[p.Dir] == 0; t.first {
		early = tooEarly(l, p)
	}
	l.last[p.Dir], l.lastType[p.Dir] = p.Time, p.Type
	l.newest = p.Type
	l.deaf[p.Dir], l.blind[p.Dir] = false, false
	t.late = p.Late
	if p.Dir == decode.FromClient && l.open != nil && l.open[linkAlive] != nil {
		t.cancelLink(l, nil, linkAlive)
		t.watchAlive(l)
	}
	if p.ReasonCode != 0 || len(p.SubackCodes) > 0 {
		t.checkReason(l, p)
	}
	t.lastRef = ref
	if p.Err == nil && early == nil && !suspect[p.Dir][p.Type&15] {
		t.take(l, p)
		return
	}
	fault := t.notAllowed(l, p, early)
	answers := t.answeredBy(l, p)
	t.take(l, p)
	if fault != nil {
		t.malformed(l, p, fault, answers)
	}
}

// take does what a packet of its type does.
func (t *Tracker) take(l *Link, p *decode.Packet) {
	switch p.Type {
	case decode.PUBLISH:
		t.publish(l, p)
	case decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP:
		t.acknowledge(l, p)
	case decode.SUBACK, decode.UNSUBACK:
		t.acknowledge(l, p)
		t.tellSubscribing(l, p)
	case decode.SUBSCRIBE, decode.UNSUBSCRIBE:
		t.subscribe(l, p)
		t.tellSubscribing(l, p)
	case decode.CONNECT:
		t.connect(l, p)
	case decode.CONNACK:
		t.connack(l, p)
	case decode.PINGREQ, decode.PINGRESP:
		t.pingPacket(l, p)
	case decode.DISCONNECT:
		t.disconnect(l, p)
	case decode.AUTH:
		t.auth(l, p)
	}
}

// noteJoined raises joined-mid-stream with the first packet of a connection whose beginning was not seen.
func (t *Tracker) noteJoined(l *Link, p *decode.Packet) {
	if p.Type == decode.CONNECT {
		return
	}
	if p.Type == decode.CONNACK && !l.Info.MidStream {
		return
	}
	s := l.Session
	if !l.asked && (l.Info.MidStream || p.Dir == decode.FromServer) {
		s.joinedUnseen(decode.FromClient)
		s.joinedUnseen(decode.FromServer)
		s.VersionAssumed = true
		t.raisePoint(l, Alert{Name: JoinedMidStream, Severity: Notice, Sender: p.Dir, Owed: p.Type}, "")
	}
	s.Version = p.Version
}

// Loss says that bytes of a connection did not become packets. What could have been in them is not held against anybody.
func (t *Tracker) Loss(l *Link, loss decode.Loss) {
	t.Advance(loss.Time)
	if loss.Cause == decode.LossTruncated {
		return
	}
	l.Session.addEvent(LinkEvent{Time: loss.Time, Kind: LinkGap, Dir: loss.Dir, Bytes: loss.Bytes})
	switch loss.Cause {
	case decode.LossGap:
		t.raisePoint(l, Alert{Name: CaptureGap, Severity: Notice, Sender: loss.Dir, By: loss.Dir, Bytes: loss.Bytes}, "")
	case decode.LossUndecodable:
		t.raisePoint(l, Alert{Name: UndecodableStream, Severity: Notice, Sender: loss.Dir, By: loss.Dir, Bytes: loss.Bytes}, "")
	}
	t.taint(l, loss.Dir)
	if t.observer != nil {
		t.observer.Missed(l, loss.Dir)
	}
}

// taint says that packets which dir sent may be missing: what dir owes may have been sent, and handshakes may have begun.
func (t *Tracker) taint(l *Link, dir decode.Direction) {
	s := l.Session
	l.blind[dir] = true
	s.joinedUnseen(dir)
	for side := range s.sides {
		s.sides[side].past.forgetEnds()
	}
	s.sides[dir].past.forgetAnswers()
	s.sides[dir].pace = pace{}
	l.sides[dir].window.forgetPlateau()
	if dir == decode.FromClient {
		t.endLink(l, l.alive, linkAlive, Untold)
		t.watchAlive(l)
	}
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) {
			if _, by := h.Owes(); by != dir && !h.pendingResume {
				s.sides[side].note(h.PacketID)
				return
			}
			t.redelivered(h, Untold)
			t.cannotTell(h)
		})
	}
	if dir == decode.FromServer {
		t.endLink(l, l.connack, linkConnack, Untold)
		t.endLink(l, l.ping, linkPing, Untold)
		l.pingAt = 0
	}
}

// cannotTell says that the packet which is owed may have been sent without being seen: h is not stuck as far as is known.
func (t *Tracker) cannotTell(h *Handshake) {
	t.clearHandshakeAlert(h, Untold)
	t.stopTimers(h)
	t.leaveWindow(h)
	h.leaveOrder()
	h.Unsure = true
}

// Advance says that time has come to now. Deadlines that are over are acted on in their order, each at its own time.
func (t *Tracker) Advance(now decode.Time) {
	t.stamp = now
	if now <= t.now {
		return
	}
	if now >= t.wake || t.observer != nil && t.observerDue(now) {
		t.pass(now)
	}
	t.now, t.stamp = now, now
}

func (t *Tracker) observerDue(now decode.Time) bool {
	next := t.observer.Next()
	return next != 0 && next <= now
}

// pass acts on the deadlines up to now.
func (t *Tracker) pass(now decode.Time) {
	for {
		at, h, due := t.nextDeadline()
		if t.observer != nil {
			if next := t.observer.Next(); next != 0 && next <= now && (at == 0 || next < at) {
				t.now = max(t.now, next)
				t.stamp = t.now
				t.observer.Due()
				continue
			}
		}
		if at == 0 || at > now {
			t.wake = at
			if at == 0 {
				t.wake = never
			}
			return
		}
		t.now = max(t.now, at)
		t.stamp = t.now
		if h != nil {
			t.waiting.remove(h)
			t.waited(h)
			continue
		}
		t.timers.cancel(due)
		t.fire(due)
	}
}

// nextDeadline finds the earliest deadline: that of a handshake in the queue, or a timer.
func (t *Tracker) nextDeadline() (decode.Time, *Handshake, *timer) {
	h := t.waiting.head
	if h == nil && len(t.timers) == 0 {
		return 0, nil, nil
	}
	if h == nil {
		return t.timers[0].at, nil, t.timers[0]
	}
	at := h.Since.Add(t.look)
	if len(t.timers) > 0 && t.timers[0].at < at {
		return t.timers[0].at, nil, t.timers[0]
	}
	return at, h, nil
}

func (t *Tracker) fire(d *timer) {
	switch d.kind {
	case timerOverdue:
		d.h.due = nil
		t.overdue(d.h)
	case timerCritical:
		t.critical(d.h)
	case timerConnack:
		t.connackOverdue(d.l)
	case timerPing:
		t.pingOverdue(d.l)
	case timerWindowClient, timerWindowServer:
		t.windowOverdue(d.l, decode.Direction(d.kind-timerWindowClient))
	case timerResumeClient, timerResumeServer:
		t.resumeOverdue(d.l, decode.Direction(d.kind-timerResumeClient))
	case timerLeave:
		t.linkDown(d.l, d.l.leaver)
	case timerExpiry:
		t.endSession(d.s, Abandoned)
	case timerAlive:
		t.aliveOverdue(d.l)
	case timerStallClient, timerStallServer:
		t.stalled(d.l, decode.Direction(d.kind-timerStallClient))
	}
}

// Close says that a Network Connection ended: dir closed it, in the way that cause says.
func (t *Tracker) Close(l *Link, at decode.Time, dir decode.Direction, cause decode.CloseCause) {
	t.Advance(at)
	l.Session.addEvent(LinkEvent{Time: at, Kind: LinkClosed, Dir: dir, Cause: cause})
	if cause == decode.CloseEvicted {
		t.evictLink(l)
		return
	}
	e := LinkEvent{Time: at, Kind: LinkClosed, Dir: dir, Cause: cause}
	if l.left {
		e = l.leaver
	}
	t.linkDown(l, e)
}

// Finish says that the capture has ended: connections on which DISCONNECT was seen are taken for closed, and handshakes whose answer may have been
// missed are Unknown.
func (t *Tracker) Finish() {
	t.stamp = t.now
	for _, l := range t.leavingInOrder() {
		t.linkDown(l, l.leaver)
	}
	for h := t.eldest; h != nil; {
		next := h.younger
		if h.Unsure {
			t.end(h, Unknown)
		}
		h = next
	}
}

// InFlight yields the open handshakes in the order of their ID. The Tracker must not be called meanwhile.
func (t *Tracker) InFlight() iter.Seq[*Handshake] {
	return func(yield func(*Handshake) bool) {
		for h := t.eldest; h != nil; h = h.younger {
			if !yield(h) {
				return
			}
		}
	}
}

func (t *Tracker) enterOpen(h *Handshake) {
	h.elder, h.younger = t.youngest, nil
	if t.youngest == nil {
		t.eldest = h
	} else {
		t.youngest.younger = h
	}
	t.youngest = h
	t.openCount++
	if t.openCount > t.cfg.MaxOpen {
		t.forgotten++
		t.end(t.eldest, Unknown)
	}
}

func (t *Tracker) leaveOpen(h *Handshake) {
	if h.elder == nil {
		t.eldest = h.younger
	} else {
		h.elder.younger = h.younger
	}
	if h.younger == nil {
		t.youngest = h.elder
	} else {
		h.younger.elder = h.elder
	}
	h.elder, h.younger = nil, nil
	t.openCount--
}

// Release gives an ended handshake back for reuse: its owner no longer refers to it.
func (t *Tracker) Release(h *Handshake) {
	more := h.more
	if more != nil {
		*more = (*more)[:0]
	}
	*h = Handshake{more: more}
	t.free = append(t.free, h)
}

func (t *Tracker) record(kind EventKind, h *Handshake, a *Alert) {
	t.recorder.Record(Event{Kind: kind, Time: t.stamp, Handshake: h, Alert: a})
}
