package watch

import "github.com/mqttwatch/mqttwatch/decode/expect"

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
