package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// Bounds of what a peer keeps and waits for.
const (
	maxEvents  = 8192 // packets in both directions; a broker that sends more is not measured further
	writeLimit = 5 * time.Second
)

// Why a peer does not go on.
var (
	errGone  = errors.New("the broker closed the connection")
	errFlood = errors.New("the broker sent more packets than the probe keeps")
)

// event is a Control Packet that went out or came in, with what the measurements ask for.
type event struct {
	at      time.Time // out: before it was written; in: when it was read
	out     bool
	kind    decode.Type
	id      uint16
	reason  decode.ReasonCode
	qos     uint8
	dup     bool
	payload string
	suback  []decode.ReasonCode
	connack *decode.Connack
	text    string // Reason String
}

// peer is a Network Connection of the probe. It keeps all that passes, and acknowledges what comes, but for the types that are held back.
type peer struct {
	conn    net.Conn
	version decode.Version
	decoder *decode.Conn
	gone    chan struct{} // closed when reading has ended
	writeMu sync.Mutex

	mu     sync.Mutex
	log    []event
	head   []byte
	news   chan struct{} // closed, and made anew, with each event
	held   []decode.Type
	lastID uint16
	err    error // why reading ended
}

// session says what a CONNECT asks for.
type session struct {
	id             string
	clean          bool
	expiry         uint32 // 5.0, in seconds
	receiveMaximum uint16 // 5.0
}

// connect opens a connection and returns it with the CONNACK. Its error is a connectError.
func connect(ctx context.Context, d *capture.Dialer, v decode.Version, s session) (*peer, event, error) {
	conn, err := d.Dial(ctx)
	if err != nil {
		return nil, event{}, &connectError{why: d.Explain(err, nil, v)}
	}
	p := &peer{conn: conn, version: v, gone: make(chan struct{}), news: make(chan struct{}), decoder: decode.NewConn(decode.ConnInfo{}, nil)}
	user, password := d.Login()
	var ps []decode.Property
	if s.expiry > 0 {
		ps = append(ps, decode.Property{ID: decode.SessionExpiryInterval, Uint: s.expiry})
	}
	if s.receiveMaximum > 0 {
		ps = append(ps, decode.Property{ID: decode.ReceiveMaximum, Uint: uint32(s.receiveMaximum)})
	}
	packet := decode.AppendConnect(nil, v, decode.ConnectFields{
		CleanStart: s.clean, KeepAlive: 60, ClientID: s.id, Username: user, Password: password, Properties: decode.MakeProperties(ps...),
	})
	p.decoder.Feed(decode.FromClient, 0, packet, (*handler)(p)) // what comes is then read by the right version
	go p.read()
	err = p.write(packet)
	var ack event
	if err == nil {
		ack, err = p.await(ctx, func(e *event) bool { return e.kind == decode.CONNACK })
	}
	if err != nil || ack.reason != 0 {
		p.drop()
		return nil, ack, p.refused(d, err, ack)
	}
	return p, ack, nil
}

// connectError says why there is no connection. otherVersion is set where the broker may speak another version.
type connectError struct {
	why          string
	otherVersion bool
}

func (e *connectError) Error() string { return e.why }

func (p *peer) refused(d *capture.Dialer, err error, ack event) *connectError {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		return &connectError{
			why: capture.ExplainRefusal(ack.reason, ack.text, p.version), otherVersion: ack.reason == 0x01 || ack.reason == 0x84,
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &connectError{why: "no answer to CONNECT in time"}
	}
	if errors.Is(err, errGone) && p.err != nil {
		err = p.err
	}
	old := p.version == decode.V5 && len(p.head) == 4 && p.head[0] == 0x20 && p.head[1] == 2 // a CONNACK without properties
	return &connectError{why: d.Explain(err, p.head, p.version), otherVersion: old || len(p.head) == 0}
}

func (p *peer) read() {
	defer close(p.gone)
	buf := make([]byte, 16<<10)
	for {
		n, err := p.conn.Read(buf)
		if n > 0 {
			p.mu.Lock()
			if room := 4 - len(p.head); room > 0 {
				p.head = append(p.head, buf[:min(n, room)]...)
			}
			p.mu.Unlock()
			p.decoder.Feed(decode.FromServer, decode.TimeOf(time.Now()), buf[:n], (*handler)(p))
		}
		p.mu.Lock()
		p.err = errors.Join(p.err, err)
		ended := p.err != nil
		p.mu.Unlock()
		if ended {
			return
		}
	}
}

// handler is the peer as decode calls it.
type handler peer

func (h *handler) Packet(_ *decode.Conn, pk *decode.Packet) {
	if pk.Dir != decode.FromServer {
		return
	}
	p := (*peer)(h)
	e := event{
		at: time.Now(), kind: pk.Type, id: pk.PacketID, reason: pk.ReasonCode, qos: pk.QoS, dup: pk.Dup, payload: string(pk.Payload),
		suback: slices.Clone(pk.SubackCodes),
	}
	if pk.Connack != nil {
		ack := *pk.Connack
		ack.AssignedClientID = bytes.Clone(ack.AssignedClientID)
		e.connack = &ack
	}
	if reason, ok := pk.Properties.Get(decode.ReasonString); ok {
		e.text = string(reason.Bytes)
	}
	p.note(e)
	p.answer(&e)
}

func (*handler) Loss(*decode.Conn, decode.Loss) {} // what cannot be decoded shows as an answer that never comes

func (p *peer) note(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.log) >= maxEvents {
		p.err = errFlood
		return
	}
	p.log = append(p.log, e)
	close(p.news)
	p.news = make(chan struct{})
}

// answer sends the acknowledgement that e asks for, unless it is held back.
func (p *peer) answer(e *event) {
	due := decode.Type(0)
	switch {
	case e.kind == decode.PUBLISH && e.qos == 1:
		due = decode.PUBACK
	case e.kind == decode.PUBLISH && e.qos == 2:
		due = decode.PUBREC
	case e.kind == decode.PUBREC && e.reason < 0x80:
		due = decode.PUBREL
	case e.kind == decode.PUBREL:
		due = decode.PUBCOMP
	}
	p.mu.Lock()
	held := slices.Contains(p.held, due)
	p.mu.Unlock()
	if due != 0 && !held {
		p.ack(due, e.id)
	}
}

// hold says which acknowledgements are not sent from now on.
func (p *peer) hold(types ...decode.Type) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = types
}

// ack sends an acknowledgement. Where that fails reading ends, and says so.
func (p *peer) ack(t decode.Type, id uint16) {
	p.note(event{at: time.Now(), out: true, kind: t, id: id})
	_ = p.write(decode.AppendAck(nil, t, p.version, decode.AckFields{PacketID: id}))
}

func (p *peer) write(b []byte) error {
	p.writeMu.Lock()
	defer p.writeMu.Unlock()
	if err := p.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := p.conn.Write(b)
	return err
}

// await returns the first event for which match holds, of those that were and of those that come.
func (p *peer) await(ctx context.Context, match func(*event) bool) (event, error) {
	for gone := false; ; {
		p.mu.Lock()
		news := p.news
		i := slices.IndexFunc(p.log, func(e event) bool { return match(&e) })
		if i >= 0 {
			defer p.mu.Unlock()
			return p.log[i], nil
		}
		p.mu.Unlock()
		if gone {
			return event{}, errGone
		}
		select {
		case <-news:
		case <-p.gone:
			gone = true // what came last is in the log by now
		case <-ctx.Done():
			return event{}, ctx.Err()
		}
	}
}

// events returns those for which match holds, in their order.
func (p *peer) events(match func(*event) bool) (out []event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.log {
		if match(&p.log[i]) {
			out = append(out, p.log[i])
		}
	}
	return out
}

// count waits until n events match, and returns those that match by then, fewer where no more come for the time quiet.
func (p *peer) count(ctx context.Context, n int, quiet time.Duration, match func(*event) bool) []event {
	for had := -1; ; {
		p.mu.Lock()
		news := p.news
		p.mu.Unlock()
		got := p.events(match)
		if len(got) >= n {
			return got
		}
		had = len(got)
		if !waitMore(ctx, news, p.gone, quiet) && len(p.events(match)) == had {
			return p.events(match)
		}
	}
}

func waitMore(ctx context.Context, news, gone <-chan struct{}, quiet time.Duration) bool {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	select {
	case <-news:
		return true
	case <-gone:
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// nextID returns Packet Identifiers 1, 2, 3 and so on; a probe does not use them up.
func (p *peer) nextID() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastID++
	return p.lastID
}

// subscribe returns what was granted for each filter, 0x80 or more where it was refused.
func (p *peer) subscribe(ctx context.Context, qos []uint8, filters ...string) ([]decode.ReasonCode, error) {
	f := decode.SubscribeFields{PacketID: p.nextID()}
	for i := range filters {
		f.Filters = append(f.Filters, decode.TopicFilter{Filter: []byte(filters[i]), QoS: qos[i]})
	}
	if err := p.write(decode.AppendSubscribe(nil, p.version, f)); err != nil {
		return nil, err
	}
	ack, err := p.await(ctx, func(e *event) bool { return e.kind == decode.SUBACK && e.id == f.PacketID })
	if err != nil {
		return nil, fmt.Errorf("no SUBACK: %w", err)
	}
	if len(ack.suback) != len(filters) {
		return nil, fmt.Errorf("SUBACK answers %d filters of %d", len(ack.suback), len(filters))
	}
	return ack.suback, nil
}

// publishing returns the bytes of a PUBLISH, and its Packet Identifier.
func (p *peer) publishing(qos uint8, topic, payload string) ([]byte, uint16) {
	f := decode.PublishFields{QoS: qos, Topic: topic, Payload: []byte(payload)}
	if qos > 0 {
		f.PacketID = p.nextID()
	}
	return decode.AppendPublish(nil, p.version, f), f.PacketID
}

// publish sends a PUBLISH and returns its event; it waits for nothing.
func (p *peer) publish(qos uint8, topic, payload string) (event, error) {
	b, id := p.publishing(qos, topic, payload)
	e := event{at: time.Now(), out: true, kind: decode.PUBLISH, id: id, qos: qos, payload: payload}
	p.note(e)
	return e, p.write(b)
}

// published waits for the end of a handshake that the peer began: PUBACK, PUBCOMP, or a PUBREC that refuses.
func (p *peer) published(ctx context.Context, id uint16) (event, error) {
	return p.await(ctx, func(e *event) bool {
		return !e.out && e.id == id && (e.kind == decode.PUBACK || e.kind == decode.PUBCOMP || e.kind == decode.PUBREC && e.reason >= 0x80)
	})
}

// drop closes without DISCONNECT. It may be called again.
func (p *peer) drop() {
	_ = p.conn.Close()
	<-p.gone
}

// leave sends DISCONNECT and closes.
func (p *peer) leave() {
	_ = p.write(decode.AppendDisconnect(nil, p.version, decode.ReasonFields{})) // where it fails the connection is gone as well
	p.drop()
}

// received matches what a subscriber gets of payload.
func received(payload string) func(*event) bool {
	return func(e *event) bool { return !e.out && e.kind == decode.PUBLISH && e.payload == payload }
}
