package watch

import (
	"math/bits"
	"time"
)

// SpreadBins is how many bins a spread of times has: four to each doubling, from one microsecond to more than an hour.
const SpreadBins = 128

// A spread counts times by bins that grow with them, so that percentiles are good to an eighth whatever their size. It takes half a KiB, which
// a session or a topic can afford; a histogram of more digits cannot be kept for each.
type spread struct {
	bins *[SpreadBins]uint32 // nil before the first
	n    uint64
	most time.Duration
}

func (s *spread) add(d time.Duration) {
	if s.bins == nil {
		s.bins = new([SpreadBins]uint32)
	}
	s.bins[SpreadBin(d)]++
	s.n++
	s.most = max(s.most, d)
}

func (s *spread) absorb(o *spread) {
	if o.bins == nil {
		return
	}
	if s.bins == nil {
		s.bins = new([SpreadBins]uint32)
	}
	for i, n := range o.bins {
		s.bins[i] += n
	}
	s.n += o.n
	s.most = max(s.most, o.most)
}

// SpreadBin returns the bin that a time falls into.
func SpreadBin(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < 4 {
		return int(us)
	}
	size := bits.Len64(us)
	return min((size-2)*4+int(us>>(size-3)&3), SpreadBins-1)
}

// SpreadFrom returns the shortest time that falls into a bin.
func SpreadFrom(bin int) time.Duration {
	if bin < 4 {
		return time.Duration(bin) * time.Microsecond
	}
	return time.Duration(4+bin&3) << (bin/4 - 1) * time.Microsecond
}

// percentile returns the time that so many percent of all times do not exceed, by the nearest rank: one of the times themselves, to the width of its bin. The
// slowest is exact, which the 99th percentile is of fewer than a hundred. It is 0 where there are none.
func (s *spread) percentile(percent uint64) time.Duration {
	rank, sum := (percent*s.n+99)/100, uint64(0) // counted from 1
	if rank == s.n {
		return s.most
	}
	for i, n := range s.bins {
		if sum += uint64(n); sum >= rank {
			return min((SpreadFrom(i)+SpreadFrom(i+1))/2, s.most)
		}
	}
	return s.most
}
