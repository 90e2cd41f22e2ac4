package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// connect takes a CONNECT: from here on the connection belongs to the session of its Client Identifier.
func (t *Tracker) connect(l *Link, p *decode.Packet) {
	c := p.Connect
	if c == nil {
		return // malformed before its fields
	}
	if !l.asked && madeUp(p) {
		t.joinMadeUp(l, p)
		return
	}
	if l.asked { // what follows belongs to it
		t.secondConnect(l, p)
		t.linkDown(l, LinkEvent{Kind: LinkClosed, Dir: decode.FromClient})
		l.closed, l.left, l.accepted = false, false, false
		t.attach(l, t.newSession())
	}
	l.asked, l.clean, l.version, l.keepAlive = true, c.CleanStart, p.Version, c.KeepAlive
	l.connectAt = t.now
	if len(c.ClientID) > 0 {
		t.join(l, t.sessionOf(l, c.ClientID))
	}
	s := l.Session
	s.Version, s.VersionAssumed = p.Version, false
	l.endsWith, l.expiry = c.CleanStart, 0xFFFFFFFF
	if p.Version == decode.V5 {
		l.sides[decode.FromServer].window.limit = c.ReceiveMaximum
		l.endsWith, l.expiry = c.SessionExpiry == 0, c.SessionExpiry
	}
	s.addEvent(LinkEvent{Time: p.Time, Kind: LinkConnect, CleanStart: c.CleanStart})
	if t.observer != nil {
		t.observer.Connecting(l, p)
	}
	t.startLink(l, &l.connack, timerConnack, t.now.Add(t.cfg.Warn))
}

// join moves a connection from the nameless session that it opened with to s.
func (t *Tracker) join(l *Link, s *Session) {
	old := l.Session
	if old == s {
		return
	}
	if old.open() > 0 && old.key == (sessionKey{}) {
		t.endSession(old, Unknown)
	}
	if s.links == 0 {
		s.events = append(s.events, old.events...)
	}
	t.dropSession(old)
	t.sessionCount--
	l.displaced = s.link
	t.attach(l, s)
}

// attach makes l the newest connection of s.
func (t *Tracker) attach(l *Link, s *Session) {
	s.links++
	l.Session, l.index = s, s.links
	s.link, s.newest = l, l.Info
	t.timers.cancel(s.expiring)
	t.resting.remove(s)
}

// connack takes a CONNACK: whether the session goes on, and the limits that bind the client.
func (t *Tracker) connack(l *Link, p *decode.Packet) {
	t.cancelLink(l, l.connack, linkConnack)
	t.reconnected(l)
	s := l.Session
	c := p.Connack
	if c == nil {
		return
	}
	s.addEvent(LinkEvent{Time: p.Time, Kind: LinkConnack, SessionPresent: c.SessionPresent, Reason: p.ReasonCode})
	if p.ReasonCode != 0 {
		l.refused = true
		return
	}
	if !l.asked {
		return
	}
	l.accepted = true
	if len(c.AssignedClientID) > 0 && s.ClientID == "" {
		t.name(s, l, c.AssignedClientID)
	}
	if l.version == decode.V5 {
		l.sides[decode.FromClient].window.limit = c.ReceiveMaximum
		if c.HasSessionExpiry {
			l.endsWith, l.expiry = c.SessionExpiry == 0, c.SessionExpiry
		}
		if c.HasServerKeepAlive {
			l.keepAlive = c.ServerKeepAlive
		}
	}
	t.watchAlive(l)
	if old := l.displaced; old != nil {
		l.displaced = nil
		t.linkDown(old, LinkEvent{Kind: LinkClosed, Dir: decode.FromServer, Cause: decode.CloseUnknown})
	}
	t.resume(l, c.SessionPresent)
	if t.observer != nil {
		t.observer.Connected(l, l.resumption(c.SessionPresent))
	}
	t.checkWindow(l, &l.sides[decode.FromClient].window, decode.FromClient)
	t.checkWindow(l, &l.sides[decode.FromServer].window, decode.FromServer)
}

// resume decides what becomes of the handshakes that earlier connections of the session left open (5.0 §4.4).
func (t *Tracker) resume(l *Link, present bool) {
	s := l.Session
	if !present && (l.version != decode.V31 || l.clean) { // 3.1 has no Session Present flag
		t.newState(l)
		return
	}
	if present {
		l.resumedAt = t.now
	}
	if s.links == 1 && present {
		s.joinedUnseen(decode.FromClient)
		s.joinedUnseen(decode.FromServer)
		return
	}
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) {
			if h.link == l || !h.Kind.Publish() {
				return
			}
			if h.Unsure {
				return
			}
			t.suspend(h)
			h.pendingResume, h.rels = true, 0
			l.pending[side]++
		})
		if l.pending[side] > 0 && present {
			t.startLink(l, &l.resumes[side], timerResumeClient+timerKind(side), t.now.Add(t.cfg.Warn))
		}
	}
}

// suspend stops the time of h and takes it out of its window: its connection has ended, or is about to after another has taken its place.
func (t *Tracker) suspend(h *Handshake) {
	t.clearHandshakeAlert(h, Unmet)
	t.stopTimers(h)
	t.leaveWindow(h)
	h.leaveOrder()
}

// newState abandons what earlier connections left open: the session starts anew.
func (t *Tracker) newState(l *Link) {
	s := l.Session
	lost := t.inflightAlert(l, SessionLostInflight, Critical, func(h *Handshake) bool { return h.link != l })
	if lost.N > 0 && !l.clean {
		t.raisePoint(l, lost, "")
	}
	if !l.clean { // the broker forgot the session, so it was probably started anew: how fast it answered before says nothing of it
		s.sides[decode.FromClient].past.forgetAnswers()
	}
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) {
			if h.link != l {
				t.end(h, endOf(h, Abandoned))
			}
		})
		s.allSeen(side)
	}
}

// endOf returns how an open handshake ends with its session: as state says, or unknown where its answer may have been missed.
func endOf(h *Handshake, state State) State {
	if h.Unsure {
		return Unknown
	}
	return state
}

// redelivered says that h goes on, or has ended: its redelivery is no longer awaited.
func (t *Tracker) redelivered(h *Handshake, how Outcome) {
	if !h.pendingResume {
		return
	}
	h.pendingResume = false
	l := h.Session.link
	if l == nil {
		return
	}
	l.pending[h.Sender]--
	if l.pending[h.Sender] == 0 {
		t.endLink(l, l.resumes[h.Sender], linkResume+int(h.Sender), how)
	}
}

// resumeOverdue raises resume-without-redelivery: the session goes on and its owner has not sent again what was open.
func (t *Tracker) resumeOverdue(l *Link, side decode.Direction) {
	a := t.inflightAlert(l, ResumeWithoutRedelivery, Critical, func(h *Handshake) bool {
		return h.pendingResume && h.Sender == side
	})
	if a.N == 0 {
		return
	}
	a.Sender, a.By, a.Since = side, side, t.now.Add(-t.cfg.Warn)
	t.raiseLink(l, linkResume+int(side), a)
}

// disconnect takes a DISCONNECT. Acknowledgements that crossed it may still come; see leaveGrace.
func (t *Tracker) disconnect(l *Link, p *decode.Packet) {
	s := l.Session
	s.addEvent(LinkEvent{Time: p.Time, Kind: LinkDisconnect, Dir: p.Dir, Reason: p.ReasonCode})
	if l.closed || l.left {
		return
	}
	if t.observer != nil {
		t.observer.Disconnecting(l, p)
	}
	l.left = true
	l.leaver = LinkEvent{Kind: LinkDisconnect, Dir: p.Dir, Reason: p.ReasonCode}
	t.leaving[l] = struct{}{}
	if p.Dir == decode.FromClient && p.Version == decode.V5 {
		if v, ok := p.Properties.Get(decode.SessionExpiryInterval); ok {
			l.endsWith, l.expiry = v.Uint == 0, v.Uint
		}
	}
	t.stopLink(l, Unmet)
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) {
			t.clearHandshakeAlert(h, Unmet)
			t.stopTimers(h)
		})
	}
	t.startLink(l, &l.leave, timerLeave, t.now.Add(leaveGrace))
}

// auth takes an AUTH: while client and server exchange them nothing but the next one is owed (5.0 §4.12).
func (t *Tracker) auth(l *Link, p *decode.Packet) {
	if l.accepted || !l.asked {
		return
	}
	t.cancelLink(l, l.connack, linkConnack)
	if p.Dir == decode.FromClient {
		t.startLink(l, &l.connack, timerConnack, t.now.Add(t.cfg.Warn))
	}
}

func (t *Tracker) connackOverdue(l *Link) {
	if t.oneSided(l, decode.FromServer) {
		return
	}
	t.raiseLink(l, linkConnack, Alert{
		Name: ConnackOverdue, Severity: Warn, Owed: decode.CONNACK, By: decode.FromServer, Since: t.now.Add(-t.cfg.Warn),
	})
}

func (t *Tracker) pingPacket(l *Link, p *decode.Packet) {
	if p.Type == decode.PINGRESP {
		t.cancelLink(l, l.ping, linkPing)
		l.pingAt = 0
		return
	}
	if l.pingAt != 0 || l.left {
		return
	}
	l.pingAt = t.now
	wait := decode.Time(t.cfg.Warn)
	if k := decode.Time(l.keepAlive) * 1e9; k > 0 && k < wait {
		wait = k
	}
	t.startLink(l, &l.ping, timerPing, t.now+wait)
}

func (t *Tracker) pingOverdue(l *Link) {
	if t.oneSided(l, decode.FromServer) {
		return
	}
	t.raiseLink(l, linkPing, Alert{
		Name: PingrespOverdue, Severity: Critical, Owed: decode.PINGRESP, By: decode.FromServer, Since: l.pingAt,
	})
}

// linkDown ends a connection. What it left open goes on if the session does.
func (t *Tracker) linkDown(l *Link, why LinkEvent) {
	if l.closed {
		return
	}
	s := l.Session
	if l.asked {
		t.reconnected(l)
	}
	l.ended = why
	current := s.link == l
	if current && l.asked && !l.refused {
		s.endsWith, s.expiry = l.endsWith, l.expiry
	}
	t.unheard(l)
	if current || l.displaced == nil {
		t.reportInflight(l, why)
	}
	l.closed = true
	delete(t.leaving, l)
	t.stopLink(l, Unmet)
	t.timers.cancel(l.leave)
	t.abandonSubscribes(l)
	if !current {
		t.tellDown(l, why, false)
		return
	}
	s.link = nil
	s.lastClose, s.lastSent, s.lastDeaf = why, l.newest, l.deaf[decode.FromServer]
	if old := l.displaced; old != nil && !old.closed { // it was refused: the one before it goes on
		l.displaced = nil
		s.link, s.newest = old, old.Info
		t.tellDown(l, why, false)
		return
	}
	t.tellDown(l, why, s.endsWith || s.key == (sessionKey{}))
	t.goOffline(s)
}

func (t *Tracker) tellDown(l *Link, why LinkEvent, ends bool) {
	if t.observer != nil {
		t.observer.Down(l, why, ends)
	}
}

// unheard says of what is open on l that it may have been answered where nothing of the end that owes it is in the capture.
func (t *Tracker) unheard(l *Link) {
	if !l.deaf[0] && !l.deaf[1] {
		return
	}
	for side := range l.Session.sides {
		l.Session.sides[side].flow.each(func(h *Handshake) {
			if _, by := h.Owes(); h.link == l && !h.Unsure {
				t.oneSided(l, by)
			}
		})
	}
}

// reportInflight raises disconnect-with-inflight for what is open on l.
func (t *Tracker) reportInflight(l *Link, why LinkEvent) {
	a := t.inflightAlert(l, DisconnectWithInflight, Warn, func(h *Handshake) bool { return h.link == l || h.pendingResume })
	if a.N == 0 {
		return
	}
	a.By, a.Reason, a.Owed = why.Dir, why.Reason, 0
	if why.Kind == LinkDisconnect {
		a.Owed = decode.DISCONNECT
	}
	a.Limit = int(why.Cause)
	t.raisePoint(l, a, "")
}

// inflightAlert fills an alert about the open deliveries of a session that pick chooses; N is their number.
func (t *Tracker) inflightAlert(l *Link, name AlertName, severity Severity, pick func(*Handshake) bool) Alert {
	a := Alert{Name: name, Severity: severity}
	var oldest *Handshake
	for side := range l.Session.sides {
		l.Session.sides[side].flow.each(func(h *Handshake) {
			if h.Unsure || !h.Kind.Publish() || !pick(h) {
				return
			}
			a.N++
			a.Phases[h.State]++
			if oldest == nil || h.ID < oldest.ID {
				oldest = h
			}
		})
	}
	if oldest != nil {
		a.Handshake, a.PacketID, a.Oldest, a.Topic, a.Kind = oldest.ID, oldest.PacketID, oldest.PacketID, oldest.Topic, oldest.Kind
		a.Sender, a.Since = oldest.Sender, oldest.Since
		a.OldestOwed, _ = oldest.Owes()
	}
	return a
}

// abandonSubscribes ends the SUBSCRIBE and UNSUBSCRIBE that a connection left unanswered: they do not outlive it.
func (t *Tracker) abandonSubscribes(l *Link) {
	l.Session.sides[decode.FromClient].flow.each(func(h *Handshake) {
		if h.link == l && !h.Kind.Publish() {
			t.end(h, endOf(h, Abandoned))
		}
	})
}

// goOffline decides what becomes of a session without a connection.
func (t *Tracker) goOffline(s *Session) {
	if s.key == (sessionKey{}) {
		state := Abandoned
		if s.VersionAssumed || !s.endsWith { // who it was, and whether it comes back, cannot be known
			state = Unknown
		}
		t.endSession(s, state)
		t.dropSession(s)
		return
	}
	if s.endsWith {
		t.endSession(s, Abandoned)
	}
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) {
			t.suspend(h)
			h.pendingResume = false
		})
	}
	if !s.endsWith && s.expiry != 0xFFFFFFFF && s.open() > 0 {
		if s.expiring == nil {
			s.expiring = &timer{kind: timerExpiry, s: s, order: s.ID}
		}
		t.startTimer(s.expiring, t.now+decode.Time(s.expiry)*1e9)
	}
	t.rest(s)
}

// endSession ends all that is open in s.
func (t *Tracker) endSession(s *Session, state State) {
	for side := range s.sides {
		s.sides[side].flow.each(func(h *Handshake) { t.end(h, endOf(h, state)) })
		s.allSeen(side)
	}
}

// reopen takes up a connection again that was taken for closed after DISCONNECT and yet goes on. It returns false where its session has gone over
// to another connection.
func (t *Tracker) reopen(l *Link) bool {
	s := l.Session
	if s.link != nil {
		return false
	}
	l.closed, l.left = false, false
	s.link = l
	t.resting.remove(s)
	t.timers.cancel(s.expiring)
	return true
}

// evictLink forgets a connection that its source no longer follows.
func (t *Tracker) evictLink(l *Link) {
	if l.closed {
		return
	}
	l.closed = true
	delete(t.leaving, l)
	t.stopLink(l, Untold)
	t.timers.cancel(l.leave)
	t.tellDown(l, LinkEvent{Time: t.now, Kind: LinkClosed, Cause: decode.CloseEvicted}, false)
	if s := l.Session; s.link == l {
		s.link = nil
		t.endSession(s, Unknown)
		t.rest(s)
	}
}
