package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// trouble says on stderr when a source loses its broker and when it is back: without a screen nobody else would.
type trouble struct {
	w       io.Writer
	sources []sourceTrouble
}

// sourceTrouble is what was said of one source.
type sourceTrouble struct {
	last string
	live bool // it was live before
}

func newTrouble(w io.Writer) *trouble { return &trouble{w: w} }

// look compares the state of src with what it was before.
func (t *trouble) look(src capture.Source) {
	all := statsOf(src)
	if t.sources == nil {
		t.sources = make([]sourceTrouble, len(all))
	}
	for i := range all {
		// Where there is one client only, a first attempt that fails ends the run, with an error of its own.
		t.sources[i].look(t.w, &all[i], len(all) > 1 || all[i].Kind == "proxy")
	}
}

func (t *sourceTrouble) look(w io.Writer, s *decode.SourceStats, goesOn bool) {
	if s.State == t.last {
		return
	}
	before := t.last
	t.last = s.State
	t.live = t.live || s.State == "live"
	switch {
	case s.State == "retrying" && (t.live || goesOn), s.State == "failed" && goesOn:
		if strings.HasPrefix(s.Err, "cannot connect to "+s.Name) {
			fmt.Fprintf(w, "mqttwatch: %s\n", s.Err) // it names the source itself
			return
		}
		fmt.Fprintf(w, "mqttwatch: %s: %s\n", s.Name, s.Err)
	case s.State == "live" && before == "retrying":
		again := "connected again"
		if s.Kind == "interface" {
			again = "captured again"
		}
		fmt.Fprintf(w, "mqttwatch: %s: %s\n", s.Name, again)
	}
}

// quietPipe drops an error that says that nobody reads the output any more, as after "| head".
func quietPipe(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("cannot write the output: %w", err)
}
