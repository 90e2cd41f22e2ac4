package tui

import (
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
	switch ladderColors[l.colors] {
	case "type":
		switch s.Type {
		case decode.PUBLISH, decode.SUBSCRIBE, decode.UNSUBSCRIBE:
			return p.th.Key
		case decode.PUBREC, decode.PUBREL:
			return p.th.Overdue
		}
		return p.th.Complete
	case "resend":
		if s.Dup || l.again(r.step) {
			return p.th.Overdue
		}
	}
	return p.th.Plain
}

// again reports whether a packet of that type was there before.
func (l *ladder) again(step int) bool {
	for i := range step {
		if l.data.Steps[i].Type == l.data.Steps[step].Type {
			return true
		}
	}
	return false
}
