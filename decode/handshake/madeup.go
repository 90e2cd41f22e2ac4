package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// MadeUp returns the User Property that marks a CONNECT, or a CONNACK, of an export: it says which version of MQTT follows, to those who would guess wrong, and
// was never sent.
func MadeUp(t decode.Type) decode.Property {
	text := "this " + t.String() + " is made up"
	if t == decode.CONNECT {
		text += ": it says which version of MQTT follows"
	}
	return decode.Property{ID: decode.UserProperty, Bytes: []byte("mqttwatch"), Value: []byte(text)}
}

// madeUp reports whether a CONNECT has the mark.
func madeUp(p *decode.Packet) bool {
	mark := MadeUp(decode.CONNECT)
	for name, value := range p.Properties.User() {
		if string(name) == string(mark.Bytes) && string(value) == string(mark.Value) {
			return true
		}
	}
	return false
}

// joinMadeUp takes a CONNECT that was made up: it tells the version and the Client Identifier. For all else the connection is one joined in mid-stream, and no
// CONNACK is owed.
func (t *Tracker) joinMadeUp(l *Link, p *decode.Packet) {
	if id := p.Connect.ClientID; len(id) > 0 {
		t.join(l, t.sessionOf(l, id))
	}
	s := l.Session
	s.Version, s.VersionAssumed = p.Version, false
	s.joinedUnseen(decode.FromClient)
	s.joinedUnseen(decode.FromServer)
	if s.links > 1 { // else that the connection was joined came with its other events
		s.addEvent(LinkEvent{Time: p.Time, Kind: LinkJoined})
	}
}
