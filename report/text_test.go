package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

func TestText(t *testing.T) {
	const want = `2026-11-22T12:01:33.163Z  complete   sensor-7 -> broker  QoS 2  id 17  plant/a/temp  5 bytes  43ms
2026-11-22T12:01:34.120Z  refused    app -> broker  SUBSCRIBE  id 1  secret/#  1ms  0x87 Not authorized
2026-11-22T12:01:38.120Z  ALERT raised     warn      puback-overdue  pump-2 owes PUBACK for id 4
2026-11-22T12:02:33.120Z  open       10.0.0.8:50123 <- broker  QoS 1  id 4  cmd/pump-2/set  PUBACK owed by 10.0.0.8:50123 for 1m0s  resent 1x  joined late  unsure

`
	got := write(t, newText, snapshot(), allEvents()...)
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if summary := strings.TrimPrefix(got, want); summary != string(report.AppendSummary(nil, snapshot())) {
		t.Errorf("the end is not the summary:\n%s", summary)
	}
}

func TestSummary(t *testing.T) {
	const want = `eth0.pcap: 237 frames, 12345 bytes, 1m0s
packets      2 CONNECT, 6 PUBLISH
connections  2, 2 sessions, 1 refused (Not authorized)
PUBLISH      3 QoS 0, 2 QoS 1, 1 QoS 2
QoS 1        15 handshakes: 1 complete, 2 refused, 3 abandoned, 4 unknown, 5 open, 6 joined late
QoS 2        9 handshakes: 9 complete
deliveries   3 messages: 1 open, 1 complete, 1 not forwarded, 2 copies of unseen origin
expected     cmd/{id} -> stat/{id} within 1s: 3 answered, 1 unanswered
expected     sensors/+/\x1b every learned: 1 never seen
expected     requests of MQTT 5.0: none
alerts       1 capture-gap, 2 puback-overdue (1 critical)
malformed    2 packets, the first from client 10.0.0.7:5000: publish: topic name: is empty
not seen     1 gap in TCP, 100 bytes in gaps, 3 frames cut by the snap length, 1 dropped by the kernel, 2 dropped by mqttwatch, 20 bytes not understood, 2 HTTP connections, 1 TLS connection (encrypted), 3 frames not decoded (link type 195)
note         file ends in the middle of a frame
`
	newSummary := func(w *bytes.Buffer) report.Reporter { return report.NewSummary(w) }
	if got := write(t, newSummary, snapshot(), allEvents()...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	const want = `0 frames, 0 bytes
packets      none
connections  0, 0 sessions
alerts       none
`
	if got := string(report.AppendSummary(nil, &watch.Snapshot{})); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNoMQTT(t *testing.T) {
	some := snapshot()
	tests := []struct {
		name    string
		sources []decode.SourceStats
		want    string
	}{
		{"TLS", []decode.SourceStats{{Name: "x.pcap", Frames: 237, Other: map[string]uint64{"TLS": 1, "not MQTT": 2}}},
			"no MQTT found in x.pcap: 237 frames, 1 TLS connection (encrypted), 2 TCP connections with something else"},
		{"WebSocket", []decode.SourceStats{{Name: "x.pcap", Frames: 9, Other: map[string]uint64{"WebSocket": 2, "WebSocket with compression": 1}}},
			"no MQTT found in x.pcap: 9 frames, 2 WebSocket connections without MQTT, 1 WebSocket connection with compression (not unpacked)"},
		{"link type", []decode.SourceStats{{Name: "x.pcap", Frames: 2, NotDecoded: map[string]uint64{"link type 195": 2}}},
			"no MQTT found in x.pcap: 2 frames, 2 frames not decoded (link type 195)"},
		{"no TCP", []decode.SourceStats{{Name: "a.pcap", Frames: 1}, {Name: "b.pcap", Frames: 1}},
			"no MQTT found in a.pcap, b.pcap: 2 frames, none with TCP data"},
		{"empty", []decode.SourceStats{{Name: "x.pcap"}}, "no MQTT found in x.pcap: 0 frames"},
	}
	for _, test := range tests {
		if got := report.NoMQTT(&watch.Snapshot{Sources: test.sources}); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := report.NoMQTT(some); got != "" {
		t.Errorf("with MQTT: %q, want nothing", got)
	}
}

// TestTextAlertEnded does not call cleared what was never answered.
func TestTextAlertEnded(t *testing.T) {
	var out bytes.Buffer
	r := report.NewText(&out)
	for _, outcome := range []handshake.Outcome{handshake.Resolved, handshake.Unmet, handshake.Untold} {
		a := alert()
		a.Cleared, a.Outcome = noon, outcome
		r.Event(&watch.Event{Kind: watch.AlertCleared, Time: noon, Alert: a})
	}
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "ALERT cleared ") != 1 || strings.Count(got, "ALERT ended ") != 2 {
		t.Errorf("got %s", got)
	}
}

func TestTextWithoutTopic(t *testing.T) {
	row := delivery()
	row.Topic, row.JoinedLate = "", true
	got := write(t, newText, &watch.Snapshot{}, &watch.Event{Kind: watch.HandshakeEnded, Time: noon.Add(time.Hour), Row: row})
	if !strings.Contains(got, "(topic not seen)") || strings.Contains(got, "5 bytes") {
		t.Errorf("a PUBLISH that was not seen: %s", got)
	}
}

// TestSummaryUntilNow has a source that was silent in the end: what was watched is as long as what is owed can be.
func TestSummaryUntilNow(t *testing.T) {
	s := &watch.Snapshot{Now: 1e15 + 9_400_000_000, Sources: []decode.SourceStats{{Name: "-", Kind: "file", Frames: 25, Bytes: 1765, First: 1e15, Last: 1e15 + 601_400_000}}}
	if got, want := string(report.AppendSummary(nil, s)), "standard input: 25 frames, 1765 bytes, 9.4s\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant it to begin with\n%s", got, want)
	}
	s.Now = s.Sources[0].Last
	if got, want := string(report.AppendSummary(nil, s)), "standard input: 25 frames, 1765 bytes, 601.4ms\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant it to begin with\n%s", got, want)
	}
}

// TestSummaryOfCriticalAlerts tells the critical alerts apart, however many of a name they are.
func TestSummaryOfCriticalAlerts(t *testing.T) {
	s := watch.Snapshot{Counts: watch.Counts{
		Alerts:         map[handshake.AlertName]uint64{handshake.PubackOverdue: 3, handshake.PacketIDInUse: 2, handshake.CaptureGap: 1},
		AlertsCritical: map[handshake.AlertName]uint64{handshake.PubackOverdue: 1, handshake.PacketIDInUse: 2},
	}}
	const want = "\nalerts       1 capture-gap, 2 packet-id-in-use (critical), 3 puback-overdue (1 critical)\n"
	if got := string(report.AppendSummary(nil, &s)); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at the end%s", got, want)
	}
}
