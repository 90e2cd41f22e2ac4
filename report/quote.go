package report

import (
	"unicode/utf8"

	"github.com/mqttwatch/mqttwatch/decode"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD. Controls (C0, DEL, C1) and the characters
// that turn the direction of text are written as \u escapes, so that a line does no harm on a terminal and a parser
// still finds what was on the wire.
func appendString(dst []byte, s string) []byte {
	dst = append(append(dst, '"'), s...)
	if at := len(dst) - len(s); !decode.PlainText(dst[at:]) {
		dst = appendEscaped(dst[:at], s)
	}
	return append(dst, '"')
}

// plain reports whether c stands for itself in a JSON string.
func plain(c byte) bool { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' }

func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain(c) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = appendEscape(append(dst, s[start:i]...), rune(c))
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || unsafeRune(r) {
			dst = appendEscape(append(dst, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// unsafeRune reports whether r, beyond ASCII, could change what a terminal shows elsewhere: C1 controls, line
// and paragraph separators, and the marks that turn the direction of text. All are below 0x10000.
func unsafeRune(r rune) bool {
	switch {
	case r <= 0x9f, r == 0x61c, r == 0xfeff:
		return true
	case r >= 0x200e && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
