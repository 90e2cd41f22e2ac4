package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/autopaho/queue"
	"github.com/eclipse/paho.golang/paho"
)

// maxQueued is how many Application Messages may wait to be sent: for the connection, or for the broker's send quota.
const maxQueued = 64

// A sender hands Application Messages to paho, in the version that is spoken.
type sender interface {
	// awaitConnection waits until a connection is up; false if the run ends first.
	awaitConnection(ctx context.Context) bool
	// send waits while too much is on its way; false if the run ends first.
	send(ctx context.Context, p *Publish) bool
}

// publish sends the rounds of Publishes until they are all sent or ctx is done.
func (c *Client) publish(ctx context.Context, s sender) {
	if len(c.opts.Publishes) == 0 {
		return
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		return
	}
	rounds := c.opts.Count
	if c.opts.Every == 0 {
		rounds = max(rounds, 1)
	}
	ticker := time.NewTicker(max(c.opts.Every, time.Nanosecond))
	defer ticker.Stop()
	for n := 1; ; n++ {
		if !c.publishRound(ctx, s) || n == rounds {
			return
		}
		if c.opts.Every == 0 {
			continue
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Client) publishRound(ctx context.Context, s sender) bool {
	if !s.awaitConnection(ctx) {
		return false
	}
	for i := range c.opts.Publishes {
		if !s.send(ctx, &c.opts.Publishes[i]) {
			return false
		}
	}
	return true
}

// sender5 is the sender of MQTT 5.0.
type sender5 struct {
	c *Client
	m *autopaho.ConnectionManager
}

func (s sender5) awaitConnection(ctx context.Context) bool { return s.m.AwaitConnection(ctx) == nil }

func (s sender5) send(ctx context.Context, p *Publish) bool {
	if !s.c.queue.awaitRoom(ctx) {
		return false
	}
	msg := &paho.Publish{Topic: p.Topic, Payload: p.Payload, QoS: p.QoS, Retain: p.Retain, Properties: p.Properties.paho()}
	if err := s.m.PublishViaQueue(ctx, &autopaho.QueuePublish{Publish: msg}); err != nil {
		s.c.note("cannot publish to " + p.Topic + ": " + innermost(err))
	}
	return true
}

// publishQueue is a bounded queue.Queue: paho's own has no bound.
type publishQueue struct {
	mu       sync.Mutex
	messages [][]byte
	arrived  []chan struct{} // closed when a message arrives
	room     chan struct{}   // closed when one leaves; nil while nobody waits
}

// awaitRoom waits until Enqueue would keep to the bound; false if ctx is done first.
func (q *publishQueue) awaitRoom(ctx context.Context) bool {
	for {
		q.mu.Lock()
		if len(q.messages) < maxQueued {
			q.mu.Unlock()
			return ctx.Err() == nil
		}
		if q.room == nil {
			q.room = make(chan struct{})
		}
		room := q.room
		q.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return false
		}
	}
}

// Wait is of queue.Queue.
func (q *publishQueue) Wait() chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	ch := make(chan struct{})
	if len(q.messages) > 0 {
		close(ch)
	} else {
		q.arrived = append(q.arrived, ch)
	}
	return ch
}

// Enqueue is of queue.Queue.
func (q *publishQueue) Enqueue(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = append(q.messages, b)
	for _, ch := range q.arrived {
		close(ch)
	}
	q.arrived = nil
	return nil
}

// Peek is of queue.Queue.
func (q *publishQueue) Peek() (queue.Entry, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.messages) == 0 {
		return nil, queue.ErrEmpty
	}
	return queueHead{q, q.messages[0]}, nil
}

// queueHead is the oldest message of a publishQueue, a queue.Entry.
type queueHead struct {
	q       *publishQueue
	message []byte
}

func (h queueHead) Reader() (io.Reader, error) { return bytes.NewReader(h.message), nil }
func (h queueHead) Leave() error               { return nil }
func (h queueHead) Quarantine() error          { return h.Remove() }

func (h queueHead) Remove() error {
	h.q.mu.Lock()
	defer h.q.mu.Unlock()
	if len(h.q.messages) == 0 {
		return queue.ErrEmpty
	}
	h.q.messages = h.q.messages[1:]
	if h.q.room != nil {
		close(h.q.room)
		h.q.room = nil
	}
	return nil
}

// pahoErrors is autopaho's logger: what it says of a message that cannot be sent is heard of nowhere else.
type pahoErrors struct{ c *Client }

// Println is of paho's log.Logger.
func (l pahoErrors) Println(v ...any) { l.Printf("", v...) }

// Printf is of paho's log.Logger.
func (l pahoErrors) Printf(_ string, v ...any) {
	for _, a := range v {
		if err, ok := a.(error); ok && errors.Is(err, paho.ErrInvalidArguments) {
			l.c.note("not published: " + err.Error())
		}
	}
}
