package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

// TestMain lets this binary be the child that the suite starts, as the suite itself is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childMark {
		exit(child(os.Args[2:], os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// TestSuite runs everything once at a tiny size: the program is built, its results are the truth, and every row is there.
func TestSuite(t *testing.T) {
	var out, errs bytes.Buffer
	doc := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(doc, []byte("before\n"+resultsBegin+"\nold\n"+resultsEnd+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-size", "1", "-tshark-size", "0", "-runs", "1", "-parts", "speed,growth", "-write", doc}, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	text, err := os.ReadFile(doc)
	if err != nil || string(text) != "before\n"+resultsBegin+"\n"+out.String()+resultsEnd+"\nafter\n" {
		t.Errorf("the document is %v\n%s", err, text)
	}
	want := []string{"    go run ./internal/bench -parts", " -size 1 ", rowLoop, rowOne, rowOneAll, rowOneJSON, rowTwo, rowTwoAll, rowTwoJSON, rowDamaged, "## Growth", "4 MB", "## Goals"}
	if runtime.GOOS == "linux" {
		want = append(want, "peak memory, summary", "kernel ")
	}
	for _, want := range want {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

// TestScreen runs the parts that need a terminal.
func TestScreen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the screen is measured on Linux")
	}
	if _, err := os.Stat("/dev/ptmx"); err != nil {
		t.Skip("there are no terminals here")
	}
	var out, errs bytes.Buffer
	if err := run([]string{"-size", "1", "-runs", "1", "-rest", "300ms", "-parts", "start,screen"}, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	for _, want := range []string{"first frame of a replay of 1 MB", "loading with the screen", "At rest ", "kB a second to the terminal", "peak memory with the screen"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestUnusableArguments(t *testing.T) {
	for _, args := range []string{"-size 0", "-runs 0", "-parts speed,colour", "file.pcap", "-tshark-size -1", "-rest 1ms"} {
		var out, errs bytes.Buffer
		if err := run(strings.Fields(args), &out, &errs); err == nil || out.Len() > 0 {
			t.Errorf("%s: %v, %q", args, err, out.String())
		}
	}
}

// wholeFinding is the truth about a capture as mqttwatch tells it.
func wholeFinding() (*capture, string) {
	c := &capture{exact: true, truth: traffic.Truth{Frames: 100, Messages: 5, Complete: [2]uint64{4, 3}, Publish: [3]uint64{2, 4, 3}}}
	c.truth.Packets[decode.PUBLISH], c.truth.Packets[decode.CONNECT] = 9, 1
	return c, `file: odd, name.pcap: 100 frames, 1234 bytes, 2.5s
packets      1 CONNECT, 9 PUBLISH
connections  1, 1 session
PUBLISH      2 QoS 0, 4 QoS 1, 3 QoS 2
QoS 1        4 handshakes: 4 complete
QoS 2        3 handshakes: 3 complete
deliveries   5 messages: 5 complete
alerts       none
`
}

// TestWrongResultsAreRefused: one number that is not true, and there is no time.
func TestWrongResultsAreRefused(t *testing.T) {
	c, text := wholeFinding()
	for _, test := range []struct {
		name, old, new string
		ok             bool
	}{
		{"the truth", "none", "none", true},
		{"fewer frames", "100 frames", "99 frames", false},
		{"another packet", "1 CONNECT", "1 CONNECT, 1 PUBACK", false},
		{"a packet missing", "9 PUBLISH", "8 PUBLISH", false},
		{"an open handshake", "4 complete", "3 complete, 1 open", false},
		{"QoS 2 not complete", "3 complete", "2 complete", false},
		{"one too many", "4 complete", "4 complete, 1 joined late", false},
		{"no deliveries", "deliveries   5 messages: 5 complete\n", "", false},
		{"a delivery not complete", "5 complete", "4 complete, 1 unknown", false},
		{"a false alarm", "none", "1 puback-overdue", false},
		{"no summary", "packets", "packages", false},
	} {
		f, err := findingOfText([]byte(strings.Replace(text, test.old, test.new, 1)))
		if err == nil {
			err = f.check(c, true)
		}
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestWrongLinesAreRefused(t *testing.T) {
	c, _ := wholeFinding()
	line := "{\"kind\":\"handshake\",\"id\":1}\n"
	summary := `{"kind":"summary","packets":{"CONNECT":1,"PUBLISH":9},"handshakes":{"qos1":{"complete":4,"open":0},"qos2":{"complete":3}},` +
		`"deliveries":{"messages":5,"complete":5},"alerts":{},"capture":{"frames":100,"tcp_gaps":0}}` + "\n"
	for _, test := range []struct {
		name, text string
		ok         bool
	}{
		{"the truth", strings.Repeat(line, 7) + summary, true},
		{"a line missing", strings.Repeat(line, 6) + summary, false},
		{"half a line", strings.Repeat(line, 7) + "{\"kind\":\n" + summary, false},
		{"no summary", strings.Repeat(line, 7), false},
		{"nothing", "", false},
		{"open", strings.Repeat(line, 7) + strings.Replace(summary, `"open":0`, `"open":1`, 1), false},
		{"joined late", strings.Repeat(line, 7) + strings.Replace(summary, `"open":0`, `"joined_late":1`, 1), false},
	} {
		f, err := findingOfJSON([]byte(test.text))
		if err == nil {
			err = f.check(c, true)
		}
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestDamagedResultsAreRefused: of a capture with gaps less may be said, but nothing that is not so.
func TestDamagedResultsAreRefused(t *testing.T) {
	c := &capture{truth: traffic.Truth{Frames: 10, Complete: [2]uint64{100, 100}, Dropped: 3}}
	good := func() *finding {
		return &finding{frames: 10, gaps: 2, messages: map[string]uint64{}, alerts: map[string]uint64{"capture-gap": 1},
			ended: [2]map[string]uint64{{"complete": 99}, {"complete": 95, "unknown": 2}}}
	}
	if err := good().check(c, true); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*finding){
		"no gap":           func(f *finding) { f.gaps = 0 },
		"a false alarm":    func(f *finding) { f.alerts["puback-overdue"] = 1 },
		"open":             func(f *finding) { f.ended[0]["open"] = 1 },
		"abandoned":        func(f *finding) { f.ended[1]["abandoned"] = 1 },
		"too few":          func(f *finding) { f.ended[1]["complete"] = 80 },
		"more than it had": func(f *finding) { f.ended[0]["complete"] = 101 },
	} {
		f := good()
		spoil(f)
		if err := f.check(c, true); err == nil {
			t.Errorf("%s is believed", name)
		}
	}
}

// TestWrongProgramIsRefused: a program that says something else, or fails, gets no time.
func TestWrongProgramIsRefused(t *testing.T) {
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip("no echo")
	}
	var errs bytes.Buffer
	err = run([]string{"-program", echo, "-size", "1", "-runs", "1", "-parts", "speed"}, &errs, &errs)
	if err == nil || !strings.Contains(err.Error(), "wrong result") {
		t.Errorf("%v", err)
	}
	if _, err := (&subject{name: "none", argv: []string{filepath.Join(t.TempDir(), "none")}}).run(true); err == nil {
		t.Error("a program that is not there gets a time")
	}
}

func TestLoop(t *testing.T) {
	var file bytes.Buffer
	truth, err := traffic.Write(&file, traffic.Standard(1000))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := loop(bytes.NewReader(file.Bytes())); n != truth.Frames || err != nil {
		t.Errorf("%d records, %v; want %d", n, err, truth.Frames)
	}
	if _, err := loop(bytes.NewReader(file.Bytes()[:file.Len()-1])); err == nil {
		t.Error("a record that is cut off is no error")
	}
	spoiled := bytes.Clone(file.Bytes())
	spoiled[24+11] = 0xFF // the length of the first record
	if _, err := loop(bytes.NewReader(spoiled)); err == nil {
		t.Error("a record of 4 GB is no error")
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	writeTable(&out, [][]string{{"what", "×", "none"}, {"`cat`", "1.00", ""}, {"a longer name", "12,345", ""}})
	want := "| what          |      × |\n|---------------|-------:|\n| `cat`         |   1.00 |\n| a longer name | 12,345 |\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestMedians(t *testing.T) {
	r := results{"a": {{cpu: 4}, {cpu: 9}, {cpu: 8}}, "b": {{cpu: 2}, {cpu: 3}, {cpu: 1}}}
	if got := r.ratio("a", "b", cpuOf); got != 3 { // of 2, 3 and 8
		t.Errorf("%v", got)
	}
	if got := seconds([]usage{{wall: time.Second}, {wall: 3 * time.Second}}, wallOf); got != 2 {
		t.Errorf("%v", got)
	}
	if r.ratio("a", "none", cpuOf) != 0 || median(nil) != 0 {
		t.Error("what was not measured has a ratio")
	}
}
