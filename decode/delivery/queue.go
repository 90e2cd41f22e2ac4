package delivery

import "github.com/mqttwatch/mqttwatch/decode"

// A queue holds messages until a time that is later for each that is added.
type queue struct {
	all  []waiter
	head int
	gone uint64 // how many stood before those in all
}

type waiter struct {
	at decode.Time
	m  *Message // nil where it was taken out
	id uint64   // m is another message by now where its ID is another one
}

// push adds m at the end, and returns its place for drop.
func (q *queue) push(at decode.Time, m *Message) (place uint64) {
	if q.head > 1024 && q.head > len(q.all)/2 {
		q.gone += uint64(q.head)
		n := copy(q.all, q.all[q.head:])
		clear(q.all[n:])
		q.all, q.head = q.all[:n], 0
	}
	q.all = append(q.all, waiter{at, m, m.ID})
	return q.gone + uint64(len(q.all))
}

// drop takes a message out that waits no more, if it is still there: when its time comes, its memory has long left the cache.
func (q *queue) drop(place uint64) {
	if place > q.gone {
		q.all[place-q.gone-1] = waiter{}
		q.skip()
	}
}

// skip goes on to the first message that was not taken out.
func (q *queue) skip() {
	for q.head < len(q.all) && q.all[q.head].m == nil {
		q.head++
	}
	if q.head == len(q.all) {
		q.gone += uint64(q.head)
		q.all, q.head = q.all[:0], 0
	}
}

// next returns the time of the first message that still waits; 0 where none does.
func (q *queue) next() decode.Time {
	for q.skip(); q.head < len(q.all); q.skip() {
		w := &q.all[q.head]
		if w.m.ID == w.id && w.m.Settled == 0 {
			return w.at
		}
		*w = waiter{}
	}
	return 0
}

// pop takes the first message out, which next has found.
func (q *queue) pop() *Message {
	m := q.all[q.head].m
	q.all[q.head] = waiter{}
	q.head++
	return m
}
