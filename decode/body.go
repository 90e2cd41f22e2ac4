package decode

import "hash/maphash"

// hashSeed makes the hashes of one run comparable with each other, and unpredictable for whoever sends payloads.
var hashSeed = maphash.MakeSeed()

// decodeBody reads everything after the Fixed Header. Version is set; Head holds the whole packet, or of a
// PUBLISH the Variable Header and the first bytes of the payload. The return value is that of decodePublish.
func (p *Packet) decodeBody() (payload int) {
	switch p.Type {
	case PUBLISH:
		payload, _ = p.decodePublish()
		return payload
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		p.decodeAck()
	case PINGREQ, PINGRESP:
		if len(p.Head) > p.HeaderLength {
			p.trailing(p.HeaderLength)
		}
	case CONNECT:
		p.decodeConnect()
	case CONNACK:
		p.decodeConnack()
	case SUBSCRIBE:
		p.decodeSubscribe()
	case SUBACK:
		p.decodeSuback()
	case UNSUBSCRIBE:
		p.decodeUnsubscribe()
	case UNSUBACK:
		p.decodeUnsuback()
	case DISCONNECT:
		p.decodeDisconnect()
	case AUTH:
		p.decodeAuth()
	}
	return 0
}

// wellFormedFlags has, for each type, the flags that the standard prescribes (5.0 §2.1.3); PUBLISH may have any.
var wellFormedFlags = [16]byte{PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2}

// alwaysRight has the first bytes that no version finds fault with.
var alwaysRight = func() (t [256]bool) {
	for first := range t {
		t[first] = flagsFault(byte(first), V31, false) == "" && flagsFault(byte(first), V5, false) == ""
	}
	return t
}()

// flagsFault says what is wrong with the first byte of a packet; empty if nothing is. In 3.1, and where the version
// is only assumed, PUBREL, SUBSCRIBE and UNSUBSCRIBE may have DUP set.
func flagsFault(first byte, v Version, assumed bool) string {
	t, flags := Type(first>>4), first&15
	if t == PUBLISH {
		return ""
	}
	if t == RESERVED0 || t == AUTH && v != V5 && v != 0 && !assumed {
		return typeReserved
	}
	want := wellFormedFlags[t]
	if want != 0 && (v == V31 || assumed) {
		flags &^= 8
	}
	if flags != want {
		return "reserved flags are wrong"
	}
	return ""
}
