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

// backoff is how long to wait before the next attempt.
func (c *Client) backoff() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures == 0 && c.since.IsZero() {
		return 0 // the very first
	}
	d := firstBackoff / 2
	if n := max(c.failures, c.short); n > 0 {
		d = min(firstBackoff<<min(n-1, 10), maxBackoff)
	}
	d += rand.N(d/5 + 1)
	c.nextTry = time.Now().Add(d)
	return d
}

func (c *Client) up5(ctx context.Context, m *autopaho.ConnectionManager, ack *paho.Connack) {
	if c.up(ack.SessionPresent) {
		c.subscribing.Go(func() { c.subscribe5(ctx, m) })
	}
}

// up takes note of a connection, and says whether it is to subscribe.
func (c *Client) up(sessionPresent bool) (subscribe bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err, c.reason, c.since, c.failures = "live", "", "", time.Now(), 0
	if !sessionPresent {
		c.subscribed = false
	}
	if c.subscribed || len(c.opts.Subscriptions) == 0 {
		c.setReady()
		return false
	}
	return true
}

// setReady lets publishing begin: what is published comes back to a Client that subscribed to it. The lock is held.
func (c *Client) setReady() {
	if !c.isReady {
		c.isReady = true
		close(c.ready)
	}
}

func (c *Client) subscribe5(ctx context.Context, m *autopaho.ConnectionManager) {
	s := &paho.Subscribe{}
	for _, sub := range c.opts.Subscriptions {
		s.Subscriptions = append(s.Subscriptions, paho.SubscribeOptions{Topic: sub.Filter, QoS: sub.QoS})
	}
	ack, err := m.Subscribe(ctx, s)
	switch {
	case ack != nil:
		for i, r := range ack.Reasons {
			if i < len(c.opts.Subscriptions) {
				c.granted(c.opts.Subscriptions[i].Filter, decode.ReasonCode(r))
			}
		}
	case errors.Is(err, paho.ErrInvalidArguments):
		c.note("not subscribed: " + err.Error())
	case err != nil && ctx.Err() == nil && !errors.Is(err, paho.ErrConnectionLost):
		c.note("no answer to SUBSCRIBE: " + innermost(err))
	}
	c.asked(ack != nil)
}

// granted notes a subscription that was refused.
func (c *Client) granted(filter string, code decode.ReasonCode) {
	if code.Failed() {
		c.note(fmt.Sprintf("subscription to %s refused: %s (0x%02X)", filter, code.Name(decode.SUBACK, decode.V5), uint8(code)))
	}
}

// asked is called after SUBSCRIBE, whether it was answered or not.
func (c *Client) asked(answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered {
		c.subscribed = true
	}
	c.setReady()
}

func (c *Client) down() {
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
}

// lost keeps why a connection was lost; paho says so before or after down.
func (c *Client) lost(reason string) {
	if refused := c.conn.Load().refusal(); refused != nil {
		reason = refused.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reason = reason
	if c.state == "retrying" && c.err == "connection lost" {
		c.err += ": " + reason
	}
}

// failed is called for each attempt to connect that failed. It returns the error that ends the run under FailFast, else nil.
func (c *Client) failed(err error, v decode.Version) error {
	text := explainConnect(c.broker, err, c.conn.Load().firstBytes(), c.opts.Timeout, v)
	if refused := c.conn.Load().refusal(); refused != nil {
		text = refused.Error()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures++
	if c.since.IsZero() {
		text = withAdvice(text, advise(c.broker, err, c.conn.Load().firstBytes()))
	}
	c.state, c.err = "retrying", fmt.Sprintf("cannot connect to %s: %s", c.broker, text)
	if c.opts.FailFast && c.since.IsZero() {
		return errors.New(c.err)
	}
	return nil
}

func (c *Client) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.notes) < maxNotes && !slices.Contains(c.notes, text) {
		c.notes = append(c.notes, text)
	}
}
