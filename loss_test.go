package main_test

import (
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
