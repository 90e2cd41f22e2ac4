package badclient_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// observer is the engine behind a relay, with all that it concluded and, for reading when something is wrong, all that passed.
type observer struct {
	tap     *capture.Tap
	relay   *relay
	engine  *watch.Engine
	drained chan struct{}
	closed  atomic.Int64 // connections that have ended
	// subscribed counts the SUBACK packets to mosquitto_sub, which cannot be asked.
	subscribed atomic.Int64

	mu     sync.Mutex
	online map[string]int // connections by Client Identifier
	alerts []watch.Alert
	doneBy map[string]int // handshakes that have ended, by Client Identifier
	// open and failed handshakes, and how many were complete
	ends     []string
	complete int

	conns  map[*decode.Conn]*decode.Conn // a decoder of its own
	names  map[*decode.Conn]string       // Client Identifiers
	packet []string
	first  decode.Time
}

func observe(t *testing.T, broker string, cfg watch.Config) *observer {
	t.Helper()
	o := &observer{
		tap:     capture.NewTap(capture.TapOptions{Source: "relay", TickEvery: 50 * time.Millisecond}),
		drained: make(chan struct{}), conns: map[*decode.Conn]*decode.Conn{}, names: map[*decode.Conn]string{}, online: map[string]int{}, doneBy: map[string]int{},
	}
	cfg.OnEvent = o.event
	o.engine = watch.New(cfg)
	o.relay = newRelay(t, broker, o.tap)
	go func() {
		defer close(o.drained)
		o.tap.Drain(o.batch)
	}()
	return o
}

func (o *observer) addr() string { return o.relay.Addr().String() }

func (o *observer) event(e *watch.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Kind {
	case watch.AlertRaised:
		o.alerts = append(o.alerts, *e.Alert)
	case watch.HandshakeEnded:
		o.doneBy[e.Row.Client]++
		o.ended(e.Row)
	case watch.HandshakeOpen:
		o.ended(e.Row)
	}
}

func (o *observer) batch(batch []decode.Segment) {
	for i := range batch {
		o.note(&batch[i])
	}
	o.engine.Feed(batch)
	for i := range batch {
		if batch[i].Kind == decode.Close {
			o.closed.Add(1)
			o.present(o.names[o.conns[batch[i].Conn]], -1)
		}
	}
}

func (o *observer) present(client string, more int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.online[client] += more
	return o.online[client]
}

// awaitEnd waits until the relay has seen the end of all connections of a client, so that what it does next comes after.
func (o *observer) awaitEnd(ctx context.Context, client string) error {
	for o.present(client, 0) > 0 {
		if ctx.Err() != nil {
			return fmt.Errorf("the relay does not see the end of %s", client)
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// done counts the handshakes of a client that have ended, as far as the engine has come.
func (o *observer) done(client string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.doneBy[client]
}

// awaitDone waits until n handshakes of a client have ended.
func (o *observer) awaitDone(ctx context.Context, client string, n int) error {
	for {
		if o.done(client) >= n {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fewer than %d handshakes of %s have ended", n, client)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// finish ends the watching and leaves connections as they are.
func (o *observer) finish() {
	o.tap.Close()
	<-o.drained
	o.engine.Finish()
}

// raised lists the alerts as "name client id n".
func (o *observer) raised() (out []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.alerts {
		out = append(out, alertLine(string(a.Name), a.Client, a.PacketID))
	}
	return out
}

func alertLine(name, client string, id uint16) string {
	return fmt.Sprintf("%s of %s id %d", name, client, id)
}

func (o *observer) ended(r *watch.Row) {
	if r.State == handshake.Complete && !r.JoinedLate && !r.Unsure {
		o.complete++
		return
	}
	o.ends = append(o.ends, endLine(r.State.String(), r.Client, r.Sender, r.PacketID))
}

// incomplete lists the handshakes that did not end well, and counts the others.
func (o *observer) incomplete() (out []string, complete int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends, o.complete
}

func endLine(state, client string, sender decode.Direction, id uint16) string {
	return fmt.Sprintf("%s: id %d from %s of %s", state, id, sender, client)
}

// transcript is everything that passed, for the message of a test that fails.
func (o *observer) transcript() string {
	s := strings.Join(o.packet, "\n")
	for _, a := range o.alerts {
		s += fmt.Sprintf("\n! %7.3f %s: %s", a.Raised.Sub(o.first).Seconds(), a.Name, a.Text)
	}
	return s
}

func (o *observer) note(s *decode.Segment) {
	if s.Kind == decode.Tick {
		return
	}
	if o.first == 0 {
		o.first = s.Time
	}
	c := o.conns[s.Conn]
	if c == nil {
		c = decode.NewConn(s.Conn.Info, nil)
		o.conns[s.Conn] = c
	}
	switch s.Kind {
	case decode.Data:
		c.Feed(s.Dir, s.Time, s.Data, (*noting)(o))
	case decode.Gap, decode.Close:
		o.packet = append(o.packet, fmt.Sprintf("%7.3f %d %s: kind %d, cause %d", s.Time.Sub(o.first).Seconds(), c.Info.ID, s.Dir, s.Kind, s.Cause))
	}
}

// noting is the observer as decode calls it. The last few thousand packets are enough to see what went wrong.
type noting observer

func (n *noting) Packet(c *decode.Conn, p *decode.Packet) {
	if len(n.packet) > 4000 {
		n.packet = n.packet[1000:]
	}
	if p.Connect != nil {
		n.names[c] = string(p.Connect.ClientID)
		(*observer)(n).present(n.names[c], 1)
	}
	if p.Type == decode.SUBACK && n.names[c] == "mosquitto-sub" {
		n.subscribed.Add(1)
	}
	line := fmt.Sprintf("%7.3f %d %s: %s id %d 0x%02X", p.Time.Sub(n.first).Seconds(), c.Info.ID, p.Dir, p.Type, p.PacketID, uint8(p.ReasonCode))
	switch {
	case p.Connect != nil:
		line += fmt.Sprintf(" %s clean %t", p.Connect.ClientID, p.Connect.CleanStart)
	case p.Connack != nil:
		line += fmt.Sprintf(" present %t, receive maximum %d", p.Connack.SessionPresent, p.Connack.ReceiveMaximum)
	case p.Type == decode.PUBLISH:
		line += fmt.Sprintf(" QoS %d dup %t %s %q", p.QoS, p.Dup, p.Topic, p.Payload[:min(len(p.Payload), 20)])
	}
	n.packet = append(n.packet, line)
}

func (n *noting) Loss(c *decode.Conn, l decode.Loss) {
	n.packet = append(n.packet, fmt.Sprintf("%7.3f %d %s: loss %d, %d bytes", l.Time.Sub(n.first).Seconds(), c.Info.ID, l.Dir, l.Cause, l.Bytes))
}
