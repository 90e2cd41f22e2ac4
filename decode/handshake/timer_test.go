package handshake

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

func TestTimerHeapGivesDeadlinesInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var q timerHeap
	all := make([]*timer, 500)
	for i := range all {
		all[i] = &timer{order: uint64(i), kind: timerKind(rng.IntN(3))}
	}
	for range 20_000 {
		d := all[rng.IntN(len(all))]
		if rng.IntN(3) == 0 {
			q.cancel(d)
		} else {
			q.set(d, decode.Time(rng.IntN(50)))
		}
	}
	var got []*timer
	for len(q) > 0 {
		d := q[0]
		q.cancel(d)
		got = append(got, d)
	}
	if !slices.IsSortedFunc(got, compareTimers) {
		t.Error("deadlines came out of order")
	}
	for _, d := range all {
		if d.place != 0 {
			t.Fatalf("timer %d says it is still in the heap", d.order)
		}
	}
}

func TestWaitQueueKeepsOrder(t *testing.T) {
	var q waitQueue
	hs := make([]*Handshake, 5)
	for i := range hs {
		hs[i] = &Handshake{ID: uint64(i), flight: &flight{}}
		q.push(hs[i])
	}
	q.remove(hs[0])
	q.remove(hs[2])
	q.remove(hs[2])
	q.remove(hs[4])
	q.push(hs[0])
	var got []uint64
	for h := q.head; h != nil; h = h.next {
		got = append(got, h.ID)
	}
	if want := []uint64{1, 3, 0}; !slices.Equal(got, want) || q.tail != hs[0] {
		t.Errorf("got %v, want %v", got, want)
	}
}
