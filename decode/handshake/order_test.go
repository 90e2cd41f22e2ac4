package handshake

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestOrder: whether they are few or many, of those that wait for the same acknowledgement the first and the number before one are those of a plain list.
func TestOrder(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		tr, s := new(Tracker), new(Session)
		f := &s.sides[0].flow
		var plain [AwaitingSuback][]*Handshake // by state
		leave := func(h *Handshake) {
			h.leaveOrder()
			for state := range plain {
				plain[state] = slices.DeleteFunc(plain[state], func(o *Handshake) bool { return o == h })
			}
		}
		most := 3 + rng.IntN(12)
		for step := range 4000 {
			id := uint16(rng.IntN(most))
			h := f.get(id)
			switch {
			case h == nil:
				h = &Handshake{PacketID: id, flight: &flight{side: &s.sides[0]}}
				f.set(id, h)
				fallthrough
			case rng.IntN(3) == 0:
				leave(h)
				h.State = AwaitingPuback + State(rng.IntN(4))
				if tr.enterOrder(h); h.State <= AwaitingPubrel {
					plain[h.State] = append(plain[h.State], h)
				}
			case rng.IntN(3) == 0:
				leave(h)
			case step/500%2 == 0 || rng.IntN(2) == 0: // now and then down to none
				leave(h)
				f.remove(h)
			}
			f.each(func(h *Handshake) {
				want := slices.Index(plain[h.State%AwaitingSuback], h)
				if (want >= 0) != (h.turn != 0) {
					t.Fatalf("seed %d, step %d: turn %d, place %d", seed, step, h.turn, want)
				}
				if want <= 0 {
					return
				}
				if first, n := f.earlier(h); n != want || first != plain[h.State][0] {
					t.Fatalf("seed %d, step %d, many %v: %d before it, want %d", seed, step, f.spread, n, want)
				}
			})
		}
	}
}
