package capture

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// ClientOptions say what the embedded client does. Only URL is needed; zero values mean the defaults.
type ClientOptions struct {
	// URL is the broker's: mqtt://, mqtts://, tcp://, ssl://, tls://, ws://, wss:// or unix://, perhaps with user and password.
	URL string
	// User and Password win over those of URL. HasPassword tells an empty password from none.
	User, Password string
	HasPassword    bool

	// CAFile holds the PEM certificates that the broker's must go back to; the system's where empty. Cert and Key are the
	// PEM files of the client's own. ServerName is the name that the broker's certificate must have, and that is asked for
	// (SNI); the URL's host where empty. Insecure leaves the broker's certificate unchecked.
	CAFile, Cert, Key string
	ServerName        string
	Insecure          bool

	// Version is the version of MQTT to speak: "5", "3.1.1", or "auto" (the default): 5.0, and 3.1.1 with a broker that refuses it.
	Version string

	// ClientID is the Client Identifier; "mqttwatch-" and eight random digits where empty.
	ClientID string
	// KeepAlive is in seconds; default 30.
	KeepAlive uint16
	// Resume asks for the Session that the broker has for ClientID, and leaves it there at the end. Without it the run has
	// a Session of its own: a ClientID that was given starts clean, reconnects resume, and the Session ends with Run. Before 5.0 a
	// Session cannot be made to expire, so without Resume each connection has one of its own.
	Resume bool
	// SessionExpiry is how long, in seconds, the broker keeps the Session while no connection is up; default 300.
	SessionExpiry uint32

	Subscriptions []Subscription
	Publishes     []Publish
	// Every is the time between rounds of Publishes; each is sent once where it is 0. Count is the number of
	// rounds; 0 is no end. A round that falls due while no connection is up waits.
	Every time.Duration
	Count int

	// MaxPacket is the largest Control Packet, in bytes with its Fixed Header, that the client takes from the broker; default 16 MiB. A larger one ends the
	// connection before memory is reserved for it. With MQTT 5.0 the broker is told, and leaves such messages out.
	MaxPacket int64

	// FailFast lets Run return the error when the very first attempt to connect fails. Otherwise it is tried again.
	FailFast bool
	// Timeout bounds an attempt to connect: TCP, TLS, and the wait for CONNACK; default 10 s.
	Timeout time.Duration
	Decode  decode.Options
}

// Subscription is a Topic Filter with the QoS asked for.
type Subscription struct {
	Filter string
	QoS    byte
}

// Publish is an Application Message to send.
type Publish struct {
	Topic   string
	Payload []byte
	QoS     byte
	Retain  bool
	// Properties of MQTT 5.0; nil is none.
	Properties *PublishProperties
}

// Client is the embedded client: a Source that connects to a broker, subscribes, publishes on request, and
// reports the bytes of its own connections after TLS. What it receives is acknowledged and otherwise discarded: the tap is
// the only truth.
type Client struct {
	opts   ClientOptions
	broker *BrokerURL
	tls    *tls.Config // nil without TLS
	tap    *Tap
	// cleanStart is the Clean Start of the first connection.
	cleanStart bool

	mu      sync.Mutex
	running bool
	state   string
	err     string
	notes   []string
	// nextTry is when the next connection attempt begins.
	nextTry time.Time

	clientLink
}

// The values of ClientOptions.Version.
const (
	versionAuto = "auto"
	version5    = "5"
	version311  = "3.1.1"
)

const (
	defaultKeepAlive     = 30
	defaultSessionExpiry = 300
	defaultTimeout       = 10 * time.Second
	maxNotes             = 20
)

// NewClient checks opts, reads the certificates they name, and returns a Client that does nothing until Run. Its errors
// are one line each and show no password.
func NewClient(opts ClientOptions) (*Client, error) {
	broker, err := ParseURL(opts.URL)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: opts, broker: broker, state: "starting"}
	c.setDefaults()
	c.init()
	if err := c.opts.check(); err != nil {
		return nil, err
	}
	if broker.TLS {
		if c.tls, err = tlsConfig(broker, &opts); err != nil {
			return nil, err
		}
	} else if err := noTLSOptions(broker, &opts); err != nil {
		return nil, err
	}
	c.tap = NewTap(TapOptions{Source: "client", ServerName: broker.name(), Decode: opts.Decode})
	return c, nil
}

func (c *Client) setDefaults() {
	o := &c.opts
	if o.User == "" {
		o.User = c.broker.User
	}
	if o.Password != "" {
		o.HasPassword = true
	}
	if !o.HasPassword {
		o.Password, o.HasPassword = c.broker.Password, c.broker.HasPassword
	}
	// A generated Client Identifier is new: to ask for a clean start too would only keep mosquitto from saving the Session
	// when it restarts.
	c.cleanStart = o.ClientID != "" && !o.Resume
	if o.ClientID == "" {
		var b [4]byte
		rand.Read(b[:])
		o.ClientID = "mqttwatch-" + hex.EncodeToString(b[:])
	}
	if o.Version == "" {
		o.Version = versionAuto
	}
	if o.MaxPacket <= 0 {
		o.MaxPacket = defaultMaxPacket
	}
	o.MaxPacket = min(o.MaxPacket, MaxPacketBound)
	if o.KeepAlive == 0 {
		o.KeepAlive = defaultKeepAlive
	}
	if o.SessionExpiry == 0 {
		o.SessionExpiry = defaultSessionExpiry
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
}

func (o *ClientOptions) check() error {
	for _, s := range o.Subscriptions {
		if err := checkFilter(s.Filter); err != nil {
			return fmt.Errorf("topic filter %q: %w", s.Filter, err)
		}
		if s.QoS > 2 {
			return fmt.Errorf("topic filter %q: QoS is 0, 1 or 2, not %d", s.Filter, s.QoS)
		}
	}
	for _, p := range o.Publishes {
		if p.Topic == "" || len(p.Topic) > 65535 || strings.ContainsAny(p.Topic, "+#\x00") {
			return fmt.Errorf("cannot publish to %q: a topic name is not empty and has no + or #", p.Topic)
		}
		if p.QoS > 2 {
			return fmt.Errorf("cannot publish to %q: QoS is 0, 1 or 2, not %d", p.Topic, p.QoS)
		}
	}
	switch o.Version {
	case versionAuto, version5, version311:
	default:
		return fmt.Errorf("MQTT version %q: give 5, 3.1.1 or auto", o.Version)
	}
	if o.Count < 0 || o.Every < 0 {
		return errors.New("the count and the interval of publishing cannot be negative")
	}
	return nil
}

// checkFilter follows 5.0 §4.7.1.
func checkFilter(f string) error {
	if f == "" || len(f) > 65535 || strings.ContainsRune(f, 0) {
		return errors.New("must have 1 to 65,535 bytes")
	}
	levels := strings.Split(f, "/")
	for i, l := range levels {
		if l != "#" && l != "+" && strings.ContainsAny(l, "#+") {
			return errors.New("+ and # must stand alone between slashes")
		}
		if l == "#" && i != len(levels)-1 {
			return errors.New("# can only be the last level")
		}
	}
	return nil
}

// ClientID returns the Client Identifier that the Client connects with.
func (c *Client) ClientID() string { return c.opts.ClientID }

// Server is what the broker is called in the handshakes with it: its host, and its port where that is not the usual one.
func (c *Client) Server() string { return c.broker.name() }

// Idle reports whether the Client neither subscribes nor publishes by itself, so that it sees no messages. A Session that is resumed may have subscriptions.
func (c *Client) Idle() bool {
	return len(c.opts.Subscriptions) == 0 && len(c.opts.Publishes) == 0 && !c.opts.Resume
}

// Stats describes the connection: State is "starting", "live", "retrying", "failed" or "ended"; while retrying, Err says why
// and when the next attempt is.
func (c *Client) Stats() decode.SourceStats {
	st := c.tap.Stats()
	c.mu.Lock()
	defer c.mu.Unlock()
	st.Name, st.Kind, st.State, st.Err = c.broker.String(), "client", c.state, c.err
	st.Notes = append([]string(nil), c.notes...)
	if c.Idle() && !c.since.IsZero() {
		st.Notes = append(st.Notes, fmt.Sprintf("nothing is subscribed at %s: start with -t '#' to see what is published", c.broker))
	}
	if c.state == "retrying" {
		if wait := time.Until(c.nextTry); wait > 0 {
			st.Err += fmt.Sprintf("; next try in %d s", (wait+time.Second-1)/time.Second)
		} else {
			st.Err += "; trying again"
		}
	}
	return st
}

// Run connects, and connects again whenever the connection is lost, until ctx is done. It returns nil then; with FailFast it
// returns why the first attempt failed. Where no connection came about, a note of its Stats says why. A Client runs once.
func (c *Client) Run(ctx context.Context, sink Sink) error {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return errors.New("a Client runs once")
	}
	c.running = true
	c.mu.Unlock()

	drained := make(chan struct{})
	go func() { c.tap.Drain(sink); close(drained) }()
	err := c.connect(ctx)
	c.tap.Close()
	<-drained
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		c.notes = append(c.notes, c.whyNot(err))
	}
	c.state, c.err = "ended", ""
	if err != nil {
		c.state, c.err = "failed", err.Error()
	}
	return err
}

// whyNot says why no connection came about in a run that ended with err.
func (c *Client) whyNot(err error) string {
	switch {
	case err != nil:
		return err.Error()
	case c.err != "":
		return c.err
	}
	return fmt.Sprintf("cannot connect to %s: no answer until the end", c.broker)
}

// Unreached reports whether no connection to the broker came about so far.
func (c *Client) Unreached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since.IsZero()
}
