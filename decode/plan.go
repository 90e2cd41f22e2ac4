package decode

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Bounds on what is believed about lengths. A header that claims more is taken for lost framing, so that it cannot
// swallow the good packets behind it.
const (
	// badHeaderLimit is for a header with a reserved type or wrong flags: such a packet is stepped over.
	badHeaderLimit = 4 << 10
	// shortLimit is for types that are 2 or 4 bytes long unless they have properties, which are then looked at.
	shortLimit = 127
	// topicLimit is from where on the topic of a PUBLISH must look like one.
	topicLimit = 64 << 10
	// hugeLimit is for everything that is not a PUBLISH.
	hugeLimit = 16 << 20
)

// A plan says how to take in the packet that begins some bytes.
type plan struct {
	// need, if not 0, is how many bytes of the packet must be there before there is a plan.
	need int
	// lost, if not empty, is why no packet begins here: framing is lost.
	lost, lostField string

	header  int   // length of the Fixed Header
	total   int64 // of the packet
	keep    int   // of the packet's beginning that is kept; the rest is only hashed and counted
	payload int   // where the payload begins that is to be hashed, 0 for none
	version Version
	// bad, if not empty, is what is wrong with the type or the flags.
	bad string
	// oversize is set where the packet is too large to be decoded.
	oversize bool
}

// plan makes the plan for the packet that begins b. It looks at no byte that it has not asked for by need before.
func (c *Conn) plan(s *half, b []byte) plan {
	if len(b) < 2 {
		return plan{need: 2}
	}
	length, n, ok := readVarInt(b[1:])
	if !ok {
		if n < 4 {
			return plan{need: len(b) + 1}
		}
		return plan{lost: "has more than four bytes", lostField: "remaining length"}
	}
	pl := plan{header: 1 + n, total: int64(1+n) + int64(length), version: c.packetVersion()}
	pl.bad = flagsFault(b[0], c.version, c.assumed())
	if reason := pl.implausible(s, c); reason != "" {
		return plan{lost: reason, lostField: "fixed header"}
	}
	if pl.bad == "" {
		if bad := c.checkBody(&pl, b); bad.need > 0 || bad.lost != "" {
			return bad
		}
	}
	return c.planBody(pl, b)
}

// implausible says why the framing is taken for lost, given the Fixed Header alone.
func (pl *plan) implausible(s *half, c *Conn) string {
	switch {
	case pl.bad == "":
		return ""
	case s.bad:
		return pl.bad + ", as they were just before"
	case pl.total > badHeaderLimit:
		return pl.bad + ", and the length is implausible"
	}
	return ""
}

// checkBody looks at the beginning of a packet that is larger than most of its type are.
func (c *Conn) checkBody(pl *plan, b []byte) plan {
	t := Type(b[0] >> 4)
	body := pl.total - int64(pl.header)
	lost := plan{lost: "the length is implausible for the type", lostField: "remaining length"}
	if t != PUBLISH && pl.total > max(hugeLimit, int64(c.opts.MaxPacket)) {
		return lost
	}
	fields, old := 0, true // bytes before the Property Length, and whether only 5.0 has anything after them
	switch t {
	case PINGREQ, PINGRESP:
		if body > shortLimit {
			return lost
		}
		return plan{}
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		fields = 3
	case CONNACK, UNSUBACK:
		fields = 2
	case DISCONNECT, AUTH:
		fields = 1
	default:
		old = false
	}
	if !old || body <= shortLimit {
		return plan{}
	}
	if pl.version != V5 && !c.assumed() {
		return lost
	}
	size, n, ok := readVarInt(b[min(len(b), pl.header+fields):])
	if !ok && n < 4 {
		return plan{need: max(len(b)+1, pl.header+fields+1)}
	}
	if rest := body - int64(fields+n) - int64(size); !ok || rest < 0 || rest > 0 && t != UNSUBACK {
		return lost
	}
	return plan{}
}

// planBody decides how much of the packet is kept.
func (c *Conn) planBody(pl plan, b []byte) plan {
	head := min(pl.total, int64(pl.header+c.opts.PayloadHead))
	t := Type(b[0] >> 4)
	switch {
	case t == PUBLISH:
		return c.planPublish(pl, b, head)
	case pl.total > int64(c.opts.MaxPacket):
		pl.oversize, pl.keep = true, int(head)
		if t == CONNECT {
			pl.keep = pl.header // the password could be anywhere
		}
	default:
		pl.keep = int(pl.total)
	}
	return pl
}

// planPublish finds the payload of a PUBLISH of which not everything is kept.
func (c *Conn) planPublish(pl plan, b []byte, head int64) plan {
	pl.keep = int(head)
	if pl.total == head {
		return pl
	}
	size, need := publishHeaderSize(b, pl.header, pl.total, pl.version)
	if need > 0 {
		return plan{need: need}
	}
	if size == 0 && c.assumed() {
		// The assumption may be what is wrong.
		other := V5
		if pl.version == V5 {
			other = V311
		}
		if size, need = publishHeaderSize(b, pl.header, pl.total, other); need > 0 {
			return plan{need: need}
		}
		if size > 0 {
			pl.version = other
		}
	}
	if pl.total > topicLimit {
		if lost := checkLargePublish(pl, b, size); lost.need > 0 || lost.lost != "" {
			return lost
		}
	}
	switch {
	case size > c.opts.MaxPacket:
		pl.oversize = true
	case size > 0:
		pl.payload = size
		pl.keep = int(min(pl.total, int64(size)+int64(c.opts.PayloadHead)))
	}
	return pl
}

// checkLargePublish wants a topic that looks like one, with size what publishHeaderSize returned.
func checkLargePublish(pl plan, b []byte, size int) plan {
	lost := plan{lost: "the length is implausible for what follows", lostField: "remaining length"}
	if size == 0 || b[0]>>1&3 == 3 {
		return lost
	}
	end := pl.header + 2 + int(binary.BigEndian.Uint16(b[pl.header:]))
	if len(b) < end {
		return plan{need: end}
	}
	topic := b[pl.header+2 : end]
	if !utf8.Valid(topic) || bytes.ContainsFunc(topic, func(r rune) bool { return r < ' ' }) {
		return lost
	}
	return plan{}
}
