package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// text is what can be searched without a conversion that allocates.
type text interface{ ~string | ~[]byte }

// contains reports whether part, which is in lower case, is anywhere in s without regard to case.
func contains[T text](s T, part string) bool {
	if part == "" {
		return true
	}
	for i := 0; i+1 <= len(s); i++ {
		if lower(s[i]) == part[0] || s[i] >= utf8.RuneSelf {
			if hasPrefix(s[i:], part) {
				return true
			}
		}
	}
	return false
}

// hasPrefix reports whether s begins with part, which is in lower case, without regard to case.
func hasPrefix[T text](s T, part string) bool {
	for len(part) > 0 {
		if len(s) == 0 {
			return false
		}
		if s[0] < utf8.RuneSelf && part[0] < utf8.RuneSelf {
			if lower(s[0]) != part[0] {
				return false
			}
			s, part = s[1:], part[1:]
			continue
		}
		a, n := decodeRune(s)
		b, m := utf8.DecodeRuneInString(part)
		if unicode.ToLower(a) != b {
			return false
		}
		s, part = s[n:], part[m:]
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// decodeRune is utf8.DecodeRune of at most the four bytes that a rune takes.
func decodeRune[T text](s T) (rune, int) {
	var head [utf8.UTFMax]byte
	n := copy(head[:], s)
	return utf8.DecodeRune(head[:n])
}

// fold puts the text of a filter into the form that contains wants.
func fold(s string) string {
	return strings.Map(unicode.ToLower, s)
}

// wild reports whether a pattern for topics has one of MQTT's wildcards.
func wild(pattern string) bool { return strings.ContainsAny(pattern, "+#") }

// checkPattern says what is wrong with a pattern that has wildcards: each is a whole level, and # is the last (5.0 §4.7.1).
func checkPattern(pattern string) string {
	for rest, more := pattern, true; more; {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		switch {
		case len(level) > 1 && wild(level):
			return "a wildcard is a whole level: write a/+/b or a/#"
		case level == "#" && more:
			return "# comes last: a/# matches all below a"
		}
	}
	return ""
}

// topicMatches reports whether pattern, a Topic Filter, matches topic. Topics that begin with $ are not matched by a
// pattern that begins with a wildcard [MQTT-4.7.2-1].
func topicMatches(pattern, topic string) bool {
	if strings.HasPrefix(topic, "$") && (pattern[0] == '+' || pattern[0] == '#') {
		return false
	}
	for {
		level, pattern2, morePattern := strings.Cut(pattern, "/")
		if level == "#" {
			return true
		}
		name, topic2, moreTopic := strings.Cut(topic, "/")
		if level != "+" && level != name {
			return false
		}
		if !moreTopic {
			return !morePattern || pattern2 == "#" // a/# matches a as well
		}
		if !morePattern {
			return false
		}
		pattern, topic = pattern2, topic2
	}
}
