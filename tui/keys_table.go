package tui

import (
	tea "charm.land/bubbletea/v2"
)

func keysOfScreens() keyMap {
	const group = "Screens"
	return keyMap{
		{name: "handshakes", keys: []string{"1"}, help: "handshakes", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenHandshakes) }},
		{name: "deliveries", keys: []string{"2"}, help: "deliveries", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenDeliveries) }},
		{name: "sessions", keys: []string{"3"}, help: "sessions", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenSessions) }},
		{name: "topics", keys: []string{"4"}, help: "topics", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenTopics) }},
		{name: "alerts", keys: []string{"5"}, help: "alerts", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenAlerts) }},
		{name: "statistics", keys: []string{"6"}, help: "statistics", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenStatistics) }},
		{name: "packets", keys: []string{"7"}, help: "packets", group: group,
			run: func(m *Model) tea.Cmd { return m.goTo(screenPackets) }},
		{name: "open", keys: []string{"enter"}, foot: "open", help: "open: list, then ladder, then bytes", group: group,
			here: not(onBytes), off: (*Model).nothingToOpen, run: (*Model).drillIn},
		{name: "back", keys: []string{"esc"}, foot: "back", help: escHelp, group: group,
			here: either(canGoBack, searching), run: (*Model).escape},
		{name: "back", keys: []string{"esc"}, foot: "clear filter", help: escHelp, group: group,
			here: filtered, off: (*Model).cannotUnfilter, run: (*Model).escape},
		{name: "other-pane", keys: []string{"tab", "shift+tab"}, label: "Tab", foot: "other pane", help: "the other pane", group: group,
			here: func(m *Model) bool { return m.split() != splitNone || onAlerts(m) && m.alerts.cut() || onDeliveries(m) }, run: (*Model).switchFocus},
		{name: "earlier-view", keys: []string{"["}, help: "the view before: screen, filter, sorting and cursor", group: group,
			off: (*Model).noEarlierView, run: (*Model).earlierView},
		{name: "later-view", keys: []string{"]"}, help: "the view after it", group: group,
			off: (*Model).noLaterView, run: (*Model).laterView},
	}
}

const escHelp = "back; clear the search, marks and the filter; never quits"

func keysOfMoving() keyMap {
	const group = "Moving"
	step := func(n int) func(*Model) tea.Cmd { return func(m *Model) tea.Cmd { return m.moveBy(n) } }
	page := func(num, den int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return m.moveBy(m.pageSize() * num / den) }
	}
	aside := func(n int) func(*Model) tea.Cmd { return func(m *Model) tea.Cmd { return m.scrollAside(n) } }
	return keyMap{
		{name: "down", keys: []string{"j", "down"}, help: "down", group: group, run: step(1)},
		{name: "up", keys: []string{"k", "up"}, help: "up", group: group, run: step(-1)},
		{name: "page-down", keys: []string{"pgdown", "ctrl+f"}, help: "a page down", group: group, run: page(1, 1)},
		{name: "page-up", keys: []string{"pgup", "ctrl+b"}, help: "a page up", group: group, run: page(-1, 1)},
		{name: "half-page-down", keys: []string{"ctrl+d"}, help: "half a page down", group: group, run: page(1, 2)},
		{name: "half-page-up", keys: []string{"ctrl+u"}, help: "half a page up", group: group, run: page(-1, 2)},
		{name: "top", keys: []string{"g", "home"}, help: "to the first", group: group, run: (*Model).toTop},
		{name: "bottom", keys: []string{"G", "end"}, help: "to the last; in the list, follow the newest", group: group, run: (*Model).toBottom},
		{name: "go-to-row", label: "0…9 G", help: "to that row (begin with 0 if the first digit is a screen's); the palette takes the number too", group: group},
		{name: "left", keys: []string{"H", "shift+left"}, help: "scroll long texts to the left", group: group,
			off: (*Model).notAside, run: aside(-asideStep)},
		{name: "right", keys: []string{"L", "shift+right"}, help: "scroll long texts to the right", group: group, run: aside(asideStep)},
		{name: "next-problem", keys: []string{"e"}, help: "next problem, in the order shown; after the last the first", group: group, here: onList, off: (*Model).notInOrder,
			run: func(m *Model) tea.Cmd { return m.problem(1) }},
		{name: "previous-problem", keys: []string{"E"}, help: "previous problem, likewise", group: group, here: onList, off: (*Model).notInOrder,
			run: func(m *Model) tea.Cmd { return m.problem(-1) }},
		{name: "search", keys: []string{"/"}, foot: "search", help: "search in the pane", group: group, here: canFind, run: (*Model).startFind},
		{name: "next-match", keys: []string{"n"}, help: "next match of the search", group: group, here: canFind, off: (*Model).noSearch,
			run: func(m *Model) tea.Cmd { return m.findNext(1) }},
		{name: "previous-match", keys: []string{"N"}, help: "previous match of the search", group: group, here: canFind, off: (*Model).noSearch,
			run: func(m *Model) tea.Cmd { return m.findNext(-1) }},
	}
}

func keysOfList() keyMap {
	const group = "List"
	return keyMap{
		{name: "filter", keys: []string{"/"}, foot: "filter", help: "filter as you type; Enter keeps it, Esc clears it", group: group,
			here: onFiltered, off: (*Model).whileFrozen, run: (*Model).startFilter},
		{name: "filter-builder", keys: []string{"f"}, help: "build a filter from a form, which shows the expression it makes", group: group,
			here: onFiltered, off: (*Model).whileFrozen, run: (*Model).openBuilder},
		{name: "saved-filters", keys: []string{"F"}, help: "saved filters, and those used before", group: group, here: onFiltered,
			off: (*Model).whileFrozen, run: (*Model).openFilters},
		{name: "problems", keys: []string{"!"}, foot: "problems", help: "problems only", group: group, here: onFiltered,
			off: (*Model).whileFrozen, run: (*Model).toggleProblems},
		{name: "follow", keys: []string{"A"}, foot: "follow", help: "follow the newest", group: group, here: onList,
			off: (*Model).following, run: (*Model).toBottom},
		{name: "sort-previous", keys: []string{"<"}, help: "sort by the column before", group: group, here: onColumns, off: (*Model).cannotSort,
			run: func(m *Model) tea.Cmd { return m.sortBy(-1) }},
		{name: "sort-next", keys: []string{">"}, help: "sort by the next column", group: group, here: onColumns, off: (*Model).cannotSort,
			run: func(m *Model) tea.Cmd { return m.sortBy(1) }},
		{name: "sort-reverse", keys: []string{"z"}, help: "sort the other way round", group: group, here: onColumns, off: (*Model).cannotSort,
			run: (*Model).sortReverse},
		{name: "columns", keys: []string{"t"}, help: "choose the columns and their order", group: group, here: onColumns, run: (*Model).openColumns},
		{name: "zoom-in", keys: []string{"+"}, help: "zoom the time axis in", group: group, here: onHandshakes,
			run: func(m *Model) tea.Cmd { return m.zoomAxis(-1) }},
		{name: "zoom-out", keys: []string{"-"}, help: "zoom the time axis out", group: group, here: onHandshakes,
			run: func(m *Model) tea.Cmd { return m.zoomAxis(1) }},
		{name: "zoom-fit", keys: []string{"="}, help: "let the time axis fit the rows again", group: group, here: func(m *Model) bool {
			return onHandshakes(m) && m.list.zoom != autoZoom
		}, run: (*Model).fitAxis},
	}
}

func keysOfMarks() keyMap {
	const group = "Marks"
	return keyMap{
		{name: "mark", keys: []string{"space"}, help: "mark the row, or take its mark away", group: group, here: onMarkable, off: (*Model).nothingToMark,
			run: (*Model).toggleMark},
		{name: "mark-range", keys: []string{"v"}, help: "mark from here on; v again marks up to there", group: group, here: onMarkable,
			off: (*Model).nothingToMark, run: (*Model).markRange},
		{name: "unmark", keys: []string{"u"}, help: "take all marks away", group: group, here: onMarkable, off: (*Model).noMarks, run: (*Model).unmark},
		{name: "export", keys: []string{"S"}, help: "export rows of the list: what is marked, what the filter chooses, or all", group: group,
			off: (*Model).cannotExport, run: (*Model).openExport},
		{name: "copy", keys: []string{"y"}, help: "copy: row, topic, payload, ladder, Wireshark filter", group: group, run: (*Model).openCopy},
	}
}

func keysOfLadder() keyMap {
	const group = "Ladder"
	return keyMap{
		{name: "bytes", keys: []string{"r"}, help: "fields and bytes of the packet", group: group, here: either(onLadder, onExtended),
			off: (*Model).cannotOpen, run: (*Model).openBytes},
		{name: "mark-packet", keys: []string{"space"}, help: "mark a packet; on another one, compare the two", group: group,
			here: onLadder, off: (*Model).noPacket, run: (*Model).comparePacket},
		{name: "compact", keys: []string{"s"}, help: "packets only, in few words", group: group, here: either(onLadder, onExtended), run: (*Model).toggleCompact},
		{name: "color", keys: []string{"c"}, help: "colour by nothing, packet type, resend, Packet Identifier, client", group: group, here: either(onLadder, onExtended),
			off: (*Model).noHues, run: (*Model).cycleColor},
		{name: "times", keys: []string{"w"}, help: "times: of the clock, since the first packet, since the one before", group: group, here: either(onLadder, onExtended),
			run: (*Model).cycleTimes},
		{name: "names", keys: []string{"a"}, help: "ends by name and address, by name, by address", group: group, here: either(onLadder, onExtended), run: (*Model).cycleNames},
	}
}

func keysOfAlerts() keyMap {
	const group = "Alerts"
	return keyMap{
		{name: "acknowledge", keys: []string{"space"}, foot: "acknowledge", help: "acknowledge the alert, or the equal ones on the line: dim, and no longer counted", group: group,
			here: onAlerts, off: (*Model).noAlert, run: (*Model).acknowledge},
		{name: "unfold-alerts", keys: []string{"right"}, help: "show the equal alerts that share the line", group: group,
			here: onAlertHead, off: (*Model).alertsUnfolded, run: (*Model).toggleAlerts},
		{name: "fold-alerts", keys: []string{"left"}, help: "let equal alerts share a line again", group: group,
			here: either(onAlertHead, onAlertMember), off: (*Model).alertsFolded, run: (*Model).toggleAlerts},
		{name: "undo-acknowledge", keys: []string{"u"}, help: "take the last acknowledgement back", group: group,
			here: onAlerts, off: (*Model).nothingAcknowledged, run: (*Model).undoAcknowledge},
		{name: "explain", keys: []string{"i"}, foot: "explain", help: "what the alert means, its causes, what to check", group: group,
			here: onAlerts, off: (*Model).noAlert, run: (*Model).openExplain},
		{name: "show-in-list", keys: []string{"l"}, help: "go to the alert's handshake, or delivery, in the list", group: group,
			here: onAlerts, off: (*Model).nothingToOpen, run: (*Model).jumpToSubject},
	}
}

func keysOfView() keyMap {
	const group = "View"
	return keyMap{
		{name: "details", keys: []string{"d"}, foot: "details", help: "show or hide the second pane", group: group, off: (*Model).noRoom, run: (*Model).toggleDetails},
		{name: "zoom-pane", keys: []string{`\`}, help: "give the pane the whole screen", group: group, off: (*Model).notSplit, run: (*Model).toggleZoom},
		{name: "freeze", keys: []string{"p"}, foot: "freeze", help: "freeze the view; the capture goes on", group: group, off: (*Model).cannotFreeze,
			run: (*Model).toggleFreeze},
		{name: "clear", keys: []string{"C"}, help: "clear: hide what is over, and count anew; what is open stays, and nothing is lost", group: group,
			off: (*Model).cannotClear, run: (*Model).clear},
		{name: "undo-clear", keys: []string{"U"}, help: "bring back what was cleared last, then the rest", group: group, off: (*Model).nothingCleared,
			run: (*Model).undoClear},
		{name: "expectations", keys: []string{"X"}, help: "what is expected (--expect), and how each request and topic stands", group: group, run: (*Model).openExpectations},
		{name: "sources", keys: []string{"I"}, help: "the sources: their whole names, how they are, and all remarks", group: group, off: (*Model).noSources, run: (*Model).openSources},
		{name: "settings", keys: []string{"o"}, help: "settings", group: group, run: (*Model).openSettings},
		{name: "mouse", keys: []string{"%"}, help: "mouse on or off (off frees it for selecting text)", group: group, run: (*Model).toggleMouse},
		{name: "redraw", keys: []string{"ctrl+l"}, help: "redraw", group: group, run: func(*Model) tea.Cmd { return tea.ClearScreen }},
	}
}

func keysOfProgram() keyMap {
	const group = "Program"
	return keyMap{
		{name: "publish", keys: []string{"P"}, help: "publish a message and go to its handshake (embedded client)", group: group,
			off: (*Model).cannotPublish, run: (*Model).openPublish},
		{name: "palette", keys: []string{":"}, help: "command palette: every key has a command", group: group, run: (*Model).openPalette},
		{name: "help", keys: []string{"?", "f1"}, foot: "help", help: "this help", group: group, run: (*Model).openHelp},
		{name: "quit", keys: []string{"q"}, foot: "quit", help: "back; in the first list, quit", group: group, run: (*Model).back},
		{name: "quit-now", keys: []string{"Q", "ctrl+c"}, help: "quit now", group: group, run: func(*Model) tea.Cmd { return tea.Quit }},
		{name: "suspend", keys: []string{"ctrl+z"}, help: "suspend", group: group, run: func(*Model) tea.Cmd { return tea.Suspend }},
	}
}
