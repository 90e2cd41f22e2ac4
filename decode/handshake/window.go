package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// enterWindow counts h in the window of the connection on which its PUBLISH was sent (5.0 §4.9).
func (t *Tracker) enterWindow(h *Handshake, l *Link) {
	if h.window == l || !h.Kind.Publish() {
		return
	}
	t.leaveWindow(h)
	h.window = l
	l.outstanding[h.Sender]++
	if limit := int(l.limit[h.Sender]); limit > 0 && l.outstanding[h.Sender] > limit {
		t.receiveMaximum(l, h.Sender, decode.PUBLISH)
	}
	t.checkWindow(l, h.Sender)
}

func (t *Tracker) leaveWindow(h *Handshake) {
	l := h.window
	if l == nil {
		return
	}
	h.window = nil
	l.outstanding[h.Sender]--
	l.plateau[h.Sender].freed(t, l, h.Sender)
	t.checkWindow(l, h.Sender)
}

// checkWindow starts the time of a window that is full, and stops it when it is not.
func (t *Tracker) checkWindow(l *Link, side decode.Direction) {
	if l.closed || l.left {
		return
	}
	running := l.windows[side] != nil && l.windows[side].place != 0
	slot := linkWindow + int(side)
	limit, learned := l.window(side)
	if limit == 0 || l.outstanding[side] < limit || learned && l.outstanding[side] > limit {
		if running || l.open[slot] != nil {
			t.cancelLink(l, l.windows[side], slot)
		}
		return
	}
	if !running && l.open[slot] == nil {
		t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), t.now.Add(t.cfg.Warn))
	}
}

// windowOverdue raises inflight-window-full: the window has been full for Config.Warn.
func (t *Tracker) windowOverdue(l *Link, side decode.Direction) {
	if t.oneSided(l, side.Opposite()) {
		return
	}
	limit, learned := l.window(side)
	a := Alert{
		Name: InflightWindowFull, Severity: Critical, Sender: side, N: l.outstanding[side], Limit: limit, Learned: learned,
		Since: t.now.Add(-t.cfg.Warn),
	}
	if h := oldestOpen(l, side); h != nil {
		a.Oldest, a.PacketID, a.Handshake, a.Topic, a.Kind = h.PacketID, h.PacketID, h.ID, h.Topic, h.Kind
		a.OldestOwed, a.By = h.Owes()
	}
	t.raiseLink(l, linkWindow+int(side), a)
}

// oldestOpen finds the handshake that has been in the window of a connection the longest.
func oldestOpen(l *Link, side decode.Direction) *Handshake {
	var oldest *Handshake
	l.Session.flows[side].each(func(h *Handshake) {
		if h.window == l && (oldest == nil || h.ID < oldest.ID) {
			oldest = h
		}
	})
	return oldest
}
