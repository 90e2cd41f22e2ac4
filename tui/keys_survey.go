package tui

import tea "charm.land/bubbletea/v2"

// keysOfSurvey are the keys of sessions, topics and packets.
func keysOfSurvey() keyMap {
	return keyMap{
		{name: "unfold", keys: []string{"right", "l"}, foot: "unfold", help: "unfold the level of the topic", group: "Topics",
			here: onTopics, off: (*Model).cannotUnfold, run: (*Model).unfoldTopic},
		{name: "fold", keys: []string{"left", "h"}, foot: "fold", help: "fold the level, or go to the one above", group: "Topics",
			here: onTopics, off: (*Model).cannotLeave, run: (*Model).leaveTopic},
		{name: "topic-handshakes", keys: []string{"."}, foot: "handshakes", help: "the handshakes of the topic and of all below", group: "Topics",
			here: onTopics, off: (*Model).nothingInSurvey, run: (*Model).handshakesOfTopic},
		{name: "follow-packets", keys: []string{"A"}, foot: "follow", help: "follow the newest packet or delivery", group: "Packets", here: onStream,
			off: (*Model).packetsFollow, run: func(m *Model) tea.Cmd { return m.followPackets() }},
	}
}
