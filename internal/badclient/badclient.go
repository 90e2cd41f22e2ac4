// Package badclient is an MQTT client that does what it is told, right or wrong: for tests, and for the demo's devices. It is
// no client library, since none misbehaves as wanted: it sends what its owner says, and answers as its Policy says.
package badclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Options say what CONNECT asks for, and how the client answers.
type Options struct {
	ID      string
	Version decode.Version // default 5.0
	// CleanStart is Clean Session before 5.0.
	CleanStart bool
	// Expiry is the Session Expiry Interval in seconds, ReceiveMaximum the client's own; 0 leaves them out. 5.0 only.
	Expiry         uint32
	ReceiveMaximum uint16
	KeepAlive      uint16 // seconds; the client pings only when it is told to
	Will           *decode.Will
	// Answer decides how the client answers; nil is Obey. It is called on the goroutine that reads.
	Answer Policy
}

// Bounds of a Client.
const (
	writeLimit = 5 * time.Second
	maxInbox   = 1024
)

// ErrGone says that the Network Connection has ended.
var ErrGone = errors.New("badclient: the connection has ended")

// Client is one Network Connection. Its methods may be called from any goroutine.
type Client struct {
	opts    Options
	conn    net.Conn
	decoder *decode.Conn
	gone    chan struct{} // closed when the reader has ended
	stop    chan struct{} // closed by the owner
	closing sync.Once
	running sync.WaitGroup
	writeMu sync.Mutex

	mu     sync.Mutex
	policy Policy
	inbox  []Packet
	news   chan struct{} // closed, and made anew, with each packet
	lastID uint16
	late   lateAnswers
}

// Connect opens a Network Connection to addr, sends CONNECT and waits for CONNACK, which it returns. A CONNACK that refuses is
// an error. The caller must end the Client with Disconnect, Drop or Reset.
func Connect(ctx context.Context, addr string, opts Options) (*Client, Packet, error) {
	c, err := Dial(ctx, addr, opts)
	if err != nil {
		return nil, Packet{}, err
	}
	if err := c.SendConnect(); err != nil {
		c.Drop()
		return nil, Packet{}, err
	}
	ack, err := c.Await(ctx, OfType(decode.CONNACK, 0))
	if err == nil && ack.Reason != 0 {
		err = fmt.Errorf("badclient: %s: CONNACK 0x%02X", opts.ID, uint8(ack.Reason))
	}
	if err != nil {
		c.Drop()
		return nil, Packet{}, err
	}
	return c, ack, nil
}

// Dial opens a Network Connection and sends nothing.
func Dial(ctx context.Context, addr string, opts Options) (*Client, error) {
	if opts.Version == 0 {
		opts.Version = decode.V5
	}
	if opts.Answer == nil {
		opts.Answer = Obey
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &Client{
		opts: opts, conn: conn, policy: opts.Answer, decoder: decode.NewConn(decode.ConnInfo{}, nil),
		gone: make(chan struct{}), stop: make(chan struct{}), news: make(chan struct{}),
	}
	c.late.wake = make(chan struct{}, 1)
	c.decoder.Feed(decode.FromClient, 0, c.connectPacket(), (*handler)(c)) // what comes is then read by the right version
	c.running.Go(c.read)
	c.running.Go(c.answerLate)
	return c, nil
}

// Disconnect sends DISCONNECT and closes. Before 5.0 there is no Reason Code.
func (c *Client) Disconnect(reason decode.ReasonCode) error {
	err := c.Send(decode.AppendDisconnect(nil, c.opts.Version, decode.ReasonFields{ReasonCode: reason}))
	c.Drop()
	return err
}

// Drop closes without DISCONNECT. It may be called more than once.
func (c *Client) Drop() {
	c.closing.Do(func() {
		close(c.stop)
		c.conn.Close()
	})
	c.running.Wait()
}

// Reset closes with a TCP reset.
func (c *Client) Reset() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // where it fails the end is a FIN
	}
	c.Drop()
}

// Gone is closed when the other end has closed, or this one.
func (c *Client) Gone() <-chan struct{} { return c.gone }

// SetPolicy changes how what comes from now on is answered.
func (c *Client) SetPolicy(p Policy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.policy = p
}

func (c *Client) read() {
	defer close(c.gone)
	buf := make([]byte, 16<<10)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			c.decoder.Feed(decode.FromServer, decode.TimeOf(time.Now()), buf[:n], (*handler)(c))
		}
		if err != nil {
			return
		}
	}
}

// handler is the Client as decode calls it.
type handler Client

func (h *handler) Packet(_ *decode.Conn, p *decode.Packet) {
	if p.Dir == decode.FromServer {
		(*Client)(h).received(packetOf(p))
	}
}

func (*handler) Loss(*decode.Conn, decode.Loss) {} // a broker that cannot be decoded shows as an answer that never comes
