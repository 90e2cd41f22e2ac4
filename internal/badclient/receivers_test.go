package badclient_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// receivers are misbehaviours of a client to which the broker delivers.
var receivers = []misbehaviour{
	{name: "withhold PUBACK", script: func(r *run) {
		bad, peer := r.receiver(badclient.Withhold(decode.PUBACK))
		for _, payload := range []string{"a", "b"} {
			p := r.deliver(peer, bad, 1, payload)
			r.alert(handshake.PubackOverdue, "bad", p.PacketID)
			r.end(handshake.AwaitingPuback, "bad", server, p.PacketID)
		}
		r.deliver(peer, bad, 2, "QoS 2 goes on")
	}},
	{name: "withhold PUBREC", script: func(r *run) {
		bad, peer := r.receiver(badclient.Withhold(decode.PUBREC))
		p := r.deliver(peer, bad, 2, "a")
		r.alert(handshake.PubrecOverdue, "bad", p.PacketID)
		r.end(handshake.AwaitingPubrec, "bad", server, p.PacketID)
		r.deliver(peer, bad, 1, "QoS 1 goes on")
	}},
	{name: "withhold PUBCOMP", script: func(r *run) {
		bad, peer := r.receiver(badclient.Withhold(decode.PUBCOMP))
		p := r.deliver(peer, bad, 2, "a")
		r.await(bad, decode.PUBREL, p.PacketID)
		r.alert(handshake.PubcompOverdue, "bad", p.PacketID)
		r.end(handshake.AwaitingPubcomp, "bad", server, p.PacketID)
	}},
	{name: "delay PUBACK", script: func(r *run) {
		bad, peer := r.receiver(badclient.Delay(decode.PUBACK, 2*warn))
		r.alert(handshake.PubackOverdue, "bad", r.deliver(peer, bad, 1, "a").PacketID)
		time.Sleep(2 * warn)
	}},
	{name: "delay PUBREC", script: func(r *run) {
		bad, peer := r.receiver(badclient.Delay(decode.PUBREC, 2*warn))
		r.alert(handshake.PubrecOverdue, "bad", r.deliver(peer, bad, 2, "a").PacketID)
		time.Sleep(2 * warn)
	}},
	{name: "delay PUBCOMP", script: func(r *run) {
		bad, peer := r.receiver(badclient.Delay(decode.PUBCOMP, 2*warn))
		r.alert(handshake.PubcompOverdue, "bad", r.deliver(peer, bad, 2, "a").PacketID)
		time.Sleep(2 * warn)
	}},
	{name: "duplicate PUBACK", script: func(r *run) {
		bad, peer := r.receiver(badclient.Duplicate(decode.PUBACK))
		r.alert(handshake.DuplicateAck, "bad", r.deliver(peer, bad, 1, "a").PacketID)
	}},
	{name: "duplicate PUBREC", script: func(r *run) {
		bad, peer := r.receiver(badclient.Duplicate(decode.PUBREC))
		r.alert(handshake.DuplicateAck, "bad", r.deliver(peer, bad, 2, "a").PacketID)
	}},
	{name: "duplicate PUBCOMP", script: func(r *run) {
		bad, peer := r.receiver(badclient.Duplicate(decode.PUBCOMP))
		r.alert(handshake.DuplicateAck, "bad", r.deliver(peer, bad, 2, "a").PacketID)
	}},
	{name: "reorder PUBACK", script: func(r *run) {
		bad, peer := r.receiver(badclient.Reverse(decode.PUBACK, 2))
		r.deliver(peer, bad, 1, "a")
		r.alert(handshake.AckOutOfOrder, "bad", r.deliver(peer, bad, 1, "b").PacketID)
	}},
	{name: "reorder PUBREC", script: func(r *run) {
		bad, peer := r.receiver(badclient.Reverse(decode.PUBREC, 2))
		r.deliver(peer, bad, 2, "a")
		r.alert(handshake.AckOutOfOrder, "bad", r.deliver(peer, bad, 2, "b").PacketID)
	}},
	{name: "answer QoS 1 with PUBREC", script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBACK, badclient.Ack{Type: decode.PUBREC}))
		p := r.deliver(peer, bad, 1, "a")
		r.alert(handshake.AckTypeMismatch, "bad", p.PacketID)
		if !r.cutOff(handshake.AwaitingPuback, p.PacketID) { // mochi goes on with PUBREL, and gets PUBCOMP
			r.alert(handshake.AckTypeMismatch, "bad", p.PacketID)
			r.alert(handshake.AckTypeMismatch, "bad", p.PacketID)
			r.alert(handshake.PubackOverdue, "bad", p.PacketID)
		}
	}},
	{name: "answer QoS 2 with PUBACK", script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBREC, badclient.Ack{Type: decode.PUBACK}))
		p := r.deliver(peer, bad, 2, "a")
		r.alert(handshake.AckTypeMismatch, "bad", p.PacketID)
		if !r.cutOff(handshake.AwaitingPubrec, p.PacketID) {
			r.alert(handshake.PubrecOverdue, "bad", p.PacketID)
		}
	}},
	{name: "PUBCOMP before PUBREL", script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBREC, badclient.Ack{Type: decode.PUBCOMP}))
		p := r.deliver(peer, bad, 2, "a")
		r.alert(handshake.AckTypeMismatch, "bad", p.PacketID)
	}},
	{name: "refuse with PUBACK", versions: only5, script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBACK, badclient.Ack{Type: decode.PUBACK, Reason: 0x83}))
		p := r.deliver(peer, bad, 1, "a")
		r.alert(handshake.PublishRefused, "bad", p.PacketID)
		r.end(handshake.Refused, "bad", server, p.PacketID)
	}},
	{name: "refuse with PUBREC, quota exceeded", versions: only5, script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBREC, badclient.Ack{Type: decode.PUBREC, Reason: 0x97}))
		p := r.deliver(peer, bad, 2, "a")
		r.alert(handshake.PublishRefused, "bad", p.PacketID)
		r.alert(handshake.QuotaExceeded, "bad", p.PacketID)
		r.end(handshake.Refused, "bad", server, p.PacketID)
	}},
	{name: "PUBACK with a Reason Code of PUBCOMP", versions: only5, script: func(r *run) {
		bad, peer := r.receiver(badclient.Instead(decode.PUBACK, badclient.Ack{Type: decode.PUBACK, Reason: 0x92}))
		p := r.deliver(peer, bad, 1, "a")
		r.alert(handshake.InvalidReasonCode, "bad", p.PacketID)
		r.alert(handshake.PublishRefused, "bad", p.PacketID)
		r.end(handshake.Refused, "bad", server, p.PacketID)
	}},
	{name: "forge PUBACK", script: func(r *run) {
		bad, _ := r.receiver(badclient.Obey)
		r.must(bad.Ack(decode.PUBACK, 4711, 0))
		r.alert(handshake.UnexpectedAck, "bad", 4711)
	}},
	{name: "forge PUBREC", script: func(r *run) {
		bad, _ := r.receiver(badclient.Obey)
		r.must(bad.Ack(decode.PUBREC, 4711, 0))
		r.alert(handshake.UnexpectedAck, "bad", 4711)
		if r.v5() && r.broker.isMochi() { // mosquitto does not say so
			r.alert(handshake.PacketIDNotFound, "bad", 4711)
		}
	}},
	{name: "forge PUBCOMP", script: func(r *run) {
		bad, _ := r.receiver(badclient.Obey)
		r.must(bad.Ack(decode.PUBCOMP, 4711, 0))
		r.alert(handshake.UnexpectedAck, "bad", 4711)
	}},
	{name: "forge PUBREL", script: func(r *run) {
		bad, _ := r.receiver(badclient.Obey)
		r.must(bad.Ack(decode.PUBREL, 4711, 0))
		r.alert(handshake.UnexpectedAck, "bad", 4711)
		r.notFound(r.await(bad, decode.PUBCOMP, 4711))
	}},
	{name: "PUBACK with id 0", script: func(r *run) {
		bad, _ := r.receiver(badclient.Obey)
		r.must(bad.Ack(decode.PUBACK, 0, 0))
		r.alert(handshake.PacketIDZero, "bad", 0)
	}},
	{name: "withhold until the window is full", script: func(r *run) {
		bad, _ := r.connectWith(badclient.Options{ID: "bad", CleanStart: true, ReceiveMaximum: 3, Answer: badclient.Withhold(decode.PUBACK)})
		r.subscribe(bad, 2)
		peer := r.connect("peer")
		sent, most := window+2, window
		switch {
		case r.v5():
			sent, most = 5, 3
		case r.broker.isMochi():
			most = sent // mochi has no window of its own
		}
		for i := range sent {
			r.publish(peer, 1, string(rune('a'+i)))
		}
		for i := range most {
			p := r.await(bad, decode.PUBLISH, 0)
			r.alert(handshake.PubackOverdue, "bad", p.PacketID)
			r.end(handshake.AwaitingPuback, "bad", server, p.PacketID)
			if i == 0 && most < sent {
				r.alert(handshake.InflightWindowFull, "bad", p.PacketID)
			}
		}
	}},
}

// receiver opens a client that subscribes and answers so, and a peer that publishes to it.
func (r *run) receiver(answer badclient.Policy) (bad, peer *badclient.Client) {
	bad, _ = r.connectWith(badclient.Options{ID: "bad", CleanStart: true, Answer: answer})
	r.subscribe(bad, 2)
	return bad, r.connect("peer")
}

func TestReceivers(t *testing.T) { play(t, receivers) }

// cutOff expects what becomes of a delivery in that state where the broker ends the connection over a violation, as mosquitto
// does; false says that the broker puts up with it, and that the delivery stays as it is.
func (r *run) cutOff(state handshake.State, id uint16) bool {
	if r.broker.isMochi() {
		r.end(state, "bad", server, id)
		return false
	}
	r.alert(handshake.DisconnectWithInflight, "bad", id)
	r.end(handshake.Abandoned, "bad", server, id)
	return true
}
