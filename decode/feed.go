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

// run takes data in. What a step leaves may be older bytes put before data, when a direction starts anew.
func (f *feed) run(data []byte) {
	for len(data) > 0 {
		switch f.s.mode {
		case modeNew:
			f.begin(data[0])
		case modeSynced:
			data = f.synced(data)
		case modeStreaming:
			data = f.stream(data)
		case modeSearching:
			data = f.find(data)
		}
	}
}

// done lets go of a search that has ended. It must not go before: it knows when older bytes were fed.
func (f *feed) done() {
	if f.s.mode != modeSearching {
		f.s.search = nil
	}
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
	f.s.partial = true
	f.startSearch(firstByteBits)
}

// synced decodes the packets of data where they lie and keeps an incomplete tail.
func (f *feed) synced(data []byte) []byte {
	if len(f.s.carry) > 0 {
		return f.resume(data)
	}
	for {
		header, n := f.simple(data)
		if n == 0 {
			break
		}
		bad := flagsFault(data[0], f.c.version, f.c.assumed())
		if bad != "" && f.s.bad {
			break
		}
		f.packet(data[:n], &plan{header: header, total: int64(n), keep: n, bad: bad, version: f.c.packetVersion()}, nil)
		f.s.off += int64(n)
		data = data[n:]
	}
	if len(data) == 0 {
		return nil
	}
	pl := f.c.plan(f.s, data)
	switch {
	case pl.lost != "":
		f.lose(&pl, data[0])
		return data
	case pl.need > 0 || len(data) < pl.keep:
		f.s.hold(data, pl.keep)
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

// simple returns the lengths of the Fixed Header and of the packet that begins data, if the packet is there and it takes no plan to know that it is kept
// whole: one of up to 127 bytes, or a PUBLISH with a Remaining Length of two bytes. Otherwise n is 0.
func (f *feed) simple(data []byte) (header, n int) {
	if len(data) < 2 {
		return 0, 0
	}
	body := int(data[1])
	header = 2
	if body > 0x7F {
		if len(data) < 3 || data[2] > 0x7F || Type(data[0]>>4) != PUBLISH {
			return 0, 0
		}
		body = body&0x7F | int(data[2])<<7
		header = 3
	}
	if n = header + body; body > f.c.opts.PayloadHead || n > len(data) {
		return 0, 0
	}
	return header, n
}

// resume goes on with the packet that carry begins.
func (f *feed) resume(data []byte) []byte {
	s := f.s
	for {
		pl := f.c.plan(s, s.carry)
		want := pl.keep
		if pl.need > 0 {
			want = pl.need
		}
		switch {
		case pl.lost != "":
			all := append(append(make([]byte, 0, len(s.carry)+len(data)), s.carry...), data...)
			s.settle()
			f.lose(&pl, all[0])
			return all
		case want > len(s.carry):
			n := min(want-len(s.carry), len(data))
			s.hold(data[:n], want)
			if data = data[n:]; want > len(s.carry) {
				return nil
			}
		case pl.total > int64(len(s.carry)):
			f.startLarge(&pl, s.release())
			return data
		default:
			f.packet(s.carry, &pl, nil)
			s.off += pl.total
			s.settle()
			return data
		}
	}
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
	f.s.large, f.s.mode = l, modeStreaming
	f.s.off += int64(len(head))
}

// stream takes the rest of a large packet.
func (f *feed) stream(data []byte) []byte {
	l := f.s.large
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
	l := f.s.large
	f.s.large, f.s.mode = nil, modeSynced
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
	f.s.search.first++ // this byte is out of the question
}

func (f *feed) loseAliases() {
	f.s.aliases, f.s.partial = nil, true
}

// time returns when the last byte before the stream offset end was fed.
func (f *feed) time(end int64) Time {
	if f.s.search == nil {
		return f.t
	}
	return f.s.search.timeOf(end, f.t)
}
