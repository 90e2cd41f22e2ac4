package report_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	deliveries "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// noon is 2026-11-22T12:01:33.12Z.
var noon = decode.TimeOf(time.Date(2026, 11, 22, 12, 1, 33, 120_000_000, time.UTC))

// delivery returns a QoS 2 delivery that is complete.
func delivery() *watch.Row {
	ms := func(n int) decode.Time { return noon.Add(time.Duration(n) * time.Millisecond) }
	return &watch.Row{
		ID: 7, Client: "sensor-7", ClientKnown: true, Server: "192.0.2.1:1883",
		Addr:   netip.MustParseAddrPort("10.0.0.7:40001"),
		Sender: decode.FromClient, Kind: handshake.QoS2, PacketID: 17, Topic: "plant/a/temp", Payload: 5,
		State: handshake.Complete, Started: ms(0), Ended: ms(43), Version: decode.V5, Source: "eth0.pcap",
		Steps: []handshake.Step{
			{Time: ms(0), Type: decode.PUBLISH, Dir: decode.FromClient},
			{Time: ms(11), Type: decode.PUBREC, Dir: decode.FromServer},
			{Time: ms(12), Type: decode.PUBREL, Dir: decode.FromClient},
			{Time: ms(43), Type: decode.PUBCOMP, Dir: decode.FromServer},
		},
	}
}

// owing returns a QoS 1 delivery to a client that has not answered.
func owing() *watch.Row {
	return &watch.Row{
		ID: 8, Client: "10.0.0.8:50123", Server: "broker.local", ServerAddr: netip.MustParseAddrPort("10.0.0.1:1883"), Sender: decode.FromServer, Kind: handshake.QoS1,
		Addr:     netip.MustParseAddrPort("10.0.0.8:50123"),
		PacketID: 4, Topic: "cmd/pump-2/set", Payload: 2, State: handshake.AwaitingPuback,
		Owes: watch.Owed{Packet: decode.PUBACK, By: decode.FromClient, Since: noon}, Started: noon, Resends: 1,
		JoinedLate: true, Unsure: true,
		Steps: []handshake.Step{{Time: noon, Type: decode.PUBLISH, Dir: decode.FromServer, Dup: true}},
	}
}

// subscription returns a SUBSCRIBE that the broker refused.
func subscription() *watch.Row {
	return &watch.Row{
		ID: 9, Client: "app", ClientKnown: true, Server: "192.0.2.1:1883", Kind: handshake.Subscribe, PacketID: 1,
		Topic: "secret/#", State: handshake.Refused, Reason: 0x87, Started: noon, Ended: noon.Add(time.Millisecond), Version: decode.V5,
		Steps: []handshake.Step{
			{Time: noon, Type: decode.SUBSCRIBE, Dir: decode.FromClient},
			{Time: noon.Add(time.Millisecond), Type: decode.SUBACK, Dir: decode.FromServer, Reason: 0x87},
		},
	}
}

func alert() *watch.Alert {
	return &watch.Alert{
		ID: 3, Name: handshake.PubackOverdue, Severity: handshake.Warn, Raised: noon, Count: 1, Lasting: true,
		Handshake: 8, Client: "pump-2", PacketID: 4, Text: "pump-2 owes PUBACK for id 4", Detail: "link alive",
	}
}

// snapshot returns totals in which nothing is 0.
func snapshot() *watch.Snapshot {
	s := &watch.Snapshot{
		Now: noon.Add(time.Minute),
		Counts: watch.Counts{
			Publish: [3]uint64{3, 2, 1}, Bytes: 900, Malformed: 2, FirstMalformed: "client 10.0.0.7:5000: publish: topic name: is empty", Connections: 2, Sessions: 2, ConnectsRefused: map[string]uint64{"Not authorized": 1}, Lost: 1, LostBytes: 120, Evicted: 4,
			Handshakes:     [2]watch.Outcomes{{Complete: 1, Refused: 2, Abandoned: 3, Unknown: 4, Open: 5, JoinedLate: 6}, {Complete: 9}},
			Alerts:         map[handshake.AlertName]uint64{handshake.PubackOverdue: 2, handshake.CaptureGap: 1},
			AlertsCritical: map[handshake.AlertName]uint64{handshake.PubackOverdue: 1},
		},
		Sources: []decode.SourceStats{{
			Name: "eth0.pcap", Kind: "file", Frames: 237, Bytes: 12345, First: noon, Last: noon.Add(time.Minute), Gaps: 1, GapBytes: 100,
			KernelDrops: 1, QueueDrops: 2, Cut: 3, Resent: 4, Other: map[string]uint64{"TLS": 1, "HTTP": 2},
			NotDecoded: map[string]uint64{"link type 195": 3}, Notes: []string{"file ends in the middle of a frame"},
		}},
		Expectations: []expect.Standing{
			{Rule: "cmd/{id} -> stat/{id} within 1s", States: [expect.Learning + 1]uint64{expect.Answered: 3, expect.Unanswered: 1}},
			{Rule: "sensors/+/\x1b every learned", Heartbeat: true, States: [expect.Learning + 1]uint64{expect.NeverSeen: 1}},
			{},
		},
		Deliveries: watch.Deliveries{On: true, Counts: deliveries.Counts{Messages: 3, Open: 1, Copies: 4, Unmatched: 2}},
	}
	s.Deliveries.Counts.Settled[deliveries.Complete], s.Deliveries.Counts.Settled[deliveries.Undelivered] = 1, 1
	s.Counts.Packets[decode.CONNECT] = 2
	s.Counts.Packets[decode.PUBLISH] = 6
	return s
}

// write runs events and the end through the reporter that make returns.
func write(t testing.TB, newReporter func(*bytes.Buffer) report.Reporter, s *watch.Snapshot, events ...*watch.Event) string {
	t.Helper()
	var out bytes.Buffer
	r := newReporter(&out)
	for _, e := range events {
		r.Event(e)
	}
	if err := r.Finish(s); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func newJSON(w *bytes.Buffer) report.Reporter { return report.NewJSON(w) }
func newText(w *bytes.Buffer) report.Reporter { return report.NewText(w) }

func allEvents() []*watch.Event {
	return []*watch.Event{
		{Kind: watch.HandshakeEnded, Time: noon.Add(43 * time.Millisecond), Row: delivery()},
		{Kind: watch.HandshakeEnded, Time: noon.Add(time.Second), Row: subscription()},
		{Kind: watch.AlertRaised, Time: noon.Add(5 * time.Second), Alert: alert()},
		{Kind: watch.HandshakeOpen, Time: noon.Add(time.Minute), Row: owing()},
	}
}

type brokenWriter struct{ writes int }

func (w *brokenWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, errors.New("disk full")
}

func TestFirstWriteErrorStays(t *testing.T) {
	w := &brokenWriter{}
	j := report.NewJSON(w)
	for range 3 {
		j.Event(&watch.Event{Kind: watch.HandshakeEnded, Row: delivery()})
		if err := j.Flush(); err == nil || err.Error() != "disk full" {
			t.Fatalf("Flush: %v", err)
		}
	}
	if err := j.Finish(snapshot()); err == nil {
		t.Error("Finish hides the error")
	}
	if w.writes != 1 {
		t.Errorf("%d writes after the error, want none", w.writes-1)
	}
}

func TestLargeOutputDoesNotWait(t *testing.T) {
	var out bytes.Buffer
	j := report.NewJSON(&out)
	for range 1000 {
		j.Event(&watch.Event{Kind: watch.HandshakeEnded, Row: delivery()})
	}
	if out.Len() == 0 {
		t.Error("nothing was written before Flush: the buffer is not bounded")
	}
}

// hostile is a text that attacks a terminal or a parser.
const hostile = "a\x1b[31m\u009b\"\\\n\xff\u202eb\u2028\x00\x7f"

func TestHostileText(t *testing.T) {
	row := delivery()
	row.Topic, row.Client, row.Server, row.Source = hostile, hostile, hostile, hostile
	row.Owes = watch.Owed{Packet: decode.PUBACK, By: decode.FromClient, Since: noon}
	s := snapshot()
	s.Sources[0].Name = hostile
	s.Sources[0].Other[hostile] = 1
	s.Sources[0].NotDecoded[hostile] = 1
	s.Sources[0].Notes = []string{hostile}
	for name, make := range map[string]func(*bytes.Buffer) report.Reporter{"json": newJSON, "text": newText} {
		out := write(t, make, s, &watch.Event{Kind: watch.HandshakeEnded, Time: noon, Row: row})
		for _, r := range out {
			if r != '\n' && r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x202e || r == 0x2028 {
				t.Errorf("%s: %U reaches the output: %q", name, r, out)
				break
			}
		}
		if name == "json" && strings.Count(out, "\n") != 2 {
			t.Errorf("json: %d lines, want 2", strings.Count(out, "\n"))
		}
	}
	if text := report.NoMQTT(&watch.Snapshot{Sources: s.Sources}); strings.ContainsAny(text, "\x1b\n\x00") {
		t.Errorf("NoMQTT: %q", text)
	}
}
