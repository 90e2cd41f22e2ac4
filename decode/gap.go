package decode

// Gap says that n bytes of one direction are missing before the next ones; 0 where their number is not known. A
// gap of known size inside the payload of a PUBLISH whose header was seen leaves the direction in step: the PUBLISH is
// delivered when its end has come, with PayloadGap set. Inside another packet that packet is dropped. Where the next
// packet begins cannot be known otherwise, and is searched for.
func (c *Conn) Gap(dir Direction, t Time, n int64, h Handler) {
	f := c.feed(dir, t, h)
	f.gap(max(n, 0))
}

func (f *feed) gap(n int64) {
	s := f.s
	if s.mode == modeHolding && n > 0 {
		f.carryToLarge()
	}
	if l := f.kept().large; s.mode == modeStreaming && n > 0 && n <= l.left && l.payload > 0 {
		f.lossGap(n)
		l.gap = true
		s.off += n
		if l.left -= n; l.left == 0 {
			f.endLarge()
		}
		return
	}
	boundary := f.drop(n)
	f.lossGap(n)
	f.loseAliases()
	s.off += n
	if boundary < 0 {
		f.startSearch(firstByteBits)
		return
	}
	f.startSearch(boundaryBits)
	f.kept().search.likely = boundary
}

func (f *feed) lossGap(n int64) {
	f.h.Loss(f.c, Loss{Time: f.t, Dir: f.dir, Cause: LossGap, Offset: f.end(), Bytes: n})
}

// end returns the stream offset after the last byte fed.
func (f *feed) end() int64 {
	if f.s.mode == modeSearching {
		return f.s.off + int64(len(f.kept().search.buf))
	}
	return f.s.off + int64(len(f.kept().carry))
}

// carryToLarge makes an incomplete PUBLISH of which the payload has begun one whose payload is streamed, so that it
// survives a gap there.
func (f *feed) carryToLarge() {
	carry := f.kept().carry
	pl := f.c.plan(f.s, carry)
	if pl.need > 0 || pl.lost != "" || Type(carry[0]>>4) != PUBLISH || pl.oversize {
		return
	}
	size, need := publishHeaderSize(carry, pl.header, pl.total, pl.version)
	if need > 0 || size == 0 || size > len(carry) {
		return
	}
	pl.payload, pl.keep = size, len(carry)
	f.startLarge(&pl, f.kept().release())
}

// drop gives up the packet that is incomplete before a gap of n bytes, and decides a search as far as it can be. It
// returns the stream offset where the next packet must begin, or -1 where that is not known.
func (f *feed) drop(n int64) int64 {
	s := f.s
	next := int64(-1)
	if s.mode == modeSearching {
		f.decide()
	}
	switch s.mode {
	case modeSearching:
		f.giveUp()
	case modeStreaming:
		l := f.kept().large
		f.truncated(l.offset, l.total-l.left)
		if n > 0 && n <= l.left {
			next = s.off + l.left
		}
		f.kept().large = nil
	case modeHolding:
		held := int64(len(f.kept().carry))
		f.truncated(s.off, held)
		if pl := f.c.plan(s, f.kept().carry); n > 0 && pl.total >= held+n {
			next = s.off + pl.total
		}
	}
	s.off = f.end()
	f.settle()
	f.setSearch(nil)
	return next
}

func (f *feed) truncated(offset, n int64) {
	f.h.Loss(f.c, Loss{Time: f.t, Dir: f.dir, Cause: LossTruncated, Offset: offset, Bytes: n})
}

// Finish says that nothing more will come of one direction: what waits is decided now, and an incomplete packet is
// reported as LossTruncated. Should bytes come all the same, they are searched like those after a gap.
func (c *Conn) Finish(dir Direction, t Time, h Handler) {
	f := c.feed(dir, t, h)
	if f.s.mode == modeNew {
		return
	}
	f.drop(0)
	f.loseAliases()
	f.startSearch(firstByteBits)
	f.s.told = false
}

// decide ends a search for want of more bytes: it takes the first candidate whose packets end exactly where the bytes
// do, if it has enough evidence with that.
func (f *feed) decide() {
	sr, end := f.kept().search, f.end()
	found := candidate{start: end}
	for _, c := range sr.pending {
		if c.pos == end && c.start < found.start && c.bits+endBits >= acceptBits {
			found = c
		}
	}
	if found.start < end {
		f.run(f.accept(sr.buf, found))
	}
}

// giveUp ends a search that found nothing.
func (f *feed) giveUp() {
	end := f.end()
	if skipped := end - f.kept().search.from; skipped > 0 {
		f.h.Loss(f.c, Loss{Time: f.t, Dir: f.dir, Cause: LossResync, Offset: f.kept().search.from, Bytes: skipped})
	}
	f.s.off, f.s.mode = end, modeSynced
	f.setSearch(nil)
}
