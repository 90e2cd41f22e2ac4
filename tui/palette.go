package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"
)

// openPalette lists every command; what is typed finds them by their letters, in order but with gaps. A number goes to that row.
func (m *Model) openPalette() tea.Cmd {
	return m.openOver(m.newMenu(menu{
		title: "Commands", prompt: " : ", refresh: (*Model).commands,
		onComplete: func(u *menu) {
			if c := u.current(); c != nil {
				u.typed = newEditor(c.text)
			}
		},
		onEmpty: (*Model).goToTyped,
	}))
}

// commands lists the commands that fit what is typed, best first. Those that belong to the screen come before the others where
// nothing is typed.
func (m *Model) commands(typed string) []choice {
	typed = strings.TrimSpace(typed)
	var all []*binding
	seen := map[string]bool{}
	for i := range m.keys {
		if b := m.help.here(m, &m.keys[i]); b.in == modeMain && b.run != nil && b.name != "palette" && !seen[b.name] {
			seen[b.name] = true
			all = append(all, b)
		}
	}
	if typed == "" {
		var here, rest []choice
		for _, b := range all {
			if b.shown(m) {
				here = append(here, m.command(b))
			} else {
				rest = append(rest, m.command(b))
			}
		}
		return append(here, rest...)
	}
	names := make([]string, len(all))
	for i, b := range all {
		names[i] = b.name + " " + b.help
	}
	found := fuzzy.Find(typed, names)
	// Names that begin with what is typed come first, the shortest before all, then those whose words begin with its letters.
	slices.SortStableFunc(found, func(a, b fuzzy.Match) int {
		return cmp.Compare(begins(all[a.Index].name, typed), begins(all[b.Index].name, typed))
	})
	out := make([]choice, 0, len(found))
	for _, match := range found {
		out = append(out, m.command(all[match.Index]))
	}
	return out
}

// begins is the length of a name that begins with typed, more for one whose words begin with the letters of typed, as those of filter-builder
// with fb, and more than any for another.
func begins(name, typed string) int {
	if strings.HasPrefix(name, typed) {
		return len(name)
	}
	initials := ""
	for word := range strings.SplitSeq(name, "-") {
		initials += word[:min(len(word), 1)]
	}
	if strings.HasPrefix(initials, strings.ToLower(typed)) {
		return 1000 + len(name)
	}
	return farAway
}

func (m *Model) command(b *binding) choice {
	c := choice{text: b.name, note: b.help, keys: b.label, run: func(m *Model) tea.Cmd { return m.runBinding(b) }}
	if !b.shown(m) {
		c.off = "not on this screen"
	} else {
		c.off = b.reason(m)
	}
	return c
}

// goToTyped goes to the row whose number was typed.
func (m *Model) goToTyped(typed string) tea.Cmd {
	row, err := strconv.Atoi(strings.TrimSpace(typed))
	if err != nil {
		m.say("there is no such command")
		return nil
	}
	m.closeOver()
	if !onList(m) && m.numbered() == nil {
		m.say("rows have no numbers here")
		return nil
	}
	m.goToRow(row)
	return nil
}
