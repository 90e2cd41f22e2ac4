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

// checkWindow notes since when a window is full. Its timer is not stopped when that ends: a window can be full for a moment with every
// message, and a timer that looks again when it fires costs nothing meanwhile.
func (t *Tracker) checkWindow(l *Link, side decode.Direction) {
	if l.closed || l.left {
		return
	}
	limit, learned := l.window(side)
	if limit == 0 || l.outstanding[side] < limit || learned && l.outstanding[side] > limit {
		l.fullSince[side] = 0
		if slot := linkWindow + int(side); l.alert(slot) != nil {
			t.cancelLink(l, nil, slot)
		}
		return
	}
	if l.fullSince[side] != 0 {
		return
	}
	l.fullSince[side] = t.now
	if d := l.windows[side]; d == nil || d.place == 0 {
		t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), t.now.Add(t.cfg.Warn))
	}
}

// windowOverdue raises inflight-window-full if the window has been full for Config.Warn.
func (t *Tracker) windowOverdue(l *Link, side decode.Direction) {
	since := l.fullSince[side]
	if since == 0 {
		return
	}
	if due := since.Add(t.cfg.Warn); due > t.now {
		t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), due)
		return
	}
	if t.oneSided(l, side.Opposite()) {
		return
	}
	limit, learned := l.window(side)
	a := Alert{
		Name: InflightWindowFull, Severity: Critical, Sender: side, N: l.outstanding[side], Limit: limit, Learned: learned, Usual: learned && l.plateau[side].learned == 0,
		Since: since,
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
