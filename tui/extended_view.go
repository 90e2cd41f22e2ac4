package tui

import (
	"slices"
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A column of an extended ladder is no narrower than leastColumn, and no wider than the eye follows.
const (
	leastColumn = 16
	mostColumn  = 44
)

// columns are where the lifelines of an extended ladder stand.
type legColumns struct {
	time, delta int // widths, delta 0 where left out
	left        int // column of the publisher's lifeline
	step        int // from one lifeline to the next
	side, shown int // the subscribers that are shown: from which on, and how many
}

// legColumnsFor divides width among as many subscribers as have room.
func legColumnsFor(width, subscribers, side int) legColumns {
	n := legColumns{time: 8}
	switch {
	case width >= 110:
		n.time, n.delta = 12, 8
	case width >= 80 && subscribers <= 1:
		n.delta = 8
	}
	n.left = 1 + n.time + 2
	if n.delta > 0 {
		n.left += n.delta + 1
	}
	// Half a column is kept at the right, for the name in the middle above the last lifeline.
	room := 2 * (width - n.left - 1)
	fit := max((room/leastColumn-1)/2, 1)
	n.shown = min(subscribers, fit-1)
	n.step = min(max(room/(2*(n.shown+1)+1), 4), mostColumn)
	n.side = max(0, min(side, subscribers-n.shown))
	return n
}

// at is the column of a lane's lifeline: 0 the publisher's, 1 the broker's, from 2 on those of the subscribers that are shown.
func (n *legColumns) at(i int) int { return n.left + i*n.step }

// place returns which of the lifelines shown is that of a subscriber; ok is false where it is scrolled out of sight.
func (n *legColumns) place(lane int) (int, bool) {
	i := lane - 1 - n.side
	return i + 2, i >= 0 && i < n.shown
}

// view draws the ladder: what it is, who takes part, every packet of every leg, and when the publisher was told.
//
//	cmd/pump-2/set  QoS 1  12 bytes                          ✗ not forwarded  exact
//	             scada              broker             pump-2            historian
//	         published Q1       10.0.0.1:1883     sub Q1 got Q1      sub Q1 got -
//	12:01:33   │─ PUBLISH Q1 id 17 ►│                  │                  │
//	    +4ms   │◄─ PUBACK 17 told ──│                  │                  │
//	    +1ms   │                    │── PUBLISH 4 ────►│                  │
//	           │                    │┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ PUBLISH? 8.2s ┄┄┄▷│
//	 The publisher was told before the last subscriber had it.
func (x *extended) view(p *pen, now decode.Time, width, height int, focused bool) []string {
	d := x.data
	if d == nil {
		return x.absent(p, width, height)
	}
	n := legColumnsFor(width, len(d.Copies), x.side)
	x.side, x.shown = n.side, n.shown
	out := append([]string{p.extendedTitle(d, width)}, x.legHead(p, &n, width, height >= roomForAddresses)...)
	if n.shown < len(d.Copies) {
		out = append(out, p.moreLegs(&n, len(d.Copies), width))
	}
	x.head = len(out)
	text := p.toldWords(d, now, width)
	below := min(len(text), (height-len(out))/3)
	text = append(text, x.shortened(p, &n, width)...) // where there is room for it
	below = max(below, min(len(text), height-len(out)-len(x.rungs)-1))
	x.resize(max(height-len(out)-below, 1))
	rows := x.lines(p, width, func(i int, selected bool) string { return x.legLine(p, &x.rungs[i], &n, width, selected, focused) })
	out = append(out, rows...)
	if len(rows) < x.height && below > 0 {
		out = append(out, p.legLifelines(&n, width))
	}
	for _, t := range text[:below] {
		out = append(out, newLine(width).put(t.style, t.text).full())
	}
	return out
}

func (x *extended) absent(p *pen, width, height int) []string {
	if x.gone {
		return emptyPane(p, width, height, "No delivery", "It is no longer kept, or the handshake belongs to none.")
	}
	return emptyPane(p, width, height, "", p.g.Waiting)
}

func (p *pen) extendedTitle(d *watch.DeliveryLadder, width int) string {
	glyph, st := p.deliveryState(&d.Delivery)
	verdict, sure := glyph+" "+verdictWord(&d.Delivery), " "
	if s := sureWord(&d.Delivery); s != "" {
		sure = "  " + s + " "
	}
	facts := "  QoS " + strconv.Itoa(int(d.QoS)) + "  " + size(uint64(max(d.Payload, 0)))
	facts += "  " + messageName(d.ID)
	if d.Retain {
		facts += "  retain"
	}
	if d.Will {
		facts += "  Will"
	}
	room := width - cells(verdict) - cells(sure) - 3
	topic := cutMiddle(p.text.clean(d.Topic, width), max(room-cells(facts), 8), p.g.Ellipsis)
	o := newLine(width).put(p.th.Strong, " "+topic)
	o.put(p.th.Dim, cut(facts, max(room-o.used, 0), p.g.Ellipsis))
	return o.to(width-cells(verdict)-cells(sure)).put(st, verdict).put(p.th.Dim, sure).full()
}

// roomForAddresses is from which height on the addresses have a line of their own.
const roomForAddresses = 24

// A legEnd is who a lifeline is: by name, and by address as far as that is known.
type legEnd struct{ name, addr, fact string }

// legEnds are those of the lifelines that are shown: the publisher, the broker, and subscribers.
func (x *extended) legEnds(p *pen, n *legColumns) []legEnd {
	d := x.data
	publisher := legEnd{d.Publisher, "", "published Q" + strconv.Itoa(int(d.QoS))}
	if publisher.name == "" {
		publisher.name = "(unknown)"
	}
	if d.Ingress != nil && d.PublisherKnown && d.Ingress.Addr.IsValid() {
		publisher.addr = d.Ingress.Addr.String()
	}
	out := []legEnd{publisher, {"broker", d.Server, ""}}
	for i := n.side; i < n.side+n.shown; i++ {
		c := &d.Copies[i]
		end := legEnd{legName(c), "", p.qosPath(d.QoS, c, n.step-2)}
		if row := legRow(d, i); row != nil && c.SubscriberKnown && row.Addr.IsValid() {
			end.addr = row.Addr.String()
		}
		out = append(out, end)
	}
	return out
}

// legHead names who the lifelines are, their addresses where there is room for them, and below each the QoS: as published, granted and received.
func (x *extended) legHead(p *pen, n *legColumns, width int, room bool) []string {
	d, ends := x.data, x.legEnds(p, n)
	switch by := ladderNames[x.names]; {
	case by == "address":
		for i := range ends {
			if ends[i].addr != "" {
				ends[i].name = ends[i].addr
			}
			ends[i].addr = ""
		}
	case by == "name":
		for i := range ends {
			ends[i].addr = ""
		}
	case !room:
		ends[1].fact = d.Server
		for i := range ends {
			ends[i].addr = ""
		}
	}
	names, addrs, facts := newLine(width), newLine(width), newLine(width)
	if n.time >= len(time.DateOnly) && d.At != 0 { // above the times, which do not tell it
		facts.put(p.th.Dim, " "+d.At.Std().In(p.loc).Format(time.DateOnly))
	}
	for i, end := range ends {
		put := func(l *line, st theme.Style, s string) {
			if s = cutMiddle(p.text.clean(s, n.step-2), n.step-2, p.g.Ellipsis); s != "" {
				start := min(max(l.used+1, n.at(i)-cells(s)/2), width-cells(s))
				l.to(start).put(st, s)
			}
		}
		st := p.th.Strong
		if hues := p.th.Hues; ladderColors[x.colors] == "client" && len(hues) > 0 && i != 1 {
			st = hues[p.hueOf(x.clientAt(n, i))%len(hues)]
		}
		put(names, st, end.name)
		put(addrs, p.th.Dim, end.addr)
		put(facts, p.th.Dim, end.fact)
	}
	if !slices.ContainsFunc(ends, func(e legEnd) bool { return e.addr != "" }) {
		return []string{names.full(), facts.full()}
	}
	return []string{names.full(), addrs.full(), facts.full()}
}

// clientAt is the client whose lifeline that is, by which it is coloured however it is called.
func (x *extended) clientAt(n *legColumns, i int) string {
	if i < 2 {
		return x.data.Publisher
	}
	return legName(&x.data.Copies[n.side+i-2])
}

func legName(c *watch.DeliveryCopy) string {
	switch {
	case c.Group == "" && c.Subscriber == "":
		return "(unknown)"
	case c.Group == "":
		return c.Subscriber
	case c.Subscriber == "":
		return "group " + c.Group
	}
	return c.Subscriber + " in " + c.Group
}

// qosPath is the QoS of a copy as it was published, as the subscription grants it, and as it was received: in words where they
// fit into width cells.
func (p *pen) qosPath(published uint8, c *watch.DeliveryCopy, width int) string {
	word := func(q uint8) string {
		if q > 2 {
			return "?"
		}
		return "Q" + strconv.Itoa(int(q))
	}
	got, end := word(c.QoS), "delivered "+word(c.QoS)
	if c.Forwarded == 0 {
		got, end = "-", "not delivered"
	}
	for _, words := range []string{
		"published " + word(published) + ", granted " + word(c.Granted) + ", " + end, "granted " + word(c.Granted) + ", " + end,
		"pub " + word(published) + " sub " + word(c.Granted) + " got " + got, "sub " + word(c.Granted) + " got " + got,
	} {
		if cells(words) <= width {
			return words
		}
	}
	arrow := " " + p.g.ToServer + " "
	return word(published) + arrow + word(c.Granted) + arrow + got
}

// moreLegs counts the subscribers to the left and to the right that are out of sight.
func (p *pen) moreLegs(n *legColumns, total, width int) string {
	o := newLine(width)
	if n.side > 0 {
		o.to(n.at(1)+2).put(p.th.Key, p.g.ToClient+" "+count(n.side)+" more")
	}
	if left := total - n.side - n.shown; left > 0 {
		words := count(left) + " more " + p.g.ToServer + " "
		o.to(width-cells(words)).put(p.th.Key, words)
	}
	return o.full()
}

// toldWords says when the publisher was told, and why something cannot be known.
func (p *pen) toldWords(d *watch.DeliveryLadder, now decode.Time, width int) []textLine {
	var out []textLine
	add := func(st theme.Style, s string) {
		for _, l := range wrap(s, width-2) {
			out = append(out, textLine{" " + l, st})
		}
	}
	add(p.th.Plain, toldSentence(d, now))
	if d.Verdict == delivery.NoSubscriber && len(d.Copies) == 0 {
		add(p.th.Plain, nobodyWords(d))
	}
	if d.Doubt != delivery.NoDoubt {
		add(p.th.Note, "Unsure: "+p.text.clean(d.Doubt.String(), width)+".")
	}
	if d.More > 0 {
		add(p.th.Dim, count(d.More)+" more subscribers are left out.")
	}
	return out
}

func toldSentence(d *watch.DeliveryLadder, now decode.Time) string {
	waiting := len(d.Copies) - d.Acknowledged
	switch {
	case d.Will:
		return "A Will Message: the broker publishes it, and nobody is told."
	case d.QoS == 0:
		return "QoS 0: the publisher is never told."
	case d.Verdict == delivery.RefusedByBroker:
		return "The publisher was told that the broker refused it."
	case awaitsRelease(d):
		return "The broker waits for PUBREL, which the publisher has owed for " + age(now.Sub(d.Ingress.Owes.Since)) + ": only then must it send the message on."
	case d.Told == 0:
		return "The publisher was not told yet, " + age(now.Sub(d.At)) + " after its PUBLISH."
	case len(d.Copies) == 0:
		return "The publisher was told " + took(d.Told.Sub(d.At)) + " after its PUBLISH."
	case waiting > 0:
		return "The publisher was told " + took(d.Told.Sub(d.At)) + " after its PUBLISH, before " + plural(waiting, "subscriber") + " had it."
	}
	if first, ok := d.ToldFirst(); ok && first {
		return "The publisher was told " + took(d.Last.Sub(d.Told)) + " before the last subscriber had it."
	}
	return "The publisher was told " + took(d.Told.Sub(d.Last)) + " after the last subscriber had it."
}

// awaitsRelease reports whether the broker has a message of QoS 2 and may hold it back, since PUBREL has not come.
func awaitsRelease(d *watch.DeliveryLadder) bool {
	return d.Commit == 0 && d.Settled == 0 && d.Ingress != nil && d.Ingress.Owes.Packet == decode.PUBREL && d.Ingress.Owes.By == decode.FromClient
}

// nobodyWords says of a message without subscribers whether there are none.
func nobodyWords(d *watch.DeliveryLadder) string {
	if d.Reason == noMatching {
		return "The broker says that there is no subscriber."
	}
	return "No subscriber is known in what was seen."
}
