package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// rules reads --expect.
func (o *options) rules() ([]*expect.Rule, error) {
	var out []*expect.Rule
	for _, text := range o.Expect {
		rule, err := expect.Parse(text)
		if at := new(expect.Error); errors.As(err, &at) {
			return nil, usagef("--expect %q: column %d: %s", text, at.Column, at.Reason)
		}
		out = append(out, rule)
	}
	return out, nil
}

// failed reports whether x says that what a rule of the user expects did not come.
func failed(x *expect.Expectation) bool {
	if x.Rule == "" {
		return false // a request of MQTT 5.0: that is for --fail-on
	}
	switch x.State {
	case expect.Unanswered, expect.Overdue, expect.NeverSeen:
		return true
	}
	return false
}

// expected returns the Topic Filters of the rules that --topic does not cover.
func (c *brokerCommand) expected() []string {
	var out []string
	have := slices.Clone(c.Topic)
	for _, rule := range c.rules {
		for _, filter := range rule.Filters() {
			if !slices.ContainsFunc(have, func(by string) bool { return expect.Covers(by, filter) }) {
				out, have = append(out, filter), append(have, filter)
			}
		}
	}
	return out
}

// asks is what the embedded clients publish a number of times, with answers that rules expect: when all are there, or late, the run is over.
type asks struct {
	requests  uint64 // how many requests, by all rules
	delivered uint64 // how many messages that are acknowledged
}

// newAsks returns nil where the run does not end by itself: nothing that is published is a request, or it is published without end.
func (c *brokerCommand) newAsks() *asks {
	if c.Every > 0 && c.Count == 0 {
		return nil
	}
	var a asks
	for _, message := range c.Publish {
		topic, _, _ := strings.Cut(message, "=")
		if c.QoS > 0 {
			a.delivered++
		}
		for _, rule := range c.rules {
			if rule.Asks(topic) && rule.Field == "" {
				a.requests++
			}
		}
	}
	if a.requests == 0 {
		return nil
	}
	times := uint64(max(c.Count, 1) * len(c.URL))
	a.requests *= times
	a.delivered *= times
	return &a
}

// settled reports whether all was published and nothing is waited for any more. What was not answered need not be acknowledged either.
func (a *asks) settled(e *watch.Engine) bool {
	n := e.Expected()
	if n.Requests < a.requests || n.Open > 0 {
		return false
	}
	if n.Failed > 0 {
		return true
	}
	done, open := uint64(0), uint64(0)
	for _, of := range e.Snapshot(watch.Query{}).Counts.Handshakes {
		done += of.Complete + of.Refused + of.Abandoned + of.Unknown
		open += of.Open
	}
	return done >= a.delivered && open == 0
}

// answered reports whether all was answered in time.
func (a *asks) answered(e *watch.Engine) bool {
	n := e.Expected()
	return n.Requests >= a.requests && n.Open == 0 && n.Failed == 0 && n.Unknown == 0
}
