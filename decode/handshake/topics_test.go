package handshake

import (
	"fmt"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestTopic: whichever topics a connection publishes to, in whatever order, each text is that of the packet, and the same memory each time.
func TestTopic(t *testing.T) {
	tr, l := New(Config{}, nil), new(Link)
	for _, topics := range []int{1, 4, 5, 6, 1000} {
		for i := range 5000 {
			want := fmt.Sprintf("plant/%d/line-%d/temperature", topics, i*i%7919%topics)
			if i%50 == 0 {
				want = "" // behind a Topic Alias that is not known
			}
			got := tr.topic(l, decode.FromServer, []byte(want))
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
}

func TestTopicTag(t *testing.T) {
	seen := map[uint16]int{}
	for i := range 1000 {
		seen[uint16(TopicTag(fmt.Appendf(nil, "plant/%d/line-%d/temperature", i/4, i%4)))]++
	}
	if len(seen) < 980 {
		t.Errorf("1,000 topics have %d tags of 16 bits", len(seen))
	}
}

// BenchmarkTopic is what it costs to find the text of a Topic Name, with so many topics in turn.
func BenchmarkTopic(b *testing.B) {
	for _, n := range []int{1, 4, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr, l := New(Config{}, nil), new(Link)
			topics := make([][]byte, n)
			for i := range topics {
				topics[i] = fmt.Appendf(nil, "plant/%d/line-%d/temperature", i/4, i%4)
			}
			for i := 0; b.Loop(); i++ {
				tr.topic(l, decode.FromClient, topics[i%n])
			}
		})
	}
}
