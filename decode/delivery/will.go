package delivery

import (
	"container/heap"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A will is the Will Message of a connection. Its payload is not kept.
type will struct {
	topic   []byte
	key     uint64
	hash    uint64
	props   uint64
	length  int64
	size    int64
	delay   decode.Time
	expiry  uint32
	qos     uint8
	retain  bool
	v5      bool
	k       *link
	at      decode.Time // when it is to be published; 0 while the connection stands
	certain bool
}

func (c *Correlator) keepWill(k *link, p *decode.Packet) {
	w := p.Connect
	if len(w.WillTopic) > handshake.MaxText || p.Err != nil {
		return
	}
	v := &will{
		topic: append([]byte(nil), w.WillTopic...), hash: w.WillPayloadHash, length: w.WillPayloadLength, qos: w.WillQoS, retain: w.WillRetain, k: k,
		v5: p.Version == decode.V5, size: w.WillPayloadLength + int64(len(w.WillTopic)+len(w.WillProperties.Raw())) + 16,
	}
	if v.v5 {
		v.props = c.propsOf(w.WillProperties)
		v.delay = decode.Time(w.WillProperties.Uint(decode.WillDelayInterval, 0)) * 1e9
		v.expiry = w.WillProperties.Uint(decode.MessageExpiryInterval, 0)
	}
	v.key = c.keyOf(v.topic, v.hash, v.length)
	k.will = v
	k.sess.b.wills[v.key] = k
}

// dropWill forgets the Will Message of a connection: it is not to be published, or has been.
func (c *Correlator) dropWill(k *link) {
	w := k.will
	if w == nil {
		return
	}
	k.will = nil
	if b := k.sess.b; b.wills[w.key] == k {
		delete(b.wills, w.key)
	}
}

// willDue decides when the Will Message of a connection that ended is published: at once, after its Will Delay Interval, or with the end of the session,
// whichever comes first (5.0 §3.1.3.2.2).
func (c *Correlator) willDue(k *link, why handshake.LinkEvent, ends bool) {
	w := k.will
	if w == nil {
		return
	}
	s := k.sess
	// That the client left without saying so is sure; why a broker ended a connection, and whether a takeover publishes the Will, is not.
	left := why.Kind == handshake.LinkDisconnect && why.Dir == decode.FromClient && why.Reason == 4
	cut := why.Kind == handshake.LinkClosed && why.Dir == decode.FromClient && (why.Cause == decode.CloseFIN || why.Cause == decode.CloseRST)
	w.certain = (left || cut) && k.of.Asked() && s.of.Link() == nil && (w.delay == 0 || !ends) // some wait for the delay though the session has ended
	delay := w.delay
	if ends {
		delay = 0
	} else if e := s.of.Expiry(); e != 0xFFFFFFFF {
		delay = min(delay, decode.Time(e)*1e9)
	}
	w.at = c.tracker.Now() + delay
	if delay == 0 {
		c.publishWill(w)
		return
	}
	heap.Push(&c.wills, w)
	c.wakeAt(w.at)
}

// publishWill takes the Will Message for published, unless its session goes on on another connection.
func (c *Correlator) publishWill(w *will) *Message {
	k := w.k
	if k.will != w {
		return nil
	}
	c.dropWill(k)
	s := k.sess
	if w.delay > 0 && s.online() {
		return nil
	}
	m := c.newMessage(s)
	m.At, m.QoS, m.Retain, m.Will, m.Payload = c.tracker.Now(), w.qos, w.retain, true, w.length
	m.props, m.key, m.length, m.v5, m.Expiry = w.props, w.key, uint32(w.size), w.v5, w.expiry
	m.delayed = w.delay > 0
	if !w.certain {
		m.Doubt = DoubtWill
	}
	r := s.b.routeOf(w.topic)
	m.Topic = r.topic
	c.enter(m, r)
	c.commit(m)
	return m
}

// calledOff reports whether m is a Will Message whose client came back soon after it was due. Brokers look for what is due from time to time, and it may have been in time.
func (m *Message) calledOff() bool { return m.Will && m.delayed && m.publisher.up > m.At }

// willSent looks for a Will Message that p can be, of a connection whose end was not seen yet: a broker can know of it earlier.
func (c *Correlator) willSent(b *broker, key uint64, p *decode.Packet) *Message {
	k := b.wills[key]
	if k == nil || k.will == nil || k.will.hash != p.PayloadHash() || string(k.will.topic) != string(p.Topic) {
		return nil
	}
	k.will.delay, k.will.certain = 0, false
	return c.publishWill(k.will)
}

// willQueue is the Will Messages that wait, by time.
type willQueue []*will

func (q willQueue) Len() int           { return len(q) }
func (q willQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q willQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *willQueue) Push(x any) { *q = append(*q, x.(*will)) }

// Pop implements heap.Interface.
func (q *willQueue) Pop() any {
	old := *q
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return w
}

// next returns when the first is to be published; 0 where none waits.
func (q *willQueue) next() decode.Time {
	if len(*q) == 0 {
		return 0
	}
	return (*q)[0].at
}

func (q *willQueue) pop() *will { return heap.Pop(q).(*will) }
