package tui

import (
	tea "charm.land/bubbletea/v2"
)

// The keys of what opens above the panes.

func keysOfHelp() keyMap {
	const group = "In this help"
	move := func(n int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { m.help.moveBy(n); return nil }
	}
	page := func(n int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { m.help.moveBy(n * max(m.help.height-1, 1)); return nil }
	}
	return keyMap{
		{name: "help-down", keys: []string{"j", "down"}, foot: "down", help: "down", group: group, in: modeHelp, run: move(1)},
		{name: "help-up", keys: []string{"k", "up"}, foot: "up", help: "up", group: group, in: modeHelp, run: move(-1)},
		{name: "help-page-down", keys: []string{"pgdown", "ctrl+f", "space"}, foot: "page", help: "a page down", group: group, in: modeHelp, run: page(1)},
		{name: "help-page-up", keys: []string{"pgup", "ctrl+b"}, help: "a page up", group: group, in: modeHelp, run: page(-1)},
		{name: "help-top", keys: []string{"g", "home"}, help: "to the first", group: group, in: modeHelp, run: move(-farAway)},
		{name: "help-bottom", keys: []string{"G", "end"}, help: "to the last", group: group, in: modeHelp, run: move(farAway)},
		{name: "help-run", keys: []string{"enter"}, foot: "run", help: "do what the line under the cursor says", group: group, in: modeHelp, run: (*Model).runHelp},
		{name: "help-search", keys: []string{"/"}, foot: "search", help: "search", group: group, in: modeHelp,
			run: func(m *Model) tea.Cmd { m.help.typing = true; return nil }},
		{name: "help-close", keys: []string{"esc", "q", "?", "f1"}, foot: "close", help: "close; Esc clears a search first", group: group, in: modeHelp,
			run: (*Model).closeHelp},
		{name: "help-quit", keys: []string{"Q", "ctrl+c"}, help: "quit now", group: group, in: modeHelp, run: func(*Model) tea.Cmd { return tea.Quit }},
		{name: "search-done", keys: []string{"enter"}, foot: "keep", help: "end typing the search", group: group, in: modeSearch,
			run: func(m *Model) tea.Cmd { m.help.typing = false; return nil }},
		{name: "search-down", keys: []string{"down"}, help: "down, while the search is typed", group: group, in: modeSearch, run: move(1)},
		{name: "search-up", keys: []string{"up"}, help: "up, while the search is typed", group: group, in: modeSearch, run: move(-1)},
		{name: "search-clear", keys: []string{"esc"}, foot: "clear", help: "clear the search", group: group, in: modeSearch, run: (*Model).clearHelpSearch},
	}
}

func keysOfPrompts() keyMap {
	const group = "While a filter or a search is typed"
	return keyMap{
		{name: "filter-keep", keys: []string{"enter"}, foot: "keeps it", help: "keep the filter", group: group, in: modeFilter, run: (*Model).keepFilter},
		{name: "filter-clear", keys: []string{"esc"}, foot: "clears it", help: "clear the filter", group: group, in: modeFilter, run: (*Model).clearFilter},
		{name: "filter-earlier", keys: []string{"up", "ctrl+p"}, foot: "earlier", help: "the filter used before", group: group, in: modeFilter,
			off: (*Model).noFilterHistory, run: func(m *Model) tea.Cmd { return m.recallFilter(-1) }},
		{name: "filter-later", keys: []string{"down", "ctrl+n"}, help: "the filter used after it", group: group, in: modeFilter,
			off: (*Model).noFilterHistory, run: func(m *Model) tea.Cmd { return m.recallFilter(1) }},
		{name: "filter-save", keys: []string{"ctrl+s"}, help: "save the filter under a name in the configuration file", group: group, in: modeFilter,
			off: (*Model).cannotSaveFilter, run: (*Model).openSaveFilter},
		{name: "find-keep", keys: []string{"enter"}, foot: "keep", help: "end typing the search; n and N go on", group: group, in: modeFind, run: (*Model).keepFind},
		{name: "find-clear", keys: []string{"esc"}, foot: "clear", help: "clear the search in the pane", group: group, in: modeFind, run: (*Model).clearFind},
	}
}

func keysOfMenus() keyMap {
	const group = "In menus, palette and forms"
	over := func(f func(m *Model, o overlay) tea.Cmd) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return f(m, m.over) }
	}
	move := func(n int) func(*Model) tea.Cmd {
		return over(func(m *Model, o overlay) tea.Cmd { o.moveBy(m, n); return nil })
	}
	shift := func(n int) func(*Model) tea.Cmd {
		return over(func(m *Model, o overlay) tea.Cmd { return o.shift(m, n) })
	}
	can := func(v verb) func(*Model) bool { return func(m *Model) bool { return m.over != nil && m.over.can(v) } }
	pick := over(func(m *Model, o overlay) tea.Cmd { return o.pick(m) })
	shut := (*Model).closeOver
	return keyMap{
		{name: "menu-down", keys: []string{"down", "ctrl+n"}, foot: "down", help: "down", group: group, in: modeMenu, run: move(1)},
		{name: "menu-up", keys: []string{"up", "ctrl+p"}, foot: "up", help: "up", group: group, in: modeMenu, run: move(-1)},
		{name: "menu-page-down", keys: []string{"pgdown"}, help: "a page down", group: group, in: modeMenu, run: move(10)},
		{name: "menu-page-up", keys: []string{"pgup"}, help: "a page up", group: group, in: modeMenu, run: move(-10)},
		{name: "menu-choose", keys: []string{"enter"}, foot: "choose", help: "choose", group: group, in: modeMenu, here: can(verbPick), run: pick},
		{name: "menu-toggle", keys: []string{"space"}, foot: "on or off", help: "switch on or off", group: group, in: modeMenu, here: can(verbToggle),
			run: over(func(m *Model, o overlay) tea.Cmd { return o.toggle(m) })},
		{name: "menu-complete", keys: []string{"tab"}, foot: "complete", help: "complete the command", group: group, in: modeMenu, here: can(verbComplete),
			run: over(func(m *Model, o overlay) tea.Cmd { return o.toggle(m) })},
		{name: "menu-earlier", keys: []string{"left", "shift+up"}, foot: "earlier", help: "move the column to the left, or the value before", group: group,
			in: modeMenu, here: can(verbShift), run: shift(-1)},
		{name: "menu-later", keys: []string{"right", "shift+down"}, foot: "later", help: "move the column to the right, or the next value", group: group,
			in: modeMenu, here: can(verbShift), run: shift(1)},
		{name: "menu-save", keys: []string{"ctrl+s"}, foot: "save", help: "save to the configuration file", group: group, in: modeMenu,
			here: can(verbSave), off: (*Model).cannotSave, run: over(func(m *Model, o overlay) tea.Cmd { return o.save(m) })},
		{name: "menu-delete", keys: []string{"delete"}, foot: "delete", help: "delete what is saved", group: group, in: modeMenu,
			here: can(verbDelete), off: (*Model).cannotSave, run: over(func(m *Model, o overlay) tea.Cmd { return o.remove(m) })},
		{name: "menu-close", keys: []string{"esc"}, foot: "close", help: "close", group: group, in: modeMenu, run: shut},
		{name: "form-next", keys: []string{"tab", "down"}, foot: "next", help: "next field", group: group, in: modeForm, run: move(1)},
		{name: "form-previous", keys: []string{"shift+tab", "up"}, help: "field before", group: group, in: modeForm, run: move(-1)},
		{name: "form-earlier", keys: []string{"left"}, help: "value before", group: group, in: modeForm, here: can(verbShift), run: shift(-1)},
		{name: "form-later", keys: []string{"right", "space"}, foot: "value", help: "next value", group: group, in: modeForm, here: can(verbShift), run: shift(1)},
		{name: "form-done", keys: []string{"enter"}, foot: "done", help: "take the form", group: group, in: modeForm, run: pick},
		{name: "form-close", keys: []string{"esc"}, foot: "cancel", help: "cancel", group: group, in: modeForm, run: shut},
	}
}
