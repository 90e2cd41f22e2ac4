package tui

import (
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// A pen is what every pane draws with.
type pen struct {
	th   *theme.Theme
	g    *theme.Glyphs
	text textCleaner
	loc  *time.Location
	keys keyMap // that texts name keys from
	// unsubscribed is Options.Unsubscribed.
	unsubscribed bool
}

// keyOf returns the first key of a command as it is shown, so that what texts say is right for keys of one's own, too.
func (p *pen) keyOf(command string) string {
	for i := range p.keys {
		if b := &p.keys[i]; b.name == command {
			label, _, _ := strings.Cut(b.label, " ")
			if label == "" {
				return ":" + command
			}
			if p.g.ASCII {
				label = asciiLabel(label)
			}
			return label
		}
	}
	return ":" + command
}

// stateOf returns what a row says of its state in width cells, with the style that goes with it.
func (p *pen) stateOf(r *watch.Row, width int) (glyph, words string, st theme.Style) {
	switch {
	case r.State.Open() && r.Unsure:
		return p.g.Late, r.Owes.Packet.String() + " unsure", p.th.Faded
	case r.State.Open() && r.Offline && r.Severity < handshake.Warn:
		return p.g.Waiting, r.Owes.Packet.String() + " offline", p.th.Faded
	case r.State.Open() && r.Severity >= handshake.Critical:
		return p.g.Stuck, r.Owes.Packet.String() + " owed", p.th.Critical
	case r.State.Open() && r.Severity >= handshake.Warn:
		return p.g.Slow, r.Owes.Packet.String() + " owed", p.th.Overdue
	case r.State.Open():
		return p.g.Waiting, r.Owes.Packet.String() + " owed", p.th.Waiting
	}
	glyph, words, st = p.endOf(r, width-2)
	if r.Unsure && r.State != handshake.Unknown {
		words += "?"
	}
	return glyph, words, st
}

// endOf is stateOf for a handshake that has ended. Of a Reason Code it gives the name where that fits.
func (p *pen) endOf(r *watch.Row, width int) (glyph, words string, st theme.Style) {
	switch r.State {
	case handshake.Complete:
		return p.g.Complete, "complete", p.th.Complete
	case handshake.Refused:
		name := reasonName(r.Reason, endingType(r), r.Version)
		for _, words := range []string{"refused: " + name, name} {
			if cells(words) <= width {
				return p.g.Slow, words, p.th.Refused
			}
		}
		return p.g.Slow, "refused " + hexCode(r.Reason), p.th.Refused
	case handshake.Abandoned:
		return p.g.Abandoned, "abandoned", p.th.Faded
	}
	return p.g.Late, "unknown", p.th.Faded
}

// clientOf returns how a row's client is called.
func (p *pen) clientOf(r *watch.Row, width int) string {
	return cutMiddle(p.text.clean(clientName(r), width), width, p.g.Ellipsis)
}

func clientName(r *watch.Row) string {
	if r.Client == "" && r.Addr.IsValid() {
		return r.Addr.String()
	}
	return r.Client
}

// arrow returns the direction of delivery: → to the broker, ← from it.
func (p *pen) arrow(r *watch.Row) string {
	if r.Sender == decode.FromClient {
		return p.g.ToServer
	}
	return p.g.ToClient
}

// kindWord is what the column QOS says, in three cells.
func kindWord(k handshake.Kind) string {
	switch k {
	case handshake.QoS1:
		return "Q1"
	case handshake.QoS2:
		return "Q2"
	case handshake.Subscribe:
		return "SUB"
	case handshake.Unsubscribe:
		return "UNS"
	}
	return "?"
}

// letter stands for a Control Packet in a timeline.
func letter(t decode.Type) string {
	switch t {
	case decode.PUBLISH:
		return "P"
	case decode.PUBREC:
		return "R"
	case decode.PUBREL:
		return "L"
	case decode.PUBCOMP:
		return "C"
	case decode.PUBACK, decode.SUBACK, decode.UNSUBACK:
		return "A"
	case decode.SUBSCRIBE:
		return "S"
	case decode.UNSUBSCRIBE:
		return "U"
	}
	return "?"
}

// flags are the remarks on a row that need no words: resends, joined late, RETAIN.
func (p *pen) flags(r *watch.Row) string {
	s := ""
	if r.Resends > 0 {
		s += p.g.Dup + strconv.Itoa(min(r.Resends, 99))
	}
	if r.JoinedLate {
		s += p.g.Late
	}
	if r.Retain {
		s += "R"
	}
	return s
}

// whoOwes names the end that owes the next packet.
func (p *pen) whoOwes(r *watch.Row) string {
	if r.Owes.By == decode.FromServer {
		return "broker"
	}
	return "client " + p.text.clean(clientName(r), 40)
}

// rowAge is how long a packet is owed, or how long the handshake took. It is negative where that is not known.
func rowAge(r *watch.Row, now decode.Time) time.Duration {
	switch {
	case r.State.Open() && r.Owes.Since != 0:
		return now.Sub(r.Owes.Since)
	case r.State.Open():
		return now.Sub(r.Started)
	case r.Ended == 0:
		return -1
	}
	return r.Ended.Sub(r.Started)
}

func severityWord(s handshake.Severity) string {
	switch s {
	case handshake.Critical:
		return "critical"
	case handshake.Warn:
		return "warn"
	case handshake.Info:
		return "info"
	case handshake.Notice:
		return "notice"
	}
	return ""
}

func (p *pen) severity(s handshake.Severity) (glyph string, st theme.Style) {
	switch s {
	case handshake.Critical:
		return p.g.Stuck, p.th.Critical
	case handshake.Warn:
		return p.g.Slow, p.th.Overdue
	}
	return p.g.Dot, p.th.Dim
}

const hexDigits = "0123456789abcdef"

func hexCode(c decode.ReasonCode) string {
	return "0x" + string([]byte{hexDigits[c>>4], hexDigits[c&15]})
}

// endingType is the type of the packet that ended a handshake.
func endingType(r *watch.Row) decode.Type {
	if n := len(r.Steps); n > 0 {
		return r.Steps[n-1].Type
	}
	return decode.PUBACK
}
