package capture

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// leaveTimeout is how long the end of a run waits for the broker to take DISCONNECT.
const leaveTimeout = 500 * time.Millisecond

// dial is one attempt at TCP, TLS and WebSocket.
func (c *Client) dial(ctx context.Context) (*packetConn, error) {
	c.conn.Store(nil)
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	conn, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	info := endsOf(conn, decode.FromServer)
	if c.broker.WebSocket {
		info.Transport = looksWebSocket
	}
	tapped := c.tap.open(conn, decode.FromServer, info)
	pc := &packetConn{Conn: tapped, in: bufio.NewReader(tapped), guard: packetGuard{most: c.opts.MaxPacket}}
	c.conn.Store(pc)
	return pc, nil
}

// open returns a connection that carries MQTT.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	if c.broker.WebSocket {
		return c.openWebSocket(ctx)
	}
	conn, err := c.broker.dial(ctx)
	if err != nil || c.tls == nil {
		return conn, err
	}
	return startTLS(ctx, conn, c.tls)
}

// dial connects to where the broker listens, without TLS.
func (b *BrokerURL) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	if b.socket() {
		return d.DialContext(ctx, "unix", b.Path)
	}
	return d.DialContext(ctx, "tcp", b.Address())
}

// packetConn sends each Control Packet with one Write, so with one TCP segment and one TLS record: paho writes a packet
// in pieces, and locks around them whatever is a sync.Locker.
//
// It reads through a buffer, since paho asks for single bytes: the tap would hand each on as a segment.
type packetConn struct {
	net.Conn // a TapConn
	in       *bufio.Reader

	mu  sync.Mutex
	buf []byte
	err error // of the last Write of a packet; sticks

	leaving      atomic.Bool
	disconnected atomic.Bool // DISCONNECT was sent
	closeOnce    sync.Once

	headMu sync.Mutex
	head   []byte // the first bytes that the broker sent: they tell why a CONNECT failed
	guard  packetGuard
}

// Lock begins a packet.
func (c *packetConn) Lock() { c.mu.Lock() }

// Unlock ends a packet and sends it. Where that fails the reader gets a moment to find out why, and fails too.
func (c *packetConn) Unlock() {
	defer c.mu.Unlock()
	if len(c.buf) == 0 {
		return
	}
	c.send(c.buf)
	if c.buf = c.buf[:0]; cap(c.buf) > maxTapPiece {
		c.buf = nil
	}
}

// send sends a whole packet. The lock is held.
func (c *packetConn) send(packet []byte) {
	if decode.Type(packet[0]>>4) == decode.DISCONNECT {
		c.disconnected.Store(true)
	}
	if c.err == nil {
		if _, c.err = c.Conn.Write(packet); c.err != nil {
			c.disconnected.Store(false)
			c.Conn.SetReadDeadline(time.Now().Add(leaveTimeout))
		}
	}
}

// Write adds to the packet that Lock began.
func (c *packetConn) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.buf = append(c.buf, p...)
	return len(p), nil
}

// Read reads from the connection, keeps the first bytes, and fails where a packet begins that is too large.
func (c *packetConn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.headMu.Lock()
	defer c.headMu.Unlock()
	if room := 4 - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	if refused := c.guard.pass(p[:n]); refused != nil {
		return 0, refused
	}
	return n, err
}

// refusal is why reading ended, if that was for a packet that is too large: paho does not hand on every error.
func (c *packetConn) refusal() error {
	if c == nil {
		return nil
	}
	c.headMu.Lock()
	defer c.headMu.Unlock()
	return c.guard.err
}

func (c *packetConn) firstBytes() []byte {
	if c == nil {
		return nil
	}
	c.headMu.Lock()
	defer c.headMu.Unlock()
	return c.head
}

// leave makes a write that hangs fail soon.
func (c *packetConn) leave() {
	c.leaving.Store(true)
	c.Conn.SetWriteDeadline(time.Now().Add(leaveTimeout))
}

// Close closes the connection. After DISCONNECT it first lets the Server close, which has to (5.0 §3.14.4): to close with
// bytes unread resets the connection, and the Server might never see the DISCONNECT.
func (c *packetConn) Close() error {
	c.closeOnce.Do(func() {
		if c.leaving.Load() && c.disconnected.Load() {
			c.Conn.SetReadDeadline(time.Now().Add(leaveTimeout))
			io.Copy(io.Discard, c.Conn)
		}
	})
	return c.Conn.Close()
}
