package watch_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

var update = flag.Bool("update", false, "write what is concluded into the scenario files; read the difference before you commit it")

// start is when every scenario begins.
const start = scenario.Start

// feed runs a scenario through an engine, a segment at a time, and returns what it concludes, a line an event.
func feed(s *scenario.Scenario, cfg watch.Config) ([]string, *watch.Engine) {
	var lines []string
	cfg.OnEvent = func(e *watch.Event) { lines = append(lines, line(e)) }
	cfg.Rules, cfg.Servers = rulesOf(s), serversOf(s)
	e := watch.New(cfg)
	for _, seg := range s.Segments() {
		e.Feed([]decode.Segment{seg})
	}
	e.Finish()
	return lines, e
}

// rulesOf reads the rules of a scenario.
func rulesOf(s *scenario.Scenario) []*expect.Rule {
	var rules []*expect.Rule
	for _, text := range s.Expect {
		rule, err := expect.Parse(text)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", text, err))
		}
		rules = append(rules, rule)
	}
	return rules
}

// serversOf reads the Servers that a scenario declares.
func serversOf(s *scenario.Scenario) (servers handshake.Servers) {
	for _, text := range s.Servers {
		if err := servers.Add(text); err != nil {
			panic(fmt.Sprintf("%s: %v", text, err))
		}
	}
	return servers
}

// line writes an event as scenarios have it.
func line(e *watch.Event) string {
	at := fmt.Sprintf("%.3f", e.Time.Sub(start).Seconds())
	switch e.Kind {
	case watch.HandshakeEnded, watch.HandshakeOpen:
		r := e.Row
		s := fmt.Sprintf("%s %s %s id %d from %s of %s", at, r.State, r.Kind, r.PacketID, r.Sender, decode.Escape(r.Client))
		if r.Reason != 0 {
			s += fmt.Sprintf(", 0x%02X", uint8(r.Reason))
		}
		if r.Resends > 0 {
			s += fmt.Sprintf(", %d resent", r.Resends)
		}
		if r.JoinedLate {
			s += ", joined late"
		}
		return s
	}
	if e.Kind == watch.DeliverySettled {
		return at + " " + deliveryLine(e.Delivery)
	}
	if e.Kind == watch.ExpectationChanged {
		return at + " " + expectationLine(e.Expectation)
	}
	verb := map[watch.EventKind]string{watch.AlertRaised: "raised", watch.AlertEscalated: "escalated", watch.AlertCleared: "cleared"}[e.Kind]
	return fmt.Sprintf("%s %s %s %s: %s", at, verb, e.Alert.Severity, e.Alert.Name, e.Alert.Text)
}

// configFor follows deliveries in the scenarios about them, and about rules.
func configFor(file string) watch.Config {
	name := filepath.Base(file)
	return watch.Config{Deliveries: strings.HasPrefix(name, "delivery-") || strings.HasPrefix(name, "expect-"), Responses: strings.HasPrefix(name, "expect-")}
}

// expectationLine writes a request, an answer or a heartbeat as scenarios have it.
func expectationLine(x *expect.Expectation) string {
	s := fmt.Sprintf("expectation %d %s", x.ID, x.State)
	if x.Topic != "" {
		s += " " + decode.Escape(x.Topic)
	}
	if x.ClientKnown {
		s += " from " + decode.Escape(x.Client)
	}
	if x.Answers > 0 {
		s += fmt.Sprintf(", answer %s", decode.Escape(x.Answer))
	}
	if x.Answers > 1 {
		s += fmt.Sprintf(" and %d more", x.Answers-1)
	}
	if x.Latency >= 0 {
		s += " after " + x.Latency.String()
	}
	if x.Shared {
		s += ", one of several"
	}
	return s
}

// deliveryLine writes a delivery as scenarios have it: the message, its verdict, and each copy.
func deliveryLine(d *watch.Delivery) string {
	s := fmt.Sprintf("delivery %d %s %s from %s QoS %d %s", d.ID, d.Verdict, d.Confidence, decode.Escape(d.Publisher), d.QoS, decode.Escape(d.Topic))
	if d.Will {
		s += " (Will)"
	}
	for _, c := range d.Copies {
		s += "; " + decode.Escape(c.Subscriber)
		if c.Group != "" {
			s += "@" + c.Group
		}
		s += " " + c.Outcome.String()
		if c.QoS < 3 {
			s += fmt.Sprintf(" QoS %d", c.QoS)
		}
		if c.Doubt != 0 && !c.Required {
			s += fmt.Sprintf(" (%s)", c.Doubt)
		}
		if c.Whole >= 0 {
			s += " " + c.Whole.String()
		}
	}
	if d.Replays > 0 {
		s += fmt.Sprintf("; %d replayed", d.Replays)
	}
	return s
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := scenario.Parse(strings.NewReader(string(text)))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			got, _ := feed(s, configFor(file))
			if *update {
				head, _, _ := strings.Cut(string(text), scenario.Separator)
				out := strings.TrimRight(head, "\n") + "\n" + scenario.Separator + "\n" + strings.Join(got, "\n") + "\n"
				if err := os.WriteFile(file, []byte(out), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !slices.Equal(got, s.Events) {
				t.Errorf("%s\ngot:\n  %s\nwant:\n  %s", s.Title, strings.Join(got, "\n  "), strings.Join(s.Events, "\n  "))
			}
		})
	}
}

// TestScenariosAtAnyPace feeds a tick every 10 ms between the packets: when time is told must make no difference.
func TestScenariosAtAnyPace(t *testing.T) {
	for name, s := range loadScenarios(t) {
		want, _ := feed(s, configFor(name))
		ticked := *s
		ticked.Acts = nil
		for i, a := range s.Acts {
			if i > 0 {
				for at := s.Acts[i-1].At; at < a.At; at += 10_000_000 {
					ticked.Acts = append(ticked.Acts, scenario.Act{At: at, Op: scenario.Tick})
				}
			}
			ticked.Acts = append(ticked.Acts, a)
		}
		if got, _ := feed(&ticked, configFor(name)); !slices.Equal(got, want) {
			t.Errorf("%s with ticks:\ngot:\n  %s\nwant:\n  %s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
}

// TestDocumentedScenario runs the example of CONTRIBUTING.md.
func TestDocumentedScenario(t *testing.T) {
	b, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "as a scenario in five minutes")
	_, rest, _ = strings.Cut(rest, "```\n")
	text, _, found := strings.Cut(rest, "```\n")
	s, err := scenario.Parse(strings.NewReader(text))
	if !found || err != nil {
		t.Fatalf("no example: %v", err)
	}
	if got, _ := feed(s, watch.Config{}); !slices.Equal(got, s.Events) || len(got) == 0 {
		t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(s.Events, "\n  "))
	}
}
