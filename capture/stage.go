package capture

import (
	"encoding/binary"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A stage stands between TCP and MQTT and takes off what lies around MQTT, as WebSocket does. Bytes go in as TCP brings them,
// bytes come out as a stream of its own that starts anew: what is in it is judged as if it came from TCP.
//
//	TCP ─ data, gap ─▶ stage ─ bytes, missing ─▶ early (MQTT?) ─▶ Segment
//
// A side is one end of the connection, 0 or 1.
type stage interface {
	// data takes the next bytes of one end. They are not changed and not kept.
	data(side uint8, b []byte, t decode.Time)
	// gap says that n bytes of one end are missing here.
	gap(side uint8, n int64, t decode.Time)
	// client returns which end is the Client, if what the stage saw tells.
	client() (side uint8, known bool)
	// promised reports whether the ends agreed to speak MQTT inside.
	promised() bool
	// whole reports whether what one end sends inside is seen from its first byte.
	whole(side uint8) bool
	// name is what ConnInfo.Transport and, where there is no MQTT inside, SourceStats.Other call it.
	name() string
}

// An inside is where a stage hands on what it took out.
type inside interface {
	// bytes takes the next bytes; they must stay as they are until the batch was handed on.
	bytes(side uint8, b []byte, t decode.Time)
	// missing says that bytes are missing; n is how many are, 0 where that is not known, of what the stage got.
	missing(side uint8, n int64, t decode.Time)
	// room returns memory for at least one and at most n bytes, to be filled and given to bytes.
	room(n int) []byte
	// refuse ends the stage: what is inside cannot be read, for the reason given.
	refuse(label string)
	// count counts something that was not decoded.
	count(what string)
}

// stagedFlow is the inside of a flow's stage.
type stagedFlow struct {
	a *assembler
	f *flow
}

func (s stagedFlow) bytes(side uint8, b []byte, t decode.Time) {
	s.a.unpacking = true // b may lie in the arena
	s.a.payload(s.f, side, b, t)
	s.a.unpacking = false
}

func (s stagedFlow) missing(side uint8, n int64, t decode.Time) { s.a.missing(s.f, side, n, t) }

func (s stagedFlow) room(n int) []byte { return s.a.room(n) }

func (s stagedFlow) count(what string) { s.a.dissector.not(what) }

func (s stagedFlow) refuse(label string) {
	if s.f.kind == undecided {
		s.a.other(s.f, label)
		return
	}
	s.a.dissector.not(label)
}

// maxRoom is how many bytes that stages unpacked wait for the Sink.
const maxRoom = 64 << 10

// room returns memory that stays until flush, at least one and at most n bytes.
func (a *assembler) room(n int) []byte {
	if a.arena == nil {
		a.arena = make([]byte, 0, maxRoom)
	}
	if len(a.arena) == cap(a.arena) {
		a.flush()
	}
	from := len(a.arena)
	to := min(from+n, cap(a.arena))
	a.arena = a.arena[:to]
	return a.arena[from:to:to]
}

// deliver takes the bytes of a connection in their order.
func (a *assembler) deliver(f *flow, side uint8, data []byte, t decode.Time) {
	if f.stage == nil && f.kind == isMQTT {
		a.emitData(f, side, data, t)
		return
	}
	if f.stage != nil {
		f.stage.data(side, data, t)
		return
	}
	if f.early == nil && f.kind == undecided && a.preface(f, side, data) {
		f.stage.data(side, data, t)
		return
	}
	a.payload(f, side, data, t)
}

// gap takes the news that n bytes of one direction are missing.
func (a *assembler) gap(f *flow, side uint8, n int64, t decode.Time) {
	if f.stage != nil {
		f.stage.gap(side, n, t)
		return
	}
	a.missing(f, side, n, t)
}

// wrap puts a stage into f. What waited for a verdict, and then data, goes through it.
func (a *assembler) wrap(f *flow, s stage, side uint8, data []byte, t decode.Time) {
	f.stage = s
	e := f.early
	f.early = nil
	a.early -= e.cost
	for i, w := range e.entries {
		switch {
		case f.stage == nil:
			return // refused
		case i < e.side[w.side].from: // it made no sense
		case w.isGap:
			s.gap(w.side, w.gap, w.time)
		default:
			s.data(w.side, w.data, w.time)
		}
	}
	if len(data) > 0 && f.stage != nil {
		s.data(side, data, t)
	}
}

// unmask takes the mask off src into dst, which are as long, beginning with byte pos of the mask (RFC 6455, section 5.3).
func unmask(dst, src []byte, mask [4]byte, pos uint64) {
	var key [8]byte
	for i := range key {
		key[i] = mask[(pos+uint64(i))&3]
	}
	k := binary.LittleEndian.Uint64(key[:])
	for len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^k)
		dst, src = dst[8:], src[8:]
	}
	for i := range src {
		dst[i] = src[i] ^ key[i]
	}
}
