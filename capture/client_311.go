package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	packets "github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/mqttwatch/mqttwatch/decode"
)

// link311 is the Client as paho.mqtt.golang drives it: MQTT 3.1.1. It reconnects by itself, since paho would not say why an attempt
// failed.
type link311 struct {
	*Client
	ctx   context.Context
	paho  mqtt.Client
	store mqtt.Store
	lost  chan error // the connection that was up is lost

	mu      sync.Mutex
	dialErr error         // of the newest attempt
	up      chan struct{} // closed while a connection is up
	isUp    bool

	inFlight chan struct{} // holds one for each Application Message on its way
}

// connect311 keeps a connection of MQTT 3.1.1 up until ctx is done, or the first attempt failed under FailFast. With trial it returns
// errSilent if the broker does not answer the first CONNECT either.
func (c *Client) connect311(ctx context.Context, trial bool) error {
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &link311{
		Client: c, ctx: runCtx, store: mqtt.NewOrderedMemoryStore(), lost: make(chan error, 1),
		up: make(chan struct{}), inFlight: make(chan struct{}, maxQueued),
	}
	l.paho = mqtt.NewClient(l.options())
	published := make(chan struct{})
	go func() { c.publishAll(runCtx, l); close(published) }()
	err := l.run(trial)
	cancel()
	<-published
	c.subscribing.Wait()
	return err
}

func (l *link311) options() *mqtt.ClientOptions {
	o := l.opts
	m := mqtt.NewClientOptions()
	m.Servers = []*url.URL{{Scheme: l.broker.Scheme, Host: l.broker.Address()}}
	m.SetProtocolVersion(uint(decode.V311))
	m.SetClientID(o.ClientID).SetUsername(o.User).SetCleanSession(!o.Resume)
	if o.HasPassword {
		m.SetPassword(o.Password)
	}
	m.SetKeepAlive(time.Duration(o.KeepAlive) * time.Second).SetPingTimeout(o.Timeout)
	m.SetConnectTimeout(o.Timeout).SetWriteTimeout(0)
	m.SetAutoReconnect(false).SetStore(l.store)
	m.SetDefaultPublishHandler(func(mqtt.Client, mqtt.Message) {})
	m.SetConnectionLostHandler(func(_ mqtt.Client, err error) { l.lost <- err })
	m.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return l.dial() })
	return m
}

func (l *link311) dial() (net.Conn, error) {
	pc, err := l.Client.dial(l.ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dialErr = err; err != nil {
		return nil, err
	}
	return &conn311{packetConn: pc, store: l.store}, nil
}

// run connects again and again.
func (l *link311) run(trial bool) error {
	for {
		select {
		case <-time.After(l.backoff()):
		case <-l.ctx.Done():
			return nil
		}
		token := l.paho.Connect()
		l.await(token)
		switch err := token.Error(); {
		case l.ctx.Err() != nil:
			l.disconnect()
			return nil
		case err != nil:
			if end, err := l.attemptFailed(err, trial); end {
				return err
			}
			continue
		}
		trial = false
		if l.opts.Version == versionAuto {
			l.note("the broker does not speak MQTT 5.0: going on with 3.1.1; --mqtt-version 3.1.1 asks for that at once")
		}
		present := token.(*mqtt.ConnectToken).SessionPresent()
		if l.Client.up(present) {
			l.subscribing.Go(l.subscribe)
		}
		l.setUp(true)
		select {
		case err := <-l.lost:
			l.setUp(false)
			l.Client.lost(explainLoss(err))
			l.down()
		case <-l.ctx.Done():
			l.disconnect()
			return nil
		}
	}
}

// attemptFailed says whether that ends the run, and with which error.
func (l *link311) attemptFailed(err error, trial bool) (end bool, _ error) {
	l.mu.Lock()
	if l.dialErr != nil {
		err = l.dialErr
	}
	l.mu.Unlock()
	silent := len(l.conn.Load().firstBytes()) == 0
	err = l.failed(err, decode.V311)
	switch {
	case err != nil:
		return true, err
	case silent && trial:
		return true, errSilent
	}
	return false, nil
}

// await waits until token is done, and closes the connection when the run ends before.
func (l *link311) await(token mqtt.Token) {
	select {
	case <-token.Done():
		return
	case <-l.ctx.Done():
	}
	for !token.WaitTimeout(leaveTimeout / 10) {
		if conn := l.conn.Load(); conn != nil {
			_ = conn.Close() // it ends the wait, that is enough
		}
	}
}

// disconnect sends DISCONNECT, if a connection is up.
func (l *link311) disconnect() {
	if conn := l.conn.Load(); conn != nil {
		conn.leave() // what is being written must not hold up the end
	}
	l.paho.Disconnect(uint(2 * leaveTimeout / time.Millisecond))
}

func (l *link311) setUp(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case is && !l.isUp:
		close(l.up)
	case !is && l.isUp:
		l.up = make(chan struct{})
	}
	l.isUp = is
}

func (l *link311) subscribe() {
	filters := map[string]byte{}
	for _, s := range l.opts.Subscriptions {
		filters[s.Filter] = s.QoS
	}
	token := l.paho.SubscribeMultiple(filters, nil)
	select {
	case <-token.Done():
	case <-time.After(l.opts.Timeout):
	case <-l.ctx.Done():
	}
	answered := false
	if s, ok := token.(*mqtt.SubscribeToken); ok && isDone(token) {
		for filter, code := range s.Result() {
			answered = true
			l.granted(filter, decode.ReasonCode(code))
		}
	} else if l.ctx.Err() == nil {
		l.note("no answer to SUBSCRIBE")
	}
	l.asked(answered)
}

func isDone(t mqtt.Token) bool {
	select {
	case <-t.Done():
		return true
	default:
		return false
	}
}

// awaitConnection is of sender.
func (l *link311) awaitConnection(ctx context.Context) bool {
	l.mu.Lock()
	up := l.up
	l.mu.Unlock()
	select {
	case <-up:
		return true
	case <-ctx.Done():
		return false
	}
}

// send is of sender. 3.1.1 knows no send quota: what is on its way is bounded all the same.
func (l *link311) send(ctx context.Context, p *Publish) bool {
	select {
	case l.inFlight <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	for l.awaitConnection(ctx) {
		// paho waits for half a minute where the connection has just been lost: the end of the run must not.
		handed := make(chan mqtt.Token, 1)
		go func() { handed <- l.paho.Publish(p.Topic, p.QoS, p.Retain, p.Payload) }()
		var token mqtt.Token
		select {
		case token = <-handed:
		case <-ctx.Done():
			return false
		}
		if isDone(token) && errors.Is(token.Error(), mqtt.ErrNotConnected) {
			time.Sleep(time.Millisecond) // run is about to be told
			continue
		}
		go l.arrived(token)
		return true
	}
	return false
}

// arrived makes room for another message when that of token is done with.
func (l *link311) arrived(token mqtt.Token) {
	select {
	case <-token.Done():
	case <-l.ctx.Done():
	}
	<-l.inFlight
}

// conn311 sends each packet that paho writes, which is always a whole one.
type conn311 struct {
	*packetConn
	store mqtt.Store
}

// Write sends a packet.
func (c *conn311) Write(packet []byte) (int, error) {
	c.packetConn.mu.Lock()
	defer c.packetConn.mu.Unlock()
	if len(packet) == 4 && decode.Type(packet[0]>>4) == decode.PUBREL {
		c.released(packet)
	}
	c.send(packet)
	if c.err != nil {
		return 0, c.err
	}
	return len(packet), nil
}

// released replaces the PUBLISH in the store by its PUBREL: a Client must not send the PUBLISH again after that (3.1.1 §4.3.3), and
// paho would.
func (c *conn311) released(packet []byte) {
	rel := packets.NewControlPacket(packets.Pubrel).(*packets.PubrelPacket)
	rel.MessageID = binary.BigEndian.Uint16(packet[2:])
	c.store.Put("o."+strconv.Itoa(int(rel.MessageID)), rel)
}
