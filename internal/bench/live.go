package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// livePublishers clients publish as fast as the broker takes it; one subscriber gets it all.
const livePublishers = 4

// liveEach is how many messages each of them publishes at QoS 1 and 2: enough for some seconds on any machine, so that what is taken once, as the memory of
// messages that are kept, counts as what it is. QoS 2 takes four times as long.
var liveEach = [...]int{25_000, 6000}

// live sniffs a saturated mosquitto on the loopback interface, beside tcpdump.
func (b *bench) live() error {
	programs := map[string]string{}
	for _, name := range []string{"mosquitto", "mosquitto_sub", "mosquitto_pub", "tcpdump"} {
		path, err := find(name, os.Getenv("PATH"))
		if err != nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
			fmt.Fprintf(b.out, "\nNothing was sniffed: that takes Linux, root, mosquitto and its clients, and tcpdump.\n")
			return nil
		}
		programs[name] = path
	}
	l := liveRun{b: b, programs: programs}
	stop, err := l.broker()
	if err != nil {
		return err
	}
	defer stop()
	table := [][]string{{"QoS", "messages", "messages/s", "frames/s", "mqttwatch, % of a core", "mqttwatch, µs a message", "tcpdump, % of a core", "lost by mqttwatch", "lost by tcpdump"}}
	for qos := 1; qos <= 2; qos++ {
		b.say("sniffing QoS %d", qos)
		each := liveEach[qos-1]
		r, err := l.sniff(qos, each)
		if err != nil {
			return err
		}
		messages := float64(livePublishers * each)
		share := 100 * r.ours.Seconds() / r.took.Seconds()
		rate := messages / r.took.Seconds()
		table = append(table, []string{strconv.Itoa(qos), thousands(messages), thousands(rate), thousands(float64(r.found.frames) / r.took.Seconds()),
			digits(share), digits(1e6 * r.ours.Seconds() / messages), digits(100 * r.theirs.Seconds() / r.took.Seconds()), strconv.FormatUint(r.lost, 10), r.lostThere})
		b.atMost(fmt.Sprintf("sniffing mosquitto at QoS %d, %s messages/s, of a core", qos, thousands(rate)), 5, " %", share)
		b.goals = append(b.goals, goal{fmt.Sprintf("frames lost at QoS %d", qos), "0", strconv.FormatUint(r.lost, 10), r.lost == 0})
	}
	fmt.Fprintf(b.out, "\n## Live\n\n`mqttwatch sniff lo --output summary` and `tcpdump -i lo -w /dev/null` at the same time, beside a mosquitto that %d clients saturate, with one subscriber, all on this machine.\n\n", livePublishers)
	writeTable(b.out, table)
	return nil
}

type liveRun struct {
	b        *bench
	programs map[string]string
	port     string
}

// broker starts mosquitto on a free port of the loopback interface.
func (l *liveRun) broker() (stop func(), err error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	_, l.port, _ = net.SplitHostPort(address) // it is one
	if err := free.Close(); err != nil {
		return nil, err
	}
	config := filepath.Join(l.b.dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n", l.port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(l.programs["mosquitto"], "-c", config)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	}
	err = waitFor(func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("mosquitto does not listen: %w", err)
	}
	return stop, nil
}

// liveResult is what sniffing under full load took and found.
type liveResult struct {
	took, ours, theirs time.Duration
	found              finding
	lost               uint64
	lostThere          string
}

var droppedThere = regexp.MustCompile(`(\d+) packets? dropped by kernel`)

func (l *liveRun) sniff(qos, each int) (r liveResult, err error) {
	var text, errs, said bytes.Buffer
	ours := exec.Command(l.b.program, "sniff", "lo", "--port", l.port, "--output", "summary")
	ours.Env, ours.Stdout, ours.Stderr = environment(), &text, &errs
	theirs := exec.Command(l.programs["tcpdump"], "-i", "lo", "-w", os.DevNull, "-Z", "root", "tcp", "port", l.port)
	theirs.Stderr = &said
	for _, cmd := range []*exec.Cmd{ours, theirs} {
		if err := cmd.Start(); err != nil {
			return r, err
		}
		defer func() { _ = cmd.Process.Kill() }() // where it has ended that does nothing
	}
	time.Sleep(2 * time.Second) // both capture
	a, b := cpuSoFar(ours.Process.Pid), cpuSoFar(theirs.Process.Pid)
	if r.took, err = l.saturate(qos, each); err != nil {
		return r, err
	}
	time.Sleep(1200 * time.Millisecond) // tcpdump looks once a second for what does not fill a block
	r.ours, r.theirs = cpuSoFar(ours.Process.Pid)-a, cpuSoFar(theirs.Process.Pid)-b
	for _, cmd := range []*exec.Cmd{ours, theirs} {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return r, err
		}
		_ = cmd.Wait() // an interrupted program may say so by its status; what it wrote tells
	}
	if r.found, err = findingOfText(text.Bytes()); err != nil {
		return r, fmt.Errorf("%w: %s", err, errs.Bytes())
	}
	r.lost = r.found.kernelDrops
	if m := droppedThere.FindStringSubmatch(said.String()); m != nil {
		r.lostThere = m[1]
	}
	all := uint64(2 * livePublishers * each) // what goes in, and what comes out
	if n := r.found.ended[qos-1]["complete"]; r.lost == 0 && n != all {
		return r, fmt.Errorf("wrong result: %d handshakes complete, not %d", n, all)
	}
	return r, nil
}

// saturate publishes as fast as the broker takes it, and returns how long it took until everything had arrived.
func (l *liveRun) saturate(qos, each int) (took time.Duration, err error) {
	common := []string{"-p", l.port, "-q", strconv.Itoa(qos)}
	sub := exec.Command(l.programs["mosquitto_sub"], append(common[:len(common):len(common)], "-t", "load/#", "-C", strconv.Itoa(livePublishers*each))...)
	all := []*exec.Cmd{sub}
	for i := range livePublishers {
		pub := exec.Command(l.programs["mosquitto_pub"], append(common[:len(common):len(common)], "-l", "-t", fmt.Sprint("load/", i))...)
		pub.Stdin = strings.NewReader(strings.Repeat("{\"temp\":21.5,\"unit\":\"C\"}\n", each))
		all = append(all, pub)
	}
	var failed []error
	began := time.Now()
	for i, cmd := range all {
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		if i == 0 {
			time.Sleep(300 * time.Millisecond) // it subscribes first
			began = time.Now()
		}
	}
	for _, cmd := range all {
		late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", cmd.Args[0], err))
		}
		late.Stop()
	}
	return time.Since(began), errors.Join(failed...)
}
