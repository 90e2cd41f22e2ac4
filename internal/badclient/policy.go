package badclient

import (
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Policy says which acknowledgements are sent where one is due, in one write; p is the packet that asks for it.
type Policy func(due Ack, p *Packet) []Ack

// Obey answers as the standard wants it.
func Obey(due Ack, _ *Packet) []Ack { return []Ack{due} }

// Withhold leaves out the acknowledgements of one type, and obeys otherwise.
func Withhold(t decode.Type) Policy {
	return func(due Ack, _ *Packet) []Ack {
		if due.Type == t {
			return nil
		}
		return []Ack{due}
	}
}

// Delay sends the acknowledgements of one type after d.
func Delay(t decode.Type, d time.Duration) Policy {
	return func(due Ack, _ *Packet) []Ack {
		if due.Type == t {
			due.After = d
		}
		return []Ack{due}
	}
}

// Duplicate sends the acknowledgements of one type twice.
func Duplicate(t decode.Type) Policy {
	return func(due Ack, _ *Packet) []Ack {
		if due.Type == t {
			return []Ack{due, due}
		}
		return []Ack{due}
	}
}

// Reverse gathers n acknowledgements of one type and then sends them, the last first; what follows is obeyed.
func Reverse(t decode.Type, n int) Policy {
	var held []Ack // the reader's alone
	return func(due Ack, _ *Packet) []Ack {
		if due.Type != t || n == 0 {
			return []Ack{due}
		}
		held = append([]Ack{due}, held...)
		if len(held) < n {
			return nil
		}
		n = 0
		return held
	}
}

// Instead sends acknowledgements of another type, or with a Reason Code, in place of those of one type.
func Instead(t decode.Type, a Ack) Policy {
	return func(due Ack, _ *Packet) []Ack {
		if due.Type == t {
			due.Type, due.Reason = a.Type, a.Reason
		}
		return []Ack{due}
	}
}

// lateAnswers is the acknowledgements that wait, in the order in which they are sent.
type lateAnswers struct {
	mu    sync.Mutex
	queue []lateAnswer
	wake  chan struct{}
}

type lateAnswer struct {
	Ack
	at time.Time
}

func (l *lateAnswers) any() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

func (l *lateAnswers) push(a Ack) {
	l.mu.Lock()
	l.queue = append(l.queue, lateAnswer{a, time.Now().Add(a.After)})
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lateAnswers) first() (lateAnswer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return lateAnswer{}, false
	}
	return l.queue[0], true
}

func (l *lateAnswers) pop() {
	l.mu.Lock()
	l.queue = l.queue[1:]
	l.mu.Unlock()
}

// answerLate sends what waits until the Client ends.
func (c *Client) answerLate() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		a, ok := c.late.first()
		if ok {
			timer.Reset(time.Until(a.at))
		}
		select {
		case <-c.stop:
			return
		case <-c.gone:
			return
		case <-c.late.wake:
			continue
		case <-timer.C:
		}
		if ok {
			_ = c.Send(c.AckBytes(a.Ack)) // where it fails the reader ends, and says so
			c.late.pop()
		}
	}
}
