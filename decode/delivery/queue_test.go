package delivery

import (
	"math/rand/v2"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestQueue: whatever is taken out of a queue before its time, the others come in their order.
func TestQueue(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		var q queue
		var waiting []*Message // in their order; due is the place
		for i := range 30_000 {
			switch n := r.IntN(100); {
			case n < 50+int(seed):
				m := &Message{ID: uint64(i + 1), At: decode.Time(i + 1)}
				m.due = q.push(m.At, m)
				waiting = append(waiting, m)
			case len(waiting) == 0:
			case n < 60: // it is settled, and still stands there
				k := r.IntN(len(waiting))
				waiting[k].Settled = 1
				waiting = append(waiting[:k], waiting[k+1:]...)
			case n < 95:
				k := r.IntN(len(waiting))
				q.drop(waiting[k].due)
				waiting = append(waiting[:k], waiting[k+1:]...)
			case q.next() != 0:
				if m := q.pop(); m != waiting[0] {
					t.Fatalf("seed %d: message %d comes before %d", seed, m.ID, waiting[0].ID)
				}
				waiting = waiting[1:]
			}
			var want decode.Time
			if len(waiting) > 0 {
				want = waiting[0].At
			}
			if at := q.next(); at != want {
				t.Fatalf("seed %d: the next at %d, want %d", seed, at, want)
			}
		}
	}
}
