package watch

import (
	"bytes"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

const (
	sysPrefix = "$SYS/"
	// maxSysTopics and maxSysValue bound what is kept of what a broker says of itself.
	maxSysTopics = 200
	maxSysValue  = 128
)

// A SysValue is the newest message on a topic below $SYS. Topic and Value are raw.
type SysValue struct {
	Topic, Value string
	Time         decode.Time
}

// sysTopics keeps the newest value of each $SYS topic that a broker sent.
type sysTopics struct {
	values  map[string]*sysValue
	leftOut uint64 // messages on topics beyond the bound
}

type sysValue struct {
	topic string
	value []byte
	time  decode.Time
}

func newSysTopics() sysTopics { return sysTopics{values: make(map[string]*sysValue)} }

// packet takes a PUBLISH in, if a broker speaks of itself in it.
func (s *sysTopics) packet(p *decode.Packet) {
	if p.Dir == decode.FromServer && len(p.Topic) > len(sysPrefix) && string(p.Topic[:len(sysPrefix)]) == sysPrefix {
		s.set(p.Time, p.Topic[:min(len(p.Topic), handshake.MaxText)], p.Payload[:min(len(p.Payload), maxSysValue)])
	}
}

// set takes the newest message on a topic in, of which payload is the head.
func (s *sysTopics) set(at decode.Time, topic, payload []byte) {
	v := s.values[string(topic)]
	if v == nil {
		if len(s.values) == maxSysTopics || len(topic) > maxSysValue {
			s.leftOut++
			return
		}
		v = &sysValue{topic: string(topic)}
		s.values[v.topic] = v
	}
	v.time = at
	if !bytes.Equal(v.value, payload) {
		v.value = append(v.value[:0], payload...)
	}
}

// copy returns the values in the order of their topics.
func (s *sysTopics) copy() []SysValue {
	out := make([]SysValue, 0, len(s.values))
	for _, v := range s.values {
		out = append(out, SysValue{Topic: v.topic, Value: string(v.value), Time: v.time})
	}
	slices.SortFunc(out, func(a, b SysValue) int { return compareText(a.Topic, b.Topic) })
	return out
}
