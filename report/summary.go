package report

import (
	"io"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// Summary writes nothing but totals, at the end.
type Summary struct{ page }

// NewSummary returns a Summary that writes to w.
func NewSummary(w io.Writer) *Summary { return &Summary{page{w: w}} }

// Event implements Reporter.
func (s *Summary) Event(*watch.Event) {}

// Finish implements Reporter.
func (s *Summary) Finish(snap *watch.Snapshot) error {
	s.buf = AppendSummary(s.buf, snap)
	return s.Flush()
}

// AppendSummary appends the totals of s as a few lines of text, the same that stay on the terminal when the screen closes.
func AppendSummary(b []byte, s *watch.Snapshot) []byte {
	t, c := totalsOf(s), &s.Counts
	b = appendSource(b, &t, s.Now)
	b = appendPacketLine(b, c)
	if n := c.Publish; n[0]+n[1]+n[2] > 0 {
		b = append(b, "PUBLISH      "...)
		b = appendParts(b, []part{{"QoS 0", n[0]}, {"QoS 1", n[1]}, {"QoS 2", n[2]}})
	}
	for i, o := range c.Handshakes {
		b = appendOutcomeLine(b, i+1, o)
	}
	b = appendDeliveryLine(b, &s.Deliveries)
	b = appendStandingLines(b, s.Expectations)
	b = append(b, "alerts       "...)
	var alerts []part
	for _, name := range sortedKeys(c.Alerts) {
		alerts = append(alerts, part{string(name) + criticalWords(c.Alerts[name], c.AlertsCritical[name]), c.Alerts[name]})
	}
	b = appendParts(b, alerts)
	return appendLosses(appendMalformed(b, c), &t, c)
}

// criticalWords says how many of the alerts of a name were or became critical.
func criticalWords(all, critical uint64) string {
	switch {
	case critical == 0:
		return ""
	case critical == all:
		return " (critical)"
	}
	return " (" + strconv.FormatUint(critical, 10) + " critical)"
}

// appendSource appends what was looked at: names, frames, bytes, and for how long. Where a source was silent in the end that is until now, as what is owed
// is, and not until its last frame.
func appendSource(b []byte, t *totals, now decode.Time) []byte {
	for i, name := range t.names {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, sourceName(name)...)
	}
	if len(t.names) > 0 {
		b = append(b, ": "...)
	}
	b = appendNoun(b, t.frames, "frame")
	b = appendNoun(append(b, ", "...), t.bytes, "byte")
	if last := max(t.last, now); t.first != 0 && last >= t.first {
		b = appendDuration(append(b, ", "...), last.Sub(t.first))
	}
	return append(b, '\n')
}

// sourceName is the name of a source for people.
func sourceName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return decode.Escape(name)
}

func appendPacketLine(b []byte, c *watch.Counts) []byte {
	var parts []part
	for p, n := range c.Packets {
		parts = append(parts, part{decode.Type(p).String(), n})
	}
	b = append(b, "packets      "...)
	b = appendParts(b, parts)
	b = append(b, "connections  "...)
	b = appendUint(b, c.Connections)
	b = appendNoun(append(b, ", "...), c.Sessions, "session")
	for _, reason := range sortedKeys(c.ConnectsRefused) {
		b = appendUint(append(b, ", "...), c.ConnectsRefused[reason])
		b = append(append(append(b, " refused ("...), decode.Escape(reason)...), ')')
	}
	return append(b, '\n')
}

func appendOutcomeLine(b []byte, level int, o watch.Outcomes) []byte {
	total := o.Complete + o.Refused + o.Abandoned + o.Unknown + o.Open
	if total+o.JoinedLate == 0 {
		return b
	}
	b = append(b, "QoS "...)
	b = append(b, byte('0'+level))
	b = appendNoun(append(b, "        "...), total, "handshake")
	b = append(b, ": "...)
	return appendParts(b, []part{{"complete", o.Complete}, {"refused", o.Refused}, {"abandoned", o.Abandoned},
		{"unknown", o.Unknown}, {"open", o.Open}, {"joined late", o.JoinedLate}})
}

// appendMalformed appends how many packets are not as the standard wants them, and what is wrong with the first; nothing where there are none.
func appendMalformed(b []byte, c *watch.Counts) []byte {
	if c.Malformed == 0 {
		return b
	}
	b = appendNoun(append(b, "malformed    "...), c.Malformed, "packet")
	if c.FirstMalformed != "" {
		if c.Malformed > 1 {
			b = append(b, ", the first"...)
		}
		b = append(append(b, " from "...), decode.Escape(c.FirstMalformed)...)
	}
	return append(b, '\n')
}

// appendLosses appends what was lost, dropped or left out; nothing where nothing was.
func appendLosses(b []byte, t *totals, c *watch.Counts) []byte {
	parts := []part{
		{nounOf(t.gaps, "gap", " in TCP"), t.gaps}, {nounOf(t.gapBytes, "byte", " in gaps"), t.gapBytes},
		{nounOf(t.cut, "frame", " cut by the snap length"), t.cut},
		{"dropped by the kernel", t.kernelDrops}, {"dropped by mqttwatch", t.queueDrops},
		{nounOf(c.LostBytes-min(c.LostBytes, t.gapBytes), "byte", " not understood"), c.LostBytes - min(c.LostBytes, t.gapBytes)},
	}
	for _, name := range sortedKeys(t.other) {
		parts = append(parts, part{connectionNoun(name, t.other[name]), t.other[name]})
	}
	for _, name := range sortedKeys(t.notDecoded) {
		parts = append(parts, part{nounOf(t.notDecoded[name], "frame", " not decoded ("+decode.Escape(name)+")"), t.notDecoded[name]})
	}
	if line := appendParts(nil, parts); string(line) != none {
		b = append(append(b, "not seen     "...), line...)
	}
	for _, note := range t.notes {
		b = append(append(append(b, "note         "...), decode.Escape(note)...), '\n')
	}
	return b
}

// A part is a number with its name.
type part struct {
	name string
	n    uint64
}

const none = "none\n"

// appendParts appends the parts that are not 0, as "12 CONNECT, 3 PUBLISH", and ends the line.
func appendParts(b []byte, parts []part) []byte {
	some := false
	for _, p := range parts {
		if p.n == 0 {
			continue
		}
		if some {
			b = append(b, ", "...)
		}
		some = true
		b = append(appendUint(b, p.n), ' ')
		b = append(b, p.name...)
	}
	if !some {
		return append(b, none...)
	}
	return append(b, '\n')
}

// nounOf returns a noun in the number of n, and what follows it.
func nounOf(n uint64, noun, after string) string {
	if n != 1 {
		noun += "s"
	}
	return noun + after
}

// appendNoun appends n and the noun in its number.
func appendNoun(b []byte, n uint64, noun string) []byte {
	b = append(append(appendUint(b, n), ' '), noun...)
	if n != 1 {
		b = append(b, 's')
	}
	return b
}

// connectionNoun returns what n TCP connections without MQTT are called, by what their bytes look like.
func connectionNoun(name string, n uint64) string {
	noun := "connections"
	if n == 1 {
		noun = "connection"
	}
	switch name {
	case "no data":
		return "TCP " + noun + " without data"
	case "not MQTT":
		return "TCP " + noun + " with something else"
	case "TLS":
		return "TLS " + noun + " (encrypted)"
	case "WebSocket":
		return "WebSocket " + noun + " without MQTT"
	case "WebSocket with compression":
		return "WebSocket " + noun + " with compression (not unpacked)"
	case "WebSocket refused":
		return "refused WebSocket " + noun
	}
	return decode.Escape(name) + " " + noun
}

// NoMQTT says in one line what was in the sources where no Control Packet was found; "" where one was.
func NoMQTT(s *watch.Snapshot) string {
	if packetCount(&s.Counts) > 0 {
		return ""
	}
	t := totalsOf(s)
	b := []byte("no MQTT found")
	for i, name := range t.names {
		b = append(b, [2]string{", ", " in "}[btoi(i == 0)]...)
		b = append(b, sourceName(name)...)
	}
	b = appendNoun(append(b, ": "...), t.frames, "frame")
	for _, name := range sortedKeys(t.other) {
		b = append(b, ", "...)
		b = appendUint(b, t.other[name])
		b = append(append(b, ' '), connectionNoun(name, t.other[name])...)
	}
	for _, name := range sortedKeys(t.notDecoded) {
		b = append(b, ", "...)
		b = appendNoun(b, t.notDecoded[name], "frame")
		b = append(append(append(b, " not decoded ("...), decode.Escape(name)...), ')')
	}
	if t.cut > 0 {
		b = appendNoun(append(b, ", "...), t.cut, "frame")
		b = append(b, " cut by the snap length (capture whole frames: tcpdump -s 0)"...)
	}
	if t.frames > 0 && len(t.other) == 0 && len(t.notDecoded) == 0 {
		b = append(b, ", none with TCP data"...)
	}
	return string(b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
