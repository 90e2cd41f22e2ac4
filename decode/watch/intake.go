package watch

import (
	"cmp"
	"maps"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// intake is the first half of the way: it decodes segments, and gives what is found to an outlet. It needs nothing of what the second half, from the
// tracker on, knows, so that the two can run at the same time; see Pipe.
type intake struct {
	out      outlet
	packet   decode.Packet             // all connections are decoded into it
	conns    map[*decode.Conn]struct{} // those that have not ended
	lastConn uint64                    // the newest ConnInfo.ID
	// undecided counts the directions of which bytes have come that are no packets yet. While there are none, no connection is looked at for it.
	undecided int
}

// An outlet takes what was found in the segments, in their order.
type outlet interface {
	open(c *connection, info *decode.ConnInfo, at decode.Time)
	// packetOf takes a Control Packet, which is valid until it returns.
	packetOf(c *connection, p *decode.Packet)
	lossOf(c *connection, l *decode.Loss)
	undecided(c *connection, dir decode.Direction, yes bool)
	heard(c *connection, dir decode.Direction)
	closed(c *connection, at decode.Time, dir decode.Direction, cause decode.CloseCause)
	tick(at decode.Time)
	// segmentEnd comes after all of a segment.
	segmentEnd()
}

// connection is what the engine keeps with a decode.Conn.
type connection struct {
	link handshake.Link // first, for a packet takes nothing else; see Link
	info *decode.ConnInfo
	// undecidedNow is what the outlet was told last of either direction. It is the intake's, as info is; all else is the Engine's.
	undecidedNow [2]bool

	// The survey's: where to count.
	entry   *sessionEntry
	session *handshake.Session // that of entry
	pruned  uint64             // sessionBook.pruned when it was found
	note    *connNote
	topics  [2]recentTopics // by direction
}

// take takes a segment in.
func (in *intake) take(s *decode.Segment) {
	if s.Kind == decode.Tick {
		in.out.tick(s.Time)
		in.out.segmentEnd()
		return
	}
	c, _ := s.Conn.Attachment.(*connection)
	if c == nil {
		c = in.begin(s)
	}
	switch s.Kind {
	case decode.Data:
		s.Conn.Feed(s.Dir, s.Time, s.Data, (*handler)(in))
		if now := s.Conn.Undecided(s.Dir); now || in.undecided > 0 {
			in.decided(c, s.Dir, !now)
		}
	case decode.Heard:
		in.out.heard(c, s.Dir)
	case decode.Gap:
		s.Conn.Gap(s.Dir, s.Time, s.Bytes, (*handler)(in))
	case decode.Close:
		delete(in.conns, s.Conn)
		in.finishConn(s.Conn, s.Time)
		in.out.closed(c, s.Time, s.Dir, s.Cause)
		for _, undecided := range c.undecidedNow {
			if undecided {
				in.undecided--
			}
		}
		s.Conn.Attachment = nil // an alert may hold on to Info, and with it to the Conn, for long
	}
	in.out.segmentEnd()
}

// decided says whether all bytes of a direction are packets, where that has changed.
func (in *intake) decided(c *connection, dir decode.Direction, yes bool) {
	if yes != c.undecidedNow[dir] {
		return
	}
	c.undecidedNow[dir] = !yes
	if yes {
		in.undecided--
	} else {
		in.undecided++
	}
	in.out.undecided(c, dir, !yes)
}

// begin takes the first segment of a connection.
func (in *intake) begin(s *decode.Segment) *connection {
	in.lastConn++
	s.Conn.Info.ID = in.lastConn // sources number by themselves, each from 1
	c := &connection{info: &s.Conn.Info}
	s.Conn.Attachment = c
	s.Conn.DecodeInto(&in.packet)
	in.conns[s.Conn] = struct{}{}
	in.out.open(c, &s.Conn.Info, s.Time)
	return c
}

// finish tells the decoders of the connections that still stand that nothing more comes.
func (in *intake) finish(now decode.Time) {
	open := slices.SortedFunc(maps.Keys(in.conns), func(a, b *decode.Conn) int { return cmp.Compare(a.Info.ID, b.Info.ID) })
	for _, c := range open {
		in.finishConn(c, now)
	}
}

func (in *intake) finishConn(c *decode.Conn, at decode.Time) {
	c.Finish(decode.FromClient, at, (*handler)(in))
	c.Finish(decode.FromServer, at, (*handler)(in))
}

// handler is the intake as decode calls it.
type handler intake

func (h *handler) Packet(c *decode.Conn, p *decode.Packet) {
	h.out.packetOf(c.Attachment.(*connection), p)
}

func (h *handler) Loss(c *decode.Conn, l decode.Loss) {
	h.out.lossOf(c.Attachment.(*connection), &l)
}
