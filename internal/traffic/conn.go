package traffic

import (
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
}

func (c *conn) id(dir decode.Direction) uint16 {
	id := c.next[dir]
	if c.next[dir]++; c.next[dir] == 0 {
		c.next[dir] = 1
	}
	return id
}

func (c *conn) open() {
	c.frame(decode.FromClient, flagSYN, nil)
	c.seqs[0]++
	c.frame(decode.FromServer, flagSYN|flagACK, nil)
	c.seqs[1]++
	c.frame(decode.FromClient, flagACK, nil)
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
		return
	}
	dir := sender.Opposite()
	if steps[0] == decode.PUBREL {
		dir = sender
	}
	// No earlier than the same step of the delivery before: acknowledgements keep the order.
	due := &c.due[dir][steps[0]]
	*due = max(*due, g.now+int64(200+g.rng.IntN(2000))*1000)
	g.after(time.Duration(*due-g.now), func() {
		c.send(dir, steps[0], decode.AppendAck(nil, steps[0], c.version, decode.AckFields{PacketID: id}))
		c.acknowledge(sender, id, qos, steps[1:])
	})
}

// holdBack is how long a packet waits for another to share its segment: less than the other end takes to react.
const holdBack = 100 * time.Microsecond

// send sends a packet, or holds it back for the next one.
func (c *conn) send(dir decode.Direction, t decode.Type, packet []byte) {
	c.g.truth.Packets[t]++
	c.held[dir] = append(c.held[dir], packet...)
	if t != decode.CONNECT && len(c.held[dir]) < 1000 && c.g.rng.Float64() < c.g.Coalesce {
		c.g.after(holdBack, func() { c.flush(dir) })
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
	f := g.out.build(c.index, dir, seq, c.seqs[dir.Opposite()], flags, data)
	if len(data) > 0 && c.swapped == nil && g.rng.Float64() < g.Swap {
		c.swapped = append([]byte(nil), f...)
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
