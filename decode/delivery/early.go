package delivery

import "github.com/mqttwatch/mqttwatch/decode"

// earlySpan is how much later than its copy a message may be recorded: what two connections carry is not always captured in the order in which it was
// sent.
const earlySpan = decode.Time(250e6)

// lateSpan is how much later than it was sent a message may be handed on before its copies count as perhaps gone by: a hole in its publisher's connection can hold it
// back for so long that more copies pass than earlyCopies remembers.
const lateSpan = decode.Time(100e6)

// earlyCopies remembers the last copies of messages that had not been seen to come in, each among a few places that its message and its session choose; there the
// oldest gives way. A hole in a publisher's connection can hold back many messages of which the copies are recorded meanwhile. The zero value is empty.
type earlyCopies struct {
	table [1 << earlyBits][earlyPlaces]earlyCopy
	last  decode.Time
}

const (
	earlyBits   = 8
	earlyPlaces = 8
)

type earlyCopy struct {
	key uint64
	s   *session
	at  decode.Time
}

func (e *earlyCopies) places(key uint64, s *session) *[earlyPlaces]earlyCopy {
	return &e.table[(key^s.id)*0x9E3779B97F4A7C15>>(64-earlyBits)]
}

func (e *earlyCopies) add(key uint64, s *session, at decode.Time) {
	places := e.places(key, s)
	oldest := &places[0]
	for i := range places {
		if places[i].at < oldest.at {
			oldest = &places[i]
		}
	}
	*oldest = earlyCopy{key, s, at}
	e.last = at
}

// has reports whether s got such a message shortly before at, and forgets it.
func (e *earlyCopies) has(key uint64, s *session, at decode.Time) bool {
	if at-e.last > earlySpan {
		return false
	}
	places := e.places(key, s)
	for i := range places {
		if c := &places[i]; c.s == s && c.key == key && at-c.at <= earlySpan {
			*c = earlyCopy{}
			return true
		}
	}
	return false
}
