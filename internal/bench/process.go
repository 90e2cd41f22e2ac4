package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory; 0 where not known
}

// A subject is a program that reads a capture.
type subject struct {
	name string
	argv []string
	env  []string
	file *capture
	// check refuses a wrong result, given what the program wrote; nil where there is nothing to check.
	check func(text []byte) error
	// large says that so much is written that only one run is checked; the others write to where it is lost.
	large bool
}

// run runs a subject once. Where checked is not set and the output is large, it is thrown away by the kernel.
func (s *subject) run(checked bool) (usage, error) {
	cmd := exec.Command(s.argv[0], s.argv[1:]...)
	cmd.Env = append(environment(), s.env...)
	var text, errs bytes.Buffer
	cmd.Stderr = &errs
	keep := s.check != nil && (checked || !s.large)
	if keep {
		cmd.Stdout = &text
	} // nil is the null device
	u, err := measure(cmd)
	if err != nil {
		return u, fmt.Errorf("%s: %w: %s", s.name, err, bytes.TrimSpace(errs.Bytes()))
	}
	if keep {
		if err := s.check(text.Bytes()); err != nil {
			return u, fmt.Errorf("%s: wrong result: %w", s.name, err)
		}
	}
	return u, nil
}

// environment is that of this process, without what would configure mqttwatch or the Go runtime otherwise than told.
func environment() (env []string) {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasPrefix(name, "MQTTWATCH_") && name != "XDG_CONFIG_HOME" && name != "GOMAXPROCS" && name != "GOGC" && name != "GOMEMLIMIT" {
			env = append(env, e)
		}
	}
	return append(env, "XDG_CONFIG_HOME="+filepath.Join(os.TempDir(), "mqttwatch-bench-without-configuration"))
}

// measure runs a command to its end.
func measure(cmd *exec.Cmd) (usage, error) {
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	watch := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	u := usage{wall: time.Since(begin), peak: watch.end()}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if most := peakOf(cmd.ProcessState); most > ownPeak() {
		u.peak = most // exact; below this process's own peak it is that one, which a process inherits where it is started
	}
	return u, err
}

// peakWatch looks at the peak of a process while it runs.
type peakWatch struct {
	stop chan struct{}
	peak chan int64
}

func watchPeak(pid int) peakWatch {
	w := peakWatch{make(chan struct{}), make(chan int64, 1)}
	go func() {
		var peak int64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				w.peak <- peak
				return
			case <-tick.C:
				peak = max(peak, statusPeak(fmt.Sprintf("/proc/%d/status", pid)))
			}
		}
	}()
	return w
}

func (w peakWatch) end() int64 {
	close(w.stop)
	return <-w.peak
}

// ownPeak is the peak of this process.
func ownPeak() int64 { return statusPeak("/proc/self/status") }

// statusPeak reads the peak of a process from Linux' /proc; 0 where there is none.
func statusPeak(path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, 16<<10)) // a process that has just ended has no peak any more
	_, rest, ok := strings.Cut(string(text), "\nVmHWM:")
	if !ok {
		return 0
	}
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib << 10
}

// cpuSoFar is the processor time that all threads of a process had, from Linux' /proc.
func cpuSoFar(pid int) time.Duration {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well formed
	var sum time.Duration
	for _, path := range stats {
		text, _ := os.ReadFile(path) // a thread that has ended has none
		ran, _, _ := strings.Cut(string(text), " ")
		if n, err := strconv.ParseInt(ran, 10, 64); err == nil {
			sum += time.Duration(n)
		}
	}
	return sum
}

// waitFor waits until done reports true, for at most a minute or two.
func waitFor(done func() bool) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(4 * time.Millisecond) {
		if done() {
			return nil
		}
	}
	return errors.New("it takes too long")
}
