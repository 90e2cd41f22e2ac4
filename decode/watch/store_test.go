package watch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// TestStoreAgainstSlice drives the store and a plain slice with the same random story of handshakes that begin, end and are evicted.
func TestStoreAgainstSlice(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var s store
	var kept, open []*handshake.Handshake
	next := uint64(0)
	for range 50_000 {
		switch {
		case rng.IntN(2) == 0:
			next++
			h := &handshake.Handshake{ID: next, State: handshake.AwaitingPuback}
			s.add(h)
			kept, open = append(kept, h), append(open, h)
		case len(open) > 0:
			i := rng.IntN(len(open))
			if rng.IntN(10) > 0 {
				i = len(open) - 1 // most end soon, some very late
			}
			h := open[i]
			open = slices.Delete(open, i, i+1)
			if s.ended >= 50 {
				old := s.evict()
				if old.State.Open() {
					t.Fatal("an open handshake was evicted")
				}
				kept = slices.DeleteFunc(kept, func(k *handshake.Handshake) bool { return k == old })
				old.ID = 0 // its memory is used again
			}
			h.State = handshake.Complete
			s.end(h)
		}
		if s.len() != len(kept) {
			t.Fatalf("%d kept, want %d", s.len(), len(kept))
		}
		if len(kept) > 0 {
			i := rng.IntN(len(kept))
			if s.at(i) != kept[i] || s.get(kept[i].ID) != kept[i] {
				t.Fatalf("place %d differs", i)
			}
		}
	}
	if got := slices.Collect(s.all()); !slices.Equal(got, kept) {
		t.Error("all gives other handshakes, or another order")
	}
	if s.get(next+1) != nil {
		t.Error("get found what was never added")
	}
}

// BenchmarkStorePassedOver has one handshake end at once, as that of a publisher, and one after 20,000 others, as that of a subscriber for whom a broker has a long
// queue; few are kept.
func BenchmarkStorePassedOver(b *testing.B) {
	const open, keep = 20_000, 64
	var s store
	next := uint64(0)
	begin := func() *handshake.Handshake {
		h := new(handshake.Handshake)
		if s.ended > keep {
			h = s.evict()
		}
		next++
		*h = handshake.Handshake{ID: next, State: handshake.AwaitingPuback}
		s.add(h)
		return h
	}
	end := func(h *handshake.Handshake) {
		h.State = handshake.Complete
		s.end(h)
	}
	queue := make([]*handshake.Handshake, open)
	for i := range queue {
		queue[i] = begin()
	}
	for i := 0; b.Loop(); i++ {
		end(queue[i%open])
		queue[i%open] = begin()
		end(begin())
	}
}

func TestRawStoreKeepsTheNewest(t *testing.T) {
	s := newRawStore(1) // the least size
	refs := map[uint64][]byte{}
	var order []uint64
	for i := range 1500 {
		body := make([]byte, 100+i%500)
		for j := range body {
			body[j] = byte(i)
		}
		p := packetOf(body)
		ref := s.add(&p)
		refs[ref] = body
		order = append(order, ref)
	}
	newest := order[len(order)-1]
	if got := s.get(newest); !slices.Equal(got.Bytes, refs[newest]) || got.Length != int64(len(refs[newest])) {
		t.Errorf("newest packet: got %d bytes", len(got.Bytes))
	}
	if s.get(order[0]).Bytes != nil || s.get(0).Bytes != nil {
		t.Error("what was overwritten is given out")
	}
	kept := 0
	for _, ref := range order {
		if got := s.get(ref); got.Bytes != nil {
			kept += rawHeader + len(got.Bytes)
			if !slices.Equal(got.Bytes, refs[ref]) {
				t.Fatalf("packet %d came out changed", ref)
			}
		}
	}
	if kept < rawPage-rawMost || kept > 2*rawPage {
		t.Errorf("%d bytes are kept on %d pages", kept, len(s.pages))
	}
}

func packetOf(b []byte) decode.Packet {
	return decode.Packet{Head: b, Length: int64(len(b)), Version: decode.V5}
}
