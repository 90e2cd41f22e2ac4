package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// lines parses JSON Lines, each of which must begin with its kind.
func lines(t testing.TB, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `{"kind":"`) {
			t.Errorf("kind is not first: %s", line)
		}
		if !utf8.ValidString(line) {
			t.Errorf("not UTF-8: %q", line)
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, object)
	}
	return out
}

func TestJSONHandshake(t *testing.T) {
	tests := []struct {
		name string
		row  *watch.Row
		want string
	}{
		{"complete", delivery(), `{"kind":"handshake","id":7,"client_id":"sensor-7","client":"10.0.0.7:40001","server":"192.0.2.1:1883",` +
			`"server_address":null,"sender":"client","packet_id":17,"qos":2,"topic":"plant/a/temp","payload_length":5,"retain":false,"state":"complete","owes":null,` +
			`"started":"2026-11-22T12:01:33.120000000Z","ended":"2026-11-22T12:01:33.163000000Z","duration_ns":43000000,"steps":[` +
			`{"packet":"PUBLISH","from":"client","time":"2026-11-22T12:01:33.120000000Z","dup":false},` +
			`{"packet":"PUBREC","from":"server","time":"2026-11-22T12:01:33.131000000Z","reason_code":0},` +
			`{"packet":"PUBREL","from":"client","time":"2026-11-22T12:01:33.132000000Z","reason_code":0},` +
			`{"packet":"PUBCOMP","from":"server","time":"2026-11-22T12:01:33.163000000Z","reason_code":0}],` +
			`"steps_dropped":0,"resends":0,"reason_code":0,"reason":"Success","joined_late":false,"unsure":false,"version":"5.0","source":"eth0.pcap"}`},
		{"open", owing(), `{"kind":"handshake","id":8,"client_id":null,"client":"10.0.0.8:50123","server":"broker.local",` +
			`"server_address":"10.0.0.1:1883","sender":"server","packet_id":4,"qos":1,"topic":"cmd/pump-2/set","payload_length":2,"retain":false,"state":"open",` +
			`"owes":{"who":"10.0.0.8:50123","by":"client","packet":"PUBACK","since":"2026-11-22T12:01:33.120000000Z"},` +
			`"started":"2026-11-22T12:01:33.120000000Z","ended":null,"duration_ns":null,"steps":[` +
			`{"packet":"PUBLISH","from":"server","time":"2026-11-22T12:01:33.120000000Z","dup":true}],` +
			`"steps_dropped":0,"resends":1,"reason_code":null,"reason":null,"joined_late":true,"unsure":true,"version":null,"source":""}`},
		{"subscription", subscription(), `{"kind":"subscription","id":9,"client_id":"app","client":null,"server":"192.0.2.1:1883",` +
			`"server_address":null,"sender":"client","packet_id":1,"packet":"SUBSCRIBE","topic_filter":"secret/#","state":"refused","owes":null,` +
			`"started":"2026-11-22T12:01:33.120000000Z","ended":"2026-11-22T12:01:33.121000000Z","duration_ns":1000000,"steps":[` +
			`{"packet":"SUBSCRIBE","from":"client","time":"2026-11-22T12:01:33.120000000Z","dup":false},` +
			`{"packet":"SUBACK","from":"server","time":"2026-11-22T12:01:33.121000000Z","reason_code":135}],` +
			`"steps_dropped":0,"resends":0,"reason_code":135,"reason":"Not authorized","joined_late":false,"unsure":false,"version":"5.0","source":""}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			j := report.NewJSON(&out)
			j.Event(&watch.Event{Kind: watch.HandshakeEnded, Row: test.row})
			if err := j.Flush(); err != nil {
				t.Fatal(err)
			}
			lines(t, out.String())
			if got := strings.TrimSuffix(out.String(), "\n"); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestJSONAlert(t *testing.T) {
	var out bytes.Buffer
	j := report.NewJSON(&out)
	for _, kind := range []watch.EventKind{watch.AlertRaised, watch.AlertEscalated, watch.AlertCleared} {
		j.Event(&watch.Event{Kind: kind, Time: noon, Alert: alert()})
	}
	j.Event(&watch.Event{Kind: watch.AlertRaised, Time: noon, Alert: &watch.Alert{Name: handshake.CaptureGap, Severity: handshake.Notice}})
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	got := lines(t, out.String())
	for i, event := range []string{"raised", "escalated", "cleared", "raised"} {
		if got[i]["event"] != event {
			t.Errorf("line %d: event %v, want %s", i, got[i]["event"], event)
		}
	}
	want := map[string]any{"kind": "alert", "id": 3.0, "name": "puback-overdue", "severity": "warn", "event": "raised",
		"time": "2026-11-22T12:01:33.120000000Z", "outcome": nil, "client_id": "pump-2", "packet_id": 4.0, "handshake": 8.0, "count": 1.0,
		"text": "pump-2 owes PUBACK for id 4", "detail": "link alive"}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %v\nwant %v", got[0], want)
	}
	for i, outcome := range []handshake.Outcome{handshake.Resolved, handshake.Unmet, handshake.Untold} {
		a := alert()
		a.Cleared, a.Outcome = noon, outcome
		out.Reset()
		j.Event(&watch.Event{Kind: watch.AlertCleared, Time: noon, Alert: a})
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		if over := lines(t, out.String())[0]; over["event"] != "cleared" || over["outcome"] != []string{"resolved", "unmet", "untold"}[i] {
			t.Errorf("over: %v", over)
		}
	}
	if got[3]["packet_id"] != nil || got[3]["handshake"] != nil || got[3]["severity"] != "notice" {
		t.Errorf("an alert about no handshake: %v", got[3])
	}
}

func TestJSONSummary(t *testing.T) {
	got := lines(t, write(t, newJSON, snapshot()))
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	s := got[0]
	want := map[string]any{
		"kind": "summary", "schema": 1.0,
		"packets":         map[string]any{"CONNECT": 2.0, "PUBLISH": 6.0},
		"publish":         map[string]any{"qos0": 3.0, "qos1": 2.0, "qos2": 1.0},
		"alerts":          map[string]any{"puback-overdue": 2.0, "capture-gap": 1.0},
		"alerts_critical": map[string]any{"puback-overdue": 1.0},
		"first":           "2026-11-22T12:01:33.120000000Z",
		"last":            "2026-11-22T12:02:33.120000000Z",
		"handshakes":      map[string]any{"qos1": outcomes(1, 2, 3, 4, 5, 6), "qos2": outcomes(9, 0, 0, 0, 0, 0)},
	}
	for name, value := range want {
		if !reflect.DeepEqual(s[name], value) {
			t.Errorf("%s: got %v, want %v", name, s[name], value)
		}
	}
	capture := s["capture"].(map[string]any)
	for name, value := range map[string]float64{"frames": 237, "bytes": 12345, "tcp_gaps": 1, "malformed": 2, "connections": 2, "not_decoded": 3} {
		if capture[name] != value {
			t.Errorf("capture.%s: got %v, want %v", name, capture[name], value)
		}
	}
	if first := capture["first_malformed"]; first != "client 10.0.0.7:5000: publish: topic name: is empty" {
		t.Errorf("capture.first_malformed: got %v", first)
	}
}

func outcomes(complete, refused, abandoned, unknown, open, late float64) map[string]any {
	return map[string]any{"complete": complete, "refused": refused, "abandoned": abandoned, "unknown": unknown, "open": open, "joined_late": late}
}

// TestJSONStrings compares what a parser reads with what was on the wire.
func TestJSONStrings(t *testing.T) {
	for in, want := range map[string]string{
		hostile:         strings.ToValidUTF8(hostile, "\ufffd"),
		"":              "",
		"\xff\xfe":      "\ufffd\ufffd",
		"a\xe2\x82":     "a\ufffd\ufffd",
		"\ufffd":        "\ufffd",
		"🚰/ä/\t\r\b":    "🚰/ä/\t\r\b",
		"\u2066x\ufeff": "\u2066x\ufeff",
	} {
		row := delivery()
		row.Topic = in
		got := lines(t, write(t, newJSON, snapshot(), &watch.Event{Kind: watch.HandshakeEnded, Row: row}))
		if got[0]["topic"] != want {
			t.Errorf("%q was read as %q, want %q", in, got[0]["topic"], want)
		}
	}
}

func TestJSONTimes(t *testing.T) {
	for _, at := range []time.Time{
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(2000, 2, 29, 0, 0, 0, 1, time.UTC), time.Date(2026, 11, 22, 12, 1, 33, 120_000_000, time.UTC),
		time.Date(2026, 11, 22, 12, 2, 0, 0, time.UTC), time.Date(2261, 1, 1, 0, 0, 59, 0, time.UTC),
	} {
		row := delivery()
		row.Started, row.Ended = decode.TimeOf(at), decode.TimeOf(at.Add(59*time.Second))
		got := lines(t, write(t, newJSON, snapshot(), &watch.Event{Kind: watch.HandshakeEnded, Row: row}))[0]
		for field, want := range map[string]time.Time{"started": at, "ended": at.Add(59 * time.Second)} {
			text := got[field].(string)
			if parsed, err := time.Parse(time.RFC3339Nano, text); err != nil || !parsed.Equal(want) || len(text) != 30 {
				t.Errorf("%s is %s, want %s", field, text, want)
			}
		}
	}
}

// TestDocumentedFields holds docs/json.md against what is written, in both directions.
func TestDocumentedFields(t *testing.T) {
	full := owing()
	full.Steps = append(full.Steps, handshake.Step{Time: noon, Type: decode.PUBACK})
	sub := subscription()
	sub.Owes = watch.Owed{Packet: decode.SUBACK, By: decode.FromServer, Since: noon}
	written := map[string]map[string]bool{}
	for _, object := range lines(t, write(t, newJSON, snapshot(),
		&watch.Event{Kind: watch.HandshakeEnded, Row: full},
		&watch.Event{Kind: watch.HandshakeEnded, Row: sub},
		&watch.Event{Kind: watch.AlertRaised, Alert: alert()},
		&watch.Event{Kind: watch.DeliverySettled, Delivery: undelivered()},
		&watch.Event{Kind: watch.ExpectationChanged, Time: noon, Expectation: &expect.Expectation{ID: 1, State: expect.Unanswered}},
	)) {
		kind := object["kind"].(string)
		written[kind] = map[string]bool{}
		collect(written[kind], "", object)
	}
	documented := documentedFields(t)
	for _, kind := range []string{"handshake", "subscription", "alert", "delivery", "expectation", "summary"} {
		for field := range written[kind] {
			if !documented[kind][field] {
				t.Errorf("docs/json.md does not describe %s of %s", field, kind)
			}
		}
		for field := range documented[kind] {
			if !written[kind][field] {
				t.Errorf("docs/json.md describes %s of %s, which is not written", field, kind)
			}
		}
	}
	if len(written) != len(documented) {
		t.Errorf("kinds written: %v, described: %v", slices.Sorted(maps.Keys(written)), slices.Sorted(maps.Keys(documented)))
	}
}

// open says which objects have keys that are data; docs/json.md writes them as *.
var open = map[string]bool{"packets": true, "expectations[].states": true, "alerts": true, "alerts_critical": true, "capture.other_connections": true, "capture.connects_refused": true, "capture.not_decoded_frames": true}

func collect(into map[string]bool, path string, value any) {
	if path != "" {
		into[path] = true
	}
	switch v := value.(type) {
	case map[string]any:
		for key, value := range v {
			switch {
			case open[path]:
				key = path + ".*"
			case path != "":
				key = path + "." + key
			}
			collect(into, key, value)
		}
	case []any:
		for _, value := range v {
			if _, ok := value.(map[string]any); ok {
				collect(into, path+"[]", value)
				delete(into, path+"[]")
			}
		}
	}
}

func documentedFields(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `([^`]+)` \\| [a-z ]+ \\| .+ \\|$")
	out := map[string]map[string]bool{}
	kind := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "## "); ok {
			kind = title
		}
		if m := row.FindStringSubmatch(line); m != nil && kind != "" {
			if out[kind] == nil {
				out[kind] = map[string]bool{}
			}
			out[kind][m[1]] = true
		}
	}
	return out
}

// escaped is a string of JSON, written character by character.
func escaped(s string) string {
	out := `"`
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		short := strings.IndexRune("\"\\\n\r\t", r)
		switch {
		case short >= 0:
			out += `\` + `"\nrt`[short:short+1]
		case r == utf8.RuneError && size == 1, r < ' ', r >= 0x7f && r <= 0x9f, r == 0x61c, r == 0xfeff, r == 0x200e, r == 0x200f,
			r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			out += fmt.Sprintf(`\u%04x`, r)
		default:
			out += s[:size]
		}
		s = s[size:]
	}
	return out + `"`
}

// FuzzJSONEscape compares a text with what it is character by character, at each place among eight.
func FuzzJSONEscape(f *testing.F) {
	f.Add(hostile)
	f.Add("plant/line-2/temperature")
	f.Fuzz(func(t *testing.T, s string) {
		for range 8 {
			if got := string(report.AppendString(nil, s)); got != escaped(s) {
				t.Errorf("%q is written as %s, not %s", s, got, escaped(s))
			}
			s = "x" + s + "y"
		}
	})
}

// TestJSONEscapesEachByte puts each byte at each place of a text.
func TestJSONEscapesEachByte(t *testing.T) {
	for length := 1; length <= 24; length++ {
		for at := range length {
			for c := range 256 {
				text := []byte(strings.Repeat("a", length))
				text[at] = byte(c)
				if got, want := string(report.AppendString(nil, string(text))), escaped(string(text)); got != want {
					t.Fatalf("%q is written as %s, not %s", text, got, want)
				}
			}
		}
	}
}

func FuzzJSONString(f *testing.F) {
	f.Add(hostile)
	f.Add("plant/a/temp")
	f.Fuzz(func(t *testing.T, topic string) {
		row := delivery()
		row.Topic = topic
		var out bytes.Buffer
		j := report.NewJSON(&out)
		j.Event(&watch.Event{Kind: watch.HandshakeEnded, Row: row})
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		want := string([]rune(topic)) // each byte that is not UTF-8 becomes U+FFFD
		if got := lines(t, out.String()); len(got) != 1 || got[0]["topic"] != want {
			t.Errorf("%q was read as %v", topic, got)
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkJSONHandshake(b *testing.B) {
	j := report.NewJSON(discard{})
	for _, row := range []*watch.Row{owing(), delivery()} {
		b.Run(row.Topic, func(b *testing.B) {
			b.ReportAllocs()
			e := &watch.Event{Kind: watch.HandshakeEnded, Row: row}
			for b.Loop() {
				j.Event(e)
			}
		})
	}
}

func BenchmarkTextHandshake(b *testing.B) {
	x := report.NewText(discard{})
	e := &watch.Event{Kind: watch.HandshakeEnded, Time: noon, Row: delivery()}
	b.ReportAllocs()
	for b.Loop() {
		x.Event(e)
	}
}
