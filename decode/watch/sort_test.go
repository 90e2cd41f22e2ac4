package watch_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// fleet is an engine that has seen three clients: a-10 with two connections, b-2 with much traffic and a PUBLISH that is stuck, c with an answer that was slow.
func fleet() *watch.Engine {
	e := watch.New(watch.Config{Survey: true, Deliveries: true})
	at, conns := start, uint64(0)
	send := func(c *decode.Conn, after time.Duration, dir decode.Direction, b []byte) {
		at = at.Add(after)
		e.Feed([]decode.Segment{{Conn: c, Time: at, Dir: dir, Data: b}})
	}
	open := func(id string, v decode.Version) *decode.Conn {
		conns++
		c := decode.NewConn(decode.ConnInfo{ID: conns, Client: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(conns)),
			Server: netip.MustParseAddrPort("10.0.0.1:1883")}, nil)
		e.Feed([]decode.Segment{{Kind: decode.Open, Conn: c, Time: at}})
		send(c, ms, decode.FromClient, decode.AppendConnect(nil, v, decode.ConnectFields{ClientID: id, KeepAlive: 60, CleanStart: true}))
		send(c, ms, decode.FromServer, decode.AppendConnack(nil, v, decode.ConnackFields{}))
		return c
	}
	publish := func(c *decode.Conn, v decode.Version, qos uint8, id uint16, topic string) {
		send(c, ms, decode.FromClient, decode.AppendPublish(nil, v, decode.PublishFields{QoS: qos, PacketID: id, Topic: topic, Payload: []byte("21.5")}))
	}
	a := open("a-10", decode.V5)
	e.Feed([]decode.Segment{{Kind: decode.Close, Conn: a, Time: at}})
	a = open("a-10", decode.V5)
	publish(a, decode.V5, 0, 0, "plant/a/temp")
	b := open("b-2", decode.V311)
	for range 20 {
		publish(b, decode.V311, 0, 0, "plant/b/temp")
	}
	publish(b, decode.V311, 1, 7, "cmd/set")
	c := open("c", decode.V5)
	publish(c, decode.V5, 1, 1, "plant/c/temp")
	send(c, 900*ms, decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V5, decode.AckFields{PacketID: 1}))
	e.Feed([]decode.Segment{{Kind: decode.Close, Conn: a, Time: at}, {Kind: decode.Tick, Time: at.Add(7 * time.Second)}})
	return e
}

func TestSortSessions(t *testing.T) {
	e := fleet()
	ask := func(text string, s watch.Sort[watch.SessionKey]) string {
		t.Helper()
		f, err := filter.ParseSessions(text)
		if err != nil {
			t.Fatal(err)
		}
		l := e.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 9}, Filter: f, Sort: s}}).Sessions
		var names []string
		for _, r := range l.Rows {
			names = append(names, r.Client)
		}
		if l.Total != 3 || l.Matched != len(names) {
			t.Errorf("%d of %d sessions, with %d rows", l.Matched, l.Total, len(names))
		}
		return strings.Join(names, " ")
	}
	for key, want := range map[watch.SessionKey]string{
		watch.SessionsUsual: "b-2 c a-10", watch.SessionsByClient: "a-10 b-2 c", watch.SessionsByStuck: "b-2 c a-10", watch.SessionsByConns: "a-10 b-2 c",
		watch.SessionsByInFlight: "b-2 c a-10", watch.SessionsByOldest: "b-2 c a-10", watch.SessionsByRTT: "c b-2 a-10",
		watch.SessionsByVersion: "c a-10 b-2", watch.SessionsByBytes: "b-2 a-10 c", watch.SessionsByLast: "a-10 b-2 c",
	} {
		if got := ask("", watch.Sort[watch.SessionKey]{Key: key}); got != want {
			t.Errorf("by key %d: %s, want %s", key, got, want)
		}
	}
	// What has no value comes last, also the other way round.
	if got := ask("", watch.Sort[watch.SessionKey]{Key: watch.SessionsByRTT, Reverse: true}); !strings.HasPrefix(got, "c ") {
		t.Errorf("reversed: %s", got)
	}
	if got := ask("", watch.Sort[watch.SessionKey]{Key: watch.SessionsByConns, Reverse: true}); !strings.HasSuffix(got, "a-10") {
		t.Errorf("reversed: %s", got)
	}
	for text, want := range map[string]string{
		"stuck": "b-2", "offline": "a-10", "online": "b-2 c", "conns>1": "a-10", "version:3.1.1": "b-2", "rtt>500ms": "c", "qos:1": "b-2 c", "open>0": "b-2",
		"inflight>0": "b-2", "age>5s": "b-2", "idle>1h": "", "client:C": "c", "host:10.0.0.1": "b-2 c a-10", "alert | offline": "b-2 a-10", "!b": "c a-10",
	} {
		if got := ask(text, watch.Sort[watch.SessionKey]{}); got != want {
			t.Errorf("%s chooses %q, want %q", text, got, want)
		}
	}
}

// TestSortTurns lets the values change: within a turn the order stays.
func TestSortTurns(t *testing.T) {
	s := newSurveyed(t)
	other := decode.NewConn(decode.ConnInfo{ID: 77, Client: netip.MustParseAddrPort("10.0.0.9:7"), Server: netip.MustParseAddrPort("10.0.0.1:1883")}, nil)
	s.publish(ms, decode.FromClient, 0, 0, "a")
	s.Feed([]decode.Segment{{Kind: decode.Open, Conn: other, Time: s.now},
		{Conn: other, Time: s.now, Data: decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: "other"})}})
	first := func(turn int64) string {
		q := watch.SessionQuery{Window: watch.Window{Limit: 1}, Sort: watch.Sort[watch.SessionKey]{Key: watch.SessionsByBytes, Turn: turn}}
		return s.Snapshot(watch.Query{Sessions: &q}).Sessions.Rows[0].Client
	}
	if got := first(1); got != "dev" {
		t.Fatalf("the most bytes are of %s", got)
	}
	for range 50 {
		s.Feed([]decode.Segment{{Conn: other, Time: s.now, Data: decode.AppendPublish(nil, decode.V5, decode.PublishFields{Topic: "b"})}})
	}
	if got := first(1); got != "dev" {
		t.Errorf("the order changes within a turn: %s", got)
	}
	if got := first(2); got != "other" {
		t.Errorf("the order stays in the next turn: %s", got)
	}
}

func TestSortTopics(t *testing.T) {
	e := fleet()
	ask := func(q watch.TopicQuery) (string, *watch.TopicList) {
		q.Limit = 99
		l := e.Snapshot(watch.Query{Topics: &q}).Topics
		var names []string
		for _, r := range l.Rows {
			names = append(names, strings.Repeat(".", r.Depth)+r.Level)
		}
		if l.Shown != len(names) {
			t.Errorf("%d rows, shown %d", len(names), l.Shown)
		}
		return strings.Join(names, " "), l
	}
	sorted := func(key watch.TopicKey, reverse bool) string {
		names, _ := ask(watch.TopicQuery{Sort: watch.Sort[watch.TopicKey]{Key: key, Reverse: reverse}})
		return names
	}
	const byName = "cmd .set plant .a ..temp .b ..temp .c ..temp"
	for _, c := range []struct {
		key     watch.TopicKey
		reverse bool
		want    string
	}{
		{watch.TopicsUsual, false, byName}, {watch.TopicsByStuck, false, byName}, {watch.TopicsUsual, true, "plant .c ..temp .b ..temp .a ..temp cmd .set"},
		{watch.TopicsByQoS0, false, "plant .b ..temp .a ..temp .c ..temp cmd .set"}, {watch.TopicsByMax, false, "plant .c ..temp .a ..temp .b ..temp cmd .set"},
		{watch.TopicsByQoS0, true, "cmd .set plant .c ..temp .a ..temp .b ..temp"},
	} {
		if got := sorted(c.key, c.reverse); got != c.want {
			t.Errorf("by key %d, reversed %v: %s, want %s", c.key, c.reverse, got, c.want)
		}
	}
	for text, want := range map[string]string{
		"stuck": "cmd .set", "topic:plant/+/temp": "plant .a ..temp .b ..temp .c ..temp", "rtt>500ms": "plant .c ..temp", "temp !topic:b": "plant .a ..temp .c ..temp",
		"qos:1": "cmd .set plant .c ..temp", "open>0": "cmd .set", "idle>1h": "", "rate>1000": "", "topic=plant": "",
	} {
		f, err := filter.ParseTopics(text)
		if err != nil {
			t.Fatal(err)
		}
		got, l := ask(watch.TopicQuery{Filter: f})
		if got != want || l.Matched != strings.Count(want, "temp")+strings.Count(want, "set") {
			t.Errorf("%s chooses %q (%d), want %q", text, got, l.Matched, want)
		}
	}
	// A level that is folded shows none of what the filter chose below it, and stays.
	f, _ := filter.ParseTopics("temp")
	_, l := ask(watch.TopicQuery{Filter: f})
	got, l := ask(watch.TopicQuery{Filter: f, Toggled: map[uint64]bool{l.Rows[0].ID: true}})
	if got != "plant" || l.Matched != 3 {
		t.Errorf("folded: %q, %d", got, l.Matched)
	}
}

// TestLevelsCountWhatIsChosen has a level with topics of which a filter chooses some: its figures, and its place, are those of these.
func TestLevelsCountWhatIsChosen(t *testing.T) {
	e := fleet()
	level := func(text string) watch.TopicRow {
		t.Helper()
		f, err := filter.ParseTopics(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Snapshot(watch.Query{Topics: &watch.TopicQuery{Window: watch.Window{Limit: 99}, Filter: f, Sort: watch.Sort[watch.TopicKey]{Key: watch.TopicsByMax}}}).Topics.Rows {
			if r.Path == "plant" {
				return r
			}
		}
		t.Fatalf("%s does not show the level", text)
		return watch.TopicRow{}
	}
	for text, want := range map[string][3]uint64{"": {21, 1, 0}, "topic:plant/b/temp": {20, 0, 0}, "topic:plant/c/#": {0, 1, 0}, "qos:0": {21, 0, 0}} {
		r := level(text)
		if r.Publish[decode.FromClient] != want || (r.Answered > 0) != (want[1] > 0) {
			t.Errorf("%q: the level counts %v, %d answered, want %v", text, r.Publish[decode.FromClient], r.Answered, want)
		}
	}
	f, _ := filter.ParseTopics("topic:cmd/# | topic:plant/a/#")
	q := watch.TopicQuery{Window: watch.Window{Limit: 99}, Filter: f, Sort: watch.Sort[watch.TopicKey]{Key: watch.TopicsByQoS1}}
	if rows := e.Snapshot(watch.Query{Topics: &q}).Topics.Rows; rows[0].Path != "cmd" {
		t.Errorf("by QoS 1 %q comes first, which has none that is chosen", rows[0].Path)
	}
}

// TestDeliveryByNumber finds a delivery by the number that alerts call it by.
func TestDeliveryByNumber(t *testing.T) {
	e := fleet()
	for text, want := range map[string][]uint64{"number:2": {2}, "number<3": {1, 2}, "number:1000000": nil} {
		f, err := filter.ParseDeliveries(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, d := range e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Filter: f, Limit: 99}}).Deliveries.Rows {
			got = append(got, d.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s finds %v, not %v", text, got, want)
		}
	}
}

func TestSortDeliveries(t *testing.T) {
	e := fleet()
	ask := func(text string, s watch.Sort[watch.DeliveryKey], w watch.Window) (string, watch.Deliveries) {
		t.Helper()
		f, err := filter.ParseDeliveries(text)
		if err != nil {
			t.Fatal(err)
		}
		d := e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Filter: f, Sort: s, First: w.First, Limit: w.Limit, Around: w.Around, AroundRow: w.AroundRow}}).Deliveries
		var names []string
		for i := range d.Rows {
			names = append(names, fmt.Sprint(d.Rows[i].Publisher, ":", d.Rows[i].Topic))
		}
		return strings.Join(names, " "), d
	}
	by := func(key watch.DeliveryKey, reverse bool) watch.Sort[watch.DeliveryKey] {
		return watch.Sort[watch.DeliveryKey]{Key: key, Reverse: reverse}
	}
	const last3 = "b-2:plant/b/temp b-2:cmd/set c:plant/c/temp"
	if got, _ := ask("", by(0, false), watch.Window{First: 19, Limit: 9}); !strings.HasSuffix(got, last3) {
		t.Errorf("by time: %s", got)
	}
	if got, _ := ask("", by(0, true), watch.Window{Limit: 2}); got != "c:plant/c/temp b-2:cmd/set" {
		t.Errorf("newest first: %s", got)
	}
	if got, _ := ask("", by(watch.DeliveriesByTopic, false), watch.Window{Limit: 2}); got != "b-2:cmd/set a-10:plant/a/temp" {
		t.Errorf("by topic: %s", got)
	}
	if got, _ := ask("", by(watch.DeliveriesByQoS, false), watch.Window{Limit: 2}); got != "b-2:cmd/set c:plant/c/temp" {
		t.Errorf("by QoS: %s", got)
	}
	if got, d := ask("qos:1", by(watch.DeliveriesByPublisher, true), watch.Window{Limit: 9}); got != "c:plant/c/temp b-2:cmd/set" || d.Matched != 2 {
		t.Errorf("filtered, by publisher reversed: %s", got)
	}
	_, all := ask("qos:1", by(watch.DeliveriesByPublisher, true), watch.Window{Limit: 9})
	if got, d := ask("qos:1", by(watch.DeliveriesByPublisher, true), watch.Window{Limit: 1, Around: all.Rows[1].ID}); got != "b-2:cmd/set" || d.First != 1 {
		t.Errorf("around the second: %s at %d", got, d.First)
	}
	for key := watch.DeliveriesByVerdict; key <= watch.DeliveriesByLatency; key++ {
		if _, d := ask("", by(key, false), watch.Window{Limit: 99}); len(d.Rows) != 23 {
			t.Errorf("by key %d: %d rows", key, len(d.Rows))
		}
	}
}

// TestSince hides what was over at a moment, and keeps what is open.
func TestSince(t *testing.T) {
	s := newSurveyed(t)
	s.publish(ms, decode.FromClient, 1, 9, "open/before")
	s.deliveries()
	at := s.now
	s.publish(ms, decode.FromClient, 1, 5, "after")
	s.ack(ms, decode.FromServer, decode.PUBACK, 5)
	for text, want := range map[string]string{"": "open/before plant/a/temp after", "topic:after": "after", "id:2": "plant/a/temp", "id:1": ""} {
		f, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var topics []string
		for _, r := range s.Snapshot(watch.Query{Filter: f.Since(at.Add(-1)), Limit: 99}).Rows {
			topics = append(topics, r.Topic)
		}
		if got := strings.Join(topics, " "); got != want {
			t.Errorf("since then and %q: %q, want %q", text, got, want)
		}
		if a, b := f.Since(at).String(), f.Since(at.Add(1)).String(); a == b || a == text || !strings.HasPrefix(a, text) {
			t.Errorf("%q since two moments reads as %q and %q", text, a, b)
		}
	}
	var packets *filter.Packets
	l := s.Snapshot(watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 99}, Filter: packets.Since(at)}}).Packets
	if l.Matched != 2 || l.Rows[0].Type != decode.PUBLISH || l.Rows[1].Type != decode.PUBACK {
		t.Errorf("packets since then: %d of %d", l.Matched, l.Total)
	}
	if l := s.Snapshot(watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 99}, Filter: mustPackets(t, "type:puback").Since(at)}}).Packets; l.Matched != 1 {
		t.Errorf("PUBACK packets since then: %d", l.Matched)
	}
	e := fleet()
	all := e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Limit: 99}}).Deliveries
	var open int
	for i := range all.Rows {
		if all.Rows[i].Settled == 0 {
			open++
		}
	}
	var deliveries *filter.Deliveries
	last := all.Rows[len(all.Rows)-1]
	d := e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Limit: 99, Filter: deliveries.Since(last.At)}}).Deliveries
	if d.Matched != open || open == 0 || open == len(all.Rows) {
		t.Errorf("deliveries since the last: %d of %d, of which %d are open", d.Matched, len(all.Rows), open)
	}
}

func mustPackets(t *testing.T, text string) *filter.Packets {
	t.Helper()
	f, err := filter.ParsePackets(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
