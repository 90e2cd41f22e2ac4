package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// sameSummary compares what two runs say of packets and handshakes.
func sameSummary(t *testing.T, a, b map[string]any) {
	t.Helper()
	for _, key := range []string{"packets", "handshakes", "connections"} {
		if x, y := fmt.Sprint(a[key]), fmt.Sprint(b[key]); x != y {
			t.Errorf("%s: %s, from the recording %s", key, x, y)
		}
	}
}

// TestRecordDemo: the recording of a tap gives the same handshakes, here and in tshark.
func TestRecordDemo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo.pcapng")
	r := run(t, nil, "demo", "--duration", "3s", "--write", file, "--output", "json")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	live := summary(t, r.stdout)
	sameSummary(t, live, summary(t, run(t, nil, "replay", file, "--output", "json").stdout))

	tshark := need.Program(t, "tshark")
	out, err := exec.Command(tshark, "-r", file, "-Y", "mqtt", "-T", "fields", "-E", "occurrence=a", "-e", "mqtt.msgtype").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK",
		"PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"}
	theirs := map[string]float64{}
	for _, n := range strings.FieldsFunc(string(out), func(r rune) bool { return r == ',' || r == '\n' }) {
		var kind int
		if _, err := fmt.Sscan(n, &kind); err != nil || kind < 1 || kind > 15 {
			t.Fatalf("tshark says %q", n)
		}
		theirs[names[kind]]++
	}
	ours := live["packets"].(map[string]any)
	for _, name := range names[1:] {
		if n, _ := ours[name].(float64); n != theirs[name] {
			t.Errorf("%v %s, tshark decodes %v in the recording", n, name, theirs[name])
		}
	}
	if theirs["PUBLISH"] == 0 {
		t.Error("tshark finds no MQTT")
	}
	for what, filter := range map[string]string{
		"wrong checksums":      "ip.checksum.status==0 || tcp.checksum.status==0",
		"TCP that looks wrong": "tcp.analysis.flags && !tcp.analysis.window_full",
	} {
		out, err := exec.Command(tshark, "-r", file, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", filter).Output()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%.2000s", what, err, out)
		}
	}
}

// TestRecordReplay: the frames of a file are recorded as they are, here into several files.
func TestRecordReplay(t *testing.T) {
	in := stuck(t, 500)
	dir := t.TempDir()
	r := run(t, nil, "replay", in, "--output", "json", "--write", filepath.Join(dir, "out.pcapng"), "--write-size", "20KB")
	if r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	files, err := filepath.Glob(filepath.Join(dir, "out_0*.pcapng"))
	if err != nil || len(files) < 3 {
		t.Fatalf("files are %v, want several", files)
	}
	sameSummary(t, summary(t, r.stdout), summary(t, run(t, nil, append([]string{"replay", "--output", "json"}, files...)...).stdout))
}

// TestRecordFullDisk: the error is told in a line, what is watched is summed up all the same, and the files can be read.
func TestRecordFullDisk(t *testing.T) {
	dir := need.Tmpfs(t, "16k")
	file := filepath.Join(dir, "demo.pcapng")
	r := run(t, nil, "demo", "--duration", "3s", "--write", file, "--output", "json")
	want := "mqttwatch: recording to " + file + " has ended: no space left on device\n"
	if r.status != 1 || r.stderr != want+want { // when it happens, and as the reason of the status
		t.Errorf("status %d, %q; want 1 and twice %q", r.status, r.stderr, want)
	}
	live := summary(t, r.stdout)
	read := run(t, nil, "replay", file, "--output", "json")
	if read.status != 0 {
		t.Errorf("the recording cannot be read: %s", read.stderr)
	}
	all, some := live["packets"].(map[string]any)["PUBLISH"].(float64), summary(t, read.stdout)["packets"].(map[string]any)["PUBLISH"].(float64)
	if some == 0 || some >= all {
		t.Errorf("%v PUBLISH in the recording, want some of the %v", some, all)
	}
	if notes := fmt.Sprint(live["capture"].(map[string]any)["notes"]); !strings.Contains(notes, "has ended: no space left on device") || !strings.Contains(notes, "missing from the recording") {
		t.Errorf("notes are %s", notes)
	}
}

func TestRecordCommandLine(t *testing.T) {
	in := stuck(t, 1)
	dir := t.TempDir()
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"over its source", []string{"--write", in}, 1, "cannot record to " + in + ": it is the file that is read"},
		{"nowhere", []string{"--write", filepath.Join(dir, "no", "x.pcapng")}, 1, "x.pcapng: no such file or directory"},
		{"standard output", []string{"--write", "-"}, 2, "--write -: give a file"},
		{"size without a file", []string{"--write-size", "1MB"}, 2, "where does --write put it?"},
		{"no size", []string{"--write", filepath.Join(dir, "x"), "--write-size", "large"}, 2, "--write-size large: give at least 1KB"},
		{"small size", []string{"--write", filepath.Join(dir, "x"), "--write-size", "12"}, 2, "--write-size 12: give at least 1KB"},
		{"negative time", []string{"--write", filepath.Join(dir, "x"), "--write-every=-1s"}, 2, "--write-every: -1s is negative"},
	} {
		r := run(t, nil, append([]string{"replay", in}, c.args...)...)
		if r.status != c.status || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: status %d, %q; want %d, %q", c.name, r.status, r.stderr, c.status, c.want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("refused, and yet there is %v", left)
	}
}
