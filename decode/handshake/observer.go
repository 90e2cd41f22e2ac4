package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// An Observer is told, beside the events, what it takes to follow Application Messages from their publisher to their subscribers. It is called on
// the Tracker's owner, in the order of the packets, and keeps nothing of a packet. It may raise and clear alerts, and call nothing else that changes the Tracker.
//
// It finds its own state again in the field Attachment of Handshake, Link and Session, and by Link.AttachmentOf.
type Observer interface {
	// Published tells of a PUBLISH. h is its handshake, nil for QoS 0; again says that h began with an earlier packet.
	Published(l *Link, p *decode.Packet, h *Handshake, again bool)
	// Stepped tells of an acknowledgement (or PUBREL) of a handshake that has an Attachment, before what follows from it.
	Stepped(h *Handshake, p *decode.Packet)
	// Overdue tells that an alert was raised since what h waits for is overdue, for one that has an Attachment.
	Overdue(h *Handshake)
	// Ended tells that a handshake that has an Attachment ended; its State says how.
	Ended(h *Handshake)
	// Subscribing tells of a SUBSCRIBE, SUBACK, UNSUBSCRIBE or UNSUBACK.
	Subscribing(l *Link, p *decode.Packet)
	// Connecting tells of a CONNECT: the Link belongs to the session of its Client Identifier from here on.
	Connecting(l *Link, p *decode.Packet)
	// Connected tells of a CONNACK that accepts; see Resumption.
	Connected(l *Link, how Resumption)
	// Disconnecting tells of a DISCONNECT.
	Disconnecting(l *Link, p *decode.Packet)
	// Down tells that a connection ended; ends says that its session did too.
	Down(l *Link, why LinkEvent, ends bool)
	// Forgotten tells that nothing more will come of a session.
	Forgotten(s *Session)
	// Missed tells that bytes of one end are not in the capture.
	Missed(l *Link, dir decode.Direction)
	// Next returns when Due is to be called; 0 is never.
	Next() decode.Time
	// Due is called when time has come to what Next returned.
	Due()
}

// Resumption says what becomes of a session when its client connects.
type Resumption uint8

// What can become of a session.
const (
	_             Resumption = iota
	SessionNew               // it begins anew
	SessionGoesOn            // it goes on, and was seen before
	SessionUnseen            // it goes on from before the capture
	SessionUnsure            // MQTT 3.1 does not say
)

// SetObserver makes o the Observer, before anything else is called.
func (t *Tracker) SetObserver(o Observer) { t.observer = o }

// AddObserver adds an Observer, before anything else is called. It is told after the one there is, whose the Attachments are; of handshakes it is told from
// when it sets Followed, and of a Link it may note in Noted that it knows it.
func (t *Tracker) AddObserver(o Observer) {
	if t.observer == nil {
		t.observer = o
		return
	}
	t.observer = &observers{t, t.observer, o}
}

// resumption tells how the session of l goes on after its CONNACK.
func (l *Link) resumption(present bool) Resumption {
	switch {
	case l.version == decode.V31 && !l.clean:
		return SessionUnsure
	case !present:
		return SessionNew
	case l.Session.links == 1:
		return SessionUnseen
	}
	return SessionGoesOn
}

// Connected reports whether the connection was accepted and has not ended. A connection joined in mid-stream is taken to be accepted.
func (l *Link) Connected() bool { return (l.accepted || !l.asked) && !l.closed && !l.left }

// Connecting reports whether a CONNECT was seen, and neither its CONNACK nor the end of the connection.
func (l *Link) Connecting() bool { return l.asked && !l.accepted && !l.refused && !l.closed && !l.left }

// Resumed reports whether CONNACK said that the broker had the session.
func (l *Link) Resumed() bool { return l.resumedAt != 0 }

// Blind reports whether bytes of an end are missing from the capture, and no packet of it has come since.
func (l *Link) Blind(dir decode.Direction) bool { return l.blind[dir] }

// Asked reports whether the CONNECT of the connection was seen.
func (l *Link) Asked() bool { return l.asked }

// Version returns the version that CONNECT asked for, or that packets show.
func (l *Link) Version() decode.Version {
	if l.asked {
		return l.version
	}
	return l.Session.Version
}

// Began reports whether there was a Control Packet.
func (l *Link) Began() bool { return l.began }

// Last returns when an end last sent a Control Packet on the connection; 0 where it has not.
func (l *Link) Last(dir decode.Direction) decode.Time { return l.last[dir] }

// Deaf reports whether nothing of that end is in the capture so far.
func (l *Link) Deaf(dir decode.Direction) bool { return l.deaf[dir] }

// Link returns the newest Network Connection, nil while there is none.
func (s *Session) Link() *Link { return s.link }

// Expiry is the Session Expiry Interval in seconds that holds while the session has no connection; 0xFFFFFFFF never expires.
func (s *Session) Expiry() uint32 { return s.expiry }

// A Flow is how full the window of a sending side is.
type Flow struct {
	// InFlight counts the deliveries in it; Limit is its size, 0 where not known, and Learned says that it was not announced.
	InFlight, Limit int
	Learned         bool
	// Oldest has been in it the longest; nil where it is empty.
	Oldest *Handshake
}

// InFlight counts what a sending side has in its window.
func (l *Link) InFlight(sender decode.Direction) int { return int(l.sides[sender].window.outstanding) }

// Flow describes the window of a sending side.
func (l *Link) Flow(sender decode.Direction) Flow {
	f := Flow{InFlight: l.InFlight(sender), Oldest: oldestOpen(l, sender)}
	f.Limit, f.Learned = l.window(sender)
	return f
}

// A Teller words an alert that is not the Tracker's own.
type Teller interface {
	Text(a *Alert, now decode.Time) string
	Detail(a *Alert, now decode.Time) string
	// Sort tells apart what alerts of one name say: those of which it is the same differ in numbers and names alone.
	Sort(a *Alert) string
}

// RaiseLasting raises an alert on behalf of the Observer, which clears it with Clear. a.Teller words it.
func (t *Tracker) RaiseLasting(s *Session, a Alert) *Alert {
	a.Session, a.link, a.Lasting = s, s.link, true
	t.raise(&a)
	return &a
}

// RaisePoint raises an alert about something that happened just now on behalf of the Observer, or counts it where it happened before in the session with the
// same name and detail.
func (t *Tracker) RaisePoint(s *Session, a Alert, detail string) *Alert {
	return t.raiseAt(s, s.link, a, alertKey{name: a.Name, session: s.ID, side: a.Sender, detail: detail})
}

// Clear ends an alert that RaiseLasting raised.
func (t *Tracker) Clear(a *Alert, how Outcome) {
	if a.Cleared == 0 {
		t.clear(a, how)
	}
}

func (t *Tracker) tellSubscribing(l *Link, p *decode.Packet) {
	if t.observer != nil {
		t.observer.Subscribing(l, p)
	}
}
