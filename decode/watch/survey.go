package watch

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A survey gathers what the screens Sessions, Topics, Statistics and Packets show. All of it is bounded, what is left out is counted, and in the
// steady state a packet allocates nothing.
//
// Looking up where to count takes about a quarter of the time that decoding and tracking take. The goroutine that feeds only writes down what came to
// pass, in order; a full sheet of notes is counted by another goroutine while the next one is written.
type survey struct {
	sessions sessionBook
	topics   topicTree
	steps    stepTimes
	rates    rates
	packets  packetRing
	sys      sysTopics
	aside    aside // what was counted before the screen was cleared

	written, counted *notes // counted belongs to the other goroutine while one counts
	counting         bool
	done             chan struct{}
	countOther       func() // made once, so that starting it allocates nothing
	// current is the connection whose packet is looked at.
	current *connection
}

func newSurvey() *survey {
	s := &survey{
		sessions: newSessionBook(), topics: newTopicTree(), steps: newStepTimes(), sys: newSysTopics(),
		written: newNotes(), counted: newNotes(), done: make(chan struct{}, 1),
	}
	s.countOther = func() {
		s.count(s.counted)
		s.done <- struct{}{}
	}
	return s
}

// packet notes a packet after the tracker has taken it in.
func (s *survey) packet(c *connection, info *decode.ConnInfo, p *decode.Packet, ref uint64) {
	s.written.packet(c, c.noteOf(info), p, ref)
	s.turn()
}

// loss notes that bytes did not become packets.
func (s *survey) loss(c *connection, info *decode.ConnInfo, l decode.Loss) {
	s.written.loss(c, c.noteOf(info), l)
	s.turn()
}

// ended notes a handshake that has ended.
func (s *survey) ended(h *handshake.Handshake) {
	s.written.ended(s.current, h)
	s.turn()
}

// turn lets a full sheet be counted, and takes the other.
func (s *survey) turn() {
	if len(s.written.packets) < notesPerSheet && len(s.written.ends) < notesPerSheet {
		return
	}
	s.wait()
	s.written, s.counted = s.counted, s.written
	s.counting = true
	go s.countOther()
}

// wait waits until the other goroutine has counted, and makes room where too much is kept.
func (s *survey) wait() {
	if s.counting {
		<-s.done
		s.counting = false
	}
	s.sessions.bound()
}

// settle counts everything that was noted.
func (s *survey) settle() {
	s.wait()
	s.count(s.written)
	s.sessions.bound()
}

// count takes a sheet of notes in, and empties it.
func (s *survey) count(n *notes) {
	for i := range n.packets {
		s.countPacket(n, &n.packets[i])
	}
	for i := range n.ends {
		s.countEnd(&n.ends[i])
	}
	n.clear()
}

func (s *survey) countPacket(n *notes, p *packetNote) {
	entry := s.sessions.of(p)
	text := p.text
	if p.loss == 0 {
		second := secondOf(p.time)
		s.rates.add(second, p)
		entry.packet(second, p)
		if p.typ == decode.PUBLISH {
			topic := n.topicOf(p)
			node := s.topicOf(p.on, p, topic)
			node.publish(second, p)
			if text = node.path; text != string(topic) {
				text = string(topic[:min(len(topic), longestText)])
			}
			if p.sys {
				s.sys.set(p.time, topic, n.payloadOf(p))
			}
		}
	}
	s.packets.add(p, entry, text)
}

func (s *survey) countEnd(h *endNote) {
	for i, kind := range h.kinds[:h.steps] {
		s.steps[kind][h.sender].add(h.times[i])
	}
	if !h.complete {
		return
	}
	if c := h.on; c != nil && c.entry != nil && c.entry.session == h.session {
		c.entry.answered(h.sender, h.whole)
	} else if e := s.sessions.entries[h.session]; e != nil {
		e.answered(h.sender, h.whole)
	}
	if n := s.topicOfHandshake(h); n != nil {
		n.answered(h.whole)
	}
}

// topicOf finds the node of a PUBLISH. Most connections publish to one topic again and again.
func (s *survey) topicOf(c *connection, p *packetNote, topic []byte) *topicNode {
	recent := &c.topics[p.dir]
	for _, n := range recent.nodes {
		if n != nil && !p.unknown && n.path == string(topic) && n.leaf && !n.pruned {
			return n
		}
	}
	n := s.topics.node(topic, p.unknown)
	recent.add(n)
	return n
}

// recentTopics are the nodes of the last topics that were published to on a connection.
type recentTopics struct {
	nodes [4]*topicNode
	next  uint8
}

func (r *recentTopics) add(n *topicNode) {
	r.nodes[r.next%uint8(len(r.nodes))] = n
	r.next++
}

// topicOfHandshake finds the node of a delivery, or nil. Most belong to the connection whose packet ended them.
func (s *survey) topicOfHandshake(h *endNote) *topicNode {
	if h.topicUnknown {
		return s.topics.unknown
	}
	if c := h.on; c != nil {
		for _, n := range c.topics[h.sender].nodes {
			if n != nil && n.path == h.topic && n.leaf && !n.pruned {
				return n
			}
		}
	}
	return s.topics.byName[h.topic]
}

// noteOf returns what the rows of a connection's packets say of it.
func (c *connection) noteOf(info *decode.ConnInfo) *connNote {
	if c.note == nil {
		c.note = &connNote{id: info.ID, addr: info.Client, server: info.Server}
	}
	return c.note
}

// surveyed copies what q asks for of the survey.
func (e *Engine) surveyed(s *Snapshot, q *Query) {
	if q.Sessions == nil && q.Topics == nil && q.Packets == nil && !q.Statistics {
		return
	}
	e.survey.settle()
	if q.Sessions != nil {
		s.Sessions = e.survey.sessions.list(q.Sessions, e, e.survey.aside.from())
	}
	if q.Topics != nil {
		s.Topics = e.survey.topics.list(q.Topics, e, e.survey.aside.from())
	}
	if q.Packets != nil {
		s.Packets = e.survey.packets.list(q.Packets, e)
	}
	if q.Statistics {
		s.Statistics = e.survey.statistics(s.Now)
	}
}
