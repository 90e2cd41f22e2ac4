package handshake

import (
	"cmp"
	"math"

	"github.com/mqttwatch/mqttwatch/decode"
)

type timerKind uint8

const (
	timerOverdue  timerKind = iota // a handshake's packet is owed for Config.Warn
	timerCritical                  // … for Config.Critical
	timerConnack
	timerPing
	timerWindowClient
	timerWindowServer
	timerResumeClient
	timerResumeServer
	timerLeave // the grace after DISCONNECT is over
	timerExpiry
	timerAlive
	timerStallClient
	timerStallServer
)

// timer is one deadline. Which of h, l, s is set follows from kind.
type timer struct {
	at    decode.Time
	order uint64 // breaks ties by what the timer is about, so that events come in the same order at any pace
	place int    // in the heap, from 1; 0 while not in it
	kind  timerKind
	h     *Handshake
	l     *Link
	s     *Session
}

func compareTimers(a, b *timer) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.order, b.order))
}

// never is when no deadline is.
const never decode.Time = math.MaxInt64

// startTimer sets a deadline.
func (t *Tracker) startTimer(d *timer, at decode.Time) {
	t.timers.set(d, at)
	t.wake = min(t.wake, at)
}

// timerHeap is a binary heap of deadlines, the earliest first, whose members know their place.
type timerHeap []*timer

func (q *timerHeap) set(t *timer, at decode.Time) {
	t.at = at
	if t.place == 0 {
		*q = append(*q, t)
		t.place = len(*q)
	}
	q.up(t.place - 1)
	q.down(t.place - 1)
}

// cancel takes t out; a nil or idle t is fine.
func (q *timerHeap) cancel(t *timer) {
	if t == nil || t.place == 0 {
		return
	}
	i, last := t.place-1, len(*q)-1
	q.swap(i, last)
	*q = (*q)[:last]
	t.place = 0
	if i < last {
		q.up(i)
		q.down(i)
	}
}

func (q timerHeap) swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i+1, j+1
}

func (q timerHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if compareTimers(q[i], q[parent]) >= 0 {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q timerHeap) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(q) && compareTimers(q[child], q[least]) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		q.swap(i, least)
		i = least
	}
}

// waitQueue is the handshakes whose packet has been owed for less than Config.Warn, the longest first. Nearly all leave it by being
// answered, so that only what is overdue ever costs a place in the heap.
type waitQueue struct{ head, tail *Handshake }

func (q *waitQueue) push(h *Handshake) {
	h.prev, h.next = q.tail, nil
	if q.tail == nil {
		q.head = h
	} else {
		q.tail.next = h
	}
	q.tail = h
	h.inQueue = true
}

func (q *waitQueue) remove(h *Handshake) {
	if !h.inQueue {
		return
	}
	if h.prev == nil {
		q.head = h.next
	} else {
		h.prev.next = h.next
	}
	if h.next == nil {
		q.tail = h.prev
	} else {
		h.next.prev = h.prev
	}
	h.prev, h.next, h.inQueue = nil, nil, false
}
