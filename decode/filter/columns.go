package filter

import (
	"strconv"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/internal/near"
)

// A column is what stands before an operator.
type column[T any] struct {
	name    string
	example string
	test    func(token) (testOf[T], string) // a reason where the value makes no sense
}

// handshakes is the language about handshakes.
func handshakes() language[*handshake.Handshake] {
	return language[*handshake.Handshake]{columns(), flags(), anyColumn}
}

// columns lists the words of the language in the order in which messages and docs/filter.md name them.
func columns() []column[*handshake.Handshake] {
	return []column[*handshake.Handshake]{
		{"topic", "topic:plant/+/temp", topicTest},
		{"client", "client:pump", clientTest},
		{"id", "id:17", idTest},
		{"qos", "qos:2", qosTest},
		{"state", "state:stuck", stateTest},
		{"type", "type:PUBREL", typeTest},
		{"owes", "owes:client", owesTest},
		{"age", "age>5s", ageTest},
		{"rtt", "rtt>200ms", rttTest},
		{"host", "host:10.0.0.7", hostTest},
		{"reason", "reason:0x87", reasonTest},
		{"sender", "sender:client", senderTest},
		{"kind", "kind:subscribe", kindTest},
		{"resends", "resends>1", resendsTest},
	}
}

// flags are the words that stand alone.
func flags() map[string]test {
	return map[string]test{
		"dup": func(h *handshake.Handshake, _ decode.Time) bool {
			return anyStep(h, func(s handshake.Step) bool { return s.Dup })
		},
		"retain": func(h *handshake.Handshake, _ decode.Time) bool { return h.Retain },
		"stuck":  func(h *handshake.Handshake, _ decode.Time) bool { return stuck(h) }, // as the other languages have it
	}
}

func (l language[T]) has(name string) bool {
	_, ok := l.column(name)
	return ok
}

func (l language[T]) column(name string) (column[T], bool) {
	for _, c := range l.columns {
		if strings.EqualFold(c.name, name) {
			return c, true
		}
	}
	return column[T]{}, false
}

// word turns a token into the question that it asks.
func (l language[T]) word(t token) (node[T], *Error) {
	if t.op == "" {
		return l.bareWord(t)
	}
	if !t.quoted && strings.Contains(t.value, "&&") {
		return nil, &Error{Column: t.at, Reason: `a space is and: qos:1 id:17; put a value with && in quotes`}
	}
	c, ok := l.column(t.name)
	if !ok {
		return nil, l.unknownColumn(t)
	}
	if t.value == "" {
		return nil, &Error{Column: t.at, Reason: c.name + " needs a value, as in " + c.example}
	}
	ask, reason := c.test(t)
	if reason != "" {
		return nil, &Error{Column: t.at, Reason: reason}
	}
	return leaf[T]{c.name + t.op + quote(t.value), ask}, nil
}

func (l language[T]) unknownColumn(t token) *Error {
	if other := otherScreen(t.name); other != "" {
		return &Error{Column: t.column, Reason: other}
	}
	like := ""
	if name := near.Of(t.name, l.names()); name != "" {
		like = ": did you mean " + name + "?"
	}
	return &Error{Column: t.column, Reason: `there is no column "` + t.name + `"` + like + `; there are ` + strings.Join(l.names(), ", ") +
		`; to look for the text itself put it in quotes`}
}

// quote writes a value so that it is read back as it is.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// bareWord is a flag, or matches any column.
func (l language[T]) bareWord(t token) (node[T], *Error) {
	if t.value == "" {
		return nil, &Error{Column: t.column, Reason: "the quotes are empty: put the text to look for between them"}
	}
	name := strings.ToLower(t.value)
	if ask, ok := l.flags[name]; ok && !t.quoted {
		return leaf[T]{name, ask}, nil
	}
	if reason := l.misread(t); reason != "" {
		return nil, &Error{Column: t.column, Reason: reason}
	}
	return leaf[T]{quote(t.value), l.bare(t.value)}, nil
}

// anyColumn looks into all columns of a handshake.
func anyColumn(value string) test {
	part := fold(value)
	id, err := strconv.ParseUint(value, 10, 16)
	isID := err == nil
	return func(h *handshake.Handshake, now decode.Time) bool {
		return isID && uint64(h.PacketID) == id ||
			contains(h.Topic, part) ||
			clientContains(h, part) ||
			stateContains(h, part) ||
			reasonContains(h, part)
	}
}

func topicTest(t token) (test, string) {
	value := t.value
	switch {
	case t.op == "=":
		return func(h *handshake.Handshake, _ decode.Time) bool { return h.Topic == value }, ""
	case t.op != ":":
		return nil, "topic takes : or =, as in topic:plant/+/temp"
	case wild(value):
		reason := checkPattern(value)
		return func(h *handshake.Handshake, _ decode.Time) bool { return topicMatches(value, h.Topic) }, reason
	}
	part := fold(value)
	return func(h *handshake.Handshake, _ decode.Time) bool { return contains(h.Topic, part) }, ""
}

func clientTest(t token) (test, string) {
	value := t.value
	switch t.op {
	case ":":
		part := fold(value)
		return func(h *handshake.Handshake, _ decode.Time) bool { return clientContains(h, part) }, ""
	case "=":
		return func(h *handshake.Handshake, _ decode.Time) bool { return clientID(h) == value }, ""
	}
	return nil, "client takes : or =, as in client:pump"
}

// clientContains looks into what the client column shows: the Client Identifier, or the address where none is known.
func clientContains(h *handshake.Handshake, part string) bool {
	if id := clientID(h); id != "" {
		return contains(id, part)
	}
	var room [64]byte
	return contains(clientAddr(h).AppendTo(room[:0]), part)
}

// reasonContains looks for part in the name of the Reason Code that ended h.
func reasonContains(h *handshake.Handshake, part string) bool {
	return h.State == handshake.Refused && contains(endName(h), part)
}

// endName returns the name of the Reason Code that ended h.
func endName(h *handshake.Handshake) string {
	return reasonName(h, endType(h.Kind), h.Reason)
}

// endType returns a packet that carries the Reason Code of such a handshake.
func endType(k handshake.Kind) decode.Type {
	switch k {
	case handshake.QoS2:
		return decode.PUBREC
	case handshake.Subscribe:
		return decode.SUBACK
	case handshake.Unsubscribe:
		return decode.UNSUBACK
	}
	return decode.PUBACK
}
