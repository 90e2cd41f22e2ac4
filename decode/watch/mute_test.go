package watch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

// TestMute: of what is muted nothing is told, listed or counted, and everything else goes on as it did.
func TestMute(t *testing.T) {
	const story = `c1
0 c1 > CONNECT client=dev v=5 clean
0.1 c1 < CONNACK
1 c1 > PUBLISH q=1 id=1 topic=t payload=a
2 c1 > PUBLISH q=1 id=2 topic=t payload=b
3 c1 < PUBACK id=2 code=0x87
40 c1 < PUBACK id=1
41 tick
`
	s, err := scenario.Parse(strings.NewReader(story))
	if err != nil {
		t.Fatal(err)
	}
	all, _ := feed(s, watch.Config{})
	some, e := feed(s, watch.Config{Mute: []handshake.AlertName{handshake.PubackOverdue, handshake.PublishRefused}})
	want := slices.DeleteFunc(slices.Clone(all), func(line string) bool {
		return strings.Contains(line, "puback-overdue") || strings.Contains(line, "publish-refused")
	})
	if !slices.Equal(some, want) || len(want) != len(all)-4 {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(some, "\n  "), strings.Join(want, "\n  "))
	}
	snapshot := e.Snapshot(watch.Query{AlertLimit: 10})
	for _, a := range snapshot.Alerts {
		if a.Name != handshake.AckOutOfOrder {
			t.Errorf("%s is listed", a.Name)
		}
	}
	if len(snapshot.Counts.Alerts) != 1 || snapshot.Stuck != (watch.Stuck{}) {
		t.Errorf("counted: %v, stuck %v", snapshot.Counts.Alerts, snapshot.Stuck)
	}
}
