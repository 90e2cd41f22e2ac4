package main_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(stuck(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	text := write("notes.txt", []byte("this is no capture\n"))
	empty := write("empty.pcap", nil)
	cut := write("cut.pcap", whole[:len(whole)-10])
	missing := filepath.Join(dir, "missing.pcap")
	unused := unusedPort(t)
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name   string
		args   []string
		status int
		stderr string // what the one line on stderr says
		stdout string // what is shown nevertheless
	}{
		{"not a capture", []string{"replay", text}, 1, "not a capture file", ""},
		{"empty", []string{"replay", empty}, 1, "is empty", ""},
		{"cut short", []string{"replay", cut}, 1, "cut short", "plant/b/door"},
		{"missing", []string{"replay", missing}, 1, "no such file", ""},
		{"directory without captures", []string{"replay", t.TempDir()}, 1, "is a directory without capture files", ""},
		{"directory with something else", []string{"replay", other}, 1, "the one name in it has no .pcap, .cap, .ntar or .dmp in it", ""},
		{"one good, one bad", []string{"replay", cut, missing}, 1, "no such file", "plant/b/door"},
		{"missing, verb guessed", []string{missing}, 2, "no such file", ""},
		{"neither verb nor file", []string{"hello"}, 2, "try: mqttwatch demo", ""},
		{"no such interface", []string{"sniff", "nosuch0"}, 2, "nosuch0", ""},
		{"broker beside an interface", []string{"sniff", "lo", "mqtt://anna:secret@127.0.0.1:1884"}, 2, "mqtt://127.0.0.1:1884 is no interface: mqttwatch watch lo mqtt://127.0.0.1:1884", ""},
		{"file beside an interface", []string{"sniff", "lo", cut, cut}, 2, cut + " is no interface: mqttwatch watch lo " + cut + " " + cut, ""},
		{"broker for an interface", []string{"sniff", "mqtt://127.0.0.1"}, 2, "mqtt://127.0.0.1:1883 is no interface: mqttwatch broker mqtt://127.0.0.1:1883", ""},
		{"files for interfaces", []string{"sniff", cut, empty}, 2, cut + " is no interface: mqttwatch replay " + cut + " " + empty, ""},
		{"broker for a file", []string{"replay", "mqtt://anna:secret@127.0.0.1:1884"}, 2, "mqtt://127.0.0.1:1884 is no file: mqttwatch broker mqtt://127.0.0.1:1884", ""},
		{"interface for a file", []string{"replay", "lo"}, 2, "lo is no file: mqttwatch sniff lo", ""},
		{"file for a broker", []string{"broker", cut}, 2, cut + " is no URL: mqttwatch replay " + cut, ""},
		{"interface beside a broker", []string{"broker", "lo", "mqtt://127.0.0.1"}, 2, "lo is no URL: mqttwatch watch lo mqtt://127.0.0.1:1883", ""},
		{"proxy without addresses", []string{"proxy"}, 2, "--listen is missing: mqttwatch proxy --listen ADDRESS", ""},
		{"probe without a URL", []string{"probe"}, 2, "a broker's URL is missing: mqttwatch probe URL", ""},
		{"no file", []string{"replay"}, 2, "a file is missing: mqttwatch replay FILE", ""},
		{"no name", []string{"replay", ""}, 2, "the name of the file is empty", ""},
		{"no name, verb guessed", []string{""}, 2, "the name of the file is empty", ""},
		{"port", []string{"replay", cut, "--port", "70000"}, 2, `--port: "70000" does not fit: give a whole number from 1 to 65535`, ""},
		{"port 0 of a file", []string{"replay", cut, "--port", "1883", "--port", "0"}, 2, "--port: 0 is no port: give a whole number from 1 to 65535", ""},
		{"port 0 of an interface", []string{"sniff", "lo", "--port", "0"}, 2, "--port: 0 is no port", ""},
		{"port 0 of a mixture", []string{"watch", "lo", cut, "--port", "0"}, 2, "--port: 0 is no port", ""},
		{"port of a proxy", []string{"proxy", "--listen", ":99999", "mqtt://127.0.0.1"}, 2, "--listen :99999: 99999 is no port; write a number up to 65535", ""},
		{"number", []string{"replay", cut, "--keep", "x"}, 2, `--keep: "x" does not fit: give a whole number (`, ""},
		{"time without a unit", []string{"replay", cut, "--warn", "60"}, 2, "such as 60s", ""},
		{"no time", []string{"replay", cut, "--warn", "soon"}, 2, `"soon" is no time`, ""},
		{"negative time", []string{"replay", cut, "--warn", "-1s"}, 2, "--warn: -1s is negative: give more than 0", ""},
		{"negative number", []string{"replay", cut, "--keep", "-1"}, 2, "--keep: -1 is negative: give more than 0", ""},
		{"no value", []string{"replay", cut, "--fail-on"}, 2, "--fail-on: its value is missing (mqttwatch replay --help", ""},
		{"letter", []string{"replay", cut, "-o", "json"}, 2, "unknown flag -o, did you mean --output?", ""},
		{"verb misspelled", []string{"repaly", cut}, 2, "did you mean replay?", ""},
		{"help of nothing", []string{"help", "repaly"}, 2, "did you mean replay?", ""},
		{"filter of deliveries", []string{"replay", cut, "--filter", "undelivered"}, 2, "--deliveries", ""},
		{"no configuration file", []string{"replay", cut, "--config", missing}, 2, "missing.pcap: no such file or directory: give --config a file that is there", ""},
		{"unknown option", []string{"replay", cut, "--nope"}, 2, "--nope", ""},
		{"bad output", []string{"replay", cut, "--output", "xml"}, 2, "json", ""},
		{"bad speed", []string{"replay", cut, "--speed", "fast"}, 2, "10x", ""},
		{"bad filter", []string{"replay", cut, "--filter", "qos:9"}, 2, "column 5", ""},
		{"bad severity", []string{"replay", cut, "--fail-on", "all"}, 2, "warn or critical", ""},
		{"bad bound", []string{"replay", cut, "--keep", "0"}, 2, "at least 1", ""},
		{"thresholds", []string{"replay", cut, "--critical", "1s"}, 2, "less than --warn", ""},
		{"unknown scheme", []string{"amqp://127.0.0.1"}, 2, "mqtts", ""},
		{"scheme of the web", []string{"http://127.0.0.1:8080/mqtt"}, 2, "give ws://127.0.0.1:8080/mqtt where it speaks MQTT over WebSocket, else mqtt://127.0.0.1:8080", ""},
		{"scheme of the web, secret", []string{"broker", "https://me:s3cret@127.0.0.1"}, 2, "give wss://", ""},
		{"broker without a scheme", []string{"localhost:1883"}, 2, "a broker is given as mqtt://localhost:1883", ""},
		{"no host", []string{"broker", "mqtt://"}, 2, "no host", ""},
		{"not a URL", []string{"broker", "127.0.0.1"}, 2, "a broker is given as mqtt://127.0.0.1 or", ""},
		{"bad QoS", []string{"broker", "mqtt://127.0.0.1", "-q", "3"}, 2, "--qos", ""},
		{"bad topic", []string{"broker", "mqtt://127.0.0.1", "-t", "a/#/b"}, 2, "a/#/b", ""},
		{"bad publish", []string{"broker", "mqtt://127.0.0.1", "--publish", "topic"}, 2, "TOPIC=PAYLOAD", ""},
		{"count alone", []string{"broker", "mqtt://127.0.0.1", "--publish", "a=b", "--count", "3"}, 2, "--every", ""},
		{"no password file", []string{"broker", "mqtt://127.0.0.1", "--password-file", missing}, 1, "--password-file: " + missing + ": no such file", ""},
		{"no CA file", []string{"broker", "mqtts://127.0.0.1", "--cafile", missing}, 1, "CA file: " + missing + ": no such file", ""},
		{"no CA file, probe", []string{"probe", "mqtts://127.0.0.1", "--cafile", missing}, 1, "CA file: " + missing + ": no such file", ""},
		{"no CA file, proxy", []string{"proxy", "--listen", "127.0.0.1:0", "mqtts://127.0.0.1", "--cafile", missing}, 1, "CA file: " + missing + ": no such file", ""},
		{"no certificate", []string{"broker", "mqtts://127.0.0.1", "--cert", missing, "--key", missing}, 1, "client certificate: " + missing + ": no such file", ""},
		{"a certificate without its key", []string{"broker", "mqtts://127.0.0.1", "--cert", missing}, 2, "--cert and --key belong together", ""},
		{"nobody listens", []string{"broker", "mqtt://" + unused}, 1, "connection refused", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, nil, test.args...)
			if r.status != test.status {
				t.Errorf("status %d, want %d", r.status, test.status)
			}
			line, more, _ := strings.Cut(r.stderr, "\n")
			if !strings.HasPrefix(line, "mqttwatch: ") || more != "" || !strings.Contains(line, test.stderr) {
				t.Errorf("stderr is %q, want one line with %q", r.stderr, test.stderr)
			}
			if !strings.Contains(r.stdout, test.stdout) || test.stdout == "" && r.stdout != "" {
				t.Errorf("stdout is %q, want %q in it", r.stdout, test.stdout)
			}
		})
	}
}

// TestMisspelledEnvironment: what is not read is told; what has nothing to do with an option is left alone.
func TestMisspelledEnvironment(t *testing.T) {
	const path = "capture/testdata/captures/zeek__mqtt.pcap"
	for variable, want := range map[string]string{
		"MQTTWATCH_FAILON=warn":   "mqttwatch: the environment has MQTTWATCH_FAILON, which is no option: did you mean MQTTWATCH_FAIL_ON?\n",
		"MQTTWATCH_OUTPTU=json":   "mqttwatch: the environment has MQTTWATCH_OUTPTU, which is no option: did you mean MQTTWATCH_OUTPUT?\n",
		"MQTTWATCH_FAIL_ON=":      "",
		"MQTTWATCH_PASSWORD_2=pw": "",
		"MQTTWATCH_DASHBOARD=x":   "",
	} {
		t.Run(variable, func(t *testing.T) {
			cmd := command("replay", path, "--output", "summary")
			cmd.Env = append(cmd.Env, variable)
			if r := finish(t, cmd); r.status != 0 || r.stderr != want {
				t.Errorf("status %d, stderr is %q, want %q", r.status, r.stderr, want)
			}
		})
	}
}

// TestNegativeTimes are refused by each command that takes them, wherever they come from.
func TestNegativeTimes(t *testing.T) {
	for option, starts := range map[string][][]string{
		"duration":    {{"demo"}, {"sniff", "lo"}, {"proxy", "--listen", "127.0.0.1:0", "mqtt://127.0.0.1"}, {"broker", "mqtt://127.0.0.1"}, {"watch", "mqtt://127.0.0.1"}},
		"every":       {{"broker", "mqtt://127.0.0.1"}},
		"timeout":     {{"probe", "mqtt://127.0.0.1"}},
		"write-every": {{"demo", "--write", filepath.Join(t.TempDir(), "x.pcapng")}},
		"critical":    {{"demo"}},
	} {
		want := "mqttwatch: --" + option + ": -1s is negative: give more than 0\n"
		for _, args := range starts {
			if r := run(t, nil, append(args, "--"+option+"=-1s")...); r.status != 2 || r.stderr != want {
				t.Errorf("%v --%s=-1s: status %d, %q", args, option, r.status, r.stderr)
			}
		}
	}
	cmd := command("demo", "--output", "summary")
	cmd.Env = append(cmd.Env, "MQTTWATCH_DURATION=-1s")
	if r := finish(t, cmd); r.status != 2 || !strings.Contains(r.stderr, "--duration: -1s is negative") {
		t.Errorf("MQTTWATCH_DURATION=-1s: status %d, %q", r.status, r.stderr)
	}
}

// unusedPort returns an address of this machine on which nobody listens.
func unusedPort(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", need.Port(t))
}

func TestUsage(t *testing.T) {
	r := run(t, nil)
	if r.status != 2 || r.stdout != "" {
		t.Errorf("without arguments: status %d, stdout %q; want 2 and nothing", r.status, r.stdout)
	}
	for _, want := range []string{"mqttwatch demo", "mqttwatch replay FILE", "mqttwatch broker mqtt://HOST -t '#'"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("without arguments, %q is not among what to try:\n%s", want, r.stderr)
		}
	}
	for _, args := range [][]string{{"--help"}, {"demo", "--help"}, {"replay", "--help"}, {"broker", "--help"}, {"version"}} {
		if r := run(t, nil, args...); r.status != 0 || r.stderr != "" || !strings.Contains(r.stdout, "mqttwatch") {
			t.Errorf("%v: status %d, stderr %q, stdout %q", args, r.status, r.stderr, r.stdout)
		}
	}
}

// TestOutputClosedEarly reads one line and hangs up, as head does.
func TestOutputClosedEarly(t *testing.T) {
	path := stuck(t, 5000)
	for _, output := range []string{"text", "json"} {
		cmd := command("replay", path, "--output", output)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		if _, err := bufio.NewReaderSize(stdout, 16).ReadString('\n'); err != nil {
			t.Errorf("--output %s: %v", output, err)
		}
		stdout.Close()
		err = cmd.Wait()
		if !late.Stop() {
			t.Errorf("--output %s: went on for 30 s without a reader", output)
		}
		if stderr.Len() > 0 {
			t.Errorf("--output %s: %v, stderr %q", output, err, stderr.String())
		}
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full here: %v", err)
	}
	defer full.Close()
	cmd := command("replay", stuck(t, 0), "--output", "json")
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = full, &stderr
	if got := status(t, cmd.Run()); got != 1 || !strings.Contains(stderr.String(), "cannot write the output") {
		t.Errorf("status %d, stderr %q", got, stderr.String())
	}
}
