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

// A Filter is a parsed expression. It does not change and may be used from several goroutines.
type Filter struct {
	text string
	root node[*handshake.Handshake]
}

// Error says where in the text the mistake is, and what would be right there.
type Error struct {
	Column int // counted in runes from 1
	Reason string
}

func (e *Error) Error() string { return e.Reason }

// Match reports whether h is chosen at the time now, from which ages are counted. A nil Filter chooses all.
//
// It reads h and its session, so it is called where both may be read: by the owner of the tracker.
func (f *Filter) Match(h *handshake.Handshake, now decode.Time) bool {
	return f == nil || f.root == nil || f.root.match(h, now)
}

// String returns the text that was parsed.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

// A node is one part of an expression about a T.
type node[T any] interface {
	match(h T, now decode.Time) bool
	// append writes the node down so that it parses to itself.
	append(dst []byte) []byte
}

type (
	allOf[T any] []node[T]            // and
	anyOf[T any] []node[T]            // or
	not[T any]   struct{ of node[T] } // negation
	leaf[T any]  struct {
		text string
		test testOf[T]
	}
)

// A testOf is the question that one word asks of a T; a test asks it of a handshake.
type (
	testOf[T any] func(h T, now decode.Time) bool
	test          = testOf[*handshake.Handshake]
)

func (n allOf[T]) match(h T, now decode.Time) bool {
	for _, part := range n {
		if !part.match(h, now) {
			return false
		}
	}
	return true
}

func (n anyOf[T]) match(h T, now decode.Time) bool {
	for _, part := range n {
		if part.match(h, now) {
			return true
		}
	}
	return false
}

func (n not[T]) match(h T, now decode.Time) bool { return !n.of.match(h, now) }

func (n leaf[T]) match(h T, now decode.Time) bool { return n.test(h, now) }

func (n allOf[T]) append(dst []byte) []byte { return appendGroup(dst, n, " ") }

func (n anyOf[T]) append(dst []byte) []byte { return appendGroup(dst, n, " | ") }

func (n not[T]) append(dst []byte) []byte { return n.of.append(append(dst, '!')) }

func (n leaf[T]) append(dst []byte) []byte { return append(dst, n.text...) }

func appendGroup[T any](dst []byte, parts []node[T], between string) []byte {
	dst = append(dst, '(')
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = part.append(dst)
	}
	return append(dst, ')')
}
