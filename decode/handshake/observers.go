package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// observers is two Observers as one.
type observers struct {
	t     *Tracker
	first Observer
	then  Observer
}

// Published implements Observer.
func (o *observers) Published(l *Link, p *decode.Packet, h *Handshake, again bool) {
	o.first.Published(l, p, h, again)
	o.then.Published(l, p, h, again)
}

// Stepped implements Observer.
func (o *observers) Stepped(h *Handshake, p *decode.Packet) {
	o.first.Stepped(h, p)
	o.then.Stepped(h, p)
}

// Overdue implements Observer.
func (o *observers) Overdue(h *Handshake) {
	o.first.Overdue(h)
	o.then.Overdue(h)
}

// Ended implements Observer.
func (o *observers) Ended(h *Handshake) {
	o.first.Ended(h)
	o.then.Ended(h)
}

// Subscribing implements Observer.
func (o *observers) Subscribing(l *Link, p *decode.Packet) {
	o.first.Subscribing(l, p)
	o.then.Subscribing(l, p)
}

// Connecting implements Observer.
func (o *observers) Connecting(l *Link, p *decode.Packet) {
	o.first.Connecting(l, p)
	o.then.Connecting(l, p)
}

// Connected implements Observer.
func (o *observers) Connected(l *Link, how Resumption) {
	o.first.Connected(l, how)
	o.then.Connected(l, how)
}

// Disconnecting implements Observer.
func (o *observers) Disconnecting(l *Link, p *decode.Packet) {
	o.first.Disconnecting(l, p)
	o.then.Disconnecting(l, p)
}

// Down implements Observer.
func (o *observers) Down(l *Link, why LinkEvent, ends bool) {
	o.first.Down(l, why, ends)
	o.then.Down(l, why, ends)
}

// Forgotten implements Observer.
func (o *observers) Forgotten(s *Session) {
	o.first.Forgotten(s)
	o.then.Forgotten(s)
}

// Missed implements Observer.
func (o *observers) Missed(l *Link, dir decode.Direction) {
	o.first.Missed(l, dir)
	o.then.Missed(l, dir)
}

// Next implements Observer: whichever is earlier.
func (o *observers) Next() decode.Time {
	a, b := o.first.Next(), o.then.Next()
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Due implements Observer.
func (o *observers) Due() {
	for _, each := range [2]Observer{o.first, o.then} {
		if next := each.Next(); next != 0 && next <= o.t.now {
			each.Due()
		}
	}
}
