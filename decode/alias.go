package decode

import "bytes"

// aliasBytes bounds the Topic Names that one direction's aliases keep. There are at most 65,535 of them; one that would
// go beyond is not kept, and packets that use it have TopicUnknown set.
const aliasBytes = 1 << 20

// aliases is the Topic Alias mapping of one direction of a Network Connection (5.0 §3.3.2.3.4).
type aliases struct {
	topics map[uint16][]byte
	bytes  int
}

// resolve sets p.Topic from the mapping, or the mapping from p.Topic. Where the mapping is known since
// the beginning of the connection, an alias without a topic is the peer's fault.
func (k *kept) resolve(p *Packet) {
	if len(p.Topic) > 0 {
		k.learnAlias(p.TopicAlias, p.Topic)
		return
	}
	if k.aliases != nil {
		p.Topic = k.aliases.topics[p.TopicAlias]
	}
	if len(p.Topic) > 0 {
		return
	}
	p.TopicUnknown = true
	if !k.partial {
		p.fault(ProtocolError, p.HeaderLength, "topic alias", "stands for no topic yet")
	}
}

func (k *kept) learnAlias(alias uint16, topic []byte) {
	if k.aliases == nil {
		k.aliases = &aliases{topics: make(map[uint16][]byte)}
	}
	a := k.aliases
	old, known := a.topics[alias]
	if known && bytes.Equal(old, topic) {
		return
	}
	if a.bytes += len(topic) - len(old); a.bytes > aliasBytes {
		a.bytes -= len(topic)
		delete(a.topics, alias)
		k.partial = true
		return
	}
	a.topics[alias] = append([]byte(nil), topic...)
}
