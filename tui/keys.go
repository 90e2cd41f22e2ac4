package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A binding joins keys to what they do. The footer and the help are made from the same bindings, so they cannot drift.
type binding struct {
	keys  []string // as tea.KeyPressMsg.String names them
	label string   // how the keys are shown
	foot  string   // a word for the footer; empty where it is not shown there
	help  string
	group string
	// here reports whether the binding belongs to what is on the screen; nil is always.
	here func(m *Model) bool
	// off says why it does not work now; nil, or an empty reason, is that it does.
	off func(m *Model) string
	run func(m *Model) tea.Cmd
}

// A keyMap is all bindings. The first that belongs to the screen has the key.
type keyMap []binding

// find returns the binding of a key, or nil.
func (k keyMap) find(m *Model, key string) *binding {
	for i := range k {
		if slices.Contains(k[i].keys, key) && k[i].shown(m) {
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
	return slices.Concat(keysOfScreens(), keysOfMoving(), keysOfList(), keysOfLadder(), keysOfView(), keysOfProgram())
}

func keysOfScreens() keyMap {
	const group = "Screens"
	return keyMap{
		{keys: []string{"1"}, label: "1", help: "handshakes", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenHandshakes) }},
		{keys: []string{"5"}, label: "5", help: "alerts", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenAlerts) }},
		{keys: []string{"enter"}, label: "Enter", foot: "open", help: "open: list, then ladder, then bytes", group: group,
			here: not(onBytes), off: (*Model).nothingToOpen, run: (*Model).drillIn},
		{keys: []string{"esc"}, label: "Esc", foot: "back", help: "back; in the list, clear the filter; never quits", group: group,
			here: canGoBack, run: (*Model).escape},
		{keys: []string{"esc"}, label: "Esc", foot: "clear filter", help: "back; in the list, clear the filter; never quits", group: group,
			here: filtered, run: (*Model).escape},
		{keys: []string{"tab", "shift+tab"}, label: "Tab", foot: "other pane", help: "the other pane", group: group,
			here: func(m *Model) bool { return m.split() != splitNone }, run: (*Model).switchFocus},
	}
}

func keysOfMoving() keyMap {
	const group = "Moving"
	step := func(n int) func(*Model) tea.Cmd { return func(m *Model) tea.Cmd { return m.moveBy(n) } }
	page := func(num, den int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return m.moveBy(m.pageSize() * num / den) }
	}
	return keyMap{
		{keys: []string{"j", "down"}, label: "j ↓", help: "down", group: group, run: step(1)},
		{keys: []string{"k", "up"}, label: "k ↑", help: "up", group: group, run: step(-1)},
		{keys: []string{"pgdown", "ctrl+f"}, label: "PgDn ^F", help: "a page down", group: group, run: page(1, 1)},
		{keys: []string{"pgup", "ctrl+b"}, label: "PgUp ^B", help: "a page up", group: group, run: page(-1, 1)},
		{keys: []string{"ctrl+d"}, label: "^D", help: "half a page down", group: group, run: page(1, 2)},
		{keys: []string{"ctrl+u"}, label: "^U", help: "half a page up", group: group, run: page(-1, 2)},
		{keys: []string{"g", "home"}, label: "g Home", help: "to the first", group: group, run: (*Model).toTop},
		{keys: []string{"G", "end"}, label: "G End", help: "to the last; in the list, follow the newest", group: group, run: (*Model).toBottom},
		{keys: nil, label: "0…9 G", help: "to that row (begin with 0 if the first digit is a screen's)", group: group, here: onList},
		{keys: []string{"e"}, label: "e", help: "next problem", group: group, here: onList, run: func(m *Model) tea.Cmd { return m.problem(1) }},
		{keys: []string{"E"}, label: "E", help: "previous problem", group: group, here: onList, run: func(m *Model) tea.Cmd { return m.problem(-1) }},
	}
}

func keysOfList() keyMap {
	const group = "List"
	return keyMap{
		{keys: []string{"/"}, label: "/", foot: "filter", help: "filter as you type; Enter keeps it, Esc clears it", group: group,
			here: onHandshakes, run: (*Model).startFilter},
		{keys: []string{"!"}, label: "!", foot: "problems", help: "problems only", group: group, here: onHandshakes, run: (*Model).toggleProblems},
		{keys: []string{"A"}, label: "A", foot: "follow", help: "follow the newest", group: group, here: onList,
			off: (*Model).following, run: (*Model).toBottom},
		{keys: []string{"+"}, label: "+", help: "zoom the time axis in", group: group, here: onHandshakes,
			run: func(m *Model) tea.Cmd { return m.zoomAxis(-1) }},
		{keys: []string{"-"}, label: "-", help: "zoom the time axis out", group: group, here: onHandshakes,
			run: func(m *Model) tea.Cmd { return m.zoomAxis(1) }},
		{keys: []string{"="}, label: "=", help: "let the time axis fit the rows again", group: group, here: func(m *Model) bool {
			return onHandshakes(m) && m.list.zoom != autoZoom
		}, run: (*Model).fitAxis},
	}
}

func keysOfLadder() keyMap {
	const group = "Ladder"
	return keyMap{
		{keys: []string{"r"}, label: "r", help: "fields and bytes of the packet", group: group, here: onLadder, run: (*Model).drillIn},
		{keys: []string{"w"}, label: "w", help: "times: of the clock, or since the first packet", group: group, here: onLadder, run: (*Model).toggleTimes},
	}
}

func keysOfView() keyMap {
	const group = "View"
	return keyMap{
		{keys: []string{"d"}, label: "d", foot: "details", help: "show or hide the second pane", group: group, off: (*Model).noRoom, run: (*Model).toggleDetails},
		{keys: []string{`\`}, label: `\`, help: "give the pane the whole screen", group: group, off: (*Model).notSplit, run: (*Model).toggleZoom},
		{keys: []string{"p"}, label: "p", foot: "freeze", help: "freeze the view; the capture goes on", group: group, run: (*Model).toggleFreeze},
		{keys: []string{"y"}, label: "y", help: "copy what is under the cursor (OSC 52)", group: group, run: (*Model).copyText},
		{keys: []string{"%"}, label: "%", help: "mouse on or off (off frees it for selecting text)", group: group, run: (*Model).toggleMouse},
		{keys: []string{"ctrl+l"}, label: "^L", help: "redraw", group: group, run: func(*Model) tea.Cmd { return tea.ClearScreen }},
	}
}

func keysOfProgram() keyMap {
	const group = "Program"
	return keyMap{
		{keys: []string{"?", "f1"}, label: "? F1", foot: "help", help: "this help", group: group, run: (*Model).openHelp},
		{keys: []string{"q"}, label: "q", foot: "quit", help: "back; in the first list, quit", group: group, run: (*Model).back},
		{keys: []string{"Q", "ctrl+c"}, label: "Q ^C", help: "quit now", group: group, run: func(*Model) tea.Cmd { return tea.Quit }},
		{keys: []string{"ctrl+z"}, label: "^Z", help: "suspend", group: group, run: func(*Model) tea.Cmd { return tea.Suspend }},
	}
}

// What is on the screen, as bindings ask for it.

func onList(m *Model) bool       { return m.active() == paneList }
func onHandshakes(m *Model) bool { return m.screen == screenHandshakes && m.level == levelList }
func onLadder(m *Model) bool     { return m.active() == paneLadder }
func onBytes(m *Model) bool      { return m.active() == paneBytes }
func canGoBack(m *Model) bool    { return m.level > levelList || m.focus > 0 }
func filtered(m *Model) bool {
	return !canGoBack(m) && m.screen == screenHandshakes && (m.filter.text != "" || m.filter.problems)
}

func not(f func(*Model) bool) func(*Model) bool { return func(m *Model) bool { return !f(m) } }

// KeyHelp is a line of the help.
type KeyHelp struct{ Group, Keys, Help string }

// Keys lists every binding, in the order of the help. The documentation's table of keys is checked against it.
func Keys() []KeyHelp {
	var out []KeyHelp
	for _, b := range newKeyMap() {
		k := KeyHelp{Group: b.group, Keys: b.label, Help: b.help}
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// footer lists the keys that work now, as many as fit.
func (m *Model) footer(p *pen) string {
	o := newLine(m.width)
	var last string
	for i := range m.keys {
		b := &m.keys[i]
		if b.foot == "" || !b.shown(m) || b.reason(m) != "" {
			continue
		}
		label, _, _ := strings.Cut(b.label, " ")
		word := m.footWord(b)
		if o.used+cells(label)+cells(word)+3 > m.width || last == label {
			continue
		}
		last = label
		o.put(p.th.Plain, " ").put(p.th.Key, label).put(p.th.Dim, " "+word+" ")
	}
	return o.full()
}

// footWord is what a key does now, where that changes.
func (m *Model) footWord(b *binding) string {
	switch {
	case b.label == "p" && m.frozen:
		return "unfreeze"
	case b.label == "q" && (canGoBack(m) || m.screen != screenHandshakes):
		return "back"
	case b.label == "!" && m.filter.problems:
		return "all"
	}
	return b.foot
}
