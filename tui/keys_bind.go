package tui

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A KeyError says what is wrong with the keys that were given to a command.
type KeyError struct {
	Command string
	Reason  string
}

func (e *KeyError) Error() string { return e.Command + ": " + e.Reason }

// CheckKeys reports whether keys can be given to commands so: the commands are there, the keys have names that a terminal
// sends, and no two commands that work at the same time share one. The error is a *KeyError.
func CheckKeys(keys map[string][]string) error {
	_, err := newKeyMap().rebind(keys)
	return err
}

// rebind gives commands other keys. A key that is new to a command is taken from all others of its mode.
func (k keyMap) rebind(keys map[string][]string) (keyMap, error) {
	if len(keys) == 0 {
		return k, nil
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	out := slices.Clone(k)
	given, owner := map[mode]map[string]string{}, map[mode]map[string]string{}
	for _, name := range names {
		at := slices.IndexFunc(out, func(b binding) bool { return b.name == name })
		if at < 0 {
			return nil, &KeyError{name, "there is no such command; " + k.near(name)}
		}
		if out[at].run == nil {
			return nil, &KeyError{name, "its keys cannot be changed"}
		}
		in := out[at].in
		if owner[in] == nil {
			given[in], owner[in] = map[string]string{}, map[string]string{}
		}
		for _, key := range keys[name] {
			if reason := badKey(key, in); reason != "" {
				return nil, &KeyError{name, reason}
			}
			// Commands that share a key from the start work in different places, and may go on to.
			if other := given[in][key]; other != "" && other != name && !(k.has(name, key) && k.has(other, key)) {
				return nil, &KeyError{name, key + " is given to " + other + " too"}
			}
			given[in][key] = name
			if !k.has(name, key) {
				owner[in][key] = name
			}
		}
	}
	for i := range out {
		out[i].take(keys, owner[out[i].in])
	}
	return out, nil
}

// has reports whether a command has a key from the start.
func (k keyMap) has(name, key string) bool {
	return slices.ContainsFunc(k, func(b binding) bool { return b.name == name && slices.Contains(b.keys, key) })
}

// take sets the keys of a binding as configured: its own, without those that others were given.
func (b *binding) take(keys map[string][]string, owner map[string]string) {
	if own, ok := keys[b.name]; ok {
		b.keys, b.label = own, labelOf(own)
		return
	}
	left := slices.DeleteFunc(slices.Clone(b.keys), func(key string) bool { return owner[key] != "" })
	if len(left) < len(b.keys) {
		b.keys, b.label = left, labelOf(left)
	}
}

// near names the commands that have a word of name in theirs.
func (k keyMap) near(name string) string {
	var out []string
	for i := range k {
		for word := range strings.SplitSeq(name, "-") {
			if len(word) > 2 && strings.Contains(k[i].name, word) && !slices.Contains(out, k[i].name) && len(out) < 5 {
				out = append(out, k[i].name)
			}
		}
	}
	if len(out) == 0 {
		return "docs/keys.md lists them"
	}
	return "near it are " + strings.Join(out, ", ")
}

// badKey says why key cannot be one: it has no name that a terminal sends, or is text where text is typed.
func badKey(key string, in mode) string {
	base := key
	for _, prefix := range []string{"ctrl+", "alt+", "shift+"} {
		base = strings.TrimPrefix(base, prefix)
	}
	_, special := keyLabels[base]
	function := len(base) > 1 && base[0] == 'f' && strings.Trim(base[1:], "0123456789") == ""
	single := utf8.RuneCountInString(base) == 1 && base != " "
	switch {
	case !special && !function && !single:
		return `"` + key + `" is no key: write a character, enter, esc, tab, space, up, pgdown, f1 …, perhaps with ctrl+, alt+ or shift+ before it`
	case in.typing() && in != modeMenu && single && base == key:
		return `"` + key + `" is text there: take a key that types nothing`
	case key == "ctrl+c":
		return "ctrl+c always quits"
	}
	return ""
}

// KeyHelp is a binding as the help and the documentation show it.
type KeyHelp struct {
	Group, Keys, Help string
	// Command is its name in the palette and in the configuration file, Names the keys as written there.
	Command string
	Names   []string
	// Fixed is set where the keys cannot be changed.
	Fixed bool
}

// Keys lists every binding, in the order of the help. docs/keys.md and the template of the configuration file are made from it.
func Keys() []KeyHelp {
	var out []KeyHelp
	for _, b := range newKeyMap() {
		if slices.ContainsFunc(out, func(k KeyHelp) bool { return k.Command == b.name }) {
			continue
		}
		// ctrl+c is no binding's alone: it always quits.
		names := slices.DeleteFunc(slices.Clone(b.keys), func(key string) bool { return key == "ctrl+c" })
		out = append(out, KeyHelp{b.group, b.label, b.help, b.name, names, b.run == nil})
	}
	return out
}
