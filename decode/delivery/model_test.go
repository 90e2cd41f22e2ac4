package delivery_test

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// model is a broker with its clients, of which every packet is shown to a Tracker with a Correlator at the time at which it passes the broker's network. It knows
// the truth: which copy of which message was sent, withheld, acknowledged.
type model struct {
	rng     *rand.Rand
	now     decode.Time
	todo    schedule
	tracker *handshake.Tracker
	corr    *delivery.Correlator
	settled map[uint64]delivery.Verdict
	alerts  map[handshake.AlertName]int
	conns   uint64

	clients []*client
	truth   []*fact // by message ID - 1
	groups  map[string]int

	// how the broker is
	atRelease bool // sends QoS 2 on at PUBREL
	perFilter bool // a copy for each overlapping subscription
	// how often things happen that should not, of 1000
	withhold, duplicate, stuck int
	withheld, duplicated       int
}

// fact is the truth about one message.
type fact struct {
	m      int // its number
	topic  string
	text   string
	qos    uint8
	copies map[string]*truth // by client
	at     decode.Time
}

// truth is what became of the copies of a message to one client.
// young says that it was about to subscribe, or to unsubscribe, when the message came.
type truth struct {
	due, sent, acked, withheld int
	young                      bool
}

type client struct {
	name          string
	version       decode.Version
	clean         bool
	window        int // 0: the broker's own, which is not announced
	stuck         bool
	link          *handshake.Link
	subs          map[string]uint8
	queue         []*outgoing
	inflight      map[uint16]*outgoing
	nextID, outID uint16
	free          [2]decode.Time // when the next packet of a direction may pass at the earliest
	serial        int            // of the connection
	ready         bool           // accepted
	changed       decode.Time    // when it last subscribed or unsubscribed
}

type outgoing struct {
	f   *fact
	qos uint8
	id  uint16
	dup bool
}

func newModel(seed uint64) *model {
	m := &model{
		rng: rand.New(rand.NewPCG(seed, 1)), now: 1e18, settled: map[uint64]delivery.Verdict{}, alerts: map[handshake.AlertName]int{},
		groups: map[string]int{},
	}
	m.tracker = handshake.New(handshake.Config{}, m)
	m.corr = delivery.New(delivery.Config{Keep: 1 << 20, MaxCopies: 1 << 24}, m.tracker, m)
	return m
}

// Record implements handshake.Recorder.
func (m *model) Record(e handshake.Event) {
	if e.Kind == handshake.AlertRaised {
		m.alerts[e.Alert.Name]++
	}
}

// Settled implements delivery.Recorder.
func (m *model) Settled(msg *delivery.Message) { m.settled[msg.ID] = msg.Verdict() }

// schedule is what is to happen, by time.
type schedule []event

type event struct {
	at decode.Time
	n  int
	do func()
}

func (s schedule) Len() int { return len(s) }
func (s schedule) Less(i, j int) bool {
	return s[i].at < s[j].at || s[i].at == s[j].at && s[i].n < s[j].n
}
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *schedule) Push(x any)   { *s = append(*s, x.(event)) }
func (s *schedule) Pop() any {
	e := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return e
}

var serial int

func (m *model) at(t decode.Time, do func()) {
	serial++
	heap.Push(&m.todo, event{t, serial, do})
}

func (m *model) run(until decode.Time) {
	for len(m.todo) > 0 && m.todo[0].at <= until {
		e := heap.Pop(&m.todo).(event)
		m.now = e.at
		e.do()
	}
	m.now = until
	m.tracker.Advance(until)
}

func (m *model) some(most int) decode.Time { return decode.Time(m.rng.IntN(most) * 1e6) }

func (m *model) chance(of1000 int) bool { return m.rng.IntN(1000) < of1000 }

// show lets a packet pass at a time, after those before it in its direction, and then calls then.
func (m *model) show(c *client, p *decode.Packet, wait decode.Time, then func()) {
	at := max(m.now+wait, c.free[p.Dir])
	c.free[p.Dir] = at
	link, n := c.link, c.serial
	if link == nil {
		return
	}
	m.at(at, func() {
		if c.link != link || c.serial != n {
			return // the connection has gone meanwhile
		}
		p.Time, p.Version = m.now, c.version
		m.tracker.Packet(link, p, 0)
		if then != nil {
			then()
		}
	})
}

func (m *model) connect(c *client) {
	m.conns++
	c.serial++
	c.ready = false
	c.free = [2]decode.Time{}
	c.link = m.tracker.Open(&decode.ConnInfo{ID: m.conns}, m.now)
	present := !c.clean && c.subs != nil
	if !present {
		m.forget(c)
	}
	rm := uint16(65535)
	if c.window > 0 && c.version == decode.V5 {
		rm = uint16(c.window)
	}
	expiry := uint32(0xFFFFFFFF)
	if c.clean {
		expiry = 0
	}
	m.show(c, &decode.Packet{Type: decode.CONNECT, Connect: &decode.Connect{ClientID: []byte(c.name), CleanStart: c.clean, ReceiveMaximum: rm, SessionExpiry: expiry}}, 0, func() {
		m.show(c, &decode.Packet{Type: decode.CONNACK, Dir: decode.FromServer, Connack: &decode.Connack{SessionPresent: present, ReceiveMaximum: 65535}}, m.some(3), func() {
			c.ready = true
			m.resend(c)
		})
	})
}

// forget ends the session of c.
func (m *model) forget(c *client) {
	c.subs, c.queue, c.inflight = map[string]uint8{}, nil, map[uint16]*outgoing{}
}

func (m *model) disconnect(c *client) {
	link := c.link
	if link == nil {
		return
	}
	c.link, c.ready = nil, false
	c.serial++
	m.tracker.Close(link, m.now, decode.FromClient, decode.CloseFIN)
	if c.clean {
		m.forget(c)
		c.subs = nil
	}
}

func (m *model) subscribe(c *client, filters map[string]uint8) {
	c.nextID++
	id := c.nextID
	var s decode.Subscribe
	var codes []decode.ReasonCode
	for _, f := range sortedKeys(filters) {
		s.Filters = append(s.Filters, decode.TopicFilter{Filter: []byte(f), QoS: filters[f]})
		codes = append(codes, decode.ReasonCode(filters[f]))
	}
	m.show(c, &decode.Packet{Type: decode.SUBSCRIBE, PacketID: id, Subscribe: &s}, 0, func() {
		c.changed = m.now
		m.act(c, func() {
			c.changed = m.now
			for f, q := range filters {
				c.subs[f] = q
			}
			m.show(c, &decode.Packet{Type: decode.SUBACK, Dir: decode.FromServer, PacketID: id, SubackCodes: codes}, m.some(3), nil)
		})
	})
}

func (m *model) unsubscribe(c *client, filter string) {
	c.nextID++
	id := c.nextID
	s := &decode.Subscribe{Filters: []decode.TopicFilter{{Filter: []byte(filter)}}}
	m.show(c, &decode.Packet{Type: decode.UNSUBSCRIBE, PacketID: id, Subscribe: s}, 0, func() {
		c.changed = m.now
		m.act(c, func() {
			c.changed = m.now
			delete(c.subs, filter)
			m.show(c, &decode.Packet{Type: decode.UNSUBACK, Dir: decode.FromServer, PacketID: id, SubackCodes: []decode.ReasonCode{0}}, m.some(3), nil)
		})
	})
}

// act lets the broker do something with a packet of c a little later, if the connection still stands.
func (m *model) act(c *client, do func()) {
	n := c.serial
	m.at(m.now+m.some(4), func() {
		if c.serial == n {
			do()
		}
	})
}

func publishOf(dir decode.Direction, qos uint8, id uint16, dup bool, f *fact) *decode.Packet {
	return &decode.Packet{
		Type: decode.PUBLISH, Dir: dir, QoS: qos, PacketID: id, Dup: dup, Topic: []byte(f.topic), PayloadLength: int64(len(f.text)),
		Payload: []byte(f.text), Length: int64(10 + len(f.topic) + len(f.text)),
	}
}

func (m *model) publish(c *client, topic, text string, qos uint8) {
	f := &fact{topic: topic, text: text, qos: qos, copies: map[string]*truth{}}
	c.nextID++
	id := c.nextID
	answer := func(t decode.Type, then func()) {
		m.show(c, &decode.Packet{Type: t, Dir: decode.FromServer, PacketID: id}, m.some(3), then)
	}
	m.show(c, publishOf(decode.FromClient, qos, id, false, f), 0, func() {
		f.m, f.at = len(m.truth), m.now
		m.truth = append(m.truth, f)
		m.at(m.now+m.some(4), func() { // what has come is acted on, also where the client is gone by then
			switch {
			case qos == 0:
				m.route(c, f)
			case qos == 1:
				m.route(c, f)
				answer(decode.PUBACK, nil)
			default:
				if !m.atRelease {
					m.route(c, f)
				}
				answer(decode.PUBREC, func() {
					m.show(c, &decode.Packet{Type: decode.PUBREL, PacketID: id, Flags: 2}, m.some(30), func() {
						m.at(m.now+m.some(4), func() {
							if m.atRelease {
								m.route(c, f)
							}
							answer(decode.PUBCOMP, nil)
						})
					})
				})
			}
		})
	})
}

// route sends a message to all who are subscribed now.
func (m *model) route(_ *client, f *fact) {
	members := map[string][]*client{}
	for _, s := range m.clients {
		if s.subs == nil {
			continue
		}
		var granted []uint8
		for _, filter := range sortedKeys(s.subs) {
			if group, rest, ok := cutShare(filter); ok {
				if matches(rest, f.topic) && s.link != nil {
					members[group+" "+rest] = append(members[group+" "+rest], s)
				}
			} else if matches(filter, f.topic) {
				granted = append(granted, s.subs[filter])
			}
		}
		if len(granted) == 0 {
			continue
		}
		if !m.perFilter {
			granted = []uint8{slices.Max(granted)}
		}
		held := m.chance(m.withhold)
		for _, g := range granted {
			m.send(s, f, min(g, f.qos), held)
		}
		if m.chance(m.duplicate) && !held {
			m.duplicated++
			m.send(s, f, min(granted[0], f.qos), false)
		}
	}
	for _, key := range sortedKeys(members) {
		all := members[key]
		m.groups[key]++
		s := all[m.groups[key]%len(all)]
		_, filter, _ := strings.Cut(key, " ")
		m.send(s, f, min(s.subs["$share/g/"+filter], f.qos), m.chance(m.withhold))
	}
}

func (m *model) send(s *client, f *fact, qos uint8, held bool) {
	t := f.copies[s.name]
	if t == nil {
		t = new(truth)
		f.copies[s.name] = t
	}
	t.due++
	t.young = t.young || s.changed > f.at-50e6
	switch {
	case held:
		t.withheld++
		m.withheld++
	case qos == 0:
		if s.ready {
			m.show(s, publishOf(decode.FromServer, 0, 0, false, f), m.some(5), func() { t.sent++; t.acked++ })
		}
	default:
		s.queue = append(s.queue, &outgoing{f: f, qos: qos})
		m.flush(s)
	}
}

func (s *client) limit() int {
	if s.window > 0 {
		return s.window
	}
	return 20
}

// flush sends what waits for c, as far as its window goes.
func (m *model) flush(c *client) {
	for c.ready && len(c.queue) > 0 && len(c.inflight) < c.limit() {
		o := c.queue[0]
		c.queue = c.queue[1:]
		for c.outID++; c.inflight[c.outID] != nil || c.outID == 0; {
			c.outID++
		}
		o.id = c.outID
		c.inflight[o.id] = o
		m.transmit(c, o)
	}
}

// resend sends what was in flight again.
func (m *model) resend(c *client) {
	ids := make([]int, 0, len(c.inflight))
	for id := range c.inflight {
		ids = append(ids, int(id))
	}
	slices.Sort(ids)
	for _, id := range ids {
		m.transmit(c, c.inflight[uint16(id)])
	}
	m.flush(c)
}

func (m *model) transmit(c *client, o *outgoing) {
	t := o.f.copies[c.name]
	first := !o.dup
	m.show(c, publishOf(decode.FromServer, o.qos, o.id, o.dup, o.f), m.some(5), func() {
		if first {
			t.sent++
		}
		o.dup = true
		if c.stuck {
			return
		}
		done := func() {
			if c.inflight[o.id] == o {
				t.acked++
				delete(c.inflight, o.id)
			}
			m.flush(c)
		}
		say := func(dir decode.Direction, t decode.Type, then func()) {
			m.show(c, &decode.Packet{Type: t, Dir: dir, PacketID: o.id}, m.some(20), then)
		}
		if o.qos == 1 {
			say(decode.FromClient, decode.PUBACK, done)
			return
		}
		say(decode.FromClient, decode.PUBREC, func() {
			say(decode.FromServer, decode.PUBREL, func() { say(decode.FromClient, decode.PUBCOMP, done) })
		})
	})
	o.dup = o.dup || false
}

func cutShare(filter string) (group, rest string, ok bool) {
	after, ok := strings.CutPrefix(filter, "$share/")
	if !ok {
		return "", filter, false
	}
	return strings.Cut(after, "/")
}

// matches is 4.7 of the standard, written once more and otherwise.
func matches(filter, topic string) bool {
	f, t := strings.Split(filter, "/"), strings.Split(topic, "/")
	if strings.HasPrefix(topic, "$") && (f[0] == "#" || f[0] == "+") {
		return false
	}
	for i, level := range f {
		if level == "#" {
			return true
		}
		if i >= len(t) || level != "+" && level != t[i] {
			return false
		}
	}
	return len(f) == len(t)
}

func sortedKeys[V any](in map[string]V) []string {
	keys := make([]string, 0, len(in))
	for k := range in {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (f *fact) String() string {
	s := fmt.Sprintf("message %d %s %q QoS %d:", f.m+1, f.topic, f.text, f.qos)
	for _, name := range sortedKeys(f.copies) {
		s += fmt.Sprintf(" %s%+v", name, *f.copies[name])
	}
	return s
}
