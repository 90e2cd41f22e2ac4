package badclient

import (
	"context"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Send writes bytes as they are: one Control Packet, several, or none at all.
func (c *Client) Send(b []byte) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := c.conn.Write(b)
	return err
}

// SendConnect sends the CONNECT that Options ask for.
func (c *Client) SendConnect() error { return c.Send(c.connectPacket()) }

func (c *Client) connectPacket() []byte {
	o := &c.opts
	var ps []decode.Property
	if o.Expiry > 0 {
		ps = append(ps, decode.Property{ID: decode.SessionExpiryInterval, Uint: o.Expiry})
	}
	if o.ReceiveMaximum > 0 {
		ps = append(ps, decode.Property{ID: decode.ReceiveMaximum, Uint: uint32(o.ReceiveMaximum)})
	}
	return decode.AppendConnect(nil, o.Version, decode.ConnectFields{
		CleanStart: o.CleanStart, KeepAlive: o.KeepAlive, ClientID: o.ID, Will: o.Will, Properties: decode.MakeProperties(ps...),
	})
}

// PublishBytes returns a PUBLISH of the client's version.
func (c *Client) PublishBytes(f decode.PublishFields) []byte {
	return decode.AppendPublish(nil, c.opts.Version, f)
}

// Publish sends a PUBLISH and waits for nothing; what answers it is answered as the Policy says.
func (c *Client) Publish(f decode.PublishFields) error { return c.Send(c.PublishBytes(f)) }

// AckBytes returns an acknowledgement of the client's version.
func (c *Client) AckBytes(a Ack) []byte {
	return decode.AppendAck(nil, a.Type, c.opts.Version, decode.AckFields{PacketID: a.ID, ReasonCode: a.Reason})
}

// Ack sends an acknowledgement, called for or not.
func (c *Client) Ack(t decode.Type, id uint16, reason decode.ReasonCode) error {
	return c.Send(c.AckBytes(Ack{Type: t, ID: id, Reason: reason}))
}

// Subscribe sends a SUBSCRIBE with one QoS for all filters and waits for SUBACK.
func (c *Client) Subscribe(ctx context.Context, id uint16, qos uint8, filters ...string) error {
	if err := c.Send(c.SubscribeBytes(id, qos, filters...)); err != nil {
		return err
	}
	_, err := c.Await(ctx, OfType(decode.SUBACK, id))
	return err
}

// SubscribeBytes returns a SUBSCRIBE of the client's version.
func (c *Client) SubscribeBytes(id uint16, qos uint8, filters ...string) []byte {
	return decode.AppendSubscribe(nil, c.opts.Version, decode.SubscribeFields{PacketID: id, Filters: topicFilters(qos, filters)})
}

// Unsubscribe sends an UNSUBSCRIBE and waits for UNSUBACK.
func (c *Client) Unsubscribe(ctx context.Context, id uint16, filters ...string) error {
	b := decode.AppendUnsubscribe(nil, c.opts.Version, decode.SubscribeFields{PacketID: id, Filters: topicFilters(0, filters)})
	if err := c.Send(b); err != nil {
		return err
	}
	_, err := c.Await(ctx, OfType(decode.UNSUBACK, id))
	return err
}

func topicFilters(qos uint8, filters []string) (out []decode.TopicFilter) {
	for _, f := range filters {
		out = append(out, decode.TopicFilter{Filter: []byte(f), QoS: qos})
	}
	return out
}

// Ping sends PINGREQ.
func (c *Client) Ping() error { return c.Send(decode.AppendPingreq(nil)) }

// NextID returns Packet Identifiers 1, 2, 3 and so on, never 0.
func (c *Client) NextID() uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastID++; c.lastID == 0 {
		c.lastID = 1
	}
	return c.lastID
}
