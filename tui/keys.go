package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A mode is what has the keys: the panes, or something that is open above them.
type mode uint8

const (
	modeMain   mode = iota
	modeHelp        // the help is open
	modeSearch      // the help's search is typed
	modeFilter      // the filter is typed
	modeFind        // a search in a pane is typed
	modeMenu        // a list to choose from is open
	modeForm        // a form is open
)

// typing reports whether keys without a binding are text.
func (k mode) typing() bool { return k != modeMain && k != modeHelp }

// A binding joins keys to what they do. Footer, help, command palette and docs/keys.md are made from the same bindings, so they
// cannot drift.
type binding struct {
	name  string   // of the command, in the palette and in the configuration file; made from help where empty
	keys  []string // as tea.KeyPressMsg.String names them
	label string   // how the keys are shown; made from keys where empty
	foot  string   // a word for the footer; empty where it is not shown there
	help  string
	group string
	in    mode
	// here reports whether the binding belongs to what is on the screen; nil is always.
	here func(m *Model) bool
	// off says why it does not work now; nil, or an empty reason, is that it does.
	off func(m *Model) string
	run func(m *Model) tea.Cmd
}

// A keyMap is all bindings. The first that belongs to the screen has the key.
type keyMap []binding

// find returns the binding of a key in the mode that the screen is in, or nil.
func (k keyMap) find(m *Model, key string) *binding {
	now := m.mode()
	for i := range k {
		if k[i].in == now && slices.Contains(k[i].keys, key) && k[i].shown(m) {
			return &k[i]
		}
	}
	return nil
}

func (b *binding) shown(m *Model) bool { return b.here == nil || b.here(m) }

func (b *binding) reason(m *Model) string {
	if b.off == nil {
		return ""
	}
	return b.off(m)
}

// newKeyMap returns the bindings in the order in which the help lists them.
func newKeyMap() keyMap {
	k := slices.Concat(keysOfScreens(), keysOfMoving(), keysOfList(), keysOfMarks(), keysOfLadder(), keysOfExtended(), keysOfAlerts(), keysOfSurvey(), keysOfView(), keysOfProgram(),
		keysOfHelp(), keysOfPrompts(), keysOfMenus())
	for i := range k {
		b := &k[i]
		if b.name == "" {
			b.name = commandName(b.help)
		}
		if b.label == "" {
			b.label = labelOf(b.keys)
		}
	}
	return k
}

// commandName makes a name of what a binding does: "half a page down" is half-a-page-down.
func commandName(help string) string {
	help, _, _ = strings.Cut(help, ";")
	return strings.Join(strings.FieldsFunc(strings.ToLower(help), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

// labelOf writes keys as the help shows them: "j ↓", "PgDn ^F".
func labelOf(keys []string) string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = keyLabel(k)
	}
	return strings.Join(out, " ")
}

var keyLabels = map[string]string{
	"up": "↑", "down": "↓", "left": "←", "right": "→", "pgup": "PgUp", "pgdown": "PgDn", "enter": "Enter", "esc": "Esc", "tab": "Tab",
	"home": "Home", "end": "End", "space": "Space", "backspace": "Backspace", "delete": "Del", "insert": "Ins",
}

func keyLabel(k string) string {
	if rest, ok := strings.CutPrefix(k, "ctrl+"); ok && rest != "" {
		if len(rest) == 1 {
			return "^" + strings.ToUpper(rest)
		}
		return "^" + keyLabel(rest)
	}
	if rest, ok := strings.CutPrefix(k, "shift+"); ok && rest != "" {
		return "S-" + keyLabel(rest)
	}
	if rest, ok := strings.CutPrefix(k, "alt+"); ok && rest != "" {
		return "A-" + keyLabel(rest)
	}
	if s, ok := keyLabels[k]; ok {
		return s
	}
	if len(k) > 1 && k[0] == 'f' {
		return strings.ToUpper(k)
	}
	return k
}

// What is on the screen, as bindings ask for it.

func onList(m *Model) bool       { return m.active() == paneList }
func onHandshakes(m *Model) bool { return m.screen == screenHandshakes && m.level == levelList }
func onLadder(m *Model) bool     { return m.active() == paneLadder }
func onBytes(m *Model) bool      { return m.active() == paneBytes }
func onAlerts(m *Model) bool     { return m.active() == paneAlerts }
func canGoBack(m *Model) bool    { return m.level > levelList || m.focus > 0 || readingAlert(m) }
func readingAlert(m *Model) bool { return onAlerts(m) && m.alerts.reading }
func filtered(m *Model) bool {
	return !canGoBack(m) && onFiltered(m) && (m.filter.text != "" || m.filter.problems || clearsMarks(m))
}

// clearsMarks reports whether marks are what Esc clears first.
func clearsMarks(m *Model) bool { return onMarkable(m) && len(m.marks().ids) > 0 }

func not(f func(*Model) bool) func(*Model) bool { return func(m *Model) bool { return !f(m) } }

func either(f, g func(*Model) bool) func(*Model) bool {
	return func(m *Model) bool { return f(m) || g(m) }
}

// footer lists the keys that work now, as many as fit.
func (m *Model) footer(p *pen) string {
	o := newLine(m.width)
	all := m.footKeys(p)
	width := func(k [2]string) int { return cells(k[0]) + cells(k[1]) + 3 }
	// The last two, help and quit, keep their room: who does not know on finds there how to.
	kept := 0
	for _, k := range all[max(0, len(all)-2):] {
		kept += width(k)
	}
	for i, k := range all {
		if i >= len(all)-2 {
			kept -= width(k)
		}
		if o.used+width(k)+kept > m.width {
			continue
		}
		o.put(p.th.Plain, " ").put(p.th.Key, k[0]).put(p.th.Dim, " "+k[1]+" ")
	}
	return o.full()
}

// footKeys returns the keys of the mode and their words, those that work now.
func (m *Model) footKeys(p *pen) [][2]string {
	var out [][2]string
	now := m.mode()
	last := ""
	for i := range m.keys {
		b := &m.keys[i]
		if b.foot == "" || b.in != now || !b.shown(m) || b.reason(m) != "" {
			continue
		}
		label, _, _ := strings.Cut(b.label, " ")
		if p.g.ASCII {
			label = asciiLabel(label)
		}
		if label == last || label == "" {
			continue
		}
		last = label
		out = append(out, [2]string{label, m.footWord(b)})
	}
	return out
}

// footWord is what a key does now, where that changes.
func (m *Model) footWord(b *binding) string {
	switch {
	case b.name == "freeze" && m.frozen:
		return "unfreeze"
	case b.name == "quit" && (canGoBack(m) || m.screen != screenHandshakes || cameHere(m)):
		return "back"
	case b.foot == "clear filter" && clearsMarks(m):
		return "clear marks"
	case b.foot == "clear filter" && cameHere(m):
		return "back"
	case b.name == "problems" && m.filter.problems:
		return "all"
	case b.name == "open" && onAlertHead(m) && m.alerts.unfolded[m.alerts.line().group]:
		return "fold"
	case b.name == "open" && onAlertHead(m):
		return "unfold"
	}
	return b.foot
}
