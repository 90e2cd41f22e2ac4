package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// program is the path of the built program, set once by TestMain.
var program string

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

// withProgram builds the program for all tests of this package, and removes it again.
func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mqttwatch-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "mqttwatch")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// A result is what a run of the program left.
type result struct {
	stdout, stderr string
	status         int
}

// command returns a run of the program with a plain environment.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "MQTTWATCH_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+filepath.Join(filepath.Dir(program), "config")) // not that of whoever runs the tests
	return cmd
}

// run runs the program to its end, which must come within a minute.
func run(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	cmd := command(args...)
	cmd.Stdin = stdin
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	return result{status: status(t, cmd.Wait()), stdout: stdout.String(), stderr: stderr.String()}
}

// status returns the exit status that err of Wait stands for.
func status(t *testing.T, err error) int {
	t.Helper()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// lines parses JSON Lines.
func lines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, object)
	}
	return out
}

// summary returns the last of JSON Lines, which must be the summary.
func summary(t *testing.T, text string) map[string]any {
	t.Helper()
	all := lines(t, text)
	if len(all) == 0 || all[len(all)-1]["kind"] != "summary" {
		t.Fatalf("the output does not end with a summary: %q", text)
	}
	return all[len(all)-1]
}

// stuck writes a capture in which one QoS 1 and one QoS 2 delivery are complete, and the broker owes a PUBACK for a
// minute at its end; n more QoS 1 deliveries are complete.
func stuck(t testing.TB, n int) string {
	t.Helper()
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	client := func(b []byte) { conn.Send(decode.FromClient, b) }
	server := func(b []byte) { conn.Send(decode.FromServer, b) }
	ack := func(kind decode.Type, id uint16) []byte {
		return decode.AppendAck(nil, kind, decode.V311, decode.AckFields{PacketID: id})
	}
	publish := func(qos uint8, id uint16, topic string) {
		client(decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: qos, PacketID: id, Topic: topic, Payload: []byte("21.5")}))
	}
	client(decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "pump-7", CleanStart: true}))
	server(decode.AppendConnack(nil, decode.V311, decode.ConnackFields{}))
	publish(1, 1, "plant/a/temp")
	server(ack(decode.PUBACK, 1))
	publish(2, 2, "plant/b/door")
	server(ack(decode.PUBREC, 2))
	client(ack(decode.PUBREL, 2))
	server(ack(decode.PUBCOMP, 2))
	for i := range n {
		publish(1, uint16(100+i%1000), "plant/many")
		server(ack(decode.PUBACK, uint16(100+i%1000)))
	}
	publish(1, 3, "plant/c/fan")
	c.Wait(time.Minute)
	client(decode.AppendPingreq(nil))
	server(decode.AppendPingresp(nil))
	path := filepath.Join(t.TempDir(), "stuck.pcap")
	if err := os.WriteFile(path, c.Pcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
