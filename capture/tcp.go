package capture

import "github.com/mqttwatch/mqttwatch/decode"

// begin makes a flow for the first segment of a connection.
func (a *assembler) begin(s *tcpSegment) *flow {
	a.sweep()
	f := a.flows.add(&s.key)
	f.opened = s.time
	f.last = s.time
	return f
}

// again replaces a flow by the next connection with the same addresses and ports.
func (a *assembler) again(f *flow, s *tcpSegment) *flow {
	if !f.closed {
		if f.ending == nil {
			f.ending = &ending{cause: decode.CloseReused, side: s.side, time: s.time}
		}
		a.close(f)
	}
	a.forget(f)
	return a.begin(s)
}

// start begins a direction whose SYN was not seen at its first byte.
func (h *half) start(s *tcpSegment) bool {
	if len(s.data) == 0 && s.missing == 0 && s.flags&tcpFIN == 0 {
		return false
	}
	if len(s.data) == 1 && s.data[0] == 0 && s.missing == 0 && s.flags&tcpFIN == 0 {
		return false // a keep-alive probe: the byte is not of the stream
	}
	h.next, h.isn, h.started, h.acked = s.seq, s.seq-1, true, false
	return true
}

// startBare begins a direction of which no byte was seen yet with the sequence number of an acknowledgement alone: it is that of the byte that comes next.
// Where the other end has acknowledged exactly that much, both are right, and what comes later tells whether the first bytes are missing.
func (h *half) startBare(seq uint32) {
	h.next, h.isn, h.started, h.bare = seq, seq-1, true, true
	if h.acked = h.acked && h.seen == seq; h.acked {
		h.trust = matchData
	}
}

// firstBytes takes the first bytes of a direction that began with an acknowledgement alone. They begin where they say, unless what was acknowledged proves that
// bytes before them are missing; one byte is what a keep-alive probe is off.
func (h *half) firstBytes(s *tcpSegment) {
	if len(s.data) == 1 && s.data[0] == 0 && s.missing == 0 {
		return // a keep-alive probe
	}
	h.bare = false
	if d := int32(s.seq - h.next); d == 0 || d > 1 && d <= ackAhead && h.trust == matchData {
		return
	}
	h.next, h.isn, h.acked, h.trust = s.seq, s.seq-1, false, untried
}

// lostBefore returns how many bytes of a direction of which none was seen yet are missing before the sequence number at which it begins: the other end has
// acknowledged them since the connection was first seen. Its number is believed where it has grown to just that.
func (h *half) lostBefore(seq uint32) int64 {
	if n := int32(seq - h.isn); h.acked && h.seen == seq && n > 0 && n <= ackAhead {
		return int64(n)
	}
	return 0
}

// late reports whether a SYN belongs to a direction whose first bytes were taken for the middle of a connection.
func (h *half) late(seq uint32) bool {
	return h.started && !h.syn && h.isn-seq < lateSYN
}

// acknowledge takes an acknowledgement of h's bytes by the other end, and reports whether it shows that bytes were
// received that were not seen here yet. One more than expected may be a FIN that was not captured.
func (h *half) acknowledge(ack uint32) (ahead bool) {
	if !h.started {
		if !h.acked {
			h.isn = ack
		}
		h.seen, h.acked = ack, true
		return false
	}
	d := int32(ack - h.next)
	if d == 0 {
		if h.trust != matchData {
			h.matched()
		}
	} else if d > farOff || d < -farOff {
		return false
	}
	if !h.acked || int32(ack-h.seen) > 0 {
		h.seen, h.acked = ack, true
	}
	return d > 1 && d <= ackAhead && h.trust.believed()
}

// matched notes that the other end has acknowledged exactly what was seen.
func (h *half) matched() {
	switch {
	case h.trust == matchData:
	case h.trust == refuted: // it may have been the first bytes that were missed: what matches from now on is believed step by step
		h.trust = matchSYN
	case h.syn && h.next == h.isn+1:
		h.trust = matchSYN
	default:
		h.trust = matchData
	}
}

// vouch lets the other end's acknowledgements be believed where this end goes on from just there, in an acknowledgement alone: what lies between was sent, and
// received.
func (h *half) vouch(seq uint32) {
	if n := int32(seq - h.next); h.started && h.acked && h.seen == seq && n > 1 && n <= ackAhead {
		h.vouched()
	}
}

// vouched notes that something else shows an acknowledgement of bytes that were not seen to be right.
func (h *half) vouched() {
	if h.trust == refuted { // step by step; see matched
		h.trust = matchSYN
		return
	}
	h.trust = matchData
}

// syn takes a segment with SYN and returns the flow that it belongs to, a new one if it opens a new connection.
func (a *assembler) syn(f *flow, s *tcpSegment) *flow {
	h := &f.half[s.side]
	answer := s.flags&tcpACK != 0
	if h.syn && h.isn == s.seq && (answer || !f.closed) {
		return f // sent again
	}
	if !f.closed && h.late(s.seq) {
		h.syn = true // recorded after the first bytes
		if f.kind == undecided {
			f.begun = true
			f.sentSYN(s.side, answer)
		}
		return f
	}
	if f.closed || h.started {
		f = a.again(f, s)
		h = &f.half[s.side]
	}
	a.tellEnds(s)
	h.syn, h.started, h.whole, h.isn, h.next, h.acked = true, true, true, s.seq, s.seq+1, false
	f.begun = true
	f.sentSYN(s.side, answer)
	if answer {
		f.half[s.side^1].acknowledge(s.ack)
	}
	return f
}

// sentSYN notes who is the Client: the end that sent the SYN, not the one that answered it.
func (f *flow) sentSYN(side uint8, answer bool) {
	f.roles = rolesSYN
	f.client = side
	if answer {
		f.client ^= 1
	}
}

// dead passes over what comes after the end, or of a connection that is of no interest.
func (a *assembler) dead(f *flow, s *tcpSegment) {
	if f.kind == isOther {
		if s.flags&(tcpFIN|tcpRST) != 0 {
			f.closed = true // may be forgotten soon
		}
		return
	}
	h := &f.half[s.side]
	if len(s.data) == 0 {
		return
	}
	d := int32(s.seq - h.next)
	switch {
	case h.started && (d > farOff || d < -farOff):
		f = a.again(f, s) // the SYN was missed
		if h := &f.half[s.side]; h.start(s) {
			a.take(f, s.side, s)
		}
	case f.kind == isMQTT && d >= 0:
		a.dissector.not("TCP data after the end")
	}
}

// take hands on a segment that begins at the byte expected.
func (a *assembler) take(f *flow, side uint8, s *tcpSegment) {
	h := &f.half[side]
	h.next += uint32(len(s.data) + s.missing)
	if h.trust < matchData && h.acked && h.seen == h.next {
		h.matched()
	}
	if len(s.data) > 0 {
		a.deliver(f, side, s.data, s.time)
	}
	if s.missing > 0 {
		a.gap(f, side, int64(s.missing), s.time)
	}
	if s.flags&tcpFIN != 0 && !h.fin {
		h.fin = true
		h.next++
		a.finished(f, side, s.time)
	}
}

// unusual takes a segment that is not simply the next one: old, overlapping, ahead of a hole, or after an
// acknowledgement of bytes that were not seen.
func (a *assembler) unusual(f *flow, s *tcpSegment, ahead bool) {
	h := &f.half[s.side]
	d := int32(s.seq - h.next)
	if d > farOff || d < -farOff {
		if len(s.data) > 1 { // a port used again; the SYN was missed
			f = a.again(f, s)
			if h := &f.half[s.side]; h.start(s) {
				a.take(f, s.side, s)
			}
		}
		return
	}
	if d < 0 && !a.trim(h, s) {
		a.fill(f) // it may have brought an acknowledgement that proves a hole
		return
	}
	if h.fin && len(s.data) > 0 {
		a.dissector.not("TCP data after the end")
		return
	}
	if int32(s.seq-h.next) == 0 && !ahead {
		a.take(f, s.side, s)
	} else if len(s.data)+s.missing > 0 || s.flags&tcpFIN != 0 {
		a.hold(f, s)
	}
	a.fill(f)
}

// trim takes off the bytes of s that came before, and reports whether anything is left.
func (a *assembler) trim(h *half, s *tcpSegment) bool {
	old := int(h.next - s.seq)
	n := len(s.data) + s.missing
	if old > n || old == n && s.flags&tcpFIN == 0 || h.fin {
		if n > 1 || n == 1 && old > 1 { // else a keep-alive probe
			a.count.resent++
		}
		return false
	}
	s.seq = h.next
	if old <= len(s.data) {
		s.data = s.data[old:]
	} else {
		s.missing -= old - len(s.data)
		s.data = nil
	}
	return true
}
