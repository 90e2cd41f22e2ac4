package decode

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// Text from the wire may hold anything: sequences that drive a terminal, characters that are not seen or that turn the
// direction of the line, bytes that are no text at all. Escaping makes those visible and leaves the rest alone:
//
//	\x1b          a control character (C0, DEL), or a byte that is not part of valid UTF-8
//	\u202e        a character of C1, of the format category (bidi controls, zero width, soft hyphen, byte order mark),
//	              a line or paragraph separator, a space other than U+0020, or one without a meaning of its own
//	\U000e0001    the same beyond U+FFFF
//	\\            a backslash before x, u, U, another backslash or anything that is escaped, so that what is shown can be
//	              read one way only; any other backslash stays
//
// Nothing is trimmed, and combining marks stay, as names in many scripts need them.

const hexDigits = "0123456789abcdef"

// Escape returns s so that it can be shown. It returns s itself, without allocating, where nothing needs escaping.
func Escape(s string) string {
	if PlainText([]byte(s)) {
		return s
	}
	n := plainPrefix(s)
	if n == len(s) {
		return s
	}
	return string(appendEscaped(append(make([]byte, 0, len(s)+16), s[:n]...), s[n:]))
}

// EscapeBytes is Escape for bytes.
func EscapeBytes(b []byte) string { return string(AppendEscaped(nil, b)) }

// AppendEscaped appends b to dst so that it can be shown. It allocates only where dst is too small.
func AppendEscaped(dst []byte, b []byte) []byte {
	n := plainPrefix(b)
	dst = append(dst, b[:n]...)
	if n == len(b) {
		return dst
	}
	return appendEscaped(dst, b[n:])
}

// PlainText reports whether b is ASCII that neither these functions nor JSON escape: no control characters, no quotation mark, no backslash. Nearly every text is, so
// that it looks at eight bytes at once; the last eight overlap those before.
func PlainText(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c < ' ' || c >= 0x7F || c == '"' || c == '\\' {
				return false
			}
		}
		return true
	}
	for rest := b; len(rest) > 8; rest = rest[8:] {
		if !plainEight(binary.LittleEndian.Uint64(rest)) {
			return false
		}
	}
	return plainEight(binary.LittleEndian.Uint64(b[len(b)-8:]))
}

// plainEight is PlainText of eight bytes. One that is not gets its highest bit set in one of the terms: beyond ASCII it has it, DEL by a carry, and what is below ' ' or
// equal to one of the two characters by a borrow. As long as there is none, no byte carries into another or borrows from it.
func plainEight(x uint64) bool {
	const each = 0x0101010101010101
	return (x|(x+each)|(x-each*' ')|(x^each*'"'-each)|(x^each*'\\'-each))&(each<<7) == 0
}

// plainPrefix returns how many bytes at the beginning of s can be shown as they are.
func plainPrefix[T string | []byte](s T) int {
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7F && c != '\\' {
			i++
			continue
		}
		r, n := decodeRune(s[i:])
		if !showable(r, n) || r == '\\' && ambiguous(s[i+1:]) {
			return i
		}
		i += n
	}
	return len(s)
}

func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	for len(s) > 0 {
		r, n := decodeRune(s)
		switch {
		case r == '\\' && ambiguous(s[1:]):
			dst = append(dst, `\\`...)
		case showable(r, n):
			dst = append(dst, s[:n]...)
		case n == 1:
			dst = append(dst, '\\', 'x', hexDigits[s[0]>>4], hexDigits[s[0]&15])
		case r > 0xFFFF:
			dst = appendHex(append(dst, `\U`...), r, 8)
		default:
			dst = appendHex(append(dst, `\u`...), r, 4)
		}
		s = s[n:]
	}
	return dst
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[r>>(4*i)&15])
	}
	return dst
}

func decodeRune[T string | []byte](s T) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	var b [utf8.UTFMax]byte
	return utf8.DecodeRune(b[:copy(b[:], s)])
}

// showable reports whether r, read from n bytes, is seen as what it is.
func showable(r rune, n int) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r < 0x7F
	}
	if r == utf8.RuneError && n == 1 || invisible(r) {
		return false
	}
	return unicode.IsPrint(r)
}

// invisible reports whether r counts as printable in Unicode's general categories but shows as nothing: fillers,
// the combining grapheme joiner, variation selectors.
func invisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF || r >= 0x180B && r <= 0x180F
}

// ambiguous reports whether a backslash before rest could be taken for the beginning of an escape.
func ambiguous[T string | []byte](rest T) bool {
	if len(rest) == 0 {
		return false
	}
	switch rest[0] {
	case 'x', 'u', 'U', '\\':
		return true
	}
	return !showable(decodeRune(rest))
}
