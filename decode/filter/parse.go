package filter

import (
	"fmt"
	"strings"
)

const (
	maxText  = 4096 // bytes
	maxDepth = 64   // parentheses and negations inside each other
)

// Parse parses an expression about handshakes. The empty text gives a nil Filter, which chooses all. An error is an *Error.
func Parse(text string) (*Filter, error) {
	root, err := parse(text, handshakes())
	if err != nil || root == nil {
		return nil, err
	}
	return &Filter{text: text, root: root}, nil
}

// A language is the words by which one chooses a T.
type language[T any] struct {
	columns []column[T]
	flags   map[string]testOf[T]
	// bare makes the question of a word that matches any column.
	bare func(text string) testOf[T]
}

// parse parses an expression; the empty text gives nil.
func parse[T any](text string, l language[T]) (node[T], error) {
	if len(text) > maxText {
		return nil, &Error{Column: 1, Reason: fmt.Sprintf("the filter is longer than %d bytes", maxText)}
	}
	p := parser[T]{lex: lexer{rest: text, column: 1, isColumn: l.has}, language: l}
	root, err := p.all()
	if err != nil {
		return nil, err
	}
	return root, nil
}

// parser is a recursive descent over
//
//	or    = and { "|" and } .
//	and   = unary { unary } .
//	unary = "!" unary | "(" or ")" | word .
type parser[T any] struct {
	language[T]
	lex   lexer
	ahead token
	depth int
	first int // the column of the first token
}

// all parses the whole text; nil is an empty one.
func (p *parser[T]) all() (node[T], error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.ahead.sign == -1 {
		return nil, nil
	}
	p.first = p.ahead.column
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.ahead.sign == ')' {
		return nil, &Error{Column: p.ahead.column, Reason: "this ) closes nothing: remove it, or add a ( before"}
	}
	return root, nil
}

func (p *parser[T]) advance() *Error {
	var err *Error
	p.ahead, err = p.lex.next()
	return err
}

func (p *parser[T]) or() (node[T], *Error) {
	first, err := p.and()
	if err != nil {
		return nil, err
	}
	parts := anyOf[T]{first}
	for p.ahead.sign == '|' {
		if err := p.advance(); err != nil {
			return nil, err
		}
		next, err := p.and()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return parts, nil
}

func (p *parser[T]) and() (node[T], *Error) {
	first, err := p.unary()
	if err != nil {
		return nil, err
	}
	parts := allOf[T]{first}
	for p.ahead.sign == 0 || p.ahead.sign == '!' || p.ahead.sign == '(' {
		next, err := p.unary()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return parts, nil
}

func (p *parser[T]) unary() (node[T], *Error) {
	t := p.ahead
	if t.sign == '!' || t.sign == '(' {
		p.depth++
		defer func() { p.depth-- }()
		if p.depth > maxDepth {
			return nil, &Error{Column: t.column, Reason: fmt.Sprintf("more than %d levels inside each other", maxDepth)}
		}
	}
	switch t.sign {
	case 0:
		if reason := operatorWord(t, t.column == p.first && strings.TrimSpace(p.lex.rest) == ""); reason != "" {
			return nil, &Error{Column: t.column, Reason: reason}
		}
		n, err := p.word(t)
		if err != nil {
			return nil, err
		}
		return n, p.advance()
	case '!':
		if err := p.advance(); err != nil {
			return nil, err
		}
		of, err := p.unary()
		return not[T]{of}, err
	case '(':
		return p.group(t)
	}
	return nil, &Error{Column: t.column, Reason: "a word is missing here, such as topic:plant/# or state:open"}
}

func (p *parser[T]) group(open token) (node[T], *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.ahead.sign != ')' {
		return nil, &Error{Column: open.column, Reason: "this ( is not closed: add a )"}
	}
	return n, p.advance()
}
