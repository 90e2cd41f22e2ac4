package capture

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Several is a Source of several that run at the same time, each at its own pace: for live ones, of which each has the time of now.
type Several struct {
	sources []Source
	mu      sync.Mutex // around the Sink
}

// Together returns sources as one.
func Together(sources ...Source) *Several { return &Several{sources: sources} }

// Run runs all of them. Where one ends, or fails, the others go on; its Stats say so. It returns nil, or what was wrong with those that
// failed.
func (s *Several) Run(ctx context.Context, sink Sink) error {
	errs := make([]error, len(s.sources))
	var all sync.WaitGroup
	for i, src := range s.sources {
		all.Go(func() {
			errs[i] = src.Run(ctx, func(batch []decode.Segment) {
				s.mu.Lock()
				defer s.mu.Unlock()
				sink(batch)
			})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// All returns the Stats of each source.
func (s *Several) All() []decode.SourceStats {
	var all []decode.SourceStats
	for _, src := range s.sources {
		all = append(all, src.Stats())
	}
	return all
}

// Stats sums up what the sources count. State is "live" as long as one is, else that of one that has not ended.
func (s *Several) Stats() decode.SourceStats {
	sum := decode.SourceStats{Progress: -1, Other: map[string]uint64{}, NotDecoded: map[string]uint64{}}
	var names, errs []string
	for i, st := range s.All() {
		names = append(names, st.Name)
		if st.Err != "" {
			errs = append(errs, st.Name+": "+st.Err)
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
