package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mqttwatch/mqttwatch/decode"
)

// wsProtocol is the subprotocol that a Client must offer (5.0 §6).
const wsProtocol = "mqtt"

// openWebSocket connects and asks for the upgrade.
func (c *Client) openWebSocket(ctx context.Context) (net.Conn, error) {
	d := websocket.Dialer{
		Subprotocols: []string{wsProtocol},
		NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := c.broker.dial(ctx)
			return &wsRaw{conn}, err
		},
		NetDialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := c.broker.dial(ctx)
			if err != nil {
				return nil, err
			}
			secure, err := startTLS(ctx, conn, c.tls)
			return &wsRaw{secure}, err
		},
	}
	ws, answer, err := d.DialContext(ctx, c.broker.request(), nil)
	if err != nil {
		return nil, upgradeError(c.broker, answer, err)
	}
	if ws.Subprotocol() != wsProtocol {
		c.note("the WebSocket server did not choose the subprotocol mqtt that was offered; going on all the same")
	}
	return &wsConn{Conn: ws}, nil
}

// request is the URL of the upgrade. The login is MQTT's: none is sent with HTTP.
func (b *BrokerURL) request() string {
	s := b.String()
	if b.Query != "" {
		s += "?" + b.Query
	}
	return s
}

// upgradeError says why there was no WebSocket where HTTP itself is to blame.
func upgradeError(b *BrokerURL, answer *http.Response, err error) error {
	switch {
	case !errors.Is(err, websocket.ErrBadHandshake):
		if strings.Contains(err.Error(), "malformed HTTP") {
			return errors.New("no WebSocket there: the answer is not HTTP; is the port right, or is it mqtt:// without WebSocket?")
		}
		return &upgradeCut{err}
	case answer != nil && answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("no WebSocket at the path %s (HTTP status %s): which path has the broker?", b.Path, decode.Escape(answer.Status))
	case answer != nil && answer.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("WebSocket refused with HTTP status %s", decode.Escape(answer.Status))
	}
	return errors.New("WebSocket refused: the answer to the upgrade is not valid")
}

// wsConn is the stream of bytes inside of a WebSocket connection: the borders of its messages mean nothing (5.0 §6).
type wsConn struct {
	*websocket.Conn
	in  io.Reader // the message that is being read
	err error     // of reading; sticks, since gorilla panics when asked again and again
}

// Read reads from the messages that come.
func (c *wsConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.err == nil {
		if c.in == nil {
			c.next()
			continue
		}
		n, err := c.in.Read(p)
		if err != nil {
			c.in = nil
			if err != io.EOF {
				c.err = wsReason(err)
			}
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, c.err
}

func (c *wsConn) next() {
	kind, in, err := c.NextReader()
	switch {
	case err != nil:
		c.err = wsReason(err)
	case kind != websocket.BinaryMessage:
		c.err = errors.New("the broker sent WebSocket text; MQTT comes in binary messages only")
	default:
		c.in = in
	}
}

// Write sends p as one binary message.
func (c *wsConn) Write(p []byte) (int, error) {
	if err := c.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, wsReason(err)
	}
	return len(p), nil
}

// SetWriteDeadline is of net.Conn. Unlike that of websocket.Conn it also ends a Write that is under way.
func (c *wsConn) SetWriteDeadline(t time.Time) error {
	if raw, ok := c.NetConn().(*wsRaw); ok {
		return raw.Conn.SetWriteDeadline(t)
	}
	return c.NetConn().SetWriteDeadline(t)
}

// wsRaw is a connection under WebSocket that keeps its deadline for writing: websocket.Conn would set its own with each message.
type wsRaw struct{ net.Conn }

// SetWriteDeadline does nothing.
func (*wsRaw) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline is of net.Conn.
func (c *wsConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Close takes leave of the server first.
func (c *wsConn) Close() error {
	soon := time.Now().Add(leaveTimeout)
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.SetWriteDeadline(soon) // errors: the server may be gone already
	_ = c.WriteControl(websocket.CloseMessage, bye, soon)
	return c.Conn.Close()
}

// wsClosed is an end of file that has a reason.
type wsClosed struct {
	code int
	text string
}

func (e *wsClosed) Error() string {
	s := fmt.Sprintf("the broker closed the WebSocket with status %d", e.code)
	if e.text != "" {
		s += ": " + decode.Escape(e.text)
	}
	return s
}

func (e *wsClosed) Is(target error) bool { return target == io.EOF }

// wsReason makes the ends of a WebSocket connection those of any other.
func wsReason(err error) error {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return err
	}
	switch closed.Code {
	case websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure:
		return io.EOF
	}
	return &wsClosed{closed.Code, closed.Text}
}
