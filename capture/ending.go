package capture

import (
	"math"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// afterReset is how long after a RST bytes of the other end may still come that were under way.
	afterReset = 50 * time.Millisecond
	// halfClosed is how long one end may go on after the other's FIN before the connection is called closed.
	halfClosed = 10 * time.Second
	// checkEvery is how often flows with something pending are looked at, in capture time.
	checkEvery   = 10 * time.Millisecond
	maxAttention = 4096
	// The lookback bounds how many of them the SYN of a new connection looks at.
	lookback = 64

	forgetClosed = time.Minute
	forgetOther  = 15 * time.Minute
	// forgetMQTT is beyond 1.5 times the largest Keep Alive, 65,535 s.
	forgetMQTT = 48 * time.Hour
	evictLook  = 32
)

// ending is the end of a connection that was seen, but is not told yet.
type ending struct {
	cause decode.CloseCause
	side  uint8
	time  decode.Time
	due   decode.Time
}

// finished takes the FIN of one end, reached in order.
func (a *assembler) finished(f *flow, side uint8, t decode.Time) {
	if f.closed {
		return
	}
	if f.ending == nil {
		f.ending = &ending{cause: decode.CloseFIN, side: side, time: t, due: t.Add(halfClosed)}
	}
	if f.half[0].fin && f.half[1].fin && f.waiting == nil {
		a.close(f)
		return
	}
	a.watch(f)
}

// reset takes a RST. Its data, if any, is not of the stream. One far from the expected place is not believed.
func (a *assembler) reset(f *flow, s *tcpSegment) {
	h := &f.half[s.side]
	if d := int32(s.seq - h.next); h.started && (d > farOff || d < -farOff) && s.seq != 0 {
		return
	}
	a.giveUpAll(f)
	if f.closed {
		return
	}
	if f.ending == nil {
		f.ending = &ending{cause: decode.CloseRST, side: s.side, time: s.time, due: math.MaxInt64}
	}
	f.ending.due = min(f.ending.due, s.time.Add(afterReset))
	a.watch(f)
}

// watch has the flow looked at again soon.
func (a *assembler) watch(f *flow) {
	if f.queued {
		return
	}
	if len(a.attention) >= maxAttention {
		oldest := a.attention[0]
		a.attention = a.attention[1:]
		oldest.queued = false
		a.settle(oldest, true)
	}
	f.queued = true
	if len(a.attention) == 0 {
		a.check = a.now.Add(checkEvery)
	}
	a.attention = append(a.attention, f)
}

// attend looks at the flows in attention: holes that were open for long enough, ends that are due.
func (a *assembler) attend() {
	// The more there are the less often, so that a hostile capture does not keep us busy.
	a.check = a.now.Add(checkEvery * time.Duration(1+len(a.attention)/64))
	list := a.attention
	a.attention = a.attention[:0:0]
	kept := list[:0]
	for _, f := range list {
		if f.queued && !a.settle(f, false) {
			kept = append(kept, f)
		} else {
			f.queued = false
		}
	}
	a.attention = append(kept, a.attention...)
}

// settle gives up what is due, or everything with force, and reports whether nothing is pending then.
func (a *assembler) settle(f *flow, force bool) bool {
	if !f.used || f.closed {
		return true
	}
	for f.waiting != nil && (force || a.ripe(f)) {
		a.giveUp(f)
	}
	if f.closed {
		return true
	}
	a.admit(f, force)
	if e := f.ending; e != nil && (force || a.now >= e.due) {
		a.giveUpAll(f)
		if !f.closed {
			a.close(f)
		}
	}
	return f.closed || f.waiting == nil && f.ending == nil && f.unseen == [2]decode.Time{}
}

// tellEnds tells pending ends before a new connection of the same host is told, so that who reconnects is not
// seen to have two connections.
func (a *assembler) tellEnds(s *tcpSegment) {
	from := s.key.a
	if s.side == 1 {
		from = s.key.b
	}
	if s.flags&tcpACK != 0 {
		return
	}
	for i := len(a.attention) - 1; i >= max(0, len(a.attention)-lookback); i-- {
		f := a.attention[i]
		if f.ending == nil || f.closed || f.key == s.key {
			continue
		}
		if end := f.ending; end.cause == decode.CloseRST && (f.key.a == from || f.key.b == from) ||
			end.side == 0 && f.key.a == from || end.side == 1 && f.key.b == from {
			if a.giveUpAll(f); !f.closed {
				a.close(f)
			}
		}
	}
}

// close tells the end of a connection. The flow stays in the table for a while, so that stragglers find it.
func (a *assembler) close(f *flow) {
	f.closed = true
	a.giveUpAll(f)
	a.admit(f, true)
	if f.kind == undecided {
		a.conclude(f)
	}
	if f.kind == isMQTT {
		e := f.ending
		a.open--
		t := max(e.time, f.out)
		a.emit(decode.Segment{Conn: f.conn, Kind: decode.Close, Time: t, Dir: f.direction(e.side), Cause: e.cause})
	}
	f.ending, f.conn, f.stage = nil, nil, nil
}

// forget drops a closed flow from the table.
func (a *assembler) forget(f *flow) {
	a.release(f)
	a.dropEarly(f)
	a.flows.remove(f)
}

// evict closes a flow of which the end was not seen, and drops it.
func (a *assembler) evict(f *flow) {
	if !f.closed {
		if f.ending == nil {
			f.ending = &ending{cause: decode.CloseEvicted, time: a.now, side: f.client}
		}
		a.close(f)
	}
	a.forget(f)
}

// sweep keeps the table within its bound. It is called for every new flow and looks at a few old ones each time.
func (a *assembler) sweep() {
	t := a.flows
	for range 2 {
		if f := t.step(); f != nil && a.idle(f) {
			a.evict(f)
		}
	}
	full := t.count >= a.limits.flows
	if !full && t.count-a.open < max(a.limits.flows/otherShare, evictLook) {
		return
	}
	var worst *flow
	for i := 0; i < evictLook || worst == nil; i++ {
		if f := t.step(); f != nil && (worst == nil || f.worth() < worst.worth() || f.worth() == worst.worth() && f.last < worst.last) {
			worst = f
		}
	}
	if worth := worst.worth(); full || worth < worthMQTT {
		if worth > worthNothing {
			a.forgot++
		}
		a.evict(worst)
	}
}

// What is lost with a flow, the least first.
const (
	worthNothing = iota // closed, or nothing but a SYN was seen
	worthLittle         // other than MQTT
	worthMore           // undecided
	worthMQTT
)

func (f *flow) worth() int {
	switch {
	case f.closed, f.kind == undecided && f.early == nil && f.waiting == nil:
		return worthNothing
	case f.kind == isOther:
		return worthLittle
	case f.kind == undecided:
		return worthMore
	}
	return worthMQTT
}

func (a *assembler) idle(f *flow) bool {
	silent := a.now.Sub(f.last)
	switch {
	case f.closed:
		return silent > forgetClosed
	case f.kind == isMQTT:
		return silent > forgetMQTT
	}
	return silent > forgetOther
}

// step moves the hand on and returns the flow under it, or nil if the place is free.
func (t *flowTable) step() *flow {
	if len(t.flows) == 0 {
		return nil
	}
	t.hand = (t.hand + 1) % len(t.flows)
	if f := t.flows[t.hand]; f.used {
		return f
	}
	return nil
}
