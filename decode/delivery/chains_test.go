package delivery

import (
	"math/rand/v2"
	"testing"
)

// TestChains: the table holds what a map holds, with keys of which many have their homes next to each other, also around its end.
func TestChains(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		want := make(map[uint64]*chain)
		var table chains
		keys := make([]uint64, 300)
		for i := range keys {
			keys[i] = r.Uint64()
			if seed%2 == 1 {
				keys[i] = -r.Uint64N(400) * 0xF1DE83E19937733D // the inverse of the factor: the homes are those of small negative numbers
			}
		}
		for range 20_000 {
			key := keys[r.IntN(len(keys))]
			switch ch := want[key]; {
			case table.of(key) != ch:
				t.Fatalf("seed %d: another chain than that of the key", seed)
			case ch != nil:
				table.remove(ch)
				delete(want, key)
			default:
				want[key] = table.add(key)
			}
			if int(table.n) != len(want) {
				t.Fatalf("seed %d: %d chains, want %d", seed, table.n, len(want))
			}
		}
		for _, key := range keys {
			if table.of(key) != want[key] {
				t.Fatalf("seed %d: another chain than that of the key", seed)
			}
		}
	}
}
