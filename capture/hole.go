package capture

import (
	"bytes"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// How long a hole may stay open, in capture time. What the receiver has acknowledged was on the wire, so the capture
// missed it, or recorded it a little late: a short grace is enough. What is not acknowledged will be sent again.
const (
	graceTime   = 100 * time.Millisecond
	graceFrames = 64
	// oneSided is for a capture in which the other end's acknowledgements do not appear.
	oneSided = time.Second
	// patience is for a connection whose receiver waits as well.
	patience = 30 * time.Second

	maxHeld      = 1024 // segments per direction
	heldOverhead = 96   // what a held segment costs beside its bytes
)

// waiting is what came after a hole: segments of the direction with the hole, and those of the other that
// answer to bytes not handed on yet, so that no answer overtakes its question.
type waiting struct {
	queue  [2][]held // by the side that sent; in the order of sequence numbers
	bytes  int
	order  uint64
	since  decode.Time // when the hole was met
	proven decode.Time // when it was first seen acknowledged
	frames int         // of the connection, since then
}

type held struct {
	tcpSegment
	order uint64 // of arrival
	ahead bool   // ack is believed: it comes after the other direction's bytes up to ack
}

// hold keeps a copy of s until the bytes before it have come or are given up.
func (a *assembler) hold(f *flow, s *tcpSegment) {
	w := f.waiting
	if w == nil {
		w = &waiting{since: s.time}
		f.waiting = w
		a.holes++
		a.watch(f)
	}
	if s.flags&tcpFIN != 0 && f.ending == nil {
		f.ending = &ending{cause: decode.CloseFIN, side: s.side, time: s.time, due: s.time.Add(halfClosed)}
	}
	q := w.queue[s.side]
	at, _ := slices.BinarySearchFunc(q, s.seq, func(h held, seq uint32) int { return int(int32(h.seq - seq)) })
	for i := at; i < len(q) && q[i].seq == s.seq; i++ {
		if len(q[i].data) >= len(s.data) && q[i].flags&tcpFIN == s.flags&tcpFIN {
			a.count.resent++
			return
		}
		at = i + 1
	}
	h := held{tcpSegment: *s, order: w.order, ahead: s.flags&tcpACK != 0 && f.half[s.side^1].trust.believed() || w.answers(s)}
	h.data = bytes.Clone(s.data)
	w.order++
	w.queue[s.side] = slices.Insert(q, at, h)
	a.keep(w, len(h.data)+heldOverhead)
}

func (a *assembler) keep(w *waiting, n int) {
	w.bytes += n
	a.held += n
}

// fill hands on what is held and no longer has to wait, and gives up a hole that has been open for long enough.
func (a *assembler) fill(f *flow) {
	w := f.waiting
	if w == nil {
		return
	}
	w.frames++
	a.drain(f)
	for f.waiting != nil && a.ripe(f) {
		a.giveUp(f)
	}
}

// drain hands on held segments as long as one is next, the one that arrived first before others.
func (a *assembler) drain(f *flow) {
	w := f.waiting
	for w != nil {
		side, ok := w.ready(f)
		if !ok {
			return
		}
		q := w.queue[side]
		s := q[0]
		q[0] = held{}
		w.queue[side] = q[1:]
		a.keep(w, -len(s.data)-heldOverhead)
		h, o := &f.half[side], &f.half[side^1]
		if s.flags&tcpACK != 0 && o.started && s.ack == o.next && o.trust != matchData {
			o.matched() // when s arrived the bytes that it acknowledges were behind the hole
		}
		if int32(s.seq-h.next) == 0 && !h.fin || int32(s.seq-h.next) < 0 && a.trim(h, &s.tcpSegment) {
			a.take(f, side, &s.tcpSegment)
		}
		if f.waiting == w && len(w.queue[0])+len(w.queue[1]) == 0 {
			a.release(f)
			if f.half[0].fin && f.half[1].fin && !f.closed {
				a.close(f)
			}
		}
		w = f.waiting
	}
}

// ready returns the side whose first held segment can be handed on.
func (w *waiting) ready(f *flow) (side uint8, ok bool) {
	for i := range uint8(2) {
		if len(w.queue[i]) == 0 {
			continue
		}
		s := &w.queue[i][0]
		if int32(s.seq-f.half[i].next) > 0 || s.early(&f.half[i^1]) {
			continue
		}
		if !ok || s.order < w.queue[side][0].order {
			side, ok = i, true
		}
	}
	return side, ok
}

// early reports whether s answers to bytes of the other direction that were not handed on yet.
func (s *held) early(other *half) bool {
	d := int32(s.ack - other.next)
	return s.ahead && other.started && d > 1 && d <= ackAhead
}

// release forgets what was held.
func (a *assembler) release(f *flow) {
	if f.waiting != nil {
		a.held -= f.waiting.bytes
		a.holes--
		f.waiting = nil
		for side := range uint8(2) { // what was acknowledged meanwhile and is not there either
			if h := &f.half[side]; f.used && !f.closed && h.acked && int32(h.seen-h.next) > 1 {
				a.suspect(f, side)
			}
		}
	}
}

// hole returns which direction has the hole that keeps the oldest held segment waiting, and how far it reaches.
func (w *waiting) hole(f *flow) (side uint8, end uint32) {
	if len(w.queue[0]) == 0 || len(w.queue[1]) > 0 && w.queue[1][0].order < w.queue[0][0].order {
		side = 1
	}
	first := &w.queue[side][0]
	if int32(first.seq-f.half[side].next) > 0 {
		return side, first.seq
	}
	end, side = first.ack, side^1
	if q := w.queue[side]; len(q) > 0 && int32(q[0].seq-end) < 0 {
		end = q[0].seq
	}
	return side, end
}

// ripe reports whether the oldest hole is to be given up.
func (a *assembler) ripe(f *flow) bool {
	w := f.waiting
	if w.bytes > a.limits.reorder || a.held > a.limits.reorderAll || max(len(w.queue[0]), len(w.queue[1])) > maxHeld {
		return true
	}
	side, _ := w.hole(f)
	h := &f.half[side]
	switch {
	case h.acked && int32(h.seen-h.next) > 0:
		if w.proven == 0 {
			w.proven, w.frames = a.now, 0
		}
		return a.now.Sub(w.proven) >= graceTime || w.frames >= graceFrames
	case !h.acked:
		return a.now.Sub(w.since) >= oneSided
	}
	return a.now.Sub(w.since) >= patience
}

// giveUp declares the oldest hole a gap.
func (a *assembler) giveUp(f *flow) {
	w := f.waiting
	side, end := w.hole(f)
	h := &f.half[side]
	n, known := int32(end-h.next), len(w.queue[side]) > 0 && w.queue[side][0].seq == end
	switch {
	case n > 0 && (known || h.trust == matchData || h.missed() > 0):
		t := w.since
		if known {
			t = w.queue[side][0].time
		}
		h.next = end
		a.gap(f, side, int64(n), t)
	default: // an acknowledgement alone told of the bytes, and never a right one before
		h.trust = refuted
		for i := range w.queue[side^1] {
			w.queue[side^1][i].ahead = false
		}
	}
	a.drain(f)
	if w := f.waiting; w != nil { // the next hole, which is as old as what has waited behind it longest
		w.since, w.proven, w.frames = w.oldest(), 0, 0
		if side, _ := w.hole(f); f.half[side].acked && int32(f.half[side].seen-f.half[side].next) > 0 {
			w.proven = w.since
		}
	}
}

// oldest is when what waits longest arrived.
func (w *waiting) oldest() decode.Time {
	var first *held
	for side := range w.queue {
		if q := w.queue[side]; len(q) > 0 && (first == nil || q[0].order < first.order) {
			first = &q[0]
		}
	}
	return first.time
}

// answers reports whether s acknowledges bytes of the other end that wait behind a hole: they were captured, so that the number is right whatever is
// thought of that end's acknowledgements.
func (w *waiting) answers(s *tcpSegment) bool {
	q := w.queue[s.side^1]
	if len(q) == 0 || s.flags&tcpACK == 0 || len(s.data) == 0 {
		return false
	}
	d := int32(s.ack - q[0].seq)
	return d > 0 && d <= ackAhead
}

// vouch lets the acknowledgements of the bytes of o, the other end of s, be believed where s acknowledges exactly what is captured behind a hole: the number
// is right, and what is before those bytes was received.
func (w *waiting) vouch(o *half, s *tcpSegment) {
	if o.trust == matchData || s.flags&tcpACK == 0 {
		return
	}
	q := w.queue[s.side^1]
	at, _ := slices.BinarySearchFunc(q, s.ack, func(h held, ack uint32) int { return int(int32(h.seq - ack)) })
	if at == 0 || q[at-1].end() != s.ack {
		return
	}
	o.vouched()
}

// end is the sequence number behind the bytes that are held.
func (h *held) end() uint32 { return h.seq + uint32(len(h.data)+h.missing) }

// giveUpAll hands on everything that is held, with gaps for what is missing.
func (a *assembler) giveUpAll(f *flow) {
	a.drain(f)
	for f.waiting != nil {
		a.giveUp(f)
	}
}

// suspect notes that the other end has acknowledged bytes of side that are not in the capture, though nothing came behind them. They may
// come yet, if the capture recorded them late.
func (a *assembler) suspect(f *flow, side uint8) {
	if f.unseen[side] != 0 || f.half[side].missed() == 0 {
		return
	}
	f.unseen[side] = a.now
	a.watch(f)
}

// missed returns how many bytes of a direction were acknowledged and are not in the capture, 0 where that is not sure. Where only the SYN was acknowledged rightly so
// far no more are believed than fit into the first window.
func (h *half) missed() int32 {
	most := int32(0)
	switch h.trust {
	case matchData:
		most = ackAhead
	case matchSYN:
		most = firstWindow
	}
	if n := int32(h.seen - h.next); h.acked && !h.fin && n > 1 && n <= most {
		return n
	}
	return 0
}

// admit declares what was acknowledged and did not come a gap: after the grace, or at once with force.
func (a *assembler) admit(f *flow, force bool) {
	if f.waiting != nil {
		return // what waits knows of the hole
	}
	for side := range uint8(2) {
		h := &f.half[side]
		n := h.missed()
		if n == 0 {
			f.unseen[side] = 0
			continue
		}
		if !force && (f.unseen[side] == 0 || a.now.Sub(f.unseen[side]) < graceTime) {
			continue
		}
		t := a.now // told late, if no frame came meanwhile
		if since := f.unseen[side]; since != 0 {
			t = min(t, since.Add(graceTime))
		}
		f.unseen[side] = 0
		h.next = h.seen
		a.gap(f, side, int64(n), t)
	}
}
