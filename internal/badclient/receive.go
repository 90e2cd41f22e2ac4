package badclient

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Packet is a Control Packet that came from the Server.
type Packet struct {
	Type           decode.Type
	PacketID       uint16
	Reason         decode.ReasonCode
	QoS            uint8
	Dup, Retain    bool
	SessionPresent bool
	Topic          string
	Payload        []byte // its beginning, as far as decode keeps it
}

func packetOf(p *decode.Packet) Packet {
	return Packet{
		Type: p.Type, PacketID: p.PacketID, Reason: p.ReasonCode, QoS: p.QoS, Dup: p.Dup, Retain: p.Retain,
		SessionPresent: p.Connack != nil && p.Connack.SessionPresent, Topic: string(p.Topic), Payload: bytes.Clone(p.Payload),
	}
}

// received answers p and lays it into the inbox, in this order: who awaits p knows that it was answered.
func (c *Client) received(p Packet) {
	c.answer(&p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) == maxInbox {
		c.inbox = slices.Delete(c.inbox, 0, 1)
	}
	c.inbox = append(c.inbox, p)
	close(c.news)
	c.news = make(chan struct{})
}

// Await returns the oldest packet for which match holds, and takes it out of the inbox. Others stay, at most 1,024 of them.
func (c *Client) Await(ctx context.Context, match func(*Packet) bool) (Packet, error) {
	for gone := false; ; {
		p, news, ok := c.take(match)
		switch {
		case ok:
			return p, nil
		case gone:
			return Packet{}, ErrGone
		}
		select {
		case <-news:
		case <-c.gone:
			gone = true // what came last is in the inbox by now
		case <-ctx.Done():
			return Packet{}, ctx.Err()
		}
	}
}

func (c *Client) take(match func(*Packet) bool) (Packet, <-chan struct{}, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.inbox {
		if match(&c.inbox[i]) {
			p := c.inbox[i]
			c.inbox = slices.Delete(c.inbox, i, i+1)
			return p, nil, true
		}
	}
	return Packet{}, c.news, false
}

// OfType matches packets of one type and Packet Identifier; 0 is any.
func OfType(t decode.Type, id uint16) func(*Packet) bool {
	return func(p *Packet) bool { return p.Type == t && (id == 0 || p.PacketID == id) }
}

// Ack is an acknowledgement that is due, or that is sent although it is not.
type Ack struct {
	Type   decode.Type // PUBACK, PUBREC, PUBREL or PUBCOMP
	ID     uint16
	Reason decode.ReasonCode
	// After is how long it waits before it is sent. Those that wait keep their order.
	After time.Duration
}

// due returns the acknowledgement that p asks for.
func (p *Packet) due() (Ack, bool) {
	a := Ack{ID: p.PacketID}
	switch {
	case p.Type == decode.PUBLISH && p.QoS == 1:
		a.Type = decode.PUBACK
	case p.Type == decode.PUBLISH && p.QoS == 2:
		a.Type = decode.PUBREC
	case p.Type == decode.PUBREC && p.Reason < 0x80:
		a.Type = decode.PUBREL
	case p.Type == decode.PUBREL:
		a.Type = decode.PUBCOMP
	default:
		return a, false
	}
	return a, true
}

func (c *Client) answer(p *Packet) {
	due, ok := p.due()
	if !ok {
		return
	}
	c.mu.Lock()
	policy := c.policy
	c.mu.Unlock()
	var now []byte
	for _, a := range policy(due, p) {
		if a.After > 0 || c.late.any() {
			c.late.push(a)
			continue
		}
		now = append(now, c.AckBytes(a)...)
	}
	if len(now) > 0 {
		_ = c.Send(now) // where it fails the reader ends, and says so
	}
}
