package expect

import (
	"bytes"
	"slices"
	"strings"
)

// levelKind says what a level of a pattern matches.
type levelKind uint8

const (
	levelText  levelKind = iota // itself
	levelAny                    // any one: + and {name}
	levelMulti                  // # : all that follow, also none
)

type level struct {
	kind levelKind
	text string // of levelText
	name string // of {name}
	join int    // the place of name among those that request and answer share; -1 where it is not shared
}

// A pattern is a Topic Filter some of whose levels have names.
type pattern struct {
	levels []level
	wild   bool
}

// parsePattern reads a pattern that begins at column at.
func parsePattern(text string, at int) (pattern, error) {
	var p pattern
	parts := strings.Split(text, "/")
	for i, part := range parts {
		l := level{kind: levelText, text: part, join: -1}
		switch {
		case part == "+":
			l.kind = levelAny
		case part == "#" && i < len(parts)-1:
			return p, errorf(at, "# stands for all that follows: it must be the last level")
		case part == "#":
			l.kind = levelMulti
		case strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}"):
			l.kind, l.name = levelAny, part[1:len(part)-1]
			if l.name == "" || strings.ContainsAny(l.name, "{}+#") {
				return p, errorf(at, "%s is no name: give letters between { and }, as in {id}", part)
			}
			if p.place(l.name) >= 0 {
				return p, errorf(at, "%s stands twice", part)
			}
		case strings.ContainsAny(part, "{}"):
			return p, errorf(at, "a name takes a whole level: /{id}/")
		case strings.ContainsAny(part, "+#"):
			return p, errorf(at, "+ and # take a whole level: /+/")
		}
		p.wild = p.wild || l.kind != levelText
		p.levels = append(p.levels, l)
		at += len([]rune(part)) + 1
	}
	return p, nil
}

// place returns the level that has a name; -1 where none has.
func (p *pattern) place(name string) int {
	return slices.IndexFunc(p.levels, func(l level) bool { return l.name == name })
}

// join makes the levels of the same name in both patterns those that must be equal.
func join(request, answer *pattern) {
	n := 0
	for i := range answer.levels {
		a := &answer.levels[i]
		if a.name == "" {
			continue
		}
		request.levels[request.place(a.name)].join, a.join = n, n
		n++
	}
}

// filter returns the Topic Filter.
func (p *pattern) filter() string {
	parts := make([]string, len(p.levels))
	for i, l := range p.levels {
		parts[i] = [...]string{levelText: l.text, levelAny: "+", levelMulti: "#"}[l.kind]
	}
	return strings.Join(parts, "/")
}

// maxJoined bounds the levels whose values are compared.
const maxJoined = 8

// match reports whether topic fits, and what its joined levels are, in their order, with / after each. A wildcard at the beginning does not match $
// [MQTT-4.7.2-1].
func (p *pattern) match(topic []byte) (key string, ok bool) {
	if first := &p.levels[0]; first.kind != levelText {
		if len(topic) > 0 && topic[0] == '$' {
			return "", false
		}
	} else if len(topic) < len(first.text) || string(topic[:len(first.text)]) != first.text {
		return "", false // most do not fit, and shall cost little
	}
	var values [maxJoined][]byte
	n, rest, more := 0, topic, true
	for i := range p.levels {
		l := &p.levels[i]
		if l.kind == levelMulti {
			more = false
			break
		}
		if !more {
			return "", false
		}
		var part []byte
		part, rest, more = bytes.Cut(rest, slash)
		if l.kind == levelText && string(part) != l.text {
			return "", false
		}
		if l.join >= 0 {
			values[l.join], n = part, max(n, l.join+1)
		}
	}
	if more {
		return "", false
	}
	var b []byte
	for _, v := range values[:n] {
		b = append(append(b, v...), '/')
	}
	return string(b), true
}

var slash = []byte("/")

// Covers reports whether a subscription to the Topic Filter by brings everything that one to filter does.
func Covers(by, filter string) bool {
	if strings.HasPrefix(by, "$share/") {
		return false // it brings a part
	}
	b, f := strings.Split(by, "/"), strings.Split(filter, "/")
	for i, level := range b {
		switch {
		case level == "#":
			return i > 0 || !strings.HasPrefix(f[0], "$")
		case i >= len(f) || f[i] == "#":
			return false
		case level == "+" && (i > 0 || !strings.HasPrefix(f[0], "$")):
		case level != f[i]:
			return false
		}
	}
	return len(b) == len(f)
}
