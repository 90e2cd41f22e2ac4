package capture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// firstBackoff is doubled with each attempt in a row that fails, up to maxBackoff.
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// shortLife is how long a connection must last to count as a success: a broker that takes a CONNECT and then closes
	// must not be asked again and again without a pause.
	shortLife = 5 * time.Second
)

// backoff is how long to wait before attempt n since the connection was lost, counted from 0.
func (c *Client) backoff(n int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 && c.since.IsZero() {
		return 0 // the very first
	}
	d := firstBackoff / 2
	if n = max(n, c.short); n > 0 {
		d = min(firstBackoff<<min(n-1, 10), maxBackoff)
	}
	d += rand.N(d/5 + 1)
	c.nextTry = time.Now().Add(d)
	return d
}

func (c *Client) up(ctx context.Context, m *autopaho.ConnectionManager, ack *paho.Connack) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err, c.reason, c.since = "live", "", "", time.Now()
	if !ack.SessionPresent {
		c.subscribed = false
	}
	if c.subscribed || len(c.opts.Subscriptions) == 0 {
		c.setReady()
		return
	}
	c.subscribing.Go(func() { c.subscribe(ctx, m) })
}

// setReady lets publishing begin: what is published comes back to a Client that subscribed to it. The lock is held.
func (c *Client) setReady() {
	if !c.isReady {
		c.isReady = true
		close(c.ready)
	}
}

func (c *Client) subscribe(ctx context.Context, m *autopaho.ConnectionManager) {
	s := &paho.Subscribe{}
	for _, sub := range c.opts.Subscriptions {
		s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{Topic: sub.Filter, QoS: sub.QoS})
	}
	ack, err := m.Subscribe(ctx, s)
	switch {
	case ack != nil:
		for i, r := range ack.Reasons {
			if code := decode.ReasonCode(r); code.Failed() && i < len(c.opts.Subscriptions) {
				c.note(fmt.Sprintf("subscription to %s refused: %s (0x%02X)",
					c.opts.Subscriptions[i].Filter, code.Name(decode.SUBACK, decode.V5), r))
			}
		}
	case errors.Is(err, paho.ErrInvalidArguments):
		c.note("not subscribed: " + err.Error())
	case err != nil && ctx.Err() == nil && !errors.Is(err, paho.ErrConnectionLost):
		c.note("no answer to SUBSCRIBE: " + innermost(err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ack != nil {
		c.subscribed = true
	}
	c.setReady()
}

func (c *Client) down() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.since) < shortLife {
		c.short++
	} else {
		c.short = 0
	}
	c.state, c.err = "retrying", "connection lost"
	if c.reason != "" {
		c.err = "connection lost: " + c.reason
	}
	return true
}

// lost keeps why a connection was lost; paho says so before or after down.
func (c *Client) lost(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reason = reason
	if c.state == "retrying" && c.err == "connection lost" {
		c.err += ": " + reason
	}
}

// failed is called for each attempt to connect that failed.
func (c *Client) failed(err error, fail context.CancelCauseFunc) {
	text := explainConnect(c.broker, err, c.conn.Load().firstBytes(), c.opts.Timeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err = "retrying", fmt.Sprintf("cannot connect to %s: %s", c.broker, text)
	if c.opts.FailFast && c.since.IsZero() {
		fail(errors.New(c.err))
	}
}

func (c *Client) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) < maxNotes && !slices.Contains(c.notes, text) {
		c.notes = append(c.notes, text)
	}
}
