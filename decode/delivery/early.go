package delivery

import "github.com/mqttwatch/mqttwatch/decode"

// earlySpan is how much later than its copy a message may be recorded: what two connections carry is not always captured in the order in which it was
// sent.
const earlySpan = decode.Time(250e6)

// earlyCopies remembers the last copies of messages that had not been seen to come in. The zero value is empty.
type earlyCopies struct {
	list [32]earlyCopy
	next int
	last decode.Time
}

type earlyCopy struct {
	key uint64
	s   *session
	at  decode.Time
}

func (e *earlyCopies) add(key uint64, s *session, at decode.Time) {
	e.list[e.next] = earlyCopy{key, s, at}
	e.next = (e.next + 1) % len(e.list)
	e.last = at
}

// has reports whether s got such a message shortly before at, and forgets it.
func (e *earlyCopies) has(key uint64, s *session, at decode.Time) bool {
	if at-e.last > earlySpan {
		return false
	}
	for i := range e.list {
		if c := &e.list[i]; c.s == s && c.key == key && at-c.at <= earlySpan {
			*c = earlyCopy{}
			return true
		}
	}
	return false
}
