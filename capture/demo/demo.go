// Package demo is a Source without a network: an embedded broker and a small plant of devices, some of which misbehave on
// purpose. They talk real MQTT over TCP on 127.0.0.1, and the broker's end of each connection is tapped.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/embedded"
)

// Options set up a Demo. The zero value is the whole plant.
type Options struct {
	// Healthy leaves out all devices that misbehave: clean traffic, on which nothing may be reported.
	Healthy bool
	Decode  decode.Options
}

// Demo is the embedded broker with its devices, a capture.Source.
type Demo struct {
	opts Options
	tap  *capture.Tap

	mu    sync.Mutex
	state string
	err   string
}

// New returns a Demo that does nothing until Run.
func New(opts Options) (*Demo, error) {
	tap := capture.NewTap(capture.TapOptions{Source: "demo", ServerName: "demo", Decode: opts.Decode})
	return &Demo{opts: opts, tap: tap, state: "starting"}, nil
}

// Stats describes what the tap saw; State is "starting", "live", "ended" or "failed".
func (d *Demo) Stats() decode.SourceStats {
	st := d.tap.Stats()
	d.mu.Lock()
	defer d.mu.Unlock()
	st.Name, st.Kind, st.State, st.Err = "demo", "demo", d.state, d.err
	return st
}

// Run opens the plant on a free port of 127.0.0.1 and closes it when ctx is done; it then returns nil. A Demo runs once.
func (d *Demo) Run(ctx context.Context, sink capture.Sink) error {
	if !d.setState("starting", "live", "") {
		return errors.New("a Demo runs once")
	}
	err := d.run(ctx, sink)
	if err != nil {
		err = fmt.Errorf("cannot start the demo: %w", err)
		d.setState("live", "failed", err.Error())
		return err
	}
	d.setState("live", "ended", "")
	return nil
}

func (d *Demo) setState(from, to, err string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != from {
		return false
	}
	d.state, d.err = to, err
	return true
}

func (d *Demo) run(ctx context.Context, sink capture.Sink) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	broker, err := newBroker(newTapListener(listener, d.tap))
	if err != nil {
		listener.Close()
		return err
	}
	drained := make(chan struct{})
	go func() { d.tap.Drain(sink); close(drained) }()

	// Watching stops before the devices leave, so that what is stuck then is still stuck at the end: they have a context of
	// their own.
	present, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	var devices sync.WaitGroup
	for _, s := range cast(d.opts.Healthy) {
		devices.Go(func() { supervise(present, listener.Addr().String(), s) })
	}
	<-ctx.Done()
	d.tap.Close()
	<-drained
	leave()
	devices.Wait()
	return broker.Close()
}

// supervise runs a script until ctx is done, and again after a while should it fail.
func supervise(ctx context.Context, addr string, s script) {
	for pause(ctx, s.after) {
		if err := s.play(ctx, addr); err == nil || ctx.Err() != nil {
			return
		}
		s.after = 2 * time.Second
	}
}

// newBroker starts a broker that is silent and keeps no files.
func newBroker(l *tapListener) (*mqtt.Server, error) {
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.MaximumInflight = 1024 // bounds what waits for the subscriber that acknowledges nothing
	capabilities.Compatibilities.NoInheritedPropertiesOnAck = true
	return embedded.Start(&mqtt.Options{Capabilities: capabilities}, new(access), l)
}

// access lets everybody in, and the intruder publish nothing.
type access struct{ embedded.AllowAll }

// OnACLCheck is of mqtt.Hook.
func (*access) OnACLCheck(c *mqtt.Client, _ string, write bool) bool {
	return !write || c.ID != intruder
}

// pause waits for d; false if ctx is done first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
