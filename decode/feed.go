package decode

import (
	"hash/maphash"
	"slices"
)

// feed is one call of Conn.Feed, Gap or Finish.
type feed struct {
	c   *Conn
	s   *half
	h   Handler
	t   Time
	dir Direction
}

func (c *Conn) feed(dir Direction, t Time, h Handler) *feed {
	s := &c.halves[dir]
	return &feed{c: c, s: s, h: h, t: t, dir: dir}
}

func (f *feed) kept() *kept { return &f.c.kept[f.dir] }

// run takes data in. What a step leaves may be older bytes put before data, when a direction starts anew.
func (f *feed) run(data []byte) {
	for len(data) > 0 {
		if f.s.mode == modeSynced && !f.s.searched {
			if data = f.plain(data); len(data) == 0 {
				return
			}
		}
		switch f.s.mode {
		case modeNew:
			f.begin(data[0])
		case modeSynced:
			data = f.synced(data)
		case modeHolding:
			data = f.resume(data)
		case modeStreaming:
			data = f.stream(data)
		case modeSearching:
			data = f.find(data)
		}
	}
}

// done lets go of a search that has ended. It must not go before: it knows when older bytes were fed.
func (f *feed) done() {
	if f.s.searched && f.s.mode != modeSearching {
		f.setSearch(nil)
	}
}

func (f *feed) setSearch(sr *search) {
	f.kept().search, f.s.searched = sr, sr != nil
}

// begin decides by the first byte whether this is the beginning of MQTT: CONNECT, CONNACK, or the AUTH that may come
// before a CONNACK.
func (f *feed) begin(first byte) {
	if first == 0x10 || first == 0x20 || first == 0xF0 {
		if !f.c.Info.MidStream {
			f.s.mode = modeSynced
			return
		}
	}
	f.kept().partial = true
	f.startSearch(firstByteBits)
}

// synced decodes the packets of data where they lie and keeps an incomplete tail.
func (f *feed) synced(data []byte) []byte {
	pl := f.c.plan(f.s, data)
	switch {
	case pl.lost != "":
		f.lose(&pl, data[0])
		return data
	case pl.need > 0 || len(data) < pl.keep:
		f.kept().hold(data, pl.keep)
		f.s.mode = modeHolding
		return nil
	case pl.total > int64(len(data)):
		f.startLarge(&pl, slices.Clone(data[:pl.keep]))
		return data[pl.keep:]
	}
	n := int(pl.total)
	f.packet(data[:n], &pl, nil)
	f.s.off += pl.total
	return data[n:]
}

// plain decodes packets as long as such follow on each other that take no plan to know that they are kept whole and that their Fixed Headers are right: of up
// to 127 bytes, or a PUBLISH with a Remaining Length of two bytes. It comes to what their plans would, and returns what is left of data.
func (f *feed) plain(data []byte) []byte {
	c := f.c
	for len(data) >= 2 && alwaysRight[data[0]] {
		header, body := 2, int(data[1])
		if body > 0x7F {
			if len(data) < 3 || data[2] == 0 || data[2] > 0x7F || Type(data[0]>>4) != PUBLISH {
				break
			}
			header, body = 3, body&0x7F|int(data[2])<<7
		}
		n := header + body
		if body > int(c.plain) || n > len(data) {
			break
		}
		p := f.next(data[:n:n], header)
		p.reset()
		p.Length = int64(n)
		if c.assumed() {
			f.assume(p)
		}
		f.s.bad = false
		f.body(p, data[:n], nil)
		f.h.Packet(c, p)
		p.forget()
		f.s.off += int64(n)
		if n == len(data) {
			return nil // as with most segments
		}
		data = data[n:]
	}
	return data
}

// resume goes on with the packet that carry begins.
func (f *feed) resume(data []byte) []byte {
	k := f.kept()
	for {
		pl := f.c.plan(f.s, k.carry)
		want := pl.keep
		if pl.need > 0 {
			want = pl.need
		}
		switch {
		case pl.lost != "":
			all := append(append(make([]byte, 0, len(k.carry)+len(data)), k.carry...), data...)
			f.settle()
			f.lose(&pl, all[0])
			return all
		case want > len(k.carry):
			n := min(want-len(k.carry), len(data))
			k.hold(data[:n], want)
			if data = data[n:]; want > len(k.carry) {
				return nil
			}
		case pl.total > int64(len(k.carry)):
			f.startLarge(&pl, k.release())
			return data
		default:
			f.packet(k.carry, &pl, nil)
			f.s.off += pl.total
			f.settle()
			return data
		}
	}
}

// settle says that the packet which carry began is taken in, or given up.
func (f *feed) settle() {
	f.kept().settle()
	f.s.mode = modeSynced
}

// large is a packet of which only the beginning is kept.
type large struct {
	plan
	head   []byte
	offset int64 // of the packet
	left   int64 // bytes still to come
	gap    bool  // some of them are missing from the capture
	hash   maphash.Hash
}

// startLarge begins to stream a packet of which head is there. It takes head over.
func (f *feed) startLarge(pl *plan, head []byte) {
	l := &large{plan: *pl, head: head, offset: f.s.off, left: pl.total - int64(len(head))}
	l.hash.SetSeed(hashSeed)
	if pl.payload > 0 {
		l.hash.Write(head[min(pl.payload, len(head)):])
	}
	f.kept().large, f.s.mode = l, modeStreaming
	f.s.off += int64(len(head))
}

// stream takes the rest of a large packet.
func (f *feed) stream(data []byte) []byte {
	l := f.kept().large
	n := int(min(l.left, int64(len(data))))
	if l.payload > 0 && !l.gap {
		l.hash.Write(data[:n])
	}
	f.s.off += int64(n)
	l.left -= int64(n)
	if l.left == 0 {
		f.endLarge()
	}
	return data[n:]
}

func (f *feed) endLarge() {
	l := f.kept().large
	f.kept().large, f.s.mode = nil, modeSynced
	after := f.s.off
	f.s.off = l.offset
	f.packet(l.head, &l.plan, l)
	f.s.off = after
}

// lose gives up framing at the packet that begins with first, and starts to search.
func (f *feed) lose(pl *plan, first byte) {
	err := &Error{
		Kind: MalformedPacket, Type: Type(first >> 4), Field: pl.lostField, Reason: pl.lost, StreamOffset: f.s.off,
	}
	f.h.Loss(f.c, Loss{Time: f.time(f.s.off + 1), Dir: f.dir, Cause: LossUndecodable, Offset: f.s.off, Err: err})
	f.loseAliases()
	f.startSearch(0)
	f.kept().search.first++ // this byte is out of the question
}

func (f *feed) loseAliases() {
	f.kept().aliases, f.kept().partial = nil, true
}

// time returns when the last byte before the stream offset end was fed.
func (f *feed) time(end int64) Time {
	if !f.s.searched {
		return f.t
	}
	return f.kept().search.timeOf(end, f.t)
}
