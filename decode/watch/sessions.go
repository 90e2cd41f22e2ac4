package watch

import (
	"cmp"
	"slices"

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
	// serverNames are for rows.
	serverNames serverNames
}

// A sessionEntry is what is counted of one session.
type sessionEntry struct {
	sent    [2]sentCounts // by direction
	times   [2]spread     // by sender
	session *handshake.Session
	first   decode.Time
	// before is what was set aside of these; connsBefore of conns are in it.
	before             [asideLevels]*sessionCounts
	conns, connsBefore uint32

	epoch               uint64
	open, stuck, alerts int
	openBy              [2]int
	severity            handshake.Severity
}

// sentCounts is what is counted of one side of a session with each packet. It is as large as what the processor's cache takes at once.
type sentCounts struct {
	packets, bytes uint64
	publish        [3]uint64   // by QoS
	last           decode.Time // 0 where there was none
	rate           meter
}

// last is when the last packet came, of either side.
func (e *sessionEntry) last() decode.Time { return max(e.sent[0].last, e.sent[1].last) }

func newSessionBook() sessionBook {
	return sessionBook{entries: make(map[*handshake.Session]*sessionEntry)}
}

// of returns the entry of the session that a connection belongs to.
func (b *sessionBook) of(c *connection) *sessionEntry {
	session := c.link.Session
	if c.session == session && c.pruned == b.pruned {
		return c.entry
	}
	return b.find(c, session)
}

// find makes the entry of a session that of a connection.
func (b *sessionBook) find(c *connection, session *handshake.Session) *sessionEntry {
	e := b.entries[session]
	if e == nil {
		e = &sessionEntry{session: session}
		b.entries[session] = e
	}
	if c.entry != e {
		if old := c.entry; old != nil && old.session != session && old.session.ClientID == "" && old.conns == 1 {
			delete(b.entries, old.session) // it was the connection until its CONNECT
		}
		e.conns++
	}
	c.entry, c.session = e, session
	if len(b.entries) > maxSessions {
		b.prune()
	}
	c.pruned = b.pruned
	return e
}

// prune takes out a quarter: first those without a connection, each by when it was last heard of.
func (b *sessionBook) prune() {
	all := make([]*sessionEntry, 0, len(b.entries))
	for _, e := range b.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(x, y *sessionEntry) int {
		return cmp.Or(cmp.Compare(boolRank(x.connected()), boolRank(y.connected())), cmp.Compare(x.last(), y.last()), cmp.Compare(x.session.ID, y.session.ID))
	})
	for _, e := range all[:(len(all)+3)/4] {
		delete(b.entries, e.session)
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

func (e *sessionEntry) connecting() bool {
	l := e.session.Link()
	return l != nil && l.Connecting()
}

func (e *sessionEntry) packet(second int64, p *decode.Packet) {
	sent := &e.sent[p.Dir]
	if sent.packets == 0 && e.first == 0 {
		e.first = p.Time
	}
	sent.packets++
	sent.bytes += uint64(max(p.Length, 0))
	sent.last = p.Time
	sent.rate.add(second)
	if p.Type == decode.PUBLISH && p.QoS < 3 {
		sent.publish[p.QoS]++
	}
}
