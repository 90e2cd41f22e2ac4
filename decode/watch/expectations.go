package watch

import (
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/expect"
)

// expectRecorder is the Engine as the rules call it.
type expectRecorder Engine

// Expectation implements expect.Recorder.
func (r *expectRecorder) Expectation(x *expect.Expectation) {
	e := (*Engine)(r)
	if e.cfg.OnEvent != nil {
		e.emit(Event{Kind: ExpectationChanged, Time: e.tracker.Now(), Expectation: x})
	}
}

// Expected tells how what is expected stands.
func (e *Engine) Expected() expect.Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.expect == nil {
		return expect.Counts{}
	}
	return e.expect.Counts()
}

// standings copies how each rule stands; nil where nothing is expected.
func (e *Engine) standings(rows int) []expect.Standing {
	if e.expect == nil {
		return nil
	}
	return e.expect.Standings(rows)
}

// held names the subscribers to which a message had to be sent and was not; ok is false where that cannot be told.
func (e *Engine) held(id uint64) (names []string, ok bool) {
	m := e.deliveries.Get(id)
	if m == nil || m.Doubt != delivery.NoDoubt || m.Confidence != delivery.Exact {
		return nil, false
	}
	ok = true
	m.Copies(func(c *delivery.Copy) {
		p, known := c.Subscriber()
		waits := c.Outcome == delivery.Waiting || c.Outcome == delivery.NotForwarded || c.Outcome == delivery.Queued
		switch {
		case c.Outcome == delivery.Queued && known, waits && c.Required && known:
			names = append(names, p.Name())
		case c.Outcome != delivery.NotExpected:
			ok = false
		}
	})
	return names, ok && (len(names) > 0 || m.Verdict() == delivery.NoSubscriber)
}
