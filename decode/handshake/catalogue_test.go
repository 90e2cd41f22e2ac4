package handshake_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

var update = flag.Bool("update", false, "write docs/alerts.md from the catalogue")

// names returns the constants of type AlertName, as the source has them.
func names(t *testing.T) []handshake.AlertName {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "alert.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []handshake.AlertName
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "AlertName" {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, handshake.AlertName(name))
		}
		return true
	})
	if len(out) < 30 {
		t.Fatalf("only %d alerts found in alert.go", len(out))
	}
	return out
}

func TestEveryAlertIsExplained(t *testing.T) {
	known := names(t)
	for _, name := range known {
		if _, ok := handshake.Explain(name); !ok {
			t.Errorf("the catalogue has no entry for %s", name)
		}
	}
	seen := map[handshake.AlertName]bool{}
	for _, e := range handshake.Catalogue() {
		if seen[e.Name] {
			t.Errorf("%s stands twice", e.Name)
		}
		seen[e.Name] = true
		if !slices.Contains(known, e.Name) {
			t.Errorf("the catalogue explains %s, which does not exist", e.Name)
		}
	}
	if _, ok := handshake.Explain("no-such-alert"); ok {
		t.Error("an alert that does not exist is explained")
	}
}

var (
	clause   = regexp.MustCompile(`^[2-4]\.\d+\.\d+-\d+$`)
	sentence = regexp.MustCompile(`[.?)"]$`)
)

func TestEntriesAreWhole(t *testing.T) {
	for _, e := range handshake.Catalogue() {
		if e.Title == "" || len(e.Title) > 80 || strings.HasSuffix(e.Title, ".") {
			t.Errorf("%s: the title is %q: want one line without a full stop", e.Name, e.Title)
		}
		if len(e.Causes) == 0 || len(e.Checks) == 0 || len(e.Severities) == 0 || e.Subject == "" {
			t.Errorf("%s lacks causes, checks, severities or a subject", e.Name)
		}
		if e.Sides != "" && (len(e.Sides) != len(e.Causes) || strings.Trim(e.Sides, "cb-") != "") {
			t.Errorf("%s: sides %q of %d causes", e.Name, e.Sides, len(e.Causes))
		}
		for _, owes := range []decode.Direction{decode.FromClient, decode.FromServer} {
			if len(e.CausesFor(owes)) != len(e.Causes) {
				t.Errorf("%s: %d causes where %s owes, of %d", e.Name, len(e.CausesFor(owes)), owes, len(e.Causes))
			}
		}
		if !slices.IsSorted(e.Severities) {
			t.Errorf("%s: severities %v: want the mildest first", e.Name, e.Severities)
		}
		for _, text := range slices.Concat([]string{e.Means}, e.Causes, e.Checks) {
			if !sentence.MatchString(strings.TrimRight(text, ")")) && !strings.HasSuffix(text, ")") || strings.ContainsAny(text, "\n\t—") {
				t.Errorf("%s: %q is no plain sentence", e.Name, text)
			}
		}
		for _, c := range slices.Concat(e.V311, e.V5) {
			if !clause.MatchString(c) {
				t.Errorf("%s: clause %q", e.Name, c)
			}
		}
	}
}

// document is where the catalogue stands for those who read it on paper.
const document = "../../docs/alerts.md"

func TestDocument(t *testing.T) {
	want := markdown()
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil || string(got) != want {
		t.Errorf("docs/alerts.md is not what the catalogue says: go test ./decode/handshake -run TestDocument -update (%v)", err)
	}
}

func markdown() string {
	var b strings.Builder
	b.WriteString(`# Alerts

What mqttwatch recognises, what usually causes it, and what to check next. ` + "`mqttwatch explain NAME`" + ` prints the same.

An alert is one condition: it is raised once. Where it lasts it ages until it clears, and its severity may rise; what happens at a point in time is
counted. Severities are notice (about the capture, not about what was sent), info, warn and critical; ` + "`--fail-on warn`" + ` and ` + "`--fail-on critical`" + ` make
them an exit status. Names like mosquitto#897 are issues of that project on GitHub. [MQTT-4.4.0-1] is a normative statement of the OASIS standard.

| alert | severity | about | what is the matter |
|---|---|---|---|
`)
	all := handshake.Catalogue()
	for _, e := range all {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", e.Name, e.Name, e.Grades(), e.Subject, e.Title)
	}
	for _, e := range all {
		fmt.Fprintf(&b, "\n## %s\n\n*%s.* %s; about the %s; %s.\n\n%s\n", e.Name, upper(e.Title), upper(e.Grades()), e.Subject, e.Kind(), plain(e.Means))
		for _, g := range e.CauseGroups() {
			list(&b, g.Head, g.Causes)
		}
		list(&b, "What to check next", e.Checks)
		if c := e.Clauses(); c != "" {
			fmt.Fprintf(&b, "\nIn the standard: %s.\n", c)
		}
	}
	return b.String()
}

func list(b *strings.Builder, head string, items []string) {
	fmt.Fprintf(b, "\n%s:\n\n", head)
	for _, item := range items {
		fmt.Fprintf(b, "- %s\n", plain(item))
	}
}

// plain escapes what Markdown would take for its own.
func plain(text string) string { return strings.NewReplacer("_", `\_`, "*", `\*`).Replace(text) }

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
