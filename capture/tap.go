package capture

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

//	reader, writer ─ TapConn ─▶ queue (bounded) ─▶ Drain ─▶ Sink
//
// A TapConn never waits for the Sink: when the queue is full, traffic goes on and a Gap stands where bytes were dropped.

// TapOptions set up a Tap. Zero values mean the defaults.
type TapOptions struct {
	// Source and ServerName are those of decode.ConnInfo.
	Source, ServerName string
	Decode             decode.Options
	// MaxBytes bounds the bytes that wait for the Sink; default 4 MiB.
	MaxBytes int
	// TickEvery is how often a Tick is sent; default 100 ms.
	TickEvery time.Duration
}

// Bounds of a Tap's queue.
const (
	defaultTapBytes = 4 << 20
	defaultTapTick  = 100 * time.Millisecond
	maxTapEntries   = 1 << 16
	maxTapBehind    = 1 << 10
	maxTapPiece     = 64 << 10 // bytes of one Data segment
)

// A Tap gathers what passes through its TapConns, in the order in which it happened, and hands it to one Sink.
type Tap struct {
	opts TapOptions
	wake chan struct{}

	mu      sync.Mutex
	clock   tapClock
	pending tapBatch
	spare   tapBatch
	// full is set from the first segment that was dropped until the queue is next taken, so that nothing can
	// overtake what was dropped.
	full bool
	// behind lists the connections that have something to tell that did not fit.
	behind []*TapConn
	closed bool
	nextID uint64
	stats  decode.SourceStats
}

// tapBatch is what waits for the Sink: the bytes of all entries lie in data.
type tapBatch struct {
	entries []tapEntry
	data    []byte
}

type tapEntry struct {
	conn     *decode.Conn
	time     decode.Time
	from, to int // in data
	bytes    int64
	kind     decode.SegmentKind
	dir      decode.Direction
	cause    decode.CloseCause
}

// NewTap returns a Tap without connections. Drain must run for anything to reach a Sink.
func NewTap(opts TapOptions) *Tap {
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = defaultTapBytes
	}
	if opts.TickEvery <= 0 {
		opts.TickEvery = defaultTapTick
	}
	return &Tap{opts: opts, wake: make(chan struct{}, 1), stats: decode.SourceStats{Progress: -1}}
}

// Wrap returns c with a copy of what passes going to the Tap. Reads says which direction c's reads are: FromServer on a
// client's end, FromClient on a Server's end; its writes are the opposite. The caller must close the TapConn.
func (t *Tap) Wrap(c net.Conn, reads decode.Direction) *TapConn {
	return t.open(c, reads, endsOf(c, reads))
}

// endsOf returns what the addresses of c tell.
func endsOf(c net.Conn, reads decode.Direction) decode.ConnInfo {
	local, remote := addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())
	if reads == decode.FromClient {
		local, remote = remote, local
	}
	return decode.ConnInfo{Client: local, Server: remote}
}

// open begins a connection that is known as info, of which the Tap fills in the rest. C is nil where the caller records by itself.
func (t *Tap) open(c net.Conn, reads decode.Direction, info decode.ConnInfo) *TapConn {
	tc := &TapConn{Conn: c, tap: t, reads: reads}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nextID++
	info.ID, info.Opened = t.nextID, t.clock.now()
	info.Source, info.ServerName = t.opts.Source, t.opts.ServerName
	info.Whole = [2]bool{true, true}
	tc.conn = decode.NewConn(info, &t.opts.Decode)
	t.stats.Connections++
	t.opened(tc)
	return tc
}

// Drain calls sink with what the TapConns bring, and with Ticks, until Close was called and the queue is empty.
func (t *Tap) Drain(sink Sink) {
	ticker := time.NewTicker(t.opts.TickEvery)
	defer ticker.Stop()
	var segments []decode.Segment
	for {
		tick := false
		select {
		case <-t.wake:
		case <-ticker.C:
			tick = true
		}
		batch, done := t.take(tick)
		segments = batch.appendTo(segments[:0])
		if len(segments) > 0 {
			sink(segments)
		}
		clear(segments) // so that closed connections can be collected
		t.giveBack(batch)
		if done {
			return
		}
	}
}

// Close lets Drain deliver what is queued and return. What passes later is not recorded.
func (t *Tap) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.signal()
}

// Stats returns the counts of the Tap; Name, Kind, State and Err are left to the Source.
func (t *Tap) Stats() decode.SourceStats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

func (t *Tap) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// take empties the queue, and says whether it was the last time.
func (t *Tap) take(tick bool) (batch tapBatch, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.now()
	for i, c := range t.behind {
		t.catchUp(c, now)
		t.behind[i] = nil
	}
	t.behind, t.full = t.behind[:0], false
	if tick {
		t.append(tapEntry{kind: decode.Tick, time: now})
	}
	batch, t.pending = t.pending, t.spare
	t.spare = tapBatch{}
	return batch, t.closed
}

func (t *Tap) giveBack(b tapBatch) {
	clear(b.entries)
	t.mu.Lock()
	t.spare = tapBatch{entries: b.entries[:0], data: b.data[:0]}
	t.mu.Unlock()
}

func (b *tapBatch) appendTo(s []decode.Segment) []decode.Segment {
	for i := range b.entries {
		e := &b.entries[i]
		seg := decode.Segment{Conn: e.conn, Time: e.time, Bytes: e.bytes, Kind: e.kind, Dir: e.dir, Cause: e.cause}
		if e.kind == decode.Data {
			seg.Data = b.data[e.from:e.to:e.to]
		}
		s = append(s, seg)
	}
	return s
}

// append adds an entry beyond all bounds; callers keep to them. The lock is held, as in all that follows.
func (t *Tap) append(e tapEntry) {
	if t.stats.First == 0 && e.kind != decode.Tick {
		t.stats.First = e.time
	}
	t.stats.Last = e.time
	t.pending.entries = append(t.pending.entries, e)
}

func (t *Tap) fits(n int) bool {
	return !t.full && len(t.pending.data)+n <= t.opts.MaxBytes && len(t.pending.entries) < maxTapEntries
}

func (t *Tap) opened(c *TapConn) {
	switch {
	case t.closed:
		c.untold = true
	case t.fits(0):
		t.append(tapEntry{conn: c.conn, time: c.conn.Info.Opened, kind: decode.Open})
		t.signal()
	case len(t.behind) >= maxTapBehind:
		c.untold = true // counted with its bytes
	default:
		c.lost.open = true
		t.fallBehind(c)
	}
}

// data records p as passing in direction dir now.
func (t *Tap) data(c *TapConn, dir decode.Direction, p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(p) == 0 {
		return
	}
	t.stats.Frames++
	t.stats.Bytes += uint64(len(p))
	now := t.clock.now()
	for len(p) > 0 {
		piece := p[:min(len(p), maxTapPiece)]
		if c.untold || !t.fits(len(piece)) {
			t.drop(c, dir, len(p))
			break
		}
		from := len(t.pending.data)
		t.pending.data = append(t.pending.data, piece...)
		t.append(tapEntry{conn: c.conn, time: now, from: from, to: len(t.pending.data), kind: decode.Data, dir: dir})
		p = p[len(piece):]
	}
	t.signal()
}

// gap records that n bytes of direction dir cannot be had; n is 0 where their number is not known.
func (t *Tap) gap(c *TapConn, dir decode.Direction, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Gaps++
	t.stats.GapBytes += uint64(n)
	if !t.closed && !c.untold && t.fits(0) {
		t.append(tapEntry{conn: c.conn, time: t.clock.now(), kind: decode.Gap, dir: dir, bytes: n})
		t.signal()
	}
}

func (t *Tap) drop(c *TapConn, dir decode.Direction, n int) {
	t.stats.QueueDrops++
	t.stats.GapBytes += uint64(n)
	if c.untold {
		return
	}
	if c.lost.bytes[dir] == 0 {
		t.stats.Gaps++
	}
	c.lost.bytes[dir] += int64(n)
	t.fallBehind(c)
}

func (t *Tap) ended(c *TapConn, dir decode.Direction, cause decode.CloseCause) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || c.untold {
		return
	}
	c.lost.dir, c.lost.cause = dir, cause
	if !t.fits(0) {
		c.lost.close = true
		t.fallBehind(c)
		return
	}
	t.append(tapEntry{conn: c.conn, time: t.clock.now(), kind: decode.Close, dir: dir, cause: cause})
	t.signal()
}

func (t *Tap) fallBehind(c *TapConn) {
	t.full = true
	if !c.isBehind {
		c.isBehind = true
		t.behind = append(t.behind, c)
	}
}

// catchUp tells what c could not tell while the queue was full.
func (t *Tap) catchUp(c *TapConn, now decode.Time) {
	if c.lost.open {
		t.append(tapEntry{conn: c.conn, time: now, kind: decode.Open})
	}
	for dir, n := range c.lost.bytes {
		if n > 0 {
			t.append(tapEntry{conn: c.conn, time: now, kind: decode.Gap, dir: decode.Direction(dir), bytes: n})
		}
	}
	if c.lost.close {
		t.append(tapEntry{conn: c.conn, time: now, kind: decode.Close, dir: c.lost.dir, cause: c.lost.cause})
	}
	c.lost, c.isBehind = tapLost{}, false
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// tapClock is the wall clock, except that it never goes back: what is measured between two steps must not be negative.
type tapClock struct {
	base time.Time // with its monotonic reading
}

func (c *tapClock) now() decode.Time {
	t := time.Now()
	if c.base.IsZero() {
		c.base = t
	}
	at := c.base.Add(t.Sub(c.base)) // advances by the monotonic clock
	// The monotonic clock stands still while a machine sleeps: follow the wall clock when it is ahead.
	if wall := t.Round(0); wall.Sub(at.Round(0)) > time.Second {
		c.base, at = t, t
	}
	return decode.TimeOf(at)
}
