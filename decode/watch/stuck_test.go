package watch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestStuckAsFiltered counts as stuck what the filter finds at every moment of every scenario: neither an alert about a connection nor one about
// a rule is a handshake that is stuck.
func TestStuckAsFiltered(t *testing.T) {
	stuck, err := filter.Parse("stuck")
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for name, s := range loadScenarios(t) {
		cfg := configFor(name)
		cfg.Rules, cfg.Servers = rulesOf(s), serversOf(s)
		e := watch.New(cfg)
		for _, seg := range s.Segments() {
			e.Feed([]decode.Segment{seg})
			got := e.Snapshot(watch.Query{Filter: stuck})
			for got.Filtered < 1 {
				got = e.Snapshot(watch.Query{Filter: stuck})
			}
			if n := got.Stuck.Warn + got.Stuck.Critical; n != got.Matched {
				t.Errorf("%s at %s: %d stuck, the filter finds %d", name, got.Now.Sub(start), n, got.Matched)
			}
			some += got.Matched
		}
	}
	if some == 0 {
		t.Error("nothing was ever stuck")
	}
}

// TestSort tells alerts about copies that were sent from those about copies that are queued.
func TestSort(t *testing.T) {
	_, e := feed(loadScenarios(t)["delivery-window-full"], watch.Config{Deliveries: true})
	sorts := map[string][]string{}
	for _, a := range e.Snapshot(watch.Query{AlertLimit: 100}).Alerts {
		if a.Name == handshake.DeliveryIncomplete {
			sorts[a.Sort] = append(sorts[a.Sort], a.Text)
		}
	}
	if len(sorts) != 2 {
		t.Errorf("sorts: %q", sorts)
	}
}

// TestJoinedIsOneSort: by which packet it was learned that a connection began before the capture makes no other alert of it.
func TestJoinedIsOneSort(t *testing.T) {
	sorts := map[string]bool{}
	some := 0
	for name, s := range loadScenarios(t) {
		_, e := feed(s, configFor(name))
		for _, a := range e.Snapshot(watch.Query{AlertLimit: 100}).Alerts {
			if a.Name == handshake.JoinedMidStream {
				sorts[a.Sort] = true
				some++
			}
		}
	}
	if len(sorts) != 1 || some < 5 {
		t.Errorf("%d alerts, sorts %v", some, sorts)
	}
}

// TestBegan holds from when on alerts count against the duration in their text.
func TestBegan(t *testing.T) {
	names := []handshake.AlertName{
		handshake.PubackOverdue, handshake.PubrecOverdue, handshake.PubrelOverdue, handshake.PubcompOverdue, handshake.SubackOverdue, handshake.ConnackOverdue,
		handshake.PingrespOverdue, handshake.KeepaliveOverdue, handshake.InflightWindowFull, handshake.HeartbeatOverdue,
	}
	seen := map[handshake.AlertName]bool{}
	for name, s := range loadScenarios(t) {
		cfg := configFor(name)
		cfg.OnEvent = func(e *watch.Event) {
			if a := e.Alert; a != nil && (slices.Contains(names, a.Name) || a.Name == handshake.DeliveryIncomplete && a.Lasting) {
				seen[a.Name] = true
				if age := handshake.Age(e.Time.Sub(a.Began)); !strings.Contains(a.Text, age) {
					t.Errorf("%s: began %s ago: %s", name, age, a.Text)
				}
			}
		}
		cfg.Rules, cfg.Servers = rulesOf(s), serversOf(s)
		e := watch.New(cfg)
		for _, seg := range s.Segments() {
			e.Feed([]decode.Segment{seg})
		}
	}
	if len(seen) != len(names)+1 {
		t.Errorf("seen: %v", seen)
	}
}
