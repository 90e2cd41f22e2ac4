package filter

import (
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/internal/near"
)

// What would be a search for a text that nobody means: signs and words of other languages, and words of another screen. Each would hide everything.

// misread says why a bare word is hardly meant as a text to look for; "" is no reason.
func (l language[T]) misread(t token) string {
	if t.quoted {
		return ""
	}
	if t.value == "&" || strings.Contains(t.value, "&&") {
		return `a space is and: qos:1 id:17; to look for & itself put it in quotes`
	}
	switch name := strings.ToLower(t.value); name {
	case "undelivered", "malformed", "stuck":
		if _, ok := l.flags[name]; !ok {
			return otherScreen(name)
		}
	}
	n := nameLength(t.value)
	op := operatorAt(t.value[n:])
	if n == 0 || op == "" {
		return ""
	}
	name := t.value[:n]
	if other := otherScreen(name); other != "" {
		return other
	}
	if like := near.Of(name, l.names()); like != "" && op != "=" {
		return `there is no column "` + name + `": did you mean ` + like + `? To look for the text itself put it in quotes`
	}
	return ""
}

// operatorWord says what to write in place of a word that is an operator elsewhere; "" where it is none. A text that is nothing but this word is looked for.
func operatorWord(t token, alone bool) string {
	if t.quoted || t.op != "" || alone {
		return ""
	}
	write := map[string]string{"and": "a space is and", "or": "| is or", "not": "! negates what follows"}[strings.ToLower(t.value)]
	if write == "" {
		return ""
	}
	return write + `; to look for "` + t.value + `" itself put it in quotes`
}

func (l language[T]) names() []string {
	names := make([]string, 0, len(l.columns))
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	return names
}

// otherScreen says on which screen a column or flag is known; "" where on none.
func otherScreen(name string) string {
	name = strings.ToLower(name)
	for _, screen := range []struct {
		what string
		all  []string
	}{
		{"handshakes: give it to --filter, or type it on their screen (1)", wordsOf(handshakes())},
		{"deliveries: give it to --deliveries, or type it on their screen (2)", wordsOf(deliveries())},
		{"sessions: type it on their screen (3)", wordsOf(sessions())},
		{"topics: type it on their screen (4)", wordsOf(topics())},
		{"packets: type it on their screen (7)", wordsOf(packets())},
	} {
		if slices.Contains(screen.all, name) {
			return `"` + name + `" is a word about ` + screen.what + `; to look for the text itself put it in quotes`
		}
	}
	return ""
}

func wordsOf[T any](l language[T]) []string {
	all := l.names()
	for name := range l.flags {
		all = append(all, name)
	}
	return all
}
