package probe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/capture/probe"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

func dialer(t *testing.T, o capture.ClientOptions) *capture.Dialer {
	t.Helper()
	d, err := capture.NewDialer(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// run probes what listens at addr.
func run(t *testing.T, addr string, opts probe.Options) *probe.Report {
	t.Helper()
	start := time.Now()
	r, err := probe.Run(t.Context(), dialer(t, capture.ClientOptions{URL: "mqtt://" + addr}), opts)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 23*time.Second {
		t.Errorf("took %v", took)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	return r
}

// checkPairs wants nine pairs that are as the rule says, with all steps.
func checkPairs(t *testing.T, v *probe.Version) {
	t.Helper()
	if len(v.Pairs) != 9 || len(v.Problems) > 0 {
		t.Fatalf("MQTT %s: %d pairs, problems %q", v.Version, len(v.Pairs), v.Problems)
	}
	steps := map[uint8]string{0: "client PUBLISH", 1: "client PUBLISH, server PUBACK", 2: "client PUBLISH, server PUBREC, client PUBREL, server PUBCOMP"}
	for _, p := range v.Pairs {
		want := min(p.Published, p.Requested)
		if p.Received == nil || *p.Received != want || p.Expected != want || p.Granted != p.Requested || p.Copies != 1 || p.Deviation != "" || p.NotMeasured != "" {
			t.Errorf("MQTT %s, %d to %d: %+v", v.Version, p.Published, p.Requested, p)
		}
		if got := join(p.Publisher); got != steps[p.Published] {
			t.Errorf("MQTT %s, %d to %d: publisher %s", v.Version, p.Published, p.Requested, got)
		}
		mirrored := strings.NewReplacer("client", "server", "server", "client").Replace(steps[want])
		if got := join(p.Subscriber); got != mirrored {
			t.Errorf("MQTT %s, %d to %d: subscriber %s, want %s", v.Version, p.Published, p.Requested, got, mirrored)
		}
		if (p.Told == "") != (p.Published == 0) || (p.AcknowledgedNS == nil) != (want == 0) || *p.ReceivedNS <= 0 {
			t.Errorf("MQTT %s, %d to %d: told %q, %v", v.Version, p.Published, p.Requested, p.Told, p.AcknowledgedNS)
		}
	}
}

func join(steps []probe.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.From+" "+s.Packet)
	}
	return strings.Join(out, ", ")
}

// TestMosquitto checks what is known of mosquitto, and that it is left as it was.
func TestMosquitto(t *testing.T) {
	t.Parallel()
	addr := startMosquitto(t, "allow_anonymous true\nlog_type all\nsys_interval 1\nmax_inflight_messages 7")
	r := run(t, addr, probe.Options{})
	if r.Deviations != 0 || r.NotMeasured != 0 || len(r.Versions) != 2 || len(r.Notes) != 0 {
		t.Fatalf("%+v", r)
	}
	for i := range r.Versions {
		v := &r.Versions[i]
		checkPairs(t, v)
		if v.Release == nil || v.Release.At != "PUBREL" {
			t.Errorf("MQTT %s: released at %+v", v.Version, v.Release)
		}
		checkMosquittoResume(t, v)
		if last := v.Windows[len(v.Windows)-1]; last.InFlight != 7 || last.Published != 200 || last.Arrived != 200 {
			t.Errorf("MQTT %s: without Receive Maximum %+v", v.Version, last)
		}
		if len(v.Orders) != 3 || slices.ContainsFunc(v.Orders, func(o probe.Order) bool { return !o.InOrder || o.Count != min(10, int(v.Announced.ReceiveMaximum)) }) {
			t.Errorf("MQTT %s: orders %+v", v.Version, v.Orders)
		}
	}
	five := &r.Versions[0]
	// mosquitto 2.0.11 keeps to the Receive Maximum only until the first PUBACK.
	if w := five.Windows[0]; w.ReceiveMaximum != 3 || w.InFlight != 3 && w.InFlight != 5 || w.Arrived != 8 || len(w.Against) != r.Exceeded || r.Exceeded > 0 != (w.InFlight > 3) {
		t.Errorf("Receive Maximum 3: %+v, %d exceeded", w, r.Exceeded)
	}
	if five.Announced.ReceiveMaximum != 7 {
		t.Errorf("announced %+v", five.Announced)
	}
	if n := five.Nobody; len(n) != 2 || n[0].Reason != 0x10 || n[0].Packet != "PUBACK" {
		t.Errorf("no subscribers: %+v", n)
	}
	checkNothingLeft(t, addr)
}

func checkMosquittoResume(t *testing.T, v *probe.Version) {
	t.Helper()
	if len(v.Resumes) != 3 {
		t.Fatalf("MQTT %s: %d resumes", v.Version, len(v.Resumes))
	}
	for i, want := range []struct {
		name, packet string
		dup          int
	}{{probe.QoS1Unacknowledged, "PUBLISH", 3}, {probe.QoS2Unreceived, "PUBLISH", 3}, {probe.QoS2Received, "PUBREL", 0}} {
		r := v.Resumes[i]
		if r.Case != want.name || r.InFlight != 3 || r.Again != 3 || !r.SessionPresent || !r.InOrder || !r.SameIDs || r.Dup != want.dup ||
			!slices.Equal(r.Packets, []string{want.packet}) || len(r.Against) > 0 || r.PublisherWaits {
			t.Errorf("MQTT %s: %+v", v.Version, r)
		}
	}
}

// checkNothingLeft asks mosquitto for sessions other than the asking one, and for retained messages outside of $SYS.
func checkNothingLeft(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := badclient.Connect(ctx, addr, badclient.Options{ID: "asking", CleanStart: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Drop()
	if err := c.Subscribe(ctx, 1, 0, "#", "$SYS/broker/clients/total"); err != nil {
		t.Fatal(err)
	}
	for {
		p, err := c.Await(ctx, badclient.OfType(decode.PUBLISH, 0))
		if err != nil {
			t.Fatalf("$SYS never says that there is one client only: %v", err)
		}
		if !strings.HasPrefix(p.Topic, "$SYS/") {
			t.Errorf("left behind: %q on %s", p.Payload, p.Topic)
		}
		if string(p.Payload) == "1" {
			return // the retained ones have come before
		}
	}
}

// TestMochi checks the pairs and that nothing is left behind: no session, no subscription, no retained message.
func TestMochi(t *testing.T) {
	t.Parallel()
	seen := new(visitors)
	server, addr := startMochi(t, seen)
	r := run(t, addr, probe.Options{Prefix: "somewhere/probes"})
	if r.Deviations != 0 || r.NotMeasured != 0 || len(r.Versions) != 2 {
		t.Fatalf("%+v", r)
	}
	for i := range r.Versions {
		checkPairs(t, &r.Versions[i])
		if at := r.Versions[i].Release.At; at != "PUBLISH" {
			t.Errorf("MQTT %s: released at %s", r.Versions[i].Version, at)
		}
	}
	time.Sleep(200 * time.Millisecond)
	for _, cl := range server.Clients.GetAll() {
		if !cl.Net.Inline {
			t.Errorf("the session of %s is left", cl.ID)
		}
	}
	for id, times := range seen.ids {
		// Again only to resume the Session, and to take it away: mochi, still at the end of a connection, takes the next one's subscriptions.
		if resumed := strings.ContainsAny(id[len(id)-1:], "abc"); resumed != (times > 1) {
			t.Errorf("%s connected %d times", id, times)
		}
		if len(id) > 23 || !strings.HasPrefix(id, "mqttwatch") {
			t.Errorf("Client Identifier %q: a broker of 3.1.1 need not take it", id)
		}
		c, ack, err := badclient.Connect(t.Context(), addr, badclient.Options{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		if ack.SessionPresent {
			t.Errorf("%s has a session", id)
		}
		c.Drop()
	}
	for topic := range seen.topics {
		if !strings.HasPrefix(topic, "somewhere/probes-") {
			t.Errorf("published to %s", topic)
		}
	}
	if seen.retained > 0 || len(seen.topics) < 10 {
		t.Errorf("%d retained, %d topics", seen.retained, len(seen.topics))
	}
}

// TestJSON keeps the names that docs/probe.md gives, and lists that are never null.
func TestJSON(t *testing.T) {
	t.Parallel()
	_, addr := startMochi(t, new(visitors))
	b, err := json.Marshal(run(t, addr, probe.Options{Versions: []decode.Version{decode.V311}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"kind":"probe"`, `"schema":1`, `"server":"mqtt://` + addr + `"`, `"mqtt_version":"3.1.1"`, `"published":2,"requested":1,"granted":1,"expected":1,"received":1`,
		`"publisher_steps":[{"from":"client","packet":"PUBLISH","at_ns":0,"reason_code":0}`, `"qos2_release":{"at":`, `"no_subscribers":[]`, `"problems":[]`,
		`"deviations":0`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

// TestErrors wants one line that says what to do, and no password in it.
func TestErrors(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()
	locked, open := startMosquitto(t, "allow_anonymous false"), startMosquitto(t, "allow_anonymous true")
	for name, test := range map[string]struct{ url, want string }{
		"nobody":  {"mqtt://" + nobody, "connection refused"},
		"login":   {"mqtt://anna:geheim@" + locked, "Not authorized"},
		"no TLS":  {"mqtts://" + open, "TLS"},
		"no HTTP": {"ws://" + open, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := probe.Run(t.Context(), dialer(t, capture.ClientOptions{URL: test.url, Timeout: 2 * time.Second}), probe.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestTimeout gives too little time: what was measured is kept, the rest is said, and no session is left.
func TestTimeout(t *testing.T) {
	t.Parallel()
	addr := startMosquitto(t, "allow_anonymous true\nsys_interval 1")
	start := time.Now()
	r := run(t, addr, probe.Options{Timeout: 900 * time.Millisecond})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	if len(r.Versions) == 0 || len(r.Notes) == 0 || !strings.Contains(strings.Join(r.Notes, " "), "--timeout") || r.NotMeasured == 0 {
		t.Errorf("%+v", r)
	}
	checkNothingLeft(t, addr)
}

// TestInterrupted ends a probe in the middle of a resumed session: nothing is left all the same.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	addr := startMosquitto(t, "allow_anonymous true\nsys_interval 1")
	for _, v := range []decode.Version{decode.V5, decode.V311} {
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		r, err := probe.Run(ctx, dialer(t, capture.ClientOptions{URL: "mqtt://" + addr}), probe.Options{Versions: []decode.Version{v}})
		cancel()
		if r != nil || err == nil {
			t.Errorf("MQTT %s: %v, %v", v, r, err)
		}
	}
	checkNothingLeft(t, addr)
}

// TestWebSocket probes through WebSocket: connections are opened as those of the embedded client.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	web := need.Port(t)
	startMosquitto(t, fmt.Sprintf("allow_anonymous true\nlistener %d 127.0.0.1\nprotocol websockets", web))
	need.Listener(t, web)
	r, err := probe.Run(t.Context(), dialer(t, capture.ClientOptions{URL: fmt.Sprintf("ws://127.0.0.1:%d", web)}), probe.Options{Versions: []decode.Version{decode.V311}})
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, &r.Versions[0])
	if v := &r.Versions[0]; len(v.Resumes) != 3 || len(v.Windows) != 1 {
		t.Errorf("%+v", v)
	}
}
