package watch

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A survey gathers what the screens Sessions, Topics, Statistics and Packets show. All of it is bounded, what is left out is counted, and in the
// steady state a packet allocates nothing.
type survey struct {
	sessions sessionBook
	topics   topicTree
	steps    stepTimes
	rates    rates
	packets  packetRing
	sys      sysTopics
	// current is the connection whose packet is looked at.
	current *connection
}

func newSurvey() *survey {
	return &survey{sessions: newSessionBook(), topics: newTopicTree(), steps: newStepTimes(), sys: newSysTopics()}
}

// packet takes a packet in after the tracker has.
func (s *survey) packet(c *connection, info *decode.ConnInfo, p *decode.Packet, ref uint64) {
	second := secondOf(p.Time)
	s.rates.add(second, p)
	entry := s.sessions.of(c, info)
	entry.packet(second, p)
	var topic *topicNode
	if p.Type == decode.PUBLISH {
		topic = s.topicOf(c, p)
		topic.publish(second, p)
		if p.Dir == decode.FromServer && len(p.Topic) > len(sysPrefix) && string(p.Topic[:len(sysPrefix)]) == sysPrefix {
			s.sys.set(p)
		}
	}
	s.packets.add(c.note, entry, topic, p, ref)
}

// topicOf finds the node of a PUBLISH. Most connections publish to one topic again and again.
func (s *survey) topicOf(c *connection, p *decode.Packet) *topicNode {
	recent := &c.topics[p.Dir]
	for _, n := range recent.nodes {
		if n != nil && !p.TopicUnknown && n.path == string(p.Topic) && n.leaf && !n.pruned {
			return n
		}
	}
	n := s.topics.node(p.Topic, p.TopicUnknown)
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

// topicOfHandshake finds the node of a delivery, or nil. Most belong to the connection whose packet is looked at.
func (s *survey) topicOfHandshake(h *handshake.Handshake) *topicNode {
	if c := s.current; c != nil && !h.TopicUnknown {
		for _, n := range c.topics[h.Sender].nodes {
			if n != nil && n.path == h.Topic && n.leaf && !n.pruned {
				return n
			}
		}
	}
	return s.topics.find(h)
}

// loss takes in that bytes did not become packets.
func (s *survey) loss(c *connection, info *decode.ConnInfo, l decode.Loss) {
	s.packets.loss(c.noteOf(info), s.sessions.of(c, info), l)
}

// ended takes a handshake in that has ended.
func (s *survey) ended(h *handshake.Handshake) {
	d, ok := s.steps.add(h)
	if !ok {
		return
	}
	if c := s.current; c != nil && c.entry != nil && c.entry.session == h.Session {
		c.entry.answered(h.Sender, d)
	} else if e := s.sessions.entries[h.Session]; e != nil {
		e.answered(h.Sender, d)
	}
	if n := s.topicOfHandshake(h); n != nil {
		n.answered(d)
	}
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
	if q.Sessions != nil {
		s.Sessions = e.survey.sessions.list(q.Sessions, e)
	}
	if q.Topics != nil {
		s.Topics = e.survey.topics.list(q.Topics, e)
	}
	if q.Packets != nil {
		s.Packets = e.survey.packets.list(q.Packets, e)
	}
	if q.Statistics {
		s.Statistics = e.survey.statistics(s.Now)
	}
}
