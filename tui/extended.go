package tui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// An extended ladder is one delivery with all its legs: the publisher, the broker, and every subscriber, each with a lifeline.
type extended struct {
	place
	id   uint64 // of the delivery; 0 until it is known
	of   uint64 // the handshake that it is looked for by
	data *watch.DeliveryLadder
	gone bool // it was asked for and is not kept
	from struct {
		level  level
		focus  int
		ladder uint64 // the handshake that was open
	}
	below bool // a handshake was opened from here: Esc leads back
	side  int  // the first subscriber that is shown
	rungs []legRung
	head  int // lines above the first rung, as drawn
	shown int // subscribers that fit, as drawn
	ladderLook
}

// A legRung is one line of an extended ladder.
type legRung struct {
	rung
	lane  int    // 0 is the publisher's leg, k that of subscriber k
	brief string // the label in few words
	who   string // the subscriber, raw
	look  legLook
	// reason is set where the label says why it was refused.
	reason bool
	coloured
	// key tells the rung from the others as more come.
	key       uint64
	handshake uint64 // 0 for none
}

// legLook is how a rung is drawn beside its kind.
type legLook uint8

const (
	lookPlain   legLook = iota
	lookTold            // the publisher's last acknowledgement
	lookMissing         // a packet that should have been sent
	lookQueued          // a copy that waits in the broker
)

// open shows a delivery: that of the ID, or where it is 0 the one a handshake belongs to.
func (x *extended) open(id, of uint64) {
	*x = extended{id: id, of: of, place: place{height: x.height}, from: x.from, ladderLook: x.ladderLook}
}

// sync takes in what a Snapshot has of the delivery.
func (x *extended) sync(p *pen, d *watch.DeliveryLadder, now decode.Time) {
	if d != nil {
		x.id, x.data, x.gone = d.ID, d, false
	}
	if x.data == nil {
		return
	}
	x.rungs = p.legRungs(x.data, now)
	if x.compact {
		compactLegs(x.rungs)
	}
	ids := make([]uint64, len(x.rungs))
	for i := range x.rungs {
		ids[i] = x.rungs[i].key
	}
	x.place.sync(0, len(ids), ids)
}

func (x *extended) current() *legRung {
	if x.cursor >= 0 && x.cursor < len(x.rungs) {
		return &x.rungs[x.cursor]
	}
	return nil
}

// subscribers counts the lifelines of subscribers.
func (x *extended) subscribers() int {
	if x.data == nil {
		return 0
	}
	return len(x.data.Copies)
}

// shift scrolls the subscribers sideways.
func (x *extended) shift(n int) { x.side = max(0, min(x.side+n, x.subscribers()-max(x.shown, 1))) }

// reveal scrolls sideways to the lane of the rung under the cursor.
func (x *extended) reveal() {
	r := x.current()
	if r == nil || r.lane == 0 {
		return
	}
	x.side = max(min(x.side, r.lane-1), r.lane-max(x.shown, 1))
}

// legRungs lists every step of every leg in the order of time, and last what is owed, or why nothing more will come.
func (p *pen) legRungs(d *watch.DeliveryLadder, now decode.Time) []legRung {
	out := p.ingressSteps(d)
	var owed []legRung
	if d.Ingress != nil {
		owed = append(owed, p.legEnding(d.Ingress, 0, now)...)
	}
	for i := range d.Copies {
		row := legRow(d, i)
		steps, ending := p.copySteps(&d.Copies[i], row, i+1), p.copyEnding(d, i, row, now)
		for _, rungs := range [][]legRung{steps, ending} {
			for k := range rungs {
				rungs[k].who = legName(&d.Copies[i])
			}
		}
		out, owed = append(out, steps...), append(owed, ending...)
	}
	slices.SortStableFunc(out, func(a, b legRung) int { return compareTimes(a.time, b.time) })
	for i := range out {
		r := &out[i]
		if i > 0 {
			r.delta = r.time - out[i-1].time
		}
		if r.client = r.who; r.lane == 0 {
			r.client = d.Publisher
		}
	}
	for i := range owed {
		owed[i].key = 1<<40 | uint64(owed[i].lane)<<8 | uint64(i&0xff)
	}
	return append(out, owed...)
}

// compactLegs leaves of each packet its name and what is not as usual, and of remarks the first words: what a subscriber waits for is to be seen.
func compactLegs(rungs []legRung) {
	for i := range rungs {
		r := &rungs[i]
		if r.kind == rungGhost {
			continue
		}
		if r.kind == rungStep && r.id != 0 {
			r.brief = strings.Replace(r.brief, " "+strconv.Itoa(int(r.id)), "", 1)
		}
		r.label, r.reason = r.brief, false
	}
}

func compareTimes(a, b decode.Time) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// legRow returns the handshake of copy i, or nil.
func legRow(d *watch.DeliveryLadder, i int) *watch.Row {
	if i < len(d.Legs) {
		return d.Legs[i]
	}
	return nil
}

// ingressSteps are those of the publisher. A Will Message has none.
func (p *pen) ingressSteps(d *watch.DeliveryLadder) []legRung {
	var out []legRung
	switch {
	case d.Ingress != nil:
		out = p.rowSteps(d.Ingress, 0)
	case d.Will:
		out = []legRung{{rung: rung{kind: rungNote, time: d.At, label: "Will Message"}, brief: "Will", key: 1}}
	default:
		out = []legRung{bareStep(0, d.At, decode.PUBLISH, decode.FromClient, d.QoS, d.Handshake)}
		if d.Told != 0 {
			out = append(out, bareStep(0, d.Told, lastAck(d.QoS), decode.FromServer, d.QoS, d.Handshake))
		}
	}
	for i := range out {
		if r := &out[i]; d.Told != 0 && r.time == d.Told && r.kind == rungStep && r.dir == decode.FromServer {
			r.look = lookTold
			r.label += ": told"
			r.brief += " told"
		}
	}
	return out
}

func lastAck(qos uint8) decode.Type {
	if qos == 2 {
		return decode.PUBCOMP
	}
	return decode.PUBACK
}

// copySteps are those of one subscriber: of its handshake, or where there is none from the times of the copy.
func (p *pen) copySteps(c *watch.DeliveryCopy, row *watch.Row, lane int) []legRung {
	if row != nil {
		return p.rowSteps(row, lane)
	}
	var out []legRung
	add := func(t decode.Time, typ decode.Type, dir decode.Direction) {
		if t != 0 {
			out = append(out, bareStep(lane, t, typ, dir, c.QoS, c.Handshake))
		}
	}
	add(c.Forwarded, decode.PUBLISH, decode.FromServer)
	if c.QoS == 2 {
		add(c.Received, decode.PUBREC, decode.FromClient)
		add(c.Released, decode.PUBREL, decode.FromServer)
	}
	if c.QoS > 0 && c.Outcome == delivery.Acknowledged {
		add(c.Ended, lastAck(c.QoS), decode.FromClient)
	}
	return out
}

// bareStep is a step of which only the time is known.
func bareStep(lane int, t decode.Time, typ decode.Type, dir decode.Direction, qos uint8, id uint64) legRung {
	r := legRung{rung: rung{kind: rungStep, time: t, dir: dir, label: typ.String(), step: -1}, lane: lane, handshake: id, coloured: coloured{typ: typ}}
	r.brief, r.key = r.label, stepKey(lane, int(typ))
	if typ == decode.PUBLISH && qos <= 2 {
		r.label += " Q" + strconv.Itoa(int(qos))
	}
	return r
}

func stepKey(lane, step int) uint64 { return uint64(lane)<<8 | uint64(step&0xff) + 1 }

// rowSteps are the packets of a handshake.
func (p *pen) rowSteps(row *watch.Row, lane int) []legRung {
	l := &watch.Ladder{Row: *row}
	out := make([]legRung, 0, len(row.Steps))
	for i := range row.Steps {
		s := &row.Steps[i]
		r := legRung{rung: p.stepRung(l, i), lane: lane, key: stepKey(lane, i), handshake: row.ID, coloured: coloured{typ: s.Type, resent: s.Dup, id: row.PacketID}}
		r.brief = s.Type.String() + " " + strconv.Itoa(int(row.PacketID))
		if s.Dup {
			r.brief += " " + p.g.Dup + "DUP"
		}
		if s.Reason != 0 && s.Type != decode.PUBLISH {
			r.brief += " " + hexCode(s.Reason)
			r.reason = true
		}
		out = append(out, r)
	}
	return out
}

// legEnding is what stands below the last packet of a handshake.
func (p *pen) legEnding(row *watch.Row, lane int, now decode.Time) []legRung {
	var out []legRung
	for _, r := range p.ending(&watch.Ladder{Row: *row}, now) {
		r.time = 0
		out = append(out, legRung{rung: r, lane: lane, brief: r.label, handshake: row.ID})
	}
	return out
}

// copyEnding is what a copy waits for, or why nothing more comes of it.
func (p *pen) copyEnding(d *watch.DeliveryLadder, i int, row *watch.Row, now decode.Time) []legRung {
	c, lane := &d.Copies[i], i+1
	since := d.Commit
	if since == 0 {
		since = d.At
	}
	publish := decode.PUBLISH.String() + "? " + age(now.Sub(since))
	one := func(kind rungKind, look legLook, label, brief string) []legRung {
		return []legRung{{rung: rung{kind: kind, dir: decode.FromServer, label: label}, brief: brief, lane: lane, look: look, handshake: c.Handshake}}
	}
	doubt := ""
	if c.Doubt != delivery.NoDoubt {
		doubt = ": " + c.Doubt.String()
	}
	switch c.Outcome {
	case delivery.NotForwarded:
		if c.Doubt == delivery.DoubtEnded {
			words := p.g.Stuck + " " + c.Outcome.String()
			return one(rungNote, lookMissing, p.g.Stuck+" "+c.Outcome.Words(c.Doubt), words)
		}
		return one(rungGhost, lookMissing, publish, publish)
	case delivery.Waiting:
		if awaitsRelease(d) {
			return one(rungNote, lookQueued, p.g.Waiting+" waits for the publisher's PUBREL", p.g.Waiting+" waits for PUBREL")
		}
		return one(rungGhost, lookPlain, publish, publish)
	case delivery.Queued:
		words := p.g.Waiting + " queued"
		return one(rungNote, lookQueued, words+": "+queueWords(d, i), words)
	case delivery.Abandoned, delivery.Expired:
		if row == nil || row.State != handshake.Abandoned {
			words := p.g.Abandoned + " " + c.Outcome.String()
			return one(rungNote, lookPlain, words+doubt, words)
		}
	case delivery.Unknown:
		return one(rungNote, lookPlain, p.g.Late+" unknown"+doubt, p.g.Late+" unknown")
	}
	if row != nil {
		return p.legEnding(row, lane, now)
	}
	return nil
}

// queueWords says what a queued copy waits for: "window 5/5, oldest id 12".
func queueWords(d *watch.DeliveryLadder, i int) string {
	if i >= len(d.Windows) || !d.Windows[i].Connected {
		return "subscriber offline"
	}
	w := &d.Windows[i]
	words := "window " + strconv.Itoa(w.InFlight)
	if w.Limit > 0 {
		words += "/" + strconv.Itoa(w.Limit)
	}
	if w.Oldest != 0 {
		words += ", oldest id " + strconv.Itoa(int(w.Oldest))
	}
	return words
}
