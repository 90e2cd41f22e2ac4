package tui_test

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	msg "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// survey answers what a Query asks for beside handshakes and alerts.
func (f *fake) survey(s *watch.Snapshot, q *watch.Query) {
	s.Sessions, s.Topics, s.Packets, s.Statistics = nil, nil, nil, nil
	f.deliveries(s, q.Deliveries)
	if l := f.base.Sessions; q.Sessions != nil && l != nil {
		c := *l
		c.Total = len(l.Rows)
		rows := l.Rows
		if q.Sessions.Filter != nil {
			rows = nil
		}
		c.Matched = len(rows)
		for i := range l.Rows {
			if l.Rows[i].ID == q.Sessions.Detail {
				c.Detail = detailOf(l.Rows[i])
			}
		}
		c.First, c.Rows = windowed(rows, q.Sessions.Window, func(r *watch.SessionRow) uint64 { return r.ID })
		s.Sessions = &c
	}
	if l := f.base.Topics; q.Topics != nil && l != nil {
		c := *l
		rows := l.Rows
		if q.Topics.Filter != nil {
			rows = nil
		}
		c.Shown = len(rows)
		c.First, c.Rows = windowed(rows, q.Topics.Window, func(r *watch.TopicRow) uint64 { return r.ID })
		s.Topics = &c
		f.toggled = q.Topics.Toggled
	}
	if l := f.base.Packets; q.Packets != nil && l != nil {
		c := *l
		rows := l.Rows
		if q.Packets.Filter != nil {
			rows = nil
		}
		c.Total, c.Matched, c.Seen = len(l.Rows), len(rows), uint64(len(l.Rows))
		w := q.Packets.Window
		if q.Packets.Follow {
			w.First, w.Around = len(rows), 0
		}
		c.First, c.Rows = windowed(rows, w, func(r *watch.PacketRow) uint64 { return r.Number })
		if n := int(q.Packets.Detail); n >= 1 && n <= len(l.Rows) {
			c.Detail = &watch.PacketDetail{PacketRow: l.Rows[n-1], Raw: watch.Raw{Bytes: f.raw, Length: int64(len(f.raw)), Version: decode.V5}}
		}
		s.Packets = &c
	}
	if q.Statistics {
		s.Statistics = f.base.Statistics
	}
}

// windowed gives the rows of a window as the engine does.
func windowed[T any](rows []T, w watch.Window, id func(*T) uint64) (int, []T) {
	first := w.First
	for i := range rows {
		if w.Around != 0 && id(&rows[i]) == w.Around {
			first = i - w.AroundRow
		}
	}
	limit := min(max(w.Limit, 0), len(rows))
	first = max(0, min(first, len(rows)-limit))
	return first, append([]T(nil), rows[first:first+limit]...)
}

func sessionRow(id uint64, client string) watch.SessionRow {
	r := watch.SessionRow{
		ID: id, Client: client, ClientKnown: true, Server: "10.0.0.1:1883", Addr: netip.MustParseAddrPort("10.0.0.7:51234"), Version: decode.V5,
		Connected: true, Since: at(-time.Minute), Connections: 1, KeepAlive: 60, First: at(-time.Minute), Last: at(8 * time.Second),
	}
	for side := range r.Flows {
		r.Flows[side] = watch.Flow{
			Limit: 20, Publish: [3]uint64{10, 60, 30}, P50: 1400 * time.Microsecond, P99: 43 * ms, Max: 120 * ms, Answered: 90, Packets: 220,
			Bytes: 12345, Rate: 3.4, Last: at(8 * time.Second), LastType: decode.PUBACK,
		}
	}
	return r
}

func detailOf(r watch.SessionRow) *watch.SessionDetail {
	d := &watch.SessionDetail{SessionRow: r, Links: []handshake.LinkEvent{
		{Time: at(-time.Minute), Kind: handshake.LinkConnect, CleanStart: true}, {Time: at(-time.Minute), Kind: handshake.LinkConnack, Dir: decode.FromServer},
	}}
	for side := range d.Times {
		d.Times[side] = bins(time.Millisecond, 40)
	}
	if r.Stuck > 0 {
		d.Alerts = alertsOfMany()[4:]
	}
	return d
}

// bins has a hump of times around one.
func bins(around time.Duration, n uint32) (out [watch.SpreadBins]uint32) {
	for i, share := range []uint32{1, 4, 9, 10, 5, 2, 1, 0, 1} {
		out[watch.SpreadBin(around)-3+i] = n * share / 10
	}
	return out
}

func manySessions() []watch.SessionRow {
	full := sessionRow(1, "pump-7")
	full.Flows[1].InFlight, full.Flows[1].Oldest = 20, at(-33*time.Second)
	full.Stuck, full.Open, full.Alerts, full.Severity = 20, 20, 2, handshake.Critical
	silent := sessionRow(2, "meter-3")
	silent.Silent, silent.Severity, silent.Alerts = true, handshake.Warn, 1
	waits := sessionRow(3, "truck-12")
	waits.Connected, waits.Open, waits.Connections, waits.Flows[1].InFlight, waits.Flows[1].Limit = false, 3, 7, 3, 0
	gone := sessionRow(4, "old-gateway")
	gone.Connected, gone.KeepAlive = false, 0
	unknown := sessionRow(5, "10.0.0.9:40000")
	unknown.ClientKnown, unknown.VersionAssumed, unknown.Version, unknown.Flows[0].Answered = false, true, decode.V311, 0
	unknown.Flows[0].InFlight, unknown.Flows[0].Limit, unknown.Flows[0].Learned = 5, 10, true
	unlimited := sessionRow(6, "scada")
	unlimited.Flows[0].InFlight, unlimited.Flows[0].Limit, unlimited.Flows[0].Publish, unlimited.Flows[1].Publish = 2, 65535, [3]uint64{}, [3]uint64{}
	asks := sessionRow(7, "new-meter")
	asks.Connected, asks.Connecting, asks.Since = false, true, at(8*time.Second)
	rows := []watch.SessionRow{full, silent, waits, unknown, unlimited, gone, asks}
	for i := range 60 {
		rows = append(rows, sessionRow(uint64(100+i), fmt.Sprintf("sensor-%d", i)))
	}
	return rows
}

func topicRow(id uint64, depth, children int, path, level string) watch.TopicRow {
	return watch.TopicRow{
		ID: id, Depth: depth, Children: children, Unfolded: children > 0, Path: path, Level: level, Published: children == 0,
		Publish: [2][3]uint64{{100, 40, 20}, {0, 40, 20}}, Rate: [2]float64{12.5, 0.25}, Bytes: 45678, P50: 1400 * time.Microsecond, P99: 43 * ms,
		Max: 1200 * ms, Answered: 60, Last: at(9 * time.Second),
	}
}

func manyTopics() []watch.TopicRow {
	stuck := topicRow(3, 2, 0, "cmd/pump-2/set", "set")
	stuck.Open, stuck.Stuck = 3, 1
	quiet := topicRow(7, 1, 0, "plant/quiet", "quiet")
	quiet.Answered, quiet.Rate, quiet.Publish = 0, [2]float64{}, [2][3]uint64{{1, 0, 0}, {}}
	folded := topicRow(6, 1, 12, "plant/a", "a")
	folded.Unfolded = false
	unknown := topicRow(9, 0, 0, "", "")
	unknown.Unknown = true
	rows := []watch.TopicRow{
		topicRow(1, 0, 1, "cmd", "cmd"), topicRow(2, 1, 1, "cmd/pump-2", "pump-2"), stuck, topicRow(5, 0, 2, "plant", "plant"), folded, quiet,
		topicRow(10, 0, 1, "", ""), topicRow(11, 1, 0, "/slash", "slash"),
	}
	for i := range 50 {
		rows = append(rows, topicRow(uint64(100+i), 1, 0, fmt.Sprintf("plant/line-%d", i), fmt.Sprintf("line-%d", i)))
	}
	return append(rows, unknown)
}

func packetRow(n uint64, typ decode.Type, dir decode.Direction, after time.Duration) watch.PacketRow {
	r := watch.PacketRow{
		Number: n, Time: at(after), Client: "sensor-7", ClientKnown: true, Addr: netip.MustParseAddrPort("10.0.0.7:51234"), Conn: 1, Dir: dir, Type: typ,
		Version: decode.V5, PacketID: uint16(n), Length: 4,
	}
	if typ == decode.PUBLISH {
		r.Text, r.QoS, r.Length = "plant/a/temp", 1, 42
	}
	return r
}

func manyPackets() []watch.PacketRow {
	var rows []watch.PacketRow
	add := func(r watch.PacketRow) {
		r.Number = uint64(len(rows) + 1)
		rows = append(rows, r)
	}
	for i := range 60 {
		add(packetRow(1, decode.PUBLISH, decode.FromClient, time.Duration(i)*100*ms))
		add(packetRow(1, decode.PUBACK, decode.FromServer, time.Duration(i)*100*ms+3*ms))
	}
	again := packetRow(1, decode.PUBLISH, decode.FromServer, 7*time.Second)
	again.Dup, again.Retain, again.QoS = true, true, 2
	add(again)
	refused := packetRow(1, decode.PUBACK, decode.FromServer, 7100*ms)
	refused.Reason = 0x87
	add(refused)
	ping := packetRow(1, decode.PINGREQ, decode.FromClient, 7200*ms)
	ping.PacketID, ping.Length = 0, 2
	add(ping)
	alias := packetRow(1, decode.PUBLISH, decode.FromClient, 7300*ms)
	alias.Text, alias.TopicUnknown = "", true
	add(alias)
	broken := packetRow(1, decode.SUBSCRIBE, decode.FromClient, 7400*ms)
	broken.Err = &decode.Error{Kind: decode.MalformedPacket, Type: decode.SUBSCRIBE, Field: "topic filter", Reason: "reaches past the end of the packet", Offset: 7}
	broken.Offset = 1234
	add(broken)
	for _, cause := range []decode.LossCause{decode.LossGap, decode.LossUndecodable, decode.LossResync, decode.LossTruncated} {
		add(watch.PacketRow{Time: at(7500 * ms), Client: "sensor-7", Dir: decode.FromServer, Lost: true, Loss: cause, Length: 1460 * int64(cause)})
	}
	add(packetRow(1, decode.PUBLISH, decode.FromClient, 8*time.Second))
	return rows
}

func manyStatistics() *watch.Statistics {
	st := &watch.Statistics{LastSecond: at(9 * time.Second), SysLeftOut: 3, PrunedTopics: 12}
	around := [watch.StepKinds][2]time.Duration{{40 * time.Microsecond, 25 * ms}, {60 * time.Microsecond, 30 * ms}, {20 * ms, 50 * time.Microsecond}, {time.Millisecond, 2 * time.Second}}
	for kind := range st.Steps {
		for side, d := range around[kind] {
			st.Steps[kind][side] = watch.Latency{Count: 1204, P50: d, P90: 2 * d, P99: 5 * d, Max: 9 * d, Bins: bins(d, 300)}
		}
	}
	for i := range 130 {
		var s watch.Second
		s.Packets[decode.PUBLISH], s.Packets[decode.PUBACK] = uint32(100+i%7*30), uint32(80+i%5*20)
		if i%30 < 2 {
			s.Packets[decode.PINGREQ] = 12
		}
		s.Packets[decode.PUBREC], s.Packets[decode.PUBREL], s.Packets[decode.PUBCOMP] = uint32(i%11), uint32(i%11), uint32(i%10)
		st.Seconds = append(st.Seconds, s)
	}
	for _, name := range []string{"broker/clients/connected", "broker/load/messages/received/1min", "broker/uptime", "broker/version"} {
		st.Sys = append(st.Sys, watch.SysValue{Topic: "$SYS/" + name, Value: "1234 seconds", Time: at(9 * time.Second)})
	}
	return st
}

// surveyOf is a Backend that holds n rows of each of the other screens; below 0 all there are.
func surveyOf(n int) *fake {
	f := many()
	f.raw = publishBytes
	f.base.Counts.Packets[decode.PINGREQ], f.base.Counts.Malformed, f.base.Counts.LostBytes = 40, 2, 2920
	f.base.Counts.Handshakes[0] = watch.Outcomes{Complete: 12345, Refused: 3, Abandoned: 1, Open: 4, JoinedLate: 2}
	sessions, topics, packets := manySessions(), manyTopics(), manyPackets()
	cut := func(have int) int {
		if n < 0 {
			return have
		}
		return min(n, have)
	}
	f.base.Sessions = &watch.SessionList{Rows: sessions[:cut(len(sessions))], Connected: cut(len(sessions) - 3), Connecting: cut(1)}
	f.base.Topics = &watch.TopicList{Rows: topics[:cut(len(topics))], Topics: cut(len(topics))}
	f.base.Packets = &watch.PacketList{Rows: packets[:cut(len(packets))]}
	f.base.Statistics = &watch.Statistics{}
	f.base.Deliveries = watch.Deliveries{On: true, Rows: manyDeliveries()}
	switch {
	case n < 0:
		f.base.Statistics = manyStatistics()
	case n == 1:
		f.base.Statistics.Seconds = make([]watch.Second, 1)
		f.base.Statistics.Seconds[0].Packets[decode.PUBLISH] = 1
		f.base.Sources[0].Gaps, f.base.Counts.Malformed, f.base.Counts.LostBytes = 0, 0, 0
	}
	return f
}

// surveyScenes are the states of the screens 3, 4, 6 and 7.
func surveyScenes() []scene {
	var out []scene
	for _, s := range []struct{ name, key string }{{"sessions", "3"}, {"topics", "4"}, {"statistics", "6"}, {"packets", "7"}} {
		for _, state := range []struct {
			name string
			n    int
		}{{"empty", 0}, {"one", 1}, {"many", -1}} {
			out = append(out, scene{s.name + "_" + state.name, func() *fake { return surveyOf(state.n) }, []string{s.key}})
		}
	}
	return append(append(out, deliveryScenes()...),
		scene{"sessions_down", func() *fake { return surveyOf(-1) }, []string{"3", "j", "j", "j"}},
		scene{"topics_stuck", func() *fake { return surveyOf(-1) }, []string{"4", "j", "j"}},
		scene{"statistics_down", func() *fake { return surveyOf(-1) }, []string{"6", "G"}},
		scene{"packets_bytes", func() *fake { return surveyOf(-1) }, []string{"7", "g", "enter", "j", "j"}},
		scene{"packets_malformed", malformed, []string{"7", "g"}},
		scene{"packets_malformed_open", malformed, []string{"7", "g", "enter"}},
		scene{"sessions_hidden", func() *fake { return surveyOf(-1) }, []string{"3", "/", "x", "x", "enter"}},
		scene{"sessions_sorted", func() *fake { return surveyOf(-1) }, []string{"3", ">", ">", ">"}},
		scene{"sessions_problems_none", func() *fake { return surveyOf(-1) }, []string{"3", "!"}},
		scene{"topics_hidden", func() *fake { return surveyOf(-1) }, []string{"4", "/", "x", "x", "enter"}},
		scene{"packets_cleared", func() *fake { return surveyOf(-1) }, []string{"7", "C"}},
		scene{"packets_hidden", func() *fake { return surveyOf(-1) }, []string{"7", "/", "a", "enter"}},
	)
}

// malformed is a CONNECT of 5.0 whose Will Properties are wrong, far down.
func malformed() *fake {
	f := surveyOf(1)
	properties := "\x11\x00\x00\x00\x3c" + "\x21\x00\x14" + "\x27\x00\x00\x10\x00" + "\x22\x00\x0a" + strings.Repeat("\x26\x00\x04line\x00\x01a", 8)
	body := "\x00\x04MQTT\x05\x06\x00\x3c" + string(rune(len(properties))) + properties + "\x00\x08sensor-7"
	will := len(body) + 3
	body += "\x09" + "\x02\x00\x00\x00\x85" + "\x01\x90" + "\x01\x01" + "\x00\x04will" + "\x00\x04gone"
	f.raw = []byte("\x10" + string([]byte{byte(len(body)) | 0x80, 1}) + body)
	f.base.Packets.Rows = []watch.PacketRow{packetRow(1, decode.CONNECT, decode.FromClient, 0)}
	r := &f.base.Packets.Rows[0]
	r.PacketID, r.Length, r.Offset = 0, int64(len(f.raw)), 4096
	r.Err = &decode.Error{Kind: decode.MalformedPacket, Type: decode.CONNECT, Field: "will properties: payload format indicator",
		Reason: "is neither 0 nor 1", Offset: will + 6}
	return f
}

func deliveryRow(id uint64, verdict msg.Verdict, after time.Duration) watch.Delivery {
	d := watch.Delivery{
		ID: id, Publisher: "scada", PublisherKnown: true, Server: "10.0.0.1:1883", Handshake: 10018, Topic: "cmd/pump-2/set", QoS: 1, Payload: 23,
		At: at(after), Commit: at(after + ms), Told: at(after + ms), Verdict: verdict,
		Tally: msg.Tally{Expected: 2, Forwarded: 2, Acknowledged: 2, Worst: 43 * ms, Last: at(after + 43*ms)},
	}
	d.Copies = []watch.DeliveryCopy{
		{Subscriber: "pump-2", SubscriberKnown: true, Outcome: msg.Acknowledged, Required: true, QoS: 1, Forwarded: at(after + 2*ms), Ended: at(after + 43*ms), Handshake: 10018},
		{Subscriber: "historian", SubscriberKnown: true, Outcome: msg.Sent, Required: true, QoS: 0, Forwarded: at(after + 3*ms), Ended: at(after + 3*ms)},
	}
	return d
}

func manyDeliveries() []watch.Delivery {
	var rows []watch.Delivery
	for i := range 60 {
		rows = append(rows, deliveryRow(uint64(i+1), msg.Complete, time.Duration(i)*100*ms))
	}
	for v := msg.Pending; v <= msg.CannotKnow; v++ {
		d := deliveryRow(uint64(len(rows)+1), v, 7*time.Second+time.Duration(v)*100*ms)
		d.Tally = msg.Tally{Expected: 13, Forwarded: 1, Worst: -1}
		d.Doubt, d.Confidence = msg.DoubtOffline, msg.Ambiguous
		for o := msg.NotExpected; o <= msg.Unknown; o++ {
			d.Copies = append(d.Copies, watch.DeliveryCopy{Subscriber: "水泵-" + o.String(), Outcome: o, QoS: 255, Group: "workers"})
		}
		rows = append(rows, d)
	}
	return rows
}

// deliveries answers a query for deliveries.
func (f *fake) deliveries(s *watch.Snapshot, q watch.DeliveryQuery) {
	all := f.base.Deliveries.Rows
	s.Deliveries = watch.Deliveries{On: f.base.Deliveries.On, Counts: f.base.Deliveries.Counts}
	s.Deliveries.Counts.Kept = uint64(len(all))
	if q.Limit > 0 {
		w := watch.Window{First: q.First, Limit: q.Limit, Around: q.Around, AroundRow: q.AroundRow}
		if q.Follow {
			w.First, w.Around = len(all), 0
		}
		rows := all
		if q.Filter != nil {
			rows = nil
		}
		s.Deliveries.Matched = len(rows)
		s.Deliveries.First, s.Deliveries.Rows = windowed(rows, w, func(d *watch.Delivery) uint64 { return d.ID })
	}
	if w := f.whole; w != nil {
		if q.Ladder == w.ID || q.Ladder == 0 && belongs(w, q.Of) {
			s.Deliveries.Ladder = w
		}
		return
	}
	for i := range all {
		if all[i].ID == q.Ladder {
			s.Deliveries.Ladder = &watch.DeliveryLadder{Delivery: all[i]}
		}
	}
}

func deliveryScenes() []scene {
	back := func(on bool, n int) func() *fake {
		return func() *fake {
			f := many()
			rows := manyDeliveries()
			f.base.Deliveries = watch.Deliveries{On: on, Rows: rows[:min(n, len(rows))]}
			return f
		}
	}
	return []scene{
		{"deliveries_off", back(false, 0), []string{"2"}},
		{"deliveries_empty", back(true, 0), []string{"2"}},
		{"deliveries_one", back(true, 1), []string{"2"}},
		{"deliveries_many", back(true, 1000), []string{"2"}},
		{"deliveries_hidden", back(true, 1000), []string{"2", "/", "w", "i", "l", "l", "enter"}},
		{"deliveries_sorted", back(true, 1000), []string{"2", "<", "z"}},
		{"deliveries_legs", back(true, 1000), []string{"2", "k", "k", "k", "tab", "j"}},
	}
}
