package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// TestScreenWithConfig drives the screen with keys, columns and a filter of a configuration file, saves to it, and exports.
func TestScreenWithConfig(t *testing.T) {
	file := configFile(t, "# mine\n[keys]\nfilter = [\"f5\"]\n[screen]\ncolumns = [\"client\", \"topic\", \"state\"]\n[filters]\ndoors = \"topic:door\"\n")
	out := filepath.Join(t.TempDir(), "out")
	term := newTerminal(t, 100, 30)
	term.send(program+" --config "+file+" "+stuck(t, 0), "Enter")
	if text := term.wait("plant/a/temp", "CLIENT", "TOPIC", "F5 filter"); strings.Contains(text, "QOS") {
		t.Errorf("a column that was left out:\n%s", text)
	}
	term.send("F")
	term.wait("doors", "topic:door")
	term.send("Enter")
	term.wait("filter: topic:door", "plant/b/door", "1 of 3")
	term.gone("plant/a/temp")
	term.send("S")
	term.wait("Export", "filtered (1)", "pcapng")
	term.send("Tab", "Tab", "C-u")
	term.send("-l", out)
	term.send("Enter")
	term.wait("exported 1 to")
	text, err := os.ReadFile(out + ".json")
	if err != nil || !strings.Contains(string(text), "plant/b/door") || strings.Count(string(text), "\n") != 1 {
		t.Errorf("exported %q, %v", text, err)
	}
	term.send("t")
	term.wait("Columns", "[x] client")
	term.send("Space", "C-s")
	term.wait("saved to the configuration file")
	saved, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(saved), "# mine\n") || !strings.Contains(string(saved), "columns = ['topic', 'state']\n") {
		t.Errorf("saved %q, %v", saved, err)
	}
	term.send("C-c") // from a menu, too
	term.wait("READY>")
	term.shell()
}

// TestScreenExportsPackets writes the packets that a filter chooses, and reads them back.
func TestScreenExportsPackets(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.pcapng")
	term := newTerminal(t, 100, 30)
	term.send(program+" "+stuck(t, 0), "Enter")
	term.wait("plant/a/temp", "plant/c/fan")
	exportPackets(term, out, 3)
	r := run(t, nil, "replay", "--output", "summary", out)
	if !strings.Contains(r.stdout, "3 PUBLISH, 1 PUBACK, 1 PUBREC, 1 PUBREL, 1 PUBCOMP") {
		t.Errorf("read back: %s%s", r.stdout, r.stderr)
	}
}

// exportPackets exports all n handshakes as pcapng, and leaves the screen.
func exportPackets(term *terminal, out string, n int) {
	term.send("S")
	term.wait("Export", fmt.Sprintf("all (%d)", n))
	term.send("Tab", "Left", "Tab", "C-u")
	term.send("-l", out)
	term.send("Enter")
	term.wait(fmt.Sprintf("exported %d to", n))
	term.send("Q")
	term.wait("READY>")
}

// TestScreenExportsVersion exports packets of MQTT 5.0, which nobody could tell from those of 3.1.1 without a CONNECT.
func TestScreenExportsVersion(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(decode.FromClient, decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: "pump-7", Username: []byte("anna"), Password: []byte("sesame")}))
	conn.Send(decode.FromServer, decode.AppendConnack(nil, decode.V5, decode.ConnackFields{}))
	conn.Send(decode.FromClient, decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: 1, PacketID: 3, Topic: "plant/a/temp", Payload: []byte("21.5")}))
	conn.Send(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V5, decode.AckFields{PacketID: 3}))
	c.Wait(20 * time.Second) // a CONNACK would be overdue
	conn.Send(decode.FromClient, decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: 1, PacketID: 4, Topic: "plant/a/temp", Payload: []byte("21.6")}))
	conn.Send(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V5, decode.AckFields{PacketID: 4}))
	in, out := filepath.Join(t.TempDir(), "in.pcap"), filepath.Join(t.TempDir(), "out.pcapng")
	if err := os.WriteFile(in, c.Pcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t, 100, 30)
	term.send(program+" "+in, "Enter")
	term.wait("plant/a/temp")
	exportPackets(term, out, 2)
	bytes, err := os.ReadFile(out)
	if err != nil || strings.Contains(string(bytes), "sesame") || strings.Contains(string(bytes), "anna") {
		t.Errorf("the export holds who logs in: %q, %v", bytes, err)
	}
	r := run(t, nil, "replay", "--output", "json", out)
	for _, want := range []string{`"client_id":"pump-7"`, `"payload_length":4`, `"state":"complete"`} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("read back without %s: %s%s", want, r.stdout, r.stderr)
		}
	}
	all := summary(t, r.stdout)
	if len(all["alerts"].(map[string]any)) > 0 {
		t.Errorf("what is made up raised an alert: %v", all["alerts"])
	}
	if packets := fmt.Sprint(all["packets"]); packets != "map[CONNACK:1 CONNECT:1 PUBACK:2 PUBLISH:2]" {
		t.Errorf("read back: %s", packets)
	}
	if _, err := exec.LookPath("tshark"); err == nil {
		read, err := exec.Command("tshark", "-r", out, "-Y", "mqtt.msgtype==3", "-T", "fields", "-e", "mqtt.msg").Output()
		if text := strings.TrimSpace(string(read)); err != nil || text != "32312e35\n32312e36" && text != "21.5\n21.6" {
			t.Errorf("tshark reads the payload %q, %v", text, err)
		}
	}
}

// TestScreenSaysOnce wants what is wrong with a file once on a terminal, and in both places where they go different ways.
func TestScreenSaysOnce(t *testing.T) {
	file := stuck(t, 0)
	term := newTerminal(t, 100, 30)
	term.send(program+" replay --output summary "+file+" /nope", "Enter")
	if text := term.wait("cannot be read", "READY>"); strings.Count(text, "cannot be read") != 1 {
		t.Errorf("it is said more than once:\n%s", text)
	}
	if r := run(t, nil, "replay", "--output", "summary", file, "/nope"); !strings.Contains(r.stdout, "cannot be read") || !strings.Contains(r.stderr, "cannot be read") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}

// TestUnmetExpectation has a rule about what nobody sends.
func TestUnmetExpectation(t *testing.T) {
	r := run(t, nil, "replay", "--output", "summary", stuck(t, 0), "--expect", "sensors/+/status every 1s")
	if r.status != 0 || !strings.Contains(r.stdout, "sensors/+/status every 1s: nothing was seen") || !strings.Contains(r.stderr, "nothing was seen that it is about") {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	text, err := os.Open(stuck(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	if r := run(t, text, "replay", "--output", "summary", "-"); !strings.HasPrefix(r.stdout, "standard input: ") {
		t.Errorf("%s", r.stdout)
	}
}

// TestScreenCopies copies to the desktop's clipboard, by a program that stands in for xclip.
func TestScreenCopies(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "clipboard")
	if err := os.WriteFile(filepath.Join(dir, "xclip"), []byte("#!/bin/sh\ncat > "+out+".part && mv "+out+".part "+out+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term := newTerminal(t, 100, 30)
	term.send("env -u SSH_CONNECTION -u WAYLAND_DISPLAY DISPLAY=:0 PATH="+dir+":$PATH "+program+" "+stuck(t, 0), "Enter")
	term.wait("plant/a/temp", "plant/c/fan")
	term.send("g", "y")
	term.wait("Copy", "Wireshark filter")
	term.send("w")
	term.wait("copied: Wireshark filter")
	for range 50 {
		if _, err := os.Stat(out); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, err := os.ReadFile(out)
	if err != nil || !strings.HasPrefix(string(text), "mqtt.msgid == 1 && ip.addr == ") {
		t.Errorf("copied %q, %v", text, err)
	}
	term.send("Q")
	term.wait("READY>")
}

// TestScreenCommands runs a command of the palette by its letters.
func TestScreenCommands(t *testing.T) {
	term := newTerminal(t, 80, 24)
	term.send(program+" "+stuck(t, 0), "Enter")
	term.wait("plant/a/temp")
	term.send(":")
	term.wait("Commands")
	term.send("-l", "frz")
	term.wait("freeze the view")
	term.send("Enter")
	term.wait("FROZEN")
	term.send(">")
	term.wait("the view is frozen")
	term.send("p", ">")
	term.wait("by client")
	term.send("Q")
	term.wait("READY>")
	term.shell()
}
