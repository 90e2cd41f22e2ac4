package watch_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// everything is what the screens of sessions, topics and statistics say that can be cleared.
type everything struct {
	packets, conns, published uint64 // of the first session
	answered                  uint64 // likewise
	rtt                       time.Duration
	plant, temp               uint64 // PUBLISH packets on the level and on the topic; noTopic where it is not shown
	steps                     uint64
	slowest                   time.Duration
	seconds                   int
}

const noTopic = 1 << 40

func (s *surveyed) everything() everything {
	s.t.Helper()
	w := watch.Window{Limit: 99}
	snap := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: w}, Topics: &watch.TopicQuery{Window: w}, Statistics: true})
	out := everything{plant: noTopic, temp: noTopic, seconds: len(snap.Statistics.Seconds)}
	if rows := snap.Sessions.Rows; len(rows) > 0 {
		f := &rows[0].Flows
		out.packets, out.conns = f[0].Packets+f[1].Packets, uint64(rows[0].Connections)
		out.published, out.answered, out.rtt = f[0].Publish[1], f[0].Answered, f[0].Max
	}
	for _, r := range snap.Topics.Rows {
		n := r.Publish[0][1]
		switch r.Path {
		case "plant":
			out.plant = n
		case "plant/a/temp":
			out.temp = n
		}
	}
	for kind := range snap.Statistics.Steps {
		l := snap.Statistics.Steps[kind][decode.FromClient]
		out.steps += l.Count
		out.slowest = max(out.slowest, l.Max)
	}
	return out
}

// deliver sends a QoS 1 delivery to the broker that takes so long.
func (s *surveyed) deliver(topic string, id uint16, took time.Duration) {
	s.publish(time.Second, decode.FromClient, 1, id, topic)
	s.ack(took, decode.FromServer, decode.PUBACK, id)
}

// TestClear clears three times and brings everything back in two steps: nothing is lost on the way, and what goes on meanwhile is counted.
func TestClear(t *testing.T) {
	s := newSurveyed(t)
	s.deliver("plant/a/temp", 1, 40*ms)
	s.deliver("plant/a/temp", 2, 10*ms)
	first := s.everything()
	if want := (everything{6, 1, 2, 2, 40 * ms, 2, 2, 2, 40 * ms, 3}); first != want {
		t.Fatalf("before: %+v, want %+v", first, want)
	}
	s.Clear()
	if got, want := s.everything(), (everything{plant: noTopic, temp: noTopic, seconds: 1}); got != want {
		t.Errorf("cleared: %+v, want %+v", got, want)
	}
	s.deliver("plant/b", 3, 5*ms)
	if got, want := s.everything(), (everything{2, 0, 1, 1, 5 * ms, 1, noTopic, 1, 5 * ms, 2}); got != want {
		t.Errorf("after the first clearing: %+v, want %+v", got, want)
	}
	s.Clear()
	s.deliver("plant/b", 4, 6*ms)
	s.Clear()
	s.deliver("plant/b", 5, 7*ms)
	if got, want := s.everything(), (everything{2, 0, 1, 1, 7 * ms, 1, noTopic, 1, 7 * ms, 2}); got != want {
		t.Errorf("after the third clearing: %+v, want %+v", got, want)
	}
	s.Restore()
	if got, want := s.everything(), (everything{4, 0, 2, 2, 7 * ms, 2, noTopic, 2, 7 * ms, 3}); got != want {
		t.Errorf("with the last clearing taken back: %+v, want %+v", got, want)
	}
	for range 2 { // the second time there is nothing left to bring back
		s.Restore()
		if got, want := s.everything(), (everything{12, 1, 5, 5, 40 * ms, 5, 2, 5, 40 * ms, 6}); got != want {
			t.Errorf("with all taken back: %+v, want %+v", got, want)
		}
	}
}

// TestClearLeavesWhatIsOpen has a PUBLISH that waits: its topic, and the session, stay.
func TestClearLeavesWhatIsOpen(t *testing.T) {
	s := newSurveyed(t)
	s.deliver("plant/b", 1, ms)
	s.publish(ms, decode.FromClient, 1, 2, "plant/a/temp")
	s.Clear()
	w := watch.Window{Limit: 99}
	snap := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: w}, Topics: &watch.TopicQuery{Window: w}})
	if got := s.everything(); got.plant != 0 || got.temp != 0 || len(snap.Sessions.Rows) != 1 || snap.Sessions.Rows[0].Open != 1 {
		t.Errorf("%+v, sessions %+v", got, snap.Sessions.Rows)
	}
	for _, r := range snap.Topics.Rows {
		if r.Path == "plant/b" {
			t.Errorf("%s is shown, where nothing is open", r.Path)
		}
		if r.Path == "plant" && r.Open != 1 {
			t.Errorf("the level counts %d open", r.Open)
		}
	}
	// The end of the connection is the end of this session, and of what was open.
	s.Feed([]decode.Segment{{Kind: decode.Close, Conn: s.conn, Time: s.now.Add(time.Second)}})
	s.Clear()
	if l := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: w}}).Sessions; len(l.Rows) != 0 || l.Total != 1 {
		t.Errorf("a session that is over: %+v", l)
	}
}
