package probe_test

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// wrongBroker does not deliver as the standard wants, each test in another way. It never bounds what is in flight.
type wrongBroker struct {
	// deliver returns the QoS of each copy that a subscriber gets.
	deliver func(published, granted uint8) []uint8
	// refused is a version that is not spoken.
	refused decode.Version
	// patient tells publishers of QoS 1 only when a subscriber has acknowledged.
	patient bool
	// forgets drops what is in flight when a session is resumed; else it is sent again without DUP, the last first.
	forgets bool
	// forgetful keeps to a Receive Maximum of 3 until the first PUBACK of it; it is about topics that end with "window/3".
	forgetful bool
	// reversed holds PUBACKs back until ten are due, and sends the last first; it is about topics that end with "order".
	reversed bool

	mu       sync.Mutex
	sessions map[string]*wrongSession
	waiting  []func()
}

type wrongSession struct {
	conn     net.Conn
	version  decode.Version
	subs     map[string]uint8
	inFlight []decode.PublishFields
	lastID   uint16
	queued   [][]byte
}

// lesser is what is right.
func lesser(published, granted uint8) []uint8 { return []uint8{min(published, granted)} }

// start returns the address.
func (b *wrongBroker) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.sessions = map[string]*wrongSession{}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			running.Go(func() { b.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func (b *wrongBroker) serve(c net.Conn) {
	defer c.Close()
	h := &wrongConn{b: b, conn: c}
	d := decode.NewConn(decode.ConnInfo{}, nil)
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		b.mu.Lock()
		d.Feed(decode.FromClient, 0, buf[:n], h)
		b.mu.Unlock()
		if err != nil || h.ended {
			return
		}
	}
}

// wrongConn is the decoder's handler.
type wrongConn struct {
	b       *wrongBroker
	conn    net.Conn
	session *wrongSession
	ended   bool
}

func (h *wrongConn) Loss(*decode.Conn, decode.Loss) { h.ended = true }

func (h *wrongConn) ack(t decode.Type, id uint16) {
	h.conn.Write(decode.AppendAck(nil, t, h.session.version, decode.AckFields{PacketID: id}))
}

func (h *wrongConn) Packet(_ *decode.Conn, p *decode.Packet) {
	switch p.Type {
	case decode.CONNECT:
		h.connect(p)
	case decode.SUBSCRIBE:
		var codes []decode.ReasonCode
		for _, f := range p.Subscribe.Filters {
			h.session.subs[string(f.Filter)] = f.QoS
			codes = append(codes, decode.ReasonCode(f.QoS))
		}
		h.conn.Write(decode.AppendSuback(nil, p.Version, decode.SubackFields{PacketID: p.PacketID, Codes: codes}))
	case decode.PUBLISH:
		h.publish(p)
	case decode.PUBREC:
		h.ack(decode.PUBREL, p.PacketID)
	case decode.PUBREL:
		h.ack(decode.PUBCOMP, p.PacketID)
	case decode.PUBACK, decode.PUBCOMP:
		h.session.inFlight = slices.DeleteFunc(h.session.inFlight, func(f decode.PublishFields) bool { return f.PacketID == p.PacketID })
		for _, tell := range h.b.waiting {
			tell()
		}
		h.b.waiting = nil
		for _, publish := range h.session.queued {
			h.conn.Write(publish)
		}
		h.session.queued = nil
	case decode.DISCONNECT:
		h.ended = true
	}
}

func (h *wrongConn) connect(p *decode.Packet) {
	id := string(p.Connect.ClientID)
	if p.Version == h.b.refused {
		h.conn.Write([]byte{0x20, 2, 0, 1}) // unacceptable protocol version, as a broker before 5.0 says it
		h.ended = true
		return
	}
	old := h.b.sessions[id]
	present := old != nil && !p.Connect.CleanStart
	if !present {
		old = &wrongSession{version: p.Version, subs: map[string]uint8{}}
		h.b.sessions[id] = old
	}
	h.session, old.conn = old, h.conn
	h.conn.Write(decode.AppendConnack(nil, p.Version, decode.ConnackFields{SessionPresent: present}))
	if h.b.forgets {
		old.inFlight = nil
	}
	for _, f := range slices.Backward(old.inFlight) {
		h.conn.Write(decode.AppendPublish(nil, p.Version, f))
	}
}

func (h *wrongConn) publish(p *decode.Packet) {
	id, got := p.PacketID, false
	for _, s := range h.b.sessions {
		granted, ok := s.subs[string(p.Topic)]
		if !ok {
			continue
		}
		for _, qos := range h.b.deliver(p.QoS, granted) {
			s.lastID++
			f := decode.PublishFields{QoS: qos, PacketID: s.lastID, Topic: string(p.Topic), Payload: bytes.Clone(p.Payload)}
			if qos > 0 {
				s.inFlight, got = append(s.inFlight, f), true
			}
			if h.b.forgetful && len(s.inFlight) > 3 && bytes.HasSuffix(p.Topic, []byte("window/3")) {
				s.queued = append(s.queued, decode.AppendPublish(nil, s.version, f))
				continue
			}
			s.conn.Write(decode.AppendPublish(nil, s.version, f))
		}
	}
	switch tell := func() { h.ack(decode.PUBACK, id) }; {
	case p.QoS == 1 && h.b.reversed && bytes.HasSuffix(p.Topic, []byte("order")):
		if h.b.waiting = append([]func(){tell}, h.b.waiting...); len(h.b.waiting) == 10 {
			for _, tell := range h.b.waiting {
				tell()
			}
			h.b.waiting = nil
		}
	case p.QoS == 1 && h.b.patient && got:
		h.b.waiting = append(h.b.waiting, tell)
	case p.QoS == 1:
		tell()
	case p.QoS == 2:
		h.ack(decode.PUBREC, id)
	}
}
