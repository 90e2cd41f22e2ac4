package capture_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// tcpdump captures on the loopback interface what the port sends and receives, until the function returned is called.
func tcpdump(t *testing.T, file string, port int) (stop func()) {
	t.Helper()
	path := need.Program(t, "tcpdump")
	if os.Geteuid() != 0 {
		t.Skip("tcpdump needs root here")
	}
	cmd := exec.Command(path, "-i", "lo", "-B", "32768", "-U", "-s", "0", "-w", file, fmt.Sprintf("tcp port %d", port))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	said := bufio.NewScanner(stderr)
	for said.Scan() && !strings.Contains(said.Text(), "listening on") {
		if strings.Contains(said.Text(), "ermission") {
			t.Skipf("tcpdump may not capture here: %s", said.Text())
		}
	}
	return func() {
		time.Sleep(1500 * time.Millisecond) // the last frames are on their way through a block of the ring
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
}

// TestWebSocketReal lets paho talk to mosquitto over WebSocket while tcpdump captures: the capture has the packets that the client sent
// and got, whether it has the upgrade in it or was begun later.
func TestWebSocketReal(t *testing.T) {
	dir := t.TempDir()
	port := need.Port(t)
	startMosquitto(t, dir, fmt.Sprintf("allow_anonymous true\nlistener %d 127.0.0.1\nprotocol websockets", port))
	need.Listener(t, port)
	whole, late := filepath.Join(dir, "whole.pcap"), filepath.Join(dir, "late.pcap")
	stop := tcpdump(t, whole, port)

	got := make(chan int, 1000)
	opts := paho.NewClientOptions().AddBroker(fmt.Sprintf("ws://127.0.0.1:%d/mqtt", port)).SetClientID("real").SetAutoReconnect(false)
	client := paho.NewClient(opts)
	await := func(what string, token paho.Token) {
		t.Helper()
		if !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatalf("%s: %v", what, token.Error())
		}
	}
	await("connect", client.Connect())
	await("subscribe", client.Subscribe("plant/#", 2, func(_ paho.Client, m paho.Message) { got <- len(m.Payload()) }))
	sizes := []int{0, 1, 100, 125, 126, 1000, 9000} // mosquitto cuts what it sends into frames of 4 KiB, and takes its time
	rounds := func() {
		t.Helper()
		for qos := range byte(3) {
			for _, size := range sizes {
				await("publish", client.Publish("plant/a", qos, false, make([]byte, size)))
			}
		}
		await("publish", client.Publish("other", 1, false, make([]byte, 70_000))) // its length takes 64 bits
		for range 3 * len(sizes) {
			select {
			case <-got:
			case <-time.After(10 * time.Second):
				t.Fatal("a message does not come back")
			}
		}
	}
	rounds()
	stopLate := tcpdump(t, late, port)
	rounds()
	time.Sleep(300 * time.Millisecond) // the last handshake ends
	client.Disconnect(100)
	stop()
	stopLate()

	for _, c := range []struct {
		file   string
		rounds int
		whole  bool
	}{{whole, 2, true}, {late, 1, false}} {
		n := newCounter()
		f := capture.NewFile([]string{c.file}, capture.FileOptions{})
		if err := f.Run(t.Context(), n.sink); err != nil {
			t.Fatal(err)
		}
		each := len(sizes) * c.rounds
		want := map[string]int{"PUBLISH": 6*each + c.rounds, "PUBACK": 2*each + c.rounds, "PUBREC": 2 * each, "PUBREL": 2 * each, "PUBCOMP": 2 * each, "DISCONNECT": 1}
		if c.whole {
			want["CONNECT"], want["CONNACK"], want["SUBSCRIBE"], want["SUBACK"] = 1, 1, 1, 1
		}
		if fmt.Sprint(n.Packets) != fmt.Sprint(want) || len(n.lost) > 0 {
			t.Errorf("%s has %v, want %v; lost %v; %+v", filepath.Base(c.file), n.Packets, want, n.lost, f.Stats())
		}
	}
}
