package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// TestProxy lets real clients through: their deliveries are complete, and none of their packets raises an alert.
func TestProxy(t *testing.T) {
	pub := need.Program(t, "mosquitto_pub")
	port := mosquitto(t, "allow_anonymous true\n")
	cmd := command("proxy", "--listen", "127.0.0.1:0", fmt.Sprintf("mqtt://127.0.0.1:%d", port), "--output", "json", "--fail-on", "warn", "--duration", "30s")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	said := bufio.NewReader(stderr)
	line, err := said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var at string
	if _, err := fmt.Sscanf(line, "mqttwatch: proxy %s →", &at); err != nil {
		t.Fatalf("stderr begins with %q", line)
	}
	_, listens, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, qos := range []string{"0", "1", "2"} {
		args := []string{"-p", listens, "-t", "plant/a", "-q", qos, "-m", "21.5", "-i", "device-" + qos}
		if out, err := exec.Command(pub, args...).CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_pub: %v: %s", err, out)
		}
	}
	time.Sleep(300 * time.Millisecond) // the last packets are on their way
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := said.ReadString(0)
	if got := status(t, cmd.Wait()); got != 130 || rest != "" {
		t.Errorf("status %d, stderr %q", got, rest)
	}
	s := summary(t, stdout.String())
	counts := s["handshakes"].(map[string]any)
	for _, qos := range []string{"qos1", "qos2"} {
		if o := counts[qos].(map[string]any); o["complete"] != 1.0 || o["open"] != 0.0 {
			t.Errorf("%s: %v, want 1 complete", qos, o)
		}
	}
	if alerts := s["alerts"].(map[string]any); len(alerts) != 0 || s["capture"].(map[string]any)["connections"] != 3.0 {
		t.Errorf("alerts %v, capture %v", alerts, s["capture"])
	}
}

func TestProxyRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"address in use", []string{"--listen", l.Addr().String(), "mqtt://127.0.0.1:1"}, 1, "choose another port with --listen"},
		{"no broker", []string{"--listen", ":0"}, 2, "a broker's URL is missing"},
		{"bad URL", []string{"--listen", ":0", "mqtt://"}, 2, "no host"},
		{"login", []string{"--listen", ":0", "mqtt://anna:geheim@h"}, 2, "its clients do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, nil, append([]string{"proxy"}, test.args...)...)
			if r.status != test.status || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, test.want) {
				t.Errorf("status %d, stderr %q; want %d and %q", r.status, r.stderr, test.status, test.want)
			}
			if strings.Contains(r.stderr, "geheim") {
				t.Errorf("a password is shown: %q", r.stderr)
			}
		})
	}
}

// TestProxyBrokerDown says so once, and goes on.
func TestProxyBrokerDown(t *testing.T) {
	cmd := command("proxy", "-l", "127.0.0.1:0", "mqtt://"+unusedPort(t), "--output", "json", "--duration", "2s")
	var stdout, said bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		var at string
		if _, err := fmt.Sscanf(lines.Text(), "mqttwatch: proxy %s →", &at); err != nil {
			continue
		}
		for range 3 {
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = c.Read(make([]byte, 1))
			c.Close()
		}
	}
	if got := status(t, cmd.Wait()); got != 1 || strings.Count(said.String(), "connection refused") != 1 || !strings.Contains(said.String(), "could not be reached for any client, of which there were 3") {
		t.Errorf("status %d, stderr %q", got, said.String())
	}
	if s := summary(t, stdout.String()); s["capture"].(map[string]any)["connections"] != 0.0 {
		t.Errorf("capture %v", s["capture"])
	}
}
