package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// step presses keys and waits for what they lead to.
func (term *terminal) step(keys []string, words ...string) string {
	term.t.Helper()
	term.send(keys...)
	return term.wait(words...)
}

// TestFirstTenThings does what one does first with the program, one after the other.
func TestFirstTenThings(t *testing.T) {
	t.Parallel()
	keys := func(k ...string) []string { return k }
	term := newTerminal(t, 100, 30)
	term.send(program+" demo", "Enter")
	// 1: look what is going on, and wait for something to be stuck.
	term.wait("TOPIC", "STATE", "complete", "FOLLOW")
	term.wait("▲ ")
	// 2: only the problems. 3: the ladder of one, and its bytes, and back.
	term.step(keys("!"), "problems only", "PUBACK owed")
	term.step(keys("g", "Enter"), "broker", "┄", "owe")
	term.step(keys("k", "Enter"), "Fixed Header", "Control Packet type")
	term.step(keys("Escape"), "Enter open", "x all legs")
	term.step(keys("Escape"), "! all")
	term.step(keys("!"), "A follow")
	term.step(keys("A"), "FOLLOW")
	// 4: filter as one types, with a mistake that is named, and clear it.
	term.step(keys("/", "qos:9"), "column 5: QoS is 1 or 2")
	term.step(keys("BSpace", "2", "Enter"), "filter: qos:2", " Q2 ")
	term.step(keys("Escape"), " Q1 ") // only then the next key: behind an ESC it would be one with Alt
	// 5: go through the screens.
	term.step(keys("2"), "PUBLISHER", "VERDICT", "complete")
	term.step(keys("4"), "▾ plant", "boiler")
	term.step(keys("6"), "Latency of each step", "Packets a second")
	term.step(keys("7"), "PACKET", "PUBLISH", "FOLLOW")
	// 6: the busiest sessions first, of one of them the handshakes, and back.
	term.step(keys("3", "<", "<"), "sessions sorted by")
	term.step(keys("Enter"), "filter: client=")
	term.step(keys("Escape"), "IN FLIGHT")
	// 7: what an alert means, and that it was seen.
	term.step(keys("5", "i"), "What it means", "Check next")
	term.step(keys("Escape"), "Space acknowledge")
	term.step(keys("Space"), "takes it back", "seen")
	// 8: freeze, and see what has come meanwhile.
	term.step(keys("1", "p"), "FROZEN")
	term.wait("frozen, +")
	term.step(keys("p"), "● live")
	// 9: find a key in the help and run it. 10: the same by its name.
	term.step(keys("?", "/", "statistics"), "search: statistics")
	term.step(keys("Enter", "Enter"), "Latency of each step")
	term.step(keys(":", "handsh", "Enter"), "TIME", "TOPIC")
	term.send("q")
	term.wait("READY>", "handshakes:")
	term.shell()
}

// TestResizeOnScreen changes the size while the program runs: each time the whole screen is drawn anew, and nothing of the former size is left.
func TestResizeOnScreen(t *testing.T) {
	t.Parallel()
	term := newTerminal(t, 100, 30)
	term.send(program+" "+stuck(t, 200), "Enter")
	term.wait("plant/many", "q quit")
	for _, size := range []struct {
		width, height int
		words         []string
	}{
		{160, 45, []string{"6 Statistics", "broker", "kernel drop 0"}}, {60, 15, []string{"1 Handshakes", "q quit"}}, {30, 5, []string{"mqttwatch needs 60x15"}},
		{80, 24, []string{"q quit", "TOPIC"}}, {200, 60, []string{"6 Statistics", "broker"}}, {100, 30, []string{"6 Statistics", "q quit"}},
	} {
		term.tmux("resize-window", "-x", fmt.Sprint(size.width), "-y", fmt.Sprint(size.height))
		text := term.wait(size.words...)
		if lines := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1; size.height > 5 && lines != size.height {
			t.Errorf("%dx%d: %d lines:\n%s", size.width, size.height, lines, text)
		}
		if n := strings.Count(text, "1 Handshakes"); size.height > 5 && n != 1 {
			t.Errorf("%dx%d: the tabs are there %d times:\n%s", size.width, size.height, n, text)
		}
	}
	term.send("Q")
	term.wait("READY>")
	term.shell()
}

// foreground is a colour of the palette. 39 is the terminal's own.
var foreground = regexp.MustCompile(`\x1b\[([0-9]+;)*[39][0-7][;m]`)

// TestLooksOnScreen runs with little: without colours, in ASCII, in a locale without UTF-8.
func TestLooksOnScreen(t *testing.T) {
	path := stuck(t, 0)
	for name, tt := range map[string]struct {
		env, options  string
		colour, ascii bool
	}{
		"as usual": {"", "", true, false}, "NO_COLOR": {"NO_COLOR=1", "", false, false},
		"color never": {"", "--color never", false, false}, "ascii": {"", "--ascii", true, true}, "LANG=C": {"LC_ALL=C", "", true, true},
		"contrast": {"", "--theme contrast", true, false}, "light": {"", "--theme light", true, false}, "mono": {"", "--theme mono", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term := newTerminal(t, 100, 30)
			term.send("env "+tt.env+" "+program+" "+tt.options+" "+path, "Enter")
			term.wait("plant/a/temp", "PUBACK owed", "q quit")
			text := term.tmux("capture-pane", "-p", "-e")
			if got := foreground.MatchString(text); got != tt.colour {
				t.Errorf("colours are %v, want %v:\n%q", got, tt.colour, text)
			}
			if got := strings.IndexFunc(text, func(r rune) bool { return r > 0x7e }) < 0; got != tt.ascii {
				t.Errorf("only ASCII is %v, want %v:\n%s", got, tt.ascii, text)
			}
			term.send("Q")
			term.wait("READY>")
			term.shell()
		})
	}
}

// TestDumbTerminal: a terminal that can do nothing gets lines of text, without colours.
func TestDumbTerminal(t *testing.T) {
	t.Parallel()
	term := newTerminal(t, 100, 30)
	term.send("TERM=dumb "+program+" "+stuck(t, 0), "Enter")
	term.wait("plant/a/temp", "READY>")
	term.shell()
	text := term.tmux("capture-pane", "-p", "-e")
	if strings.Contains(text, "q quit") || strings.ContainsRune(text, 0x1b) || !strings.Contains(text, "ALERT") {
		t.Errorf("not plain lines:\n%q", text)
	}
}

// TestHostileTextsOnScreen shows a capture whose Client Identifier and topics command a terminal, change the direction of text, and are two cells wide.
func TestHostileTextsOnScreen(t *testing.T) {
	t.Parallel()
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(decode.FromClient, decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "\x1b]0;owned\x07水泵", CleanStart: true}))
	conn.Send(decode.FromServer, decode.AppendConnack(nil, decode.V311, decode.ConnackFields{}))
	for i, topic := range []string{"工場/水泵/溫度", "\x1b[2J\x1b[1;1Hgone", "a\u202egnp.exe", "e\u0301te\u0301/\u009b31m"} {
		conn.Send(decode.FromClient, decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: uint16(i + 1), Topic: topic, Payload: []byte("\x1b[31mred")}))
		conn.Send(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: uint16(i + 1)}))
	}
	path := filepath.Join(t.TempDir(), "hostile.pcap")
	if err := os.WriteFile(path, c.Pcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t, 120, 40)
	term.send(program+" "+path, "Enter")
	term.wait("溫度", "q quit")
	title := term.tmux("display-message", "-p", "#{pane_title}")
	for _, screen := range []struct{ key, word string }{{"1", "STATE"}, {"2", "VERDICT"}, {"3", "IN FLIGHT"}, {"4", "▾"}, {"5", "No alerts"}, {"7", "PACKET"}} {
		text := term.step([]string{screen.key}, screen.word, "1 Handshakes", "? help")
		if strings.ContainsAny(text, "\x1b\x07\u202e\u009b") {
			t.Errorf("screen %s holds what commands a terminal:\n%q", screen.key, text)
		}
	}
	term.step([]string{"1", "G", "Enter", "g", "Enter"}, "Payload", `\x1b[31mred`)
	if now := term.tmux("display-message", "-p", "#{pane_title}"); now != title || strings.Contains(now, "owned") {
		t.Errorf("the title was %q and is %q", title, now)
	}
	term.send("Q")
	term.wait("READY>")
	term.shell()
}

// TestPublishOnScreen publishes to the second of two brokers, and is led to its handshake.
func TestPublishOnScreen(t *testing.T) {
	t.Parallel()
	a, b := mosquitto(t, "allow_anonymous true\n"), mosquitto(t, "allow_anonymous true\n")
	term := newTerminal(t, 100, 30)
	term.send(fmt.Sprintf("%s broker mqtt://127.0.0.1:%d mqtt://127.0.0.1:%d -t lamp/#", program, a, b), "Enter")
	term.wait("● live", "SUB")
	// The form begins with the broker of the row under the cursor, which is that whose SUBACK came last.
	second := fmt.Sprintf("[mqtt://127.0.0.1:%d]", b)
	if text := term.step([]string{"P"}, "Publish", "[mqtt://127.0.0.1:"); !strings.Contains(text, second) {
		term.send("Right")
	}
	term.step([]string{"Tab", "C-u"}, second)
	term.send("lamp/set", "Tab", "on", "Tab", "2", "Enter")
	term.wait("lamp/set", "QoS 2", "PUBCOMP id", "complete", fmt.Sprintf("127.0.0.1:%d", b))
	time.Sleep(300 * time.Millisecond) // time for it to be seen where it does not belong
	term.step([]string{"Escape"}, "TOPIC")
	term.step([]string{"/", "topic:lamp/set", "Enter"}, "2 of ") // what was published, and what was subscribed to
	term.send("Q")
	term.wait("READY>")
	term.shell()
}
