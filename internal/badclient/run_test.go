package badclient_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// warn is after how long a packet is overdue: a good deal longer than an honest peer takes to answer on a loaded machine. settle is
// how long each run waits at its end for what may still be raised.
const (
	warn   = 1500 * time.Millisecond
	settle = warn + 400*time.Millisecond
	limit  = 20 * time.Second
)

// run is one misbehaviour towards one broker in one version, and what is to be concluded from it. Its script says what the client
// does, and in the same place what that is called.
type run struct {
	*testing.T
	ctx     context.Context
	broker  *broker
	version decode.Version
	obs     *observer
	name    string // of this run alone: Client Identifiers and topics end with it
	alerts  []string
	allowed []string // alerts that may be raised, too, any number of times
	ends    []string
	clients []*badclient.Client
}

var runs atomic.Int64

func newRun(t *testing.T, b *broker, v decode.Version, cfg watch.Config) *run {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	r := &run{T: t, ctx: ctx, broker: b, version: v, name: fmt.Sprint(runs.Add(1)), obs: observe(t, b.addr, cfg)}
	t.Cleanup(func() {
		cancel()
		for _, c := range r.clients {
			c.Drop()
		}
		r.obs.relay.close()
	})
	return r
}

// check waits for what may still be raised, and compares.
func (r *run) check() {
	time.Sleep(settle)
	for range 50 { // on a busy machine the last packet, from which time counts, may have come late
		if missed, _ := difference(r.alerts, r.obs.raised()); len(missed) == 0 {
			break
		}
		time.Sleep(settle / 10)
	}
	r.obs.finish()
	missed, excess := difference(r.alerts, r.obs.raised())
	excess = slices.DeleteFunc(excess, func(a string) bool { return slices.Contains(r.allowed, a) })
	if len(missed)+len(excess) > 0 {
		r.Errorf("alerts missed: %q, more than expected: %q", missed, excess)
	}
	ends, _ := r.obs.incomplete()
	if missed, excess := difference(r.ends, ends); len(missed)+len(excess) > 0 {
		r.Errorf("handshakes that did not end so: %q, ended otherwise: %q", missed, excess)
	}
	if r.Failed() {
		r.Logf("what passed:\n%s", r.obs.transcript())
	}
}

// difference compares without regard to order.
func difference(want, got []string) (missed, excess []string) {
	excess = slices.Clone(got)
	for _, w := range want {
		if i := slices.Index(excess, w); i >= 0 {
			excess = slices.Delete(excess, i, i+1)
		} else {
			missed = append(missed, w)
		}
	}
	return missed, excess
}

// alert says that an alert about a client is to be raised, with the Packet Identifier that it names (0: none).
func (r *run) alert(name handshake.AlertName, client string, id uint16) {
	r.alerts = append(r.alerts, alertLine(string(name), client+r.name, id))
}

// allow says that an alert about a client may be raised.
func (r *run) allow(name handshake.AlertName, client string) {
	r.allowed = append(r.allowed, alertLine(string(name), client+r.name, 0))
}

// end says how a handshake is to end, or stand at the end. Those of which nothing is said are to be complete.
func (r *run) end(state handshake.State, client string, sender decode.Direction, id uint16) {
	r.ends = append(r.ends, endLine(state.String(), client+r.name, sender, id))
}

func (r *run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%v; what passed:\n%s", err, r.obs.transcript())
	}
}

// topic is this run's own.
func (r *run) topic() string { return "t/" + r.name }

// connect opens a client that starts anew.
func (r *run) connect(client string) *badclient.Client {
	c, _ := r.connectWith(badclient.Options{ID: client, CleanStart: true})
	return c
}

// keeping is the options of a client whose session outlives its connections.
func keeping(client string, clean bool) badclient.Options {
	return badclient.Options{ID: client, Expiry: 600, CleanStart: clean}
}

func (r *run) connectWith(o badclient.Options) (*badclient.Client, badclient.Packet) {
	r.Helper()
	o.ID += r.name
	o.Version = r.version
	c, ack, err := badclient.Connect(r.ctx, r.obs.addr(), o)
	r.must(err)
	r.clients = append(r.clients, c)
	return c, ack
}

// persistent opens a session that is kept. 3.1.1 asks for that with Clean Session 0.
func (r *run) persistent(client string) *badclient.Client {
	o := keeping(client, r.version == decode.V5)
	c, _ := r.connectWith(o)
	return c
}

// resume opens a session again that is kept.
func (r *run) resume(client string) *badclient.Client {
	c, ack := r.connectWith(keeping(client, false))
	if !ack.SessionPresent {
		r.Fatal("the broker has no session")
	}
	return c
}

func (r *run) subscribe(c *badclient.Client, qos uint8) {
	r.Helper()
	r.must(c.Subscribe(r.ctx, 999, qos, r.topic()))
}

// publish runs a whole handshake.
func (r *run) publish(c *badclient.Client, qos uint8, payload string) {
	r.Helper()
	id := c.NextID()
	r.begin(c, qos, id, payload)
	switch qos {
	case 1:
		r.await(c, decode.PUBACK, id)
	case 2:
		r.await(c, decode.PUBCOMP, id)
	}
}

// begin sends a PUBLISH.
func (r *run) begin(c *badclient.Client, qos uint8, id uint16, payload string) {
	r.Helper()
	r.must(c.Publish(r.message(qos, id, payload)))
}

func (r *run) message(qos uint8, id uint16, payload string) decode.PublishFields {
	return decode.PublishFields{QoS: qos, Topic: r.topic(), PacketID: id, Payload: []byte(payload)}
}

func (r *run) await(c *badclient.Client, t decode.Type, id uint16) badclient.Packet {
	r.Helper()
	p, err := c.Await(r.ctx, badclient.OfType(t, id))
	if err != nil {
		r.must(fmt.Errorf("no %s id %d: %w", t, id, err))
	}
	return p
}

// awaitGone waits for the broker to close the connection. The embedded one says DISCONNECT before that to clients of 3.1.1 as well, if there is time, which that
// version does not allow (3.14).
func (r *run) awaitGone(c *badclient.Client) {
	r.Helper()
	if r.broker.isMochi() && r.version != decode.V5 {
		r.allow(handshake.MalformedPacket, "bad")
	}
	select {
	case <-c.Gone():
	case <-r.ctx.Done():
		r.must(errors.New("the broker does not close the connection"))
	}
}

// deliver has a peer publish, and returns what the client got.
func (r *run) deliver(from, to *badclient.Client, qos uint8, payload string) badclient.Packet {
	r.Helper()
	r.publish(from, qos, payload)
	p, err := to.Await(r.ctx, func(p *badclient.Packet) bool { return p.Type == decode.PUBLISH && string(p.Payload) == payload })
	r.must(err)
	return p
}

// v5 reports whether the run is of MQTT 5.0.
func (r *run) v5() bool { return r.version == decode.V5 }

// misbehaviour is one row of the table.
type misbehaviour struct {
	name     string
	versions []decode.Version // nil: 3.1.1 and 5.0
	brokers  string           // empty: all
	warn     time.Duration    // 0: the usual
	script   func(r *run)
}

var only5 = []decode.Version{decode.V5}

// play runs rows against both brokers. It comes after the clean traffic, which is not to slow down anybody whose time is taken.
func play(t *testing.T, rows []misbehaviour) {
	t.Parallel()
	for _, b := range brokers(t) {
		for _, row := range rows {
			if row.brokers != "" && row.brokers != b.name {
				continue
			}
			versions := row.versions
			if versions == nil {
				versions = []decode.Version{decode.V311, decode.V5}
			}
			for _, v := range versions {
				t.Run(fmt.Sprintf("%s/%s/%s", row.name, b.name, v), func(t *testing.T) {
					t.Parallel()
					cfg := watch.Config{Warn: warn}
					if row.warn > 0 {
						cfg.Warn = row.warn
					}
					r := newRun(t, b, v, cfg)
					row.script(r)
					r.check()
				})
			}
		}
	}
}
