package watch_test

import (
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

// TestCriticalAlertsAreCounted has two alerts of a name, of which one becomes critical before it is over, and one that is so from the start.
func TestCriticalAlertsAreCounted(t *testing.T) {
	const story = `c1
0 c1 > CONNECT client=dev v=5 clean
0.1 c1 < CONNACK
1 c1 > PUBLISH q=1 id=1 topic=t payload=a
40 c1 < PUBACK id=1
41 c1 > PUBLISH q=1 id=2 topic=t payload=b
50 c1 < PUBACK id=2
51 c1 > PUBLISH q=1 id=0 topic=t payload=c
52 tick
`
	s, err := scenario.Parse(strings.NewReader(story))
	if err != nil {
		t.Fatal(err)
	}
	_, e := feed(s, watch.Config{})
	c := e.Snapshot(watch.Query{}).Counts
	if c.Alerts[handshake.PubackOverdue] != 2 || c.AlertsCritical[handshake.PubackOverdue] != 1 {
		t.Errorf("puback-overdue: %d, critical %d, want 2 and 1", c.Alerts[handshake.PubackOverdue], c.AlertsCritical[handshake.PubackOverdue])
	}
	if c.Alerts[handshake.PacketIDZero] != 1 || c.AlertsCritical[handshake.PacketIDZero] != 1 {
		t.Errorf("packet-id-zero: %d, critical %d, want 1 and 1", c.Alerts[handshake.PacketIDZero], c.AlertsCritical[handshake.PacketIDZero])
	}
}
