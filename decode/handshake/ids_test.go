package handshake

import (
	"math/rand/v2"
	"testing"
)

// TestInflightAgainstMap drives an inflight and a map with the same random operations: with many in flight, and with so few that they move between
// list and radix all the time.
func TestInflightAgainstMap(t *testing.T) {
	for _, mask := range []uint16{0xFFFF, 0x000F} {
		testInflight(t, mask)
	}
}

func testInflight(t *testing.T, mask uint16) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f inflight
	want := map[uint16]*Handshake{}
	for range 200_000 {
		id := uint16(rng.Uint32())
		if rng.IntN(3) > 0 {
			id &= 0xF03F // crowd some pages, leave others nearly empty
		}
		id &= mask
		switch rng.IntN(3) {
		case 0:
			h := &Handshake{PacketID: id, flight: new(flight)}
			f.set(id, h)
			want[id] = h
		default:
			if h := f.get(id); h != nil {
				f.remove(&Handshake{PacketID: id}) // another than that
				f.remove(h)
				f.remove(h)
			}
			delete(want, id)
		}
		if f.get(id) != want[id] || int(f.count) != len(want) {
			t.Fatalf("id %d: got %p, want %p; %d kept, want %d", id, f.get(id), want[id], f.count, len(want))
		}
	}
	n, last := 0, -1
	f.each(func(h *Handshake) {
		if want[h.PacketID] != h || int(h.PacketID) <= last {
			t.Fatalf("each gave id %d after %d", h.PacketID, last)
		}
		last = int(h.PacketID)
		n++
		f.remove(h)
	})
	if n != len(want) || f.count != 0 {
		t.Errorf("each gave %d of %d, %d left after removing each", n, len(want), f.count)
	}
}

func TestIDSet(t *testing.T) {
	var s idSet
	for _, id := range []uint16{0, 1, 63, 64, 4095, 4096, 65535} {
		if s.has(id) {
			t.Errorf("empty set has %d", id)
		}
		s.add(id)
		if !s.has(id) {
			t.Errorf("set lacks %d", id)
		}
	}
	if s.has(2) || s.has(65534) {
		t.Error("set has what was not added")
	}
}
