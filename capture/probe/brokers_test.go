package probe_test

import (
	"os"
	"sync"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/mqttwatch/mqttwatch/internal/need"
)

// startMosquitto returns the address of a mosquitto with its defaults, and what more config says.
func startMosquitto(t *testing.T, config string) string {
	t.Helper()
	return need.Mosquitto(t, config).Addr()
}

// startMochi starts the embedded broker; seen is told of every client and topic.
func startMochi(t *testing.T, seen *visitors) (*mqtt.Server, string) {
	t.Helper()
	return need.Embedded(t, nil, seen)
}

// visitors lets everybody in and writes down who came and what was published.
type visitors struct {
	mqtt.HookBase
	mu       sync.Mutex
	ids      map[string]int // how often each connected
	topics   map[string]bool
	retained int
}

func (*visitors) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck || b == mqtt.OnPublished
}

func (v *visitors) OnConnectAuthenticate(c *mqtt.Client, _ packets.Packet) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ids == nil {
		v.ids, v.topics = map[string]int{}, map[string]bool{}
	}
	v.ids[c.ID]++
	return true
}

func (*visitors) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

func (v *visitors) OnPublished(_ *mqtt.Client, p packets.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.topics[p.TopicName] = true
	if p.FixedHeader.Retain {
		v.retained++
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
