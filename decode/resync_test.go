package decode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestRecoveryAfterGaps loses segments of realistic traffic and counts what is not found again. Packets that were never
// sent must not be found at all, and after a lost segment at most a few packets may be missed until the direction is in step.
func TestRecoveryAfterGaps(t *testing.T) {
	for _, c := range []struct {
		name    string
		segment int
		midway  bool    // joined in mid-stream, version unknown
		most    float64 // packets missed a gap, beyond those that bytes were lost of
	}{
		{"segments of 1448", 1448, false, 0.2},
		{"segments of 1448, joined late", 1448, true, 0.2},
		{"segments of 100", 100, false, 0.2},
		{"segments of 100, joined late", 100, true, 0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lost, missed, falsely int
			for seed := range uint64(60) {
				l, m, f := recovery(seed, c.segment, c.midway)
				lost, missed, falsely = lost+l, missed+m, falsely+f
			}
			each := float64(missed) / float64(lost)
			t.Logf("%d gaps, %.2f packets missed after each, %d false", lost, each, falsely)
			if each > c.most || falsely > 0 {
				t.Errorf("%.2f packets missed a gap, want at most %.2f; %d false", each, c.most, falsely)
			}
		})
	}
}

// recovery sends packets in segments of that size and loses some.
func recovery(seed uint64, segment int, midway bool) (lost, missed, falsely int) {
	r := newTraffic(seed, versions[seed%3])
	stream := r.opening(decode.FromClient)
	sent := map[string]bool{}
	type span struct{ from, to int }
	var spans []span
	for range 400 {
		p := r.packet(decode.FromClient)
		spans = append(spans, span{len(stream), len(stream) + len(p)})
		sent[fmt.Sprint(len(stream), len(p))] = true
		stream = append(stream, p...)
	}
	from := 0
	if midway {
		from = spans[3].from + 5
	}
	gone := make([]bool, len(stream)+1)
	var steps []step
	for at := from; at < len(stream); at += segment {
		to := min(at+segment, len(stream))
		if r.IntN(12) == 0 && at > from {
			steps = append(steps, hole(int64(to-at)))
			for i := at; i < to; i++ {
				gone[i] = true
			}
			lost++
			continue
		}
		steps = append(steps, feed(stream[at:to]))
	}
	got := map[string]bool{}
	for _, p := range play(decode.ConnInfo{MidStream: midway}, nil, steps, nil).packets {
		key := fmt.Sprint(p.Offset+int64(from), p.Length)
		if got[key] = true; !sent[key] && p.Type != decode.CONNECT {
			falsely++
		}
	}
	for _, s := range spans {
		whole := s.from >= from
		for i := s.from; i < s.to; i++ {
			whole = whole && !gone[i]
		}
		if whole && !got[fmt.Sprint(s.from, s.to-s.from)] {
			missed++
		}
	}
	return max(lost, 1), missed, falsely
}

// TestNothingFollowsDisconnect: bytes behind a gap that look like a DISCONNECT are none where more bytes follow, and are one where they are the last.
func TestNothingFollowsDisconnect(t *testing.T) {
	connect := decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: "a"})
	publish := decode.AppendPublish(nil, decode.V5, decode.PublishFields{Topic: "plant/line/temperature", Payload: []byte("21")})
	for _, c := range []struct {
		behind []byte
		want   string
	}{
		{cat([]byte{0xE0, 0}, []byte("rest of a payload"), publish), "CONNECT PUBLISH"},
		{[]byte{0xE0, 0}, "CONNECT DISCONNECT"},
		{cat(publish, []byte{0xE0, 0}), "CONNECT PUBLISH DISCONNECT"},
	} {
		var got []string
		for _, p := range play(decode.ConnInfo{}, nil, []step{feed(connect), hole(30), feed(c.behind)}, nil).packets {
			got = append(got, p.Type.String())
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("behind the gap %x: got %s, want %s", c.behind, text, c.want)
		}
	}
}
