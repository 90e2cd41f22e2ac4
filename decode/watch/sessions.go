package watch

import (
	"cmp"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// maxSessions bounds the sessions that are counted; those without a connection that were silent for the longest give way.
const maxSessions = 10_000

// sessionBook counts by session.
type sessionBook struct {
	entries map[*handshake.Session]*sessionEntry
	pruned  uint64
	epoch   uint64
	ranks   ranks[*sessionEntry, SessionKey]
}

// A sessionEntry is what is counted of one session.
type sessionEntry struct {
	session *handshake.Session
	pruned  bool
	named   bool // has a Client Identifier
	conns   uint32
	first   decode.Time
	last    decode.Time
	packets [2]uint64
	bytes   [2]uint64
	publish [2][3]uint64 // by direction and QoS
	rate    [2]meter
	times   [2]*spread // by sender
	// before is what was set aside of these; connsBefore of conns are in it.
	before      [asideLevels]*sessionCounts
	connsBefore uint32

	epoch               uint64
	open, stuck, alerts int
	openBy              [2]int
	severity            handshake.Severity
}

func newSessionBook() sessionBook {
	return sessionBook{entries: make(map[*handshake.Session]*sessionEntry)}
}

// of returns the entry of the session that the connection of a packet belonged to.
func (b *sessionBook) of(p *packetNote) *sessionEntry {
	c := p.on
	if c.entry != nil && c.entry.session == p.session && !c.entry.pruned {
		c.entry.named = p.named
		return c.entry
	}
	e := b.entries[p.session]
	if e == nil {
		e = &sessionEntry{session: p.session}
		b.entries[p.session] = e
	}
	if c.entry != nil && !c.entry.named && c.entry.conns == 1 {
		delete(b.entries, c.entry.session) // it was the connection until its CONNECT
	}
	e.named = p.named
	e.conns++
	c.entry = e
	return e
}

// bound makes room where there are too many: those of a sheet of notes are the most that there can be. It looks at the tracker's connections, so that
// it is for the goroutine that feeds.
func (b *sessionBook) bound() {
	if len(b.entries) > maxSessions {
		b.prune()
	}
}

// prune takes out a quarter: first those without a connection, each by when it was last heard of.
func (b *sessionBook) prune() {
	all := make([]*sessionEntry, 0, len(b.entries))
	for _, e := range b.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(x, y *sessionEntry) int {
		return cmp.Or(cmp.Compare(boolRank(x.connected()), boolRank(y.connected())), cmp.Compare(x.last, y.last), cmp.Compare(x.session.ID, y.session.ID))
	})
	for _, e := range all[:(len(all)+3)/4] {
		delete(b.entries, e.session)
		e.pruned = true
		b.pruned++
	}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (e *sessionEntry) connected() bool {
	l := e.session.Link()
	return l != nil && l.Connected()
}

func (e *sessionEntry) packet(second int64, p *packetNote) {
	if e.first == 0 {
		e.first = p.time
	}
	e.last = p.time
	e.packets[p.dir]++
	e.bytes[p.dir] += uint64(max(p.length, 0))
	e.rate[p.dir].add(second)
	if p.typ == decode.PUBLISH && p.qos < 3 {
		e.publish[p.dir][p.qos]++
	}
}

// answered counts how long a delivery took.
func (e *sessionEntry) answered(sender decode.Direction, d time.Duration) {
	if e.times[sender] == nil {
		e.times[sender] = new(spread)
	}
	e.times[sender].add(d)
}
