package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The size of the terminal on which the screen is measured.
const (
	columns = 160
	rows    = 45
)

// A session is mqttwatch with its screen on a terminal.
type session struct {
	cmd     *exec.Cmd
	began   time.Time
	control interface {
		Write([]byte) (int, error)
		Close() error
	}
	peak peakWatch
	done chan struct{} // closed when everything that it wrote was read

	mu    sync.Mutex
	text  []byte
	first time.Time // when a frame had come
}

// open starts mqttwatch on a terminal.
func (b *bench) open(args ...string) (*session, error) {
	s := &session{cmd: exec.Command(b.program, args...), done: make(chan struct{})}
	s.cmd.Env = append(environment(), "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	s.began = time.Now()
	control, err := startOnTerminal(s.cmd, columns, rows)
	if err != nil {
		return nil, err
	}
	s.control, s.peak = control, watchPeak(s.cmd.Process.Pid)
	go func() {
		defer close(s.done)
		buf := make([]byte, 64<<10)
		for {
			n, err := control.Read(buf) // an error when the terminal is closed
			if err != nil {
				return
			}
			s.mu.Lock()
			s.text = append(s.text, buf[:n]...)
			if s.first.IsZero() && bytes.Contains(s.text, []byte("Handshakes")) { // a tab
				s.first = time.Now()
			}
			s.mu.Unlock()
			if bytes.Contains(buf[:n], []byte("\x1b[c")) {
				_, _ = control.Write([]byte("\x1b[?62;22c")) // what a terminal answers to the question what it is
			}
		}
	}()
	return s, nil
}

// written is how many bytes were written to the terminal so far.
func (s *session) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.text)
}

// firstFrame waits for the first frame and returns how long it took.
func (s *session) firstFrame() (time.Duration, error) {
	var took time.Duration
	err := waitFor(func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		took = s.first.Sub(s.began)
		return !s.first.IsZero()
	})
	return took, err
}

// reads reports whether the process has a file open.
func (s *session) reads(path string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid)
	entries, _ := os.ReadDir(dir) // none where it has ended
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && target == path {
			return true
		}
	}
	return false
}

// loaded waits until the process has read a file to its end, and closed it.
func (s *session) loaded(c *capture) error {
	path, err := filepath.EvalSymlinks(c.path)
	if err != nil {
		return err
	}
	return waitFor(func() bool { return s.read() >= c.truth.Bytes && !s.reads(path) })
}

// read is how many bytes the process has read so far, from whatever.
func (s *session) read() uint64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid)) // none where it has ended
	var n uint64
	if _, err := fmt.Sscanf(string(text), "rchar: %d", &n); err != nil {
		return 0
	}
	return n
}

// cpu is the processor time so far.
func (s *session) cpu() time.Duration { return cpuSoFar(s.cmd.Process.Pid) }

// quit leaves the screen and returns what the process took, and the summary that stayed on the terminal.
func (s *session) quit() (usage, string, error) {
	if _, err := s.control.Write([]byte("Q")); err != nil {
		return usage{}, "", err
	}
	late := time.AfterFunc(time.Minute, func() { _ = s.cmd.Process.Kill() })
	err := s.cmd.Wait()
	late.Stop()
	u := usage{wall: time.Since(s.began), peak: s.peak.end()}
	u.cpu = s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime()
	if most := peakOf(s.cmd.ProcessState); most > ownPeak() {
		u.peak = most
	}
	<-s.done
	_ = s.control.Close() // nobody is at its other end any more
	if err != nil {
		return u, "", err
	}
	text := strings.ReplaceAll(string(s.text), "\r\n", "\n")
	_, text, ok := strings.Cut(text, "\x1b[?1049l") // the other screen of the terminal is left
	if !ok {
		return u, "", errors.New("the screen was not left")
	}
	return u, text, nil
}
