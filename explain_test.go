package main_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

func TestExplainListsAll(t *testing.T) {
	r := run(t, nil, "explain")
	if r.status != 0 || r.stderr != "" {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	words := strings.Join(strings.Fields(r.stdout), " ")
	for _, e := range handshake.Catalogue() {
		if !strings.Contains(words, string(e.Name)+" "+e.Title) {
			t.Errorf("%s and its title are not listed", e.Name)
		}
	}
	narrow(t, r.stdout)
}

// TestExplainSaysAll holds what is printed of each alert against the catalogue.
func TestExplainSaysAll(t *testing.T) {
	for _, e := range handshake.Catalogue() {
		r := run(t, nil, "explain", string(e.Name))
		if r.status != 0 {
			t.Fatalf("%s: status %d: %s", e.Name, r.status, r.stderr)
		}
		narrow(t, r.stdout)
		words := strings.Join(strings.Fields(r.stdout), " ")
		wants := append([]string{e.Title, e.Grades(), string(e.Subject), e.Kind(), e.Means, e.Clauses()}, e.Causes...)
		for _, want := range append(wants, e.Checks...) {
			if !strings.Contains(words, want) {
				t.Errorf("%s: %q is not printed:\n%s", e.Name, want, r.stdout)
			}
		}
	}
}

// narrow checks that a pipe gets lines of at most 80 columns.
func narrow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %q", line)
		}
	}
}

func TestExplainFinds(t *testing.T) {
	tests := []struct {
		word   string
		begin  string // of stdout
		stderr string
	}{
		{"inflight", "inflight-window-full: ", ""},
		{"PUBACK", "puback-overdue: ", ""},
		{"publish-after", "publish-after-pubrel: ", ""},
		{"packet", "", "mqttwatch: explain packet: several alerts begin so: packet-id-in-use, packet-id-zero, packet-id-not-found\n"},
		{"window-full", "", "mqttwatch: explain window-full: no such alert; near it are inflight-window-full; mqttwatch explain lists all\n"},
		{"ack-duplicate", "", "mqttwatch: explain ack-duplicate: no such alert; near it are duplicate-ack, duplicate-delivery; mqttwatch explain lists all\n"},
		{"pubac-overdu", "", "mqttwatch: explain pubac-overdu: no such alert; near it are puback-overdue, pubrec-overdue, suback-overdue; mqttwatch explain lists all\n"},
		{"weather", "", "mqttwatch: explain weather: no such alert; mqttwatch explain lists all\n"},
	}
	for _, test := range tests {
		r := run(t, nil, "explain", test.word)
		if test.stderr == "" && (r.status != 0 || !strings.HasPrefix(r.stdout, test.begin)) {
			t.Errorf("explain %s: status %d, %q, want %q…", test.word, r.status, r.stdout, test.begin)
		}
		if test.stderr != "" && (r.status != 2 || r.stdout != "" || r.stderr != test.stderr) {
			t.Errorf("explain %s: status %d, stderr %q, want 2 and %q", test.word, r.status, r.stderr, test.stderr)
		}
	}
}
