package demo

import (
	"log/slog"
	"net"
	"sync"

	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// tapListener is the broker's listener: it taps what it accepts. Unlike mochi's own, its Close returns only when nothing that it
// began is still running.
type tapListener struct {
	net.Listener
	tap     *capture.Tap
	serving sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func newTapListener(l net.Listener, tap *capture.Tap) *tapListener {
	return &tapListener{Listener: l, tap: tap, conns: map[net.Conn]bool{}}
}

// Init is of listeners.Listener.
func (l *tapListener) Init(*slog.Logger) error { return nil }

// ID is of listeners.Listener.
func (l *tapListener) ID() string { return "demo" }

// Address is of listeners.Listener.
func (l *tapListener) Address() string { return l.Addr().String() }

// Protocol is of listeners.Listener.
func (l *tapListener) Protocol() string { return "tcp" }

// Serve is of listeners.Listener: it accepts until Close.
func (l *tapListener) Serve(establish listeners.EstablishFn) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		tapped := l.tap.Wrap(c, decode.FromClient)
		if !l.began(tapped) {
			tapped.Close()
			return
		}
		go func() {
			defer l.ended(tapped)
			_ = establish(l.ID(), tapped) // why a device's connection ended is for the tap to show
		}()
	}
}

// began adds a connection, unless the listener is closed.
func (l *tapListener) began(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.conns[c] = true
	l.serving.Add(1)
	return true
}

func (l *tapListener) ended(c net.Conn) {
	c.Close()
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	l.serving.Done()
}

// Close is of listeners.Listener. It may be called more than once. Connections end without a DISCONNECT, for which the devices are gone too soon anyway.
func (l *tapListener) Close(listeners.CloseFn) {
	_ = l.Listener.Close()
	l.mu.Lock()
	l.closed = true
	for c := range l.conns {
		c.Close()
	}
	l.mu.Unlock()
	l.serving.Wait()
}
