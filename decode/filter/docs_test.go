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
	var examples, deliveries, packets, sessions, topics []string
	kind := &examples
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			kind = map[string]*[]string{"Deliveries": &deliveries, "Packets": &packets, "Sessions": &sessions, "Topics": &topics, "In reports": new([]string)}[strings.TrimSpace(title)]
			if kind == nil {
				t.Fatalf("what language is in the chapter %s?", title)
			}
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
	parses(t, examples, filter.Parse)
	parses(t, deliveries, filter.ParseDeliveries)
	parses(t, packets, filter.ParsePackets)
	parses(t, sessions, filter.ParseSessions)
	parses(t, topics, filter.ParseTopics)
	for kind, words := range filter.TableWords() {
		checkWords(t, map[string][]string{"packets": packets, "deliveries": deliveries, "sessions": sessions, "topics": topics}[kind], words)
	}
	for _, word := range filter.Words() {
		if !strings.Contains(all, "\n"+word) {
			t.Errorf("docs/filter.md has no example of %s", word)
		}
	}
}

func parses[F any](t *testing.T, examples []string, parse func(string) (F, error)) {
	t.Helper()
	for _, example := range examples {
		if _, err := parse(example); err != nil {
			t.Errorf("%s: %v", example, err)
		}
	}
}

// checkWords wants an example of each word, wherever it stands.
func checkWords(t *testing.T, examples, words []string) {
	t.Helper()
	if len(words) < 7 {
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
