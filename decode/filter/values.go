package filter

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// compare returns the question "is a number op limit?".
func compare(op string, limit int64) func(int64) bool {
	switch op {
	case ">":
		return func(n int64) bool { return n > limit }
	case "<":
		return func(n int64) bool { return n < limit }
	case ">=":
		return func(n int64) bool { return n >= limit }
	case "<=":
		return func(n int64) bool { return n <= limit }
	}
	return func(n int64) bool { return n == limit }
}

func idTest(t token) (test, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 65535 {
		return nil, "a Packet Identifier is a number from 1 to 65535: id:17, id>100"
	}
	ok := compare(t.op, limit)
	return func(h *handshake.Handshake, _ decode.Time) bool { return ok(int64(h.PacketID)) }, ""
}

func qosTest(t token) (test, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 2 {
		return nil, "QoS is 1 or 2: qos:1, qos:2"
	}
	if limit == 0 && t.op != ">" && t.op != ">=" {
		return nil, "QoS 0 has no handshake: qos:1 or qos:2"
	}
	ok := compare(t.op, limit)
	return func(h *handshake.Handshake, _ decode.Time) bool {
		switch h.Kind {
		case handshake.QoS1:
			return ok(1)
		case handshake.QoS2:
			return ok(2)
		}
		return false
	}, ""
}

func resendsTest(t token) (test, string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 {
		return nil, "resends is a number: resends>1"
	}
	ok := compare(t.op, limit)
	return func(h *handshake.Handshake, _ decode.Time) bool { return ok(int64(h.Resends)) }, ""
}

// duration reads the value of age and rtt.
func duration(t token) (func(int64) bool, string) {
	example := t.name + ">5s, " + t.name + "<200ms"
	if t.op == ":" || t.op == "=" {
		return nil, t.name + " takes > or <: " + example
	}
	limit, err := time.ParseDuration(t.value)
	if err != nil {
		return nil, "a duration has a unit: " + example + " (h, m, s, ms, us, ns)"
	}
	return compare(t.op, int64(limit)), ""
}

// ageTest asks how long ago an open handshake began. What has ended has no age.
func ageTest(t token) (test, string) {
	ok, reason := duration(t)
	return func(h *handshake.Handshake, now decode.Time) bool {
		return h.State.Open() && ok(int64(now.Sub(h.Started())))
	}, reason
}

// rttTest asks how long a handshake took that was answered to its end, and seen from its beginning.
func rttTest(t token) (test, string) {
	ok, reason := duration(t)
	return func(h *handshake.Handshake, _ decode.Time) bool {
		answered := h.State == handshake.Complete || h.State == handshake.Refused
		return answered && !h.JoinedLate && ok(int64(h.Ended.Sub(h.Started())))
	}, reason
}

// isOp reports whether the operator asks for equality, which is all that names can be asked for.
func isOp(t token) bool { return t.op == ":" || t.op == "=" }

func typeTest(t token) (test, string) {
	const reason = "type is a packet of a handshake: PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK"
	p, ok := packetType(t.value)
	if !ok || !isOp(t) {
		return nil, reason
	}
	return func(h *handshake.Handshake, _ decode.Time) bool {
		owed, _ := h.Owes()
		return owed == p || anyStep(h, func(s handshake.Step) bool { return s.Type == p })
	}, ""
}

// packetType returns the Control Packet of that name, if handshakes have it.
func packetType(name string) (decode.Type, bool) {
	for p := decode.PUBLISH; p <= decode.UNSUBACK; p++ {
		if strings.EqualFold(p.String(), name) {
			return p, true
		}
	}
	return 0, false
}

// side returns the end of a Network Connection of that name.
func side(name string) (decode.Direction, bool) {
	switch strings.ToLower(name) {
	case "client":
		return decode.FromClient, true
	case "server", "broker":
		return decode.FromServer, true
	}
	return 0, false
}

func senderTest(t token) (test, string) {
	dir, ok := side(t.value)
	if !ok || !isOp(t) {
		return nil, "the sender is client or broker: sender:client"
	}
	return func(h *handshake.Handshake, _ decode.Time) bool { return h.Sender == dir }, ""
}

// owesTest asks who owes the next packet, or which packet is owed.
func owesTest(t token) (test, string) {
	dir, isSide := side(t.value)
	p, isPacket := packetType(t.value)
	if !isSide && !isPacket || !isOp(t) {
		return nil, "owes takes who, or which packet: owes:client, owes:broker, owes:PUBREL"
	}
	return func(h *handshake.Handshake, _ decode.Time) bool {
		owed, by := h.Owes()
		return owed != 0 && (isSide && by == dir || isPacket && owed == p)
	}, ""
}

func kindTest(t token) (test, string) {
	const reason = "kind is publish, subscribe or unsubscribe"
	name := strings.ToLower(t.value)
	var first, last handshake.Kind
	switch {
	case !isOp(t):
		return nil, reason
	case strings.HasPrefix("publish", name):
		first, last = handshake.QoS1, handshake.QoS2
	case strings.HasPrefix("subscribe", name):
		first, last = handshake.Subscribe, handshake.Subscribe
	case strings.HasPrefix("unsubscribe", name):
		first, last = handshake.Unsubscribe, handshake.Unsubscribe
	default:
		return nil, reason
	}
	return func(h *handshake.Handshake, _ decode.Time) bool { return h.Kind >= first && h.Kind <= last }, ""
}

// brokenAddr reports whether value is meant as an address or a network, but is none: it could be nothing but a part of a name otherwise, which has none
// of these.
func brokenAddr(value string) bool {
	at, _, isNet := strings.Cut(value, "/")
	if _, err := netip.ParseAddr(at); isNet && err == nil {
		return true
	}
	return strings.Trim(value, "0123456789.:/") == "" && strings.ContainsAny(value, ".:/")
}

const notAddr = "this is no address and no network: host:10.0.0.7, host:10.0.0.7:1883, host:10.0.0.0/8"

const hostReason = "host takes an address, a network or a name: host:10.0.0.7, host:10.0.0.0/8, host:broker.local"

// addrTest returns the question whether an end has an address, an address with port, or is in a network; isAddr is false where value is none of these.
func addrTest(value string) (ok func(netip.AddrPort) bool, isAddr bool) {
	if addr, err := netip.ParseAddr(value); err == nil {
		return func(a netip.AddrPort) bool { return a.Addr() == addr }, true
	}
	if addr, err := netip.ParseAddrPort(value); err == nil {
		return func(a netip.AddrPort) bool { return a == addr }, true
	}
	if net, err := netip.ParsePrefix(value); err == nil {
		return func(a netip.AddrPort) bool { return net.Contains(a.Addr()) }, true
	}
	return nil, false
}

// numberTest compares a count.
func numberTest[T any](of func(T) int64) func(token) (testOf[T], string) {
	return func(t token) (testOf[T], string) {
		limit, err := strconv.ParseInt(t.value, 10, 64)
		if err != nil || limit < 0 {
			return nil, t.name + " is a number: " + t.name + ">3"
		}
		ok := compare(t.op, limit)
		return func(v T, _ decode.Time) bool { return ok(of(v)) }, ""
	}
}

// timeTest compares a time; one below 0 is not known, and not chosen.
func timeTest[T any](of func(T) time.Duration) func(token) (testOf[T], string) {
	return func(t token) (testOf[T], string) {
		ok, reason := duration(t)
		return func(v T, _ decode.Time) bool {
			d := of(v)
			return d >= 0 && ok(int64(d))
		}, reason
	}
}

// usedQoS asks whether anything was published with such a QoS.
func usedQoS[T any](t token, of func(T) *[3]uint64) (testOf[T], string) {
	limit, err := strconv.ParseInt(t.value, 10, 32)
	if err != nil || limit < 0 || limit > 2 {
		return nil, "QoS is 0, 1 or 2: qos:2, qos>0"
	}
	ok := compare(t.op, limit)
	return func(v T, _ decode.Time) bool {
		for q, n := range of(v) {
			if n > 0 && ok(int64(q)) {
				return true
			}
		}
		return false
	}, ""
}

// hostTest asks for either end: an address, an address with port, a network, or a part of the Server's name.
func hostTest(t token) (test, string) {
	if !isOp(t) {
		return nil, hostReason
	}
	if ok, isAddr := addrTest(t.value); isAddr {
		return func(h *handshake.Handshake, _ decode.Time) bool { return ok(clientAddr(h)) || ok(serverAddr(h)) }, ""
	}
	if brokenAddr(t.value) {
		return nil, notAddr
	}
	part := fold(t.value)
	return func(h *handshake.Handshake, _ decode.Time) bool { return contains(serverName(h), part) }, ""
}

// reasonTest asks for the Reason Code of any acknowledgement, by number or by name.
func reasonTest(t token) (test, string) {
	if code, err := strconv.ParseUint(t.value, 0, 8); err == nil {
		ok := compare(t.op, int64(code))
		return func(h *handshake.Handshake, _ decode.Time) bool {
			return anyStep(h, func(s handshake.Step) bool { return carriesReason(s.Type) && ok(int64(s.Reason)) })
		}, ""
	}
	if !isOp(t) || t.value[0] >= '0' && t.value[0] <= '9' {
		return nil, "reason is a code from 0 to 0xFF or a part of its name: reason:0x87, reason>=0x80, reason:quota"
	}
	part := fold(t.value)
	return func(h *handshake.Handshake, _ decode.Time) bool {
		return anyStep(h, func(s handshake.Step) bool {
			return carriesReason(s.Type) && contains(reasonName(h, s.Type, s.Reason), part)
		})
	}, ""
}

// carriesReason reports whether packets of type p say how something went.
func carriesReason(p decode.Type) bool {
	return p != decode.PUBLISH && p != decode.SUBSCRIBE && p != decode.UNSUBSCRIBE
}
