// Package watch is the engine: it owns the state, takes segments in, and answers snapshots.
package watch

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// DefaultKeep is how many finished handshakes are kept where Config does not say.
const DefaultKeep = 100_000

// Config sets up an Engine. Zero values mean the defaults.
type Config struct {
	// Keep bounds the finished handshakes kept; default DefaultKeep. Open ones always stay.
	Keep int
	// Warn and Critical are after how long an owed packet is overdue; default 5 s and 30 s.
	Warn, Critical time.Duration
	// RawBytes bounds the store of packets' bytes for the details pane; 0 keeps none (headless), the screen asks for 16 MiB.
	RawBytes int
	Decode   decode.Options
	// OnEvent, if set, is called for each event, in order, on the goroutine that feeds. The Event is valid until it returns.
	OnEvent func(*Event)
}

// EventKind says what an Event tells.
type EventKind uint8

// The kinds of Event.
const (
	_              EventKind = iota
	HandshakeEnded           // Row is set
	HandshakeOpen            // at Finish, for each that is still open; Row is set
	AlertRaised              // Alert is set
	AlertEscalated           // an open alert became worse; Alert is set
	AlertCleared             // Alert is set
)

// An Event is something that reports write down.
type Event struct {
	Kind  EventKind
	Time  decode.Time
	Row   *Row
	Alert *Alert
}

// Engine owns the state. Its methods may be called from any goroutine.
type Engine struct{}

// New returns an Engine that has seen nothing.
func New(cfg Config) *Engine { return &Engine{} }

// Feed takes segments in, in the order of the slice. It keeps none of their bytes.
func (e *Engine) Feed(batch []decode.Segment) {}

// SetSources tells the engine whom to ask for the state of the sources.
func (e *Engine) SetSources(ask func() []decode.SourceStats) {}

// Snapshot copies what q asks for.
func (e *Engine) Snapshot(q Query) *Snapshot { return &Snapshot{} }

// Finish says that the capture has ended: what waits is decided, and an event is sent for each handshake still open.
func (e *Engine) Finish() {}
