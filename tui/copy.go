package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// openCopy lists what can be copied of what is under the cursor.
func (m *Model) openCopy() tea.Cmd {
	var items []choice
	add := func(letter, name, text, off string) {
		note, _, _ := strings.Cut(text, "\n")
		items = append(items, choice{letter: letter, text: name, note: m.pen.text.clean(note, m.width), off: off,
			run: func(m *Model) tea.Cmd { return m.copyOut(name, text) }})
	}
	if m.active() == paneAlerts {
		if a := m.alerts.current(); a != nil {
			text := string(a.Name) + ": " + a.Text
			if a.Detail != "" {
				text += "\n" + a.Detail
			}
			add("a", "alert", text, "")
		}
	}
	m.surveyCopies(add)
	if m.active() == paneBytes && m.packet.have {
		if m.packet.cursor < len(m.packet.fields) {
			f := &m.packet.fields[m.packet.cursor]
			add("f", "field", f.Name+": "+f.Value, "")
		}
		add("h", "bytes in hex", hexBytes(m.packet.raw.Bytes), "")
	}
	if r := m.subject(); r != nil {
		add("r", "row", m.rowText(r), "")
		add("t", "topic", decode.Escape(r.Topic), why(r.Topic == "", "the topic is not known"))
		payload, off := m.payloadOf(r)
		add("p", "payload", payload, off)
		add("l", "ladder", m.laddersText(r), why(!m.hasLadder(r), "open the handshake first"))
		add("w", "Wireshark filter", wiresharkFilter(r), "")
		add("c", "client", decode.Escape(clientName(r)), "")
	}
	if len(items) == 0 {
		m.say("there is nothing to copy")
		return nil
	}
	return m.openOver(m.newMenu(menu{title: "Copy", items: items}))
}

func why(when bool, reason string) string {
	if when {
		return reason
	}
	return ""
}

// subject is the handshake that is under the cursor, or shown.
func (m *Model) subject() *watch.Row {
	if m.active() == paneList {
		return m.list.current()
	}
	if onExtended(m) {
		return m.extended.subject()
	}
	if m.ladder.data != nil && m.ladder.id != 0 && !m.onSurvey() {
		return &m.ladder.data.Row
	}
	return nil
}

func (m *Model) hasLadder(r *watch.Row) bool { return m.ladder.data != nil && m.ladder.data.ID == r.ID }

func (m *Model) laddersText(r *watch.Row) string {
	if !m.hasLadder(r) {
		return ""
	}
	return m.ladderText(m.ladder.data)
}

// payloadOf returns the payload of a delivery as far as its bytes are kept. What would command a terminal is escaped.
func (m *Model) payloadOf(r *watch.Row) (text, off string) {
	switch {
	case !r.Kind.Publish():
		return "", "it delivers no message"
	case !m.hasLadder(r):
		return "", "open the handshake first"
	}
	for i, raw := range m.ladder.data.Packets {
		if i >= len(m.ladder.data.Steps) || m.ladder.data.Steps[i].Type != decode.PUBLISH || raw.Bytes == nil {
			continue
		}
		for _, f := range dissect(raw) {
			if f.Name == "Payload" {
				return clipText(raw.Bytes[min(f.Offset, len(raw.Bytes)):min(f.Offset+f.Length, len(raw.Bytes))]), ""
			}
		}
		return "", ""
	}
	return "", "its bytes are no longer kept"
}

// clipText returns b as it is where it is text, escaped where pasting it could do harm.
func clipText(b []byte) string {
	s := string(b)
	for _, line := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' || r == '\r' }) {
		if strings.ReplaceAll(decode.Escape(line), `\\`, `\`) != line {
			return decode.EscapeBytes(b)
		}
	}
	return s
}

// wiresharkFilter chooses the packets of a handshake in Wireshark and tshark.
func wiresharkFilter(r *watch.Row) string {
	s := "mqtt.msgid == " + strconv.Itoa(int(r.PacketID))
	if !r.Addr.IsValid() {
		return s
	}
	ip := "ip"
	if r.Addr.Addr().Unmap().Is6() {
		ip = "ipv6"
	}
	return s + " && " + ip + ".addr == " + r.Addr.Addr().Unmap().WithZone("").String() + " && tcp.port == " + strconv.Itoa(int(r.Addr.Port()))
}

// copyOut puts text into the clipboard: the terminal's by OSC 52, which works over ssh, and the machine's own where main can.
func (m *Model) copyOut(name, text string) tea.Cmd {
	if text == "" {
		m.say("the " + name + " is empty")
		return nil
	}
	if m.opt.Clipboard == nil {
		m.say(name + " sent to the terminal's clipboard (OSC 52)") // whether it took it, it does not say
		return tea.SetClipboard(text)
	}
	m.say("copied: " + name)
	native := m.opt.Clipboard
	return tea.Batch(tea.SetClipboard(text), func() tea.Msg {
		native(text)
		return nil
	})
}

// rowText is a row as one line of text.
func (m *Model) rowText(r *watch.Row) string {
	_, words, _ := m.pen.stateOf(r, farAway)
	to := "to"
	if r.Sender == decode.FromServer {
		to = "from"
	}
	s := clockTime(r.Started, m.pen.loc, false) + " " + decode.Escape(clientName(r)) + " " + to + " " + decode.Escape(r.Server) + " " +
		kindWord(r.Kind) + " id " + strconv.Itoa(int(r.PacketID)) + " " + decode.Escape(r.Topic) + ": " + words
	if d := rowAge(r, m.shown.Now); d >= 0 {
		s += " " + age(d)
	}
	return s
}

func (m *Model) ladderText(l *watch.Ladder) string {
	s := m.rowText(&l.Row)
	for i := range m.ladder.rungs {
		r := &m.ladder.rungs[i]
		arrow := "    "
		switch {
		case r.kind != rungStep && r.kind != rungGhost:
		case r.dir == decode.FromClient:
			arrow = " -> "
		default:
			arrow = " <- "
		}
		s += "\n" + padRight(clockTime(r.time, m.pen.loc, false), 12) + arrow + m.pen.text.safe(r.label)
	}
	return s
}
