package main_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

const scenarios = "decode/watch/testdata/scenarios"

// TestScenarios makes a capture file of every scenario and has the whole program read it: it must conclude what the scenario says, however TCP
// carried the packets.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(scenarios, "*.txt"))
	if err != nil || len(files) < 50 {
		t.Fatalf("only %d scenarios: %v", len(files), err)
	}
	wires := []struct {
		name string
		wire scenario.Wire
	}{
		{"a segment each", scenario.Wire{Acknowledge: true}},
		{"TCP retransmissions", scenario.Wire{Retransmit: true}},
		{"cut and out of order", scenario.Wire{MSS: 5, Swap: true}},
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := readScenario(t, file)
			deliveries := strings.HasPrefix(filepath.Base(file), "delivery-") || strings.HasPrefix(filepath.Base(file), "expect-")
			want := concluded(s, deliveries)
			for _, w := range wires {
				got := replayScenario(t, s, w.wire, deliveries)
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s\ngot:\n  %s\nwant:\n  %s", s.Title, w.name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				}
			}
		})
	}
}

func readScenario(t *testing.T, file string) *scenario.Scenario {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenario.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}

// concluded returns the events that the scenario's file lists, each alert with its client in front. Deliveries open at the end have no time.
func concluded(s *scenario.Scenario, deliveries bool) []string {
	var clients []string
	var rules []*expect.Rule
	for _, text := range s.Expect {
		rule, _ := expect.Parse(text) // the tests of the engine read it, too
		rules = append(rules, rule)
	}
	var servers handshake.Servers
	for _, text := range s.Servers {
		_ = servers.Add(text) // as above
	}
	e := watch.New(watch.Config{Deliveries: deliveries, Rules: rules, Servers: servers, Responses: true, OnEvent: func(e *watch.Event) {
		if e.Alert != nil {
			clients = append(clients, e.Alert.Client)
		}
	}})
	e.Feed(s.Segments())
	e.Finish()
	var out []string
	for _, line := range s.Events {
		at, what, _ := strings.Cut(line, " ")
		switch verb, _, _ := strings.Cut(what, " "); verb {
		case "raised", "escalated", "cleared":
			line = fmt.Sprintf("[%s] %s", clients[0], line)
			clients = clients[1:]
		case "awaiting", "unknown":
			line = "open " + what
		case "delivery":
			line, _, _ = strings.Cut(what, " from ")
		case "expectation":
			words := strings.Fields(what)
			line = at + " " + strings.Join(words[:3], " ") // the first word of its state
		default:
			line = at + " " + what
		}
		out = append(out, line)
	}
	return out
}

// replayScenario returns the events of a run of the program on the scenario's capture, in the form of concluded.
func replayScenario(t *testing.T, s *scenario.Scenario, w scenario.Wire, deliveries bool) []string {
	t.Helper()
	file, err := scenario.Pcap(s, w)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"replay", "-", "--output", "json", "--mute", "none"}
	for _, rule := range s.Expect {
		args = append(args, "--expect", rule)
	}
	for _, server := range s.Servers {
		args = append(args, "--server", server)
	}
	r := run(t, bytes.NewReader(file), args...)
	if r.status != 0 && (r.status != 3 || len(s.Expect) == 0) {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	var out []string
	for _, o := range lines(t, r.stdout) {
		switch o["kind"] {
		case "expectation":
			state, _, _ := strings.Cut(fmt.Sprint(o["state"]), "_")
			out = append(out, fmt.Sprintf("%s expectation %v %s", seconds(t, o["time"]), o["id"], state))
		case "delivery":
			if deliveries {
				out = append(out, fmt.Sprintf("delivery %v %s %s", o["id"], strings.ReplaceAll(fmt.Sprint(o["verdict"]), "_", " "), o["confidence"]))
			}
		case "alert":
			if !deliveries && aboutDelivery[handshake.AlertName(fmt.Sprint(o["name"]))] {
				continue // a story about handshakes does not tell of deliveries
			}
			out = append(out, fmt.Sprintf("[%s] %s %s %s %s: %s", o["client_id"], seconds(t, o["time"]), o["event"], o["severity"], o["name"], o["text"]))
		case "handshake", "subscription":
			out = append(out, handshakeLine(t, o))
		}
	}
	return out
}

// aboutDelivery are the alerts that only scenarios about deliveries list.
var aboutDelivery = map[handshake.AlertName]bool{
	handshake.NotForwarded: true, handshake.DeliveryIncomplete: true, handshake.DeliveryLatencyHigh: true, handshake.QoSDowngraded: true,
	handshake.QoSNotMinimum: true, handshake.DuplicateDelivery: true,
}

// handshakeLine writes a handshake as scenarios have it.
func handshakeLine(t *testing.T, o map[string]any) string {
	t.Helper()
	at, state := "open", fmt.Sprint(o["state"])
	if state == "open" {
		state = fmt.Sprintf("awaiting %s", o["owes"].(map[string]any)["packet"])
		state = strings.Replace(state, "UNSUBACK", "SUBACK", 1) // one state
	} else if state != "unknown" {
		at = seconds(t, o["ended"])
	}
	kind := o["packet"]
	if o["kind"] == "handshake" {
		kind = fmt.Sprintf("QoS %v", o["qos"])
	}
	client := o["client_id"]
	if client == nil {
		client = o["client"]
	}
	line := fmt.Sprintf("%s %s %s id %v from %s of %s", at, state, kind, o["packet_id"], o["sender"], decode.Escape(fmt.Sprint(client)))
	if code, _ := o["reason_code"].(float64); code != 0 {
		line += fmt.Sprintf(", 0x%02X", uint8(code))
	}
	if n := o["resends"].(float64); n > 0 {
		line += fmt.Sprintf(", %v resent", n)
	}
	if o["joined_late"] == true {
		line += ", joined late"
	}
	return line
}

// seconds writes a time of JSON Lines as scenarios have it: in seconds since the start.
func seconds(t *testing.T, v any) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%.3f", at.Sub(scenario.Start.Std()).Seconds())
}
