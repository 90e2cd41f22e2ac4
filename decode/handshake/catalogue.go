package handshake

import (
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Subject is what an alert is about.
type Subject string

// The subjects.
const (
	AboutHandshake  Subject = "handshake"  // one delivery, or one SUBSCRIBE or UNSUBSCRIBE
	AboutConnection Subject = "connection" // one Network Connection, or one direction of it
	AboutSession    Subject = "session"    // a Client Identifier at a broker
	AboutMessage    Subject = "message"    // one message on its way to one subscriber
	AboutRule       Subject = "rule"       // what the user expects of messages: --expect
	AboutCapture    Subject = "capture"    // what was captured, not what was sent
)

// An Entry is what the catalogue says of an alert: the one source of "mqttwatch explain", of docs/alerts.md and of the screen's help.
type Entry struct {
	Name AlertName
	// Severities with which it is raised or to which it escalates, mildest first.
	Severities []Severity
	Subject    Subject
	// Lasting is set for a condition that goes on and clears, not set for what happens at a point in time and is counted.
	Lasting bool
	// Title says in one line what is the matter.
	Title string
	// Means says what was seen, and what it does to the delivery.
	Means string
	// Causes says what usually brings it about, the likeliest first; Checks what to look at next.
	Causes, Checks []string
	// Sides says of each of Causes with whom it lies, where either end may owe: 'c' with the client, 'b' with the broker, '-' with either. Empty where
	// that goes without saying.
	Sides string
	// V311 and V5 are the normative statements of the OASIS standards that it touches, without "MQTT-"; empty where there is none or its number is
	// not certain.
	V311, V5 []string
}

// Catalogue returns the entries of all alerts, in the order in which they are best read: what is owed, windows, identifiers and acknowledgements,
// resends, refusals, sessions, messages, rules, captures. The caller owns them.
func Catalogue() []Entry {
	return slices.Concat(owedEntries(), windowEntries(), identifierEntries(), resendEntries(), refusalEntries(), sessionEntries(),
		deliveryEntries(), ruleEntries(), captureEntries())
}

// Explain returns the entry of an alert.
func Explain(name AlertName) (Entry, bool) {
	for _, e := range Catalogue() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// CausesFor returns the causes, those that lie with the end that owes first.
func (e Entry) CausesFor(owes decode.Direction) []string {
	order := "c-b"
	if owes == decode.FromServer {
		order = "b-c"
	}
	if e.Sides == "" {
		return e.Causes
	}
	return slices.Concat(e.causesOf(order[:1]), e.causesOf(order[1:2]), e.causesOf(order[2:]))
}

func (e Entry) causesOf(side string) (causes []string) {
	for i, cause := range e.Causes {
		if e.Sides[i:i+1] == side {
			causes = append(causes, cause)
		}
	}
	return causes
}

// A CauseGroup is causes with what stands above them.
type CauseGroup struct {
	Head   string
	Causes []string
}

// CauseGroups returns the causes for who does not know which end owes: those of each end by themselves, where either may.
func (e Entry) CauseGroups() []CauseGroup {
	const usual = "What usually causes it"
	if e.Sides == "" {
		return []CauseGroup{{usual, e.Causes}}
	}
	var groups []CauseGroup
	for _, g := range []CauseGroup{{", where the client owes", e.causesOf("c")}, {", where the broker owes", e.causesOf("b")}, {", whoever owes", e.causesOf("-")}} {
		if len(g.Causes) > 0 {
			groups = append(groups, CauseGroup{usual + g.Head, g.Causes})
		}
	}
	return groups
}

// Clauses writes the normative statements on one line: "3.1.1: [MQTT-4.4.0-1]; 5.0: [MQTT-4.4.0-1]". Empty where there are none.
func (e Entry) Clauses() string {
	var parts []string
	for _, v := range []struct {
		version string
		clauses []string
	}{{"3.1.1", e.V311}, {"5.0", e.V5}} {
		if len(v.clauses) > 0 {
			parts = append(parts, v.version+": [MQTT-"+strings.Join(v.clauses, "], [MQTT-")+"]")
		}
	}
	return strings.Join(parts, "; ")
}

// Grades writes the severities: "warn, later critical" for a condition that escalates, "info or warn" for one that is graded when it is raised.
func (e Entry) Grades() string {
	var names []string
	for _, s := range e.Severities {
		names = append(names, s.String())
	}
	if e.Lasting {
		return strings.Join(names, ", later ")
	}
	return strings.Join(names, " or ")
}

// Kind says in a word whether it clears.
func (e Entry) Kind() string {
	if e.Lasting {
		return "lasts until it clears"
	}
	return "happens, and is counted"
}
