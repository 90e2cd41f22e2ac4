package capture

import "github.com/mqttwatch/mqttwatch/decode"

// Bounds of what is remembered of TCP.
const (
	defaultFlows = 200_000
	// otherShare is the part of them that may carry no MQTT, as far as is known.
	otherShare        = 4
	defaultReorder    = 1 << 20  // bytes behind holes, per connection
	defaultReorderAll = 16 << 20 // in total; as many again may wait for a verdict
	batchSize         = 256

	// farOff is how far from the expected sequence number a segment cannot belong to the same connection.
	farOff = 1 << 26
	// lateSYN is how many bytes may come before their SYN.
	lateSYN = 64 << 10
	// firstWindow is how many bytes an end may send before it is acknowledged, unless the SYN says otherwise.
	firstWindow = 64 << 10
	// ackAhead bounds how much of one direction is taken as missed because the other acknowledged it.
	ackAhead = 16 << 20
)

// A limits bounds an assembler. Zero values mean the defaults.
type limits struct {
	flows      int
	reorder    int
	reorderAll int
}

func (l *limits) defaults() {
	for _, d := range []struct {
		v   *int
		def int
	}{{&l.flows, defaultFlows}, {&l.reorder, defaultReorder}, {&l.reorderAll, defaultReorderAll}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
}

// An assembler turns frames into segments: TCP connections are put in order, those that carry MQTT are handed on.
//
//	frame → dissector → flow → half (in order? else waiting) → early (MQTT?) → batch → sink
//
// It knows no clock: time is that of the frames, and of tick.
type assembler struct {
	limits  limits
	ports   map[uint16]bool // where MQTT is expected; true: and nothing else
	options *decode.Options
	sink    Sink
	source  string // ConnInfo.Source of the connections that begin

	dissector *dissector
	flows     *flowTable
	ends      endBook
	batch     []decode.Segment
	arena     []byte // what stages unpacked since the last flush
	unpacking bool   // what was unpacked last is being handed on
	nextID    uint64

	now       decode.Time
	check     decode.Time // when attention is looked at again
	attention []*flow     // flows with a hole or with an end that is not told yet
	holes     int         // flows with a hole
	held      int         // bytes that wait behind holes
	early     int         // bytes that wait for a verdict
	open      int         // flows that carry MQTT and have not ended
	forgot    uint64      // flows evicted to keep to the bound
	deaf      int         // flows that carry MQTT of which one end only was seen, be they closed by now

	count counters
}

// counters are what an assembler contributes to SourceStats.
type counters struct {
	frames, bytes, tcp, cut, resent uint64
	gaps, gapBytes                  uint64
	connections                     uint64
	other                           map[string]uint64
	first, last                     decode.Time
}

func newAssembler(seed uint64, ports []uint16, options *decode.Options, sink Sink) *assembler {
	a := &assembler{
		ports:     map[uint16]bool{1883: false},
		options:   options,
		sink:      sink,
		dissector: newDissector(),
		flows:     newFlowTable(seed),
		batch:     make([]decode.Segment, 0, batchSize),
	}
	a.limits.defaults()
	for _, p := range ports {
		a.ports[p] = true
	}
	a.count.other = map[string]uint64{}
	return a
}

// frame takes the next frame. Segments that it makes may point into its bytes until flush.
func (a *assembler) frame(f *frame) {
	c := &a.count
	if c.frames == 0 {
		c.first = f.time
	}
	c.frames++
	c.bytes += uint64(len(f.data))
	if f.wire > len(f.data) {
		c.cut++
	}
	s := &a.dissector.seg
	s.time = f.time
	if (f.link == linkEthernet && s.plain(f.data)) || a.dissector.general(f) {
		a.tcp(s)
	} else if f.time > c.last {
		a.pass(f.time)
	}
}

// tcp takes the segment that a frame has brought. The frame is counted by who read it.
func (a *assembler) tcp(s *tcpSegment) {
	a.count.tcp++
	if s.time > a.count.last {
		a.pass(s.time)
	}
	if len(s.data) == 0 && s.missing == 0 && s.flags&(tcpSYN|tcpFIN|tcpRST) == 0 {
		a.bare(s)
		return
	}
	a.segment(s)
}

// pass says that a frame has come that is later than all before.
func (a *assembler) pass(t decode.Time) {
	a.count.last = t
	a.reach(t)
}

// reach says that time has come to now.
func (a *assembler) reach(now decode.Time) {
	if now <= a.now {
		return
	}
	a.now = now
	if len(a.attention) > 0 && now >= a.check {
		a.attend()
	}
}

// bare takes an acknowledgement alone, as four of ten frames are. It may prove a hole, also one behind which nothing came yet.
func (a *assembler) bare(s *tcpSegment) {
	f := a.flows.find(&s.key)
	if f == nil || f.closed || f.kind == isOther {
		return // the rest of a connection of which nothing will be known, or that is of no interest
	}
	if h := &f.half[s.side]; !h.started && s.flags&tcpACK != 0 {
		lost := h.lostBefore(s.seq)
		if h.startBare(s.seq); lost > 0 {
			a.gap(f, s.side, lost, s.time)
		}
	}
	if h := &f.half[s.side]; h.trust != matchData {
		h.vouch(s.seq)
	}
	if f.waiting != nil {
		a.segment(s)
		return
	}
	f.last = s.time
	if !f.half[s.side].heard {
		a.hear(f, s.side)
	}
	if other := s.side ^ 1; s.flags&tcpACK != 0 && f.half[other].acknowledge(s.ack) {
		a.suspect(f, other)
	}
}

// start begins a direction with s, if it can.
func (a *assembler) start(f *flow, h *half, s *tcpSegment) bool {
	lost := h.lostBefore(s.seq)
	if !h.start(s) {
		return false
	}
	if lost > 0 {
		a.gap(f, s.side, lost, s.time)
	}
	return true
}

// tick says that time has come to now without a frame.
func (a *assembler) tick(now decode.Time) {
	if now > a.now {
		a.now = now
	}
	a.attend()
	a.emit(decode.Segment{Kind: decode.Tick, Time: a.now})
	a.flush()
}

func (a *assembler) segment(s *tcpSegment) {
	f := a.flows.find(&s.key)
	if f == nil {
		if len(s.data) == 0 && s.missing == 0 && s.flags&tcpSYN == 0 {
			return // the rest of a connection of which nothing will be known
		}
		f = a.begin(s)
	}
	if s.flags&tcpSYN != 0 {
		if f = a.syn(f, s); len(s.data) == 0 {
			return
		}
		s.seq++ // the SYN itself; data in it is TCP Fast Open (RFC 7413)
	}
	f.last = s.time
	h, o := &f.half[s.side&1], &f.half[s.side&1^1]
	if !h.heard {
		a.hear(f, s.side)
	}
	if f.closed || f.kind == isOther {
		a.dead(f, s)
		return
	}
	ahead := s.flags&tcpACK != 0 && o.acknowledge(s.ack) && len(s.data) > 0
	if w := f.waiting; w != nil {
		ahead = ahead || w.answers(s)
		w.vouch(o, s)
	}
	if s.flags&tcpRST != 0 {
		a.reset(f, s)
		return
	}
	if !h.started && !a.start(f, h, s) {
		a.fill(f)
		return
	}
	if h.bare && len(s.data)+s.missing > 0 {
		h.firstBytes(s)
	}
	if s.seq == h.next && f.waiting == nil && !ahead && !h.fin {
		a.take(f, s.side, s)
		return
	}
	a.unusual(f, s, ahead)
}
