package need

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/mqttwatch/mqttwatch/internal/embedded"
)

// Port returns a port of 127.0.0.1 at which nobody listens. It is none of those that the kernel gives to whoever asks for any, so that nobody has got it
// by the time that a server binds it.
func Port(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free between 10000 and 30000")
	return 0
}

// Embedded runs the embedded broker on 127.0.0.1 until the end of the test, set up as opts and hook say, and returns it with its address. Opts may be nil.
func Embedded(t testing.TB, opts *mqtt.Options, hook mqtt.Hook) (*mqtt.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(opts, hook, listeners.NewNet("test", l))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, l.Addr().String()
}

// A Broker is a mosquitto on 127.0.0.1.
type Broker struct {
	Port    int
	Process *os.Process
}

// Addr returns where it listens, as net.Dial wants it.
func (b *Broker) Addr() string { return fmt.Sprintf("127.0.0.1:%d", b.Port) }

// Mosquitto runs a Broker until the end of the test, with config beside its listener, and returns it once it listens.
func Mosquitto(t testing.TB, config string) *Broker {
	t.Helper()
	program, port := Program(t, "mosquitto"), Port(t)
	if os.Geteuid() == 0 {
		config = "user root\n" + config // or it cannot read the directory
	}
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, "listener %d 127.0.0.1\n%s\n", port, config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	Listener(t, port)
	return &Broker{port, cmd.Process}
}

// Listener waits until somebody accepts connections on a port of 127.0.0.1.
func Listener(t testing.TB, port int) {
	t.Helper()
	for range 500 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("nobody listens on port %d", port)
}
