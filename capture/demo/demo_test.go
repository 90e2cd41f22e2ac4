package demo_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/mqttwatch/mqttwatch/capture/demo"
	"github.com/mqttwatch/mqttwatch/decode"
)

// run runs a demo for d, and checks that it ends in time and leaves no goroutine.
func run(t *testing.T, opts demo.Options, d time.Duration) (*wire, decode.SourceStats) {
	t.Helper()
	before := runtime.NumGoroutine()
	w := newWire()
	src, err := demo.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	started := time.Now()
	if err := src.Run(ctx, w.sink); err != nil {
		t.Fatal(err)
	}
	if late := time.Since(started) - d; late > 2*time.Second {
		t.Errorf("Run ended %v late", late)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, n, buf[:runtime.Stack(buf, true)])
	}
	return w, src.Stats()
}

// TestDemo checks that each misbehaviour is really on the wire within the ten seconds that a newcomer gets.
func TestDemo(t *testing.T) {
	w, st := run(t, demo.Options{}, 9*time.Second)
	const c, s = decode.FromClient, decode.FromServer
	for _, k := range []struct {
		what string
		n    int
		min  int
		max  int
	}{
		{"pump-2 gets cmd/pump-2/set", w.has("pump-2", s, packets.Publish, topic("cmd/pump-2/set")), 1, 1},
		{"pump-2 acknowledges what is not cmd/pump-2/set", w.has("pump-2", c, packets.Puback) - w.has("pump-2", s, packets.Publish, topic("cmd/pump-2/ping")), -1, 0},
		{"pump-2 acknowledges something", w.has("pump-2", c, packets.Puback), 1, 5},
		{"pump-2 pings", w.has("pump-2", c, packets.Pingreq), 1, 3},

		{"valve-9 gets a QoS 2 PUBLISH", w.has("valve-9", s, packets.Publish, qos(2)), 1, 1},
		{"valve-9 sends PUBREC", w.has("valve-9", c, packets.Pubrec), 1, 1},
		{"valve-9 gets PUBREL", w.has("valve-9", s, packets.Pubrel), 1, 1},
		{"valve-9 sends PUBCOMP", w.has("valve-9", c, packets.Pubcomp), 0, 0},

		{"gateway-1 publishes with QoS 2", w.has("gateway-1", c, packets.Publish, qos(2)), 1, 1},
		{"gateway-1 gets PUBREC", w.has("gateway-1", s, packets.Pubrec, reason(0)), 1, 1},
		{"gateway-1 sends PUBREL", w.has("gateway-1", c, packets.Pubrel), 0, 0},
		{"gateway-1's QoS 1 is acknowledged", w.has("gateway-1", s, packets.Puback), 2, 4},

		{"logger-4 connects", w.conns["logger-4"], 2, 2},
		{"logger-4 asks to resume", w.has("logger-4", c, packets.Connect, func(p *step) bool { return !p.Connect.Clean }), 2, 2},
		{"logger-4's session is present", w.has("logger-4", s, packets.Connack, func(p *step) bool { return p.SessionPresent }), 1, 1},
		{"logger-4 gets its messages again", w.has("logger-4", s, packets.Publish, dup), 2, 2},
		{"logger-4 says DISCONNECT", w.has("logger-4", c, packets.Disconnect), 0, 0},

		{"intruder is refused with PUBACK", w.has("intruder", s, packets.Puback, reason(0x87)), 1, 3},
		{"intruder is refused with PUBREC", w.has("intruder", s, packets.Pubrec, reason(0x87)), 1, 3},
		{"intruder answers the refusal", w.has("intruder", c, packets.Pubrel), 0, 0},

		{"display-3 allows 5 in flight", w.has("display-3", c, packets.Connect, func(p *step) bool { return p.Properties.ReceiveMaximum == 5 }), 1, 1},
		{"display-3 gets no more than that", w.has("display-3", s, packets.Publish), 5, 5},
		{"display-3 sends PUBACK", w.has("display-3", c, packets.Puback), 0, 0},
		{"scada goes on publishing to it", w.has("scada", c, packets.Publish, topic("display/line-3")), 7, 9},
		{"scada lacks PUBACK", w.has("scada", c, packets.Publish, qos(1)) - w.has("scada", s, packets.Puback), 0, 1},

		{"dashboard gets QoS 1", w.has("dashboard", s, packets.Publish, qos(1)), 12, 30},
		{"dashboard gets QoS 2", w.has("dashboard", s, packets.Publish, qos(2)), 5, 12},
	} {
		if k.n < k.min || k.n > k.max {
			t.Errorf("%s: %d times, want %d to %d", k.what, k.n, k.min, k.max)
		}
	}
	checkResend(t, w)
	checkSource(t, w, st)
}

// checkResend: what logger-4 gets again has the identifiers of what it left unanswered, in the same order, and is answered then.
func checkResend(t *testing.T, w *wire) {
	t.Helper()
	var first, again, acked []uint16
	for _, p := range w.steps["logger-4"] {
		switch {
		case p.FixedHeader.Type == packets.Publish && p.FixedHeader.Dup:
			again = append(again, p.PacketID)
		case p.FixedHeader.Type == packets.Publish && len(again) == 0:
			first = append(first, p.PacketID)
		case p.FixedHeader.Type == packets.Puback:
			acked = append(acked, p.PacketID)
		}
	}
	if len(first) != 3 || !slices.Equal(again, first[1:]) || !slices.Equal(acked, first) {
		t.Errorf("first %v, again %v, acknowledged %v", first, again, acked)
	}
}

// checkSource checks what any run must be like.
func checkSource(t *testing.T, w *wire, st decode.SourceStats) {
	t.Helper()
	if st.Kind != "demo" || st.State != "ended" || st.Err != "" || st.QueueDrops != 0 || st.Frames == 0 {
		t.Errorf("stats %+v", st)
	}
	if w.gaps > 0 || w.ticks < 10 {
		t.Errorf("%d gaps, %d ticks", w.gaps, w.ticks)
	}
	for _, a := range w.addrs {
		if a.Addr().String() != "127.0.0.1" {
			t.Errorf("an end of a connection is %v", a)
		}
	}
}

// TestDemoHealthy checks that the healthy plant leaves nothing unanswered but what was just under way when watching stopped.
func TestDemoHealthy(t *testing.T) {
	const seconds = 5
	w, st := run(t, demo.Options{Healthy: true}, seconds*time.Second)
	checkSource(t, w, st)
	versions := map[byte]bool{}
	for _, v := range w.version {
		versions[v] = true
	}
	if !versions[4] || !versions[5] {
		t.Errorf("versions %v, want 3.1.1 and 5.0", versions)
	}
	total := 0
	for client, steps := range w.steps {
		if slices.Contains([]string{"pump-2", "valve-9", "display-3", "gateway-1", "logger-4", "historian", "intruder", "scada"}, client) {
			t.Errorf("%s takes part", client)
		}
		total += checkAnswered(t, client, steps, st.Last)
	}
	if rate := float64(total) / seconds; rate < 3 || rate > 12 {
		t.Errorf("%.1f handshakes/s", rate)
	}
}

// checkAnswered follows a client's handshakes and returns how many were completed.
func checkAnswered(t *testing.T, client string, steps []step, end decode.Time) (complete int) {
	t.Helper()
	type key struct {
		sender decode.Direction
		id     uint16
	}
	open := map[key]step{}
	for _, p := range steps {
		switch p.FixedHeader.Type {
		case packets.Publish:
			k := key{p.dir, p.PacketID}
			if _, used := open[k]; used || p.FixedHeader.Dup {
				t.Errorf("%s: id %d is used twice, or DUP is set", client, p.PacketID)
			}
			if p.FixedHeader.Qos > 0 {
				open[k] = p
			}
		case packets.Puback, packets.Pubcomp:
			k := key{p.dir.Opposite(), p.PacketID}
			if _, ok := open[k]; !ok || p.ReasonCode != 0 {
				t.Errorf("%s: answer to id %d, which is not open, or Reason Code 0x%02X", client, p.PacketID, p.ReasonCode)
			}
			delete(open, k)
			complete++
		}
	}
	for k, p := range open {
		if age := end.Sub(p.at); age > 500*time.Millisecond {
			t.Errorf("%s: id %d is open for %v", client, k.id, age)
		}
	}
	return complete
}

func TestDemoRunsOnce(t *testing.T) {
	src, err := demo.New(demo.Options{Healthy: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := src.Run(ctx, func([]decode.Segment) {}); err != nil {
		t.Error(err)
	}
	if err := src.Run(ctx, func([]decode.Segment) {}); err == nil {
		t.Error("a second Run is accepted")
	}
}
