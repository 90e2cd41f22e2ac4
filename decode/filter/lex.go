package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is one piece of the text: a word with what it asks, or one of the signs ! | ( ).
type token struct {
	sign   rune   // '!', '|', '(' or ')'; 0 for a word, -1 at the end
	column int    // of its first rune, counted from 1
	name   string // the word before the operator; empty in a bare word
	op     string // ":", "=", ">", "<", ">=" or "<="; empty in a bare word
	value  string // without quotes
	at     int    // the column of the value
	quoted bool   // the value was (in part) in quotes
}

// A lexer cuts the text into tokens, one ahead of the parser.
type lexer struct {
	rest   string
	column int
	// isColumn tells the names that can stand before > and <.
	isColumn func(name string) bool
}

// next returns the next token.
func (l *lexer) next() (token, *Error) {
	for {
		r, size := utf8.DecodeRuneInString(l.rest)
		if size == 0 {
			return token{sign: -1, column: l.column}, nil
		}
		if !unicode.IsSpace(r) {
			break
		}
		l.skip(size)
	}
	switch c := l.rest[0]; c {
	case '!', '|', '(', ')':
		t := token{sign: rune(c), column: l.column}
		l.skip(1)
		return t, nil
	}
	return l.word()
}

// skip goes over the next rune, which is size bytes long.
func (l *lexer) skip(size int) {
	l.rest = l.rest[size:]
	l.column++
}

// word reads a word: name, operator and value, or a bare value. What looks like an operator only is one after the
// name of a column, so that a word may hold any sign elsewhere.
func (l *lexer) word() (token, *Error) {
	t := token{column: l.column}
	if n := nameLength(l.rest); n > 0 {
		if op := operatorAt(l.rest[n:]); op != "" && (op == ":" || l.isColumn(l.rest[:n])) {
			t.name, t.op = strings.ToLower(l.rest[:n]), op
			for range n + len(op) {
				l.skip(1) // both are ASCII
			}
		}
	}
	t.at = l.column
	err := l.value(&t)
	return t, err
}

// value reads up to a space, a sign, or the end, taking what is in quotes as it is.
func (l *lexer) value(t *token) *Error {
	var out []byte
	for l.rest != "" {
		r, size := utf8.DecodeRuneInString(l.rest)
		if unicode.IsSpace(r) || r == '|' || r == '(' || r == ')' {
			break
		}
		if r != '"' {
			out = append(out, l.rest[:size]...)
			l.skip(size)
			continue
		}
		t.quoted = true
		var err *Error
		if out, err = l.quote(out); err != nil {
			return err
		}
	}
	t.value = string(out)
	return nil
}

// quote reads a text in quotes; a backslash takes the next rune as it is.
func (l *lexer) quote(out []byte) ([]byte, *Error) {
	start := l.column
	l.skip(1)
	for l.rest != "" {
		r, size := utf8.DecodeRuneInString(l.rest)
		if r == '"' {
			l.skip(1)
			return out, nil
		}
		if r == '\\' && len(l.rest) > 1 {
			l.skip(1)
			_, size = utf8.DecodeRuneInString(l.rest)
		}
		out = append(out, l.rest[:size]...)
		l.skip(size)
	}
	return nil, &Error{Column: start, Reason: `the quote is not closed: add " at its end`}
}

// nameLength returns how many bytes at the beginning of s could be the name of a column.
func nameLength(s string) int {
	n := 0
	for n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || s[n] >= 'A' && s[n] <= 'Z') {
		n++
	}
	return n
}

// operatorAt returns the operator at the beginning of s, or "".
func operatorAt(s string) string {
	for _, op := range [...]string{">=", "<=", ">", "<", ":", "="} {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}
