// Package report writes down what the engine concludes: as lines of text, as JSON Lines, or as a summary. Its
// reporters are peers of the screen: they are given the same events and the same snapshots.
package report

import (
	"io"

	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A Reporter writes down events as they come, and a Snapshot at the end.
//
// Its methods are called from one goroutine at a time. What was written may stay in the Reporter until Flush. The first
// error of the writer stays: nothing is written after it.
type Reporter interface {
	// Event writes down e. It keeps nothing of it.
	Event(e *watch.Event)
	// Flush hands what was written to the writer, and returns the writer's first error.
	Flush() error
	// Finish writes what is said once, at the end, and flushes.
	Finish(s *watch.Snapshot) error
}

// flushAt is how many bytes wait for a Flush at most.
const flushAt = 64 << 10

// A page collects lines and hands them to a writer in large pieces.
type page struct {
	w   io.Writer
	buf []byte
	err error
}

// full flushes once enough has come together.
func (p *page) full() {
	if len(p.buf) >= flushAt {
		_ = p.Flush() // the error stays in p
	}
}

// Flush implements Reporter.
func (p *page) Flush() error {
	if len(p.buf) > 0 && p.err == nil {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
	return p.err
}
