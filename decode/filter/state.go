package filter

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A stateWord is a word that state: takes.
type stateWord struct {
	name string
	test func(h *handshake.Handshake) bool
}

// stateWords lists what state: takes. The first that holds for a handshake and is exact is what its row says.
func stateWords() []stateWord {
	in := func(s handshake.State) func(*handshake.Handshake) bool {
		return func(h *handshake.Handshake) bool { return h.Verdict() == s }
	}
	return []stateWord{
		{"open", func(h *handshake.Handshake) bool { return h.State.Open() }},
		{"waiting", func(h *handshake.Handshake) bool { return h.Verdict().Open() && h.Severity() < handshake.Warn }},
		{"stuck", stuck},
		{"done", func(h *handshake.Handshake) bool { return !h.State.Open() }},
		{"complete", in(handshake.Complete)},
		{"refused", in(handshake.Refused)},
		{"abandoned", in(handshake.Abandoned)},
		{"unknown", in(handshake.Unknown)},
		{"late", func(h *handshake.Handshake) bool { return h.JoinedLate }},
		{"unsure", func(h *handshake.Handshake) bool { return h.Unsure }},
	}
}

func stuck(h *handshake.Handshake) bool {
	return h.Verdict().Open() && h.Severity() >= handshake.Warn
}

func stateTest(t token) (test, string) {
	var names []string
	for _, w := range stateWords() {
		if isOp(t) && strings.EqualFold(w.name, t.value) {
			return func(h *handshake.Handshake, _ decode.Time) bool { return w.test(h) }, ""
		}
		names = append(names, w.name)
	}
	return nil, "state is one of " + strings.Join(names, ", ") + ", as in state:stuck"
}

// stateContains looks for part in what the state column says: "PUBACK owed", "complete".
func stateContains(h *handshake.Handshake, part string) bool {
	verdict := h.Verdict()
	if !verdict.Open() {
		return contains(verdict.String(), part)
	}
	owed, _ := h.Owes()
	return contains(owed.String(), part) || contains("owed", part) || contains("awaiting", part)
}
