package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// mosquitto starts a broker with a configuration beside its listener, and returns its port.
func mosquitto(t *testing.T, config string) int {
	t.Helper()
	return need.Mosquitto(t, config).Port
}

// start runs a helper until the end of the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func TestBroker(t *testing.T) {
	port := mosquitto(t, "allow_anonymous true\n")
	r := run(t, nil, fmt.Sprintf("mqtt://127.0.0.1:%d", port), "-t", "plant/#", "-q", "2", "-i", "watcher",
		"--publish", "plant/a=21.5", "--publish", "other=x", "--every", "100ms", "--count", "3",
		"--duration", "3s", "--output", "json", "--fail-on", "warn")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	s := summary(t, r.stdout)
	qos2 := s["handshakes"].(map[string]any)["qos2"].(map[string]any)
	// Three rounds of two messages go out, and those of plant/a come back.
	if qos2["complete"] != 9.0 || qos2["open"] != 0.0 {
		t.Errorf("QoS 2: %v, want 9 complete", qos2)
	}
	if alerts := s["alerts"].(map[string]any); len(alerts) != 0 {
		t.Errorf("clean traffic raises %v", alerts)
	}
	from := map[any]int{}
	for _, line := range lines(t, r.stdout) {
		if line["kind"] == "handshake" {
			from[line["sender"]]++
			if line["client_id"] != "watcher" || line["qos"] != 2.0 || line["duration_ns"] == nil {
				t.Errorf("handshake: %v", line)
			}
		}
	}
	if from["client"] != 6 || from["server"] != 3 {
		t.Errorf("%v deliveries by sender, want 6 from the client and 3 from the server", from)
	}
}

func TestBrokerRefusesLogin(t *testing.T) {
	need.Program(t, "mosquitto_passwd")
	passwords := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", passwords, "anna", "geheim").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	port := mosquitto(t, "allow_anonymous false\npassword_file "+passwords+"\n")
	url := fmt.Sprintf("mqtt://127.0.0.1:%d", port)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		env    string
		status int
	}{
		{"no login", []string{url}, "", 1},
		{"wrong password", []string{url, "-u", "anna", "-P", "wrong-guess"}, "", 1},
		{"option", []string{url, "-u", "anna", "-P", "geheim"}, "", 0},
		{"file", []string{url, "-u", "anna", "--password-file", file}, "", 0},
		{"environment", []string{url, "-u", "anna"}, "MQTTWATCH_PASSWORD=geheim", 0},
		{"URL", []string{strings.Replace(url, "//", "//anna:geheim@", 1)}, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cmd := command(append(test.args, "--duration", "1500ms", "--output", "json")...)
			cmd.Env = append(cmd.Env, test.env)
			r := finish(t, cmd)
			if r.status != test.status {
				t.Errorf("status %d, want %d: %s", r.status, test.status, r.stderr)
			}
			if strings.Contains(r.stdout+r.stderr, "geheim") || strings.Contains(r.stdout+r.stderr, "wrong-guess") {
				t.Errorf("the password is shown: %s%s", r.stdout, r.stderr)
			}
			if test.status != 0 && (strings.Count(r.stderr, "\n") != 1 || !strings.Contains(strings.ToLower(r.stderr), "not authorized")) {
				t.Errorf("stderr is %q, want one line with the reason", r.stderr)
			}
		})
	}
}

// TestBrokerAgreesWithCapture lets real clients talk through mosquitto while tcpdump captures, and the embedded client
// listens too: the capture has all deliveries complete, and of the embedded client's own connection both say the same.
func TestBrokerAgreesWithCapture(t *testing.T) {
	tcpdump := need.Program(t, "tcpdump")
	need.Program(t, "mosquitto_pub")
	if os.Geteuid() != 0 {
		t.Skip("tcpdump needs root here")
	}
	port := mosquitto(t, "allow_anonymous true\n")
	file := filepath.Join(t.TempDir(), "lo.pcap")
	stop := startTcpdump(t, exec.Command(tcpdump, "-i", "lo", "-U", "-s", "0", "-w", file, fmt.Sprintf("tcp port %d", port)))

	watcher := command(fmt.Sprintf("mqtt://127.0.0.1:%d", port), "-t", "plant/#", "-q", "2", "-i", "watcher",
		"--publish", "plant/own=1", "--every", "200ms", "--count", "3", "--duration", "6s", "--output", "json")
	seen := make(chan result, 1)
	go func() { seen <- finish(t, watcher) }()
	time.Sleep(1500 * time.Millisecond) // it has subscribed by then
	for i := range 5 {
		for _, qos := range []string{"0", "1", "2"} {
			args := []string{"-p", fmt.Sprint(port), "-t", "plant/real", "-q", qos, "-m", fmt.Sprint("value ", i), "-i", "device-" + qos}
			if out, err := exec.Command("mosquitto_pub", args...).CombinedOutput(); err != nil {
				t.Fatalf("mosquitto_pub: %v: %s", err, out)
			}
		}
	}
	live := <-seen
	stop()
	if live.status != 0 || live.stderr != "" {
		t.Fatalf("broker: status %d: %s", live.status, live.stderr)
	}
	replayed := run(t, nil, "replay", file, "--output", "json", "--port", fmt.Sprint(port))
	if replayed.status != 0 || replayed.stderr != "" {
		t.Fatalf("replay: status %d: %s", replayed.status, replayed.stderr)
	}
	for name, out := range map[string]string{"broker": live.stdout, "replay": replayed.stdout} {
		if alerts := summary(t, out)["alerts"].(map[string]any); len(alerts) != 0 {
			t.Errorf("%s: clean traffic raises %v", name, alerts)
		}
	}
	// 3 out, 3 back, and 5 from real clients of QoS 1 and 2 each.
	want := deliveries(t, live.stdout)
	if len(want) != 16 {
		t.Errorf("broker saw %d deliveries of its own, want 16", len(want))
	}
	got := deliveries(t, replayed.stdout)
	for key, state := range want {
		if got[key] != state || !strings.Contains(state, "complete") {
			t.Errorf("%s: broker says %q, the capture %q", key, state, got[key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d deliveries of the watcher in the capture, %d seen by it", len(got), len(want))
	}
	counts := summary(t, replayed.stdout)["handshakes"].(map[string]any)
	for qos, n := range map[string]float64{"qos1": 10, "qos2": 16} {
		if o := counts[qos].(map[string]any); o["complete"] != n || o["open"] != 0.0 {
			t.Errorf("capture: %s is %v, want %v complete", qos, o, n)
		}
	}
}

// deliveries returns the state, topic and packets of the handshakes of the client "watcher", by who sent and the identifier.
func deliveries(t *testing.T, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, line := range lines(t, text) {
		if line["kind"] != "handshake" || line["client_id"] != "watcher" {
			continue
		}
		var packets []string
		for _, step := range line["steps"].([]any) {
			packets = append(packets, step.(map[string]any)["packet"].(string))
		}
		key := fmt.Sprint(line["sender"], " ", line["packet_id"], " ", line["topic"])
		out[key] += fmt.Sprint(line["state"], " ", line["payload_length"], " ", packets, ";")
	}
	return out
}

// startTcpdump starts cmd and waits until it captures; the function returned ends it and waits until all is written.
func startTcpdump(t *testing.T, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	stop = func() {
		if !done {
			done = true
			time.Sleep(500 * time.Millisecond) // the last frames are on their way
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	said := bufio.NewScanner(stderr)
	for said.Scan() {
		if strings.Contains(said.Text(), "listening on") {
			return stop
		}
		if strings.Contains(said.Text(), "ermission") {
			t.Skipf("tcpdump may not capture here: %s", said.Text())
		}
	}
	t.Fatal("tcpdump ended before it listened")
	return nil
}

// TestNothingSubscribed says what a run without -t and --publish lacks, on the screen and in the summary, and says nothing where it does not.
func TestNothingSubscribed(t *testing.T) {
	url := fmt.Sprintf("mqtt://127.0.0.1:%d", mosquitto(t, "allow_anonymous true\n"))
	note := "note         nothing is subscribed at " + url + ": start with -t '#' to see what is published\n"
	for _, test := range []struct {
		args []string
		want bool
	}{
		{nil, true}, {[]string{"-t", "a"}, false}, {[]string{"--publish", "a=1"}, false}, {[]string{"--expect", "a every 60s"}, false},
	} {
		r := run(t, nil, append([]string{"broker", url, "--duration", "300ms", "--output", "summary"}, test.args...)...)
		if got := strings.Contains(r.stdout, note); got != test.want {
			t.Errorf("%q: the note is there: %v, want %v: %s", test.args, got, test.want, r.stdout)
		}
	}
	term := newTerminal(t, 120, 30)
	term.send(program+" "+url, "Enter")
	term.wait("No handshakes yet", "Nothing is subscribed: start with -t '#', or press P")
	term.send("q")
	term.wait("nothing is subscribed at")
	term.shell()
}
