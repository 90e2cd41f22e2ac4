package handshake

// recentCount is how many ends of deliveries are remembered of a sending side.
const recentCount = 16

// past is what is remembered of the deliveries of a sending side that have ended: how the last of them ended, to tell an acknowledgement that comes once
// more from one that comes from nowhere, and how fast they were answered (see latency.go). Nearly all of them are complete, on one connection and
// with nothing more to come, and were answered in time: of such there is the identifier and a bit.
type past struct {
	odds *[recentCount]recentEnd // nil before the first
	slow *slowAnswers            // nil before the first
	ids  [recentCount]uint16
	link uint32 // Link.number of all that are not odd
	qos2 uint16 // a bit for each that is QoS 2; of those that are not odd the others are QoS 1
	odd  uint16 // a bit for each that stands in odds
	next uint8
	n    uint8
	// answers is how many answer times there are, nextAnswer where the next goes.
	answers, nextAnswer uint8
}

// recentEnd is the end of one delivery.
type recentEnd struct {
	link  uint32 // Link.number
	id    uint16
	spare uint16 // acknowledgements that may still come
	rels  uint16 // PUBREL packets that may still come: the answers to PUBREC given once more
	kind  Kind
	state State
	stray bool // not a delivery: a PUBREL or PUBREC of nothing, to which an answer is due
}

// take makes room for one more and returns its place.
func (r *past) take(id uint16, kind Kind) int {
	i := r.next % recentCount
	r.next = i + 1
	if r.n < recentCount {
		r.n++
	}
	bit := uint16(1) << i
	r.ids[i] = id
	r.odd &^= bit
	r.qos2 &^= bit
	if kind == QoS2 {
		r.qos2 |= bit
	}
	return int(i)
}

// complete adds a delivery on a connection, of QoS 1 or 2, that ended as it should.
func (r *past) complete(link uint32, id uint16, kind Kind) {
	if r.link != link {
		for i := range int(r.n) {
			r.at(i)
		}
		r.link = link
	}
	r.take(id, kind)
}

// add adds any end.
func (r *past) add(e recentEnd) *recentEnd {
	return r.set(r.take(e.id, e.kind), e)
}

// set makes e the end in a place, an odd one.
func (r *past) set(i int, e recentEnd) *recentEnd {
	if r.odds == nil {
		r.odds = new([recentCount]recentEnd)
	}
	r.odd |= 1 << i
	r.odds[i] = e
	return &r.odds[i]
}

// at returns the end in a place, which becomes an odd one: it may be changed.
func (r *past) at(i int) *recentEnd {
	if r.odd&(1<<i) != 0 {
		return &r.odds[i]
	}
	return r.set(i, recentEnd{link: r.link, id: r.ids[i], kind: r.kind(i), state: Complete})
}

func (r *past) kind(i int) Kind {
	switch bit := uint16(1) << i; {
	case r.odd&bit != 0:
		return r.odds[i].kind
	case r.qos2&bit != 0:
		return QoS2
	}
	return QoS1
}

// forgetEnds forgets how deliveries ended.
func (r *past) forgetEnds() {
	r.odds, r.odd, r.qos2, r.next, r.n = nil, 0, 0, 0, 0
}

// full reports whether as many are remembered as can be.
func (r *past) full() bool { return r.n == recentCount }

// find returns the newest end of a delivery of kind with that id, nil where it is not remembered.
func (r *past) find(id uint16, kind Kind) *recentEnd {
	for back := range int(r.n) {
		if i := (int(r.next) + 2*recentCount - 1 - back) % recentCount; r.ids[i] == id && r.kind(i) == kind {
			return r.at(i)
		}
	}
	return nil
}

// remember notes that h ends.
func (r *past) remember(h *Handshake, state State) {
	if !h.Kind.Publish() && h.spare == 0 || h.link == nil {
		return
	}
	if state == Complete && h.spare|h.rels == 0 {
		r.complete(h.link.number, h.PacketID, h.Kind)
		return
	}
	r.add(recentEnd{link: h.link.number, id: h.PacketID, spare: h.spare, rels: h.rels, kind: h.Kind, state: state})
}
