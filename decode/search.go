package decode

import "slices"

// searchLimit is within how many bytes from a packet boundary the evidence for it must come together. It bounds what a
// search keeps.
const searchLimit = 64 << 10

// skipLimit is up to which length a PUBLISH that is too large to be kept is stepped over in a search: it counts as
// evidence for the place where it ends.
const skipLimit = 4 << 20

// maxCandidates bounds the places that a search follows at the same time. The one that would have to wait longest gives
// way to a new one.
const maxCandidates = 128

// maxMarks bounds how many times of arrival a search remembers.
const maxMarks = 256

// search looks for the next packet boundary. Every byte may be one: it becomes a candidate if a packet could begin
// there, and stays one as long as packet follows on packet, each adding evidence. The first candidate to reach
// acceptBits wins. Everything happens in the order of the bytes that it waits for, so the result does not depend on
// how they were cut.
type search struct {
	from    int64 // stream offset where the search began: what is skipped is counted from here
	likely  int64 // stream offset that has bonus in advance
	bonus   int
	first   int64 // stream offset of the first byte that may begin a packet
	scanned int64 // stream offset up to which everything has happened
	buf     []byte
	pending []candidate // in the order in which they were found
	wake    int64       // the least need among pending
	marks   []mark
}

// mark says that the bytes before the stream offset end were fed by then.
type mark struct {
	end int64
	t   Time
}

// A candidate is a place where a packet may begin, followed for one version.
type candidate struct {
	start int64 // stream offset; after a large PUBLISH that was stepped over
	pos   int64 // of the packet that is looked at now; those before it parse
	need  int64 // stream offset up to which bytes must be there to go on
	bits  int
	v     Version
	left  bool // the last packet is a DISCONNECT, which nothing may follow
}

// startSearch begins to search at the next byte, which has bonus bits in advance.
func (f *feed) startSearch(bonus int) {
	s := f.s
	var marks []mark
	if f.kept().search != nil {
		marks = f.kept().search.marks
	}
	f.setSearch(&search{from: s.off, likely: s.off, first: s.off, scanned: s.off, bonus: bonus, marks: marks})
	s.mode = modeSearching
	s.bad = false
}

// find searches in data, and returns the bytes from the packet boundary on if it finds one.
func (f *feed) find(data []byte) []byte {
	sr := f.kept().search
	view := data
	if len(sr.buf) > 0 {
		sr.buf = append(sr.buf, data...)
		view = sr.buf
	}
	end := f.s.off + int64(len(view))
	sr.mark(end, f.t)
	if c, ok := f.scan(view, end); ok {
		return f.accept(view, c)
	}
	keep := sr.oldest(end)
	sr.buf = append(sr.buf[:0], view[keep-f.s.off:]...)
	f.s.off = keep
	if len(sr.buf) == 0 && cap(sr.buf) > carryKept {
		sr.buf = nil
	}
	sr.forget(keep)
	return nil
}

// scan lets everything happen up to the stream offset end. view begins at f.s.off.
func (f *feed) scan(view []byte, end int64) (candidate, bool) {
	sr, base := f.kept().search, f.s.off
	for at := sr.scanned + 1; at <= end; at++ {
		sr.scanned = at
		if len(sr.pending) > 0 && sr.wake <= at {
			if c, ok := f.followAll(view, at); ok {
				return c, true
			}
		}
		if start := at - 2; start >= sr.first && f.mayBegin(view[start-base]) {
			if c, ok := f.consider(start, view[start-base:at-base], at); ok {
				return c, true
			}
		}
	}
	return candidate{}, false
}

// mayBegin reports whether a packet may begin with that byte.
func (f *feed) mayBegin(first byte) bool {
	return flagsFault(first, f.c.version, f.c.assumed()) == "" && f.maySend(Type(first>>4))
}

// consider makes a candidate, or one for each version, of the stream offset start, of which two bytes are there.
func (f *feed) consider(start int64, b []byte, at int64) (candidate, bool) {
	sr, last := f.kept().search, V5
	c := candidate{start: start, pos: start, v: V311}
	if start == sr.likely {
		c.bits = sr.bonus
	}
	if f.c.known {
		c.v, last = f.c.version, f.c.version
	}
	for ; c.v <= last; c.v++ {
		one := c
		switch f.follow(&one, b, at) {
		case candidateWins:
			return one, true
		case candidateWaits:
			sr.add(one)
		}
	}
	return candidate{}, false
}

// followAll goes on with the candidates that wait for nothing beyond the stream offset at.
func (f *feed) followAll(view []byte, at int64) (candidate, bool) {
	sr, base := f.kept().search, f.s.off
	sr.wake = 1<<63 - 1
	for i := 0; i < len(sr.pending); {
		c := &sr.pending[i]
		if c.need <= at {
			switch f.follow(c, view[c.pos-base:at-base], at) {
			case candidateWins:
				return *c, true
			case candidateFails:
				sr.pending = slices.Delete(sr.pending, i, i+1)
				continue
			}
		}
		sr.wake = min(sr.wake, c.need)
		i++
	}
	return candidate{}, false
}

// add lets c wait.
func (sr *search) add(c candidate) {
	if len(sr.pending) >= maxCandidates {
		worst := 0
		for i := range sr.pending {
			if sr.pending[i].need >= sr.pending[worst].need {
				worst = i
			}
		}
		sr.pending = slices.Delete(sr.pending, worst, worst+1)
	}
	if len(sr.pending) == 0 || c.need < sr.wake {
		sr.wake = c.need
	}
	sr.pending = append(sr.pending, c)
}

// maySend reports whether packets of type t come from this direction. Where the roles of the two ends are only
// guessed, all do.
func (f *feed) maySend(t Type) bool {
	if f.c.Info.RolesAssumed {
		return true
	}
	if f.dir == FromClient {
		return !fromServer.has(t)
	}
	return !fromClient.has(t)
}

// What becomes of a candidate.
type candidateFate uint8

const (
	candidateFails candidateFate = iota
	candidateWaits
	candidateWins
)

// follow looks at c's next packet, of which b is what is there up to the stream offset at.
func (f *feed) follow(c *candidate, b []byte, at int64) candidateFate {
	if c.left {
		return candidateFails
	}
	pr := probePacket(b, c.v)
	if pr.need == 0 {
		if pr.bits == 0 || !f.maySend(pr.typ) {
			return candidateFails
		}
		c.bits += pr.bits
		c.left = pr.typ == DISCONNECT
		if c.bits >= acceptBits && !c.left {
			return candidateWins
		}
		c.pos += pr.total
		if pr.need = 2; c.left {
			pr.need = 1
		} else if pr.total > searchLimit/2 && pr.total <= skipLimit {
			c.start = c.pos
		}
	}
	c.need = max(c.pos+int64(pr.need), at+1)
	if c.need > c.start+searchLimit {
		return candidateFails
	}
	return candidateWaits
}

// accept takes c's start for the packet boundary and returns the bytes from there.
func (f *feed) accept(view []byte, c candidate) []byte {
	s := f.s
	rest := view[c.start-s.off:]
	sr := f.kept().search
	if skipped := c.start - sr.from; skipped > 0 {
		f.h.Loss(f.c, Loss{Time: f.t, Dir: f.dir, Cause: LossResync, Offset: sr.from, Bytes: skipped})
	}
	s.off = c.start
	s.mode = modeSynced
	f.weighChain(rest, c)
	sr.buf, sr.pending = nil, nil
	return rest
}

// weighChain takes the packets that proved c as evidence for a version before the first of them is delivered.
func (f *feed) weighChain(b []byte, c candidate) {
	if f.c.known {
		return
	}
	for off := int64(0); off <= c.pos-c.start && off < int64(len(b)); {
		p, ok := headOf(b[off:])
		if !ok {
			return
		}
		f.c.weigh(&p)
		off += p.Length
	}
}

// headOf returns the packet that begins b, not decoded, if a search waited for the whole of it.
func headOf(b []byte) (Packet, bool) {
	if len(b) < 2 {
		return Packet{}, false
	}
	length, n, ok := readVarInt(b[1:])
	total := 1 + n + int(length)
	if !ok || total > min(len(b), probeWhole) {
		return Packet{}, false
	}
	return Packet{
		Type: Type(b[0] >> 4), Flags: b[0] & 15, Head: b[:total:total], HeaderLength: 1 + n, Length: int64(total),
	}, true
}

// oldest returns the stream offset from which on bytes must be kept, at most end.
func (sr *search) oldest(end int64) int64 {
	off := max(sr.first, end-1) // the last byte was not looked at yet
	for i := range sr.pending {
		off = min(off, sr.pending[i].start)
	}
	return min(off, end)
}

// mark remembers that the bytes before the stream offset end were there at t.
func (sr *search) mark(end int64, t Time) {
	if n := len(sr.marks); n > 0 && (sr.marks[n-1].t == t || end <= sr.marks[n-1].end) {
		sr.marks[n-1].end = max(end, sr.marks[n-1].end)
		return
	}
	if len(sr.marks) >= maxMarks {
		sr.marks = append(sr.marks[:0], sr.marks[1:]...)
	}
	sr.marks = append(sr.marks, mark{end, t})
}

// forget drops the marks before the stream offset off.
func (sr *search) forget(off int64) {
	n := 0
	for n < len(sr.marks) && sr.marks[n].end <= off {
		n++
	}
	sr.marks = append(sr.marks[:0], sr.marks[n:]...)
}

// timeOf returns when the last byte before the stream offset end was fed: now, if that is not remembered.
func (sr *search) timeOf(end int64, now Time) Time {
	for _, m := range sr.marks {
		if end <= m.end {
			return m.t
		}
	}
	return now
}
