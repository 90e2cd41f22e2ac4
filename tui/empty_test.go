package tui_test

import (
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// TestEmptyScreens says what is there in place of handshakes.
func TestEmptyScreens(t *testing.T) {
	tests := []struct {
		name string
		snap watch.Snapshot
		want string
	}{
		{"TLS only", emptyOf("live", map[string]uint64{"TLS": 12}, 0), "Likely encrypted: 12 TLS connections."},
		{"TLS beside MQTT", emptyOf("live", map[string]uint64{"TLS": 12, "HTTP": 1}, 5), "Beside it are connections that cannot be looked into: TLS 12."},
		{"WebSocket with compression", emptyOf("live", map[string]uint64{"WebSocket with compression": 2}, 0), "compressed WebSocket, which is not unpacked: 2 connections."},
		{"WebSocket without MQTT", emptyOf("live", map[string]uint64{"WebSocket": 2, "HTTP": 1}, 0), "WebSocket, but no MQTT in it: 2 connections; others: HTTP 1."},
		{"something else", emptyOf("live", map[string]uint64{"not MQTT": 3, "no data": 1}, 0), "TCP, but no MQTT: not MQTT 3, no data 1."},
		{"link type", notDecoded("link type 195 (IEEE802_15_4_WITHFCS)"), "Not decoded: link type 195"},
		{"no TCP", notDecoded(""), "No TCP connection in what was captured."},
	}
	for _, tt := range tests {
		d := newDriver(t, &fake{base: tt.snap}, 200, 60, theme.Options{Color: false})
		text := strings.Join(strings.Fields(d.frame()), " ") // lines are wrapped
		if !strings.Contains(text, tt.want) {
			t.Errorf("%s: %q is not on the screen:\n%s", tt.name, tt.want, d.frame())
		}
	}
}

// TestNothingSubscribed says what to do where no message comes by itself, until one does.
func TestNothingSubscribed(t *testing.T) {
	unsubscribed := func(opt *tui.Options) { opt.Unsubscribed = true }
	connected := emptyOf("live", nil, 0)
	connected.Counts.Packets[decode.CONNECT] = 1
	for _, key := range []string{"1", "4"} {
		newDriver(t, &fake{base: connected}, 120, 40, theme.Options{}, unsubscribed).keys(key).has("Nothing is subscribed: start with -t '#', or press P")
		newDriver(t, &fake{base: connected}, 120, 40, theme.Options{}).keys(key).hasNot("Nothing is subscribed")
	}
	newDriver(t, &fake{base: emptyOf("live", nil, 7)}, 120, 40, theme.Options{}, unsubscribed).has("7 messages of QoS 0 seen")
}

// TestNobodyAtProxy says where clients are to connect.
func TestNobodyAtProxy(t *testing.T) {
	s := emptyOf("live", nil, 0)
	s.Sources = []decode.SourceStats{{Name: "mqtt://127.0.0.1:1883", Kind: "proxy", State: "live", Listen: "127.0.0.1:1884"}}
	newDriver(t, &fake{base: s}, 120, 40, theme.Options{}).has("Clients connect to 127.0.0.1:1884").hasNot("Is this the right interface")
}

// notDecoded is of a source with frames, but without TCP.
func notDecoded(what string) watch.Snapshot {
	s := emptyOf("live", nil, 0)
	s.Sources[0].TCPFrames = 0
	if what != "" {
		s.Sources[0].NotDecoded = map[string]uint64{what: 7}
	} else {
		s.Sources[0].NotDecoded = nil
	}
	s.Sources = append([]decode.SourceStats(nil), s.Sources...)
	return s
}

// TestNothingBesideEmptyList has a filter that chooses nothing: the second pane is not to show what is not in the list.
func TestNothingBesideEmptyList(t *testing.T) {
	f := surveyOf(-1)
	d := newDriver(t, f, 160, 40, theme.Options{})
	d.keys("7", "g", "/", "a", "enter")
	d.has("No packet matches", "No packet to show: the list is empty.")
	d.hasNot("bytes on the wire")
	d.keys("2", "g", "/", "a", "enter")
	d.has("No delivery matches", "No delivery to show: the list is empty.")
}

// TestNoProblemsAmongThoseKept says how many deliveries no filter can find.
func TestNoProblemsAmongThoseKept(t *testing.T) {
	for _, tt := range []struct {
		gone, problems uint64
		keys           []string
		want           []string
	}{
		{0, 0, []string{"!"}, []string{"Nothing is wrong with any of 68: ! shows them again."}},
		{50_000, 0, []string{"!"}, []string{"Nothing is wrong with any of the 68 that are kept", "50,000 more are no longer kept; none of them had a problem when it went."}},
		{50_000, 2_500, []string{"!"}, []string{"Nothing is wrong with any of the 68 that are kept", "50,000 more are no longer kept; 2,500 of them had a problem."}},
		{50_000, 2_500, []string{"/", "x", "enter"}, []string{"It hides all of 68", "50,000 more are no longer kept; 2,500 of them had a problem."}},
	} {
		f := surveyAndDeliveries()
		f.base.Deliveries.Counts.Evicted, f.base.Deliveries.Counts.EvictedProblems = tt.gone, tt.problems
		d := newDriver(t, f, 200, 60, theme.Options{})
		d.keys(append([]string{"2"}, tt.keys...)...)
		d.has(tt.want...)
	}
}
