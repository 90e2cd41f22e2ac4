// Package deptest holds tests of the source itself: who may import whom, and that every package says what it is.
package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mqttwatch/mqttwatch"

// A rule says what packages below a folder may import, beyond the standard library. The longest folder that fits rules.
type rule struct {
	folder string
	// ours and others are what may be imported: of ours just that package, with "/..." all below it too; of others all below.
	ours, others []string
	// not lists packages of the standard library that may not be imported.
	not    []string
	reason string
}

// edges are the packages through which a program touches the world.
var edges = []string{"os", "net", "net/http", "log", "log/slog", "syscall", "unsafe", "os/exec", "os/signal", "flag", "math/rand", "math/rand/v2"}

var rules = []rule{
	{
		folder: "decode", not: edges,
		reason: "the decoder takes bytes and times and gives packets: it knows no edge, so that one decoder serves every source and a capture gives the same events at any speed",
	},
	{
		folder: "decode/handshake", ours: []string{"decode"}, not: edges,
		reason: "the tracker takes packets and times and gives events: no clock, no I/O, no source, no screen",
	},
	{
		folder: "decode/delivery", ours: []string{"decode", "decode/handshake"}, not: edges,
		reason: "the correlator observes the tracker: no clock, no I/O, no source, no screen",
	},
	{
		folder: "decode/expect", ours: []string{"decode", "decode/handshake"}, not: edges,
		reason: "rules observe the tracker: no clock, no I/O, no source, no screen",
	},
	{
		folder: "decode/filter", ours: []string{"decode", "decode/handshake", "decode/delivery", "internal/near"}, not: edges,
		reason: "screens and reports share one language, which asks the tracker's handshakes and the correlator's messages and nothing else",
	},
	{
		folder: "decode/watch", ours: []string{"decode", "decode/handshake", "decode/delivery", "decode/expect", "decode/filter"},
		others: []string{"github.com/HdrHistogram/hdrhistogram-go"}, not: edges,
		reason: "the engine is below sources and front ends: it may know neither",
	},
	{
		folder: "capture", ours: []string{"decode"},
		others: []string{"github.com/google/gopacket", "github.com/eclipse/paho.golang", "github.com/eclipse/paho.mqtt.golang", "github.com/gorilla/websocket", "github.com/klauspost/compress/zstd", "golang.org/x/net/bpf", "golang.org/x/sys"},
		reason: "a source yields segments of bytes; what they mean (handshakes) and how it is shown is not its business",
	},
	{
		folder: "capture/demo", ours: []string{"decode", "capture", "internal/badclient", "internal/embedded"},
		others: []string{"github.com/mochi-mqtt/server/v2", "github.com/eclipse/paho.golang"},
		reason: "the demo is a source like any other; its broker and devices stay inside; the devices are the client that tests misbehave with, too",
	},
	{
		folder: "capture/probe", ours: []string{"decode", "capture"},
		reason: "a probe speaks MQTT itself over connections that capture opens; it judges single packets, and needs neither tracker nor screen",
	},
	{
		folder: "theme", others: []string{"charm.land/lipgloss/v2"},
		reason: "styles by role: a theme knows no screen and no data",
	},
	{
		folder: "tui", ours: []string{"decode/...", "theme", "tui/..."},
		others: []string{"charm.land", "github.com/charmbracelet/x", "github.com/charmbracelet/colorprofile", "github.com/sahilm/fuzzy"},
		reason: "the screen pulls snapshots from the engine: it may not know where bytes come from",
	},
	{
		folder: "report", ours: []string{"decode/..."},
		reason: "reports are peers of the screen: they take events and snapshots, wherever the bytes come from",
	},
	{
		folder: "internal", ours: []string{"decode", "internal/..."},
		reason: "helpers of tests: what they know, no test could check",
	},
	{
		folder: "internal/bench", ours: []string{"decode", "internal/traffic"}, others: []string{"golang.org/x/sys"},
		reason: "the program is measured from outside, as users have it, on a terminal that the kernel gives",
	},
	{
		folder: "internal/need", ours: []string{"internal/embedded"}, others: []string{"github.com/mochi-mqtt/server/v2"},
		reason: "it starts for tests what they need, and knows nothing of what they test",
	},
	{
		folder: "internal/embedded", others: []string{"github.com/mochi-mqtt/server/v2"},
		reason: "it starts a broker and ends it, whoever needs one",
	},
	{
		folder: "internal/config", others: []string{"github.com/pelletier/go-toml/v2"},
		reason: "the configuration file is keys, values and lines: what they mean is main's business",
	},
	{
		folder: "internal/picture", others: []string{"github.com/charmbracelet/x/ansi"},
		reason: "pictures are drawn of what tmux has captured, whatever drew that",
	},
	{
		folder: "internal/near", not: edges,
		reason: "it compares words, for the command line and for the filter language, and knows nothing else",
	},
	{
		folder: ".", ours: []string{"capture/...", "decode/...", "internal/config", "internal/near", "report", "theme", "tui"},
		others: []string{"github.com/alecthomas/kong", "github.com/charmbracelet/x/term"},
		reason: "main joins the command line to a source, the engine and a front end: libraries of these stay in their packages",
	},
}

// below reports whether the import path p is the package root or one below it.
func below(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// verdict returns "" where a file in folder may import p, else why not.
func (r rule) verdict(p string) string {
	if !strings.Contains(strings.SplitN(p, "/", 2)[0], ".") { // the standard library
		for _, not := range r.not {
			if p == not {
				return r.reason
			}
		}
		return ""
	}
	if below(p, module) {
		for _, ours := range r.ours {
			root, deep := strings.CutSuffix(ours, "/...")
			if full := path.Join(module, root); p == full || deep && below(p, full) {
				return ""
			}
		}
		return r.reason
	}
	for _, other := range r.others {
		if below(p, other) {
			return ""
		}
	}
	return r.reason
}

func ruleFor(folder string) (best rule, ok bool) {
	for _, r := range rules {
		if fits := r.folder == folder || strings.HasPrefix(folder, r.folder+"/"); fits && len(r.folder) >= len(best.folder) {
			best, ok = r, true
		}
	}
	return best, ok
}

func TestImports(t *testing.T) {
	for folder, files := range sources(t) {
		r, ok := ruleFor(folder)
		if !ok {
			t.Errorf("%s: no rule says what it may import: add one", folder)
			continue
		}
		for name, file := range files {
			for _, spec := range file.Imports {
				p, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if why := r.verdict(p); why != "" {
					t.Errorf("%s imports %s: %s", name, p, why)
				}
			}
		}
	}
}

// TestRules makes sure that the rules refuse what they are there to refuse.
func TestRules(t *testing.T) {
	tests := []struct {
		folder, imports string
		ok              bool
	}{
		{"decode", "net/netip", true},
		{"decode", "os", false},
		{"decode", "github.com/google/gopacket", false},
		{"decode", module + "/decode/handshake", false},
		{"decode/handshake", module + "/decode", true},
		{"decode/handshake", module + "/decode/watch", false},
		{"decode/watch", module + "/decode/filter", true},
		{"decode/watch", module + "/report", false},
		{"capture", module + "/decode", true},
		{"capture", module + "/decode/handshake", false},
		{"capture", "github.com/google/gopacket/layers", true},
		{"capture/demo", "github.com/mochi-mqtt/server/v2/listeners", true},
		{"capture/demo", module + "/decode/watch", false},
		{"tui", module + "/decode/watch", true},
		{"tui", module + "/capture", false},
		{"tui", "charm.land/bubbletea/v2", true},
		{"report", module + "/decode/handshake", true},
		{"report", module + "/theme", false},
		{"theme", module + "/decode", false},
		{".", module + "/capture/demo", true},
		{".", "charm.land/bubbletea/v2", false},
	}
	for _, test := range tests {
		r, found := ruleFor(test.folder)
		if !found {
			t.Errorf("no rule for %s", test.folder)
			continue
		}
		if got := r.verdict(test.imports) == ""; got != test.ok {
			t.Errorf("%s importing %s: allowed = %v, want %v (rule of %s)", test.folder, test.imports, got, test.ok, r.folder)
		}
	}
}

// TestNoClock keeps clocks out of the decoder, the tracker and the engine: time comes with each segment.
func TestNoClock(t *testing.T) {
	clocks := map[string]bool{"Now": true, "Since": true, "Until": true, "After": true, "AfterFunc": true, "Sleep": true,
		"NewTimer": true, "NewTicker": true, "Tick": true}
	for folder, files := range sources(t) {
		if !below(folder, "decode") {
			continue
		}
		for name, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && clocks[sel.Sel.Name] {
						t.Errorf("%s: time.%s: time is an argument here, taken from the capture", name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// TestPackageDocs wants one comment per package that says what it is, and no func init, which would run at every start.
func TestPackageDocs(t *testing.T) {
	for folder, files := range sources(t) {
		var with []string
		for name, file := range files {
			if file.Doc != nil {
				with = append(with, name)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s has a func init", name)
				}
			}
		}
		if len(with) != 1 {
			t.Errorf("package in %s has %d package comments, want 1: %v", folder, len(with), with)
		}
	}
}

// sources parses every file that is not a test, by folder relative to the top.
func sources(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	top := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(top, "go.mod")); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]*ast.File{}
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && p != top && (strings.HasPrefix(base, ".") || base == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(rel))
		if out[folder] == nil {
			out[folder] = map[string]*ast.File{}
		}
		out[folder][filepath.ToSlash(rel)] = file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 5 {
		t.Fatalf("found only %d packages below %s", len(out), top)
	}
	return out
}
