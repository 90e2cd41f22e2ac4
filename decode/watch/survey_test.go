package watch_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A surveyed is an engine with a client whose packets a test sends.
type surveyed struct {
	*watch.Engine
	t    *testing.T
	conn *decode.Conn
	now  decode.Time
}

func newSurveyed(t *testing.T) *surveyed {
	e, c := session(decode.V5, watch.Config{Survey: true, RawBytes: 1 << 20})
	return &surveyed{e, t, c, start}
}

// send lets one end send bytes after a time.
func (s *surveyed) send(after time.Duration, dir decode.Direction, b []byte) {
	s.now = s.now.Add(after)
	s.Feed([]decode.Segment{{Conn: s.conn, Time: s.now, Dir: dir, Data: b}})
}

func (s *surveyed) publish(after time.Duration, dir decode.Direction, qos uint8, id uint16, topic string) {
	s.send(after, dir, decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: qos, PacketID: id, Topic: topic, Payload: []byte("21.5")}))
}

func (s *surveyed) ack(after time.Duration, dir decode.Direction, typ decode.Type, id uint16) {
	s.send(after, dir, decode.AppendAck(nil, typ, decode.V5, decode.AckFields{PacketID: id}))
}

const ms = time.Millisecond

// deliveries sends a QoS 1 delivery to the broker, a QoS 2 delivery to the client, a QoS 0 PUBLISH, and a QoS 1 PUBLISH that stays open.
func (s *surveyed) deliveries() {
	s.publish(ms, decode.FromClient, 1, 1, "plant/a/temp")
	s.ack(3*ms, decode.FromServer, decode.PUBACK, 1)
	s.publish(ms, decode.FromServer, 2, 1, "cmd/pump")
	s.ack(10*ms, decode.FromClient, decode.PUBREC, 1)
	s.ack(20*ms, decode.FromServer, decode.PUBREL, 1)
	s.ack(30*ms, decode.FromClient, decode.PUBCOMP, 1)
	s.publish(ms, decode.FromClient, 0, 0, "plant/b")
	s.publish(ms, decode.FromClient, 1, 2, "plant/a/temp")
}

func TestSessions(t *testing.T) {
	s := newSurveyed(t)
	s.deliveries()
	s.Feed([]decode.Segment{{Kind: decode.Tick, Time: s.now.Add(7 * time.Second)}})
	first := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 10}}}).Sessions
	if first == nil || len(first.Rows) != 1 || first.Total != 1 || first.Connected != 1 {
		t.Fatalf("sessions: %+v", first)
	}
	r := first.Rows[0]
	up, down := &r.Flows[decode.FromClient], &r.Flows[decode.FromServer]
	if r.Client != "dev" || !r.ClientKnown || !r.Connected || r.Since != start || r.KeepAlive != 60 || r.Version != decode.V5 || r.Connections != 1 {
		t.Errorf("row %+v", r)
	}
	if r.Open != 1 || r.Stuck != 1 || r.Alerts != 1 {
		t.Errorf("open %d, stuck %d, alerts %d", r.Open, r.Stuck, r.Alerts)
	}
	if up.InFlight != 1 || up.Oldest != s.now || up.Publish != [3]uint64{1, 2, 0} || up.Answered != 1 || up.Max != 3*ms {
		t.Errorf("to broker: %+v", *up)
	}
	if down.InFlight != 0 || down.Oldest != 0 || down.Publish != [3]uint64{0, 0, 1} || down.Answered != 1 || down.Max != 60*ms {
		t.Errorf("from broker: %+v", *down)
	}
	if got := up.Packets + down.Packets; got != 10 {
		t.Errorf("%d packets, want 10 with CONNECT and CONNACK", got)
	}
	d := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Detail: r.ID}}).Sessions.Detail
	if d == nil || d.Client != "dev" || !d.Clean || len(d.Links) != 2 || len(d.Alerts) != 1 {
		t.Errorf("detail %+v", d)
	}
	s.Feed([]decode.Segment{{Kind: decode.Close, Conn: s.conn, Time: s.now.Add(8 * time.Second)}})
	if r := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 10}}}).Sessions.Rows[0]; r.Connected || r.Since != s.now.Add(8*time.Second) {
		t.Errorf("after the end: %+v", r)
	}
}

func TestTopics(t *testing.T) {
	s := newSurveyed(t)
	s.deliveries()
	s.Feed([]decode.Segment{{Kind: decode.Tick, Time: s.now.Add(7 * time.Second)}})
	list := func(toggled map[uint64]bool) (*watch.TopicList, string) {
		l := s.Snapshot(watch.Query{Topics: &watch.TopicQuery{Window: watch.Window{Limit: 100}, Toggled: toggled}}).Topics
		var names []string
		for _, r := range l.Rows {
			names = append(names, strings.Repeat(".", r.Depth)+r.Level)
		}
		return l, strings.Join(names, " ")
	}
	l, names := list(nil)
	if want := "cmd .pump plant .a ..temp .b"; names != want {
		t.Fatalf("tree %q, want %q", names, want)
	}
	plant, temp := l.Rows[2], l.Rows[4]
	if plant.Publish != [2][3]uint64{{1, 2, 0}, {}} || plant.Open != 1 || plant.Stuck != 1 || plant.Children != 2 || !plant.Unfolded || plant.Published {
		t.Errorf("plant: %+v", plant)
	}
	if temp.Path != "plant/a/temp" || temp.Answered != 1 || temp.Max != 3*ms || temp.Stuck != 1 || !temp.Published {
		t.Errorf("temp: %+v", temp)
	}
	if _, names := list(map[uint64]bool{plant.ID: true}); names != "cmd .pump plant" {
		t.Errorf("folded: %q", names)
	}
}

// TestTopicsAreBounded publishes to more topics than are kept: what gives way is counted with the levels above.
func TestTopicsAreBounded(t *testing.T) {
	s := newSurveyed(t)
	const n = 50_000
	for i := range n {
		s.publish(ms, decode.FromClient, 0, 0, fmt.Sprintf("once/%d", i))
	}
	l := s.Snapshot(watch.Query{Topics: &watch.TopicQuery{Window: watch.Window{Limit: 1}}}).Topics
	if l.Topics > 20_000 || l.Pruned+uint64(l.Topics) != n+1 {
		t.Errorf("%d kept, %d pruned", l.Topics, l.Pruned)
	}
	if got := l.Rows[0].Publish[0][0]; got != n {
		t.Errorf("the first level counts %d, want %d", got, n)
	}
}

// TestSessionsAreBounded opens more sessions than are kept.
func TestSessionsAreBounded(t *testing.T) {
	e := watch.New(watch.Config{Survey: true})
	const n = 12_000
	for i := range n {
		c := decode.NewConn(decode.ConnInfo{ID: uint64(i + 1), Client: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(i+1))}, nil)
		at := start.Add(time.Duration(i) * ms)
		e.Feed([]decode.Segment{
			{Kind: decode.Open, Conn: c, Time: at},
			{Conn: c, Time: at, Data: decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: fmt.Sprint("c", i)})},
			{Kind: decode.Close, Conn: c, Time: at},
		})
	}
	l := e.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 1}}}).Sessions
	if l.Total > 10_000 || l.Pruned+uint64(l.Total) != n || l.Connected != 0 {
		t.Errorf("%d kept, %d pruned, %d connected", l.Total, l.Pruned, l.Connected)
	}
}

func TestStatistics(t *testing.T) {
	s := newSurveyed(t)
	s.deliveries()
	s.publish(2*time.Second, decode.FromServer, 0, 0, "$SYS/broker/uptime")
	st := s.Snapshot(watch.Query{Statistics: true}).Statistics
	for _, want := range []struct {
		step   watch.StepKind
		sender decode.Direction
		took   time.Duration
	}{
		{watch.PublishToPuback, decode.FromClient, 3 * ms}, {watch.PublishToPubrec, decode.FromServer, 10 * ms},
		{watch.PubrecToPubrel, decode.FromServer, 20 * ms}, {watch.PubrelToPubcomp, decode.FromServer, 30 * ms},
	} {
		l := st.Steps[want.step][want.sender]
		if l.Count != 1 || l.P50 != want.took || l.Max != want.took || l.Bins[watch.SpreadBin(want.took)] != 1 {
			t.Errorf("%v: %d, p50 %v, max %v, want %v", want.step, l.Count, l.P50, l.Max, want.took)
		}
	}
	if l := st.Steps[watch.PublishToPuback][decode.FromServer]; l.Count != 0 {
		t.Errorf("a step that was not: %+v", l)
	}
	var publish uint32
	for _, second := range st.Seconds {
		publish += second.Packets[decode.PUBLISH]
	}
	if len(st.Seconds) != 3 || publish != 5 || st.Seconds[2].Packets[decode.PUBLISH] != 1 {
		t.Errorf("seconds %+v", st.Seconds)
	}
	if len(st.Sys) != 1 || st.Sys[0].Topic != "$SYS/broker/uptime" || st.Sys[0].Value != "21.5" {
		t.Errorf("$SYS %+v", st.Sys)
	}
}

// TestRatesOverTime lets seconds pass in silence, more than are kept, and time go back.
func TestRatesOverTime(t *testing.T) {
	s := newSurveyed(t)
	s.publish(5*time.Second, decode.FromClient, 0, 0, "a")
	if st := s.Snapshot(watch.Query{Statistics: true}).Statistics; len(st.Seconds) != 6 || st.Seconds[5].Packets[decode.PUBLISH] != 1 || st.Seconds[3].Packets != [16]uint32{} {
		t.Errorf("after silence: %+v", st.Seconds)
	}
	s.publish(time.Hour, decode.FromClient, 0, 0, "a")
	s.publish(-time.Minute, decode.FromClient, 0, 0, "a")
	st := s.Snapshot(watch.Query{Statistics: true}).Statistics
	if len(st.Seconds) != watch.RateSeconds || st.Seconds[watch.RateSeconds-1].Packets[decode.PUBLISH] != 2 {
		t.Errorf("after an hour: %d seconds, the last %+v", len(st.Seconds), st.Seconds[len(st.Seconds)-1])
	}
}

func TestPacketList(t *testing.T) {
	s := newSurveyed(t)
	s.deliveries()
	s.Feed([]decode.Segment{{Kind: decode.Gap, Conn: s.conn, Time: s.now, Dir: decode.FromServer, Bytes: 1460}})
	ask := func(q watch.PacketQuery, text string) *watch.PacketList {
		t.Helper()
		f, err := filter.ParsePackets(text)
		if err != nil {
			t.Fatal(err)
		}
		q.Filter = f
		return s.Snapshot(watch.Query{Packets: &q}).Packets
	}
	all := ask(watch.PacketQuery{Window: watch.Window{Limit: 100}}, "")
	var types []string
	for i, r := range all.Rows {
		if r.Number != uint64(i+1) || r.Client != "dev" {
			t.Errorf("row %d: %+v", i, r)
		}
		if r.Lost {
			types = append(types, fmt.Sprintf("lost %d", r.Length))
			continue
		}
		types = append(types, r.Type.String())
	}
	want := "CONNECT CONNACK PUBLISH PUBACK PUBLISH PUBREC PUBREL PUBCOMP PUBLISH PUBLISH lost 1460"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("packets %s, want %s", got, want)
	}
	l := ask(watch.PacketQuery{Window: watch.Window{Limit: 2}, Follow: true, Detail: 5}, "type:publish")
	if l.Matched != 4 || l.First != 2 || len(l.Rows) != 2 || l.Rows[1].Number != 10 || l.Rows[0].Text != "plant/b" {
		t.Errorf("filtered: %+v", l)
	}
	if l.Detail == nil || l.Detail.Number != 10 || len(l.Detail.Raw.Bytes) == 0 {
		t.Errorf("followed, the detail is that of the last row: %+v", l.Detail)
	}
	if l := ask(watch.PacketQuery{Window: watch.Window{Limit: 2}, Detail: 5}, ""); l.Detail == nil || l.Detail.PacketID != 1 || l.Detail.QoS != 2 || len(l.Detail.Raw.Bytes) == 0 {
		t.Errorf("detail: %+v", l.Detail)
	}
	s.publish(ms, decode.FromClient, 0, 0, "plant/c")
	if l := ask(watch.PacketQuery{Window: watch.Window{Limit: 1, Around: 9, AroundRow: 0}}, "type:publish"); l.Matched != 5 || l.Rows[0].Number != 9 {
		t.Errorf("after one more: %+v", l)
	}
}

// TestPacketListIsBounded sends more packets than are kept, with a filter on.
func TestPacketListIsBounded(t *testing.T) {
	s := newSurveyed(t)
	f, _ := filter.ParsePackets("type:publish")
	q := watch.Query{Packets: &watch.PacketQuery{Window: watch.Window{Limit: 3}, Filter: f, Follow: true}}
	const n = 60_000
	for i := range n {
		s.publish(ms, decode.FromClient, 0, 0, "a")
		if i%7000 == 0 {
			s.Snapshot(q)
		}
	}
	l := s.Snapshot(q).Packets
	if l.Total != 50_000 || l.Matched != 50_000 || l.Seen != n+2 || l.Rows[2].Number != n+2 {
		t.Errorf("%d kept, %d matched, %d seen", l.Total, l.Matched, l.Seen)
	}
	q.Packets.Follow, q.Packets.Detail = false, 1
	if l := s.Snapshot(q).Packets; l.Detail != nil {
		t.Errorf("detail of a packet that is no longer kept: %v", l.Detail)
	}
}

// TestSpreadBins checks that every time falls between the ends of its bin.
func TestSpreadBins(t *testing.T) {
	for d := time.Microsecond; d < time.Hour; d += d/7 + 1 {
		bin := watch.SpreadBin(d)
		if from := watch.SpreadFrom(bin); from > d || bin < watch.SpreadBins-1 && watch.SpreadFrom(bin+1) <= d.Truncate(time.Microsecond) {
			t.Fatalf("%v is in bin %d, from %v to %v", d, bin, from, watch.SpreadFrom(bin+1))
		}
	}
	if watch.SpreadBin(-time.Second) != 0 || watch.SpreadBin(1000*time.Hour) != watch.SpreadBins-1 {
		t.Error("times beyond the bins")
	}
}

// TestSessionConnecting: a client whose CONNACK was not seen is neither connected nor away, until its connection ends or is refused.
func TestSessionConnecting(t *testing.T) {
	for name, then := range map[string]func(e *watch.Engine, c *decode.Conn){
		"connecting": func(*watch.Engine, *decode.Conn) {},
		"closed": func(e *watch.Engine, c *decode.Conn) {
			e.Feed([]decode.Segment{{Kind: decode.Close, Conn: c, Time: start.Add(ms)}})
		},
		"connected": func(e *watch.Engine, c *decode.Conn) {
			e.Feed([]decode.Segment{{Conn: c, Time: start.Add(ms), Dir: decode.FromServer, Data: decode.AppendConnack(nil, decode.V5, decode.ConnackFields{})}})
		},
		"refused": func(e *watch.Engine, c *decode.Conn) {
			e.Feed([]decode.Segment{{Conn: c, Time: start.Add(ms), Dir: decode.FromServer, Data: []byte{0x20, 3, 0, 0x87, 0}}})
		},
	} {
		e := watch.New(watch.Config{Survey: true})
		c := decode.NewConn(decode.ConnInfo{ID: 1, Client: netip.MustParseAddrPort("10.0.0.2:5000"), Server: netip.MustParseAddrPort("10.0.0.1:1883")}, nil)
		e.Feed([]decode.Segment{{Kind: decode.Open, Conn: c, Time: start}, {Conn: c, Time: start, Dir: decode.FromClient,
			Data: decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: "meter", CleanStart: true})}})
		then(e, c)
		l := e.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 9}}}).Sessions
		if len(l.Rows) != 1 {
			t.Fatalf("%s: %d sessions", name, len(l.Rows))
		}
		r := &l.Rows[0]
		if asks, on := name == "connecting", name == "connected"; r.Connecting != asks || r.Connected != on || (l.Connecting == 1) != asks || (l.Connected == 1) != on {
			t.Errorf("%s: connecting %v, connected %v, of all %d and %d", name, r.Connecting, r.Connected, l.Connecting, l.Connected)
		}
	}
}

// TestPercentiles takes the nearest rank, as the histograms of steps do: the 99th of a hundred is the last but one, of fewer the slowest.
func TestPercentiles(t *testing.T) {
	for _, test := range []struct {
		name           string
		fast           int // answered in 215 µs
		slow, p50, p99 time.Duration
	}{
		{"one", 0, 801 * time.Microsecond, 801 * time.Microsecond, 801 * time.Microsecond},
		{"two", 1, 2500 * time.Microsecond, 215 * time.Microsecond, 2500 * time.Microsecond},
		{"three", 2, 801 * time.Microsecond, 215 * time.Microsecond, 801 * time.Microsecond},
		{"ninety-nine", 98, time.Second, 215 * time.Microsecond, time.Second},
		{"a hundred", 99, time.Second, 215 * time.Microsecond, 215 * time.Microsecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSurveyed(t)
			for i := range test.fast + 1 {
				took := 215 * time.Microsecond
				if i == 0 {
					took = test.slow
				}
				s.publish(time.Second, decode.FromClient, 1, 1, "p/1")
				s.ack(took, decode.FromServer, decode.PUBACK, 1)
			}
			snap := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: watch.Window{Limit: 1}}, Topics: &watch.TopicQuery{Window: watch.Window{Limit: 2}}})
			flow, topic := snap.Sessions.Rows[0].Flows[decode.FromClient], snap.Topics.Rows[1]
			for where, got := range map[string][3]time.Duration{"session": {flow.P50, flow.P99, flow.Max}, "topic": {topic.P50, topic.P99, topic.Max}} {
				if watch.SpreadBin(got[0]) != watch.SpreadBin(test.p50) || watch.SpreadBin(got[1]) != watch.SpreadBin(test.p99) || got[2] != test.slow {
					t.Errorf("%s: P50 %v, P99 %v, most %v; want about %v, %v, and %v", where, got[0], got[1], got[2], test.p50, test.p99, test.slow)
				}
				if test.p99 == test.slow && got[1] != test.slow {
					t.Errorf("%s: P99 %v, want the slowest, %v", where, got[1], test.slow)
				}
			}
		})
	}
}

// TestRoundTripFilters finds a session and a topic by the slower of two answers.
func TestRoundTripFilters(t *testing.T) {
	s := newSurveyed(t)
	for _, took := range []time.Duration{2300 * time.Microsecond, 215 * time.Microsecond} {
		s.publish(ms, decode.FromClient, 1, 1, "p/1")
		s.ack(took, decode.FromServer, decode.PUBACK, 1)
	}
	for text, want := range map[string]int{"rtt>1ms": 1, "rtt>2.4ms": 0} {
		sessions, err := filter.ParseSessions(text)
		if err != nil {
			t.Fatal(err)
		}
		topics, err := filter.ParseTopics(text)
		if err != nil {
			t.Fatal(err)
		}
		w := watch.Window{Limit: 10}
		snap := s.Snapshot(watch.Query{Sessions: &watch.SessionQuery{Window: w, Filter: sessions}, Topics: &watch.TopicQuery{Window: w, Filter: topics}})
		if n := len(snap.Sessions.Rows); n != want {
			t.Errorf("%s chooses %d sessions, want %d", text, n, want)
		}
		if n := len(snap.Topics.Rows); n != 2*want { // p and p/1
			t.Errorf("%s chooses %d rows of topics, want %d", text, n, 2*want)
		}
	}
}
