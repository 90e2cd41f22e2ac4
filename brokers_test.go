package main_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestBrokers watches two brokers at once, with one Client Identifier: what happens at each stays apart.
func TestBrokers(t *testing.T) {
	a, b := mosquitto(t, "allow_anonymous true\n"), mosquitto(t, "allow_anonymous true\n")
	r := run(t, nil, "broker", fmt.Sprintf("mqtt://127.0.0.1:%d", a), fmt.Sprintf("mqtt://127.0.0.1:%d", b), "-i", "watcher", "-t", "plant/#",
		"--publish", "plant/a=1", "--every", "100ms", "--count", "2", "--duration", "2s", "--output", "json", "--fail-on", "warn")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	at := map[any]int{}
	for _, line := range lines(t, r.stdout) {
		if line["kind"] == "handshake" {
			at[line["server"]]++
		}
	}
	if len(at) != 2 {
		t.Errorf("deliveries by server: %v, want two servers", at)
	}
	for server, n := range at {
		if n != 4 {
			t.Errorf("%v has %d deliveries, want 2 out and 2 back", server, n)
		}
	}
}

// TestBrokersOneDown goes on with the broker that is there, and says which one is not: when it is tried, in the summary, and by its exit status.
func TestBrokersOneDown(t *testing.T) {
	port, nobody := mosquitto(t, "allow_anonymous true\n"), "mqtt://"+unusedPort(t)
	r := run(t, nil, nobody, fmt.Sprintf("mqtt://127.0.0.1:%d", port), "--publish", "a=1", "--duration", "1s", "--output", "json")
	tried, ended, _ := strings.Cut(r.stderr, "\n")
	if r.status != 1 || !strings.Contains(tried, nobody+": connection refused") || ended != "mqttwatch: never connected to "+nobody+"\n" {
		t.Errorf("status %d, stderr %q", r.status, r.stderr)
	}
	s := summary(t, r.stdout)
	if qos1 := s["handshakes"].(map[string]any)["qos1"].(map[string]any); qos1["complete"] != 1.0 {
		t.Errorf("QoS 1: %v", qos1)
	}
	notes := s["capture"].(map[string]any)["notes"].([]any)
	if len(notes) != 1 || !strings.HasPrefix(notes[0].(string), "cannot connect to "+nobody+": connection refused") {
		t.Errorf("notes %q", notes)
	}
}

// TestBrokersDown reaches neither of two brokers: one refuses, one does not answer.
func TestBrokersDown(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	refuses, silent := "mqtt://"+unusedPort(t), "mqtt://"+mute.Addr().String()
	r := run(t, nil, "broker", refuses, silent, "--duration", "1s", "--output", "summary")
	if r.status != 1 || !strings.HasSuffix(r.stderr, "\nmqttwatch: never connected to "+refuses+", "+silent+"\n") {
		t.Errorf("status %d, stderr %q", r.status, r.stderr)
	}
	for _, want := range []string{refuses + ": connection refused", silent + ": no answer until the end"} {
		if !strings.Contains(r.stdout, "\nnote         cannot connect to "+want) {
			t.Errorf("no note %q in\n%s", want, r.stdout)
		}
	}
}

// TestPasswordsAreHidden gives each of two brokers a password of its own in its URL.
func TestPasswordsAreHidden(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	var listeners [2]net.Listener
	args := []string{"broker", "--duration", "20s", "--output", "json"}
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		listeners[i] = l
		args = append(args, fmt.Sprintf("mqtt://anna:geheim%d@%s", i, l.Addr()))
	}
	cmd := command(args...)
	cmd.Env = append(cmd.Env, "MQTTWATCH_PASSWORD_1=another")
	start(t, cmd)
	for i, l := range listeners {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		title, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(title), "geheim") {
			t.Errorf("the process is seen as %q", title)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		connect := make([]byte, 512)
		n, err := c.Read(connect)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(connect[:n]), fmt.Sprintf("\x00\x07geheim%d", i)) {
			t.Errorf("CONNECT to broker %d is %q", i+1, connect[:n])
		}
	}
}
