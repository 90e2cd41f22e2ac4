package watch

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A survey gathers what the screens Sessions, Topics, Statistics and Packets show. All of it is bounded, what is left out is counted, and in the
// steady state a packet allocates nothing.
//
// It counts while the packet is at hand. Where to count is looked up as seldom as can be: a connection knows its session's entry and its last topics,
// a handshake the topic of its PUBLISH.
type survey struct {
	sessions sessionBook
	topics   topicTree
	steps    stepTimes
	rates    rates
	packets  packetRing
	sys      sysTopics
	aside    aside // what was counted before the screen was cleared

	ends []endNote // not counted yet
	// What is looked at: a connection, and the topic that its packet is published to, nil where that is no PUBLISH.
	on    *connection
	topic *topicNode
}

func newSurvey() *survey {
	return &survey{sessions: newSessionBook(), topics: newTopicTree(), steps: newStepTimes(), sys: newSysTopics(), ends: make([]endNote, 0, endNotes)}
}

// begin looks at a packet before the tracker takes it in, which may begin and end handshakes.
func (s *survey) begin(c *connection, p *decode.Packet) {
	s.on, s.topic = c, nil
	if p.Type == decode.PUBLISH {
		s.topic = s.topicOf(c, p)
	}
}

// closed lets go of what a connection refers to: an alert may hold on to it for long.
func (s *survey) closed(c *connection) {
	if s.on == c {
		s.on = nil
	}
	c.entry, c.session, c.note, c.topics = nil, nil, nil, [2]recentTopics{}
}

// started lets a handshake know its topic.
func (s *survey) started(h *handshake.Handshake) {
	if n := s.topic; n != nil && n.leaf && len(n.path) == len(h.Topic) { // not a level above, where there is no room for the topic itself
		h.Note, n.path = n, h.Topic // the same text, which the tracker looks at too: it is in the processor's cache
	}
}

// packet counts a packet after the tracker has taken it in: its session is known now.
func (s *survey) packet(p *decode.Packet, ref uint64) {
	entry := s.sessions.of(s.on)
	second := secondOf(p.Time)
	s.rates.add(second, p)
	entry.packet(second, p)
	record := s.packets.next()
	record.entry = entry
	record.of(s.on, p, ref)
	if p.Type == decode.PUBLISH {
		s.topic.publish(second, p)
		record.text = s.topic.textOf(p.Topic)
		s.sys.packet(p)
	} else {
		record.text = packetText(p)
	}
}

// loss notes that bytes did not become packets.
func (s *survey) loss(c *connection, l *decode.Loss) {
	record := s.packets.next()
	record.entry = s.sessions.of(c)
	record.ofLoss(c, l)
}

// ended counts how long a delivery took, unless its times mean nothing: it was joined late, sent again (an answer may belong to either packet), or not
// answered.
func (s *survey) ended(h *handshake.Handshake) {
	if !h.Kind.Publish() || h.JoinedLate || h.Resends > 0 || h.Steps() < 2 {
		return
	}
	first, before := h.At(0)
	at := first
	for i, n := 1, 0; i < h.Steps(); i++ {
		next, typ := h.At(i)
		if kind, known := stepKind(before, typ); known && n < mostSteps {
			s.steps[kind][h.Sender].add(next.Sub(at))
			n++
		}
		at, before = next, typ
	}
	if h.State == handshake.Complete {
		s.complete(h, at.Sub(first))
	}
}

// mostSteps is how many steps a delivery has that nobody sent again.
const mostSteps = 3

// An endNote is a delivery that is to be counted with its session and its topic, either of which may be nil.
type endNote struct {
	times *spread
	topic *topicNode
	took  time.Duration
}

// endNotes is how many deliveries are counted together.
const endNotes = 256

// complete notes a delivery.
func (s *survey) complete(h *handshake.Handshake, took time.Duration) {
	note := endNote{took: took}
	if e := s.entryOf(h.Session); e != nil {
		note.times = &e.times[h.Sender]
	}
	note.topic, _ = h.Note.(*topicNode)
	if note.topic != nil && note.topic.pruned {
		note.topic = s.topics.byName[h.Topic]
	}
	if s.ends = append(s.ends, note); len(s.ends) == cap(s.ends) {
		s.settle()
	}
}

// settle counts the deliveries that were noted. Where they are counted is seldom in the processor's cache; in a loop that does nothing else it waits for
// several of those places at a time.
func (s *survey) settle() {
	for i := range s.ends {
		if t := s.ends[i].times; t != nil {
			t.add(s.ends[i].took)
		}
	}
	for i := range s.ends {
		if n := s.ends[i].topic; n != nil {
			n.times.add(s.ends[i].took)
		}
	}
	clear(s.ends)
	s.ends = s.ends[:0]
}

// entryOf finds the entry of a session, or nil. Most deliveries belong to the connection whose packet ended them.
func (s *survey) entryOf(session *handshake.Session) *sessionEntry {
	if c := s.on; c != nil && c.entry != nil && c.entry.session == session {
		return c.entry
	}
	return s.sessions.entries[session]
}

// topicOf finds the node of a PUBLISH. Most connections publish to a few topics again and again.
func (s *survey) topicOf(c *connection, p *decode.Packet) *topicNode {
	if p.TopicUnknown {
		return s.topics.node(nil, true)
	}
	topic := p.Topic[:min(len(p.Topic), handshake.MaxText)]
	recent, tag := &c.topics[p.Dir], handshake.TopicTag(topic)
	n := recent.find(tag)
	if n != nil && n.path == string(topic) && n.leaf && !n.pruned {
		return n
	}
	if s.topics.full() { // others may give way, of which everything is to be counted
		s.settle()
	}
	n = s.topics.node(topic, false)
	recent.add(n, tag)
	return n
}

// recentTopics are the nodes of the last topics that were published to on a connection, by their tags.
type recentTopics struct {
	tags  [8]uint32
	nodes [8]*topicNode
	next  uint8
}

// find returns the node with a tag, which may be another topic's, or nil.
func (r *recentTopics) find(tag uint32) *topicNode {
	for i := range r.tags {
		if r.tags[i] == tag {
			return r.nodes[i]
		}
	}
	return nil
}

func (r *recentTopics) add(n *topicNode, tag uint32) {
	at := r.next % uint8(len(r.nodes))
	r.nodes[at], r.tags[at] = n, tag
	r.next++
}

// noteOf returns what the rows of a connection's packets say of it.
func (c *connection) noteOf() *connNote {
	if c.note == nil {
		c.note = &connNote{id: c.info.ID, addr: c.info.Client, server: c.info.Server}
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
