package delivery

import (
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// About returns the ID of the message that the text of an alert is about now; 0 where that is about none.
func About(a *handshake.Alert) uint64 {
	switch t := a.Teller.(type) {
	case *teller:
		return t.subject.id
	case *stuckTeller:
		if cp := t.oldest(); cp != nil && a.Cleared == 0 {
			return cp.m.ID
		}
		return t.first.id
	}
	return 0
}

// A teller words an alert about one message; where it happens again, about the newest.
type teller struct {
	name    handshake.AlertName
	subject subject
}

// Text implements handshake.Teller.
func (t *teller) Text(a *handshake.Alert, _ decode.Time) string {
	text := t.text()
	if a.Count > 1 {
		text += fmt.Sprintf(" (%d times)", a.Count)
	}
	return text
}

func (t *teller) text() string {
	s := &t.subject
	switch t.name {
	case handshake.NotForwarded:
		if s.equal {
			return fmt.Sprintf("broker did not forward one of several equal messages (QoS %d, %s) to %s", s.qos, decode.Escape(s.topic), s.to)
		}
		return fmt.Sprintf("broker took %s and did not forward it to %s for %s", s.message(), s.to, handshake.Age(s.whole))
	case handshake.DeliveryLatencyHigh:
		return fmt.Sprintf("%s took %s to reach %s: %s", s.message(), handshake.Age(s.whole), s.to, s.where())
	case handshake.QoSDowngraded:
		return fmt.Sprintf("%s is delivered to %s with QoS %d, as its subscription asks", s.message(), s.to, s.got)
	case handshake.QoSNotMinimum:
		return fmt.Sprintf("broker sent %s to %s with QoS %d; granted is %d, so it should be %d", s.message(), s.to, s.got, s.granted, min(s.qos, s.granted))
	case handshake.DuplicateDelivery:
		return fmt.Sprintf("broker sent %s to %s twice", s.message(), s.to)
	}
	return fmt.Sprintf("%s was forwarded to %s, but %s", s.message(), s.to, s.detail)
}

// Sort implements handshake.Teller.
func (t *teller) Sort(*handshake.Alert) string {
	switch s := &t.subject; t.name {
	case handshake.NotForwarded:
		return fmt.Sprint(s.equal)
	case handshake.DeliveryLatencyHigh:
		return fmt.Sprint(s.each < 0)
	case handshake.DeliveryIncomplete:
		return s.detail
	}
	return ""
}

// where says who took the time.
func (s *subject) where() string {
	if s.each < 0 {
		return fmt.Sprintf("the broker had it for %s", handshake.Age(s.internal))
	}
	return fmt.Sprintf("the broker had it for %s, the subscriber answered after %s", handshake.Age(s.internal), handshake.Age(s.each))
}

// Detail implements handshake.Teller.
func (t *teller) Detail(*handshake.Alert, decode.Time) string {
	switch t.name {
	case handshake.NotForwarded:
		if t.subject.equal {
			return "There were fewer copies than messages. Which of them is missing cannot be told."
		}
		return t.subject.detail
	case handshake.QoSDowngraded:
		return "The QoS of a delivery is the lower one of what was published and what was granted."
	case handshake.DuplicateDelivery:
		if t.subject.qos == 2 && t.subject.got == 2 {
			return "QoS 2 is to deliver exactly once."
		}
		return "QoS 1 may deliver more than once."
	}
	return ""
}

// A stuckTeller words the one alert about all copies to a subscriber that are stuck.
type stuckTeller struct {
	s     *session
	stuck *stuck
	first subject
	end   string // how it came to an end, where not by an acknowledgement
}

// Sort implements handshake.Teller.
func (t *stuckTeller) Sort(*handshake.Alert) string {
	return fmt.Sprint(t.stuck == &t.s.stuck[stuckQueued]) + t.end
}

// oldest finds the copy that has been stuck the longest. Of very many it looks at some.
func (t *stuckTeller) oldest() *Copy {
	var oldest *Copy
	for i, cp := range t.stuck.copies {
		if i == maxLooked {
			break
		}
		if oldest == nil || cp.m.ID < oldest.m.ID {
			oldest = cp
		}
	}
	return oldest
}

const maxLooked = 1000

// Text implements handshake.Teller.
func (t *stuckTeller) Text(a *handshake.Alert, now decode.Time) string {
	cp := t.oldest()
	if cp == nil || a.Cleared != 0 {
		if t.stuck == &t.s.stuck[stuckQueued] {
			return fmt.Sprintf("%s to %s was queued in the broker for %s", t.first.message(), t.first.to, handshake.Age(a.Cleared.Sub(a.Since)))
		}
		return fmt.Sprintf("%s was not acknowledged by %s for %s%s", t.first.message(), t.first.to, handshake.Age(a.Cleared.Sub(a.Since)), t.end)
	}
	sub := subjectOf(cp.m, cp)
	more := ""
	if n := len(t.stuck.copies) - 1; n > 0 {
		more = fmt.Sprintf("; %d more", n)
	}
	if cp.Forwarded == 0 {
		return fmt.Sprintf("%s to %s is queued in the broker for %s: %s%s", sub.message(), sub.to, age(now, cp.m.Commit), t.window(now), more)
	}
	owed, by, since := cp.owed(sub.to)
	return fmt.Sprintf("%s is forwarded to %s but not acknowledged: %s has owed %s for %s%s", sub.message(), sub.to, by, owed, age(now, since), more)
}

// Began tells when that began of which Text gives the duration.
func (t *stuckTeller) Began(a *handshake.Alert) decode.Time {
	cp := t.oldest()
	switch {
	case cp == nil || a.Cleared != 0:
		return a.Since
	case cp.Forwarded == 0:
		return cp.m.Commit
	}
	_, _, since := cp.owed("")
	return since
}

// owed returns what a copy that was sent waits for, from whom, and since when.
func (cp *Copy) owed(subscriber string) (decode.Type, string, decode.Time) {
	switch {
	case cp.QoS == 1:
		return decode.PUBACK, subscriber, cp.Forwarded
	case cp.Received == 0:
		return decode.PUBREC, subscriber, cp.Forwarded
	case cp.Released == 0:
		return decode.PUBREL, "broker", cp.Received
	}
	return decode.PUBCOMP, subscriber, cp.Released
}

// window says why the broker cannot send.
func (t *stuckTeller) window(now decode.Time) string {
	if t.s.l == nil {
		return "its subscriber is offline"
	}
	f := t.s.l.of.Flow(decode.FromServer)
	if f.Oldest == nil {
		return "its window has room again"
	}
	owed, _ := f.Oldest.Owes()
	return fmt.Sprintf("its window is %d/%d; the oldest, id %d, has waited for %s for %s", f.InFlight, f.Limit, f.Oldest.PacketID, owed, age(now, f.Oldest.Since))
}

func age(now, since decode.Time) string { return handshake.Age(time.Duration(now - since)) }

// Detail implements handshake.Teller.
func (t *stuckTeller) Detail(*handshake.Alert, decode.Time) string {
	return "The publisher was told that the broker has it; that says nothing of the subscriber."
}
