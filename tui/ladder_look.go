package tui

import (
	"hash/fnv"
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

func (m *Model) cycleTimes() tea.Cmd {
	m.ladder.times = (m.ladder.times + 1) % len(ladderTimes)
	m.say("times: " + map[string]string{"clock": "of the clock", "first": "since the first packet", "previous": "since the one before"}[ladderTimes[m.ladder.times]])
	return nil
}

func (m *Model) cycleNames() tea.Cmd {
	m.ladder.names = (m.ladder.names + 1) % len(ladderNames)
	return nil
}

func (m *Model) cycleColor() tea.Cmd {
	m.ladder.colors = (m.ladder.colors + 1) % len(ladderColors)
	m.say("arrows coloured by " + ladderColors[m.ladder.colors])
	return nil
}

func (m *Model) toggleCompact() tea.Cmd {
	m.ladder.compact = !m.ladder.compact
	m.resyncLadder()
	return nil
}

// compactRungs leaves the packets, each with its name and what is not as usual, and what is owed.
func compactRungs(rungs []rung, l *watch.Ladder) []rung {
	out := rungs[:0]
	for _, r := range rungs {
		switch r.kind {
		case rungGhost:
		case rungStep:
			s := &l.Steps[r.step]
			r.label = s.Type.String()
			if s.Dup {
				r.label += " DUP"
			}
			if s.Reason != 0 && s.Type != decode.PUBLISH {
				r.label += " " + hexCode(s.Reason)
			}
		default:
			if !r.hole {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// arrowStyle is the colour of an arrow: a help for the eye, whose label says the same.
func (l *ladder) arrowStyle(p *pen, r *rung) theme.Style {
	if l.data == nil || r.kind != rungStep || r.step >= len(l.data.Steps) {
		return p.th.Plain
	}
	s := &l.data.Steps[r.step]
	return p.hue(ladderColors[l.colors], &coloured{s.Type, s.Dup || l.again(r.step), l.data.PacketID, clientName(&l.data.Row)})
}

// coloured is what the colour of an arrow can say.
type coloured struct {
	typ    decode.Type
	resent bool
	id     uint16
	client string
}

// hue is the colour of an arrow by one of ladderColors.
func (p *pen) hue(by string, c *coloured) theme.Style {
	hues := p.th.Hues
	switch {
	case by == "type" && (c.typ == decode.PUBLISH || c.typ == decode.SUBSCRIBE || c.typ == decode.UNSUBSCRIBE):
		return p.th.Key
	case by == "type" && (c.typ == decode.PUBREC || c.typ == decode.PUBREL):
		return p.th.Overdue
	case by == "type":
		return p.th.Complete
	case by == "resend" && c.resent:
		return p.th.Overdue
	case by == "id" && len(hues) > 0 && c.id != 0:
		return hues[int(c.id)%len(hues)]
	case by == "client" && len(hues) > 0:
		return hues[p.hueOf(c.client)%len(hues)]
	}
	return p.th.Plain
}

// hueOf is a number that is the same for a client on every screen and at every time.
func (p *pen) hueOf(client string) int {
	h := fnv.New32a()
	_, _ = io.WriteString(h, client)
	return int(h.Sum32() >> 4)
}

// noHues says why the screen cannot colour.
func (m *Model) noHues() string { return why(len(m.pen.th.Hues) == 0, "this theme has no colours") }

// again reports whether a packet of that type was there before.
func (l *ladder) again(step int) bool {
	for i := range step {
		if l.data.Steps[i].Type == l.data.Steps[step].Type {
			return true
		}
	}
	return false
}
