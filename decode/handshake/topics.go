package handshake

import (
	"encoding/binary"

	"github.com/mqttwatch/mqttwatch/decode"
)

// recentTopics are the first few topics that a sending side of a connection publishes to, or the last few where it has more: most have one, or publish to a
// few again and again. The tags tell which of them it can be, so that only its text is compared.
type recentTopics struct {
	tags  [5]uint16
	next  uint8
	names [5]string
}

// topic is text for a Topic Name.
func (t *Tracker) topic(l *Link, dir decode.Direction, b []byte) string {
	r, tag := &l.sides[dir].topics, uint16(TopicTag(b))
	for i := range r.tags {
		if r.tags[i] == tag && r.names[i] == string(b) {
			return r.names[i]
		}
	}
	name := t.text(b)
	i := r.next % uint8(len(r.names))
	r.tags[i], r.names[i], r.next = tag, name, i+1
	return name
}

// TopicTag is a number that differs between most topics, wherever these differ. It is cheap, and no defence against those who want it to be the same.
func TopicTag(topic []byte) uint32 {
	const factor = 0x9E3779B97F4A7C15
	tag := uint64(len(topic))
	var end uint64
	if n := len(topic); n >= 8 {
		end = binary.LittleEndian.Uint64(topic[n-8:])
	} else {
		for _, b := range topic {
			end = end<<8 | uint64(b)
		}
	}
	for len(topic) > 8 {
		tag = (tag ^ binary.LittleEndian.Uint64(topic)) * factor
		tag ^= tag >> 32
		topic = topic[8:]
	}
	return uint32((tag ^ end) * factor >> 32)
}
