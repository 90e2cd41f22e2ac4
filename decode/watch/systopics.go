package watch

import (
	"bytes"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
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

func (s *sysTopics) set(p *decode.Packet) {
	v := s.values[string(p.Topic)]
	if v == nil {
		if len(s.values) == maxSysTopics || len(p.Topic) > maxSysValue {
			s.leftOut++
			return
		}
		v = &sysValue{topic: string(p.Topic)}
		s.values[v.topic] = v
	}
	v.time = p.Time
	if head := p.Payload[:min(len(p.Payload), maxSysValue)]; !bytes.Equal(v.value, head) {
		v.value = append(v.value[:0], head...)
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
