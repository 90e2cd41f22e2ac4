package decode

// Options bound what a Conn keeps. The zero value means the defaults.
type Options struct {
	// PayloadHead is how many bytes of an Application Message's payload are kept; default 4096. The hash and the
	// length are always of the whole.
	PayloadHead int
	// MaxPacket is the largest Control Packet other than PUBLISH, and the largest Variable Header of a PUBLISH, that is
	// decoded; default 1 MiB. A larger one is counted and skipped over, with an Error that says so.
	MaxPacket int
}

// A Handler takes what a Conn finds. Both are called on the goroutine that called Feed.
type Handler interface {
	// Packet is called for each Control Packet; p is valid until it returns.
	Packet(c *Conn, p *Packet)
	// Loss is called where bytes did not become packets.
	Loss(c *Conn, l Loss)
}

// LossCause says why bytes did not become packets.
type LossCause uint8

// The causes of a Loss.
const (
	// LossGap: the bytes are not in the capture.
	LossGap LossCause = iota
	// LossUndecodable: no Control Packet could begin there. It is told at once, when the number of bytes is not known yet;
	// the bytes follow as LossResync.
	LossUndecodable
	// LossResync: bytes skipped between a gap, an undecodable place or the start of a capture in mid-stream, and the next
	// packet boundary.
	LossResync
	// LossTruncated: the connection or the capture ended inside a Control Packet, or a gap did not leave enough of one.
	// Bytes counts those of it that were there.
	LossTruncated
)

// String says in a word what became of the bytes.
func (c LossCause) String() string {
	switch c {
	case LossGap:
		return "gap"
	case LossTruncated:
		return "cut"
	case LossUndecodable:
		return "undecoded"
	}
	return "skipped"
}

// A Loss is a run of bytes of one direction that did not become packets.
type Loss struct {
	Time   Time
	Dir    Direction
	Cause  LossCause
	Offset int64 // of the first byte
	Bytes  int64 // 0 where not known
	Err    *Error
}

// The defaults of Options.
const (
	defaultPayloadHead = 4 << 10
	defaultMaxPacket   = 1 << 20
)

func (o *Options) withDefaults() Options {
	var v Options
	if o != nil {
		v = *o
	}
	if v.PayloadHead <= 0 {
		v.PayloadHead = defaultPayloadHead
	}
	if v.MaxPacket <= 0 {
		v.MaxPacket = defaultMaxPacket
	}
	return v
}

// Conn decodes both directions of one Network Connection. It is not safe for concurrent use.
//
// The Fixed Header decides where a packet ends, and a body that is wrong only sets Packet.Err. A header with a reserved
// type or wrong flags is stepped over by its length too, if that is at most 4 KiB. Framing is lost, which a LossUndecodable
// tells, where the Remaining Length has a fifth byte, at the second such header in a row, and at a length that is
// implausible: a type that is short gets longer than its properties explain, anything but a PUBLISH exceeds 16 MiB (or
// Options.MaxPacket), or a PUBLISH of more than 64 KiB has no topic to show for it. A Conn then searches for the next
// packet boundary as it does after a gap and at a start in mid-stream: packets that parse one after the other add up
// evidence until a chance hit is as unlikely as 1 in 2^32.
//
// For each direction a Conn keeps at most an incomplete packet (Options.MaxPacket and Options.PayloadHead), 64 KiB plus
// one Feed while it searches, and 1 MiB of Topic Aliases; nothing of these while there is no need.
type Conn struct {
	// Attachment belongs to whoever is handed the Conn's segments (the engine keeps its own state of the connection here).
	Attachment any

	// What most packets take, of either direction, stands in the first 64 bytes, which are one line of the processor's cache: with thousands of connections
	// reading a line is waiting for memory.
	packet   *Packet // what is decoded stands here; see DecodeInto
	halves   [2]half
	version  Version // where known is set
	known    bool    // a CONNECT was seen
	evidence int8    // for a version, until then
	plain    uint16  // up to which Remaining Length a packet takes no plan; see feed.plain

	kept [2]kept
	opts Options
	Info ConnInfo
}

// NewConn returns a Conn that has seen nothing yet. A nil opts means the defaults.
func NewConn(info ConnInfo, opts *Options) *Conn {
	c := &Conn{Info: info, opts: opts.withDefaults()}
	c.plain = uint16(min(c.opts.PayloadHead, max(c.opts.MaxPacket-2, 0), 1<<14-1))
	return c
}

// DecodeInto makes c decode into p, which all Conns may share that are never used at the same time: thousands of them are then less memory, and p stays in
// the processor's cache. A Conn that was not told has a Packet of its own.
func (c *Conn) DecodeInto(p *Packet) { c.packet = p }

// Undecided reports whether bytes of one direction have come of which it is not known yet where packets begin, and whether that is news: otherwise than
// when it was asked last. At the beginning, and after Finish, there are none, which is no news.
func (c *Conn) Undecided(dir Direction) (yes, news bool) {
	s := &c.halves[dir]
	if s.mode == modeSearching {
		yes = len(c.kept[dir].search.buf) > 0
	}
	news = yes != s.told
	s.told = yes
	return yes, news
}

// Feed takes the next bytes of one direction and calls h for each packet that is whole by then. Where data is cut makes
// no difference. Feed keeps nothing of data; packets that lie wholly in it are decoded in place.
func (c *Conn) Feed(dir Direction, t Time, data []byte, h Handler) {
	f := c.feed(dir, t, h)
	if f.s.mode == modeSynced {
		if data = f.plain(data); len(data) == 0 {
			return
		}
	}
	f.run(data)
	f.done()
}
