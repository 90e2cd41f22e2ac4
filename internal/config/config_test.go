package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/config"
)

const sample = `# a comment
theme = "light"
warn = '2s'  # soon

keep = 1_000
no-mouse = true

[broker]
topic = [
  "a/#", # all
  "b",
]
qos = 2
[filters]
"my own" = "state:stuck"
`

func TestParse(t *testing.T) {
	f, err := config.Parse("c.toml", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Value{
		{"", "theme", 2, "light"}, {"", "warn", 3, "2s"}, {"", "keep", 5, int64(1000)}, {"", "no-mouse", 6, true},
		{"broker", "topic", 9, []any{"a/#", "b"}}, {"broker", "qos", 13, int64(2)}, {"filters", "my own", 15, "state:stuck"},
	}
	if !reflect.DeepEqual(f.Values, want) {
		t.Errorf("got  %v\nwant %v", f.Values, want)
	}
	if f.Get("broker", "qos") == nil || f.Get("", "qos") != nil || len(f.Table("broker")) != 2 {
		t.Error("the tables are mixed up")
	}
}

func TestParseMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"syntax", "theme = \"light\"\nwarn = = 3\n", "c.toml, line 2, column 8"},
		{"twice", "keep = 1\n\nkeep = 2\n", "line 3"},
		{"nested table", "\n[a.b]\nx = 1\n", "line 2: there is no table of that kind"},
		{"inline table", "x = {y = 1}\n", "line 1: x: is neither a text"},
		{"date", "x = 2020-01-01\n", "line 1: x: is neither a text"},
		{"nested list", "x = [[1]]\n", "line 1: x: is neither a text"},
		{"dotted", "[t]\na.b = 1\n", "line 2: a.b: there is no key of so many parts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("c.toml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
		})
	}
}

func TestSet(t *testing.T) {
	tests := []struct {
		name, text, table, key string
		value                  any
		want                   string
	}{
		{"into nothing", "", "", "theme", "light", "theme = 'light'\n"},
		{"new table", "x = 1", "screen", "columns", []string{"state", "topic"}, "x = 1\n\n[screen]\ncolumns = ['state', 'topic']\n"},
		{"in place", "# c\ntheme = \"dark\" # d\nx = 1\n", "", "theme", "light", "# c\ntheme = 'light'\nx = 1\n"},
		{"list of several lines", "[b]\nx = [\n 1,\n 2,\n]\ny = 2\n", "b", "x", []string{"z"}, "[b]\nx = ['z']\ny = 2\n"},
		{"into a table", "[filters] # f\na = 'x'\n\n[keys]\n", "filters", "my own", "id:7", "[filters] # f\n'my own' = 'id:7'\na = 'x'\n\n[keys]\n"},
		{"before tables", "[keys]\n", "", "ascii", true, "ascii = true\n[keys]\n"},
		{"taken out", "[filters]\na = 'x'\nb = 'y'\n", "filters", "a", nil, "[filters]\nb = 'y'\n"},
		{"the last of a table that Set made", "x = 1\n\n[filters]\na = 'x'\n\n[keys]\nquit = 'x'\n", "filters", "a", nil, "x = 1\n\n[keys]\nquit = 'x'\n"},
		{"the last of a file that Set made", "\n[filters]\na = 'x'\n", "filters", "a", nil, ""},
		{"the last of a table with a remark", "\n[filters]\na = 'x'\n# b = 'y'\n", "filters", "a", nil, "\n[filters]\n# b = 'y'\n"},
		{"the last of a table below a remark", "# mine\n[filters]\na = 'x'\n", "filters", "a", nil, "# mine\n[filters]\n"},
		{"the last of a table with a remark beside it", "\n[filters] # mine\na = 'x'\n", "filters", "a", nil, "\n[filters] # mine\n"},
		{"taken out of nothing", "x = 1\n", "filters", "a", nil, "x = 1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.Set([]byte(tt.text), tt.table, tt.key, tt.value)
			if err != nil || string(got) != tt.want {
				t.Fatalf("got %q, %v; want %q", got, err, tt.want)
			}
			f, err := config.Parse("again", got)
			if err != nil || (f.Get(tt.table, tt.key) == nil) != (tt.value == nil) {
				t.Errorf("what was set is not read back: %v, %v", f, err)
			}
		})
	}
	if _, err := config.Set([]byte("x = = 1"), "", "y", true); err == nil {
		t.Error("a file with a mistake is changed")
	}
}

func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "mqttwatch", "config.toml")
	for _, theme := range []string{"light", "mono"} {
		if err := config.Save(path, "", "theme", theme); err != nil {
			t.Fatal(err)
		}
		f, err := config.Read(path)
		if err != nil || f.Get("", "theme").Value != theme {
			t.Fatalf("%v, %v", f, err)
		}
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("files left beside: %v, %v", files, err)
	}
}

func TestPath(t *testing.T) {
	abs := t.TempDir()
	env := func(m map[string]string) func(string) string { return func(k string) string { return m[k] } }
	if got := config.Path(env(map[string]string{"XDG_CONFIG_HOME": abs, "HOME": "/h"})); got != filepath.Join(abs, "mqttwatch", "config.toml") {
		t.Errorf("got %s", got)
	}
	if got := config.Path(env(map[string]string{"XDG_CONFIG_HOME": "not/absolute", "HOME": abs})); got != filepath.Join(abs, ".config", "mqttwatch", "config.toml") {
		t.Errorf("got %s", got)
	}
	if got := config.Path(env(nil)); got != "" {
		t.Errorf("without a home: %s", got)
	}
}
