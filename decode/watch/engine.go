// Package watch is the engine: it owns the state, takes segments in, and answers snapshots.
//
//	Feed ──▶ decode.Conn ──▶ handshake.Tracker ──▶ Event ──▶ Config.OnEvent (reports)
//	                              │
//	                              └──▶ store of handshakes ◀── Snapshot (the screen pulls)
//
// What lies before the Tracker can have a core of its own; see Pipe.
package watch

import (
	"fmt"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// DefaultKeep is how many finished handshakes are kept where Config does not say.
const DefaultKeep = 100_000

// Config sets up an Engine. Zero values mean the defaults.
type Config struct {
	// Keep bounds the finished handshakes kept; default DefaultKeep. Open ones always stay.
	Keep int
	// Mute names alerts that nobody wants to hear of: they are neither listed nor counted nor told.
	Mute []handshake.AlertName
	// Learn makes the time after which a packet is overdue that of the peer; see handshake.Config.
	Learn bool
	// Warn and Critical are after how long an owed packet is overdue; default 5 s and 30 s.
	Warn, Critical time.Duration
	// RawBytes bounds the store of packets' bytes for the details pane; 0 keeps none (headless), the screen asks for 16 MiB.
	RawBytes int
	// Survey gathers what Query.Sessions, Topics, Statistics and Packets ask for. A report needs none of it.
	Survey bool
	// OnEvent, if set, is called for each event, in order, on the goroutine that feeds, or that of the Pipe. The Event is valid until it returns.
	OnEvent func(*Event)
	// Filter chooses the handshakes of which events are sent; nil chooses all. Alerts are always sent.
	Filter *filter.Filter
	// Deliveries follows messages from their publisher to every subscriber. It is of use where more than one connection of a broker is in sight;
	// without it that costs nothing.
	Deliveries bool
	// DeliveryFilter chooses the deliveries of which events are sent; nil chooses all.
	DeliveryFilter *filter.Deliveries
	// Rules are what is expected of messages; Responses expects an answer to each request of MQTT 5.0 that asks for one.
	Rules     []*expect.Rule
	Responses bool
	// Servers are addresses that belong to one Server; see handshake.Servers.
	Servers handshake.Servers
}

// EventKind says what an Event tells.
type EventKind uint8

// The kinds of Event.
const (
	_                  EventKind = iota
	HandshakeEnded               // Row is set
	HandshakeOpen                // at Finish, for each that is still open; Row is set
	AlertRaised                  // Alert is set
	AlertEscalated               // an open alert became worse; Alert is set
	AlertCleared                 // Alert is set
	DeliverySettled              // Delivery is set; again for one that went on after that, and at Finish for each that is open
	ExpectationChanged           // Expectation is set
)

// An Event is something that reports write down.
type Event struct {
	Kind     EventKind
	Time     decode.Time
	Row      *Row
	Alert    *Alert
	Delivery *Delivery

	Expectation *expect.Expectation
}

// Engine owns the state. Its methods may be called from any goroutine: Feed holds the lock for one batch, Snapshot for as long as it copies.
type Engine struct {
	mu      sync.Mutex
	cfg     Config
	tracker *handshake.Tracker
	store   store
	raw     rawStore
	survey  *survey // nil where Config does not ask for it
	counts  Counts
	view    view
	sources func() []decode.SourceStats
	row     Row   // reused for events
	event   Event // reused
	alert   Alert // reused
	// serverNames are for rows.
	serverNames serverNames
	in          *intake
	finished    bool

	deliveries *delivery.Correlator // nil where they are not followed
	delivery   Delivery             // reused for events
	// deliveryOrder is how the screen sorts them otherwise than by time.
	deliveryOrder deliveryOrder
	expect        *expect.Watcher // nil where nothing is expected
}

// New returns an Engine that has seen nothing.
func New(cfg Config) *Engine {
	if cfg.Keep <= 0 {
		cfg.Keep = DefaultKeep
	}
	e := &Engine{cfg: cfg, raw: newRawStore(cfg.RawBytes)}
	e.in = &intake{out: e, found: (*direct)(e), conns: make(map[*decode.Conn]struct{})}
	e.counts.Keep = cfg.Keep
	if cfg.Survey {
		e.survey = newSurvey()
	}
	e.tracker = handshake.New(handshake.Config{Warn: cfg.Warn, Critical: cfg.Critical, Learn: cfg.Learn, Mute: cfg.Mute}, e)
	if cfg.Deliveries {
		e.deliveries = delivery.New(delivery.Config{Patience: cfg.Warn}, e.tracker, (*deliveryRecorder)(e))
	}
	if len(cfg.Rules) > 0 || cfg.Responses {
		c := expect.Config{Rules: cfg.Rules, Responses: cfg.Responses}
		if cfg.Deliveries {
			c.Origin, c.Held = e.deliveries.Newest, e.held
		}
		e.expect = expect.New(c, e.tracker, (*expectRecorder)(e))
	}
	return e
}

// SetSources tells the engine whom to ask for the state of the sources. ask must not call the engine.
func (e *Engine) SetSources(ask func() []decode.SourceStats) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sources = ask
}

// Feed takes segments in, in the order of the slice. It keeps none of their bytes.
func (e *Engine) Feed(batch []decode.Segment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range batch {
		e.in.take(&batch[i])
		e.segmentEnd()
	}
}

func (e *Engine) open(c *connection, info *decode.ConnInfo, at decode.Time) {
	if name := e.cfg.Servers.Name(info.Server); name != "" {
		info.ServerName = name
	}
	e.tracker.OpenIn(&c.link, info, at)
}

// direct is the Engine as decode calls it.
type direct Engine

func (d *direct) Packet(c *decode.Conn, p *decode.Packet) {
	e, ref := (*Engine)(d), uint64(0)
	if e.raw.kept() {
		ref = e.raw.add(p)
	}
	e.packetAt(connectionOf(c), p, ref)
}

func (d *direct) Loss(c *decode.Conn, l decode.Loss) { (*Engine)(d).lossOf(connectionOf(c), &l) }

// packetAt takes a packet whose bytes are kept where ref says.
func (e *Engine) packetAt(c *connection, p *decode.Packet, ref uint64) {
	if !c.link.Began() {
		e.counts.Connections++
	}
	e.counts.Packets[p.Type&15]++
	e.counts.Bytes += uint64(p.Length)
	if p.Err != nil {
		e.malformed(c, p.Dir, p.Err)
	}
	switch p.Type {
	case decode.PUBLISH:
		if p.QoS < 3 {
			e.counts.Publish[p.QoS]++
		}
	case decode.CONNACK:
		e.countRefused(p)
	}
	if e.survey == nil {
		e.tracker.Packet(&c.link, p, ref)
		return
	}
	e.survey.begin(c, p)
	e.tracker.Packet(&c.link, p, ref)
	e.survey.packet(p, ref)
}

func (e *Engine) countRefused(p *decode.Packet) {
	if !p.ReasonCode.FailedIn(decode.CONNACK) {
		return
	}
	if e.counts.ConnectsRefused == nil {
		e.counts.ConnectsRefused = map[string]uint64{}
	}
	e.counts.ConnectsRefused[p.ReasonCode.Name(decode.CONNACK, p.Version)]++
}

// malformed counts a packet, or the place of a stream, that dir sent and that is not as the standard wants it.
func (e *Engine) malformed(c *connection, dir decode.Direction, err *decode.Error) {
	if e.counts.Malformed++; e.counts.Malformed > 1 || err == nil {
		return
	}
	from := "client " + c.info.Client.String()
	if dir == decode.FromServer {
		from = "broker " + c.info.Server.String() + " to " + from
	}
	e.counts.FirstMalformed = fmt.Sprintf("%s: %s (byte %d of its stream)", from, err, err.StreamOffset)
}

func (e *Engine) lossOf(c *connection, l *decode.Loss) {
	e.counts.Lost++
	e.counts.LostBytes += uint64(max(l.Bytes, 0))
	if l.Cause == decode.LossUndecodable {
		e.malformed(c, l.Dir, l.Err)
	}
	e.tracker.Loss(&c.link, *l)
	if e.survey != nil {
		e.survey.loss(c, l)
	}
}

func (e *Engine) undecided(c *connection, dir decode.Direction, yes bool) {
	e.tracker.Undecided(&c.link, dir, yes)
}

func (e *Engine) heard(c *connection, dir decode.Direction) { e.tracker.Heard(&c.link, dir) }

func (e *Engine) closed(c *connection, at decode.Time, dir decode.Direction, cause decode.CloseCause) {
	e.tracker.Close(&c.link, at, dir, cause)
	if e.survey != nil {
		e.survey.closed(c)
	}
}

func (e *Engine) tick(at decode.Time) { e.tracker.Advance(at) }

// segmentEnd, after all of a segment, keeps to the bounds: now the tracker holds on to no handshake that has ended, and nobody to a message.
func (e *Engine) segmentEnd() {
	if e.store.ended > e.cfg.Keep || e.deliveries != nil {
		e.evict()
	}
}

// Record takes an event of the tracker.
func (e *Engine) Record(ev handshake.Event) {
	switch ev.Kind {
	case handshake.HandshakeStarted:
		e.started(ev.Handshake)
	case handshake.HandshakeEnded:
		e.ended(ev.Handshake)
	case handshake.AlertRaised:
		e.alertEvent(AlertRaised, &ev)
	case handshake.AlertEscalated:
		e.alertEvent(AlertEscalated, &ev)
	case handshake.AlertCleared:
		e.alertEvent(AlertCleared, &ev)
	}
}

func (e *Engine) started(h *handshake.Handshake) {
	e.store.add(h)
	if e.survey != nil {
		e.survey.started(h)
	}
	if o := e.counts.outcomes(h); o != nil {
		if h.JoinedLate {
			o.JoinedLate++
		} else {
			o.Open++
		}
	}
}

func (e *Engine) ended(h *handshake.Handshake) {
	if o := e.counts.outcomes(h); o != nil && !h.JoinedLate {
		o.Open--
		switch h.State {
		case handshake.Complete:
			o.Complete++
		case handshake.Refused:
			o.Refused++
		case handshake.Abandoned:
			o.Abandoned++
		case handshake.Unknown:
			o.Unknown++
		}
	}
	if e.cfg.OnEvent != nil && e.cfg.Filter.Match(h, e.tracker.Now()) {
		e.fillRow(&e.row, h)
		e.emit(Event{Kind: HandshakeEnded, Time: h.Ended, Row: &e.row})
	}
	if e.survey != nil {
		e.survey.ended(h)
	}
	e.store.end(h)
	if e.view.filter != nil {
		e.view.ended(h, e.tracker.Now())
	}
}

// evict keeps to the bound Keep, and to those of the deliveries.
func (e *Engine) evict() {
	for e.store.ended > e.cfg.Keep {
		old := e.store.evict()
		e.counts.Evicted++
		if e.view.filter != nil {
			e.view.evicted(old.ID)
		}
		e.tracker.Release(old)
	}
	if e.deliveries != nil {
		e.deliveries.Evict()
	}
}

func (e *Engine) emit(ev Event) {
	e.event = ev
	e.cfg.OnEvent(&e.event)
}

func (e *Engine) alertEvent(kind EventKind, ev *handshake.Event) {
	if e.cfg.OnEvent == nil {
		return
	}
	e.alert = alertOf(ev.Alert, ev.Time)
	e.emit(Event{Kind: kind, Time: ev.Time, Alert: &e.alert})
}

// Finish says that the capture has ended: what waits is decided, and an event is sent for each handshake still open, the oldest first.
func (e *Engine) Finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finished {
		return
	}
	e.finished = true
	e.in.finish(e.tracker.Now())
	e.tracker.Finish()
	if e.expect != nil && e.cfg.OnEvent != nil {
		defer e.expect.Finish()
	}
	if e.deliveries != nil {
		defer e.deliveries.Finish() // which counts, too
	}
	if e.cfg.OnEvent == nil {
		return
	}
	for h := range e.tracker.InFlight() {
		if e.cfg.Filter.Match(h, e.tracker.Now()) {
			e.fillRow(&e.row, h)
			e.emit(Event{Kind: HandshakeOpen, Time: e.tracker.Now(), Row: &e.row})
		}
	}
}

// outcomes returns the counters that h belongs to, nil for what is no delivery.
func (c *Counts) outcomes(h *handshake.Handshake) *Outcomes {
	switch h.Kind {
	case handshake.QoS1:
		return &c.Handshakes[0]
	case handshake.QoS2:
		return &c.Handshakes[1]
	}
	return nil
}
