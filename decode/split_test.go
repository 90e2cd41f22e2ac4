package decode_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// scenario makes a random conversation: openings or a start in mid-stream, packets, and, by harm, gaps and bytes that
// were changed.
func scenario(seed uint64) (decode.ConnInfo, []step) {
	r := newTraffic(seed, versions[seed%3])
	info := decode.ConnInfo{MidStream: r.IntN(3) == 0, RolesAssumed: r.IntN(4) == 0}
	harm := r.IntN(4)
	var steps []step
	for dir := range decode.Direction(2) {
		if !info.MidStream {
			steps = append(steps, step{dir: dir, t: 1, data: r.opening(dir)})
		}
	}
	for i := range 3 + r.IntN(12) {
		dir, t := decode.Direction(r.IntN(2)), decode.Time(i+2)
		var data []byte
		for range 1 + r.IntN(4) {
			data = append(data, r.packet(dir)...)
		}
		switch {
		case harm > 0 && r.IntN(4) == 0: // a hole
			from := r.IntN(len(data))
			to := from + r.IntN(len(data)-from)
			n := int64(to - from)
			if r.IntN(4) == 0 {
				n = 0
			}
			steps = append(steps, step{dir: dir, t: t, data: data[:from:from]}, step{dir: dir, t: t, gap: n})
			data = data[to:]
		case harm > 1 && r.IntN(3) == 0: // a changed byte
			data[r.IntN(len(data))] ^= byte(1 << r.IntN(8))
		case harm > 2 && r.IntN(4) == 0: // a packet cut short by the sender
			data = data[:r.IntN(len(data))]
		}
		steps = append(steps, step{dir: dir, t: t, data: data})
	}
	return info, slices.DeleteFunc(steps, func(s step) bool { return s.data != nil && len(s.data) == 0 })
}

// cutters are ways to cut n bytes.
func cutters(seed uint64) map[string]func(int) int {
	r := newTraffic(seed, decode.V5)
	return map[string]func(int) int{
		"single bytes": func(int) int { return 1 },
		"two bytes":    func(int) int { return 2 },
		"random":       func(n int) int { return 1 + r.IntN(n) },
		"small random": func(n int) int { return 1 + r.IntN(min(n, 9)) },
	}
}

func TestSplitMakesNoDifference(t *testing.T) {
	for seed := range uint64(1200) {
		info, steps := scenario(seed)
		for _, opts := range []*decode.Options{nil, {PayloadHead: 16, MaxPacket: 40}, {PayloadHead: 100, MaxPacket: 40}} {
			want := play(info, opts, steps, nil).lines
			for name, cut := range cutters(seed) {
				got := play(info, opts, steps, cut).lines
				if d := diff(want, got); d != "" {
					t.Fatalf("seed %d, %s, %+v: %s", seed, name, opts, d)
				}
			}
		}
	}
}

// diff returns the first difference between two lists of lines; empty if there is none.
func diff(want, got []string) string {
	for i := range max(len(want), len(got)) {
		w, g := "(end)", "(end)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			return fmt.Sprintf("line %d of %d\nwant %s\n got %s", i, len(want), w, g)
		}
	}
	return ""
}

// TestEverySplit cuts one conversation in two at every place.
func TestEverySplit(t *testing.T) {
	for _, v := range versions {
		r := newTraffic(7, v)
		data := r.opening(decode.FromClient)
		for range 12 {
			data = append(data, r.packet(decode.FromClient)...)
		}
		want := play(decode.ConnInfo{}, nil, []step{{data: data}}, nil).lines
		if len(want) < 13 {
			t.Fatalf("%v: only %d packets", v, len(want))
		}
		for i := 1; i < len(data); i++ {
			got := play(decode.ConnInfo{}, nil, []step{{data: data[:i]}, {data: data[i:]}}, nil).lines
			if d := diff(want, got); d != "" {
				t.Fatalf("%v, cut at %d: %s", v, i, d)
			}
		}
	}
}
