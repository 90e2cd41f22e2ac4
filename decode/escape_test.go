package decode_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

var escapeCases = []struct{ name, in, want string }{
	{"empty", "", ""},
	{"plain", "plant/7/temp +#$", "plant/7/temp +#$"},
	{"blanks are not trimmed", "  a  ", "  a  "},
	{"other scripts", "Füllstand/水位/مستوى", "Füllstand/水位/مستوى"},
	{"combining marks", "e\u0301", "e\u0301"},
	{"C0", "a\x00b\tc\nd\x1b[2J", `a\x00b\x09c\x0ad\x1b[2J`},
	{"DEL", "\x7f", `\x7f`},
	{"C1", "\u009b31m", `\u009b31m`},
	{"bidi controls", "\u202eevil\u2066\u200f\u061c", `\u202eevil\u2066\u200f\u061c`},
	{"zero width", "a\u200bb\u200d\u2060\ufeff", `a\u200bb\u200d\u2060\ufeff`},
	{"soft hyphen", "a\u00adb", `a\u00adb`},
	{"separators", "a\u2028b\u2029c", `a\u2028b\u2029c`},
	{"no-break space", "a\u00a0b", `a\u00a0b`},
	{"tags", "\U000e0041", `\U000e0041`},
	{"fillers", "\u3164\u115f", `\u3164\u115f`},
	{"private use", "\ue000", `\ue000`},
	{"not UTF-8", "a\xff\xc3", `a\xff\xc3`},
	{"surrogate half", "\xed\xa0\x80", `\xed\xa0\x80`},
	{"replacement character itself", "\ufffd", "\ufffd"},
	{"backslash alone", `C:\temp\`, `C:\temp\`},
	{"backslash that could be an escape", `\x1b \u202e \U \\`, `\\x1b \\u202e \\U \\\`},
	{"backslash before what is escaped", "\\\x1b", `\\\x1b`},
	{"emoji", "🙂", "🙂"},
}

func TestEscape(t *testing.T) {
	for _, c := range escapeCases {
		t.Run(c.name, func(t *testing.T) {
			if got := decode.Escape(c.in); got != c.want {
				t.Errorf("Escape(%q) = %s, want %s", c.in, got, c.want)
			}
			if got := string(decode.AppendEscaped([]byte("> "), []byte(c.in))); got != "> "+c.want {
				t.Errorf("AppendEscaped(%q) = %s, want %s", c.in, got, c.want)
			}
			if back := unescape(t, c.want); string(back) != c.in {
				t.Errorf("%s reads as %q, want %q", c.want, back, c.in)
			}
		})
	}
}

func TestEscapeAllocatesNothingForPlainText(t *testing.T) {
	s := "plant/7/Füllstand"
	b, dst := []byte(s), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		_ = decode.Escape(s)
		dst = decode.AppendEscaped(dst[:0], b)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestPlainText puts each byte at each place of a text: only what is escaped nowhere is plain.
func TestPlainText(t *testing.T) {
	for length := range 25 {
		for at := range length {
			for c := range 256 {
				text := bytes.Repeat([]byte("a"), length)
				text[at] = byte(c)
				want := c >= ' ' && c <= '~' && c != '"' && c != '\\'
				if got := decode.PlainText(text); got != want {
					t.Fatalf("%q is plain: %v", text, got)
				}
				if escaped := decode.Escape(string(text)); want && escaped != string(text) {
					t.Fatalf("%q is plain, and is escaped as %s", text, escaped)
				}
			}
		}
	}
	if !decode.PlainText(nil) {
		t.Error("no text is not plain")
	}
}

// unescape reads what Escape wrote, from left to right, which has to be possible in one way only.
func unescape(t *testing.T, s string) []byte {
	t.Helper()
	var out []byte
	for i := 0; i < len(s); i++ {
		digits := 0
		if s[i] == '\\' && i+1 < len(s) {
			digits = map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i+1]]
		}
		switch {
		case digits > 0:
			v, err := strconv.ParseUint(s[i+2:min(len(s), i+2+digits)], 16, 32)
			if err != nil {
				t.Fatalf("%q at %d: %v", s, i, err)
			}
			if digits == 2 {
				out = append(out, byte(v))
			} else {
				out = append(out, string(rune(v))...)
			}
			i += 1 + digits
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		default:
			out = append(out, s[i])
		}
	}
	return out
}
