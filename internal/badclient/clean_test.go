package badclient_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// long names the variable that makes the clean traffic last a minute instead of a few seconds.
const long = "MQTTWATCH_LONG"

func cleanFor() time.Duration {
	if os.Getenv(long) == "1" {
		return time.Minute
	}
	return 5 * time.Second
}

// TestClean lets honest clients do all that MQTT has, with the default thresholds: nothing may be reported, and every handshake must
// be complete.
func TestClean(t *testing.T) {
	for _, b := range brokers(t) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, b, decode.V5, watch.Config{})
			deadline := time.Now().Add(cleanFor())
			ctx, cancel := context.WithTimeout(context.Background(), cleanFor()+limit)
			defer cancel()
			r.ctx = ctx
			var clients sync.WaitGroup
			for _, work := range cleanWork(r) {
				clients.Go(func() {
					for n := 0; time.Now().Before(deadline) && ctx.Err() == nil; n++ {
						if err := work(ctx, n); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			clients.Wait()
			time.Sleep(200 * time.Millisecond)
			r.obs.finish()
			r.checkClean()
		})
	}
}

func (r *run) checkClean() {
	if alerts := r.obs.raised(); len(alerts) > 0 {
		r.Errorf("alerts on clean traffic: %q", alerts)
	}
	incomplete, completed := r.obs.incomplete()
	if len(incomplete) > 0 {
		r.Errorf("handshakes that are not complete: %q", incomplete)
	}
	if completed < 200 {
		r.Errorf("only %d handshakes", completed)
	}
	if r.obs.tap.Stats().QueueDrops > 0 {
		r.Error("the tap dropped something")
	}
	if r.Failed() {
		r.Logf("what passed:\n%s", r.obs.transcript())
	}
	r.Logf("%d handshakes complete", completed)
}

// cleanWork is what runs beside one another, each again and again until the time is over. Each leaves nothing in flight.
func cleanWork(r *run) []func(context.Context, int) error {
	work := []func(context.Context, int) error{
		r.pahoRound, r.command, r.retained, r.will, r.shared, r.overlap,
	}
	for _, v := range []decode.Version{decode.V311, decode.V5} {
		for _, qos := range []uint8{0, 1, 2} {
			work = append(work, func(ctx context.Context, n int) error { return r.burst(ctx, v, qos, n) })
		}
		work = append(work,
			func(ctx context.Context, n int) error { return r.absence(ctx, v, n) },
			func(ctx context.Context, n int) error { return r.bothWays(ctx, v, n) },
		)
	}
	return work
}

// actor is an honest raw client of the clean traffic.
type actor struct {
	*badclient.Client
	r    *run
	id   string
	kept bool // its session
	ctx  context.Context
	err  error
}

func (r *run) actor(ctx context.Context, o badclient.Options) *actor {
	c, _, err := badclient.Connect(ctx, r.obs.addr(), o)
	return &actor{Client: c, r: r, id: o.ID, kept: o.Expiry > 0, ctx: ctx, err: err}
}

// do keeps the first error, and does nothing after it.
func (a *actor) do(f func() error) {
	if a.err == nil {
		a.err = f()
	}
}

func (a *actor) subscribe(qos uint8, filters ...string) {
	a.do(func() error { return a.Subscribe(a.ctx, a.NextID(), qos, filters...) })
}

func (a *actor) unsubscribe(filters ...string) {
	a.do(func() error { return a.Unsubscribe(a.ctx, a.NextID(), filters...) })
}

// publish runs a whole handshake.
func (a *actor) publish(f decode.PublishFields) {
	a.do(func() error {
		if f.PacketID == 0 {
			f.PacketID = a.NextID()
		}
		if err := a.Publish(f); err != nil || f.QoS == 0 {
			return err
		}
		return a.await(map[uint8]decode.Type{1: decode.PUBACK, 2: decode.PUBCOMP}[f.QoS], f.PacketID)
	})
}

func (a *actor) await(t decode.Type, id uint16) error {
	if _, err := a.Await(a.ctx, badclient.OfType(t, id)); err != nil {
		return fmt.Errorf("no %s id %d: %w", t, id, err)
	}
	return nil
}

// receive waits until n messages have come, and with QoS 2 until each is complete.
func (a *actor) receive(n int, qos uint8) {
	for range n {
		a.do(func() error { return a.await(decode.PUBLISH, 0) })
	}
	for range n * int(qos/2) {
		a.do(func() error { return a.await(decode.PUBREL, 0) })
	}
}

// leave says DISCONNECT, after a PING that shows that the broker has taken all that was sent.
func (a *actor) leave() error {
	a.do(a.Ping)
	a.do(func() error { return a.await(decode.PINGRESP, 0) })
	if a.Client == nil {
		return a.err
	}
	a.do(func() error { return a.Disconnect(0) })
	a.Drop()
	a.do(func() error { return a.r.awaitEnd(a.ctx, a.id, a.kept) })
	return a.err
}

// awaitEnd waits until a client has gone, and until the embedded broker has forgotten it where its session is not kept: the broker takes away
// the subscriptions of whoever has the Client Identifier by then.
func (r *run) awaitEnd(ctx context.Context, client string, kept bool) error {
	err := r.obs.awaitEnd(ctx, client)
	for err == nil && r.broker.isMochi() && !kept {
		if _, known := r.broker.mochi.Clients.Get(client); !known {
			break
		}
		time.Sleep(time.Millisecond)
		err = ctx.Err()
	}
	return err
}

func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// burst has a subscriber and a publisher of one QoS, several messages in flight at once, churn of subscriptions and pauses.
func (r *run) burst(ctx context.Context, v decode.Version, qos uint8, n int) error {
	topic := fmt.Sprintf("burst/%d/%d", v, qos)
	sub := r.actor(ctx, badclient.Options{ID: fmt.Sprintf("sub-%d-%d", v, qos), Version: v, CleanStart: true, KeepAlive: 30})
	pub := r.actor(ctx, badclient.Options{ID: fmt.Sprintf("pub-%d-%d", v, qos), Version: v, CleanStart: true, KeepAlive: 30})
	sub.subscribe(qos, topic+"/+")
	sub.subscribe(qos, topic+"/churn", "other/#")
	sub.unsubscribe(topic+"/churn", "other/#")
	for round := range 5 {
		const messages = 8
		var b []byte
		first := uint16(0)
		for i := range messages {
			id := pub.NextID()
			if i == 0 {
				first = id
			}
			b = append(b, pub.PublishBytes(decode.PublishFields{QoS: qos, Topic: topic + "/x", PacketID: id, Payload: fmt.Append(nil, n, round, i)})...)
		}
		pub.do(func() error { return pub.Send(b) })
		for i := range uint16(messages) {
			if qos > 0 {
				pub.do(func() error { return pub.await([]decode.Type{0, decode.PUBACK, decode.PUBCOMP}[qos], first+i) })
			}
		}
		sub.receive(messages, qos)
		time.Sleep(50 * time.Millisecond)
	}
	return all(pub.leave(), sub.leave())
}

// absence is a kept session: its client goes, messages come, it resumes and gets them; then the session is dropped.
func (r *run) absence(ctx context.Context, v decode.Version, n int) error {
	o := badclient.Options{ID: fmt.Sprintf("kept-%d", v), Version: v, Expiry: 600, CleanStart: v == decode.V5 && n == 0}
	topic := fmt.Sprintf("kept/%d", v)
	sub := r.actor(ctx, o)
	sub.subscribe(2, topic)
	if err := sub.leave(); err != nil {
		return err
	}
	pub := r.actor(ctx, badclient.Options{ID: fmt.Sprintf("keeper-%d", v), Version: v, CleanStart: true})
	for i := range 4 {
		pub.publish(decode.PublishFields{QoS: uint8(i)%2 + 1, Topic: topic, Payload: fmt.Append(nil, n, i)})
	}
	if err := pub.leave(); err != nil {
		return err
	}
	o.CleanStart = false
	sub = r.actor(ctx, o)
	sub.receive(4, 1)
	for range 2 {
		sub.do(func() error { return sub.await(decode.PUBREL, 0) })
	}
	time.Sleep(300 * time.Millisecond)
	return sub.leave()
}

// bothWays has two clients that publish to one another with QoS 2 and the same identifiers as the broker uses towards them. The embedded
// broker mixes the two up (mochi-mqtt/server#545), so there the clients count from elsewhere.
func (r *run) bothWays(ctx context.Context, v decode.Version, n int) error {
	base := uint16(1)
	if r.broker.isMochi() {
		base = 30_000
	}
	var ends [2]*actor
	for i := range ends {
		ends[i] = r.actor(ctx, badclient.Options{ID: fmt.Sprintf("both-%d-%d", v, i), Version: v, CleanStart: true})
		ends[i].do(func() error { return ends[i].Subscribe(ctx, 20_000, 2, fmt.Sprintf("both/%d/%d", v, i)) })
	}
	for k := range uint16(6) {
		for i := range ends {
			ends[i].do(func() error {
				return ends[i].Publish(decode.PublishFields{QoS: 2, PacketID: base + k, Topic: fmt.Sprintf("both/%d/%d", v, 1-i), Payload: fmt.Append(nil, n, k)})
			})
		}
	}
	for i := range ends {
		ends[i].receive(6, 2)
		for k := range uint16(6) {
			ends[i].do(func() error { return ends[i].await(decode.PUBCOMP, base+k) })
		}
	}
	time.Sleep(100 * time.Millisecond)
	return all(ends[0].leave(), ends[1].leave())
}

// retained sets a retained message, has it delivered to who subscribes later, and clears it.
func (r *run) retained(ctx context.Context, n int) error {
	pub := r.actor(ctx, badclient.Options{ID: "retainer", CleanStart: true})
	watcher := r.actor(ctx, badclient.Options{ID: "retain-watcher", Version: decode.V311, CleanStart: true})
	watcher.subscribe(1, "retained/#") // so that there is a subscriber
	pub.publish(decode.PublishFields{QoS: 1, Retain: true, Topic: "retained/a", Payload: fmt.Append(nil, n)})
	watcher.receive(1, 1)
	late := r.actor(ctx, badclient.Options{ID: "retain-late", CleanStart: true})
	late.subscribe(2, "retained/a")
	late.receive(1, 1)
	pub.publish(decode.PublishFields{QoS: 1, Retain: true, Topic: "retained/a"})
	watcher.receive(1, 1)
	late.receive(1, 1)
	time.Sleep(200 * time.Millisecond)
	return all(late.leave(), watcher.leave(), pub.leave())
}

// will has a client that is cut off with nothing in flight, so that its Will Message is delivered. It comes back only after its pause: who
// is cut off three times in a minute is worth an alert, so each goes by a name of its own.
func (r *run) will(ctx context.Context, n int) error {
	heir := r.actor(ctx, badclient.Options{ID: "heir", CleanStart: true})
	heir.subscribe(1, "will/#")
	for _, v := range []decode.Version{decode.V311, decode.V5} {
		mortal := r.actor(ctx, badclient.Options{
			ID: fmt.Sprintf("mortal-%d-%d", v, n), Version: v, CleanStart: true,
			Will: &decode.Will{QoS: 1, Topic: fmt.Sprintf("will/%d", v), Payload: []byte("gone")},
		})
		heir.do(func() error { return mortal.err })
		if mortal.Client != nil {
			mortal.Drop()
		}
		heir.receive(1, 1)
	}
	time.Sleep(500 * time.Millisecond)
	return heir.leave()
}

// shared has two members of a Shared Subscription.
func (r *run) shared(ctx context.Context, n int) error {
	var members [2]*actor
	for i := range members {
		members[i] = r.actor(ctx, badclient.Options{ID: fmt.Sprintf("member-%d", i), CleanStart: true})
		members[i].subscribe(1, "$share/group/work/+")
	}
	pub := r.actor(ctx, badclient.Options{ID: "foreman", CleanStart: true})
	for i := range 10 {
		pub.publish(decode.PublishFields{QoS: 1, Topic: "work/a", Payload: fmt.Append(nil, n, i)})
	}
	time.Sleep(300 * time.Millisecond)
	return all(pub.leave(), members[0].leave(), members[1].leave())
}

// overlap has subscriptions that overlap, so that one message comes more than once or once.
func (r *run) overlap(ctx context.Context, n int) error {
	sub := r.actor(ctx, badclient.Options{ID: "overlap", CleanStart: true})
	sub.subscribe(1, "over/#")
	sub.subscribe(2, "over/+")
	sub.subscribe(0, "over/a")
	pub := r.actor(ctx, badclient.Options{ID: "overlap-pub", Version: decode.V311, CleanStart: true})
	for i := range 6 {
		pub.publish(decode.PublishFields{QoS: uint8(i) % 3, Topic: "over/a", Payload: fmt.Append(nil, n, i)})
	}
	time.Sleep(300 * time.Millisecond)
	return all(pub.leave(), sub.leave())
}

// pahoRound is paho.golang as subscriber and as publisher.
func (r *run) pahoRound(ctx context.Context, n int) error {
	const messages = 12
	before := r.obs.done("paho-sub")
	got := make(chan struct{}, messages)
	sub, err := r.paho(ctx, "paho-sub", func(paho.PublishReceived) (bool, error) { got <- struct{}{}; return true, nil })
	if err != nil {
		return err
	}
	pub, err := r.paho(ctx, "paho-pub", nil)
	if err != nil {
		return err
	}
	_, err = sub.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "paho/#", QoS: 2}}})
	for i := 0; err == nil && i < messages; i++ {
		_, err = pub.Publish(ctx, &paho.Publish{QoS: byte(i % 3), Topic: fmt.Sprintf("paho/%d", i), Payload: fmt.Append(nil, n)})
	}
	for range messages {
		select {
		case <-got:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err = all(err, r.obs.awaitDone(ctx, "paho-sub", before+1+messages*2/3)) // SUBSCRIBE, QoS 1 and the rest of QoS 2
	return all(err, pub.Disconnect(ctx), sub.Disconnect(ctx), r.awaitEnd(ctx, "paho-pub", false), r.awaitEnd(ctx, "paho-sub", false))
}

func (r *run) paho(ctx context.Context, id string, receive func(paho.PublishReceived) (bool, error)) (*autopaho.ConnectionManager, error) {
	cfg := autopaho.ClientConfig{
		ServerUrls: []*url.URL{{Scheme: "mqtt", Host: r.obs.addr()}}, KeepAlive: 2, CleanStartOnInitialConnection: true,
		ClientConfig: paho.ClientConfig{ClientID: id},
	}
	if receive != nil {
		cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){receive}
	}
	c, err := autopaho.NewConnection(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.AwaitConnection(ctx)
}

// command is mosquitto_sub and mosquitto_pub.
func (r *run) command(ctx context.Context, n int) error {
	version := []string{"mqttv311", "mqttv5"}[n%2]
	host, port, err := net.SplitHostPort(r.obs.addr())
	if err != nil {
		return err
	}
	common := []string{"-h", host, "-p", port, "-V", version, "-q", "2", "-t", "command/" + version}
	sub := exec.CommandContext(ctx, need.Program(r, "mosquitto_sub"), append(common, "-i", "mosquitto-sub", "-C", "3", "-W", "20")...)
	var out strings.Builder
	sub.Stdout, sub.Stderr = &out, &out
	before := r.obs.subscribed.Load()
	if err := sub.Start(); err != nil {
		return err
	}
	for r.obs.subscribed.Load() == before && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	for i := range 3 {
		pub := exec.CommandContext(ctx, need.Program(r, "mosquitto_pub"), append(common, "-i", "mosquitto-pub", "-m", fmt.Sprint(i))...)
		if text, err := pub.CombinedOutput(); err != nil {
			return fmt.Errorf("mosquitto_pub: %w: %s", err, text)
		}
		if err := r.awaitEnd(ctx, "mosquitto-pub", false); err != nil {
			return err
		}
	}
	if err := sub.Wait(); err != nil {
		return fmt.Errorf("mosquitto_sub: %w: %s", err, out.String())
	}
	return r.awaitEnd(ctx, "mosquitto-sub", false)
}
