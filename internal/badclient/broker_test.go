package badclient_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/mqttwatch/mqttwatch/internal/embedded"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// window is the Receive Maximum of both brokers, and how many messages they have in flight to a client that names none.
const window = 20

// forbidden is the first level of topics to which nobody may publish.
const forbidden = "forbidden"

// broker is a real Server on 127.0.0.1.
type broker struct {
	name    string
	addr    string
	mochi   *mqtt.Server // the embedded broker
	process *os.Process  // of mosquitto
}

func (b *broker) isMochi() bool { return b.mochi != nil }

// brokers starts both kinds; they end with the test.
func brokers(t *testing.T) []*broker {
	t.Helper()
	return []*broker{startMosquitto(t), startMochi(t)}
}

// startMosquitto starts mosquitto as its defaults are, but for what the tests need.
func startMosquitto(t *testing.T) *broker {
	t.Helper()
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("topic readwrite #\ntopic deny "+forbidden+"/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := need.Mosquitto(t, fmt.Sprintf("allow_anonymous true\nmax_inflight_messages %d\nacl_file %s\n", window, acl))
	return &broker{name: "mosquitto", addr: m.Addr(), process: m.Process}
}

// startMochi starts the embedded broker.
func startMochi(t *testing.T) *broker {
	t.Helper()
	capabilities := mqtt.NewDefaultServerCapabilities()
	capabilities.ReceiveMaximum = window
	capabilities.Compatibilities.NoInheritedPropertiesOnAck = true
	server, addr := need.Embedded(t, &mqtt.Options{Capabilities: capabilities}, new(access))
	return &broker{name: "mochi", addr: addr, mochi: server}
}

// access lets everybody in, and nobody publish where it is forbidden.
type access struct{ embedded.AllowAll }

// OnACLCheck is of mqtt.Hook.
func (*access) OnACLCheck(_ *mqtt.Client, topic string, write bool) bool {
	return !write || !strings.HasPrefix(topic, forbidden)
}
