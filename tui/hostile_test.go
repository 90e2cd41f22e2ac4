package tui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
	"github.com/mqttwatch/mqttwatch/tui"
)

// hostileTexts are what a Client Identifier or a topic may hold on the wire.
func hostileTexts() map[string]string {
	return map[string]string{
		"clear screen":      "\x1b[2J\x1b[Hplant",
		"title":             "\x1b]0;owned\x07plant/a",
		"clipboard":         "\x1b]52;c;ZXZpbA==\x1b\\",
		"C1":                "a\u009b31mred\u0085next",
		"raw C1 byte":       "a\x9b31m",
		"line breaks":       "plant\nfake row\r\n\ttab",
		"bidi":              "plant/\u202ecod/exe\u2066x\u2069",
		"zero width":        "pla\u200bnt\ufeff\u00ad",
		"CJK":               "工場/水泵/設定/溫度感測器/設定/溫度感測器",
		"emoji":             "plant/👨‍👩‍👧‍👦/🇩🇪/❤️",
		"combining":         "e" + strings.Repeat("\u0301", 5000),
		"combining first":   "\u0301\u0301plant",
		"not UTF-8":         "\xff\xfe\x80plant\xc3",
		"NUL and DEL":       "a\x00b\x7fc",
		"longest topic":     strings.Repeat("abc/", 16384)[:65535],
		"longest CJK topic": strings.Repeat("水", 21845),
		"longest controls":  strings.Repeat("\x1b", 65535),
		"backslashes":       `a\x1b[2Jb\u202e`,
		"empty":             "",
		"spaces":            strings.Repeat(" ", 300),
		"replacement":       "a\ufffdb",
	}
}

// TestHostileText puts hostile texts into every place where wire text is shown, on every screen and size.
func TestHostileText(t *testing.T) {
	for name, s := range hostileTexts() {
		for _, ascii := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				sizes := [][2]int{{60, 15}, {80, 24}, {160, 45}}
				if ascii {
					sizes = sizes[2:]
				}
				for _, size := range sizes {
					d := newDriver(t, hostile(s), size[0], size[1], theme.Options{Color: true, ASCII: ascii}, func(o *tui.Options) { o.Title = "replay " + s })
					for _, key := range []string{"", "k", "enter", "g", "enter", "j", "esc", "esc", "5", "enter", "esc", "d", "1", "?", "esc"} {
						if key != "" {
							d.keys(key)
						}
						checkHostile(t, d, size, ascii)
					}
					d.keys("/")
					d.send(tea.PasteMsg{Content: s})
					checkHostile(t, d, size, ascii)
					if t.Failed() {
						t.Fatalf("at %v", size)
					}
				}
			})
		}
	}
}

func checkHostile(t *testing.T, d *driver, size [2]int, ascii bool) {
	t.Helper()
	frame := d.frame()
	checkFrame(t, frame, size[0], size[1])
	if ascii {
		for _, r := range frame {
			if r > 0x7e {
				t.Fatalf("%U in an ASCII screen", r)
			}
		}
	}
	// Of escape sequences there are styles only.
	for rest := frame; ; {
		_, after, found := strings.Cut(rest, "\x1b")
		if !found {
			break
		}
		end := strings.IndexFunc(after, func(r rune) bool { return r != '[' && r != ';' && (r < '0' || r > '9') })
		if !strings.HasPrefix(after, "[") || end < 0 || after[end] != 'm' {
			t.Fatalf("an escape sequence that is no style: %q", after[:min(len(after), 20)])
		}
		rest = after
	}
}

func hostile(s string) *fake {
	escaped := decode.Escape(s)
	if len(escaped) > 4096 {
		escaped = escaped[:4096]
	}
	r := delivery(1, handshake.QoS2, decode.FromClient, s, s, 1, 0, time.Second)
	r.Server, r.Severity, r.Source = s, handshake.Critical, s
	f := &fake{base: live(9*time.Second, r, completeRow())}
	l := &watch.Ladder{Row: r, Packets: []watch.Raw{{Bytes: []byte("\x34\x10\x00\x05" + "\x1b[2J" + "a" + "\x00\x01\x00" + "pay\x1b[m"), Length: 18, Version: decode.V5}, {}}}
	a := watch.Alert{ID: 1, Name: "pubrel-overdue", Severity: handshake.Critical, Raised: at(0), Lasting: true, Handshake: 1, Client: s, Text: escaped, Detail: escaped}
	l.Alerts = []watch.Alert{a}
	f.ladders = map[uint64]*watch.Ladder{1: l}
	f.base.Alerts = []watch.Alert{a}
	f.base.Sources = append(f.base.Sources, decode.SourceStats{Name: s, State: "failed", Err: s, Other: map[string]uint64{s: 1}, NotDecoded: map[string]uint64{s: 2}})
	return f
}

func TestEmptyScreenWithHostileNames(t *testing.T) {
	for name, s := range hostileTexts() {
		f := hostile(s)
		f.base.Rows, f.base.Alerts, f.base.Counts = nil, nil, watch.Counts{}
		d := newDriver(t, f, 80, 24, theme.Options{Color: true})
		checkHostile(t, d, [2]int{80, 24}, false)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		if width < 0 || width > 500 {
			return
		}
		for _, ascii := range []bool{false, true} {
			got := tui.Clean(s, width, ascii)
			if w, wc := ansi.StringWidth(got), ansi.StringWidthWc(got); w != wc {
				t.Errorf("%q is %d cells by graphemes, %d by wcwidth", got, w, wc)
			}
			for _, r := range got {
				if r < 0x20 || r >= 0x7f && r < 0xa0 || ascii && r > 0x7e {
					t.Errorf("%q holds %U", got, r)
				}
			}
		}
	})
}
