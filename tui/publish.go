package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A Message is an Application Message that the user publishes from the screen.
type Message struct {
	Broker         int // its place in Options.Brokers
	Topic, Payload string
	QoS            byte
	Retain         bool
	// Properties of MQTT 5.0; empty is left out.
	ContentType, ResponseTopic, CorrelationData string
	// Expiry is the Message Expiry Interval in seconds; nil is left out.
	Expiry *uint32
	User   [][2]string
}

// A Broker is one that messages can be published to: its name for the user, and what handshakes call it.
type Broker struct{ Name, Server string }

// awaited is a published message whose handshake is to be shown as soon as it is seen.
type awaited struct {
	topic  string
	server string
	after  uint64 // the newest handshake before
	until  time.Time
}

func (m *Model) cannotPublish() string {
	if m.opt.Publish == nil {
		return "there is no client to publish with: mqttwatch broker has one"
	}
	return ""
}

// openPublish opens the form of a message, as it was filled in last.
func (m *Model) openPublish() tea.Cmd {
	if m.lastPublish != nil {
		m.lastPublish.cursor = 0
		return m.openOver(m.lastPublish)
	}
	f := &form{
		title: "Publish",
		fields: []field{
			{label: "broker", values: m.brokerNames()},
			{label: "topic", check: badTopic},
			{label: "payload"},
			{label: "QoS", values: []string{"0", "1", "2"}, at: 1, hint: "0 has no handshake"},
			{label: "retain", values: []string{"no", "yes"}},
			{label: "content type", hint: "5.0"},
			{label: "response topic", hint: "5.0", check: func(s string) string { return why(strings.ContainsAny(s, "+#\x00"), "has no wildcards") }},
			{label: "correlation data", hint: "5.0"},
			{label: "expiry", hint: "5.0, seconds", check: badExpiry},
			{label: "user properties", hint: "5.0, name=value; name=value", check: badUser},
		},
		done: (*Model).publish,
	}
	if r := m.subject(); r != nil {
		if i := slices.IndexFunc(m.opt.Brokers, func(b Broker) bool { return b.Server == r.Server }); i >= 0 {
			f.fields[0].at = i
		}
		if r.Kind.Publish() {
			f.fields[1].typed = newChosen(decode.Escape(r.Topic))
		}
	}
	if len(m.opt.Brokers) < 2 {
		f.fields = f.fields[1:]
	}
	return m.openOver(f)
}

func (m *Model) brokerNames() []string {
	names := make([]string, len(m.opt.Brokers))
	for i := range names {
		names[i] = m.pen.text.clean(m.opt.Brokers[i].Name, 60)
	}
	return names
}

func badTopic(s string) string {
	switch {
	case s == "":
		return "give a topic"
	case strings.ContainsAny(s, "+#\x00"):
		return "a Topic Name has no wildcards"
	}
	return ""
}

func badExpiry(s string) string {
	if _, err := strconv.ParseUint(s, 10, 32); s != "" && err != nil {
		return "give seconds, or nothing"
	}
	return ""
}

func badUser(s string) string {
	for part := range strings.SplitSeq(s, ";") {
		if strings.TrimSpace(part) != "" && !strings.Contains(part, "=") {
			return "give name=value, with ; between"
		}
	}
	return ""
}

// message reads the form.
func (f *form) message() Message {
	v := f.values()
	msg := Message{
		Broker: f.place("broker"), Topic: v["topic"], Payload: v["payload"], QoS: v["QoS"][0] - '0', Retain: v["retain"] == "yes",
		ContentType: v["content type"], ResponseTopic: v["response topic"], CorrelationData: v["correlation data"],
	}
	if n, err := strconv.ParseUint(v["expiry"], 10, 32); err == nil {
		seconds := uint32(n)
		msg.Expiry = &seconds
	}
	for part := range strings.SplitSeq(v["user properties"], ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			msg.User = append(msg.User, [2]string{name, value})
		}
	}
	return msg
}

type publishMsg struct {
	message Message
	after   uint64
	err     error
}

func (m *Model) publish(f *form) tea.Cmd {
	m.lastPublish = f
	m.closeOver()
	send, backend, msg := m.opt.Publish, m.opt.Backend, f.message()
	m.say("publishing to " + m.pen.text.clean(msg.Topic, m.width))
	return func() tea.Msg {
		var after uint64
		if s := backend.Snapshot(watch.Query{Follow: true, Limit: 1}); len(s.Rows) > 0 {
			after = s.Rows[0].ID
		}
		return publishMsg{msg, after, send(msg)}
	}
}

// awaitFor is how long the handshake of what was published is waited for.
const awaitFor = 10 * time.Second

func (m *Model) onPublish(msg publishMsg) tea.Cmd {
	m.dirty = true
	switch {
	case msg.err != nil:
		m.say("not published: " + m.pen.text.clean(msg.err.Error(), m.width))
		return nil
	case msg.message.QoS == 0:
		m.say("published; QoS 0 has no handshake")
		return nil
	}
	m.say("published; waiting for its handshake")
	server := ""
	if i := msg.message.Broker; i < len(m.opt.Brokers) {
		server = m.opt.Brokers[i].Server
	}
	m.await = &awaited{msg.message.Topic, server, msg.after, m.opt.Now().Add(awaitFor)}
	return m.lookForPublished()
}

// publishedRows is how many of the newest handshakes are looked through for the one that was published.
const publishedRows = 300

type foundMsg struct {
	await *awaited
	id    uint64
}

// lookForPublished looks for the handshake of what was published.
func (m *Model) lookForPublished() tea.Cmd {
	a, backend := m.await, m.opt.Backend
	if a == nil {
		return nil
	}
	several := map[string]bool{} // the same message may be on its way to another of the brokers
	for _, b := range m.opt.Brokers {
		several[b.Server] = true
	}
	return func() tea.Msg {
		rows := backend.Snapshot(watch.Query{Follow: true, Limit: publishedRows}).Rows
		for i := range rows {
			if r := &rows[i]; r.ID > a.after && r.Sender == decode.FromClient && r.Topic == a.topic && r.Kind.Publish() && (!several[r.Server] || r.Server == a.server) {
				return foundMsg{a, r.ID}
			}
		}
		return foundMsg{a, 0}
	}
}

// onFound shows the ladder of what was published.
func (m *Model) onFound(msg foundMsg) tea.Cmd {
	switch {
	case msg.await != m.await:
	case msg.id != 0:
		m.await, m.message = nil, ""
		m.remember()
		m.screen, m.level, m.focus, m.dirty, m.extended.below = screenHandshakes, levelLadder, 0, true, false
		m.ladder.pinned = false
		m.openLadder(msg.id, nil)
		m.list.follow, m.list.seek = false, msg.id
		return m.ask()
	case m.opt.Now().After(m.await.until):
		m.await = nil
		m.say("its handshake was not seen")
	}
	return nil
}
