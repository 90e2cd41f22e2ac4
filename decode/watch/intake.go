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
	found    decode.Handler            // out, for packets and losses
	packet   decode.Packet             // all connections are decoded into it
	conns    map[*decode.Conn]struct{} // those that have not ended
	lastConn uint64                    // the newest ConnInfo.ID
	_        [128]byte                 // its owner writes here all the time: nothing that another goroutine uses is to be close by
}

// An outlet takes what was found in the segments, in their order. What are packets and losses goes to a decode.Handler beside it, without a way round.
type outlet interface {
	open(c *connection, info *decode.ConnInfo, at decode.Time)
	undecided(c *connection, dir decode.Direction, yes bool)
	heard(c *connection, dir decode.Direction)
	closed(c *connection, at decode.Time, dir decode.Direction, cause decode.CloseCause)
	tick(at decode.Time)
}

// connection is what the engine keeps with a decode.Conn.
type connection struct {
	link handshake.Link // first, for a packet takes nothing else; see Link
	info *decode.ConnInfo

	// All below is the Engine's.
	// The survey's: where to count.
	entry   *sessionEntry
	session *handshake.Session // that of entry
	pruned  uint64             // sessionBook.pruned when it was found
	note    *connNote
	topics  [2]recentTopics // by direction
}

// take takes a segment in.
func (in *intake) take(s *decode.Segment) {
	if s.Kind != decode.Data {
		in.takeOther(s)
		return
	}
	if s.Conn.Attachment == nil {
		in.begin(s)
	}
	s.Conn.Feed(s.Dir, s.Time, s.Data, in.found)
	if yes, news := s.Conn.Undecided(s.Dir); news {
		in.out.undecided(connectionOf(s.Conn), s.Dir, yes)
	}
}

// takeOther takes in what brings no bytes.
func (in *intake) takeOther(s *decode.Segment) {
	if s.Kind == decode.Tick {
		in.out.tick(s.Time)
		return
	}
	if s.Conn.Attachment == nil {
		in.begin(s)
	}
	switch c := connectionOf(s.Conn); s.Kind {
	case decode.Heard:
		in.out.heard(c, s.Dir)
	case decode.Gap:
		s.Conn.Gap(s.Dir, s.Time, s.Bytes, in.found)
	case decode.Close:
		delete(in.conns, s.Conn)
		in.finishConn(s.Conn, s.Time)
		in.out.closed(c, s.Time, s.Dir, s.Cause)
		s.Conn.Attachment = nil // an alert may hold on to Info, and with it to the Conn, for long
	}
}

// connectionOf returns what begin attached.
func connectionOf(c *decode.Conn) *connection { return c.Attachment.(*connection) }

// begin takes the first segment of a connection.
func (in *intake) begin(s *decode.Segment) {
	in.lastConn++
	s.Conn.Info.ID = in.lastConn // sources number by themselves, each from 1
	c := &connection{info: &s.Conn.Info}
	s.Conn.Attachment = c
	s.Conn.DecodeInto(&in.packet)
	in.conns[s.Conn] = struct{}{}
	in.out.open(c, &s.Conn.Info, s.Time)
}

// finish tells the decoders of the connections that still stand that nothing more comes.
func (in *intake) finish(now decode.Time) {
	open := slices.SortedFunc(maps.Keys(in.conns), func(a, b *decode.Conn) int { return cmp.Compare(a.Info.ID, b.Info.ID) })
	for _, c := range open {
		in.finishConn(c, now)
	}
}

func (in *intake) finishConn(c *decode.Conn, at decode.Time) {
	c.Finish(decode.FromClient, at, in.found)
	c.Finish(decode.FromServer, at, in.found)
}
