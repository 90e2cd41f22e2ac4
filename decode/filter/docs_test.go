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
	var examples []string
	for line := range strings.Lines(string(text)) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			cell, _, _ = strings.Cut("`"+cell, " | ")
			for _, m := range code.FindAllStringSubmatch(cell, -1) {
				examples = append(examples, m[1])
			}
		} else if block, ok := strings.CutPrefix(line, "    "); ok {
			examples = append(examples, strings.TrimSpace(block))
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
	for _, word := range filter.Words() {
		if !strings.Contains(all, "\n"+word) {
			t.Errorf("docs/filter.md has no example of %s", word)
		}
	}
}
