package main_test

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals ends the demo by signals: what was seen is still summed up.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to send to another process")
	}
	tests := []struct {
		signal os.Signal
		args   []string
		status int
	}{
		{os.Interrupt, []string{"demo", "--output", "json"}, 130},
		{syscall.SIGTERM, []string{"demo", "--output", "json"}, 143},
		{syscall.SIGHUP, []string{"demo", "--output", "json"}, 129},
		{os.Interrupt, []string{"replay", stuck(t, 0), "--speed", "1x", "--output", "json"}, 130},
	}
	for _, test := range tests {
		t.Run(test.args[0]+" "+test.signal.String(), func(t *testing.T) {
			t.Parallel()
			cmd := command(test.args...)
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
			defer late.Stop()
			last := ""
			lines := bufio.NewScanner(stdout)
			lines.Buffer(nil, 1<<20)
			for first := true; lines.Scan(); first = false {
				if last = lines.Text(); first {
					if err := cmd.Process.Signal(test.signal); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := status(t, cmd.Wait()); got != test.status || stderr.Len() > 0 {
				t.Errorf("status %d, want %d; stderr %q", got, test.status, stderr.String())
			}
			if summary(t, last)["capture"].(map[string]any)["frames"] == 0.0 {
				t.Errorf("the summary is of nothing: %s", last)
			}
		})
	}
}

// TestInterruptWhileReading ends a run that waits for more of an input that stays open.
func TestInterruptWhileReading(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to send to another process")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	file, err := os.ReadFile(stuck(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	cmd := command("-", "--output", "json")
	cmd.Stdin = r
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(stdout)
	first, err := in.ReadString('\n') // comes although the pipe stays open
	if err != nil || !strings.Contains(first, `"topic":"plant/a/temp"`) {
		t.Errorf("first line %q: %v", first, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	last := first
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		last = line
	}
	if got := status(t, cmd.Wait()); got != 130 {
		t.Errorf("status %d, want 130", got)
	}
	if open := summary(t, last)["handshakes"].(map[string]any)["qos1"].(map[string]any)["open"]; open != 1.0 {
		t.Errorf("the summary does not have the open handshake: %s", last)
	}
}

// TestSecondSignal ends a run that hangs, here since nobody reads its output: the first signal asks, the second one kills.
func TestSecondSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals to send to another process")
	}
	cmd := command("replay", stuck(t, 5000), "--output", "json")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // it writes, and will wait once the pipe is full
		t.Fatal(err)
	}
	ended := make(chan *os.ProcessState, 1)
	go func() {
		state, _ := cmd.Process.Wait()
		ended <- state
	}()
	for signals := 1; ; signals++ {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		select {
		case state := <-ended:
			if signals != 2 || state.ExitCode() != -1 {
				t.Errorf("ended after %d signals, %v; want to be killed by the second", signals, state)
			}
			return
		case <-time.After(2 * time.Second):
		}
		if signals == 3 {
			t.Fatal("goes on after three signals")
		}
	}
}
