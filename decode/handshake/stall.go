package handshake

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A sender is regular when it has begun regularGaps deliveries in a row, none later than twice the mean gap after the one before, and at
// least a second apart: a clock drives it. Then silence of stalledFactor gaps, and of at least stalledLeast, while it answers PINGs, is worth a word.
const (
	regularGaps   = 20
	regularLeast  = decode.Time(time.Second)
	stalledFactor = 10
	stalledLeast  = decode.Time(30 * time.Second)
)

// published notes that a sending side begins a delivery on l.
func (t *Tracker) published(l *Link, side decode.Direction) {
	p := &l.Session.pace[side]
	p.count(t.now, false)
	if l.alert(linkStall+int(side)) != nil || l.stall[side] != nil && l.stall[side].place != 0 {
		t.cancelLink(l, l.stall[side], linkStall+int(side))
	}
	if p.last != 0 {
		gap := t.now - p.last
		if p.gaps > 2 && gap > 2*(p.total/decode.Time(p.gaps)) {
			p.gaps, p.total = 0, 0
		} else {
			p.gaps++
			p.total += gap
		}
	}
	p.last = t.now
	if mean := p.mean(); p.gaps >= regularGaps && mean >= regularLeast {
		t.startLink(l, &l.stall[side], timerStallClient+timerKind(side), t.now+max(stalledFactor*mean, stalledLeast))
	}
	l.plateau[side].published(t, l, side)
}

func (p *pace) mean() decode.Time {
	if p.gaps == 0 {
		return 0
	}
	return p.total / decode.Time(p.gaps)
}

// stalled raises sender-stalled of a sender that was regular, has nothing in flight, and lives.
func (t *Tracker) stalled(l *Link, side decode.Direction) {
	p := &l.Session.pace[side]
	if l.closed || l.left || l.outstanding[side] > 0 || l.last[side] <= p.last {
		return
	}
	t.raiseLink(l, linkStall+int(side), Alert{
		Name: SenderStalled, Severity: Info, Sender: side, By: side, Since: p.last, Latency: time.Duration(p.mean()), Last2: l.lastType[side],
	})
}

// plateau learns the window of a sender that was not told one: how many deliveries it has in flight when each new one waits for an
// acknowledgement.
type plateau struct {
	most    int         // the most in flight so far
	freedAt decode.Time // when an acknowledgement last brought it from most to one less
	follows int         // how often a new one followed at once
	learned int
}

const (
	// promptly is how soon after an acknowledgement a PUBLISH comes that waited for it.
	promptly = decode.Time(50 * time.Millisecond)
	// plateauFollows is how often that must have happened at one level.
	plateauFollows = 5
)

// published notes a new delivery. One that comes later shows nothing: there may have been nothing to send. l.outstanding does not count it yet.
func (w *plateau) published(t *Tracker, l *Link, side decode.Direction) {
	n := l.outstanding[side] + 1
	switch {
	case n > w.most:
		*w = plateau{most: n}
	case n == w.most && w.freedAt != 0 && t.now-w.freedAt <= promptly:
		w.follows++
		if w.follows >= plateauFollows {
			w.learned = w.most
		}
	}
	w.freedAt = 0
}

// freed notes an acknowledgement; l.outstanding does not count its delivery any longer.
func (w *plateau) freed(t *Tracker, l *Link, side decode.Direction) {
	if l.outstanding[side] == w.most-1 {
		w.freedAt = t.now
	}
}

// usualWindows are the windows that brokers and clients have where they announce none: mosquitto and VerneMQ 20, mosquitto 1.6 and paho 10, EMQX 32,
// HiveMQ CE 50, EMQX for PUBREL 100.
var usualWindows = [...]int{10, 20, 32, 50, 100}

// window returns the limit of a sending side and whether it was learned; 0 where it is not known.
func (l *Link) window(side decode.Direction) (limit int, learned bool) {
	if l.limit[side] != 0 && l.limit[side] != 0xFFFF {
		return int(l.limit[side]), false
	}
	if l.version == decode.V5 && l.limit[side] == 0 {
		return 0, false
	}
	if w := l.plateau[side].learned; w > 0 {
		return w, true
	}
	for _, w := range usualWindows {
		if l.outstanding[side] == w && l.plateau[side].most == w {
			return w, true
		}
	}
	return 0, false
}
