package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// exported writes rows in a format.
func exported(t *testing.T, format string, rows ...watch.Row) string {
	t.Helper()
	var out bytes.Buffer
	e, err := report.NewExporter(format, &out, rows[0].Started.Add(60e9))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := e.Row(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// hostileRow is a delivery whose texts would do harm where they are not escaped.
func hostileRow() watch.Row {
	at := decode.Time(1_700_000_000_000_000_000)
	return watch.Row{
		ID: 7, Client: "=cmd|' /C calc'!A0", ClientKnown: true, Server: "10.0.0.1:1883", Kind: handshake.QoS2, PacketID: 3,
		Topic: "a;b\x1b[2J\n\"x\"", Payload: 5, State: handshake.AwaitingPubrec, Started: at, Version: decode.V5,
		Owes:  watch.Owed{Packet: decode.PUBREC, By: decode.FromServer, Since: at},
		Steps: []handshake.Step{{Time: at, Type: decode.PUBLISH}, {Time: at.Add(5e9), Type: decode.PUBLISH, Dup: true}},
	}
}

func TestExportJSON(t *testing.T) {
	out := exported(t, "json", hostileRow(), hostileRow())
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	var row map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &row); err != nil || row["kind"] != "handshake" || row["topic"] != hostileRow().Topic {
		t.Errorf("%v: %v", err, row)
	}
}

func TestExportCSV(t *testing.T) {
	out := exported(t, "csv", hostileRow())
	if strings.ContainsRune(out, 0x1b) {
		t.Errorf("an escape sequence is left: %q", out)
	}
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatalf("%v: %v", err, records)
	}
	row := map[string]string{}
	for i, name := range records[0] {
		row[name] = records[1][i]
	}
	want := map[string]string{
		"id": "7", "client_id": "'=cmd|' /C calc'!A0", "topic": `a;b\x1b[2J\x0a"x"`, "state": "open", "owes_packet": "PUBREC", "owes_by": "server",
		"started": "2023-11-14T22:13:20.000000000Z", "ended": "", "payload_length": "5", "kind": "QoS 2",
	}
	for name, value := range want {
		if row[name] != value {
			t.Errorf("%s is %q, not %q", name, row[name], value)
		}
	}
}

func TestExportText(t *testing.T) {
	const want = `2023-11-14T22:13:20.000Z  =cmd|' /C calc'!A0 -> broker 10.0.0.1:1883  QoS 2  id 3  a;b\x1b[2J\x0a"x"  open  PUBREC owed by broker for 1m0s
    2023-11-14T22:13:20.000Z            client |------------- PUBLISH -------------->| broker
    2023-11-14T22:13:25.000Z       +5s  client |----------- PUBLISH DUP ------------>| broker
                                        client |<........... PUBREC? owed ...........| broker
`
	if got := exported(t, "text", hostileRow()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExportMermaid(t *testing.T) {
	got := exported(t, "mermaid", hostileRow())
	if !strings.HasPrefix(got, "sequenceDiagram\n") || strings.Count(got, "participant") != 2 || !strings.Contains(got, "P0->>P1: PUBLISH DUP (+5s)") ||
		!strings.Contains(got, "P1--xP0: PUBREC owed") {
		t.Errorf("got\n%s", got)
	}
	for _, bad := range []string{"a;b", "\x1b", `"x"`, "|"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is not escaped:\n%s", bad, got)
		}
	}
}

func TestExportRefusesFormat(t *testing.T) {
	if _, err := report.NewExporter("xml", nil, 0); err == nil || !strings.Contains(err.Error(), "json, csv, text, mermaid") {
		t.Errorf("error %v", err)
	}
}
