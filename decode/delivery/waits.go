package delivery

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Window returns the broker's window to the subscriber of a copy, which a queued copy waits for. connected is false while the subscriber has no Network
// Connection, or is not known: then there is no window.
func (c *Copy) Window() (f handshake.Flow, connected bool) {
	if c.sess == nil || c.sess.l == nil {
		return f, false
	}
	return c.sess.l.of.Flow(decode.FromServer), true
}

// Of returns the message that a handshake belongs to, its publisher's or that of a copy; nil where it belongs to none that is kept. It looks at the
// messages that came in before the handshake began, the newest first.
func (c *Correlator) Of(h *handshake.Handshake) *Message {
	for i := c.Len() - 1; i >= 0; i-- {
		m := c.At(i)
		if m.At > h.Started() {
			continue
		}
		if m.Handshake == h.ID {
			return m
		}
		for k := range m.copies {
			if m.copies[k].Handshake == h.ID {
				return m
			}
		}
		for cp := m.others; cp != nil; cp = cp.next {
			if cp.Handshake == h.ID {
				return m
			}
		}
	}
	return nil
}
