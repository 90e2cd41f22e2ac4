package capture

import (
	"context"
	"net"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Dialer opens Network Connections to a broker as the embedded client does, with TLS and WebSocket where its URL asks for them, for
// who speaks MQTT itself. Nothing of them is recorded. It may be used from several goroutines.
type Dialer struct{ client *Client }

// NewDialer checks opts as NewClient does. Of them it uses the URL, the login, what concerns TLS, and the Timeout.
func NewDialer(opts ClientOptions) (*Dialer, error) {
	c, err := NewClient(opts)
	if err != nil {
		return nil, err
	}
	return &Dialer{c}, nil
}

// Dial opens a connection within the Timeout and sends no MQTT. The caller closes it.
func (d *Dialer) Dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.client.opts.Timeout)
	defer cancel()
	return d.client.open(ctx)
}

// Login returns what CONNECT says of who connects; nil is what it leaves out. The password is not to be shown.
func (d *Dialer) Login() (user, password []byte) {
	if d.client.opts.User != "" {
		user = []byte(d.client.opts.User)
	}
	if d.client.opts.HasPassword {
		password = []byte(d.client.opts.Password)
	}
	return user, password
}

// Explain says in one line why an attempt to connect with version v failed. Head is the first bytes that the broker sent, at most four.
func (d *Dialer) Explain(err error, head []byte, v decode.Version) string {
	return withAdvice(explainConnect(d.client.broker, err, head, d.client.opts.Timeout, v), advise(d.client.broker, err, head))
}

// ExplainRefusal says in one line what a CONNACK that refuses says. Reason is its Reason String; it may be empty.
func ExplainRefusal(code decode.ReasonCode, reason string, v decode.Version) string {
	return explainConnack(code, reason, v)
}

// String is the broker's URL without user, password and query.
func (d *Dialer) String() string { return d.client.broker.String() }
