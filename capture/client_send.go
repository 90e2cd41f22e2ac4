package capture

import (
	"context"
	"errors"
	"sync"

	"github.com/eclipse/paho.golang/paho"
)

// PublishProperties are the properties of MQTT 5.0 that a Publish may carry; with 3.1.1 they are left out.
type PublishProperties struct {
	ContentType, ResponseTopic string
	CorrelationData            []byte
	// Expiry is the Message Expiry Interval in seconds; nil is none.
	Expiry *uint32
	// User are the User Properties, name and value.
	User [][2]string
}

// paho returns the properties as paho has them.
func (p *PublishProperties) paho() *paho.PublishProperties {
	if p == nil {
		return nil
	}
	out := &paho.PublishProperties{
		ContentType: p.ContentType, ResponseTopic: p.ResponseTopic, CorrelationData: p.CorrelationData, MessageExpiry: p.Expiry,
	}
	for _, pair := range p.User {
		out.User.Add(pair[0], pair[1])
	}
	return out
}

// maxRequests is how many messages may wait that Send was given.
const maxRequests = 16

// ErrBusy says that too many messages wait to be sent, or that no connection is up.
var ErrBusy = errors.New("too much waits to be sent already")

// Send publishes p as soon as that can be done, beside the Publishes of the options. It may be called from any goroutine and does not wait;
// the error says what is wrong with p, or is ErrBusy.
func (c *Client) Send(p Publish) error {
	probe := ClientOptions{Version: "auto", Publishes: []Publish{p}}
	if err := probe.check(); err != nil {
		return err
	}
	select {
	case c.requests <- p:
		return nil
	default:
		return ErrBusy
	}
}

// publishAll sends the rounds of Publishes, and until ctx is done what Send is given.
func (c *Client) publishAll(ctx context.Context, s sender) {
	var rounds sync.WaitGroup
	rounds.Go(func() { c.publish(ctx, s) })
	defer rounds.Wait()
	for {
		select {
		case p := <-c.requests:
			if !s.awaitConnection(ctx) || !s.send(ctx, &p) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
