package watch

import (
	"cmp"
	"math"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A PacketKey is what packets are sorted by.
type PacketKey uint8

// The keys of packets; the usual order is that in which they were seen, the newest last.
const (
	PacketsUsual PacketKey = iota
	PacketsByClient
	PacketsByType // what is lost, then in the order of their codes: CONNECT to AUTH
	PacketsByQoS  // of PUBLISH
	PacketsByID
	PacketsByText // Topic Name, or what the packet says
	PacketsByLength
)

// A packetOrder is the packets that a filter chose, sorted, for one turn.
type packetOrder struct {
	sort    Sort[PacketKey]
	filter  string
	numbers []uint64
}

// sorted returns the numbers of what q chooses, in its order. It stays the same for a turn, so that some may no longer be kept.
func (r *packetRing) sorted(q *PacketQuery) []uint64 {
	o := &r.order
	if o.numbers != nil && o.sort == q.Sort && o.filter == q.Filter.String() {
		return o.numbers
	}
	numbers := slices.Clone(r.matched)
	if q.Filter == nil {
		numbers = make([]uint64, r.len())
		for i := range numbers {
			numbers[i] = r.first() + uint64(i)
		}
	}
	if q.Sort.Key == PacketsUsual {
		slices.Reverse(numbers)
	} else {
		r.sortBy(numbers, q.Sort)
	}
	*o = packetOrder{q.Sort, q.Filter.String(), numbers}
	return numbers
}

// sortBy sorts numbers of packets. Of each there is one value to compare, made before: there are tens of thousands, and a screen waits.
func (r *packetRing) sortBy(numbers []uint64, s Sort[PacketKey]) {
	values := make([]orderEntry, len(numbers))
	var texts map[string]int64
	if text := packetTexts[s.Key]; text != nil {
		texts = r.textPlaces(numbers, text)
	}
	for i, number := range numbers {
		by, known := int64(0), false
		if p := r.at(number); texts != nil {
			text := packetTexts[s.Key](p)
			by, known = texts[text], text != ""
		} else {
			by, known = packetValue(p, s.Key)
		}
		if s.Reverse {
			by = -by
		}
		if !known {
			by = math.MaxInt64 // last either way
		}
		values[i] = orderEntry{by, number}
	}
	slices.SortFunc(values, func(a, b orderEntry) int { return cmp.Or(cmp.Compare(a.by, b.by), cmp.Compare(a.id, b.id)) })
	for i := range values {
		numbers[i] = values[i].id
	}
}

// textPlaces gives each text its place among all.
func (r *packetRing) textPlaces(numbers []uint64, text func(*packetRecord) string) map[string]int64 {
	places := map[string]int64{}
	var all []string
	for _, number := range numbers {
		s := text(r.at(number))
		if _, ok := places[s]; !ok {
			places[s] = 0
			all = append(all, s)
		}
	}
	slices.SortFunc(all, compareText)
	for i, s := range all {
		places[s] = int64(i)
	}
	return places
}

// packetTexts are the values of those keys that sort texts.
var packetTexts = map[PacketKey]func(p *packetRecord) string{
	PacketsByClient: (*packetRecord).client,
	PacketsByText:   func(p *packetRecord) string { return p.text },
}

// packetValue is the value of a packet: the least comes first.
func packetValue(p *packetRecord, key PacketKey) (by int64, known bool) {
	switch key {
	case PacketsByType:
		if p.loss != 0 {
			return 0, true
		}
		return int64(p.typ), true
	case PacketsByQoS:
		return -int64(p.qos), p.typ == decode.PUBLISH && p.loss == 0
	case PacketsByID:
		return -int64(p.id), p.id != 0
	}
	return -p.length, p.length > 0
}

// client is the Client Identifier, or the client's address where that is not known.
func (p *packetRecord) client() string {
	if id := p.entry.session.ClientID; id != "" || !p.conn.addr.IsValid() {
		return id
	}
	return p.conn.addr.String()
}
