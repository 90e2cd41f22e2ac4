package theme_test

import (
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/mqttwatch/mqttwatch/theme"
)

func mustNew(t *testing.T, o theme.Options) theme.Theme {
	t.Helper()
	th, err := theme.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func TestNewRefusesUnknownName(t *testing.T) {
	_, err := theme.New(theme.Options{Name: "neon"})
	if err == nil || !strings.Contains(err.Error(), "dark, light, contrast, mono") {
		t.Fatalf("error %v does not list the names", err)
	}
}

func TestGlyphsAreOneCell(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		g := reflect.ValueOf(mustNew(t, theme.Options{ASCII: ascii}).Glyphs)
		for i := range g.NumField() {
			name, field := g.Type().Field(i).Name, g.Field(i)
			if field.Kind() != reflect.String {
				continue
			}
			s := field.String()
			if ansi.StringWidth(s) != 1 || ansi.StringWidthWc(s) != 1 {
				t.Errorf("ascii %v: %s = %q is not one cell wide", ascii, name, s)
			}
			if ascii && (s[0] < 0x20 || s[0] > 0x7e) {
				t.Errorf("%s = %q is not ASCII", name, s)
			}
		}
	}
}

// styles calls f with each role of th.
func styles(th theme.Theme, f func(name string, s theme.Style)) {
	v := reflect.ValueOf(th)
	for i := range v.NumField() {
		if s, ok := v.Field(i).Interface().(theme.Style); ok {
			f(v.Type().Field(i).Name, s)
		}
	}
}

func TestStylesKeepText(t *testing.T) {
	for _, name := range theme.Names() {
		for _, color := range []bool{false, true} {
			styles(mustNew(t, theme.Options{Name: name, Color: color}), func(role string, s theme.Style) {
				if got := ansi.Strip(s.Render("abc")); got != "abc" {
					t.Errorf("%s %s: text became %q", name, role, got)
				}
				if got := string(s.Append([]byte("-"), "abc")); got != "-"+s.Render("abc") {
					t.Errorf("%s %s: Append gives %q, Render %q", name, role, got, s.Render("abc"))
				}
				if s.Render("") != "" {
					t.Errorf("%s %s: an empty text is not empty", name, role)
				}
			})
		}
	}
}

var colored = regexp.MustCompile(`[0-9]{2}`)

// TestSixteenColors checks that no other colours than those of the terminal's palette are used.
func TestSixteenColors(t *testing.T) {
	colors := 0
	for _, name := range theme.Names() {
		styles(mustNew(t, theme.Options{Name: name, Color: true}), func(role string, s theme.Style) {
			if strings.Contains(s.Render("x"), "8;") {
				t.Errorf("%s %s: %q is not one of the sixteen", name, role, s.Render("x"))
			}
			if colored.MatchString(s.Render("x")) {
				colors++
			}
		})
	}
	if colors == 0 {
		t.Error("no style has a colour")
	}
}

func TestNoColorWithoutColor(t *testing.T) {
	for _, name := range theme.Names() {
		styles(mustNew(t, theme.Options{Name: name}), func(role string, s theme.Style) {
			// Weight, faintness, underlining and reverse video are 1, 2, 4 and 7; colours are numbers from 30 on.
			if colored.MatchString(s.Render("x")) {
				t.Errorf("%s %s: %q has a colour", name, role, s.Render("x"))
			}
		})
	}
}

func TestSelectedIsReverse(t *testing.T) {
	got := mustNew(t, theme.Options{Color: true}).Selected.Render("x")
	if !strings.HasPrefix(got, "\x1b[7m") {
		t.Fatalf("selected is %q, not reverse video", got)
	}
}

func TestUseColor(t *testing.T) {
	tests := []struct {
		name     string
		mode     string
		terminal bool
		env      map[string]string
		want     bool
	}{
		{"auto on a terminal", "auto", true, nil, true},
		{"empty is auto", "", true, nil, true},
		{"auto into a file", "auto", false, nil, false},
		{"NO_COLOR", "auto", true, map[string]string{"NO_COLOR": "1"}, false},
		{"dumb terminal", "auto", true, map[string]string{"TERM": "dumb"}, false},
		{"always beats NO_COLOR", "always", false, map[string]string{"NO_COLOR": "1"}, true},
		{"never", "never", true, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := theme.UseColor(tt.mode, tt.terminal, func(k string) string { return tt.env[k] })
			if err != nil || got != tt.want {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	if _, err := theme.UseColor("sometimes", true, func(string) string { return "" }); err == nil {
		t.Error("an unknown mode is taken")
	}
}

func TestUTF8(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want bool
	}{
		{"LANG", map[string]string{"LANG": "de_DE.UTF-8"}, true},
		{"C.utf8", map[string]string{"LANG": "C.utf8"}, true},
		{"LC_ALL rules", map[string]string{"LC_ALL": "C", "LANG": "en_US.UTF-8"}, false},
		{"LC_CTYPE before LANG", map[string]string{"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, true},
		{"nothing set", nil, runtime.GOOS == "windows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := theme.UTF8(func(k string) string { return tt.env[k] }); got != tt.want {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
		})
	}
}
