package expect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultWithin is how long an answer may take where nobody says.
const DefaultWithin = 5 * time.Second

// longest bounds the times of a rule.
const longest = 31 * 24 * time.Hour

// A Rule is what the user expects. It is one of two:
//
//	cmd/{id}/set -> stat/{id}/# within 1s          each request is answered; {id} is the same in both
//	cmd/{id}/set -> stat/{id}/# within 1s json id  and so is the field "id" of both payloads, which are JSON objects
//	sensors/+/status every 60s grace 1.5x          something is published on each topic at least every 60 s, 90 s at the latest
//	sensors/+/status every learned                 likewise, and how often is learned
type Rule struct {
	// Text is the rule as it was given.
	Text string
	// Heartbeat tells the two apart. Within is how long an answer may take, Every and Grace how long a topic may be silent: Every times Grace.
	Heartbeat bool
	Within    time.Duration
	Every     time.Duration
	Grace     float64
	// Learned says that Every is learned for each topic, from the gaps between messages on it, and 0 here.
	Learned bool
	// Field is the JSON field that request and answer share; empty where none.
	Field string

	topic, answer pattern // of a heartbeat topic alone
}

// An Error says what is wrong with a rule, and where.
type Error struct {
	Column int // counted in runes from 1
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Reason) }

func errorf(column int, format string, args ...any) error {
	return &Error{Column: column, Reason: fmt.Sprintf(format, args...)}
}

// word is a word of a rule, and its column.
type word struct {
	text string
	at   int
}

func wordsOf(text string) []word {
	var out []word
	at := -1
	runes := []rune(text)
	for i := 0; i <= len(runes); i++ {
		space := i == len(runes) || runes[i] == ' ' || runes[i] == '\t'
		switch {
		case !space && at < 0:
			at = i
		case space && at >= 0:
			out = append(out, word{string(runes[at:i]), at + 1})
			at = -1
		}
	}
	return out
}

const forms = "give REQUEST -> ANSWER within TIME, TOPIC every TIME, or TOPIC every learned"

// Parse reads a rule. Errors are of type *Error.
func Parse(text string) (*Rule, error) {
	words := wordsOf(text)
	end := len([]rune(text)) + 1
	if len(words) == 0 {
		return nil, errorf(1, "the rule is empty: "+forms)
	}
	r := &Rule{Text: strings.Trim(text, " \t"), Within: DefaultWithin, Grace: 1.5}
	var err error
	if r.topic, err = parsePattern(words[0].text, words[0].at); err != nil {
		return nil, err
	}
	if len(words) == 1 {
		return nil, errorf(end, "something is missing after the topic: "+forms)
	}
	switch words[1].text {
	case "->":
		err = r.request(words[2:], end)
	case "every":
		r.Heartbeat = true
		err = r.beat(words[2:], end)
	default:
		err = errorf(words[1].at, "%q is neither -> nor every: "+forms, words[1].text)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// request reads what stands after the arrow.
func (r *Rule) request(words []word, end int) (err error) {
	if len(words) == 0 {
		return errorf(end, "the topic of the answer is missing after ->")
	}
	if r.answer, err = parsePattern(words[0].text, words[0].at); err != nil {
		return err
	}
	at, names := words[0].at, 0
	for _, l := range r.answer.levels {
		if l.name != "" && r.topic.place(l.name) < 0 {
			return errorf(at, "{%s} is not in the topic of the request", l.name)
		}
		if l.name != "" {
			names++
		}
		at += len([]rune(l.text)) + 1
	}
	if names > maxJoined {
		return errorf(words[0].at, "there are %d names: %d are the most", names, maxJoined)
	}
	join(&r.topic, &r.answer)
	return options(words[1:], end, map[string]func(word) error{
		"within": func(w word) error { return duration(w, &r.Within) },
		"json": func(w word) error {
			r.Field = w.text
			return nil
		},
	})
}

// beat reads what stands after every.
func (r *Rule) beat(words []word, end int) error {
	if len(words) == 0 {
		return errorf(end, "a time is missing after every, such as 60s, or the word learned")
	}
	for i, l := range r.topic.levels {
		if l.name != "" {
			return errorf(1, "{%s} is for requests: write + at level %d", l.name, i+1)
		}
	}
	if words[0].text == "learned" {
		r.Learned = true
	} else if duration(words[0], &r.Every) != nil {
		return errorf(words[0].at, "%q is neither learned nor a time up to 31 days, such as 500ms, 60s or 5m", words[0].text)
	}
	return options(words[1:], end, map[string]func(word) error{"grace": func(w word) error {
		x, err := strconv.ParseFloat(strings.TrimSuffix(w.text, "x"), 64)
		if err != nil || !(x >= 1 && x <= 100) {
			return errorf(w.at, "%q is no factor from 1x to 100x, such as 1.5x", w.text)
		}
		r.Grace = x
		return nil
	}})
}

// options reads pairs of a name and a value.
func options(words []word, end int, known map[string]func(word) error) error {
	for len(words) > 0 {
		w := words[0]
		set := known[w.text]
		if set == nil {
			var names []string
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			return errorf(w.at, "%q is not known here: there is %s", w.text, strings.Join(names, ", "))
		}
		if len(words) == 1 {
			return errorf(end, "a value is missing after %s", w.text)
		}
		delete(known, w.text) // once
		if err := set(words[1]); err != nil {
			return err
		}
		words = words[2:]
	}
	return nil
}

func duration(w word, into *time.Duration) error {
	d, err := time.ParseDuration(w.text)
	if err != nil || d <= 0 || d > longest {
		return errorf(w.at, "%q is no time up to 31 days, such as 500ms, 1s or 5m", w.text)
	}
	*into = d
	return nil
}

// Filters returns the Topic Filters that it takes to see what the rule is about.
func (r *Rule) Filters() []string {
	if r.Heartbeat {
		return []string{r.topic.filter()}
	}
	return []string{r.topic.filter(), r.answer.filter()}
}

// Asks reports whether a message on topic is a request of the rule.
func (r *Rule) Asks(topic string) bool {
	_, ok := r.topic.match([]byte(topic))
	return ok && !r.Heartbeat
}
