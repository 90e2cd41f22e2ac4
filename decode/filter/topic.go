package filter

import (
	"strconv"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Topic is what filters see of one Topic Name: what was published to this very topic.
type Topic struct {
	Path        string
	Publish     [3]uint64 // by QoS
	Rate        float64   // PUBLISH packets a second, both ways
	Open, Stuck int       // handshakes
	RTT         time.Duration
	Idle        time.Duration // since the last PUBLISH
}

// Topics is a parsed expression that chooses topics. It does not change and may be used from several goroutines.
type Topics struct {
	text string
	root node[*Topic]
}

// ParseTopics parses an expression about topics:
//
//	stuck | topic:plant/+/temp rate>5 rtt>200ms
//
// The empty text gives nil, which chooses all. An error is an *Error.
func ParseTopics(text string) (*Topics, error) {
	root, err := parse(text, topics())
	if err != nil || root == nil {
		return nil, err
	}
	return &Topics{text: text, root: root}, nil
}

// Match reports whether t is chosen.
func (f *Topics) Match(t *Topic) bool { return f == nil || f.root.match(t, 0) }

// String returns the text that was parsed.
func (f *Topics) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

type topicTestOf = testOf[*Topic]

// topics is the language about topics, in the order in which messages and docs/filter.md name its words.
func topics() language[*Topic] {
	return language[*Topic]{
		columns: []column[*Topic]{
			{"topic", "topic:plant/+/temp", topicPathTest},
			{"qos", "qos:2", func(t token) (topicTestOf, string) {
				return usedQoS(t, func(p *Topic) *[3]uint64 { return &p.Publish })
			}},
			{"rate", "rate>5", topicRateTest},
			{"open", "open>0", numberTest(func(p *Topic) int64 { return int64(p.Open) })},
			{"rtt", "rtt>200ms", timeTest(func(p *Topic) time.Duration { return p.RTT })},
			{"idle", "idle>30s", timeTest(func(p *Topic) time.Duration { return p.Idle })},
		},
		flags: map[string]topicTestOf{
			"stuck": func(p *Topic, _ decode.Time) bool { return p.Stuck > 0 },
		},
		bare: func(value string) topicTestOf {
			part := fold(value)
			return func(p *Topic, _ decode.Time) bool { return contains(p.Path, part) }
		},
	}
}

func topicPathTest(t token) (topicTestOf, string) {
	value := t.value
	switch {
	case t.op == "=":
		return func(p *Topic, _ decode.Time) bool { return p.Path == value }, ""
	case t.op != ":":
		return nil, "topic takes : or =, as in topic:plant/+/temp"
	case wild(value):
		return func(p *Topic, _ decode.Time) bool { return topicMatches(value, p.Path) }, checkPattern(value)
	}
	part := fold(value)
	return func(p *Topic, _ decode.Time) bool { return contains(p.Path, part) }, ""
}

// topicRateTest compares rates to a thousandth, of which nobody asks for less.
func topicRateTest(t token) (topicTestOf, string) {
	limit, err := strconv.ParseFloat(t.value, 64)
	if err != nil || limit < 0 || limit > 1e9 || isOp(t) {
		return nil, "rate takes > or < and a number a second: rate>5, rate<0.1"
	}
	ok := compare(t.op, int64(limit*1000))
	return func(p *Topic, _ decode.Time) bool { return ok(int64(p.Rate * 1000)) }, ""
}
