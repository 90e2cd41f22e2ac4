package handshake

import (
	"math/bits"
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

// published notes that a sending side begins a delivery on l, at its pace p.
func (t *Tracker) published(l *Link, p *pace, side decode.Direction) {
	p.count(t.now, false)
	w := &l.sides[side].window
	if w.stalls {
		w.stalls = false
		t.cancelLink(l, l.stall[side], linkStall+int(side))
	}
	if p.begin(t.now); p.regular() {
		w.stalls = true
		t.startLink(l, &l.stall[side], timerStallClient+timerKind(side), t.now+max(stalledFactor*p.mean(), stalledLeast))
	}
	w.published(t.now)
}

// pace is how a sending side of a session publishes.
type pace struct {
	// publishes and resends count within the minute that began at minute; see stormSpan.
	minute             decode.Time
	publishes, resends uint32
	// last is when it last began a delivery; gaps and total describe the times between, since the connection's beginning or the last irregularity.
	last  decode.Time
	total decode.Time
	gaps  int64
}

// count counts a PUBLISH, or a resend, in the minute.
func (p *pace) count(now decode.Time, resend bool) {
	if now-p.minute > stormSpan {
		p.minute, p.publishes, p.resends = now, 0, 0
	}
	if resend {
		p.resends++
		return
	}
	p.publishes++
}

// begin notes that a delivery begins.
func (p *pace) begin(now decode.Time) {
	gap := now - p.last
	switch {
	case p.last == 0:
	case p.gaps > 2 && p.late(gap):
		p.gaps, p.total = 0, 0
	default:
		p.gaps++
		p.total += gap
	}
	p.last = now
}

// late reports whether gap is more than twice the mean, without a division, which takes longer than all else that there is to do.
func (p *pace) late(gap decode.Time) bool {
	high, low := bits.Mul64(uint64(p.gaps), uint64(gap+1)/2)
	return high > 0 || low > uint64(p.total)
}

// regular reports whether a clock drives the sender.
func (p *pace) regular() bool { return p.gaps >= regularGaps && int64(p.total/regularLeast) >= p.gaps }

// mean is the mean gap; there must be one.
func (p *pace) mean() decode.Time { return p.total / decode.Time(p.gaps) }

// stalled raises sender-stalled of a sender that was regular, has nothing in flight, and lives.
func (t *Tracker) stalled(l *Link, side decode.Direction) {
	p := &l.Session.sides[side].pace
	if l.closed || l.left || l.sides[side].window.outstanding > 0 || l.last[side] <= p.last {
		return
	}
	t.raiseLink(l, linkStall+int(side), Alert{
		Name: SenderStalled, Severity: Info, Sender: side, By: side, Since: p.last, Latency: time.Duration(p.mean()), Last2: l.lastType[side],
	})
}
