package expect

import (
	"cmp"
	"container/heap"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A timer is one deadline, of a request or of a topic.
type timer struct {
	at    decode.Time
	id    uint64 // breaks ties, so that events come in the same order at any pace
	place int    // in the heap, from 1; 0 while not in it
	r     *request
	b     *beat
}

// timers is the deadlines, the earliest first.
type timers []*timer

func (q timers) Len() int { return len(q) }

func (q timers) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].at, q[j].at), cmp.Compare(q[i].id, q[j].id)) < 0
}

func (q timers) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i+1, j+1
}

// Push implements heap.Interface.
func (q *timers) Push(x any) {
	*q = append(*q, x.(*timer))
	x.(*timer).place = len(*q)
}

// Pop implements heap.Interface.
func (q *timers) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	t.place = 0
	return t
}

func (q *timers) set(t *timer, at decode.Time) {
	t.at = at
	if t.place > 0 {
		heap.Fix(q, t.place-1)
		return
	}
	heap.Push(q, t)
}

func (q *timers) cancel(t *timer) {
	if t.place > 0 {
		heap.Remove(q, t.place-1)
	}
}

// next returns the earliest deadline; 0 where there is none.
func (q timers) next() decode.Time {
	if len(q) == 0 {
		return 0
	}
	return q[0].at
}
