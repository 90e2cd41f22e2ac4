package tui

import (
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A packetList is all Control Packets in the order in which they were seen, and what of the bytes did not become any.
type packetList struct {
	place
	shape tableShape
	data  *watch.PacketList
	asked uint64 // the packet whose bytes were asked for
}

func (l *packetList) query(f *filter.Packets, now time.Time) *watch.PacketQuery {
	return &watch.PacketQuery{Window: l.window(), Filter: f, Follow: l.follow, Detail: l.selected, Sort: sortOf[watch.PacketKey](&l.shape, packetColumns(), now)}
}

func (l *packetList) sync(s *watch.PacketList) {
	if s == nil {
		return
	}
	l.data = s
	ids := make([]uint64, len(s.Rows))
	for i := range s.Rows {
		ids[i] = s.Rows[i].Number
	}
	l.place.sync(s.First, s.Matched, ids)
}

// current returns the row under the cursor, or nil.
func (l *packetList) current() *watch.PacketRow {
	if i := l.index(); i >= 0 && l.data != nil && l.data.Rows[i].Time != 0 {
		return &l.data.Rows[i]
	}
	return nil
}

// The columns of the list, in their order.
const (
	packetTime = iota
	packetClient
	packetArrow
	packetType
	packetQoS
	packetID
	packetText
	packetLength
)

func packetColumns() []tableColumn {
	return []tableColumn{
		packetTime: {id: "time", note: "when it was seen", name: "TIME", width: 12, rank: 3},
		packetClient: {id: "client", note: "Client Identifier, or address", name: "CLIENT", width: 10, rank: 2, most: 20,
			key: uint8(watch.PacketsByClient), text: true},
		packetArrow: {id: "direction", note: "to the broker, or from it", name: "", width: 1},
		packetType: {id: "packet", note: "Control Packet, or what was lost; never leaves", name: "PACKET", width: 11,
			key: uint8(watch.PacketsByType), text: true},
		packetQoS: {id: "qos", note: "of a PUBLISH, with its flags", name: "QOS", width: 6, rank: 1, key: uint8(watch.PacketsByQoS)},
		packetID:  {id: "id", note: "Packet Identifier", name: "ID", width: 5, right: true, rank: 1, key: uint8(watch.PacketsByID)},
		packetText: {id: "text", note: "topic, Reason Code, or what is wrong", name: "TOPIC, REASON", width: 16, good: 36, most: 1 << 10,
			key: uint8(watch.PacketsByText), text: true},
		packetLength: {id: "length", note: "in bytes", name: "LENGTH", width: 6, right: true, rank: 4, key: uint8(watch.PacketsByLength)},
	}
}

// view draws the list.
//
//	TIME         CLIENT        PACKET      QOS      ID  TOPIC, REASON        LENGTH
//	12:01:33.120 sensor-7    → PUBLISH     Q2 R     17  plant/a/temp            42B
//	12:01:33.121 sensor-7    ← PUBREC               17                           4B
//	12:01:33.201 pump-2      → ░ gap                    1,460 bytes missing
func (l *packetList) view(p *pen, now decode.Time, f *filterState, width, height int, focused bool) []string {
	if l.data == nil || l.total == 0 {
		return l.empty(p, f, width, height)
	}
	l.resize(rowsOf(panePackets, height))
	t := l.shape.fit(packetColumns(), width)
	out := []string{t.head(p, width, &l.shape)}
	return append(out, l.lines(p, width, func(i int, selected bool) string {
		r := &l.data.Rows[i]
		if r.Time == 0 {
			return newLine(width).put(p.th.Dim, " no longer kept").full()
		}
		return t.row(p, width, rowMark{selected, focused, l.marked.has(l.ids[i])}, func(c, w int) (string, theme.Style) { return p.packetCell(r, c, w, now) })
	})...)
}

func (l *packetList) empty(p *pen, f *filterState, width, height int) []string {
	if l.data != nil && l.data.Total > 0 {
		return noMatch(p, f, width, height, "packet", l.data.Total)
	}
	return emptyPane(p, width, height, "No packets yet", "Nothing that was captured so far is MQTT. "+p.keyOf("handshakes")+" says more on what was seen.")
}

func (p *pen) packetCell(r *watch.PacketRow, column, width int, now decode.Time) (string, theme.Style) {
	st := p.th.Plain
	switch {
	case r.Lost || r.Err != nil:
		st = p.th.Loss
	case r.Type == decode.PINGREQ || r.Type == decode.PINGRESP:
		st = p.th.Dim
	case r.Reason >= 0x80:
		st = p.th.Refused
	}
	switch column {
	case packetTime:
		return dayTime(r.Time, now, p.loc, width < 12), p.th.Dim
	case packetClient:
		return cutMiddle(p.text.clean(r.Client, width), width, p.g.Ellipsis), st
	case packetArrow:
		return p.arrowOf(r.Dir), st
	case packetType:
		if r.Lost {
			return p.g.Hole + " " + r.Loss.String(), st
		}
		return r.Type.String(), st
	case packetQoS:
		return p.packetFlags(r), st
	case packetID:
		if r.PacketID == 0 {
			return "", st
		}
		return strconv.Itoa(int(r.PacketID)), st
	case packetLength:
		if r.Length == 0 {
			return "", st
		}
		return size(uint64(r.Length)), p.th.Dim
	}
	return p.packetWords(r, width), st
}

// packetFlags is what a PUBLISH says of its delivery.
func (p *pen) packetFlags(r *watch.PacketRow) string {
	if r.Type != decode.PUBLISH || r.Lost {
		return ""
	}
	s := "Q" + strconv.Itoa(int(r.QoS))
	if r.Dup {
		s += " " + p.g.Dup
	}
	if r.Retain {
		s += " R"
	}
	return s
}

// packetWords is the topic, the Reason Code, or what is wrong.
func (p *pen) packetWords(r *watch.PacketRow, width int) string {
	switch {
	case r.Lost:
		s := "not a packet"
		if r.Loss == decode.LossGap {
			s = "not in the capture"
		} else if r.Loss == decode.LossTruncated {
			s = "packet without end"
		}
		if r.Length > 0 && width > 36 {
			return s + ": " + plural(r.Length, "byte")
		}
		return s
	case r.Err != nil:
		// The reason comes first: it is what must not be cut.
		s := p.g.Slow + " " + p.text.clean(r.Err.Reason, width)
		if r.Err.Field != "" {
			s += ": " + p.text.clean(r.Err.Field, width)
		}
		return s + " (offset " + count(r.Offset+int64(r.Err.Offset)) + ")"
	case r.TopicUnknown:
		return p.g.Late + " (alias)"
	}
	s := cutMiddle(p.text.clean(r.Text, width), width, p.g.Ellipsis)
	if r.Reason != 0 {
		if s != "" {
			s += " "
		}
		s += hexCode(r.Reason) + " " + reasonName(r.Reason, r.Type, r.Version)
	}
	return s
}

// faultWords is the whole of what is wrong with a packet.
func faultWords(e *decode.Error) string {
	if e.Field == "" {
		return e.Kind.String() + ": " + e.Reason
	}
	return e.Kind.String() + ": " + e.Field + " " + e.Reason
}

// showPacket takes in a packet of the list of packets, with its bytes.
// It reports whether that is another than before.
func (b *packetPane) showPacket(d *watch.PacketDetail) bool {
	have := d.Raw.Bytes != nil
	if b.number == d.Number && (b.have || !have) {
		return false
	}
	*b = packetPane{number: d.Number, have: have, raw: d.Raw, title: d.Type.String()}
	if d.PacketID != 0 {
		b.title += " id " + strconv.Itoa(int(d.PacketID))
	}
	if d.Lost {
		*b = packetPane{number: d.Number, step: -1, note: "No packet: " + plural(d.Length, "byte") + " lost here."}
	}
	if e := d.Err; e != nil {
		b.wrong = faultWords(e) + " (byte " + count(e.Offset) + " of the packet, " + count(d.Offset+int64(e.Offset)) + " of the stream)"
	}
	if have {
		b.takeFields()
	}
	return true
}
