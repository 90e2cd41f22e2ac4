package badclient_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// sessions are misbehaviours, and their honest twins, around the end of a Network Connection.
var sessions = []misbehaviour{
	{name: "receiver leaves with PUBACK owed and resumes", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBACK))
		p := r.deliver(peer, bad, 1, "a")
		r.leave(bad)
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.await(r.resume("bad"), decode.PUBLISH, p.PacketID)
	}},
	{name: "receiver is cut off with PUBREC owed and resumes", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBREC))
		p := r.deliver(peer, bad, 2, "a")
		r.cut(bad.Reset)
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.await(r.resume("bad"), decode.PUBREL, p.PacketID)
	}},
	{name: "receiver is cut off with PUBCOMP owed and resumes", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBCOMP))
		p := r.deliver(peer, bad, 2, "a")
		r.await(bad, decode.PUBREL, p.PacketID)
		r.cut(bad.Drop)
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.await(r.resume("bad"), decode.PUBREL, p.PacketID)
	}},
	{name: "receiver starts anew", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBACK))
		p := r.deliver(peer, bad, 1, "a")
		r.cut(bad.Drop)
		r.connect("bad")
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.end(handshake.Abandoned, "bad", server, p.PacketID)
	}},
	{name: "receiver's session ends with its connection", script: func(r *run) {
		bad, peer := r.receiver(badclient.Withhold(decode.PUBACK))
		p := r.deliver(peer, bad, 1, "a")
		r.leave(bad)
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.end(handshake.Abandoned, "bad", server, p.PacketID)
	}},
	{name: "sender resumes and sends PUBREL", script: func(r *run) {
		bad := r.interrupted(badclient.Obey)
		r.must(bad.Ack(decode.PUBREL, 7, 0))
		r.await(bad, decode.PUBCOMP, 7)
		if r.broker.isMochi() { // it sends PUBREC again, which is answered too
			r.notFound(r.await(bad, decode.PUBCOMP, 7))
		}
	}},
	{name: "sender resumes and sends nothing", script: func(r *run) {
		r.interrupted(badclient.Withhold(decode.PUBREL))
		r.alert(handshake.ResumeWithoutRedelivery, "bad", 7)
		r.end(handshake.AwaitingPubrel, "bad", client, 7)
	}},
	{name: "sender resumes and sends new messages only", script: func(r *run) {
		bad := r.interrupted(badclient.Withhold(decode.PUBREL))
		r.publish(bad, 1, "new")
		r.alert(handshake.ResumeWithoutRedelivery, "bad", 7)
		r.end(handshake.AwaitingPubrel, "bad", client, 7)
	}},
	{name: "sender resumes with its id reused", script: func(r *run) {
		bad := r.interrupted(badclient.Withhold(decode.PUBREL))
		r.begin(bad, 1, 7, "another")
		r.alert(handshake.PacketIDInUse, "bad", 7)
		r.end(handshake.Abandoned, "bad", client, 7)
		if r.broker.isMochi() { // it answers QoS 1 with PUBREC "Packet Identifier in use"
			r.alert(handshake.AckTypeMismatch, "bad", 7)
			r.alert(handshake.PubackOverdue, "bad", 7)
			r.end(handshake.AwaitingPuback, "bad", client, 7)
			return
		}
		r.await(bad, decode.PUBACK, 7)
	}},
	{name: "broker loses the session", brokers: "mochi", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBACK))
		p := r.deliver(peer, bad, 1, "a")
		r.cut(bad.Drop)
		r.forget("bad")
		r.connectWith(keeping("bad", false))
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.alert(handshake.SessionLostInflight, "bad", p.PacketID)
		r.end(handshake.Abandoned, "bad", server, p.PacketID)
	}},
	{name: "take over once", script: func(r *run) {
		old := r.connect("bad")
		r.awaitTakeover(old)
		r.takenOver(old)
	}},
	{name: "take over in turn", script: func(r *run) {
		c := r.connect("bad")
		for range 4 {
			c = r.awaitTakeover(c)
		}
		r.alert(handshake.SessionTakeoverLoop, "bad", 0)
	}},
	{name: "take over with messages in flight", script: func(r *run) {
		bad, peer := r.keeper(badclient.Withhold(decode.PUBACK))
		p := r.deliver(peer, bad, 1, "a")
		again := r.resume("bad")
		r.awaitGone(bad)
		r.await(again, decode.PUBLISH, p.PacketID)
		r.alert(handshake.DisconnectWithInflight, "bad", p.PacketID)
		r.takenOver(bad)
	}},
	{name: "cut off again and again", script: func(r *run) {
		for range 4 {
			c := r.connect("bad")
			r.publish(c, 0, "a")
			r.cut(c.Reset)
		}
		r.alert(handshake.ReconnectLoop, "bad", 0)
	}},
	{name: "come and go in order", script: func(r *run) {
		for range 5 {
			r.leave(r.connect("good"))
		}
	}},
}

// keeper is receiver with a session that is kept.
func (r *run) keeper(answer badclient.Policy) (bad, peer *badclient.Client) {
	bad = r.persistent("bad")
	bad.SetPolicy(answer)
	r.subscribe(bad, 2)
	return bad, r.connect("peer")
}

// interrupted is a sender whose connection was cut after PUBREC, and that has resumed its session and now answers so.
func (r *run) interrupted(answer badclient.Policy) *badclient.Client {
	r.subscribe(r.connect("peer"), 2)
	bad := r.persistent("bad")
	bad.SetPolicy(badclient.Withhold(decode.PUBREL))
	r.begin(bad, 2, 7, "a")
	r.await(bad, decode.PUBREC, 7)
	r.cut(bad.Drop)
	r.alert(handshake.DisconnectWithInflight, "bad", 7)
	o := keeping("bad", false)
	o.Answer = answer
	again, _ := r.connectWith(o)
	return again
}

// cut ends a connection and waits until the relay has seen it: what comes on the next one comes after.
func (r *run) cut(end func()) {
	r.Helper()
	before := r.obs.closed.Load()
	end()
	for r.obs.closed.Load() == before {
		if r.ctx.Err() != nil {
			r.Fatal("the relay does not see the end")
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *run) leave(c *badclient.Client) {
	r.Helper()
	r.cut(func() { r.must(c.Disconnect(0)) })
}

// takenOver expects what DISCONNECT "Session taken over" says, where the broker has sent it.
func (r *run) takenOver(old *badclient.Client) {
	if p, err := old.Await(r.ctx, badclient.OfType(decode.DISCONNECT, 0)); err == nil && p.Reason == 0x8E {
		r.alert(handshake.SessionTakeoverLoop, "bad", 0)
	}
}

// awaitTakeover opens the same session again and waits for the broker to close the connection that had it.
func (r *run) awaitTakeover(old *badclient.Client) *badclient.Client {
	c := r.connect("bad")
	r.awaitGone(old)
	return c
}

// forget makes the embedded broker lose a session, as a broker does that restarts without persistence.
func (r *run) forget(client string) {
	for r.ctx.Err() == nil {
		if c, ok := r.broker.mochi.Clients.Get(client + r.name); !ok || c.Closed() {
			break
		}
	}
	r.broker.mochi.Clients.Delete(client + r.name)
}

func TestSessions(t *testing.T) { play(t, sessions) }
