package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/mqttwatch/mqttwatch/decode"
)

// framed is a Source that has frames of a link, and records them as they are.
type framed interface {
	Source
	// record has the source record its frames. It is called before Run.
	record(r *Recorder)
	// mayWait reports whether the source can wait for the disk.
	mayWait() bool
}

// Recording is a Source that keeps what it sees: the frames of interfaces and files as they are; what a tap saw in TCP frames that
// are made up around it, with passwords and all, as it went over the wire.
type Recording struct {
	Source
	rec *Recorder
}

// Record returns src with a recording of what it sees. It creates the file; Run closes it. What src is made of must not be run by itself
// any more.
func Record(src Source, opts RecordOptions) (*Recording, error) {
	if err := notOver(src, opts.Path); err != nil {
		return nil, err
	}
	frames, ok := src.(framed)
	opts.wait = ok && frames.mayWait()
	rec, err := NewRecorder(opts)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = fmt.Errorf("cannot record to %s: %w", path.Path, path.Err)
		}
		return nil, err
	}
	return &Recording{Source: recorded(src, rec), rec: rec}, nil
}

// recorded returns src such that it records to rec.
func recorded(src Source, rec *Recorder) Source {
	switch s := src.(type) {
	case *Several:
		for i := range s.sources {
			s.sources[i] = recorded(s.sources[i], rec)
		}
	case framed:
		s.record(rec)
	default:
		return &recordedTap{src, newTapFrames(rec)}
	}
	return src
}

// Run is that of the Source. The error says too why the recording ended before its time, if it did.
func (r *Recording) Run(ctx context.Context, sink Sink) error {
	err := r.Source.Run(ctx, sink)
	failed := r.rec.Close()
	if err == nil || failed == nil {
		return cmp.Or(err, failed)
	}
	return errors.Join(err, failed)
}

// Stats is that of the Source, with notes on the recording.
func (r *Recording) Stats() decode.SourceStats {
	s := r.Source.Stats()
	s.Notes = append(s.Notes, r.rec.Notes()...)
	return s
}

// All returns the Stats of each source that it is made of. The notes on the recording are with the first.
func (r *Recording) All() []decode.SourceStats {
	s, ok := r.Source.(interface{ All() []decode.SourceStats })
	if !ok {
		return []decode.SourceStats{r.Stats()}
	}
	all := s.All()
	if len(all) > 0 {
		all[0].Notes = append(all[0].Notes, r.rec.Notes()...)
	}
	return all
}

// recordedTap is a Source without frames of its own.
type recordedTap struct {
	Source
	frames *tapFrames
}

func (r *recordedTap) Run(ctx context.Context, sink Sink) error {
	return r.Source.Run(ctx, func(batch []decode.Segment) {
		for i := range batch {
			r.frames.segment(&batch[i])
		}
		sink(batch)
	})
}

func (l *Live) record(r *Recorder) { l.recorder = r }
func (l *Live) mayWait() bool      { return false }

func (f *File) record(r *Recorder) { f.recorder = r }

// mayWait: a file waits, a pipe does not.
func (f *File) mayWait() bool {
	for _, path := range f.paths {
		if info, err := os.Stat(path); path == "-" || err == nil && !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// notOver refuses to record over a file that is read.
func notOver(src Source, path string) error {
	to, err := os.Stat(path)
	if err != nil {
		return nil // it is not there
	}
	switch s := src.(type) {
	case *Several:
		for _, src := range s.sources {
			if err := notOver(src, path); err != nil {
				return err
			}
		}
	case *File:
		for _, from := range s.paths {
			if info, err := os.Stat(from); err == nil && os.SameFile(info, to) {
				return fmt.Errorf("cannot record to %s: it is the file that is read", path)
			}
		}
	}
	return nil
}
