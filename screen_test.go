package main_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// A terminal is a tmux session of its own, in which the program runs below a shell.
type terminal struct {
	t      *testing.T
	socket string
}

func newTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	need.Program(t, "tmux")
	term := &terminal{t: t, socket: filepath.Join(t.TempDir(), "tmux")}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() })
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height),
		"env LC_ALL=C.UTF-8 TZ=UTC PS1='READY> ' sh")
	term.wait("READY>")
	return term
}

func (term *terminal) tmux(args ...string) string {
	term.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-u", "-S", term.socket}, args...)...).CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// send presses keys, in tmux's names.
func (term *terminal) send(keys ...string) {
	term.t.Helper()
	term.tmux(append([]string{"send-keys"}, keys...)...)
}

func (term *terminal) text() string { return term.tmux("capture-pane", "-p") }

// wait waits until every one of words is on the screen, for ten seconds at most.
func (term *terminal) wait(words ...string) string {
	term.t.Helper()
	text := ""
	for range 100 {
		text = term.text()
		missing := false
		for _, word := range words {
			missing = missing || !strings.Contains(text, word)
		}
		if !missing {
			return text
		}
		time.Sleep(100 * time.Millisecond)
	}
	term.t.Fatalf("not on the screen within ten seconds: %q\n%s", words, text)
	return ""
}

// gone waits until word is not on the screen, for ten seconds at most: what is painted is read while it is painted.
func (term *terminal) gone(word string) {
	term.t.Helper()
	text := ""
	for range 100 {
		if text = term.text(); !strings.Contains(text, word) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	term.t.Fatalf("still on the screen after ten seconds: %q\n%s", word, text)
}

// shell makes sure that the terminal is as it was: the shell echoes what is typed, at the cursor it shows.
func (term *terminal) shell() {
	term.t.Helper()
	for range 100 { // what is typed before the prompt is there is the program's
		if strings.HasSuffix(strings.TrimSpace(term.text()), "READY>") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	term.send("stty -a | grep -c ' echo ' && echo back-$((40+2))", "Enter")
	term.wait("back-42")
	if flags := term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}"); strings.TrimSpace(flags) != "0 1 0 0" {
		term.t.Errorf("alternate screen, cursor, mouse, keypad: %q, want 0 1 0 0", flags)
	}
}

func TestDemoOnScreen(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			term := newTerminal(t, size[0], size[1])
			term.send(program+" demo", "Enter")
			term.wait("demo", "Handshakes", "complete", "CLIENT", "TOPIC", "STATE")
			term.wait("stuck") // the count in the header
			term.send("!")     // problems only
			term.wait("pump-2", "PUBACK owed", "┄")
			term.send("?")
			term.wait("Keys", "/ search")
			term.send("Escape")
			term.wait("PUBACK owed") // not at once: Escape and Q together are Alt+Q
			term.send("Q")
			text := term.wait("READY>", "packets", "handshakes:", "puback-overdue")
			if strings.Contains(text, "panic") {
				t.Errorf("after the end:\n%s", text)
			}
			term.shell()
		})
	}
}

func TestReplayOnScreen(t *testing.T) {
	path := stuck(t, 0)
	term := newTerminal(t, 100, 30)
	term.send(program+" "+path, "Enter")
	term.wait("plant/a/temp", "plant/b/door", "plant/c/fan", "PUBACK owed")
	term.send("g", "Enter")
	term.wait("PUBLISH", "PUBACK", "pump-7", "broker")
	term.send("Escape")
	term.wait("plant/b/door")
	term.send("/", "qos:2", "Enter")
	term.gone("plant/a/temp")
	term.wait("qos:2", "plant/b/door")
	term.send("q")
	term.wait("READY>", "1 puback-overdue")
	term.shell()
}

func TestScreenReadsPipe(t *testing.T) {
	term := newTerminal(t, 100, 30)
	term.send("cat "+stuck(t, 0)+" | "+program+" -", "Enter")
	term.wait("plant/c/fan", "PUBACK owed")
	term.send("q") // the keys come from the terminal, not from the pipe
	term.wait("READY>", "1 puback-overdue")
	term.shell()
}

// TestScreenOutlivesDuration reads what was seen after the source has ended.
func TestScreenOutlivesDuration(t *testing.T) {
	term := newTerminal(t, 100, 30)
	term.send(program+" demo --duration 2s; echo status-$?", "Enter")
	term.wait("Handshakes", "ended")
	term.send("6")
	term.wait("Latency of each step", "ended")
	term.send("Q")
	term.wait("handshakes:", "status-0")
	term.shell()
}

// TestFailureNeedsNoScreen leaves the terminal alone where there is nothing to show.
func TestFailureNeedsNoScreen(t *testing.T) {
	term := newTerminal(t, 100, 30)
	term.send(program+" replay /nowhere/x.pcap; echo status-$?", "Enter")
	term.wait("no such file", "status-1")
	term.send("clear; "+program+" mqtt://"+unusedPort(t)+"; echo status-$?", "Enter")
	term.wait("connection refused", "status-1")
	if text := term.text(); strings.Contains(text, "packets") {
		t.Errorf("a summary of nothing:\n%s", text)
	}
	term.shell()
}

func TestTerminateScreen(t *testing.T) {
	term := newTerminal(t, 100, 30)
	term.send(program+" demo", "Enter")
	term.wait("Handshakes", "complete")
	pid := strings.TrimSpace(term.tmux("display-message", "-p", "#{pane_pid}"))
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", pid).Output()
	if err != nil {
		t.Skipf("ps does not tell children: %v", err)
	}
	if out, err := exec.Command("kill", "-TERM", strings.Fields(string(out))[0]).CombinedOutput(); err != nil {
		t.Fatalf("kill: %v: %s", err, out)
	}
	term.wait("READY>", "packets")
	term.send("echo status-$?", "Enter")
	term.wait("status-143")
	term.shell()
}
