package handshake

import (
	"math/rand/v2"
	"testing"
)

// plainEnds is the plain way: each end as it is, the newest last.
type plainEnds []*recentEnd

func (p *plainEnds) add(e recentEnd) *recentEnd {
	*p = append(*p, &e)
	*p = (*p)[max(0, len(*p)-recentCount):]
	return &e
}

func (p plainEnds) find(id uint16, kind Kind) *recentEnd {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].id == id && p[i].kind == kind {
			return p[i]
		}
	}
	return nil
}

// TestRecentEnds: however ends are kept, what is found of them is the same, and so it is after it was changed.
func TestRecentEnds(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var s Session
		var plain plainEnds
		link := &Link{number: 1}
		for step := range 3000 {
			if rng.IntN(200) == 0 {
				link = &Link{number: link.number + 1}
			}
			id, kind := uint16(rng.IntN(20)), Kind(1+rng.IntN(2))
			switch rng.IntN(6) {
			case 0:
				got, want := s.sides[0].past.find(id, kind), plain.find(id, kind)
				if (got == nil) != (want == nil) || got != nil && *got != *want {
					t.Fatalf("seed %d, step %d: found %+v, want %+v", seed, step, got, want)
				}
				if got != nil {
					n := uint16(rng.IntN(3))
					got.spare, want.spare, got.link, want.link = n, n, link.number, link.number
				}
			case 1:
				e := recentEnd{link: link.number, id: id, kind: QoS2, stray: true}
				*s.sides[0].past.add(e) = e
				plain.add(e)
			default:
				h := &Handshake{Kind: kind, PacketID: id, flight: &flight{link: link}}
				state := Complete
				if rng.IntN(20) == 0 {
					h.spare, h.Kind = uint16(rng.IntN(2)), Subscribe
				}
				if rng.IntN(10) == 0 {
					h.spare, h.rels, state = h.spare+uint16(rng.IntN(2)), uint16(rng.IntN(2)), Abandoned
				}
				s.sides[0].past.remember(h, state)
				if h.Kind.Publish() || h.spare > 0 {
					plain.add(recentEnd{link: link.number, id: id, spare: h.spare, rels: h.rels, kind: h.Kind, state: state})
				}
			}
			if s.sides[0].past.full() != (len(plain) == recentCount) {
				t.Fatalf("seed %d, step %d: full %v with %d", seed, step, s.sides[0].past.full(), len(plain))
			}
		}
	}
}
