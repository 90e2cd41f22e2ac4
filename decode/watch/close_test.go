package watch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

// TestEndToldLate tells of the end of a connection when time has gone on, as a source does that waits for the other side to close, too: what comes of it
// has the time of that end.
func TestEndToldLate(t *testing.T) {
	const story = `s
p
0 s > CONNECT client=sub v=3.1.1 clean
0.1 s < CONNACK
0.2 s > SUBSCRIBE id=1 filter=t q=1
0.3 s < SUBACK id=1 code=1
0.4 p > CONNECT client=pub v=3.1.1 clean
0.5 p < CONNACK
1 p > PUBLISH q=1 id=7 topic=t payload=a
1.1 p < PUBACK id=7
1.2 s < PUBLISH q=1 id=1 topic=t payload=a
2 s close < fin
`
	s, err := scenario.Parse(strings.NewReader(story))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, late := range []time.Duration{0, 2500 * time.Millisecond} {
		var got []string
		e := watch.New(watch.Config{Deliveries: true, OnEvent: func(e *watch.Event) { got = append(got, line(e)) }})
		segments := s.Segments()
		end := len(segments) - 1
		e.Feed(segments[:end])
		if late > 0 {
			e.Feed([]decode.Segment{{Kind: decode.Tick, Time: segments[end].Time.Add(late)}})
		}
		e.Feed(segments[end:])
		if late == 0 {
			want = got
		} else if !slices.Equal(got, want) {
			t.Errorf("told late:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
		if a := e.Snapshot(watch.Query{AlertLimit: 9}).Alerts; len(a) != 2 || a[0].Raised != start+2e9 || a[1].Raised != start+2e9 {
			t.Errorf("%d alerts, raised %v", len(a), a)
		}
	}
}
