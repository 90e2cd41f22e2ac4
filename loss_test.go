package main_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// TestLossRaisesNoAlarm: on the wire every delivery ends well. Where the capture has missed frames the program may say less, but never that somebody
// owes something or did something wrong.
func TestLossRaisesNoAlarm(t *testing.T) {
	for name, drop := range map[string]float64{"none": 0, "one in a thousand": 0.001, "one in a hundred": 0.01} {
		t.Run(name, func(t *testing.T) {
			p := traffic.Standard(20_000)
			p.Publishers, p.Subscribers, p.Drop = 50, 50, drop
			file := filepath.Join(t.TempDir(), "traffic.pcap")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			truth, err := traffic.Write(f, p)
			if err != nil || f.Close() != nil {
				t.Fatal(err)
			}
			r := run(t, nil, "replay", "--output", "json", file)
			s := summary(t, r.stdout)
			for name := range s["alerts"].(map[string]any) {
				if name != "capture-gap" {
					t.Errorf("alert %s (%v)", name, s["alerts"])
				}
			}
			if gaps := s["capture"].(map[string]any)["tcp_gaps"].(float64); (gaps == 0) != (drop == 0) {
				t.Errorf("%v gaps with %d frames dropped", gaps, truth.Dropped)
			}
			for q, kind := range []string{"qos1", "qos2"} {
				h := s["handshakes"].(map[string]any)[kind].(map[string]any)
				if h["open"].(float64) != 0 || h["abandoned"].(float64) != 0 {
					t.Errorf("%s: %v", kind, h)
				}
				ended := h["complete"].(float64)
				if drop == 0 && ended != float64(truth.Complete[q]) || ended < 0.95*float64(truth.Complete[q]) {
					t.Errorf("%s: %v complete of %d", kind, ended, truth.Complete[q])
				}
			}
		})
	}
}

// TestHardLossRaisesNoAlarm loses frames where it is hardest to see: the first ones of a connection, the last ones of one whose client connects anew at once,
// many. It looks at the whole capture, and at what is left of it without its first third.
func TestHardLossRaisesNoAlarm(t *testing.T) {
	few := traffic.Params{Publishers: 10, Subscribers: 10, Topics: 3, FanOut: 2, Messages: 4000, QoS: [3]float64{0.3, 0.4, 0.3}, PayloadMin: 5, PayloadMax: 300, V5: 0.5, Rate: 500}
	returning, broken, slow := few, few, few
	returning.Reconnect, returning.Drop = 0.02, 0.001
	broken.Coalesce, broken.Split, broken.Resend, broken.Overlap, broken.Swap, broken.Drop = 0.5, 0.4, 0.01, 0.01, 0.02, 0.05
	slow.Rate, slow.Messages, slow.Drop, slow.Swap = 20, 3000, 0.01, 0.02
	many := returning
	many.Drop, many.Coalesce, many.Split = 0.1, 0.2, 0.1
	for name, p := range map[string]traffic.Params{"clients that return": returning, "cut and mixed up": broken, "slow": slow, "one in ten": many} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for p.Seed = 1; p.Seed <= 3; p.Seed++ {
				var file bytes.Buffer
				truth, err := traffic.Write(&file, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, from := range []uint64{0, truth.Frames / 3} {
					if got := alarms(t, framesFrom(file.Bytes(), from)); len(got) > 0 {
						t.Errorf("seed %d, from frame %d on: %v", p.Seed, from, got)
					}
				}
			}
		})
	}
}

// alarms are the alerts in a capture, by name, but for those that only say what the capture lacks, and that clients do connect anew.
func alarms(t *testing.T, capture []byte) map[string]any {
	t.Helper()
	s := summary(t, run(t, bytes.NewReader(capture), "replay", "-", "--output", "json").stdout)
	alerts := s["alerts"].(map[string]any)
	if alerts["capture-gap"] == nil {
		t.Error("there is no gap")
	}
	for _, name := range []string{"capture-gap", "joined-mid-stream", "reconnect-loop"} {
		delete(alerts, name)
	}
	return alerts
}

// framesFrom leaves the first frames of a pcap out.
func framesFrom(file []byte, n uint64) []byte {
	rest := file[24:]
	for range n {
		rest = rest[16+binary.LittleEndian.Uint32(rest[8:]):]
	}
	return append(bytes.Clone(file[:24]), rest...)
}

// TestOneSidedCaptureRaisesNoAlarm: a filter like "dst port 1883" leaves out everything that the broker says. Its silence is then no evidence.
func TestOneSidedCaptureRaisesNoAlarm(t *testing.T) {
	p := traffic.Standard(3000)
	p.Publishers, p.Subscribers, p.OneSided = 20, 20, true
	file := filepath.Join(t.TempDir(), "traffic.pcap")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	p.Rate = 100 // half a minute: long enough for everything to be overdue
	if _, err := traffic.Write(f, p); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	s := summary(t, run(t, nil, "replay", "--output", "json", file).stdout)
	alerts := s["alerts"].(map[string]any)
	if alerts["capture-gap"] == nil || len(alerts) != 1 {
		t.Errorf("alerts: %v", alerts)
	}
	h := s["handshakes"].(map[string]any)["qos1"].(map[string]any)
	if h["unknown"].(float64) < 0.7*(h["unknown"].(float64)+h["open"].(float64)) || h["complete"].(float64) != 0 {
		t.Errorf("QoS 1: %v", h)
	}
}

// TestSameOnOneCoreAndTwo: what is written does not depend on how many cores there are, though files are read on one and judged on another.
func TestSameOnOneCoreAndTwo(t *testing.T) {
	p := traffic.Standard(20_000)
	p.Publishers, p.Subscribers, p.FanOut = 40, 40, 2
	p.Drop, p.Swap, p.Resend, p.Withhold = 0.003, 0.003, 0.003, 0.003
	file := filepath.Join(t.TempDir(), "traffic.pcap")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := traffic.Write(f, p); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	for _, output := range []string{"json", "text", "summary"} {
		var on [2]string
		for i := range on {
			cmd := command("replay", "--output", output, file)
			cmd.Env = append(cmd.Environ(), fmt.Sprintf("GOMAXPROCS=%d", i+1))
			on[i] = finish(t, cmd).stdout
		}
		if on[0] != on[1] || len(on[0]) < 500 {
			t.Errorf("%s: %d bytes on one core, %d on two, and they differ", output, len(on[0]), len(on[1]))
		}
	}
}
