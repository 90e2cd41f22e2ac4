package scenario_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

var update = flag.Bool("update", false, "write the words into CONTRIBUTING.md")

// TestDocumentedWords holds the table of words in CONTRIBUTING.md against what Parse accepts.
func TestDocumentedWords(t *testing.T) {
	const file = "../../CONTRIBUTING.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), "<!-- words: ")
	marker, rest, ok2 := strings.Cut(rest, "-->\n")
	got, tail, ok3 := strings.Cut(rest, "<!-- end of words -->")
	if !ok || !ok2 || !ok3 {
		t.Fatal("CONTRIBUTING.md has no place for the words")
	}
	want := "\n" + scenario.Markdown() + "\n"
	if *update {
		text := head + "<!-- words: " + marker + "-->\n" + want + "<!-- end of words -->" + tail
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("the words in CONTRIBUTING.md are not those that scenarios have: go test ./internal/scenario -run TestDocumentedWords -update\ngot\n%s\nwant\n%s", got, want)
	}
}
