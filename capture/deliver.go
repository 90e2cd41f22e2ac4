package capture

import (
	"fmt"

	"github.com/mqttwatch/mqttwatch/decode"
)

// missing tells that n bytes of one direction are missing; 0 where it is not known how many.
func (a *assembler) missing(f *flow, side uint8, n int64, t decode.Time) {
	switch f.kind {
	case isMQTT:
		a.count.gaps++
		a.count.gapBytes += uint64(n)
		f.out = max(f.out, t)
		a.emit(decode.Segment{Conn: f.conn, Kind: decode.Gap, Dir: f.direction(side), Bytes: n, Time: f.out})
	case undecided:
		if f.early == nil {
			f.early = newEarly(f)
		}
		e := f.early
		if s := &e.side[side]; len(s.begin) == 0 {
			s.holed = true
		} else {
			s.ended = true
		}
		if len(e.entries) <= maxLater {
			e.entries = append(e.entries, entry{gap: n, isGap: true, side: side, time: t})
			a.charge(e, entryOverhead)
		}
	}
}

func (a *assembler) emitData(f *flow, side uint8, data []byte, t decode.Time) {
	if t > f.out {
		f.out = t
	}
	if f.roles.assumed() {
		a.revise(f, side, data)
	}
	n := len(a.batch) // which is less than batchSize, else it would have been flushed
	a.batch = a.batch[:n+1]
	s := &a.batch[n] // empty since the flush
	s.Conn, s.Kind, s.Dir, s.Data, s.Time = f.conn, decode.Data, f.direction(side), data, f.out
	if n+1 == batchSize {
		a.flush()
	}
}

func (a *assembler) emit(s decode.Segment) {
	a.batch = append(a.batch, s)
	if len(a.batch) >= batchSize {
		a.flush()
	}
}

// hear notes that something of an end was seen for the first time, and tells it where the connection carries MQTT.
func (a *assembler) hear(f *flow, side uint8) {
	f.half[side].heard = true
	if f.conn != nil {
		a.deaf--
		a.tellHeard(f, side)
	}
}

func (a *assembler) tellHeard(f *flow, side uint8) {
	a.emit(decode.Segment{Conn: f.conn, Kind: decode.Heard, Dir: f.direction(side), Time: max(f.opened, f.out)})
}

// notes are remarks for the user on what was seen.
func (a *assembler) notes() []string {
	var notes []string
	if a.forgot > 0 {
		notes = append(notes, "more TCP connections than are remembered: some were forgotten while they were open")
	}
	if a.deaf > 0 {
		of := fmt.Sprintf("of %d MQTT connections", a.deaf)
		if a.deaf == 1 {
			of = "of one MQTT connection"
		}
		notes = append(notes, of+" only one end was seen: does the capture leave out a direction?")
	}
	return notes
}

// flush gives the sink what was made so far.
func (a *assembler) flush() {
	if len(a.batch) > 0 {
		a.sink(a.batch)
		clear(a.batch)
		a.batch = a.batch[:0]
	}
	if !a.unpacking { // else what was unpacked last may come into the next batch
		a.arena = a.arena[:0]
	}
}

// finish is the end of the capture: what waits behind holes is handed on, ends that were seen are told, and so is how far time
// has come: frames without MQTT after the last packet show that its answer was not there to be captured.
func (a *assembler) finish() {
	a.dissector.finish()
	for _, f := range a.flows.flows {
		if !f.used || f.closed {
			continue
		}
		a.giveUpAll(f)
		if f.closed {
			continue
		}
		a.admit(f, true)
		if f.ending != nil {
			a.close(f)
		} else if f.kind == undecided {
			a.conclude(f)
		}
	}
	if a.count.frames > 0 {
		a.emit(decode.Segment{Kind: decode.Tick, Time: a.now})
	}
	a.flush()
}
