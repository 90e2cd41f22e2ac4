package filter_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// An expression chooses some of what a language is about.
type expression[T any] interface {
	Match(*T) bool
	String() string
}

// checkChoices parses each text and wants a * for each of all that it chooses, and a . for the others.
func checkChoices[T any, F expression[T]](t *testing.T, all []T, parse func(string) (F, error), choices map[string]string) {
	t.Helper()
	for text, want := range choices {
		f, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ""
		for i := range all {
			if f.Match(&all[i]) {
				got += "*"
			} else {
				got += "."
			}
		}
		if got != want {
			t.Errorf("%s chooses %s, want %s", text, got, want)
		}
		if f.String() != text {
			t.Errorf("%s reads as %s", text, f)
		}
	}
}

func TestSessions(t *testing.T) {
	well := filter.Session{
		Client: "pump-7", Addr: netip.MustParseAddrPort("10.0.0.7:5000"), Server: netip.MustParseAddrPort("10.1.0.1:1883"), ServerName: "broker.local",
		Version: decode.V5, Connected: true, Connections: 1, Publish: [3]uint64{4, 0, 1}, Oldest: -1, RTT: 40 * time.Millisecond,
	}
	full := well
	full.Client, full.Stuck, full.Open, full.InFlight, full.Limit, full.Oldest, full.RTT = "display", 5, 6, [2]int{0, 5}, [2]int{1024, 5}, time.Minute, -1
	gone := filter.Session{Addr: netip.MustParseAddrPort("10.0.0.9:1"), Version: decode.V311, Connections: 7, Oldest: -1, RTT: -1, Idle: time.Hour}
	silent := filter.Session{Client: "pump-8", Version: decode.V31, Connected: true, Silent: true, Alert: true, Publish: [3]uint64{0, 3, 0}, Oldest: -1, RTT: time.Second}
	all := []filter.Session{well, full, gone, silent}
	asks := gone
	asks.Connecting = true
	checkChoices(t, []filter.Session{well, gone, asks}, filter.ParseSessions, map[string]string{"online": "*..", "offline": ".*.", "connecting": "..*"})
	checkChoices(t, all, filter.ParseSessions, map[string]string{
		"": "****", "pump": "*..*", "10.0.0.9": "..*.", "broker": "**..", "client:DISPLAY": ".*..", "client=pump-7": "*...", "host:10.0.0.7": "**..",
		"host:10.1.0.0/16": "**..", "host:local": "**..", "host:10.0.0.9:1": "..*.", "version:5": "**..", "version:3.1.1": "..*.", "version=3.1": "...*", "qos:2": "**..",
		"qos:1": "...*", "qos>0": "**.*", "open>0": ".*..", "inflight>=5": ".*..", "conns>3": "..*.", "age>5s": ".*..", "age<1h": ".*..", "rtt>20ms": "*..*",
		"rtt<1m": "*..*", "idle>30s": "..*.", "stuck": ".*..", "alert": ".*.*", "full": ".*..", "online": "**.*", "offline": "..*.", "silent": "...*",
		"!stuck (online | idle>1m)": "*.**", `"stuck"`: "....",
	})
}

func TestTopics(t *testing.T) {
	temp := filter.Topic{Path: "plant/a/temp", Publish: [3]uint64{0, 9, 0}, Rate: 12.5, RTT: 40 * time.Millisecond}
	set := filter.Topic{Path: "cmd/pump/set", Publish: [3]uint64{0, 0, 2}, Rate: 0.05, Open: 2, Stuck: 1, RTT: -1, Idle: time.Minute}
	alias := filter.Topic{Publish: [3]uint64{1, 0, 0}, RTT: -1}
	all := []filter.Topic{temp, set, alias}
	checkChoices(t, all, filter.ParseTopics, map[string]string{
		"": "***", "TEMP": "*..", "topic:pump": ".*.", "topic:plant/+/temp": "*..", "topic:#": "***", "topic=cmd/pump/set": ".*.", "qos:0": "..*", "qos>0": "**.",
		"rate>5": "*..", "rate<0.1": ".**", "rate>=12.5": "*..", "open>1": ".*.", "rtt>20ms": "*..", "rtt<1s": "*..", "idle>30s": ".*.", "stuck": ".*.",
		"stuck | qos:1": "**.",
	})
}

func TestSessionAndTopicMistakes(t *testing.T) {
	for text, column := range map[string]int{
		"state:stuck": 1, "qos:3": 5, "version:6": 9, "version:3": 9, "host:300.1.1.1/99": 6, "latency>1s": 1, "version>5": 9, "open>x": 6, "inflight>-1": 10, "age:5s": 5, "rtt>5": 5, "client>a": 8, "host>1": 6, "idle>": 6,
	} {
		mistakeAt(t, text, column, func(s string) error { _, err := filter.ParseSessions(s); return err })
	}
	for text, column := range map[string]int{
		"client:a": 1, "rate:5": 6, "rate>fast": 6, "topic:a/#/b": 7, "topic>a": 7, "open>1.5": 6, "rtt=1s": 5,
	} {
		mistakeAt(t, text, column, func(s string) error { _, err := filter.ParseTopics(s); return err })
	}
}

func mistakeAt(t *testing.T, text string, column int, parse func(string) error) {
	t.Helper()
	var at *filter.Error
	if err := parse(text); !errors.As(err, &at) || at.Column != column || at.Reason == "" {
		t.Errorf("%s: %v, want a mistake at column %d", text, err, column)
	}
}
