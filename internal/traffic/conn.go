package traffic

import (
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// conn is one TCP connection and the two ends of MQTT on it.
type conn struct {
	g       *generator
	index   int
	version decode.Version
	next    [2]uint16 // Packet Identifiers
	seqs    [2]uint32
	held    [2][]byte    // packets that wait to share a segment
	due     [2][16]int64 // when the last of each type is sent
	swapped []byte       // a frame that is recorded after the next one of this connection
	forward int64        // when the last message is forwarded to it
	port    uint16
	number  uint64 // of the connection
	sent    int64  // when the client sent last

	pending  int    // events to come
	leaving  bool   // as soon as there are none
	withheld [2]int // handshakes that do not end, by QoS
}

// after lets something happen to the connection later, which cannot end before.
func (c *conn) after(d time.Duration, do func()) {
	c.pending++
	c.g.after(d, func() {
		c.pending--
		do()
		if c.leaving && c.pending == 0 {
			c.reconnect()
		}
	})
}

// mayLeave makes it leave now and then.
func (c *conn) mayLeave() {
	if c.g.Reconnect > 0 && c.g.rng.Float64() < c.g.Reconnect {
		c.leaving = true
		c.after(holdBack, func() {})
	}
}

// reconnect closes the connection and opens the next, in so short a time that nobody publishes in between.
func (c *conn) reconnect() {
	c.leaving = false
	for dir := range c.held {
		c.flush(decode.Direction(dir))
	}
	c.record(nil)
	c.send(decode.FromClient, decode.DISCONNECT, decode.AppendDisconnect(nil, c.version, decode.ReasonFields{}))
	c.flush(decode.FromClient)
	c.record(nil)
	c.frame(decode.FromClient, flagFIN|flagACK, nil)
	c.seqs[0]++
	c.frame(decode.FromServer, flagFIN|flagACK, nil)
	c.seqs[1]++
	c.frame(decode.FromClient, flagACK, nil)
	for i, n := range c.withheld {
		c.g.truth.Open[i] -= uint64(n)
		c.g.truth.Abandoned[i] += uint64(n)
	}
	c.connect()
	if n := c.index - c.g.Publishers; n >= 0 {
		for _, filter := range c.g.filters(n) {
			c.subscribe(filter)
		}
	}
}

func (c *conn) id(dir decode.Direction) uint16 {
	id := c.next[dir]
	if c.next[dir]++; c.next[dir] == 0 {
		c.next[dir] = 1
	}
	return id
}

// connect opens the TCP connection, and the Network Connection on it.
func (c *conn) connect() {
	g := c.g
	c.port = 20000 + uint16(g.rng.IntN(40000))
	c.seqs = [2]uint32{g.rng.Uint32(), g.rng.Uint32()}
	c.next = [2]uint16{1, 1}
	c.withheld = [2]int{}
	g.truth.Connections++
	c.frame(decode.FromClient, flagSYN, nil)
	c.seqs[0]++
	c.frame(decode.FromServer, flagSYN|flagACK, nil)
	c.seqs[1]++
	c.frame(decode.FromClient, flagACK, nil)
	c.send(decode.FromClient, decode.CONNECT, decode.AppendConnect(nil, c.version, decode.ConnectFields{
		ClientID: fmt.Sprintf("client-%05d", c.index), CleanStart: true, KeepAlive: uint16(g.KeepAlive / time.Second),
	}))
	c.record(nil)
	c.send(decode.FromServer, decode.CONNACK, decode.AppendConnack(nil, c.version, decode.ConnackFields{}))
	c.flush(decode.FromServer)
	if g.KeepAlive >= time.Second {
		c.ping(g.truth.Connections)
	}
}

// ping sends a PINGREQ where the client has sent nothing for as long as Keep Alive allows, as long as it is the connection of that number.
func (c *conn) ping(number uint64) {
	g := c.g
	c.number = number
	g.after(time.Duration(c.sent+int64(g.KeepAlive)-g.now), func() {
		if c.number != number {
			return
		}
		if g.now-c.sent >= int64(g.KeepAlive) {
			c.send(decode.FromClient, decode.PINGREQ, decode.AppendPingreq(nil))
			c.after(200*time.Microsecond, func() { c.send(decode.FromServer, decode.PINGRESP, decode.AppendPingresp(nil)) })
		}
		c.ping(number)
	})
}

// subscribe subscribes to one filter.
func (c *conn) subscribe(filter string) {
	id := c.id(decode.FromClient)
	c.send(decode.FromClient, decode.SUBSCRIBE, decode.AppendSubscribe(nil, c.version, decode.SubscribeFields{
		PacketID: id, Filters: []decode.TopicFilter{{Filter: []byte(filter), QoS: 2}},
	}))
	c.flush(decode.FromClient)
	c.record(nil)
	c.send(decode.FromServer, decode.SUBACK, decode.AppendSuback(nil, c.version, decode.SubackFields{
		PacketID: id, Codes: []decode.ReasonCode{2},
	}))
	c.flush(decode.FromServer)
	c.record(nil)
}

// deliver begins a delivery from dir and lets the acknowledgements follow.
func (c *conn) deliver(dir decode.Direction, qos uint8, topic string, payload []byte) {
	g := c.g
	f := decode.PublishFields{QoS: qos, Topic: topic, Payload: payload}
	g.truth.Publish[qos]++
	if qos == 0 {
		c.send(dir, decode.PUBLISH, decode.AppendPublish(nil, c.version, f))
		return
	}
	f.PacketID = c.id(dir)
	c.send(dir, decode.PUBLISH, decode.AppendPublish(nil, c.version, f))
	steps := []decode.Type{decode.PUBACK}
	if qos == 2 {
		steps = []decode.Type{decode.PUBREC, decode.PUBREL, decode.PUBCOMP}
	}
	c.acknowledge(dir, f.PacketID, qos, steps)
}

// acknowledge lets the next step of a delivery follow after a while, and the others after it.
func (c *conn) acknowledge(sender decode.Direction, id uint16, qos uint8, steps []decode.Type) {
	g := c.g
	if len(steps) == 0 {
		g.truth.Complete[qos-1]++
		return
	}
	if g.rng.Float64() < g.Withhold {
		g.truth.Open[qos-1]++
		c.withheld[qos-1]++
		return
	}
	dir := sender.Opposite()
	if steps[0] == decode.PUBREL {
		dir = sender
	}
	// No earlier than the same step of the delivery before: acknowledgements keep the order.
	due := &c.due[dir][steps[0]]
	*due = max(*due, g.now+int64(200+g.rng.IntN(2000))*1000)
	c.after(time.Duration(*due-g.now), func() {
		c.send(dir, steps[0], decode.AppendAck(nil, steps[0], c.version, decode.AckFields{PacketID: id}))
		c.acknowledge(sender, id, qos, steps[1:])
	})
}

// holdBack is how long a packet waits for another to share its segment: less than the other end takes to react.
const holdBack = 100 * time.Microsecond

// send sends a packet, or holds it back for the next one.
func (c *conn) send(dir decode.Direction, t decode.Type, packet []byte) {
	c.g.truth.Packets[t]++
	if dir == decode.FromClient {
		c.sent = c.g.now
	}
	c.held[dir] = append(c.held[dir], packet...)
	if t != decode.CONNECT && len(c.held[dir]) < 1000 && c.g.rng.Float64() < c.g.Coalesce {
		c.after(holdBack, func() { c.flush(dir) })
		return
	}
	c.flush(dir)
}

// leastCut is the least that a segment is cut to. A single byte that is missing could as well be a FIN, as far as acknowledgements tell.
const leastCut = 2

// flush sends what is held back, in segments.
func (c *conn) flush(dir decode.Direction) {
	g := c.g
	data := c.held[dir]
	for len(data) > 0 {
		n := min(len(data), 1448)
		if n > leastCut && g.rng.Float64() < g.Split {
			n = leastCut + g.rng.IntN(n-leastCut)
		}
		if rest := len(data) - n; rest > 0 && rest < leastCut {
			n = len(data)
		}
		c.segment(dir, data[:n], data[n:])
		data = data[n:]
	}
	c.held[dir] = c.held[dir][:0]
}

// segment sends one segment, with what happens to segments on networks, and its acknowledgement.
func (c *conn) segment(dir decode.Direction, data, rest []byte) {
	g := c.g
	at := c.seqs[dir]
	if g.rng.Float64() < g.Drop {
		g.truth.Dropped++
	} else {
		c.frame(dir, flagPSH|flagACK, data)
	}
	c.seqs[dir] += uint32(len(data))
	if g.rng.Float64() < g.Resend {
		c.frameAt(dir, at, flagPSH|flagACK, data)
	}
	if len(rest) > 0 && g.rng.Float64() < g.Overlap {
		c.frameAt(dir, at, flagPSH|flagACK, append(append([]byte(nil), data...), rest[:min(len(rest), 20)]...))
	}
	if g.rng.Float64() < 0.75 {
		c.frame(dir.Opposite(), flagACK, nil)
	}
}

func (c *conn) frame(dir decode.Direction, flags byte, data []byte) {
	c.frameAt(dir, c.seqs[dir], flags, data)
}

// frameAt records a frame, or keeps it back to be recorded after the next one.
func (c *conn) frameAt(dir decode.Direction, seq uint32, flags byte, data []byte) {
	g := c.g
	if g.OneSided && dir == decode.FromServer {
		return
	}
	f := g.out.build(c, dir, seq, c.seqs[dir.Opposite()], flags, data)
	if len(data) > 0 && c.swapped == nil && g.rng.Float64() < g.Swap {
		c.swapped = append([]byte(nil), f...)
		c.after(holdBack/2, func() { c.record(nil) }) // before the other end can have reacted
		return
	}
	c.record(f)
}

// record writes a frame, and the one that was kept back for it.
func (c *conn) record(f []byte) {
	g := c.g
	if f != nil {
		g.out.record(g.now, f)
		g.now += 1000
	}
	if s := c.swapped; s != nil {
		c.swapped = nil
		g.out.record(g.now, s)
		g.now += 1000
	}
}
