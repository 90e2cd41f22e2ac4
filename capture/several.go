package capture

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Several is a Source of several, on one time line: files are read to their end first, one after the other; then the others run at the
// same time, each at its own pace, for each has the time of now. What is open where the files end is not followed beyond.
//
// A TCP connection that two of them see counts once: what the one says that was first to tell of it.
type Several struct {
	sources []Source

	mu    sync.Mutex // around the Sink and all that follows
	ids   uint64
	twins *twins
	kept  []decode.Segment // reused
}

// Together returns sources as one.
func Together(sources ...Source) *Several {
	return &Several{sources: sources, twins: newTwins(len(sources))}
}

// Run runs all of them. Where one ends, or fails, the others go on; its Stats say so. It returns nil, or what was wrong with those that
// failed.
func (s *Several) Run(ctx context.Context, sink Sink) error {
	errs := make([]error, len(s.sources))
	left := len(s.sources)
	for i, src := range s.sources {
		if ends(src) {
			left--
			src.(*File).goesOn = left > 0
			errs[i] = src.Run(ctx, s.join(i, sink))
		}
	}
	var all sync.WaitGroup
	for i, src := range s.sources {
		if !ends(src) {
			all.Go(func() { errs[i] = src.Run(ctx, s.join(i, sink)) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

// ends reports whether src is of the past: files that are read to their end.
func ends(src Source) bool {
	f, ok := src.(*File)
	return ok && !f.opts.Follow && f.mayWait()
}

// join returns the Sink for the source number i: connections get numbers that are unique among all sources, and those that another
// source tells of already are left out.
func (s *Several) join(i int, sink Sink) Sink {
	return func(batch []decode.Segment) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.kept = s.kept[:0]
		for k := range batch {
			seg := &batch[k]
			if seg.Kind == decode.Open {
				s.ids++
				seg.Conn.Info.ID = s.ids
			}
			if s.twins.first(i, seg) {
				s.kept = append(s.kept, *seg)
			}
		}
		if len(s.kept) > 0 {
			sink(s.kept)
		}
		clear(s.kept)
	}
}

// All returns the Stats of each source.
func (s *Several) All() []decode.SourceStats {
	var all []decode.SourceStats
	for i, src := range s.sources {
		st := src.Stats()
		if note := s.twins.note(i); note != "" {
			st.Notes = append(st.Notes, note)
		}
		all = append(all, st)
	}
	return all
}

// Sources returns the sources. They are not to be changed.
func (s *Several) Sources() []Source { return s.sources }

// Stats sums up what the sources count. State is "live" as long as one is, else that of one that has not ended.
func (s *Several) Stats() decode.SourceStats {
	sum := decode.SourceStats{Progress: -1, Other: map[string]uint64{}, NotDecoded: map[string]uint64{}}
	var names, errs []string
	for i, st := range s.All() {
		names = append(names, st.Name)
		if st.Err != "" {
			text := st.Err
			if !strings.HasPrefix(text, "cannot connect to "+st.Name) { // which names it
				text = st.Name + ": " + text
			}
			errs = append(errs, text)
		}
		if i == 0 {
			sum.Kind, sum.State = st.Kind, st.State
		} else if sum.State != "live" && (st.State == "live" || sum.State == "ended" || sum.State == "failed") {
			sum.State = st.State
		}
		addStats(&sum, &st)
	}
	sum.Name, sum.Err = strings.Join(names, " "), strings.Join(errs, "; ")
	return sum
}

func addStats(sum, st *decode.SourceStats) {
	sum.Frames += st.Frames
	sum.Bytes += st.Bytes
	sum.TCPFrames += st.TCPFrames
	sum.KernelDrops += st.KernelDrops
	sum.QueueDrops += st.QueueDrops
	sum.Gaps += st.Gaps
	sum.GapBytes += st.GapBytes
	sum.Cut += st.Cut
	sum.Resent += st.Resent
	sum.Connections += st.Connections
	for what, n := range st.Other {
		sum.Other[what] += n
	}
	for what, n := range st.NotDecoded {
		sum.NotDecoded[what] += n
	}
	if sum.First == 0 || st.First != 0 && st.First < sum.First {
		sum.First = st.First
	}
	sum.Last = max(sum.Last, st.Last)
	sum.Notes = append(sum.Notes, st.Notes...)
}
