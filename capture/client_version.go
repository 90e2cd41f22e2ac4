package capture

import (
	"context"
	"errors"
	"io"

	"github.com/eclipse/paho.golang/autopaho"

	"github.com/mqttwatch/mqttwatch/decode"
)

var (
	// errRefused: the broker answered that it does not speak the version.
	errRefused = errors.New("version refused")
	// errSilent: the broker closed the connection without an answer to CONNECT. Brokers before 5.0 may do that to one of 5.0.
	errSilent = errors.New("no answer to CONNECT")
)

// connect keeps a connection up until ctx is done, or until the first attempt failed under FailFast. Where the version is free it
// begins with 5.0. Once the broker has accepted a version, or has refused 5.0 by name, that is settled.
func (c *Client) connect(ctx context.Context) error {
	for {
		if c.opts.Version != version311 {
			err := c.connect5(ctx)
			switch {
			case errors.Is(err, errRefused):
				return c.connect311(ctx, false)
			case !errors.Is(err, errSilent):
				return err
			}
		}
		silent := c.opts.Version == versionAuto
		if err := c.connect311(ctx, silent); !errors.Is(err, errSilent) {
			return err
		}
	}
}

// refuses5 tells a broker that does not speak 5.0 from other failures of an attempt to connect with it: errRefused or errSilent, else
// nil.
func (c *Client) refuses5(err error) error {
	conn := c.conn.Load()
	if c.opts.Version != versionAuto || conn == nil || c.everUp() {
		return nil // nothing was asked, or it does speak 5.0
	}
	head := conn.firstBytes()
	var refused *autopaho.ConnackError
	switch {
	case errors.As(err, &refused) && (refused.ReasonCode == 0x84 || refused.ReasonCode == 0x01):
		return errRefused
	case len(head) == 4 && head[0] == 0x20 && head[1] == 2 && (head[3] == 0x01 || head[3] == 0x84 || head[3] == 0):
		return errRefused // a CONNACK of 3.1.1, which has no properties
	case len(head) == 0 && (errors.Is(err, io.EOF) || isReset(err)):
		return errSilent
	}
	return nil
}

func (c *Client) everUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.since.IsZero()
}

// failed5 is called for each attempt to connect with 5.0 that failed.
func (c *Client) failed5(err error, end context.CancelCauseFunc) {
	if why := c.refuses5(err); why != nil {
		end(why)
		return
	}
	if err := c.failed(err, decode.V5); err != nil {
		end(err)
	}
}
