// Package filter is the language in which screens and reports choose handshakes:
//
//	topic:plant/+/temp client:pump id:17 qos:2 state:stuck age>5s !dup | reason:0x87
//
// A bare word matches any column, ! negates, a space is and, | is or, parentheses group. Topic patterns with the MQTT
// wildcards + and # match as Topic Filters do, other words match anywhere in the text without regard to case.
package filter

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A Filter is a parsed expression.
type Filter struct {
	text  string
	match func(h *handshake.Handshake, now decode.Time) bool
}

// Error says where in the text the mistake is.
type Error struct {
	Column int // counted in runes from 1
	Reason string
}

func (e *Error) Error() string { return e.Reason }

// Match reports whether h is chosen at the time now. A nil Filter chooses all.
func (f *Filter) Match(h *handshake.Handshake, now decode.Time) bool {
	return f == nil || f.match == nil || f.match(h, now)
}

// String returns the text that was parsed.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}
