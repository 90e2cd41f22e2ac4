package watch_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

// loadScenarios returns all scenarios by the names of their files.
func loadScenarios(t *testing.T) map[string]*scenario.Scenario {
	t.Helper()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	all := map[string]*scenario.Scenario{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse(strings.NewReader(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = s
	}
	return all
}

// TestCatalogueTellsWhatIsRaised holds the catalogue against what the scenarios bring about: the severities, and whether it lasts, in both directions.
func TestCatalogueTellsWhatIsRaised(t *testing.T) {
	raised := map[handshake.AlertName]map[handshake.Severity]bool{}
	cleared := map[handshake.AlertName]bool{}
	for name, s := range loadScenarios(t) {
		e := watch.New(watch.Config{OnEvent: func(e *watch.Event) {
			if e.Alert == nil {
				return
			}
			a := e.Alert
			entry, ok := handshake.Explain(a.Name)
			switch {
			case !ok:
				t.Errorf("%s: %s is not in the catalogue", name, a.Name)
			case !slices.Contains(entry.Severities, a.Severity):
				t.Errorf("%s: %s is %s; the catalogue has %v", name, a.Name, a.Severity, entry.Severities)
			case a.Lasting != entry.Lasting:
				t.Errorf("%s: %s lasts: %t; the catalogue has %t", name, a.Name, a.Lasting, entry.Lasting)
			}
			if raised[a.Name] == nil {
				raised[a.Name] = map[handshake.Severity]bool{}
			}
			raised[a.Name][a.Severity] = true
			cleared[a.Name] = cleared[a.Name] || e.Kind == watch.AlertCleared
		}})
		e.Feed(s.Segments())
		e.Finish()
	}
	for _, entry := range handshake.Catalogue() {
		if entry.Subject == handshake.AboutMessage || entry.Subject == handshake.AboutRule {
			continue // raised by who follows messages through the broker, or knows the user's rules, which scenarios of one hop do not show
		}
		for _, severity := range entry.Severities {
			if !raised[entry.Name][severity] {
				t.Errorf("no scenario shows %s as %s", entry.Name, severity)
			}
		}
		if entry.Lasting && !cleared[entry.Name] {
			t.Errorf("no scenario shows how %s clears", entry.Name)
		}
	}
}
