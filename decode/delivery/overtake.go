package delivery

import "github.com/mqttwatch/mqttwatch/decode"

// A broker that sends what came in later has nothing older to send: that tells a message that was lost from one that waits. But not every broker keeps to that order once
// a window was full: mosquitto gives the place that an acknowledgement makes to the message that comes in next, and not always to the oldest that waits. So
// what overtakes counts only where there was room for more.
const (
	// wideWindow is from which number in flight on half of it is room enough. With less, room counts only once it was there for roomSpan; and so does an empty
	// window, of which the size is not known at all, once it was for emptySpan.
	wideWindow = 8
	roomSpan   = decode.Time(10e6)
	emptySpan  = decode.Time(50e6)
)

// sending notes that a PUBLISH of QoS 1 or 2 is sent, with which n are in flight.
func (s *session) sending(n int, now decode.Time) {
	idle := now - s.freed
	switch {
	case n > int(s.most): // the window is larger than all that was ever in flight: it never was full
		s.most, s.room = int32(n), true
	case n == 1 && idle > emptySpan:
		s.room = true
	default:
		s.room = n <= int(s.most)/2 && (s.most >= wideWindow || idle > roomSpan)
	}
}

// passed notes that m was sent: what came in before it does not wait for anything. Where the PUBLISH could be of an older message, that is all that it shows.
func (s *session) passed(f *finding, m *Message, qos uint8) {
	at := m.At
	if f.any != nil {
		at = min(at, f.any.At)
	}
	switch {
	case m.chainOf().cut():
	case qos == 0:
		s.overtaken[0] = max(s.overtaken[0], at)
	case s.room:
		s.overtaken[1] = max(s.overtaken[1], at)
	}
}
