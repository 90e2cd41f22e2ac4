package handshake

import (
	"net/netip"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
)

// watchAlive starts the time of Keep Alive: one and a half times without a packet of the client is too long [MQTT-3.1.2-22].
func (t *Tracker) watchAlive(l *Link) {
	if l.keepAlive > 0 && l.accepted && !l.closed && !l.left {
		t.startLink(l, &l.alive, timerAlive, t.now+l.patience())
	}
}

func (l *Link) patience() decode.Time { return decode.Time(l.keepAlive) * 1.5e9 }

// aliveOverdue raises keepalive-overdue, unless the client has sent something since the timer was set.
func (t *Tracker) aliveOverdue(l *Link) {
	if due := l.last[decode.FromClient] + l.patience(); due > t.now {
		t.startLink(l, &l.alive, timerAlive, due)
		return
	}
	t.raiseLink(l, linkAlive, Alert{
		Name: KeepaliveOverdue, Severity: Warn, By: decode.FromClient, Since: l.last[decode.FromClient], Limit: int(l.keepAlive),
		Last2: l.lastType[decode.FromClient],
	})
}

// loopConnects within loopSpan are a loop, if they were not the client's own will.
const (
	loopConnects = 3
	loopSpan     = decode.Time(60e9)
)

// connectHistory is the last CONNECT packets of a session, oldest first.
type connectHistory []connectTime

type connectTime struct {
	at        decode.Time
	from      netip.AddrPort
	takesOver bool // the session had a connection still
	forced    bool // the connection before did not end by the client's DISCONNECT
}

// reconnected notes a CONNECT, once, and raises session-takeover-loop or reconnect-loop. It is called when the CONNECT was answered, or the
// connection ended without: until then a connection that the client itself has left may be seen to end, since what two connections carry
// need not be recorded in the order in which it was sent.
func (t *Tracker) reconnected(l *Link) {
	s := l.Session
	if l.counted || s.key == (sessionKey{}) {
		return
	}
	l.counted = true
	c := connectTime{at: l.connectAt, from: l.Info.Client, takesOver: l.displaced != nil && !l.displaced.leftByClient()}
	byClient := s.lastClose.Kind == LinkDisconnect && s.lastClose.Dir == decode.FromClient
	c.forced = s.links > 1 && !s.lastDeaf && (c.takesOver || l.displaced == nil && !byClient)
	s.connects = slices.DeleteFunc(s.connects, func(c connectTime) bool { return t.now-c.at > loopSpan })
	if len(s.connects) == 16 {
		s.connects = slices.Delete(s.connects, 0, 1)
	}
	s.connects = append(s.connects, c)
	switch {
	case s.connects.alternate():
		t.raiseLoop(l, SessionTakeoverLoop)
	case len(s.connects) >= loopConnects && s.connects.forced() >= loopConnects-1:
		t.raiseLoop(l, ReconnectLoop)
	}
}

// leftByClient reports whether the client itself has ended the connection.
func (l *Link) leftByClient() bool {
	if l.left {
		return l.leaver.Dir == decode.FromClient
	}
	return l.closed && l.ended.Dir == decode.FromClient
}

// alternate reports whether two endpoints take the session from one another.
func (h connectHistory) alternate() bool {
	if len(h) < loopConnects {
		return false
	}
	over := 0
	for _, c := range h {
		if c.takesOver {
			over++
		}
	}
	last := h[len(h)-loopConnects:]
	a, b, c := last[0].from.Addr(), last[1].from.Addr(), last[2].from.Addr()
	return over >= loopConnects-1 || a.IsValid() && a == c && a != b && last[1].forced && last[2].forced
}

func (h connectHistory) forced() int {
	n := 0
	for _, c := range h {
		if c.forced {
			n++
		}
	}
	return n
}

func (t *Tracker) raiseLoop(l *Link, name AlertName) {
	s := l.Session
	a := Alert{Name: name, Severity: Critical, N: len(s.connects), By: s.lastClose.Dir, Last2: s.lastSent, Reason: s.lastClose.Reason}
	if name == SessionTakeoverLoop {
		a.Peers = s.connects.peers()
	}
	raised := t.raisePoint(l, a, "")
	raised.N, raised.Peers = max(raised.N, a.N), a.Peers
	t.escalate(raised, Critical)
}

// peers lists the endpoints, each once, the newest last, at most four.
func (h connectHistory) peers() []string {
	var out []string
	for _, c := range h {
		if p := c.from.String(); c.from.IsValid() && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out[max(0, len(out)-4):]
}

// takenOver raises session-takeover-loop for DISCONNECT "Session taken over". Once may be a device that came back from another network; it is a loop
// when it goes on.
func (t *Tracker) takenOver(l *Link) {
	s := l.Session
	a := Alert{Name: SessionTakeoverLoop, Severity: Warn, N: max(1, len(s.connects)), By: decode.FromServer, Reason: reasonTakenOver, Peers: s.connects.peers()}
	if own := l.Info.Client; own.IsValid() && !slices.Contains(a.Peers, own.String()) {
		a.Peers = append([]string{own.String()}, a.Peers...) // its CONNECT was longer ago
	}
	if next := s.newest.Client; next.IsValid() && !slices.Contains(a.Peers, next.String()) {
		a.Peers = append(a.Peers, next.String()) // its CONNECT was not answered yet
	}
	t.raisePoint(l, a, "")
}
