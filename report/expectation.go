package report

import (
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// underscored writes a word or words as JSON has them.
func underscored(s string) string { return strings.ReplaceAll(s, " ", "_") }

// appendText appends a text, null where it is empty.
func appendText(b []byte, name, s string) []byte {
	b = append(b, name...)
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

func (j *JSON) expectation(b []byte, e *watch.Event) []byte {
	x := e.Expectation
	b = append(b, `{"kind":"expectation","id":`...)
	b = appendUint(b, x.ID)
	b = append(b, `,"time":`...)
	b = j.time(b, e.Time)
	b = appendText(b, `,"type":`, expectationType(x.Heartbeat))
	b = appendText(b, `,"rule":`, x.Rule)
	b = appendText(b, `,"state":`, underscored(x.State.String()))
	b = appendText(b, `,"topic":`, x.Topic)
	client := x.Client
	if !x.ClientKnown {
		client = ""
	}
	b = appendText(b, `,"client":`, client)
	b = appendText(b, `,"server":`, x.Server)
	b = append(b, `,"published":`...)
	b = j.time(b, x.At)
	b = append(b, `,"committed":`...)
	b = j.time(b, x.Commit)
	b = append(b, `,"deadline":`...)
	b = j.time(b, x.Deadline)
	b = append(b, `,"every_ns":`...)
	if x.Every > 0 {
		b = appendInt(b, int64(x.Every))
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"answered":`...)
	b = j.time(b, x.Answered)
	b = appendText(b, `,"answer":`, x.Answer)
	b = append(b, `,"answers":`...)
	b = appendInt(b, int64(x.Answers))
	b = appendSpan(b, `,"latency_ns":`, x.Latency)
	b = appendBool(b, `,"shared":`, x.Shared)
	b = appendText(b, `,"fate":`, underscored(x.Fate.String()))
	b = appendText(b, `,"silence":`, underscored(x.Silence.String()))
	b = append(b, `,"forwarded":`...)
	b = appendInt(b, int64(x.Forwarded))
	b = append(b, `,"acknowledged":`...)
	b = appendInt(b, int64(x.Acknowledged))
	return append(b, '}', '\n')
}

// expectation writes, for example,
//
//	2026-11-22T12:01:33.163Z  REQUEST answered  cmd/pump-2/set  by stat/pump-2/state  43.2ms
//
// Of what is overdue, and of topics, alerts tell.
func (t *Text) expectation(b []byte, e *watch.Event) []byte {
	x := e.Expectation
	switch {
	case x.Heartbeat || x.Answers > 1:
		return b
	case x.State != expect.Pending && x.State != expect.Answered && x.State != expect.Late && x.State != expect.Unknown:
		return b
	}
	b = t.stamp.appendMilli(b, e.Time)
	b = append(append(b, "  REQUEST "...), x.State.String()...)
	b = append(append(b, "  "...), decode.Escape(x.Topic)...)
	if x.Answered != 0 {
		b = append(append(b, "  by "...), decode.Escape(x.Answer)...)
		b = appendDuration(append(b, "  "...), x.Latency)
	}
	return append(b, '\n')
}

// appendStandings appends how each rule stands.
func appendStandings(b []byte, all []expect.Standing) []byte {
	b = append(b, `,"expectations":[`...)
	for i := range all {
		s := &all[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, `{"rule":`, s.Rule)
		b = appendText(b, `,"type":`, expectationType(s.Heartbeat))
		states := map[string]uint64{}
		for state, n := range s.States {
			if n > 0 {
				states[underscored(expect.State(state).String())] = n
			}
		}
		b = appendMap(append(b, `,"states":`...), states)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendStandingLines appends a line for each rule, for example
//
//	expected     cmd/{id}/set -> stat/{id}/# within 1s: 12 answered, 1 unanswered
func appendStandingLines(b []byte, all []expect.Standing) []byte {
	for i := range all {
		s := &all[i]
		rule := decode.Escape(s.Rule)
		if rule == "" {
			rule = "requests of MQTT 5.0"
		}
		b = append(append(append(b, "expected     "...), rule...), ": "...)
		if s.Rule != "" && Unmet(s) {
			b = append(b, "nothing was seen that it is about, so that nothing was expected\n"...)
			continue
		}
		var parts []part
		for state, n := range s.States {
			parts = append(parts, part{expect.State(state).String(), n})
		}
		b = appendParts(b, parts)
	}
	return b
}

// Unmet reports whether nothing was seen that a rule is about: no request, or no topic.
func Unmet(s *expect.Standing) bool { return s.States == [len(s.States)]uint64{} }

func expectationType(heartbeat bool) string {
	if heartbeat {
		return "heartbeat"
	}
	return "request"
}
