package main_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// inside returns cmd such that it runs in a network namespace.
func inside(t *testing.T, ns string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	in := exec.Command(need.Program(t, "ip"), append([]string{"netns", "exec", ns, cmd.Path}, cmd.Args[1:]...)...)
	in.Env = cmd.Env
	return in
}

// sockets waits until n packet sockets capture in a namespace.
func sockets(t *testing.T, ns string, n int) {
	t.Helper()
	got := 0
	for range 500 {
		out, err := inside(t, ns, exec.Command("cat", "/proc/net/packet")).Output()
		if err != nil {
			t.Fatal(err)
		}
		got = 0
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); len(f) > 5 && f[5] == "1" { // running: bound
				got++
			}
		}
		if got == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d captures run, want %d", got, n)
}

// interrupt ends a process as Ctrl-C does and returns what it wrote.
func interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_ = cmd.Wait() // what it wrote tells how it went
}

// brokerIn runs mosquitto in a namespace at 127.0.0.1:1883.
func brokerIn(t *testing.T, ns string) {
	t.Helper()
	brokerAt(t, ns, 1883)
}

// brokerAt is brokerIn at another port.
func brokerAt(t *testing.T, ns string, port int) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n", port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, inside(t, ns, exec.Command(need.Program(t, "mosquitto"), "-c", config)))
	for range 200 {
		out, _ := inside(t, ns, exec.Command("cat", "/proc/net/tcp")).Output()
		if strings.Contains(string(out), fmt.Sprintf("0100007F:%04X 00000000:0000 0A", port)) { // it listens at 127.0.0.1
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("mosquitto does not listen")
}

// TestSniffJoinsHighPort: subscribers that were there before are told from their broker, though its port is above all of theirs and only it sends.
func TestSniffJoinsHighPort(t *testing.T) {
	ns := need.Namespace(t)
	const port, subscribers = 61883, 6
	brokerAt(t, ns, port)
	at := []string{"-p", strconv.Itoa(port), "-q", "1"}
	for range subscribers {
		start(t, inside(t, ns, exec.Command(need.Program(t, "mosquitto_sub"), append(at, "-t", "m/#")...)))
	}
	for range 200 {
		out, _ := inside(t, ns, exec.Command("cat", "/proc/net/tcp")).Output()
		if len(regexp.MustCompile(fmt.Sprintf(" 0100007F:%04X 0100007F:.... 01 ", port)).FindAll(out, -1)) == subscribers { // established
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // they subscribe
	sniff := inside(t, ns, command("sniff", "lo", "--output", "json"))
	var out, errs bytes.Buffer
	sniff.Stdout, sniff.Stderr = &out, &errs
	if err := sniff.Start(); err != nil {
		t.Fatal(err)
	}
	sockets(t, ns, 1)
	for range 2 {
		pub := inside(t, ns, exec.Command(need.Program(t, "mosquitto_pub"), append(at, "-t", "m/a", "-m", "b")...))
		if text, err := pub.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	time.Sleep(200 * time.Millisecond) // the last acknowledgements
	interrupt(t, sniff)
	handshakes := 0
	for _, l := range lines(t, out.String()) {
		if l["kind"] != "handshake" {
			continue
		}
		handshakes++
		if l["server"] != "127.0.0.1:61883" {
			t.Errorf("server %v, client %v, sent by the %v", l["server"], l["client"], l["sender"])
		}
	}
	if want := 2 * (1 + subscribers); handshakes != want || errs.Len() > 0 {
		t.Errorf("%d handshakes, want %d; %s", handshakes, want, errs.String())
	}
}

// saturate has four clients publish n messages each as fast as they can, to a broker with one subscriber.
func saturate(t *testing.T, ns string, qos, n int) {
	t.Helper()
	q := strconv.Itoa(qos)
	sub := inside(t, ns, exec.Command(need.Program(t, "mosquitto_sub"), "-q", q, "-t", "load/#", "-i", "sub", "-C", strconv.Itoa(4*n)))
	load := []*exec.Cmd{sub}
	for i := range 4 {
		pub := inside(t, ns, exec.Command(need.Program(t, "mosquitto_pub"), "-l", "-q", q, "-t", fmt.Sprint("load/", i), "-i", fmt.Sprint("pub", i)))
		pub.Stdin = strings.NewReader(strings.Repeat("{\"temp\":21.5,\"unit\":\"C\"}\n", n))
		load = append(load, pub)
	}
	for i, cmd := range load {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			time.Sleep(300 * time.Millisecond) // it subscribes first
		}
	}
	for _, cmd := range load {
		late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd.Args, err)
		}
		late.Stop()
	}
	time.Sleep(1200 * time.Millisecond) // tcpdump looks once a second for what does not fill a block
}

// TestSniffSaturated: nothing of a broker under full load is lost, and the handshakes are those in the file of a tcpdump beside it; where the
// machine is so busy that tcpdump loses something, no more is lost here. A machine that others share may keep one process from running for longer
// than any ring lasts, and not the other: it is a loss of ours if it is there each time.
func TestSniffSaturated(t *testing.T) {
	for qos := 1; qos <= 2; qos++ {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) {
			const tries = 3
			for range tries {
				ours, theirs := sniffSaturated(t, qos)
				if ours <= theirs || t.Failed() {
					return
				}
				t.Logf("%d frames lost, tcpdump lost %d", ours, theirs)
			}
			t.Errorf("more frames lost than by tcpdump, %d times of %d", tries, tries)
		})
	}
}

// sniffSaturated returns how many frames were lost here and by tcpdump. Where none were it compares what both saw.
func sniffSaturated(t *testing.T, qos int) (ours, theirs int) {
	t.Helper()
	ns := need.Namespace(t)
	brokerIn(t, ns)
	file := filepath.Join(t.TempDir(), "tcpdump.pcap")
	dump := inside(t, ns, exec.Command(need.Program(t, "tcpdump"), "-i", "lo", "-w", file, "-Z", "root", "tcp", "port", "1883"))
	sniff := inside(t, ns, command("sniff", "lo", "--port", "1883", "--output", "json"))
	var said, out, errs bytes.Buffer
	dump.Stderr, sniff.Stdout, sniff.Stderr = &said, &out, &errs
	for _, cmd := range []*exec.Cmd{dump, sniff} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	sockets(t, ns, 2)
	const each = 5000
	begin := time.Now()
	saturate(t, ns, qos, each)
	t.Logf("%d handshakes a second", int(8*each/(time.Since(begin)-1500*time.Millisecond).Seconds()))
	t.Logf("processor time: mqttwatch %v, tcpdump %v", cpuOf(t, sniff), cpuOf(t, dump))
	interrupt(t, sniff)
	interrupt(t, dump)
	live := summary(t, out.String())
	theirs, err := strconv.Atoi(regexp.MustCompile(`(\d+) packets? dropped by kernel`).FindStringSubmatch(said.String() + "0 packets dropped by kernel")[1])
	if err != nil {
		t.Fatal(err)
	}
	ours = int(live["capture"].(map[string]any)["kernel_drops"].(float64))
	t.Logf("%v frames, %d lost here, %d lost by tcpdump", live["capture"].(map[string]any)["frames"], ours, theirs)
	if ours > 0 {
		return ours, theirs
	}
	if theirs == 0 {
		read := summary(t, run(t, nil, "replay", "--output", "json", file).stdout)
		for _, key := range []string{"handshakes", "packets"} {
			if a, b := fmt.Sprint(live[key]), fmt.Sprint(read[key]); a != b {
				t.Errorf("%s: live %s, tcpdump's file %s", key, a, b)
			}
		}
		if a, b := alertsOf(live), alertsOf(read); !nearlySame(a, b) {
			t.Errorf("alerts: live %v, tcpdump's file %v", a, b)
		}
	}
	complete := live["handshakes"].(map[string]any)[fmt.Sprint("qos", qos)].(map[string]any)["complete"].(float64)
	if complete != 8*each || errs.String() != "" { // what goes in, and what comes out
		t.Errorf("%v handshakes complete, want %d; %s", complete, 8*each, errs.String())
	}
	return 0, theirs
}

// alertsOf returns the numbers of alerts in a summary.
func alertsOf(summary map[string]any) map[string]any {
	alerts, _ := summary["alerts"].(map[string]any)
	return alerts
}

// nearlySame compares numbers of alerts. On a busy machine hundreds of packets are overdue, and what two programs have for the time of a frame differs by some
// microseconds, so that what is answered just in time for one may be just too late for the other.
func nearlySame(a, b map[string]any) bool {
	for name := range merged(a, b) {
		x, _ := a[name].(float64)
		y, _ := b[name].(float64)
		if math.Abs(x-y) > 1+max(x, y)/100 {
			return false
		}
	}
	return true
}

// merged holds what either holds.
func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}

// TestSniffStalled: what comes while the process does not run waits in the ring, here for 2.5 s of 200 messages a second.
func TestSniffStalled(t *testing.T) {
	ns := need.Namespace(t)
	brokerIn(t, ns)
	sniff := inside(t, ns, command("sniff", "lo", "--port", "1883", "--output", "json"))
	var out, errs bytes.Buffer
	sniff.Stdout, sniff.Stderr = &out, &errs
	if err := sniff.Start(); err != nil {
		t.Fatal(err)
	}
	sockets(t, ns, 1)
	pub := inside(t, ns, exec.Command(need.Program(t, "mosquitto_pub"), "-l", "-q", "1", "-t", "a"))
	lines, err := pub.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := pub.Start(); err != nil {
		t.Fatal(err)
	}
	if err := sniff.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	const messages = 500
	for i := range messages {
		fmt.Fprintln(lines, i)
		time.Sleep(5 * time.Millisecond)
	}
	lines.Close()
	if err := pub.Wait(); err != nil {
		t.Error(err)
	}
	if err := sniff.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	interrupt(t, sniff)
	got := summary(t, out.String())
	complete := got["handshakes"].(map[string]any)["qos1"].(map[string]any)["complete"]
	if drops := got["capture"].(map[string]any)["kernel_drops"]; drops != 0.0 || complete != float64(messages) || errs.Len() > 0 {
		t.Errorf("%v frames dropped, %v handshakes complete, want 0 and %d; %s", drops, complete, messages, errs.String())
	}
}

// cpuOf returns the processor time of a process so far; ip(8) has replaced itself by it.
func cpuOf(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// TestSniffDropsRoot: started by sudo the program is the user's again as soon as it captures, in all of its threads, and it goes on capturing.
func TestSniffDropsRoot(t *testing.T) {
	ns := need.Namespace(t)
	brokerIn(t, ns)
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	sniff := command("lo", "--output", "json", "--write", filepath.Join(dir, "out.pcapng"))
	sniff = inside(t, ns, sniff)
	sniff.Env = append(sniff.Env, "SUDO_UID=65534", "SUDO_GID=65534")
	var out, errs bytes.Buffer
	sniff.Stdout, sniff.Stderr = &out, &errs
	if err := sniff.Start(); err != nil {
		t.Fatal(err)
	}
	sockets(t, ns, 1)
	time.Sleep(200 * time.Millisecond)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", sniff.Process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("threads %v, %v: %s", threads, err, errs.String())
	}
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Uid:\t65534\t65534\t65534\t65534\n", "Gid:\t65534\t65534\t65534\t65534\n", "Groups:\t65534 \n", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n"} {
			if !strings.Contains(string(status), want) {
				t.Errorf("%s lacks %q:\n%s", thread, want, status)
			}
		}
	}
	for _, line := range [][]string{{"down"}, {"up"}} { // binding and polling need no rights
		if text, err := exec.Command("ip", "-n", ns, "link", "set", "lo", line[0]).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		time.Sleep(700 * time.Millisecond)
	}
	pub := inside(t, ns, exec.Command(need.Program(t, "mosquitto_pub"), "-q", "1", "-t", "a", "-m", "b"))
	if text, err := pub.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	time.Sleep(200 * time.Millisecond)
	interrupt(t, sniff)
	qos1 := summary(t, out.String())["handshakes"].(map[string]any)["qos1"].(map[string]any)
	if qos1["complete"] != 1.0 {
		t.Errorf("QoS 1: %v, want 1 complete", qos1)
	}
	if want := "mqttwatch: lo: lo is down; it is captured again as soon as it is up\nmqttwatch: lo: captured again\n"; errs.String() != want {
		t.Errorf("told %q, want %q", errs.String(), want)
	}
	if info, err := os.Stat(filepath.Join(dir, "out.pcapng")); err != nil {
		t.Error(err)
	} else if s := info.Sys().(*syscall.Stat_t); s.Uid != 65534 || info.Size() < 500 {
		t.Errorf("the recording is of user %d and has %d bytes, want 65534", s.Uid, info.Size())
	}
}

// TestSniffNotPermitted runs a copy of the program as somebody else.
func TestSniffNotPermitted(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("it takes root to be somebody else")
	}
	dir, err := os.MkdirTemp("", "mqttwatch-other-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "mqttwatch")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := command("sniff", "lo", "--port", "1883")
	cmd.Path, cmd.Args[0] = path, path
	cmd.Dir, cmd.Env = "/", []string{"XDG_CONFIG_HOME=" + filepath.Join(dir, "none")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	r := finish(t, cmd)
	want := "mqttwatch: may not capture on lo (operation not permitted); allow it once: sudo setcap cap_net_raw=ep " + path +
		"; or let tcpdump capture: sudo tcpdump -i lo -U -w - tcp port 1883 | mqttwatch replay -\n"
	if r.status != 1 || r.stderr != want {
		t.Errorf("status %d, %q; want 1, %q", r.status, r.stderr, want)
	}
}

func TestSniffCommandLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string // of stdout or stderr
	}{
		{"list", []string{"sniff", "--list"}, 0, "127.0.0.1/8"},
		{"none", []string{"sniff"}, 2, "mqttwatch: on which interface? mqttwatch sniff --list names them\n"},
		{"unknown", []string{"sniff", "wlan77"}, 2, "mqttwatch: wlan77: no such interface; there are "},
		{"a word", []string{"wlan77"}, 2, "no such command, file or interface"},
		{"option", []string{"sniff", "lo", "--keep", "0"}, 2, "--keep 0"},
		{"port", []string{"sniff", "lo", "--port", "70000"}, 2, "--port"},
	} {
		if runtime.GOOS != "linux" {
			t.Skip("interfaces are captured on Linux")
		}
		r := run(t, nil, c.args...)
		if r.status != c.status || !strings.Contains(r.stdout+r.stderr, c.want) {
			t.Errorf("%s: status %d, %q %q; want %d, %q", c.name, r.status, r.stdout, r.stderr, c.status, c.want)
		}
	}
}
