package watch

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// packetsKept is how many of the newest packets the list of packets keeps.
const packetsKept = 50_000

// longestText bounds what a row of the list of packets says of a packet.
const longestText = 256

// packetRing keeps compact records of the newest packets. They are numbered from 1.
type packetRing struct {
	parts [packetsKept / packetsPerPart][]packetRecord // each made when the first is to be kept in it
	last  uint64                                       // number of the newest

	// matched are the numbers of those that filter chooses, among all up to looked.
	filter  *filter.Packets
	matched []uint64
	looked  uint64
	order   packetOrder
}

// packetsPerPart is how many records are made room for at once: a slice that grows would be copied as often as it doubles.
const packetsPerPart = 1000

type packetRecord struct {
	packetFacts
	entry *sessionEntry
	text  string // Topic Name, or what the packet says; raw
}

// packetFacts are what a packet, or a loss, says of itself in numbers.
type packetFacts struct {
	time          decode.Time
	ref           uint64
	offset        int64
	conn          *connNote
	err           *decode.Error
	length        int64
	payloadLength int64
	id            uint16
	loss          int8 // decode.LossCause + 1; 0 for a packet
	typ           decode.Type
	dir           decode.Direction
	qos           uint8
	version       decode.Version
	reason        decode.ReasonCode
	dup           bool
	retain        bool
	unknown       bool // the Topic Name
}

// connNote is what records say of their connection. It does not hold on to the connection itself.
type connNote struct {
	id           uint64
	addr, server netip.AddrPort
}

// len is how many are kept.
func (r *packetRing) len() int { return int(min(r.last, packetsKept)) }

// at returns the record with a number, which must be kept.
func (r *packetRing) at(number uint64) *packetRecord {
	i := (number - 1) % packetsKept
	return &r.parts[i/packetsPerPart][i%packetsPerPart]
}

// first is the number of the oldest record that is kept.
func (r *packetRing) first() uint64 { return r.last - uint64(r.len()) + 1 }

// next returns the record of the next packet, which is the one that gives way, to be written anew. It is written where it lies: it would be copied twice.
func (r *packetRing) next() *packetRecord {
	i := r.last % packetsKept
	if r.last++; r.parts[i/packetsPerPart] == nil {
		r.parts[i/packetsPerPart] = make([]packetRecord, packetsPerPart)
	}
	return &r.parts[i/packetsPerPart][i%packetsPerPart]
}

// of writes what a packet says of itself.
func (r *packetRecord) of(c *connection, p *decode.Packet, ref uint64) {
	r.packetFacts = packetFacts{
		time: p.Time, ref: ref, offset: p.Offset, conn: c.noteOf(), err: p.Err, length: p.Length, payloadLength: p.PayloadLength,
		id: p.PacketID, typ: p.Type, dir: p.Dir, qos: p.QoS, version: p.Version, reason: p.ReasonCode,
		dup: p.Dup, retain: p.Retain, unknown: p.TopicUnknown,
	}
}

// ofLoss writes what a loss says of itself.
func (r *packetRecord) ofLoss(c *connection, l *decode.Loss) {
	r.packetFacts = packetFacts{time: l.Time, offset: l.Offset, conn: c.noteOf(), err: l.Err, length: l.Bytes, dir: l.Dir, loss: int8(l.Cause) + 1}
	r.text = ""
}

// packetText is what a row says of a packet that is no PUBLISH beside its numbers. Only packets that are rare make a text of their own.
func packetText(p *decode.Packet) string {
	switch {
	case p.Connect != nil:
		return connectText(p)
	case p.Connack != nil && p.Connack.SessionPresent:
		return "session present"
	case p.Subscribe != nil && len(p.Subscribe.Filters) > 0:
		filter := p.Subscribe.Filters[0].Filter
		text := string(filter[:min(len(filter), longestText)])
		if n := len(p.Subscribe.Filters); n > 1 {
			text += " and " + strconv.Itoa(n-1) + " more"
		}
		return text
	case p.Type == decode.SUBACK && len(p.SubackCodes) > 0:
		return subackText(p.SubackCodes)
	}
	return ""
}

func connectText(p *decode.Packet) string {
	c := p.Connect
	text := string(c.ClientID[:min(len(c.ClientID), longestText)]) + " keep alive " + strconv.Itoa(int(c.KeepAlive)) + " s"
	if c.CleanStart {
		text += ", clean"
	}
	if c.HasWill {
		text += ", will"
	}
	return text
}

func subackText(codes []decode.ReasonCode) string {
	text := "granted"
	for i, c := range codes[:min(len(codes), 8)] {
		if i > 0 {
			text += ","
		}
		if c >= 0x80 {
			text += " refused"
		} else {
			text += " QoS " + strconv.Itoa(int(c))
		}
	}
	if len(codes) > 8 {
		text += " and more"
	}
	return text
}

// A PacketQuery asks for a window of the list of packets, oldest first. Around is a packet by its number.
type PacketQuery struct {
	Window
	Filter *filter.Packets
	// Follow asks for the last Limit rows; it has no meaning but in the usual order.
	Follow bool
	Sort   Sort[PacketKey]
	// Detail, if not 0, is the number of a packet of which the bytes are wanted; with Follow it is the last of the rows.
	Detail uint64
}

// A PacketList is part of the list of packets.
type PacketList struct {
	Rows []PacketRow
	// Total packets are kept, Matched of them the filter chose; First is the place of Rows[0] among those.
	First, Matched, Total int
	// Seen counts the packets and losses since the start.
	Seen uint64
	// Detail is the packet asked for, nil where it is no longer kept.
	Detail *PacketDetail
}

// A PacketRow is one Control Packet, or a loss. Of one that is no longer kept there is the Number alone.
type PacketRow struct {
	Number      uint64 // counts up from 1
	Time        decode.Time
	Client      string // as Row.Client
	ClientKnown bool
	Addr        netip.AddrPort // the client's
	Server      netip.AddrPort
	Conn        uint64 // decode.ConnInfo.ID
	Dir         decode.Direction
	Type        decode.Type
	Version     decode.Version
	PacketID    uint16
	QoS         uint8
	Dup, Retain bool
	Reason      decode.ReasonCode
	// Text is the Topic Name, the first Topic Filter, or what a CONNECT or SUBACK says; raw.
	Text         string
	TopicUnknown bool
	Length       int64 // on the wire
	Payload      int64 // of a PUBLISH
	Offset       int64 // in its direction's stream
	Err          *decode.Error
	// Lost is set where the row is no packet: Length bytes did not become packets because of Loss.
	Lost bool
	Loss decode.LossCause
}

// A PacketDetail is a packet with its bytes.
type PacketDetail struct {
	PacketRow
	Raw Raw
}

// list returns the rows that q asks for.
func (r *packetRing) list(q *PacketQuery, e *Engine) *PacketList {
	r.look(q.Filter)
	out := &PacketList{Total: r.len(), Seen: r.last, Matched: r.len()}
	if q.Filter != nil {
		out.Matched = len(r.matched)
	}
	numbers := r.matched // nil is all, in their order
	if q.Filter == nil {
		numbers = nil
	}
	if !q.Sort.plain() {
		numbers = r.sorted(q)
		out.Matched = len(numbers)
	}
	place := -1
	if q.Around != 0 {
		place = r.place(q, numbers)
	}
	limit := min(max(q.Limit, 0), out.Matched)
	w := q.Window
	w.Limit = limit
	out.First = w.begin(out.Matched, place)
	if q.Follow && q.Sort.plain() {
		out.First = out.Matched - limit
	}
	for i := out.First; i < out.First+limit; i++ {
		number := r.first() + uint64(i)
		if numbers != nil {
			number = numbers[i]
		}
		out.Rows = append(out.Rows, r.row(number))
	}
	detail := q.Detail
	if n := len(out.Rows); q.Follow && q.Sort.plain() && n > 0 { // whoever follows cannot know which that is
		detail = out.Rows[n-1].Number
	}
	if detail >= r.first() && detail <= r.last && detail != 0 {
		out.Detail = &PacketDetail{PacketRow: r.row(detail), Raw: e.raw.get(r.at(detail).ref)}
	}
	return out
}

// place returns where a packet, or the one that follows it, is; in another order than the usual one below 0 where it is not there.
func (r *packetRing) place(q *PacketQuery, numbers []uint64) int {
	if !q.Sort.plain() {
		return slices.Index(numbers, q.Around)
	}
	if q.Filter != nil {
		i, _ := slices.BinarySearch(r.matched, q.Around)
		return i
	}
	return int(max(q.Around, r.first()) - r.first())
}

// look tests the packets that came since, or all where the filter is another.
func (r *packetRing) look(f *filter.Packets) {
	if f == nil {
		return
	}
	if r.filter == nil || r.filter.String() != f.String() {
		r.filter, r.matched, r.looked = f, r.matched[:0], 0
	}
	for r.looked = max(r.looked, r.first()-1); r.looked < r.last; {
		r.looked++
		if p := r.subject(r.at(r.looked)); f.Match(&p) {
			r.matched = append(r.matched, r.looked)
		}
	}
	gone, _ := slices.BinarySearch(r.matched, r.first())
	r.matched = slices.Delete(r.matched, 0, gone)
}

// subject is a record as filters see it.
func (r *packetRing) subject(p *packetRecord) filter.Packet {
	return filter.Packet{
		Time:   p.time,
		Client: p.entry.session.ClientID, Addr: p.conn.addr, Server: p.conn.server, ServerName: p.entry.session.ServerName,
		Type: p.typ, Dir: p.dir, PacketID: p.id, QoS: p.qos, Dup: p.dup, Retain: p.retain, Topic: p.text, Reason: p.reason, Version: p.version,
		Lost: p.loss != 0, Malformed: p.err != nil,
	}
}

func (r *packetRing) row(number uint64) PacketRow {
	if number < r.first() {
		return PacketRow{Number: number}
	}
	p := r.at(number)
	out := PacketRow{
		Number: number, Time: p.time, Addr: p.conn.addr, Server: p.conn.server, Conn: p.conn.id, Dir: p.dir, Type: p.typ, Version: p.version, PacketID: p.id, QoS: p.qos,
		Dup: p.dup, Retain: p.retain, Reason: p.reason, Text: p.text, TopicUnknown: p.unknown, Length: p.length, Payload: p.payloadLength, Offset: p.offset,
		Err: p.err, Lost: p.loss != 0,
	}
	if out.Lost {
		out.Loss = decode.LossCause(p.loss - 1)
	}
	out.Client, out.ClientKnown = p.client(), p.entry.session.ClientID != ""
	return out
}
