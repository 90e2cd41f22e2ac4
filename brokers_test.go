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

// TestBrokersOneDown says which broker is not there, and goes on with the other.
func TestBrokersOneDown(t *testing.T) {
	port, nobody := mosquitto(t, "allow_anonymous true\n"), "mqtt://"+unusedPort(t)
	r := run(t, nil, nobody, fmt.Sprintf("mqtt://127.0.0.1:%d", port), "--publish", "a=1", "--duration", "1s", "--output", "json")
	if r.status != 0 || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, nobody+": connection refused") {
		t.Errorf("status %d, stderr %q", r.status, r.stderr)
	}
	if qos1 := summary(t, r.stdout)["handshakes"].(map[string]any)["qos1"].(map[string]any); qos1["complete"] != 1.0 {
		t.Errorf("QoS 1: %v", qos1)
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
