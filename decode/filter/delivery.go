package filter

import (
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
)

// Deliveries is a parsed expression that chooses deliveries. It does not change and may be used from several goroutines.
type Deliveries struct {
	text string
	root node[*delivery.Message]
}

// ParseDeliveries parses an expression about deliveries:
//
//	undelivered topic:cmd/# publisher:app subscriber:pump-7 latency>1s qos:2 verdict:unknown
//
// The empty text gives nil, which chooses all. An error is an *Error.
func ParseDeliveries(text string) (*Deliveries, error) {
	root, err := parse(text, deliveries())
	if err != nil || root == nil {
		return nil, err
	}
	return &Deliveries{text: text, root: root}, nil
}

// Match reports whether m is chosen. It is called where m may be read: by the owner of the correlator.
func (f *Deliveries) Match(m *delivery.Message, now decode.Time) bool {
	return f == nil || f.root.match(m, now)
}

// String returns the text that was parsed.
func (f *Deliveries) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

type (
	message     = *delivery.Message
	messageTest = testOf[message]
)

// deliveries is the language about deliveries, in the order in which messages and docs/filter.md name its words.
func deliveries() language[message] {
	return language[message]{
		columns: []column[message]{
			{"topic", "topic:plant/+/temp", messageTopicTest},
			{"publisher", "publisher:app", publisherTest},
			{"subscriber", "subscriber:pump-7", subscriberTest},
			{"qos", "qos:2", messageQoSTest},
			{"latency", "latency>1s", latencyTest},
			{"verdict", "verdict:queued", verdictTest},
			{"outcome", "outcome:refused", outcomeTest},
			{"number", "number:4", numberTest(func(m message) int64 { return int64(m.ID) })},
		},
		flags: map[string]messageTest{
			"undelivered": func(m message, _ decode.Time) bool { return m.Verdict().Wanting() },
			"retain":      func(m message, _ decode.Time) bool { return m.Retain },
			"will":        func(m message, _ decode.Time) bool { return m.Will },
		},
		bare: func(value string) messageTest {
			part := fold(value)
			return func(m message, _ decode.Time) bool {
				return contains(m.Topic, part) || partyContains(m.Publisher(), part) || contains(m.Verdict().String(), part) ||
					anyCopy(m, func(c *delivery.Copy) bool { return subscriberContains(c, part) })
			}
		},
	}
}

// anyCopy reports whether ok holds for one of the copies that were expected or seen.
func anyCopy(m message, ok func(*delivery.Copy) bool) bool {
	found := false
	m.Copies(func(c *delivery.Copy) {
		found = found || c.Outcome != delivery.NotExpected && ok(c)
	})
	return found
}

func partyContains(p delivery.Party, part string) bool {
	if id := p.ClientID(); id != "" {
		return contains(id, part)
	}
	return contains(p.Address(), part)
}

func subscriberContains(c *delivery.Copy, part string) bool {
	p, ok := c.Subscriber()
	return ok && partyContains(p, part)
}

func messageTopicTest(t token) (messageTest, string) {
	value := t.value
	switch {
	case t.op == "=":
		return func(m message, _ decode.Time) bool { return m.Topic == value }, ""
	case t.op != ":":
		return nil, "topic takes : or =, as in topic:plant/+/temp"
	case wild(value):
		return func(m message, _ decode.Time) bool { return topicMatches(value, m.Topic) }, checkPattern(value)
	}
	part := fold(value)
	return func(m message, _ decode.Time) bool { return contains(m.Topic, part) }, ""
}

func publisherTest(t token) (messageTest, string) {
	value, part := t.value, fold(t.value)
	switch t.op {
	case ":":
		return func(m message, _ decode.Time) bool { return partyContains(m.Publisher(), part) }, ""
	case "=":
		return func(m message, _ decode.Time) bool { return m.Publisher().ClientID() == value }, ""
	}
	return nil, "publisher takes : or =, as in publisher:app"
}

func subscriberTest(t token) (messageTest, string) {
	value, part := t.value, fold(t.value)
	switch t.op {
	case ":":
		return func(m message, _ decode.Time) bool {
			return anyCopy(m, func(c *delivery.Copy) bool { return subscriberContains(c, part) })
		}, ""
	case "=":
		return func(m message, _ decode.Time) bool {
			return anyCopy(m, func(c *delivery.Copy) bool {
				p, ok := c.Subscriber()
				return ok && p.ClientID() == value
			})
		}, ""
	}
	return nil, "subscriber takes : or =, as in subscriber:pump-7"
}

func messageQoSTest(t token) (messageTest, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 2 {
		return nil, "QoS is 0, 1 or 2: qos:2, qos>0"
	}
	ok := compare(t.op, limit)
	return func(m message, _ decode.Time) bool { return ok(int64(m.QoS)) }, ""
}

// latencyTest asks for the longest time from the publisher to a subscriber that has the message; one that is still waited for counts up to now.
func latencyTest(t token) (messageTest, string) {
	ok, reason := duration(t)
	return func(m message, now decode.Time) bool {
		worst := m.Tally().Worst
		if m.Settled == 0 {
			worst = max(worst, now.Sub(m.At))
		}
		return worst >= 0 && ok(int64(worst))
	}, reason
}

func verdictTest(t token) (messageTest, string) {
	var names []string
	for v := delivery.Pending; v <= delivery.CannotKnow; v++ {
		name := strings.ReplaceAll(v.String(), " ", "-")
		if isOp(t) && strings.EqualFold(name, t.value) {
			return func(m message, _ decode.Time) bool { return m.Verdict() == v }, ""
		}
		names = append(names, name)
	}
	return nil, "verdict is one of " + strings.Join(names, ", ") + ", as in verdict:unknown"
}

func outcomeTest(t token) (messageTest, string) {
	var names []string
	for o := delivery.Waiting; o <= delivery.Unknown; o++ {
		name := strings.ReplaceAll(o.String(), " ", "-")
		if isOp(t) && strings.EqualFold(name, t.value) {
			return func(m message, _ decode.Time) bool {
				return anyCopy(m, func(c *delivery.Copy) bool { return c.Outcome == o })
			}, ""
		}
		names = append(names, name)
	}
	return nil, "outcome is one of " + strings.Join(names, ", ") + ", as in outcome:refused"
}
