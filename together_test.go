package main_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestTogether watches a file of the past and a broker: both are on one time line, and each row says where it was seen.
func TestTogether(t *testing.T) {
	port := mosquitto(t, "allow_anonymous true\n")
	r := run(t, nil, "capture/testdata/captures/zeek__mqtt.pcap", fmt.Sprintf("mqtt://127.0.0.1:%d", port), "-t", "plant/#", "--duration", "1s", "--output", "json")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	sources := map[any]int{}
	for _, line := range lines(t, r.stdout) {
		if line["kind"] == "handshake" || line["kind"] == "subscription" {
			sources[line["source"]]++
		}
	}
	if len(sources) != 2 || sources["zeek__mqtt.pcap"] == 0 {
		t.Errorf("handshakes by source: %v, want the file and the client", sources)
	}
}

// TestSeenTwice watches a broker through the embedded client and on the interface: each packet counts once.
func TestSeenTwice(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("sniffs the loopback interface, which needs Linux and root")
	}
	port := mosquitto(t, "allow_anonymous true\n")
	url := fmt.Sprintf("mqtt://127.0.0.1:%d", port)
	r := run(t, nil, "watch", "lo", url, "--port", fmt.Sprint(port), "-t", "plant/#", "--duration", "1500ms", "--output", "json")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	s := summary(t, r.stdout)
	if n := s["packets"].(map[string]any)["CONNECT"]; n != 1.0 {
		t.Errorf("%v CONNECTs, want 1: %v", n, s)
	}
	if notes := fmt.Sprint(s); !strings.Contains(notes, "seen at another source as well") {
		t.Errorf("no note on it: %v", s)
	}
}

func TestTogetherRefuses(t *testing.T) {
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"watch"}, 2, "a source is missing: mqttwatch watch SOURCE"},
		{[]string{"watch", "nothing-such"}, 2, "no such command, file or interface"},
		{[]string{"watch", "lo", "mqtt://"}, 2, "no host"},
	} {
		r := run(t, nil, test.args...)
		if r.status != test.status || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, test.want) {
			t.Errorf("%q: status %d, stderr %q; want %d and %q", test.args, r.status, r.stderr, test.status, test.want)
		}
	}
}

func TestFollowRefusesAPace(t *testing.T) {
	r := run(t, nil, "replay", "--follow", "--speed", "10x", "x.pcap")
	if r.status != 2 || !strings.Contains(r.stderr, "has its own pace") {
		t.Errorf("status %d, stderr %q", r.status, r.stderr)
	}
}
