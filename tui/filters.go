package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// filterHistory is the filters that were used, the newest last, and the one that is shown while they are gone through.
type filterHistory struct {
	texts []string
	at    int    // len(texts) is what was typed
	typed string // before the history was gone through
}

// maxFilters bounds the history.
const maxFilters = 100

func (h *filterHistory) add(text string) {
	if text == "" {
		return
	}
	h.texts = slices.DeleteFunc(h.texts, func(s string) bool { return s == text })
	h.texts = append(h.texts, text)
	if len(h.texts) > maxFilters {
		h.texts = h.texts[1:]
	}
}

// filterHistory is that of the filters of the screen.
func (m *Model) filterHistory() *filterHistory { return &m.history[m.filter.kind] }

func (m *Model) noFilterHistory() string {
	if len(m.filterHistory().texts) == 0 {
		return "no filter was used before"
	}
	return ""
}

// recallFilter shows the filter used before the one shown, or with 1 after it.
func (m *Model) recallFilter(step int) tea.Cmd {
	h := m.filterHistory()
	if h.at == len(h.texts) {
		h.typed = m.filter.editor.String()
	}
	to := h.at + step
	if to < 0 || to > len(h.texts) {
		return nil
	}
	h.at = to
	text := h.typed
	if to < len(h.texts) {
		text = h.texts[to]
	}
	m.filter.editor = newEditor(text)
	m.setFilter(text)
	return nil
}

// A builderField is a field of the filter builder: the column of the filter that it makes, and what goes before its value.
type builderField struct {
	label, column, op, hint string
	values                  []string
}

var yesNo = []string{"any", "yes", "no"}

// builderFields are those of the filter builder of each screen.
var builderFields = [filterKinds][]builderField{
	ofHandshakes: {
		{"topic", "topic", ":", "a part, or with wildcards: plant/+/temp", nil},
		{"client", "client", ":", "a part of the Client Identifier", nil},
		{"host", "host", ":", "an address", nil},
		{"id", "id", ":", "Packet Identifier", nil},
		{"QoS", "qos", ":", "", []string{"any", "1", "2"}},
		{"kind", "kind", ":", "", []string{"any", "publish", "subscribe", "unsubscribe"}},
		{"sender", "sender", ":", "", []string{"any", "client", "server"}},
		{"state", "state", ":", "", []string{"any", "open", "stuck", "complete", "refused", "abandoned", "unknown"}},
		{"older than", "age", ">", "5s, 2m", nil},
		{"slower than", "rtt", ">", "200ms", nil},
		{"reason", "reason", ":", "0x87, or a part of its name", nil},
		{"resent", "dup", "", "", yesNo},
		{"retain", "retain", "", "", yesNo},
		{"any text", "", "", "anywhere in the row", nil},
	},
	ofDeliveries: {
		{"topic", "topic", ":", "a part, or with wildcards: plant/+/temp", nil},
		{"publisher", "publisher", ":", "a part of the Client Identifier", nil},
		{"subscriber", "subscriber", ":", "one of them: a part of the Client Identifier", nil},
		{"QoS", "qos", ":", "with which it was published", []string{"any", "0", "1", "2"}},
		{"verdict", "verdict", ":", "", []string{"any", "complete", "pending", "queued", "incomplete", "not-forwarded", "refused", "no-subscriber", "unknown"}},
		{"slower than", "latency", ">", "200ms: the slowest subscriber", nil},
		{"undelivered", "undelivered", "", "", yesNo},
		{"retain", "retain", "", "", yesNo},
		{"Will", "will", "", "", yesNo},
		{"any text", "", "", "anywhere in the row", nil},
	},
	ofSessions: {
		{"client", "client", ":", "a part of the Client Identifier", nil},
		{"host", "host", ":", "an address of either end", nil},
		{"version", "version", ":", "of MQTT", []string{"any", "3.1", "3.1.1", "5"}},
		{"QoS", "qos", ":", "that was published with", []string{"any", "0", "1", "2"}},
		{"connected", "online", "", "", yesNo},
		{"stuck", "stuck", "", "a handshake is overdue", yesNo},
		{"window full", "full", "", "", yesNo},
		{"silent", "silent", "", "for longer than Keep Alive allows", yesNo},
		{"in flight", "inflight", ">", "5: more than so many on one side", nil},
		{"connections", "conns", ">", "3: more than so many", nil},
		{"older than", "age", ">", "5s: the oldest in flight", nil},
		{"slower than", "rtt", ">", "200ms: the P99 of the slower side", nil},
		{"idle for", "idle", ">", "30s: since the last packet", nil},
	},
	ofTopics: {
		{"topic", "topic", ":", "a part, or with wildcards: plant/+/temp", nil},
		{"QoS", "qos", ":", "that was published with", []string{"any", "0", "1", "2"}},
		{"stuck", "stuck", "", "a handshake is overdue", yesNo},
		{"open", "open", ">", "0: more than so many handshakes", nil},
		{"rate over", "rate", ">", "5: PUBLISH packets a second", nil},
		{"slower than", "rtt", ">", "200ms: the P99", nil},
		{"idle for", "idle", ">", "30s: since the last PUBLISH", nil},
	},
	ofPackets: {
		{"topic", "topic", ":", "a part, or with wildcards: plant/+/temp", nil},
		{"client", "client", ":", "a part of the Client Identifier", nil},
		{"host", "host", ":", "an address of either end", nil},
		{"packet", "type", ":", "", []string{
			"any", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP",
			"DISCONNECT", "AUTH"}},
		{"id", "id", ":", "Packet Identifier", nil},
		{"QoS", "qos", ":", "of a PUBLISH", []string{"any", "0", "1", "2"}},
		{"sender", "sender", ":", "", []string{"any", "client", "broker"}},
		{"reason", "reason", ":", "0x87, or a part of its name", nil},
		{"resent", "dup", "", "", yesNo},
		{"retain", "retain", "", "", yesNo},
		{"malformed", "malformed", "", "", yesNo},
		{"lost", "lost", "", "bytes that are no packet", yesNo},
	},
}

// parses reports what is wrong with a text as a filter of that kind.
func (k filterKind) parses(text string) error {
	var err error
	switch k {
	case ofDeliveries:
		_, err = filter.ParseDeliveries(text)
	case ofSessions:
		_, err = filter.ParseSessions(text)
	case ofTopics:
		_, err = filter.ParseTopics(text)
	case ofPackets:
		_, err = filter.ParsePackets(text)
	default:
		_, err = filter.Parse(text)
	}
	return err
}

// openBuilder opens the form that makes a filter.
func (m *Model) openBuilder() tea.Cmd {
	kind := m.filter.kind
	f := &form{title: "Build a filter", below: func(f *form) (string, bool) {
		text := f.expression(kind)
		if text == "" {
			return "chooses all", false
		}
		if err := kind.parses(text); err != nil {
			return text + "   " + err.Error(), true
		}
		return text, false
	}, done: func(m *Model, f *form) tea.Cmd {
		text := f.expression(kind)
		if err := kind.parses(text); err != nil {
			m.say(m.pen.text.clean(err.Error(), m.width))
			return nil
		}
		m.closeOver()
		return m.useFilter(text)
	}}
	for _, b := range builderFields[kind] {
		f.fields = append(f.fields, field{label: b.label, values: b.values, hint: b.hint})
	}
	return m.openOver(f)
}

// expression is the filter that the fields make.
func (f *form) expression(kind filterKind) string {
	text := ""
	for i, b := range builderFields[kind] {
		v := f.fields[i].value()
		part := ""
		switch {
		case v == "" || v == "any":
			continue
		case b.column == "":
			part = quoteWord(v)
		case b.op == "" && v == "no":
			part = "!" + b.column
		case b.op == "":
			part = b.column
		default:
			part = b.column + b.op + quoteWord(v)
		}
		if text != "" {
			text += " "
		}
		text += part
	}
	return text
}

// quoteWord puts a value into quotes where it would not be read as one word.
func quoteWord(s string) string {
	plain := true
	for _, r := range s {
		plain = plain && r > ' ' && r != '"' && r != '\\' && r != '(' && r != ')' && r != '|' && r != '!' && r != ':'
	}
	if plain {
		return s
	}
	out := `"`
	for _, r := range s {
		if r == '"' || r == '\\' {
			out += `\`
		}
		out += string(r)
	}
	return out + `"`
}
