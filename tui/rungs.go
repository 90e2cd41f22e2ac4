package tui

import (
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// rungKind says what a line of the ladder shows.
type rungKind uint8

const (
	rungStep  rungKind = iota // a packet
	rungLink                  // an event of the connection
	rungGhost                 // the packet that has not come
	rungNote                  // a remark of ours
)

// A rung is one line of the ladder.
type rung struct {
	kind  rungKind
	time  decode.Time
	delta decode.Time // since the packet before; steps only
	step  int         // index into Steps; steps only
	dir   decode.Direction
	label string
	hole  bool // a gap
}

// rungs lists what a ladder shows, in the order of time: packets, events of the connection between them, and last the
// packet that is owed.
func (p *pen) rungs(l *watch.Ladder, now decode.Time) []rung {
	out := make([]rung, 0, len(l.Steps)+len(l.Links)+3)
	links := l.Links
	for i := range l.Steps {
		for len(links) > 0 && linkFirst(&links[0], l.Steps[i].Time) {
			out = append(out, p.linkRung(&links[0]))
			links = links[1:]
		}
		if i == 0 && l.JoinedLate {
			out = append(out, rung{kind: rungNote, label: p.g.Late + " joined late"})
		}
		out = append(out, p.stepRung(l, i))
	}
	if l.StepsDropped > 0 {
		out = append(out, rung{kind: rungNote, label: count(l.StepsDropped) + " more not kept"})
	}
	for i := range links {
		out = append(out, p.linkRung(&links[i]))
	}
	return append(out, p.ending(l, now)...)
}

// linkFirst decides what comes first of a link event and a packet: at the same instant a connection opens before its
// first packet and closes after its last.
func linkFirst(e *handshake.LinkEvent, step decode.Time) bool {
	if e.Kind == handshake.LinkClosed || e.Kind == handshake.LinkDisconnect {
		return e.Time < step
	}
	return e.Time <= step
}

func (p *pen) stepRung(l *watch.Ladder, i int) rung {
	s := &l.Steps[i]
	r := rung{kind: rungStep, time: s.Time, step: i, dir: s.Dir}
	if i > 0 {
		r.delta = s.Time - l.Steps[i-1].Time
	}
	r.label = s.Type.String()
	if s.Type == decode.PUBLISH {
		r.label += " " + kindWord(l.Kind)
	}
	r.label += " id " + strconv.Itoa(int(l.PacketID))
	if s.Dup {
		r.label += " " + p.g.Dup + "DUP"
	}
	if s.Reason != 0 && s.Type != decode.PUBLISH {
		r.label += " " + hexCode(s.Reason) + " " + reasonName(s.Reason, s.Type, l.Version)
	}
	return r
}

func (p *pen) linkRung(e *handshake.LinkEvent) rung {
	r := rung{kind: rungLink, time: e.Time, dir: e.Dir}
	end := "client"
	if e.Dir == decode.FromServer {
		end = "broker"
	}
	switch e.Kind {
	case handshake.LinkConnect:
		r.label = "CONNECT resume"
		if e.CleanStart {
			r.label = "CONNECT clean start"
		}
	case handshake.LinkConnack:
		r.label = "CONNACK SP=" + digit(e.SessionPresent)
		if e.Reason != 0 {
			r.label = "CONNACK " + hexCode(e.Reason) + " " + reasonName(e.Reason, decode.CONNACK, 0)
		}
	case handshake.LinkDisconnect:
		r.label = "DISCONNECT by " + end
		if e.Reason != 0 {
			r.label += ", " + hexCode(e.Reason) + " " + reasonName(e.Reason, decode.DISCONNECT, decode.V5)
		}
	case handshake.LinkClosed:
		r.label = closeWords(e.Cause, end)
	case handshake.LinkGap:
		r.hole = true
		r.label = "gap: bytes of " + end
		if e.Bytes > 0 {
			r.label = "gap " + count(e.Bytes) + " B of " + end
		}
	case handshake.LinkJoined:
		r.label = "capture begins here"
	}
	return r
}

func closeWords(c decode.CloseCause, end string) string {
	switch c {
	case decode.CloseFIN:
		return "closed by " + end
	case decode.CloseRST:
		return "reset by " + end
	case decode.CloseReused:
		return "end not seen, ports reused"
	case decode.CloseEvicted:
		return "no longer followed"
	}
	return "connection ended"
}

func digit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// ending is what stands below the last packet: the ghost of the packet that is owed, or why none will come.
func (p *pen) ending(l *watch.Ladder, now decode.Time) []rung {
	switch {
	case l.State.Open() && l.Owes.Packet != 0:
		label := l.Owes.Packet.String() + "? " + age(now.Sub(l.Owes.Since))
		return []rung{{kind: rungGhost, dir: l.Owes.By, label: label}}
	case l.State == handshake.Abandoned:
		return []rung{{kind: rungNote, time: l.Ended, label: p.g.Abandoned + " abandoned"}}
	case l.State == handshake.Unknown:
		return []rung{{kind: rungNote, time: l.Ended, label: p.g.Late + " unknown"}}
	}
	return nil
}
