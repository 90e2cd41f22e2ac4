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
	t.checkWindow(l, h.Sender)
}

func (t *Tracker) leaveWindow(h *Handshake) {
	l := h.window
	if l == nil {
		return
	}
	h.window = nil
	l.outstanding[h.Sender]--
	t.checkWindow(l, h.Sender)
}

// checkWindow starts the time of a window that is full, and stops it when it is not.
func (t *Tracker) checkWindow(l *Link, side decode.Direction) {
	limit := int(l.limit[side])
	if limit == 0 || l.closed {
		return
	}
	if l.outstanding[side] < limit {
		t.cancelLink(l, l.windows[side], linkWindow+int(side))
		return
	}
	if l.open[linkWindow+int(side)] != nil || l.windows[side] != nil && l.windows[side].place != 0 {
		return
	}
	t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), t.now.Add(t.cfg.Warn))
}

// windowOverdue raises inflight-window-full: the window has been full for Config.Warn.
func (t *Tracker) windowOverdue(l *Link, side decode.Direction) {
	a := Alert{
		Name: InflightWindowFull, Severity: Critical, Sender: side,
		N: l.outstanding[side], Limit: int(l.limit[side]), Since: t.now.Add(-t.cfg.Warn),
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
