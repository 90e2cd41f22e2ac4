package capture

import (
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxTwins bounds the connections that are remembered after their end.
const maxTwins = 8192

// A twins tells which TCP connections two sources see: a tap and an interface, or a file and an interface. The same addresses and ports
// at the same time are the same connection; behind a translation of addresses it is another one.
type twins struct {
	open map[endPair]*seen
	// drop has the connections whose twin is told.
	drop map[*decode.Conn]struct{}
	past []*seen         // that have ended, the oldest first
	more []atomic.Uint64 // by source: connections that another source told of
}

// endPair is both ends of a connection, the lesser first: a source may have guessed who is the Client.
type endPair [2]netip.AddrPort

// seen is a connection that is told.
type seen struct {
	conn   *decode.Conn
	key    endPair
	source int
	closed decode.Time // 0 while it is open
}

func newTwins(sources int) *twins {
	return &twins{open: map[endPair]*seen{}, drop: map[*decode.Conn]struct{}{}, more: make([]atomic.Uint64, sources)}
}

// first reports whether the segment of the source given is to be told.
func (w *twins) first(source int, s *decode.Segment) bool {
	if s.Conn == nil {
		return true
	}
	switch s.Kind {
	case decode.Open:
		return w.opened(source, s)
	case decode.Close:
		if _, dropped := w.drop[s.Conn]; dropped {
			delete(w.drop, s.Conn)
			return false
		}
		w.closed(s)
		return true
	}
	_, dropped := w.drop[s.Conn]
	return !dropped
}

func (w *twins) opened(source int, s *decode.Segment) bool {
	key, ok := pairOf(&s.Conn.Info)
	if !ok {
		return true
	}
	if old := w.open[key]; old != nil && old.source != source && (old.closed == 0 || s.Conn.Info.Opened <= old.closed) {
		w.drop[s.Conn] = struct{}{}
		w.more[source].Add(1)
		return false
	}
	w.open[key] = &seen{conn: s.Conn, key: key, source: source}
	return true
}

// closed remembers the end: the other source may be late.
func (w *twins) closed(s *decode.Segment) {
	key, ok := pairOf(&s.Conn.Info)
	if !ok {
		return
	}
	c := w.open[key]
	if c == nil || c.conn != s.Conn {
		return
	}
	c.closed, c.conn = max(s.Time, 1), nil
	w.past = append(w.past, c)
	if len(w.past) > maxTwins {
		if old := w.past[0]; w.open[old.key] == old {
			delete(w.open, old.key)
		}
		w.past[0] = nil
		w.past = w.past[1:]
	}
}

// pairOf returns the ends of the TCP connection; false where a source does not know them.
func pairOf(i *decode.ConnInfo) (endPair, bool) {
	a, b := i.Client, i.Server
	if i.Peer.IsValid() {
		a = i.Peer
	}
	if !a.IsValid() || !b.IsValid() {
		return endPair{}, false
	}
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return endPair{a, b}, true
}

// note says how many connections of a source were left out. It may be called at any time.
func (w *twins) note(source int) string {
	switch n := w.more[source].Load(); n {
	case 0:
		return ""
	case 1:
		return "1 connection was seen at another source as well: it counts once"
	default:
		return fmt.Sprintf("%d connections were seen at other sources as well: they count once", n)
	}
}
