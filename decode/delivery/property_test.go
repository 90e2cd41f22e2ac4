package delivery_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

var filters = []string{"#", "a/#", "a/+", "a/b", "+/c", "d", "a/b/#", "$share/g/a/#", "$share/g/d"}
var topics = []string{"a/b", "a/c", "d", "a/b/c", "x/c", "nobody"}

// story lets clients subscribe, publish, come and go for a while, and then gives the broker time to finish.
func (m *model) story(shared, equal bool) {
	versions := []decode.Version{decode.V311, decode.V5}
	for i := range 6 {
		c := &client{name: fmt.Sprintf("c%d", i), version: versions[m.rng.IntN(2)], clean: m.rng.IntN(2) == 0, stuck: m.chance(m.stuck)}
		if m.rng.IntN(3) == 0 && c.version == decode.V5 {
			c.window = 1 + m.rng.IntN(4)
		}
		m.clients = append(m.clients, c)
		m.at(m.now+m.some(500), func() { m.connect(c) })
	}
	end := m.now + 60e9
	for at := m.now + 1e9; at < end; at += m.some(120) {
		m.at(at, func() { m.anything(shared, equal) })
	}
	m.run(end)
	for _, c := range m.clients { // those who are away come back, so that what is queued can be sent
		if c.link == nil && !c.clean && c.subs != nil {
			m.connect(c)
		}
	}
	m.run(end + decode.Time(200*time.Second))
	m.corr.Finish()
}

func (m *model) anything(shared, equal bool) {
	c := m.clients[m.rng.IntN(len(m.clients))]
	if c.link == nil {
		if m.chance(300) {
			m.connect(c)
		}
		return
	}
	if !c.link.Connected() {
		return
	}
	switch n := m.rng.IntN(100); {
	case n < 8:
		some := map[string]uint8{}
		for range 1 + m.rng.IntN(3) {
			f := filters[m.rng.IntN(len(filters))]
			if _, _, ok := cutShare(f); !ok || shared {
				some[f] = uint8(m.rng.IntN(3))
			}
		}
		if len(some) > 0 {
			m.subscribe(c, some)
		}
	case n < 11:
		for _, f := range sortedKeys(c.subs) {
			m.unsubscribe(c, f)
			break
		}
	case n < 14:
		m.disconnect(c)
	default:
		text := fmt.Sprintf("unique %d", m.rng.Uint64())
		if equal && m.rng.IntN(2) == 0 {
			text = []string{"on", "off"}[m.rng.IntN(2)]
		}
		m.publish(c, topics[m.rng.IntN(len(topics))], text, uint8(m.rng.IntN(3)))
	}
}

// tally is how often verdicts were right, or were not given.
type tally struct {
	right, unknown, found, missed int
	left                          int // behind when their session ended
	doubts                        map[delivery.Doubt]int
}

// check compares what the correlator says with the truth, and returns what is wrong.
func (m *model) check(n *tally) (wrong []string) {
	bad := func(f *fact, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf(format, args...)+"; truth: "+f.String())
	}
	sums := map[string][3]int{} // by key and client: seen, not forwarded, unknown
	m.corr.Messages(0, func(msg *delivery.Message) bool {
		f := m.truth[msg.ID-1]
		if msg.Topic != f.topic || msg.QoS != f.qos {
			bad(f, "message %d is another one", msg.ID)
			return false
		}
		msg.Copies(func(c *delivery.Copy) {
			p, ok := c.Subscriber()
			if !ok {
				return
			}
			key := f.topic + "\x00" + f.text + "\x00" + p.ClientID()
			s := sums[key]
			switch c.Outcome {
			case delivery.Forwarded, delivery.Received, delivery.Acknowledged, delivery.Sent, delivery.Abandoned:
				s[0] += max(1, int(c.Count))
			case delivery.NotForwarded:
				if c.Doubt != delivery.DoubtEnded {
					s[1]++
				}
			default:
				s[2]++
			}
			sums[key] = s
			if msg.Confidence == delivery.Exact {
				m.checkCopy(f, c, p.ClientID(), n, bad)
			}
		})
		if msg.Confidence == delivery.Exact {
			m.checkMessage(f, msg, bad)
		}
		return true
	})
	m.checkSums(sums, bad)
	return wrong
}

func (m *model) checkCopy(f *fact, c *delivery.Copy, name string, n *tally, bad func(*fact, string, ...any)) {
	t := f.copies[name]
	if t == nil {
		t = new(truth)
	}
	n.right++
	switch c.Outcome {
	case delivery.Acknowledged, delivery.Sent:
		if t.sent == 0 || t.acked == 0 {
			bad(f, "%s is said to have it", name)
		}
	case delivery.Forwarded, delivery.Received, delivery.Abandoned:
		if t.sent == 0 || t.acked >= t.sent {
			bad(f, "%s is said to have been sent it (%v)", name, c.Outcome)
		}
	case delivery.NotForwarded:
		if c.Doubt == delivery.DoubtEnded {
			if t.sent > 0 || t.due == 0 && t.withheld == 0 {
				bad(f, "it is said to have been left behind when the session of %s ended", name)
			}
			n.left++
			break
		}
		if t.sent > 0 || t.withheld == 0 {
			bad(f, "it is said not to have been forwarded to %s", name)
		}
		n.found++
	case delivery.Queued:
		if t.sent > 0 || t.withheld == 0 && t.due == 0 {
			bad(f, "it is said to be queued for %s", name)
		}
	case delivery.Unknown, delivery.Waiting:
		n.unknown++
		n.right--
		if t.withheld > 0 {
			n.missed++
			n.doubts[c.Doubt]++
		}
	}
}

func (m *model) checkMessage(f *fact, msg *delivery.Message, bad func(*fact, string, ...any)) {
	sent, acked, withheld, young, left := 0, 0, 0, false, false
	msg.Copies(func(c *delivery.Copy) {
		left = left || c.Outcome == delivery.NotForwarded && c.Doubt == delivery.DoubtEnded
	})
	for _, t := range f.copies {
		sent, acked, withheld, young = sent+t.sent, acked+t.acked, withheld+t.withheld, young || t.young
	}
	switch v := m.settled[msg.ID]; v {
	case delivery.Complete:
		if sent == 0 || acked == 0 {
			bad(f, "it is said to be complete")
		}
		for name, t := range f.copies {
			if t.withheld > 0 && t.sent == 0 && !t.young {
				bad(f, "it is said to be complete, but was withheld from %s", name)
			}
		}
	case delivery.NoSubscriber:
		if (sent > 0 || withheld > 0) && !young {
			bad(f, "it is said to have no subscriber")
		}
	case delivery.Undelivered:
		if withheld == 0 && !left {
			bad(f, "it is said to be undelivered")
		}
	}
}

// checkSums compares the numbers of equal messages, which cannot be told apart.
func (m *model) checkSums(sums map[string][3]int, bad func(*fact, string, ...any)) {
	truths := map[string][2]int{}
	facts := map[string]*fact{}
	for _, f := range m.truth {
		for name, t := range f.copies {
			key := f.topic + "\x00" + f.text + "\x00" + name
			s := truths[key]
			s[0] += t.sent
			s[1] += t.withheld
			truths[key], facts[key] = s, f
		}
	}
	for key, s := range sums {
		t := truths[key]
		if s[0] > t[0] || s[1] > t[1] {
			f := facts[key]
			if f == nil {
				f = &fact{topic: key}
			}
			bad(f, "%q: %d seen and %d not forwarded, of %d sent and %d withheld", key, s[0], s[1], t[0], t[1])
		}
	}
}

// TestVerdictsAgainstModel runs many stories of a broker of which the truth is known. No verdict may be wrong; how often none is given is bounded.
func TestVerdictsAgainstModel(t *testing.T) {
	stories := []struct {
		name                       string
		withhold, duplicate, stuck int
		shared, equal              bool
	}{
		{name: "healthy"},
		{name: "healthy, equal payloads and shared subscriptions", shared: true, equal: true},
		{name: "copies withheld", withhold: 30},
		{name: "copies withheld, equal payloads", withhold: 30, equal: true, shared: true},
		{name: "copies twice", duplicate: 30},
		{name: "stuck subscribers", stuck: 300, withhold: 20},
		{name: "everything", withhold: 20, duplicate: 20, stuck: 200, shared: true, equal: true},
	}
	runs := 25
	if testing.Short() {
		runs = 8
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			n := tally{doubts: map[delivery.Doubt]int{}}
			total, withheld := 0, 0
			for seed := range uint64(runs) {
				m := newModel(seed)
				m.withhold, m.duplicate, m.stuck = s.withhold, s.duplicate, s.stuck
				m.atRelease, m.perFilter = seed%2 == 0, seed%3 == 0
				m.story(s.shared, s.equal)
				for i, w := range m.check(&n) {
					if i == 5 {
						break
					}
					t.Errorf("seed %d: %s", seed, w)
				}
				total += len(m.truth)
				withheld += m.withheld
				checkAlerts(t, seed, m)
			}
			t.Logf("%d messages; copies: %d right, %d unknown; withheld %d: %d found, %d unknown: %v; left behind %d", total, n.right, n.unknown, withheld, n.found, n.missed, n.doubts, n.left)
			if s.stuck > 0 && n.left == 0 {
				t.Error("no copy was left behind when its session ended")
			}
			if n.unknown*3 > n.right {
				t.Errorf("too often nothing is known: %d of %d copies", n.unknown, n.right+n.unknown)
			}
			if s.withhold > 0 && n.found*4 < withheld && !s.equal {
				t.Errorf("of %d copies withheld %d were found", withheld, n.found)
			}
		})
	}
}

// checkAlerts wants alerts only where something was done that deserves them.
func checkAlerts(t *testing.T, seed uint64, m *model) {
	for name, cause := range map[handshake.AlertName]int{
		handshake.NotForwarded: m.withheld, handshake.DuplicateDelivery: m.duplicated, handshake.QoSNotMinimum: 0,
	} {
		if m.alerts[name] > 0 && cause == 0 {
			t.Errorf("seed %d: %d alerts %s without a cause", seed, m.alerts[name], name)
		}
	}
}
