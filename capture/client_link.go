package capture

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"
)

// clientLink is the part of a Client that paho works with. The lock of the Client guards all but conn and queue.
type clientLink struct {
	queue publishQueue
	conn  atomic.Pointer[packetConn]

	since       time.Time // when the newest connection came up
	failures    int       // attempts in a row that failed
	short       int       // connections in a row that ended soon
	reason      string    // why the newest connection was lost
	subscribed  bool
	isReady     bool
	ready       chan struct{} // closed once publishing may begin
	subscribing sync.WaitGroup
	requests    chan Publish // what Send was given
}

func (l *clientLink) init() {
	l.ready = make(chan struct{})
	l.requests = make(chan Publish, maxRequests)
}

// connect5 keeps a connection of MQTT 5.0 up until ctx is done, the first attempt failed under FailFast, or the broker refused the
// version: then it returns errRefused5 or errSilent.
func (c *Client) connect5(ctx context.Context) error {
	runCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	session := state.NewInMemory() // outlives connections, so that what is in flight is sent again
	defer session.Close()
	manager, err := autopaho.NewConnection(runCtx, c.config(runCtx, session, cancel))
	if err != nil {
		return fmt.Errorf("cannot connect to %s: %w", c.broker, err)
	}
	published := make(chan struct{})
	go func() { c.publishAll(runCtx, sender5{c, manager}); close(published) }()
	<-runCtx.Done()
	if conn := c.conn.Load(); conn != nil {
		conn.leave() // what is being written must not hold up the end
	}
	<-manager.Done()
	<-published
	c.subscribing.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(runCtx)
}

func (c *Client) config(ctx context.Context, session *state.State, fail context.CancelCauseFunc) autopaho.ClientConfig {
	expiry := uint32(0)
	cfg := autopaho.ClientConfig{
		// Without user and password: autopaho puts the URL into its errors.
		ServerUrls:                    []*url.URL{{Scheme: c.broker.Scheme, Host: c.broker.Address()}},
		KeepAlive:                     c.opts.KeepAlive,
		CleanStartOnInitialConnection: c.cleanStart,
		SessionExpiryInterval:         c.opts.SessionExpiry,
		ReconnectBackoff:              func(int) time.Duration { return c.backoff() },
		ConnectTimeout:                c.opts.Timeout,
		AttemptConnection: func(ctx context.Context, _ autopaho.ClientConfig, _ *url.URL) (net.Conn, error) {
			return c.dial(ctx)
		},
		OnConnectionUp:   func(m *autopaho.ConnectionManager, ack *paho.Connack) { c.up5(ctx, m, ack) },
		OnConnectionDown: func() bool { c.down(); return true },
		OnConnectError:   func(err error) { c.failed5(err, fail) },
		ConnectUsername:  c.opts.User,
		Queue:            &c.queue,
		Errors:           pahoErrors{c},
		ConnectPacketBuilder: func(p *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			if c.opts.HasPassword {
				p.PasswordFlag, p.Password = true, []byte(c.opts.Password)
			}
			most := uint32(c.opts.MaxPacket)
			if p.Properties == nil {
				p.Properties = new(paho.ConnectProperties)
			}
			p.Properties.MaximumPacketSize = &most
			return p, nil
		},
		DisconnectPacketBuilder: func() *paho.Disconnect {
			if c.opts.Resume {
				return &paho.Disconnect{}
			}
			// The Session must not stay behind on the broker (5.0 §3.14.2.2.2).
			return &paho.Disconnect{Properties: &paho.DisconnectProperties{SessionExpiryInterval: &expiry}}
		},
	}
	cfg.ClientConfig = paho.ClientConfig{
		ClientID:           c.opts.ClientID,
		Session:            session,
		PacketTimeout:      c.opts.Timeout,
		OnPublishReceived:  []func(paho.PublishReceived) (bool, error){func(paho.PublishReceived) (bool, error) { return true, nil }},
		OnClientError:      func(err error) { c.lost(explainLoss(err)) },
		OnServerDisconnect: func(d *paho.Disconnect) { c.lost(explainDisconnect(d)) },
	}
	return cfg
}
