package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const captures = "capture/testdata/captures"

// truth is what truth.json says of a capture: what two independent decoders found in it.
type truth struct {
	Packets    map[string]float64
	Publish    map[string]float64
	Frames     float64
	Handshakes map[string]map[string]float64
}

func loadTruth(t *testing.T) map[string]truth {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(captures, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Files map[string]truth }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Files) < 30 {
		t.Fatalf("truth.json names only %d files", len(all.Files))
	}
	return all.Files
}

// TestReplayEqualsTruth compares the summary of every capture that others published with what is known to be in it.
func TestReplayEqualsTruth(t *testing.T) {
	seen := 0
	for name, want := range loadTruth(t) {
		path := filepath.Join(captures, name)
		if _, err := os.Stat(path); err != nil {
			continue // its licence does not let it be here
		}
		seen++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, nil, "replay", path, "--output", "json")
			if r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			got := summary(t, r.stdout)
			equal(t, "packets", got["packets"], want.Packets)
			equal(t, "publish", got["publish"], want.Publish)
			for qos, counts := range want.Handshakes {
				o := got["handshakes"].(map[string]any)[qos].(map[string]any)
				n := func(name string) float64 { return o[name].(float64) }
				if ended := n("complete") + n("refused"); ended != counts["ended"] {
					t.Errorf("%s: %v ended, want %v", qos, ended, counts["ended"])
				}
				if rest := n("abandoned") + n("unknown") + n("open"); rest != counts["not_ended"] {
					t.Errorf("%s: %v not ended, want %v", qos, rest, counts["not_ended"])
				}
			}
			if frames := got["capture"].(map[string]any)["frames"]; frames != want.Frames {
				t.Errorf("%v frames, want %v", frames, want.Frames)
			}
			if none := len(want.Packets) == 0; none != strings.Contains(r.stderr, "no MQTT found") {
				t.Errorf("%d packet types, but stderr says %q", len(want.Packets), r.stderr)
			}
		})
	}
	if seen < 30 {
		t.Errorf("only %d of the captures are there", seen)
	}
}

func equal(t *testing.T, what string, got any, want map[string]float64) {
	t.Helper()
	object := got.(map[string]any)
	for name, n := range want {
		if has, _ := object[name].(float64); has != n {
			t.Errorf("%s: %v %s, want %v", what, has, name, n)
		}
	}
	for name, n := range object {
		if _, ok := want[name]; !ok && n != 0.0 {
			t.Errorf("%s: %v %s, want none", what, n, name)
		}
	}
}

func TestReplayFormsAgree(t *testing.T) {
	path := stuck(t, 0)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, nil, "replay", path, "--output", "json")
	if want.status != 0 || want.stderr != "" || strings.Count(want.stdout, `"kind":"handshake"`) != 3 {
		t.Fatalf("status %d, stderr %q: %s", want.status, want.stderr, want.stdout)
	}
	tests := []struct {
		name  string
		stdin io.Reader
		args  []string
	}{
		{"verb guessed", nil, []string{path, "--output", "json"}},
		{"option before the verb", nil, []string{"--output", "json", "replay", path}},
		{"option before the file", nil, []string{"--output=json", "--speed", "max", path}},
		{"standard input", bytes.NewReader(file), []string{"replay", "-", "--output", "json"}},
		{"standard input, verb guessed", bytes.NewReader(file), []string{"-", "--output", "json"}},
		{"standard input in small pieces", &trickle{file}, []string{"-", "--output", "json"}},
		{"paced", nil, []string{path, "--output", "json", "--speed", "10000x"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, test.stdin, test.args...)
			if r.status != 0 || r.stderr != "" {
				t.Errorf("status %d, stderr %q", r.status, r.stderr)
			}
			if got, want := anySource(r.stdout, path), anySource(want.stdout, path); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// anySource takes the names of sources out of JSON Lines.
func anySource(text, path string) string {
	for _, name := range []string{path, filepath.Base(path), "stdin", "standard input"} {
		text = strings.ReplaceAll(text, `"`+name+`"`, `"-"`)
	}
	return text
}

// trickle yields a few bytes at a time.
type trickle struct{ rest []byte }

func (r *trickle) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 7)], r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestReplayLines(t *testing.T) {
	r := run(t, nil, stuck(t, 0), "--output", "json")
	var states, alerts []string
	for _, line := range lines(t, r.stdout) {
		switch line["kind"] {
		case "handshake":
			states = append(states, line["topic"].(string)+" "+line["state"].(string))
			if line["client_id"] != "pump-7" || line["sender"] != "client" || line["payload_length"] != 4.0 {
				t.Errorf("handshake: %v", line)
			}
			if line["state"] == "open" {
				owes := line["owes"].(map[string]any)
				if owes["who"] != "broker" || owes["by"] != "server" || owes["packet"] != "PUBACK" {
					t.Errorf("owes: %v", owes)
				}
			}
		case "alert":
			alerts = append(alerts, line["event"].(string)+" "+line["name"].(string)+" "+line["severity"].(string))
		}
	}
	if got, want := strings.Join(states, ", "), "plant/a/temp complete, plant/b/door complete, plant/c/fan open"; got != want {
		t.Errorf("handshakes: %s, want %s", got, want)
	}
	if got, want := strings.Join(alerts, ", "), "raised puback-overdue warn, escalated puback-overdue critical"; got != want {
		t.Errorf("alerts: %s, want %s", got, want)
	}
}

func TestFilterOption(t *testing.T) {
	path := stuck(t, 0)
	for filter, want := range map[string]int{"qos:2": 1, "state:open": 1, "topic:plant/# !qos:2": 2, "nothing": 0} {
		r := run(t, nil, path, "--output", "json", "--filter", filter)
		if got := strings.Count(r.stdout, `"kind":"handshake"`); got != want || r.status != 0 {
			t.Errorf("--filter %q: %d handshakes, want %d; status %d: %s", filter, got, want, r.status, r.stderr)
		}
		if n := summary(t, r.stdout)["handshakes"].(map[string]any)["qos1"].(map[string]any)["open"]; n != 1.0 {
			t.Errorf("--filter %q changes the summary: %v open", filter, n)
		}
	}
}

func TestFailOn(t *testing.T) {
	path := stuck(t, 0)
	tests := []struct {
		args   []string
		env    string
		status int
	}{
		{args: nil, status: 0},
		{args: []string{"--fail-on", "warn"}, status: 3},
		{args: []string{"--fail-on", "critical"}, status: 3},
		{args: []string{"--fail-on", "critical", "--critical", "5m"}, status: 0},
		{args: []string{"--fail-on", "warn", "--warn", "2m", "--critical", "5m"}, status: 0},
		{args: []string{"--fail-on", "warn", "--output", "json"}, status: 3},
		{args: []string{"--fail-on", "warn", "--output", "summary"}, status: 3},
		{env: "MQTTWATCH_FAIL_ON=warn", status: 3},
	}
	for _, test := range tests {
		cmd := command(append([]string{"replay", path}, test.args...)...)
		cmd.Env = append(cmd.Env, test.env)
		r := finish(t, cmd)
		if r.status != test.status || r.stderr != "" || r.stdout == "" {
			t.Errorf("%v %s: status %d, want %d; stderr %q", test.args, test.env, r.status, test.status, r.stderr)
		}
	}
}

// TestNoEscapes makes sure that what is not a terminal gets no escape sequence, whatever the environment says.
func TestNoEscapes(t *testing.T) {
	path := stuck(t, 0)
	for _, output := range []string{"auto", "text", "json", "summary"} {
		cmd := command("replay", path, "--output", output, "--color", "always")
		cmd.Env = append(cmd.Env, "TERM=xterm-256color", "COLORTERM=truecolor", "CLICOLOR_FORCE=1", "FORCE_COLOR=1")
		r := finish(t, cmd)
		if strings.ContainsRune(r.stdout+r.stderr, 0x1b) || r.stdout == "" {
			t.Errorf("--output %s: %q", output, r.stdout)
		}
	}
}

func TestSummaryOutput(t *testing.T) {
	r := run(t, nil, stuck(t, 0), "--output", "summary")
	for _, want := range []string{"1 PINGREQ", "2 handshakes: 1 complete, 1 open", "1 handshake: 1 complete", "1 puback-overdue"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, r.stdout)
		}
	}
}

// TestChosenDeliveries writes, as text, each delivery that --deliveries chooses; without it none that is complete.
func TestChosenDeliveries(t *testing.T) {
	for expr, want := range map[string]int{"": 0, "verdict:complete": 1, "topic:#": 1, "undelivered": 0} {
		args := []string{"replay", "capture/testdata/captures/zeek__mqtt.pcap", "--output", "text"}
		if expr != "" {
			args = append(args, "--deliveries", expr)
		}
		r := run(t, nil, args...)
		if n := strings.Count(r.stdout, "  DELIVERY complete  "); r.status != 0 || n != want {
			t.Errorf("--deliveries %q: status %d, %d lines of deliveries, want %d:\n%s%s", expr, r.status, n, want, r.stdout, r.stderr)
		}
	}
}
