// Package traffic writes synthetic captures of MQTT as large as one likes, with everything that makes captures hard to read: packets
// that share a segment or are split over several, TCP retransmission, overlap, reordering, and loss. From one seed always comes the
// same file, and with it the truth about what is in it.
package traffic

import (
	"bufio"
	"container/heap"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Params say what traffic to make. Probabilities are from 0 to 1.
type Params struct {
	Seed uint64
	// Publishers and Subscribers are the numbers of clients; each publisher has Topics topics of its own, which FanOut subscribers
	// have subscribed to.
	Publishers, Subscribers, Topics, FanOut int
	// Messages is how many Application Messages are published.
	Messages int
	// QoS is the shares of QoS 0, 1 and 2; they need not add up to 1.
	QoS [3]float64
	// PayloadMin and PayloadMax bound the payloads, in bytes.
	PayloadMin, PayloadMax int
	// V5 is the share of clients that speak MQTT 5.0; the others speak 3.1.1.
	V5 float64
	// Coalesce is the probability that a packet waits for the next one and shares its segment; Split that a segment is cut in two.
	Coalesce, Split float64
	// Resend, Overlap, Swap and Drop are the probabilities that a segment is sent again, sent again with bytes of its successor, recorded after its
	// successor, and not recorded at all.
	Resend, Overlap, Swap, Drop float64
	// OneSided records only what clients send.
	OneSided bool
	// Withhold is the probability that an acknowledgement is never given.
	Withhold float64
	// Reconnect is the probability, with each message, that a client then closes its connection as soon as nothing is under way on it, and connects
	// anew from another port with a clean Session: what was withheld is abandoned.
	Reconnect float64
	// NewTopics is the share of messages on a topic that there was never before.
	NewTopics float64
	// KeepAlive is what clients ask for: one that has sent nothing for so long sends a PINGREQ. Default one minute; below a second there is none.
	KeepAlive time.Duration
	// Rate is the messages a second of capture time; default 5,000.
	Rate float64
	// Start is the time of the first frame; default 2024-05-01 12:00:00 UTC.
	Start time.Time
}

// Standard is the traffic with which speed is reported: a mix of versions, QoS and sizes, and a little of everything that goes wrong on networks.
func Standard(messages int) Params {
	return Params{
		Seed: 1, Publishers: 546, Subscribers: 546, Topics: 4, FanOut: 1, Messages: messages,
		QoS: [3]float64{0.43, 0.39, 0.18}, PayloadMin: 20, PayloadMax: 400, V5: 0.5,
		Coalesce: 0.1, Split: 0.02, Resend: 0.0005, Overlap: 0.0005, Swap: 0.0005,
	}
}

// Truth is what is in a capture. It is exact where nothing is dropped.
type Truth struct {
	Frames, Bytes uint64
	Connections   uint64
	Packets       [16]uint64
	Publish       [3]uint64
	Complete      [2]uint64 // handshakes of QoS 1 and 2 that ended
	Open          [2]uint64 // handshakes that did not
	Abandoned     [2]uint64 // handshakes of Sessions that ended before they did
	Dropped       uint64    // frames
	// Messages went in, Copies came out.
	Messages, Copies uint64
}

// Write writes a pcap file (microseconds, Ethernet, IPv4) and returns the truth about it.
func Write(w io.Writer, p Params) (Truth, error) {
	if p.Rate <= 0 {
		p.Rate = 5000
	}
	if p.Start.IsZero() {
		p.Start = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	}
	if p.KeepAlive == 0 {
		p.KeepAlive = time.Minute
	}
	if p.Publishers < 1 || p.Subscribers < p.FanOut || p.Topics < 1 {
		return Truth{}, fmt.Errorf("traffic: want at least one publisher and topic, and as many subscribers as the fan-out")
	}
	g := &generator{
		Params: p, rng: rand.New(rand.NewPCG(p.Seed, 0x6d717474)),
		out: recorder{w: bufio.NewWriterSize(w, 1<<20)},
		now: p.Start.UnixNano(),
	}
	g.out.fileHeader()
	g.connect()
	g.run()
	g.finish()
	return g.truth, g.out.flush()
}

type generator struct {
	Params
	rng   *rand.Rand
	out   recorder
	truth Truth
	conns []*conn
	now   int64
	queue eventQueue
	seq   uint64
	fresh uint64 // topics that are used once
}

// event is something that an end does at a time.
type event struct {
	at  int64
	seq uint64 // keeps events of one time in their order
	do  func()
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

func (g *generator) after(d time.Duration, do func()) {
	g.seq++
	heap.Push(&g.queue, event{g.now + int64(d), g.seq, do})
}

// drain lets all that is due until a time happen.
func (g *generator) drain(until int64) {
	for len(g.queue) > 0 && g.queue[0].at <= until {
		e := heap.Pop(&g.queue).(event)
		g.now = max(g.now, e.at)
		e.do()
	}
	g.now = max(g.now, until)
}

// connect opens all connections: publishers first, then subscribers.
func (g *generator) connect() {
	for i := range g.Publishers + g.Subscribers {
		c := &conn{g: g, index: i, version: decode.V311}
		if g.rng.Float64() < g.V5 {
			c.version = decode.V5
		}
		g.conns = append(g.conns, c)
		c.connect()
		g.now += int64(50 * time.Microsecond)
	}
	for n := range g.Subscribers {
		c := g.conns[g.Publishers+n]
		for _, filter := range g.filters(n) {
			c.subscribe(filter)
			g.drain(g.now + int64(20*time.Microsecond))
		}
	}
}

// filters are what subscriber n subscribes to: all topics of the publishers whose messages it gets.
func (g *generator) filters(n int) (filters []string) {
	for p := range g.Publishers {
		if first := g.firstSubscriber(p); (n-first+g.Subscribers)%g.Subscribers < g.FanOut {
			filters = append(filters, fmt.Sprintf("plant/%d/#", p))
		}
	}
	return filters
}

func (g *generator) firstSubscriber(publisher int) int { return publisher * g.FanOut % g.Subscribers }

// run publishes all messages.
func (g *generator) run() {
	gap := int64(float64(time.Second) / g.Rate)
	for range g.Messages {
		g.drain(g.now + gap/2 + int64(g.rng.Uint64N(uint64(gap)+1)))
		g.publish(g.rng.IntN(g.Publishers))
	}
}

// publish lets a publisher publish a message, and the broker forward it.
func (g *generator) publish(publisher int) {
	qos := g.pickQoS()
	topic := g.topic(publisher)
	payload := make([]byte, g.PayloadMin+g.rng.IntN(max(1, g.PayloadMax-g.PayloadMin+1)))
	for i := range payload {
		payload[i] = byte(32 + g.rng.Uint32()%95)
	}
	c := g.conns[publisher]
	g.truth.Messages++
	c.deliver(decode.FromClient, qos, topic, payload)
	c.mayLeave()
	for k := range g.FanOut {
		c := g.conns[g.Publishers+(g.firstSubscriber(publisher)+k)%g.Subscribers]
		g.truth.Copies++
		// When it has come in for sure, and no earlier than the message before: brokers keep the order.
		c.forward = max(c.forward, g.now+int64(2*holdBack)+int64(g.rng.IntN(300))*1000)
		c.after(time.Duration(c.forward-g.now), func() {
			c.deliver(decode.FromServer, qos, topic, payload)
			c.mayLeave()
		})
	}
}

func (g *generator) topic(publisher int) string {
	if g.NewTopics > 0 && g.rng.Float64() < g.NewTopics {
		g.fresh++
		return fmt.Sprintf("plant/%d/order-%d/state", publisher, g.fresh)
	}
	return fmt.Sprintf("plant/%d/line-%d/temperature", publisher, g.rng.IntN(g.Topics))
}

func (g *generator) pickQoS() uint8 {
	x := g.rng.Float64() * (g.QoS[0] + g.QoS[1] + g.QoS[2])
	for q, share := range g.QoS {
		if x -= share; x < 0 {
			return uint8(q)
		}
	}
	return 0
}

// finish lets what is under way happen, and sends what waits.
func (g *generator) finish() {
	g.drain(g.now + int64(time.Second))
	for _, c := range g.conns {
		for dir := range c.held {
			c.flush(decode.Direction(dir))
		}
		c.record(nil)
	}
	g.truth.Frames, g.truth.Bytes = g.out.frames, g.out.bytes
}
