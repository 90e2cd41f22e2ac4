package filter_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/filter"
)

// TestDocumentedWords parses every example of docs/filter.md, and wants one of every word there is.
func TestDocumentedWords(t *testing.T) {
	text, err := os.ReadFile("../../docs/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	var examples, deliveries, packets []string
	kind := &examples
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "## Packets"):
			kind = &packets
		case strings.HasPrefix(line, "## "):
			kind = &deliveries
		}
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			cell, _, _ = strings.Cut("`"+cell, " | ")
			for _, m := range code.FindAllStringSubmatch(cell, -1) {
				*kind = append(*kind, m[1])
			}
		} else if block, ok := strings.CutPrefix(line, "    "); ok {
			*kind = append(*kind, strings.TrimSpace(block))
		}
	}
	if len(examples) < 40 {
		t.Fatalf("found only %d examples", len(examples))
	}
	all := "\n" + strings.Join(examples, "\n") + "\n"
	for _, example := range examples {
		if _, err := filter.Parse(example); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	for _, example := range deliveries {
		if _, err := filter.ParseDeliveries(example); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	for _, example := range packets {
		if _, err := filter.ParsePackets(example); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
	checkWords(t, packets, []string{"topic", "client", "id", "qos", "type", "host", "reason", "sender", "dup", "retain", "malformed", "lost"})
	checkWords(t, deliveries, filter.DeliveryWords())
	for _, word := range filter.Words() {
		if !strings.Contains(all, "\n"+word) {
			t.Errorf("docs/filter.md has no example of %s", word)
		}
	}
}

// checkWords wants an example of each word, wherever it stands.
func checkWords(t *testing.T, examples, words []string) {
	t.Helper()
	if len(words) < 8 {
		t.Fatalf("only %d words", len(words))
	}
	for _, word := range words {
		found := false
		for _, e := range examples {
			found = found || strings.HasPrefix(e, word)
		}
		if !found {
			t.Errorf("docs/filter.md has no example of %s", word)
		}
	}
}
