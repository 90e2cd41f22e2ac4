package tui_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// start is when the traffic of the scenes begins.
var start = decode.TimeOf(time.Date(2024, 5, 14, 12, 1, 33, 120e6, time.UTC))

func typeName(v any) string { return reflect.TypeOf(v).String() }
func text(v any) string     { return fmt.Sprint(v) }

const ms = time.Millisecond

// at is an instant, counted from the start.
func at(d time.Duration) decode.Time { return start.Add(d) }

// step makes a packet that the sender of a row sends, or with from its receiver.
func step(t decode.Type, dir decode.Direction, after time.Duration) handshake.Step {
	return handshake.Step{Time: at(after), Type: t, Dir: dir, Conn: 1}
}

// delivery makes a row with its packets at the given times after the start.
func delivery(id uint64, kind handshake.Kind, sender decode.Direction, client, topic string, packetID uint16, times ...time.Duration) watch.Row {
	types := []decode.Type{decode.PUBLISH, decode.PUBACK}
	states := []handshake.State{handshake.AwaitingPuback, handshake.Complete}
	switch kind {
	case handshake.QoS2:
		types = []decode.Type{decode.PUBLISH, decode.PUBREC, decode.PUBREL, decode.PUBCOMP}
		states = []handshake.State{handshake.AwaitingPubrec, handshake.AwaitingPubrel, handshake.AwaitingPubcomp, handshake.Complete}
	case handshake.Subscribe:
		types = []decode.Type{decode.SUBSCRIBE, decode.SUBACK}
		states = []handshake.State{handshake.AwaitingSuback, handshake.Complete}
	case handshake.Unsubscribe:
		types = []decode.Type{decode.UNSUBSCRIBE, decode.UNSUBACK}
		states = []handshake.State{handshake.AwaitingSuback, handshake.Complete}
	}
	r := watch.Row{
		ID: id, Client: client, ClientKnown: true, Server: "10.0.0.1:1883", Addr: netip.MustParseAddrPort("10.0.0.7:51234"),
		Sender: sender, Kind: kind, PacketID: packetID, Topic: topic, Payload: 23, Version: decode.V5, Source: "plant.pcap",
		Started: at(times[0]), State: states[len(times)-1],
	}
	for i, after := range times {
		dir := sender
		if i%2 == 1 {
			dir = sender.Opposite()
		}
		r.Steps = append(r.Steps, step(types[i], dir, after))
	}
	if r.State == handshake.Complete {
		r.Ended = at(times[len(times)-1])
		return r
	}
	by := sender
	if len(times)%2 == 1 {
		by = sender.Opposite()
	}
	r.Owes = watch.Owed{Packet: types[len(times)], By: by, Since: at(times[len(times)-1])}
	return r
}

// source is a source that is in a state.
func source(name, state string, length time.Duration) decode.SourceStats {
	return decode.SourceStats{
		Name: name, Kind: "file", State: state, Frames: 4120, TCPFrames: 4000, First: start, Last: at(length), Progress: 1, Connections: 3,
	}
}

// counts are totals with n packets of each handshake type.
func counts(n uint64) watch.Counts {
	c := watch.Counts{Keep: 100_000, Connections: 3, Sessions: 3}
	for t := decode.PUBLISH; t <= decode.PUBCOMP; t++ {
		c.Packets[t] = n
	}
	c.Publish = [3]uint64{n / 2, n / 4, n / 4}
	return c
}

// live is a Snapshot of a live source after a time, with rows.
func live(length time.Duration, rows ...watch.Row) watch.Snapshot {
	return watch.Snapshot{
		Now: at(length), Counts: counts(1000), Sources: []decode.SourceStats{source("eth0", "live", length)}, Rows: rows,
	}
}

// The handshakes that the scenes show.

func completeRow() watch.Row {
	return delivery(17, handshake.QoS2, decode.FromClient, "sensor-7", "plant/a/temp", 17, 0, 1*ms, 12*ms, 43*ms)
}

func stuckRow() watch.Row {
	r := delivery(18, handshake.QoS1, decode.FromServer, "pump-2", "cmd/pump-2/set", 4, 882*ms)
	r.Severity = handshake.Warn
	return r
}

func waitingRow() watch.Row {
	return delivery(19, handshake.QoS2, decode.FromClient, "gateway-1", "plant/b/door", 18, 1651*ms, 7*time.Second)
}

func refusedRow() watch.Row {
	r := delivery(20, handshake.QoS1, decode.FromClient, "rogue", "secret/door", 9, 2*time.Second, 2003*ms)
	r.State, r.Reason = handshake.Refused, 0x87
	r.Steps[1].Reason = 0x87
	return r
}

func abandonedRow() watch.Row {
	r := delivery(21, handshake.QoS1, decode.FromServer, "meter-3", "cmd/meter-3", 5, 3*time.Second)
	r.State, r.Ended, r.Owes = handshake.Abandoned, at(6*time.Second), watch.Owed{}
	return r
}

func unknownRow() watch.Row {
	r := delivery(22, handshake.QoS2, decode.FromClient, "sensor-9", "plant/c/flow", 31, 4*time.Second, 4002*ms)
	r.State, r.Ended, r.Owes, r.Unsure = handshake.Unknown, at(5*time.Second), watch.Owed{}, true
	return r
}

func unsureRow() watch.Row {
	r := delivery(23, handshake.QoS1, decode.FromServer, "pump-4", "cmd/pump-4/set", 6, 4500*ms)
	r.Unsure = true
	return r
}

func lateRow() watch.Row {
	r := delivery(24, handshake.QoS2, decode.FromClient, "gateway-2", "", 40, 0, 5*time.Second, 5010*ms, 5031*ms)
	r.Steps = r.Steps[1:]
	r.Started, r.JoinedLate = at(5*time.Second), true
	return r
}

func resumedRow() watch.Row {
	r := delivery(25, handshake.QoS2, decode.FromClient, "truck-12", "fleet/12/position", 77, 500*ms)
	r.Steps = append(r.Steps, step(decode.PUBLISH, decode.FromClient, 6200*ms), step(decode.PUBREC, decode.FromServer, 6240*ms),
		step(decode.PUBREL, decode.FromClient, 6260*ms), step(decode.PUBCOMP, decode.FromServer, 6290*ms))
	r.Steps[1].Dup, r.Steps[1].Conn = true, 2
	r.State, r.Ended, r.Owes, r.Resends, r.Retain = handshake.Complete, at(6290*ms), watch.Owed{}, 1, true
	return r
}

func criticalRow() watch.Row {
	r := delivery(26, handshake.QoS2, decode.FromServer, "pump-7", "cmd/pump-7/set", 12, -33*time.Second, -32990*ms, -32980*ms)
	r.Severity = handshake.Critical
	return r
}

// manyRows has one of each kind, and n complete ones before.
func manyRows(n int) []watch.Row {
	var rows []watch.Row
	for i := range n {
		begin := time.Duration(i-n) * 100 * ms
		if i%3 == 0 {
			rows = append(rows, delivery(uint64(1000+i), handshake.QoS2, decode.FromClient, fmt.Sprintf("sensor-%d", i%7), "plant/a/temp",
				uint16(i+1), begin, begin+2*ms, begin+5*ms, begin+9*ms))
			continue
		}
		rows = append(rows, delivery(uint64(1000+i), handshake.QoS1, decode.Direction(i%2), fmt.Sprintf("sensor-%d", i%7),
			fmt.Sprintf("plant/line-%d/machine-%d/vibration", i%4, i%9), uint16(i+1), begin, begin+8*ms))
	}
	special := []watch.Row{
		completeRow(), stuckRow(), waitingRow(), refusedRow(), abandonedRow(), unknownRow(), unsureRow(), lateRow(), resumedRow(), criticalRow(),
		delivery(27, handshake.Subscribe, decode.FromClient, "pump-2", "cmd/pump-2/#", 1, 7*time.Second, 7020*ms),
		delivery(28, handshake.Unsubscribe, decode.FromClient, "pump-2", "cmd/old/#", 2, 8*time.Second, 8010*ms),
		delivery(29, handshake.QoS1, decode.FromClient, "sensor-7", "plant/a/temp", 18, 9100*ms, 9112*ms),
	}
	for i := range special {
		special[i].ID += 10_000
	}
	return append(rows, special...)
}

func alertsOfMany() []watch.Alert {
	return []watch.Alert{
		{ID: 5, Name: "puback-overdue", Severity: handshake.Warn, Raised: at(5882 * ms), Last: at(5882 * ms), Count: 1, Lasting: true, Handshake: 10018,
			Client: "pump-2", PacketID: 4, Text: "subscriber pump-2 has owed PUBACK for 8.3s: id 4 (QoS 1, cmd/pump-2/set)",
			Detail: "Link alive: PINGREQ 3 s ago. Window 1/20."},
		{ID: 4, Name: "publish-refused", Severity: handshake.Warn, Raised: at(2003 * ms), Last: at(2003 * ms), Count: 3, Handshake: 10020, Client: "rogue",
			PacketID: 9, Text: "broker refused PUBLISH id 9 of rogue (secret/door): 0x87 Not authorized"},
		{ID: 3, Name: "capture-gap", Severity: handshake.Notice, Raised: at(5 * time.Second), Last: at(5 * time.Second), Count: 1, Client: "sensor-9",
			Text: "1,460 bytes of sensor-9 are missing from the capture"},
		{ID: 2, Name: "suback-overdue", Severity: handshake.Warn, Raised: at(time.Second), Cleared: at(3 * time.Second), Last: at(time.Second), Count: 1,
			Lasting: true, Handshake: 10027, Client: "pump-2", PacketID: 1, Text: "broker owed SUBACK for id 1"},
		{ID: 1, Name: "pubcomp-overdue", Severity: handshake.Critical, Raised: at(-27980 * ms), Last: at(-27980 * ms), Count: 1, Lasting: true, Handshake: 10026,
			Client: "pump-7", PacketID: 12, Text: "subscriber pump-7 has owed PUBCOMP for 42.1s: id 12 (QoS 2, cmd/pump-7/set)",
			Detail: "Link alive: PINGREQ 3 s ago. Window 20/20, nothing new sent to it since 12:01:00. This broker resends only on reconnect."},
	}
}

func many() *fake {
	s := live(9200*ms, manyRows(60)...)
	s.Alerts = alertsOfMany()
	s.Stuck = watch.Stuck{Warn: 1, Critical: 1}
	s.Sources[0].Gaps = 1
	return &fake{base: s, ladders: map[uint64]*watch.Ladder{10018: stuckLadder(10018), 10026: criticalLadder(10026)}}
}

func ladderOf(r watch.Row, id uint64) *watch.Ladder {
	r.ID = id
	return &watch.Ladder{
		Row: r, InFlight: 1, Limit: 20, LastFromClient: at(6 * time.Second), LastFromServer: at(9 * time.Second), Connected: true,
		Packets: make([]watch.Raw, len(r.Steps)),
	}
}

func stuckLadder(id uint64) *watch.Ladder {
	l := ladderOf(stuckRow(), id)
	l.Alerts = alertsOfMany()[:1]
	l.Alerts[0].Handshake = id
	return l
}

func criticalLadder(id uint64) *watch.Ladder {
	l := ladderOf(criticalRow(), id)
	l.Alerts = alertsOfMany()[4:]
	l.Alerts[0].Handshake = id
	l.Alerts = append(l.Alerts, alertsOfMany()[0], watch.Alert{ID: 6, Name: "inflight-window-full", Severity: handshake.Critical, Raised: at(-20 * time.Second),
		Lasting: true, Client: "pump-7", Text: "window of broker to pump-7 is full, 20/20, for 29.2s; oldest: id 12"})
	l.InFlight = 20
	return l
}

func resumedLadder(id uint64) *watch.Ladder {
	l := ladderOf(resumedRow(), id)
	l.Links = []handshake.LinkEvent{
		{Time: at(3 * time.Second), Kind: handshake.LinkClosed, Dir: decode.FromClient, Cause: decode.CloseRST},
		{Time: at(6 * time.Second), Kind: handshake.LinkConnect, Dir: decode.FromClient},
		{Time: at(6010 * ms), Kind: handshake.LinkConnack, Dir: decode.FromServer, SessionPresent: true},
	}
	return l
}

func gapLadder(id uint64) *watch.Ladder {
	l := ladderOf(unknownRow(), id)
	l.Links = []handshake.LinkEvent{{Time: at(5 * time.Second), Kind: handshake.LinkGap, Dir: decode.FromServer, Bytes: 1460}}
	return l
}

func lateLadder(id uint64) *watch.Ladder {
	l := ladderOf(lateRow(), id)
	l.VersionAssumed = true
	l.Links = []handshake.LinkEvent{{Time: at(4900 * ms), Kind: handshake.LinkJoined}}
	return l
}

// publishBytes is a PUBLISH of 5.0: QoS 2, id 17, plant/a/temp, a Message Expiry Interval, "21.5".
var publishBytes = []byte("\x34\x1a" + "\x00\x0cplant/a/temp" + "\x00\x11" + "\x05\x02\x00\x00\x00\x3c" + "21.5")

func completeLadder(id uint64) *watch.Ladder {
	l := ladderOf(completeRow(), id)
	l.Packets[0] = watch.Raw{Bytes: publishBytes, Length: int64(len(publishBytes)), Version: decode.V5}
	l.Packets[1] = watch.Raw{Bytes: []byte("\x50\x02\x00\x11"), Length: 4, Version: decode.V5}
	return l
}
