package tui_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// keyTable is the table of keys as docs/keys.md has it.
func keyTable() string {
	var b strings.Builder
	group := ""
	for _, k := range tui.Keys() {
		if k.Group != group {
			group = k.Group
			b.WriteString("\n## " + group + "\n\n| keys | what they do | command |\n|---|---|---|\n")
		}
		esc := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", `\`, `\\`).Replace
		keys := strings.Fields(k.Keys)
		for i := range keys {
			keys[i] = "<kbd>" + esc(keys[i]) + "</kbd>"
		}
		b.WriteString("| " + strings.Join(keys, " ") + " | " + esc(k.Help) + " | `" + k.Command + "` |\n")
	}
	return b.String()
}

// TestKeysDocument keeps docs/keys.md equal to the key map, in both directions: all below its mark is made from it.
func TestKeysDocument(t *testing.T) {
	const path, mark = "../docs/keys.md", "<!-- made from the key map: go test ./tui -run TestKeysDocument -update -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, table, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no line %q", path, mark)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+mark+keyTable()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != keyTable() {
		t.Errorf("%s is not what the key map says: run the test with -update", path)
	}
}

func TestKeysHaveNames(t *testing.T) {
	keys := tui.Keys()
	if len(keys) < 80 {
		t.Fatalf("only %d commands", len(keys))
	}
	for _, k := range keys {
		if k.Command == "" || k.Help == "" || k.Group == "" || k.Keys == "" {
			t.Errorf("%+v lacks something", k)
		}
		if strings.Trim(k.Command, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%q is no name for a command", k.Command)
		}
	}
}

func TestRebind(t *testing.T) {
	keys := map[string][]string{"filter": {"ctrl+t"}, "details": {"/", "f2"}, "freeze": {}}
	if err := tui.CheckKeys(keys); err != nil {
		t.Fatal(err)
	}
	d := newDriver(t, many(), 100, 30, theme.Options{}, func(o *tui.Options) { o.Keys = keys })
	d.has("^T filter", "/ details")
	d.hasNot("p freeze")
	d.keys("p")
	d.hasNot("FROZEN")
	d.keys(":").typeText("freeze").keys("enter", ">")
	d.has("FROZEN")
	d.keys("ctrl+t")
	d.has("the view is frozen: :freeze goes on")
	d.keys(":").typeText("freeze").keys("enter")
	d.keys("ctrl+t").typeText("qos:2")
	d.has("filter: qos:2")
	d.keys("enter", "?", "/").typeText("as you type")
	d.has("^T            filter as you type")
}

func TestRebindMistakes(t *testing.T) {
	tests := []struct {
		name string
		keys map[string][]string
		want string
	}{
		{"no such command", map[string][]string{"filtre-builder": {"x"}}, "no such command; near it are filter-builder"},
		{"no such key", map[string][]string{"filter": {"cmd+x"}}, `"cmd+x" is no key`},
		{"two commands", map[string][]string{"filter": {"x"}, "freeze": {"x"}}, "x is given to filter too"},
		{"text where text is typed", map[string][]string{"filter-keep": {"x"}}, `"x" is text there`},
		{"ctrl+c", map[string][]string{"filter": {"ctrl+c"}}, "always quits"},
		{"fixed", map[string][]string{"go-to-row": {"x"}}, "cannot be changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tui.CheckKeys(tt.keys)
			var at *tui.KeyError
			if !errors.As(err, &at) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func TestPalette(t *testing.T) {
	d := small(t, numbered(100))
	d.keys(":").typeText("top")
	d.has("top", "to the first")
	d.keys("enter").cursorOn("row-1")
	d.keys(":").typeText("42").keys("enter").cursorOn("row-42")
	d.keys(":").typeText("frz")
	d.keys("enter")
	d.has("FROZEN")
	d.keys(":").typeText("compact").keys("enter")
	d.has("not on this screen")
	d.keys("esc")
	d.keys(":").typeText("fil").keys("tab")
	d.has(": filter")
	d.keys("esc")
	d.hasNot("Commands")
	d.keys(":").typeText("qqq").keys("enter")
	d.has("there is no such command")
}

// TestPaletteHoldsEveryCommand checks that every key of the panes has a command.
func TestPaletteHoldsEveryCommand(t *testing.T) {
	for _, k := range tui.Keys() {
		if k.Fixed || k.Command == "palette" || strings.HasPrefix(k.Group, "In ") || strings.HasPrefix(k.Group, "While ") {
			continue
		}
		d := newDriver(t, many(), 160, 45, theme.Options{})
		d.keys(":").typeText(k.Command)
		if !strings.Contains(d.selected(), k.Command) {
			t.Errorf("%s: the palette has %q first", k.Command, d.selected())
		}
	}
}

func TestHelpRuns(t *testing.T) {
	d := small(t, numbered(100))
	d.keys("?", "/").typeText("freeze").keys("enter", "j", "enter")
	d.has("FROZEN")
	d.hasNot("Symbols")
	d.keys("?", "/").typeText("packets only").keys("enter", "j", "enter")
	d.has("does nothing here")
}

// TestKeyOfAnotherPlace: a letter that does nothing here says where it does, and a key that has nothing to do keeps silent.
func TestKeyOfAnotherPlace(t *testing.T) {
	d := newDriver(t, &fake{base: emptyOf("live", nil, 1)}, 120, 40, theme.Options{})
	d.keys("r").has("r does nothing here (")
	d.keys("j").hasNot("does nothing here")
	d.keys("esc").hasNot("does nothing here")
}
