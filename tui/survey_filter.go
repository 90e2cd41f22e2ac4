package tui

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func quoted(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }

func sessionFilter(r *watch.SessionRow) string {
	switch {
	case r.ClientKnown:
		return "client=" + quoted(r.Client)
	case r.Addr.IsValid():
		return "host:" + r.Addr.String()
	}
	return ""
}

func topicFilter(r *watch.TopicRow) string {
	if r.Children == 0 {
		return "topic=" + quoted(r.Path)
	}
	if strings.ContainsAny(r.Path, "+#") {
		return "topic:" + quoted(r.Path+"/")
	}
	return "topic:" + quoted(r.Path+"/#")
}

func (m *Model) packetFilter() *filter.Packets {
	if m.filter.ofPackets {
		return m.filter.packets
	}
	return m.otherFilter.packets
}

func (m *Model) alignFilter() {
	if m.filter.ofPackets == (m.screen == screenPackets) {
		return
	}
	kept := m.filter.parsed
	m.filter, m.otherFilter = m.otherFilter, m.filter
	m.filter.ofPackets = m.screen == screenPackets
	if m.filter.ofPackets {
		m.filter.parsed = kept
	}
}

func (m *Model) setPacketFilter(text string) {
	m.filter.text, m.filter.mistake = text, nil
	parsed, err := filter.ParsePackets(text)
	if err != nil {
		m.mistaken(err)
	}
	if m.filter.typing && (err != nil || unfinished(text)) {
		parsed, err = finished(text, filter.ParsePackets)
	}
	if err != nil {
		return
	}
	m.filter.packets = parsed
}
