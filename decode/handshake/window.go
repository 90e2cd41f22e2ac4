package handshake

import (
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// sendWindow is the window of a sending side of a connection (5.0 §4.9): what counts in it, and its size.
//
// Of a sender that was not told a size it is learned: how many deliveries it has in flight when each new one waits for an acknowledgement.
type sendWindow struct {
	fullSince   decode.Time // 0: it is not full
	freedAt     decode.Time // when an acknowledgement last brought outstanding from most to one less; 0 after the next PUBLISH
	outstanding int32       // handshakes that count in it
	most        int32       // the most outstanding so far
	learned     int32       // 0: not yet
	limit       uint16      // 0 where not known
	follows     uint8       // how often a new delivery followed at once, up to plateauFollows
	stalls      bool        // sender-stalled has its time started, or is raised
}

const (
	// promptly is how soon after an acknowledgement a PUBLISH comes that waited for it.
	promptly = decode.Time(50 * time.Millisecond)
	// plateauFollows is how often that must have happened at one level.
	plateauFollows = 5
)

// published notes a new delivery, which outstanding does not count yet. One that comes later shows nothing: there may have been nothing to send.
func (w *sendWindow) published(now decode.Time) {
	n := w.outstanding + 1
	switch {
	case n > w.most:
		w.forgetPlateau()
		w.most = n
	case n == w.most && w.freedAt != 0 && now-w.freedAt <= promptly:
		if w.follows++; w.follows >= plateauFollows {
			w.follows, w.learned = plateauFollows, w.most
		}
	}
	w.freedAt = 0
}

// freed notes an acknowledgement; outstanding does not count its delivery any longer.
func (w *sendWindow) freed(now decode.Time) {
	if w.outstanding == w.most-1 {
		w.freedAt = now
	}
}

// forgetPlateau forgets what was learned.
func (w *sendWindow) forgetPlateau() { w.most, w.learned, w.follows, w.freedAt = 0, 0, 0, 0 }

// usualWindows are the windows that brokers and clients have where they announce none: mosquitto and VerneMQ 20, mosquitto 1.6 and paho 10, EMQX 32,
// HiveMQ CE 50, EMQX for PUBREL 100.
var usualWindows = [...]int32{10, 20, 32, 50, 100}

// size returns the limit and whether it was learned; 0 where it is not known.
func (w *sendWindow) size(v decode.Version) (limit int32, learned bool) {
	switch {
	case w.limit != 0 && w.limit != 0xFFFF:
		return int32(w.limit), false
	case v == decode.V5 && w.limit == 0:
		return 0, false
	case w.learned > 0:
		return w.learned, true
	case w.outstanding != w.most || w.most < usualWindows[0] || !slices.Contains(usualWindows[:], w.most):
		return 0, false
	}
	return w.most, true
}

// full reports whether no more deliveries fit in.
func (w *sendWindow) full(v decode.Version) bool {
	limit, learned := w.size(v)
	return limit != 0 && w.outstanding >= limit && (w.outstanding == limit || !learned)
}

// window returns the limit of a sending side and whether it was learned; 0 where it is not known.
func (l *Link) window(side decode.Direction) (limit int, learned bool) {
	n, learned := l.sides[side].window.size(l.version)
	return int(n), learned
}

// enterWindow counts h in the window of the connection on which its PUBLISH was sent.
func (t *Tracker) enterWindow(h *Handshake, l *Link) {
	if h.window == l || !h.Kind.Publish() {
		return
	}
	if h.window != nil {
		t.leaveWindow(h)
	}
	h.window = l
	w := &l.sides[h.Sender].window
	w.outstanding++
	if w.limit > 0 && w.outstanding > int32(w.limit) {
		t.receiveMaximum(l, h.Sender, decode.PUBLISH)
	}
	t.checkWindow(l, w, h.Sender)
}

func (t *Tracker) leaveWindow(h *Handshake) {
	l := h.window
	if l == nil {
		return
	}
	h.window = nil
	w := &l.sides[h.Sender].window
	w.outstanding--
	w.freed(t.now)
	t.checkWindow(l, w, h.Sender)
}

// checkWindow notes since when w, the window of a sending side of l, is full. Its timer is not stopped when that ends: a window can be full for a moment with every
// message, and a timer that looks again when it fires costs nothing meanwhile.
func (t *Tracker) checkWindow(l *Link, w *sendWindow, side decode.Direction) {
	if l.closed || l.left {
		return
	}
	if full := w.full(l.version); full == (w.fullSince != 0) {
		return
	} else if !full {
		w.fullSince = 0
		t.cancelLink(l, nil, linkWindow+int(side))
		return
	}
	w.fullSince = t.now
	if d := l.windows[side]; d == nil || d.place == 0 {
		t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), t.now.Add(t.cfg.Warn))
	}
}

// windowOverdue raises inflight-window-full if the window has been full for Config.Warn.
func (t *Tracker) windowOverdue(l *Link, side decode.Direction) {
	w := &l.sides[side].window
	if w.fullSince == 0 {
		return
	}
	if due := w.fullSince.Add(t.cfg.Warn); due > t.now {
		t.startLink(l, &l.windows[side], timerWindowClient+timerKind(side), due)
		return
	}
	if t.oneSided(l, side.Opposite()) {
		return
	}
	limit, learned := l.window(side)
	a := Alert{
		Name: InflightWindowFull, Severity: Critical, Sender: side, N: int(w.outstanding), Limit: limit, Learned: learned, Usual: learned && w.learned == 0,
		Since: w.fullSince,
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
	l.Session.sides[side].flow.each(func(h *Handshake) {
		if h.window == l && (oldest == nil || h.ID < oldest.ID) {
			oldest = h
		}
	})
	return oldest
}
