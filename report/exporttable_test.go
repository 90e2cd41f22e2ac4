package report_test

import (
	"bytes"
	"encoding/csv"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	msg "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// tabled writes one row of a list in a format.
func tabled(t *testing.T, format string, row func(e *report.TableExporter) error) string {
	t.Helper()
	var out bytes.Buffer
	e, err := report.NewTableExporter(format, &out)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := row(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestExportTables writes a row of each list, with texts that would do harm where they are not escaped.
func TestExportTables(t *testing.T) {
	const bad, at = "=a\tb\x1b[2J", decode.Time(1_700_000_000_000_000_000)
	addr := netip.MustParseAddrPort("10.0.0.7:5000")
	session := &watch.SessionRow{Client: bad, ClientKnown: true, Server: bad, Addr: addr, Version: decode.V311, Connected: true, Connections: 2, First: at}
	session.Flows[0] = watch.Flow{InFlight: 3, Limit: 20, Publish: [3]uint64{4, 5, 6}, Answered: 1, P50: 1500 * time.Microsecond}
	message := &watch.Delivery{ID: 9, Publisher: bad, Topic: bad, QoS: 1, At: at, Verdict: msg.Undelivered, Tally: msg.Tally{Expected: 2, Worst: -1},
		Copies: []watch.DeliveryCopy{{Subscriber: bad, Outcome: msg.NotForwarded}}, More: 3}
	for _, tt := range []struct {
		name string
		row  func(e *report.TableExporter) error
		want map[string]string
	}{
		{"delivery", func(e *report.TableExporter) error { return e.Delivery(message) }, map[string]string{
			"id": "9", "published": "2023-11-14T22:13:20.000000000Z", "topic": `'=a\x09b\x1b[2J`, "verdict": "not_forwarded", "expected": "2", "worst_ms": "",
			"copies": `'=a\x09b\x1b[2J: not forwarded; 3 more`,
		}},
		{"session", func(e *report.TableExporter) error { return e.Session(session) }, map[string]string{
			"client_id": `'=a\x09b\x1b[2J`, "client": "10.0.0.7:5000", "version": "3.1.1", "to_broker_in_flight": "3", "to_broker_limit": "20", "to_broker_qos2": "6",
			"to_broker_p50_ms": "1.500", "from_broker_p50_ms": "", "from_broker_limit": "", "last": "",
		}},
		{"topic", func(e *report.TableExporter) error {
			return e.Topic(&watch.TopicRow{Path: bad, Children: 2, Publish: [2][3]uint64{{1, 2, 3}, {4, 5, 6}}, Answered: 1, Max: time.Second})
		}, map[string]string{"topic": `'=a\x09b\x1b[2J`, "published": "false", "levels_below": "2", "from_broker_qos1": "5", "max_ms": "1000.000"}},
		{"packet", func(e *report.TableExporter) error {
			return e.Packet(&watch.PacketRow{Number: 4, Time: at, Type: decode.PUBACK, Client: addr.String(), Addr: addr, Dir: decode.FromServer, PacketID: 7, Reason: 0x87, Text: bad, Length: 6})
		}, map[string]string{"number": "4", "client_id": "", "client": "10.0.0.7:5000", "sender": "server", "packet": "PUBACK", "packet_id": "7", "qos": "",
			"reason_code": "135", "reason": "Not authorized", "lost": "", "text": `'=a\x09b\x1b[2J`}},
		{"loss", func(e *report.TableExporter) error {
			return e.Packet(&watch.PacketRow{Lost: true, Loss: decode.LossGap, Length: 1460})
		},
			map[string]string{"packet": "", "lost": "gap", "length": "1460", "qos": ""}},
		{"alert", func(e *report.TableExporter) error {
			return e.Alert(&watch.Alert{ID: 3, Name: handshake.PubackOverdue, Severity: handshake.Critical, Raised: at, Client: bad, Text: "client owes"})
		}, map[string]string{"name": "puback-overdue", "severity": "critical", "cleared": "", "handshake": "", "client": `'=a\x09b\x1b[2J`, "text": "client owes"}},
	} {
		records, err := csv.NewReader(strings.NewReader(tabled(t, "csv", tt.row))).ReadAll()
		if err != nil || len(records) != 3 {
			t.Fatalf("%s: %v: %v", tt.name, err, records)
		}
		got := map[string]string{}
		for i, name := range records[0] {
			got[name] = records[2][i]
		}
		for name, value := range tt.want {
			if v, ok := got[name]; !ok || v != value {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, v, value)
			}
		}
		lines := strings.Split(strings.TrimRight(tabled(t, "text", tt.row), "\n"), "\n")
		if len(lines) != 3 || lines[1] != lines[2] || strings.ContainsAny(lines[1], "\t\x1b") || !strings.HasPrefix(lines[0], records[0][0]) {
			t.Errorf("%s as text:\n%s", tt.name, strings.Join(lines, "\n"))
		}
	}
	if _, err := report.NewTableExporter("pcapng", &bytes.Buffer{}); err == nil {
		t.Error("a table as pcapng")
	}
}
