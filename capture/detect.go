package capture

import (
	"bytes"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	// maxEarly bounds the memory of a connection that waits for a verdict: each byte is there twice.
	maxEarly      = 64 << 10
	entryOverhead = 64
	// maxTries is in how many segments of a connection joined in mid-stream a packet boundary is looked for.
	maxTries = 16
	maxLater = 512 // entries
)

// What a connection without MQTT looks like, as SourceStats.Other names it.
const (
	looksTLS       = "TLS"
	looksWebSocket = "WebSocket"
	looksHTTP      = "HTTP"
	looksElse      = "not MQTT"
	looksEmpty     = "no data"
)

// early is what a connection sent before it was known what it carries.
type early struct {
	entries []entry
	bytes   int
	cost    int // memory
	side    [2]earlySide
}

// entry is one segment that waits: data, or a gap.
type entry struct {
	data  []byte
	gap   int64
	time  decode.Time
	side  uint8
	isGap bool
}

// earlySide is the beginning of one direction, as far as there is no hole in it.
type earlySide struct {
	begin []byte
	guess decode.Guess
	ws    wsGuess // if WebSocket frames begin there
	tries int
	from  int  // the entry with which begin begins
	holed bool // bytes before begin are missing, or the connection was joined
	ended bool // bytes after begin are missing
}

// payload hands on bytes of a connection, or keeps them until it is known what it carries.
func (a *assembler) payload(f *flow, side uint8, data []byte, t decode.Time) {
	switch f.kind {
	case isMQTT:
		a.emitData(f, side, data, t)
		return
	case isOther:
		return
	}
	if f.early == nil {
		f.early = newEarly(f)
	}
	e, stage := f.early, f.stage
	if len(e.entries) == 0 {
		// Most often the first segment tells: then nothing is copied.
		e.side[side].begin = data
		wrapper := a.judge(f, side)
		switch {
		case wrapper != nil:
			a.wrap(f, wrapper, side, data, t)
			return
		case f.kind == isMQTT:
			a.emitData(f, side, data, t)
			return
		case f.kind == isOther:
			return
		}
		e.side[side].begin = bytes.Clone(e.side[side].begin)
	}
	first := len(e.entries) == 0
	e.entries = append(e.entries, entry{data: bytes.Clone(data), time: t, side: side})
	a.charge(e, 2*len(data)+entryOverhead)
	e.bytes += len(data)
	if s := &e.side[side]; !first {
		if s.ended { // look anew behind the hole
			*s = earlySide{holed: true, tries: s.tries, from: len(e.entries) - 1}
		}
		s.begin = append(s.begin, data...)
		if wrapper := a.judge(f, side); wrapper != nil {
			a.wrap(f, wrapper, side, nil, t)
		}
	}
	if s := &e.side[side]; len(s.begin) == 0 {
		s.from = len(e.entries)
	}
	if f.kind == undecided && f.stage == stage && (e.cost > maxEarly || len(e.entries) > maxLater || a.early > a.limits.reorderAll) {
		a.conclude(f)
	}
}

func newEarly(f *flow) *early {
	e := &early{}
	for side := range uint8(2) {
		e.side[side].holed = !f.begun && (f.stage == nil || !f.stage.whole(side))
	}
	return e
}

// judge looks at what side sent so far and decides, if it tells. It returns the stage that is to look inside, if one is.
func (a *assembler) judge(f *flow, side uint8) stage {
	s := &f.early.side[side]
	s.guess = decode.Classify(s.begin)
	if f.stage == nil {
		if ws, wait := a.judgeWebSocket(f, side); ws != nil || wait {
			return ws
		}
	}
	force, known := a.expected(f)
	kind := s.guess.Kind
	if kind == decode.GuessOther && maybeText(s.begin) {
		kind = decode.GuessNeedMore
	}
	switch kind {
	case decode.GuessTLS:
		a.other(f, looksTLS)
	case decode.GuessWebSocket:
		a.other(f, looksWebSocket)
	case decode.GuessHTTP:
		a.other(f, looksHTTP)
	case decode.GuessConnect:
		a.found(f)
	case decode.GuessPlausible:
		if known || f.evidence() >= decode.SureBits {
			a.found(f)
		}
	case decode.GuessNeedMore:
		if known && !maybeText(s.begin) {
			a.found(f)
		}
	case decode.GuessOther:
		switch {
		case force || known && (s.holed || maybeHeader(s.begin[0])):
			a.found(f)
		case known || !s.holed:
			a.other(f, looksElse)
		default: // perhaps the next segment begins where a packet does
			if s.tries++; s.tries > maxTries {
				a.other(f, looksElse)
			}
			s.begin, s.guess = nil, decode.Guess{}
		}
	}
	return nil
}

// maybeHeader reports whether b can be the first byte of a Control Packet: a bad one, on a port of MQTT, is shown
// as what it is.
func maybeHeader(b byte) bool {
	switch decode.Type(b >> 4) {
	case decode.RESERVED0:
		return false
	case decode.PUBLISH:
		return b&0x06 != 0x06 // there is no QoS 3
	case decode.PUBREL, decode.SUBSCRIBE, decode.UNSUBSCRIBE:
		return b&0x07 == 0x02 // with DUP before 3.1.1
	}
	return b&0x0F == 0
}

// maybeText reports whether b could be the first bytes of a TLS record, of an HTTP request or of a response, of which
// too few are there to tell, or the end of the header is not.
func maybeText(b []byte) bool {
	if b[0] >= 20 && b[0] <= 24 && (len(b) == 1 || len(b) == 2 && b[1] == 3) {
		return true
	}
	for _, method := range [...]string{"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "DELETE ", "PATCH ", "CONNECT ", "HTTP/1."} {
		if n := min(len(b), len(method)); string(b[:n]) == method[:n] {
			return true
		}
	}
	return false
}

// expected reports whether MQTT is expected on a port of the flow, and whether the user insists.
func (a *assembler) expected(f *flow) (force, known bool) {
	for side := range uint8(2) {
		if insist, ok := a.ports[f.key.port(side)]; ok {
			known = true
			force = force || insist
		}
	}
	known = known || f.stage != nil && f.stage.promised()
	return force, known
}

// evidence sums the bits of both directions, unless they contradict each other.
func (f *flow) evidence() int {
	sum := 0
	g := [2]decode.Guess{f.early.side[0].guess, f.early.side[1].guess}
	for i := range g {
		if g[i].Kind == decode.GuessPlausible {
			sum += g[i].Bits
		}
	}
	one, oneTells := g[0].Sender()
	two, twoTells := g[1].Sender()
	if oneTells && twoTells && one == two {
		return 0
	}
	return sum
}

// conclude decides with what there is, at the end of a connection or of the patience.
func (a *assembler) conclude(f *flow) {
	if f.early == nil || f.early.bytes == 0 {
		a.other(f, looksEmpty)
		return
	}
	force, known := a.expected(f)
	if label := f.text(); label != "" && !force {
		a.other(f, label)
	} else if force || known || f.evidence() >= decode.SureBits {
		a.found(f)
	} else {
		a.other(f, looksElse)
	}
}

// text names what began like TLS or HTTP and ended before it could be told.
func (f *flow) text() string {
	for i := range f.early.side {
		begin := f.early.side[i].begin
		switch {
		case len(begin) == 0 || !maybeText(begin):
		case len(begin) >= len("GET "):
			return looksHTTP
		case len(begin) < 3 && begin[0] < 0x20:
			return looksElse
		}
	}
	return ""
}

// other puts a connection aside that does not carry MQTT.
func (a *assembler) other(f *flow, label string) {
	f.kind = isOther
	if f.stage != nil {
		if name := f.stage.name(); name != "" && !strings.HasPrefix(label, name) {
			label = name
		}
		f.stage = nil
	}
	a.count.other[label]++
	a.dropEarly(f)
	a.release(f)
	f.closed = f.closed || f.half[0].fin || f.half[1].fin
}

func (a *assembler) charge(e *early, n int) {
	e.cost += n
	a.early += n
}

func (a *assembler) dropEarly(f *flow) {
	if f.early != nil {
		a.early -= f.early.cost
		f.early = nil
	}
}

// found makes the Conn of a connection that carries MQTT, and hands on what waited.
func (a *assembler) found(f *flow) {
	f.kind = isMQTT
	a.count.connections++
	a.open++
	a.tellRoles(f)
	a.openConn(f, f.opened)
	for side := range f.half {
		if !f.half[side].heard {
			a.deaf++
		}
	}
	e := f.early
	f.early = nil
	a.early -= e.cost
	for _, s := range e.entries {
		if s.isGap {
			a.missing(f, s.side, s.gap, s.time)
		} else {
			a.emitData(f, s.side, s.data, s.time)
		}
	}
}

// openConn makes a Conn of what is known of a connection, and tells that it is there.
func (a *assembler) openConn(f *flow, opened decode.Time) {
	a.nextID++
	info := decode.ConnInfo{
		ID:           a.nextID,
		Client:       f.key.addr(f.client),
		Server:       f.key.addr(f.client ^ 1),
		Source:       a.source,
		Opened:       opened,
		MidStream:    !f.begun,
		RolesAssumed: f.roles.assumed(),
		ByHeard:      true,
	}
	for side := range uint8(2) {
		info.Whole[f.direction(side)] = f.early != nil && f.isWhole(side) // else it is in its middle
	}
	if f.stage != nil {
		info.Transport = f.stage.name()
	}
	if f.named != nil {
		info.Client, info.Peer = *f.named, info.Client
	}
	f.conn = decode.NewConn(info, a.options)
	a.emit(decode.Segment{Conn: f.conn, Kind: decode.Open, Time: opened})
	for side := range uint8(2) {
		if f.half[side].heard {
			a.tellHeard(f, side)
		}
	}
}
