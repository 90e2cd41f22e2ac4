package main_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// device answers a command through a real broker: on cmd/ID/set it runs answer, a command line for mosquitto_pub.
func device(t *testing.T, port int, id string, answer ...string) {
	t.Helper()
	sub := exec.Command(need.Program(t, "mosquitto_sub"), "-p", fmt.Sprint(port), "-t", "cmd/"+id+"/set", "-q", "1", "-i", id)
	out, err := sub.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, sub)
	go func() {
		buf := make([]byte, 100)
		for {
			if _, err := out.Read(buf); err != nil {
				return
			}
			if len(answer) > 0 {
				_ = exec.Command("mosquitto_pub", append([]string{"-p", fmt.Sprint(port)}, answer...)...).Run()
			}
		}
	}()
}

// TestExpectAnswer asks devices through mosquitto, and ends by itself.
func TestExpectAnswer(t *testing.T) {
	need.Program(t, "mosquitto_pub")
	port := mosquitto(t, "allow_anonymous true\n")
	device(t, port, "quick", "-t", "stat/quick/state", "-m", "on")
	device(t, port, "silent")
	device(t, port, "wrong", "-t", "stat/other/state", "-m", "on")
	// What was retained before is no answer.
	if out, err := exec.Command("mosquitto_pub", "-p", fmt.Sprint(port), "-t", "stat/silent/state", "-m", "on", "-r").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v: %s", err, out)
	}
	time.Sleep(500 * time.Millisecond) // the devices have subscribed by then
	tests := []struct {
		name   string
		args   []string
		status int
		state  string
	}{
		{"answered", []string{"--publish", "cmd/quick/set=on"}, 0, "answered"},
		{"answered, QoS 0", []string{"--publish", "cmd/quick/set=on", "-q", "0"}, 0, "answered"},
		{"answered, QoS 2, 3.1.1", []string{"--publish", "cmd/quick/set=on", "-q", "2", "--mqtt-version", "3.1.1"}, 0, "answered"},
		{"answered three times", []string{"--publish", "cmd/quick/set=on", "--every", "300ms", "--count", "3"}, 0, "answered"},
		{"retained before", []string{"--publish", "cmd/silent/set=on"}, 3, "unanswered"},
		{"another answers", []string{"--publish", "cmd/wrong/set=on"}, 3, "unanswered"},
		{"nobody there", []string{"--publish", "cmd/nobody/set=on"}, 3, "unanswered"},
		{"one of two", []string{"--publish", "cmd/quick/set=on", "--publish", "cmd/silent/set=on"}, 3, "unanswered"},
		{"covered by -t", []string{"--publish", "cmd/quick/set=on", "-t", "#"}, 0, "answered"},
		{"too short", []string{"--publish", "cmd/silent/set=on", "--duration", "500ms"}, 3, "pending"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			args := append([]string{"broker", fmt.Sprintf("mqtt://127.0.0.1:%d", port), "--expect", "cmd/{id}/set -> stat/{id}/# within 1500ms", "--output", "json"}, test.args...)
			r := run(t, nil, args...)
			if r.status != test.status || r.stderr != "" {
				t.Errorf("status %d, want %d: %s", r.status, test.status, r.stderr)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			states := map[any]int{}
			for _, line := range lines(t, r.stdout) {
				if line["kind"] == "expectation" {
					states[line["state"]]++
				}
			}
			if states[test.state] == 0 {
				t.Errorf("states %v, want %s\n%s", states, test.state, r.stdout)
			}
		})
	}
}

// TestExpectHeartbeat lets a device fall silent.
func TestExpectHeartbeat(t *testing.T) {
	need.Program(t, "mosquitto_pub")
	port := mosquitto(t, "allow_anonymous true\n")
	url := fmt.Sprintf("mqtt://127.0.0.1:%d", port)
	beat := exec.Command("mosquitto_pub", "-p", fmt.Sprint(port), "-t", "sensors/a/status", "-m", "ok", "--repeat", "30", "--repeat-delay", "0.2", "-i", "a")
	start(t, beat)
	if r := run(t, nil, "broker", url, "--expect", "sensors/+/status every 1s", "--duration", "3s", "--output", "json"); r.status != 0 {
		t.Errorf("status %d while the device is alive: %s%s", r.status, r.stderr, r.stdout)
	}
	_ = beat.Process.Kill()
	r := run(t, nil, "broker", url, "--expect", "sensors/a/status every 1s", "--duration", "3s", "--output", "text")
	if r.status != 3 || !strings.Contains(r.stdout, "heartbeat-overdue  nothing was seen on sensors/a/status for 1.5s") {
		t.Errorf("status %d: %s%s", r.status, r.stderr, r.stdout)
	}
}

func TestExpectMistakes(t *testing.T) {
	r := run(t, nil, "replay", "none.pcap", "--expect", "cmd/{id}/set -> stat/{di} within 1s")
	if r.status != 2 || !strings.Contains(r.stderr, "column 22: {di} is not in the topic of the request") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}
