package delivery

import (
	"hash/maphash"

	"github.com/mqttwatch/mqttwatch/decode"
)

// keyOf mixes a topic and a payload into the key by which messages and copies find each other. What it finds is compared in full.
func (c *Correlator) keyOf(topic []byte, payload uint64, length int64) uint64 {
	return mixKey(c.hashOf(topic), payload, length)
}

func (c *Correlator) hashOf(topic []byte) uint64 { return maphash.Bytes(c.seed, topic) }

// payloadHash is the hash of m's payload: what mixKey mixed in can be taken out again.
func (c *Correlator) payloadHash(m *Message) uint64 {
	return mixKey(maphash.String(c.seed, m.Topic), m.key, m.Payload)
}

func mixKey(topic, payload uint64, length int64) uint64 {
	return topic ^ payload ^ uint64(length)*0x9E3779B97F4A7C15
}

// propsOf hashes the properties that a Server must send on unaltered: Payload Format Indicator, Content Type, Response Topic, Correlation Data, and the User
// Properties in their order (5.0 §3.3.2.3). The others may come in any order.
func (c *Correlator) propsOf(ps decode.Properties) uint64 {
	raw := ps.Raw()
	if len(raw) == 0 {
		return 0
	}
	var fixed, user uint64
	for pr := range ps.All() {
		part := raw[pr.Offset : pr.Offset+pr.Length]
		switch pr.ID {
		case decode.PayloadFormatIndicator:
			if pr.Uint != 0 { // 0 says the same as nothing
				fixed += maphash.Bytes(c.seed, part)
			}
		case decode.ContentType, decode.ResponseTopic, decode.CorrelationData:
			fixed += maphash.Bytes(c.seed, part)
		case decode.UserProperty:
			user = user*0x9E3779B97F4A7C15 + maphash.Bytes(c.seed, part)
		}
	}
	return fixed ^ user
}

// maxChain bounds the messages of one key that copies are looked for among.
const maxChain = 64

// alone reports whether there is one message of the key, and was only one for long.
func (ch *chain) alone() bool { return ch == nil || ch.n == 1 && !ch.trimmed }

// cut reports whether messages of the key were left out of it.
func (ch *chain) cut() bool { return ch != nil && ch.trimmed }

// link puts m at the end of the chain of its key, which is ch; nil where there is none.
func (b *broker) link(m *Message, ch *chain) {
	if ch == nil {
		ch = b.keys.add(m.key)
	}
	m.before, m.after = ch.last, nil
	if ch.last == nil {
		ch.first = m
	} else {
		ch.last.after = m
	}
	ch.last, m.chain = m, ch
	ch.n++
}

// chainOf returns the chain of m's key; m itself may have been taken out of it.
func (m *Message) chainOf() *chain {
	if m.chain != nil {
		return m.chain
	}
	return m.broker.keys.of(m.key)
}

func (b *broker) unlink(m *Message) {
	ch := m.chain
	if ch == nil {
		return
	}
	if m.before == nil {
		ch.first = m.after
	} else {
		m.before.after = m.after
	}
	if m.after == nil {
		ch.last = m.before
	} else {
		m.after.before = m.before
	}
	m.before, m.after, m.chain = nil, nil, nil
	if m.Settled != 0 {
		ch.settled--
	}
	if ch.n--; ch.n == 0 {
		b.keys.remove(ch)
	}
}
