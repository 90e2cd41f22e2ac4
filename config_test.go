package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/config"
	"github.com/mqttwatch/mqttwatch/internal/need"
	"github.com/mqttwatch/mqttwatch/tui"
)

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConfigTemplate checks that the template has every option of the command line and every command of the screen, and that the program
// takes it as it is, and with all its comments taken for keys.
func TestConfigTemplate(t *testing.T) {
	template := run(t, nil, "config", "--print").stdout
	if r := run(t, nil, "--config", configFile(t, template), "version"); r.status != 0 {
		t.Fatalf("the template is refused: %s", r.stderr)
	}
	whole := regexp.MustCompile(`(?m)^#("?[a-z])`).ReplaceAllString(template, "$1")
	if r := run(t, nil, "--config", configFile(t, whole), "version"); r.status != 0 {
		t.Fatalf("the template without comments is refused: %s", r.stderr)
	}
	f, err := config.Parse("template", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tui.Keys() {
		if !k.Fixed && f.Get("keys", k.Command) == nil {
			t.Errorf("the template lacks the keys of %s", k.Command)
		}
	}
	notThere := []string{"help", "config", "password", "list"}
	for _, verb := range []string{"demo", "replay", "sniff", "proxy", "broker"} {
		help := run(t, nil, verb, "--help").stdout
		options := regexp.MustCompile(`(?m)^ +(?:-., )? *--(?:\[no-\])?([a-z-]+)`).FindAllStringSubmatch(help, -1)
		if len(options) < 10 {
			t.Fatalf("%s --help lists %d options only:\n%s", verb, len(options), help)
		}
		for _, o := range options {
			if name := o[1]; f.Get("", name) == nil && f.Get(verb, name) == nil && !slices.Contains(notThere, name) {
				t.Errorf("the template lacks --%s of %s", name, verb)
			}
		}
	}
}

// TestConfigPrecedence: the command line wins over the environment, which wins over the file.
func TestConfigPrecedence(t *testing.T) {
	capture := stuck(t, 0)
	file := configFile(t, "output = \"summary\"\nfail-on = \"critical\"\n[replay]\nspeed = \"max\"\nport = [1884, 1885]\n")
	form := func(r result) string {
		switch {
		case strings.HasPrefix(r.stdout, "{"):
			return "json"
		case strings.HasPrefix(r.stdout, capture):
			return "summary"
		}
		return "text"
	}
	tests := []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"file", nil, nil, "summary"},
		{"environment", []string{"MQTTWATCH_OUTPUT=json"}, nil, "json"},
		{"command line", []string{"MQTTWATCH_OUTPUT=summary"}, []string{"--output", "json"}, "json"},
		{"file by the environment", []string{"MQTTWATCH_CONFIG=" + file}, nil, "summary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"replay", capture}, tt.args...)
			if !slices.ContainsFunc(tt.env, func(s string) bool { return strings.HasPrefix(s, "MQTTWATCH_CONFIG") }) {
				args = append(args, "--config", file)
			}
			cmd := command(args...)
			cmd.Env = append(cmd.Env, tt.env...)
			if r := finish(t, cmd); form(r) != tt.want || r.status == 2 {
				t.Errorf("status %d, form %s, not %s:\n%s%s", r.status, form(r), tt.want, r.stdout, r.stderr)
			}
		})
	}
}

func TestConfigMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "\nthemes = \"x\"", "line 2: themes: there is no such key"},
		{"unknown table", "[brokre]\nx = 1", "line 2: brokre.x: there is no table [brokre]"},
		{"wrong place", "[broker]\nkeep = 7", "line 2: broker.keep: there is no such key; keep belongs before the first [table]"},
		{"type", "keep = \"x\"", "line 1: keep: takes a whole number"},
		{"enum", "theme = \"neon\"", "line 1: theme: is neon: there are dark, light, contrast, mono"},
		{"time", "warn = 5", "line 1: warn: takes a time in quotes"},
		{"bool", "ascii = \"yes\"", "line 1: ascii: takes true or false"},
		{"range", "[replay]\nport = [70000]", "line 2: replay.port: takes a whole number"},
		{"check", "keep = 0", "line 1: keep: --keep 0: give at least 1"},
		{"list", "mute = [\"puback-overdue\", \"nonsense\"]", "line 1: mute: --mute nonsense: no such alert"},
		{"server", "server = [\"prod=10.0.0.1\", \"x=node-1\"]", "line 1: server: --server x=node-1: node-1 is no IP address"},
		{"together", "warn = \"40s\"", "--critical 30s is less than --warn 40s"},
		{"filter", "filter = \"foo:\"", "line 1: filter: --filter foo:: column 1"},
		{"saved filter", "[filters]\na = \"foo:bar\"", "line 2: filters.a: is no filter"},
		{"saved filter of another list", "[session-filters]\na = \"idle>30s\"\nb = \"state:stuck\"", "line 3: session-filters.b: is no filter of sessions"},
		{"saved filter that is no text", "[topic-filters]\na = 5", "line 2: topic-filters.a: takes a text in quotes"},
		{"columns", "[screen]\ncolumns = [\"topic\"]", "line 2: screen.columns: the column state cannot be left out"},
		{"setting", "[screen]\ntimes = \"x\"", "line 2: screen.times: is x: there are clock"},
		{"key", "[keys]\nfilter = [\"x\"]\nfreeze = [\"x\"]", "line 3: keys.freeze: x is given to filter too"},
		{"command", "[keys]\nx = [\"x\"]", "line 2: keys.x: there is no such command"},
		{"password", "[broker]\npassword = \"x\"", "line 2: broker.password: has no place in a file"},
		{"syntax", "keep = = 1", "line 1, column 8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := configFile(t, tt.text)
			r := run(t, nil, "--config", path, "demo", "--duration", "1ms")
			if r.status != 2 || !strings.Contains(r.stderr, tt.want) || !strings.Contains(r.stderr, path) || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("status %d, stderr %q does not say %q in a line", r.status, r.stderr, tt.want)
			}
		})
	}
	if r := run(t, nil, "--config", "/nowhere/c.toml", "version"); r.status != 2 || !strings.Contains(r.stderr, "/nowhere/c.toml") {
		t.Errorf("a file that was named and is not there: status %d, %q", r.status, r.stderr)
	}
	if r := run(t, nil, "--config", configFile(t, "x = = 1"), "--help"); r.status != 0 {
		t.Errorf("no help where the file has a mistake: %q", r.stderr)
	}
}

func TestConfigPath(t *testing.T) {
	r := run(t, nil, "config", "--path")
	if want := filepath.Join(filepath.Dir(program), "config", "mqttwatch", "config.toml"); r.status != 0 || strings.TrimSpace(r.stdout) != want {
		t.Errorf("status %d, %q, not %q", r.status, r.stdout, want)
	}
}

// TestConfigMakesFile runs the command that "mqttwatch config" says makes the file.
func TestConfigMakesFile(t *testing.T) {
	need.Program(t, "sh")
	home := filepath.Join(t.TempDir(), "it's mine")
	config := func(args ...string) result {
		cmd := command(append([]string{"config"}, args...)...)
		cmd.Env = append(cmd.Env, "XDG_CONFIG_HOME="+home)
		return finish(t, cmd)
	}
	_, say, _ := strings.Cut(config().stdout, "It is not there yet: ")
	sh := exec.Command("sh", "-c", strings.ReplaceAll(say, "mqttwatch config", program+" config"))
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", say, err, out)
	}
	made, err := os.ReadFile(filepath.Join(home, "mqttwatch", "config.toml"))
	if err != nil || string(made) != config("--print").stdout {
		t.Errorf("%s made %q, %v", say, made, err)
	}
	if r := config(); strings.Contains(r.stdout, "not there") {
		t.Errorf("it is there now: %s", r.stdout)
	}
}

func TestAskedFor(t *testing.T) {
	for _, same := range [][2][]string{{{"--version"}, {"version"}}, {{"-v"}, {"version"}}, {{"help"}, {"--help"}}, {{"help", "sniff"}, {"sniff", "--help"}}} {
		a, b := run(t, nil, same[0]...), run(t, nil, same[1]...)
		if a != b || a.status != 0 || a.stdout == "" {
			t.Errorf("%v: %+v, want as %v: %+v", same[0], a, same[1], b)
		}
	}
}
