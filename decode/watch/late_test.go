package watch_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestLateFrameKeepsItsTime: a tick went ahead of a packet that was under way; how long the answer took is told by the packets' own times.
func TestLateFrameKeepsItsTime(t *testing.T) {
	var took time.Duration
	e, c := session(decode.V311, watch.Config{OnEvent: func(ev *watch.Event) {
		if ev.Kind == watch.HandshakeEnded {
			took = ev.Row.Ended.Sub(ev.Row.Started)
		}
	}})
	at := start.Add(time.Second)
	e.Feed([]decode.Segment{
		{Conn: c, Time: at, Data: decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: 1, Topic: "t"})},
		{Kind: decode.Tick, Time: at.Add(3 * time.Second)},
		{Conn: c, Time: at.Add(40 * time.Microsecond), Dir: decode.FromServer, Data: decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: 1})},
	})
	if took != 40*time.Microsecond {
		t.Errorf("took %s, want 40us", took)
	}
}
