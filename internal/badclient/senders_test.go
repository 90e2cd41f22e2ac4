package badclient_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// senders are misbehaviours of a client that publishes. A peer subscribes, so that no broker has to say that nobody does.
var senders = []misbehaviour{
	{name: "withhold PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 2, 5, "a")
		r.await(bad, decode.PUBREC, 5)
		r.alert(handshake.PubrelOverdue, "bad", 5)
		r.end(handshake.AwaitingPubrel, "bad", client, 5)
		r.publish(bad, 1, "QoS 1 goes on")
	}},
	{name: "delay PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Delay(decode.PUBREL, 2*warn))
		r.begin(bad, 2, 5, "a")
		r.await(bad, decode.PUBCOMP, 5)
		r.alert(handshake.PubrelOverdue, "bad", 5)
	}},
	{name: "reorder PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Reverse(decode.PUBREL, 2))
		r.begin(bad, 2, 5, "a")
		r.begin(bad, 2, 6, "b")
		r.await(bad, decode.PUBCOMP, 5)
		r.alert(handshake.AckOutOfOrder, "bad", 6)
	}},
	{name: "duplicate PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Duplicate(decode.PUBREL))
		r.begin(bad, 2, 5, "a")
		r.await(bad, decode.PUBCOMP, 5)
		r.alert(handshake.RetransmitConnected, "bad", 5)
		r.notFound(r.await(bad, decode.PUBCOMP, 5))
	}},
	{name: "PUBLISH with id 0", script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.begin(bad, 1, 0, "a")
		r.awaitGone(bad)
		r.alert(handshake.PacketIDZero, "bad", 0)
		r.alert(handshake.DisconnectWithInflight, "bad", 0)
		r.end(handshake.Abandoned, "bad", client, 0)
	}},
	{name: "SUBSCRIBE with id 0", script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.must(bad.Send(bad.SubscribeBytes(0, 1, r.topic())))
		r.awaitGone(bad)
		r.alert(handshake.PacketIDZero, "bad", 0)
		r.end(handshake.Abandoned, "bad", client, 0)
	}},
	{name: "reuse an id that waits for PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 2, 7, "a")
		r.await(bad, decode.PUBREC, 7)
		r.begin(bad, 2, 7, "b")
		p := r.await(bad, decode.PUBREC, 7)
		r.alert(handshake.PacketIDInUse, "bad", 7)
		r.end(handshake.Abandoned, "bad", client, 7)
		if r.refused(p) {
			r.end(handshake.Refused, "bad", client, 7)
			return
		}
		r.alert(handshake.PubrelOverdue, "bad", 7)
		r.end(handshake.AwaitingPubrel, "bad", client, 7)
	}},
	{name: "SUBSCRIBE with the id of a PUBLISH", script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 2, 7, "a")
		r.await(bad, decode.PUBREC, 7)
		r.must(bad.Subscribe(r.ctx, 7, 0, "other/"+r.name))
		r.alert(handshake.PacketIDInUse, "bad", 7)
		r.end(handshake.Abandoned, "bad", client, 7)
		if r.broker.isMochi() { // it refuses
			r.end(handshake.Refused, "bad", client, 7)
		}
	}},
	{name: "resend with DUP", script: func(r *run) {
		r.resend(true, 1)
		r.alert(handshake.RetransmitConnected, "bad", 7)
	}},
	{name: "resend without DUP", script: func(r *run) {
		r.resend(false, 1)
		r.alert(handshake.RetransmitWithoutDup, "bad", 7)
	}},
	{name: "resend and resend", script: func(r *run) {
		r.resend(true, 4)
		r.alert(handshake.RetransmitConnected, "bad", 7)
		r.alert(handshake.RetransmitStorm, "bad", 7)
	}},
	{name: "resend after PUBREC", script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 2, 7, "a")
		r.await(bad, decode.PUBREC, 7)
		bad.SetPolicy(badclient.Obey)
		m := r.message(2, 7, "a")
		m.Dup = true
		r.must(bad.Publish(m))
		p := r.await(bad, decode.PUBREC, 7)
		r.alert(handshake.RetransmitConnected, "bad", 7)
		if r.refused(p) { // mochi takes the resend for a new message
			r.end(handshake.Refused, "bad", client, 7)
			return
		}
		r.await(bad, decode.PUBCOMP, 7)
	}},
	{name: "PUBLISH after PUBREL", script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 2, 7, "a")
		r.await(bad, decode.PUBREC, 7)
		bad.SetPolicy(badclient.Obey)
		m := r.message(2, 7, "a")
		m.Dup = true
		r.must(bad.Send(append(bad.AckBytes(badclient.Ack{Type: decode.PUBREL, ID: 7}), bad.PublishBytes(m)...)))
		r.await(bad, decode.PUBCOMP, 7)
		r.await(bad, decode.PUBREC, 7)
		r.await(bad, decode.PUBCOMP, 7)
		r.alert(handshake.PublishAfterPubrel, "bad", 7)
	}},
	{name: "PUBREL after PUBREC refused", versions: only5, script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.must(bad.Publish(decode.PublishFields{QoS: 2, PacketID: 7, Topic: forbidden + "/" + r.name, Payload: []byte("a")}))
		if p := r.await(bad, decode.PUBREC, 7); p.Reason != 0x87 {
			r.Fatalf("PUBREC 0x%02X", uint8(p.Reason))
		}
		r.must(bad.Ack(decode.PUBREL, 7, 0))
		r.notFound(r.await(bad, decode.PUBCOMP, 7))
		r.alert(handshake.PublishRefused, "bad", 7)
		r.alert(handshake.PubrelAfterPubrecError, "bad", 7)
		r.end(handshake.Refused, "bad", client, 7)
	}},
	{name: "PUBLISH where it may not", versions: only5, script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.must(bad.Publish(decode.PublishFields{QoS: 1, PacketID: 7, Topic: forbidden + "/" + r.name, Payload: []byte("a")}))
		r.await(bad, decode.PUBACK, 7)
		r.alert(handshake.PublishRefused, "bad", 7)
		r.end(handshake.Refused, "bad", client, 7)
	}},
	{name: "PUBLISH to nobody", script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.must(bad.Publish(decode.PublishFields{QoS: 1, PacketID: 7, Topic: "nobody/" + r.name, Payload: []byte("a")}))
		if p := r.await(bad, decode.PUBACK, 7); p.Reason == 0x10 {
			r.alert(handshake.NoMatchingSubscribers, "bad", 7)
		}
	}},
	{name: "exceed Receive Maximum", versions: only5, script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		var all []byte
		for id := range uint16(window + 1) {
			all = append(all, bad.PublishBytes(r.message(2, id+1, "a"))...)
		}
		r.must(bad.Send(all))
		r.alert(handshake.ReceiveMaximumExceeded, "bad", 1)
		if r.broker.isMochi() { // as it must
			r.awaitGone(bad)
			r.alert(handshake.DisconnectWithInflight, "bad", 1)
			for id := range uint16(window + 1) {
				r.end(handshake.Abandoned, "bad", client, id+1)
			}
			return
		}
		r.await(bad, decode.PUBREC, window+1) // mosquitto refuses one and goes on (eclipse/mosquitto#3588)
		r.alert(handshake.PublishRefused, "bad", window+1)
		r.alert(handshake.QuotaExceeded, "bad", window+1)
		r.end(handshake.Refused, "bad", client, window+1)
		r.alert(handshake.InflightWindowFull, "bad", 1)
		for id := range uint16(window) {
			r.alert(handshake.PubrelOverdue, "bad", id+1)
			r.end(handshake.AwaitingPubrel, "bad", client, id+1)
		}
	}},
	{name: "fill Receive Maximum", versions: only5, script: func(r *run) {
		bad := r.sender(badclient.Withhold(decode.PUBREL))
		r.alert(handshake.InflightWindowFull, "bad", 1)
		for id := range uint16(window) {
			r.begin(bad, 2, id+1, "a")
			r.alert(handshake.PubrelOverdue, "bad", id+1)
			r.end(handshake.AwaitingPubrel, "bad", client, id+1)
		}
	}},
	{name: "send what is no MQTT", script: func(r *run) {
		bad := r.sender(badclient.Obey)
		r.must(bad.Send([]byte("\x00\x00GET / HTTP/1.1\r\n\r\n")))
		r.awaitGone(bad)
		r.alert(handshake.MalformedPacket, "bad", 0) // a header with a reserved type is stepped over, once
		r.alert(handshake.UndecodableStream, "bad", 0)
	}},
	{name: "stop to ping", script: func(r *run) {
		bad, _ := r.connectWith(badclient.Options{ID: "bad", CleanStart: true, KeepAlive: 2})
		for range 3 {
			time.Sleep(time.Second)
			r.must(bad.Ping())
			r.await(bad, decode.PINGRESP, 0)
		}
		r.awaitGone(bad)
		r.alert(handshake.KeepaliveOverdue, "bad", 0)
	}},
	{name: "ping in time", script: func(r *run) {
		good, _ := r.connectWith(badclient.Options{ID: "good", CleanStart: true, KeepAlive: 2})
		for range 4 {
			time.Sleep(1500 * time.Millisecond)
			r.must(good.Ping())
		}
		r.must(good.Disconnect(0))
	}},
	{name: "answer slowly", warn: 10 * time.Second, script: func(r *run) {
		bad, peer := r.receiver(badclient.Delay(decode.PUBACK, 2200*time.Millisecond))
		for i := range 24 {
			r.publish(peer, 1, string(rune('a'+i)))
		}
		for range 24 {
			r.await(bad, decode.PUBLISH, 0)
		}
		time.Sleep(2500 * time.Millisecond)
		r.alert(handshake.AckLatencyHigh, "bad", 0)
	}},
}

// sender opens a client that answers so, and a peer that subscribes to what it publishes.
func (r *run) sender(answer badclient.Policy) *badclient.Client {
	r.subscribe(r.connect("peer"), 2)
	bad, _ := r.connectWith(badclient.Options{ID: "bad", CleanStart: true, Answer: answer})
	return bad
}

// resend sends a PUBLISH and again so many times, all in one write, so that no acknowledgement comes between.
func (r *run) resend(dup bool, times int) {
	bad := r.sender(badclient.Obey)
	m := r.message(1, 7, "a")
	all := bad.PublishBytes(m)
	m.Dup = dup
	for range times {
		all = append(all, bad.PublishBytes(m)...)
	}
	r.must(bad.Send(all))
	for range times + 1 {
		r.await(bad, decode.PUBACK, 7)
	}
}

// notFound expects packet-id-not-found where the broker says so. Not all do.
func (r *run) notFound(p badclient.Packet) {
	if p.Reason == 0x92 {
		r.alert(handshake.PacketIDNotFound, "bad", p.PacketID)
	}
}

// refused expects what a PUBREC "Packet Identifier in use" says, and reports whether p is one.
func (r *run) refused(p badclient.Packet) bool {
	if p.Reason != 0x91 {
		return false
	}
	r.alert(handshake.PublishRefused, "bad", p.PacketID)
	r.alert(handshake.PacketIDInUse, "bad", p.PacketID)
	return true
}

func TestSenders(t *testing.T) { play(t, senders) }
