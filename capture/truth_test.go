package capture_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// truth is what testdata/captures/truth.json says of one file.
type truth struct {
	Connections int
	Frames      uint64
	Packets     map[string]int
	Publish     map[string]int
}

func loadTruth(t *testing.T) map[string]truth {
	t.Helper()
	text, err := os.ReadFile("testdata/captures/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Files map[string]truth }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all.Files
}

// counter counts the Control Packets that decode finds.
type counter struct {
	truth
	conns map[uint64]bool
	lost  []decode.Loss
}

func newCounter() *counter {
	return &counter{
		truth: truth{Packets: map[string]int{}, Publish: map[string]int{"qos0": 0, "qos1": 0, "qos2": 0}},
		conns: map[uint64]bool{},
	}
}

func (n *counter) Packet(c *decode.Conn, p *decode.Packet) {
	n.Packets[p.Type.String()]++
	n.conns[c.Info.ID] = true
	if p.Type == decode.PUBLISH && p.QoS <= 2 {
		n.Publish["qos"+string('0'+rune(p.QoS))]++
	}
}

func (n *counter) Loss(_ *decode.Conn, l decode.Loss) { n.lost = append(n.lost, l) }

// sink feeds decode as the engine does.
func (n *counter) sink(batch []decode.Segment) {
	for _, s := range batch {
		switch s.Kind {
		case decode.Data:
			s.Conn.Feed(s.Dir, s.Time, s.Data, n)
		case decode.Gap:
			s.Conn.Gap(s.Dir, s.Time, s.Bytes, n)
		case decode.Close:
			s.Conn.Finish(client, s.Time, n)
			s.Conn.Finish(server, s.Time, n)
		}
	}
}

// TestTruth compares what is found in captures of other projects with what two independent decoders found.
func TestTruth(t *testing.T) {
	for name, want := range loadTruth(t) {
		t.Run(name, func(t *testing.T) {
			got := newCounter()
			f := capture.NewFile([]string{filepath.Join("testdata/captures", name)}, capture.FileOptions{})
			if err := f.Run(t.Context(), got.sink); err != nil {
				t.Fatal(err)
			}
			got.Frames, got.Connections = f.Stats().Frames, len(got.conns)
			a, _ := json.Marshal(got.truth)
			b, _ := json.Marshal(want)
			if string(a) != string(b) {
				t.Errorf("got  %s\nwant %s\nlost %v", a, b, got.lost)
			}
		})
	}
}
