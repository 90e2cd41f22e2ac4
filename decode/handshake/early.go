package handshake

import (
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxEarly bounds the acknowledgements remembered of a connection.
const maxEarly = 64

// earlyAck is a PUBACK that was handed on before its PUBLISH: that one's bytes had come, but it was not sure yet where packets begin.
type earlyAck struct {
	at     decode.Time
	ref    uint64
	id     uint16
	dir    decode.Direction
	reason decode.ReasonCode
}

// keepEarly remembers a PUBACK of which the PUBLISH may be among bytes that are not decoded yet.
func (l *Link) keepEarly(p *decode.Packet, ref uint64) {
	if len(l.early) == maxEarly {
		l.early = slices.Delete(l.early, 0, 1)
	}
	l.early = append(l.early, earlyAck{p.Time, ref, p.PacketID, p.Dir, p.ReasonCode})
}

// takeEarly ends h, of which the PUBLISH was handed on late, with the PUBACK that came between.
func (t *Tracker) takeEarly(h *Handshake, l *Link) {
	i := slices.IndexFunc(l.early, func(a earlyAck) bool {
		return a.id == h.PacketID && a.dir != h.Sender && a.at >= h.Started()
	})
	if i < 0 {
		return
	}
	a := l.early[i]
	l.early = slices.Delete(l.early, i, i+1)
	in := inPuback
	if a.reason.Failed() {
		in = inPubackFailed
	}
	ack := decode.Packet{Time: a.at, Dir: a.dir, Type: decode.PUBACK, PacketID: a.id, ReasonCode: a.reason, Version: h.Session.Version}
	t.stamp, t.lastRef = a.at, a.ref
	t.proceed(h, l, &ack, transitions[rowPuback][in])
}
