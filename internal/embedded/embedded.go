// Package embedded starts the embedded broker, of the demo and of tests, so that it can be closed at any time.
package embedded

import (
	"log/slog"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Start starts a broker that is silent, serves l, and asks hook. Options may be nil; the caller must Close the broker.
func Start(opts *mqtt.Options, hook mqtt.Hook, l listeners.Listener) (*mqtt.Server, error) {
	if opts == nil {
		opts = new(mqtt.Options)
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.SysTopicResendInterval == 0 {
		opts.SysTopicResendInterval = 3600 // seconds; nobody asks for $SYS
	}
	server := mqtt.New(opts)
	if err := server.AddHook(hook, nil); err != nil {
		return nil, err
	}
	if err := server.AddListener(&listener{Listener: l, clients: server.Clients, disconnect: server.DisconnectClient}); err != nil {
		return nil, err
	}
	return server, server.Serve()
}

// A listener ends its clients by itself. The broker's own way takes a read lock of all clients twice, one within the other: a client that
// comes or goes in between waits for the first, and the second waits for that client, for ever.
type listener struct {
	listeners.Listener
	clients    *mqtt.Clients
	disconnect func(*mqtt.Client, packets.Code) error
}

// Close is of listeners.Listener.
func (l *listener) Close(listeners.CloseFn) {
	l.Listener.Close(func(id string) {
		for _, c := range l.clients.GetAll() {
			if c.Net.Listener == id && !c.Closed() {
				_ = l.disconnect(c, packets.ErrServerShuttingDown) // it is gone either way
			}
		}
	})
}

// AllowAll is a hook that lets everybody in, to publish and subscribe everywhere.
type AllowAll struct{ mqtt.HookBase }

// Provides is of mqtt.Hook.
func (*AllowAll) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

// OnConnectAuthenticate is of mqtt.Hook.
func (*AllowAll) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck is of mqtt.Hook.
func (*AllowAll) OnACLCheck(*mqtt.Client, string, bool) bool { return true }
