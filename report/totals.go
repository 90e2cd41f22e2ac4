package report

import (
	"maps"
	"slices"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// A totals is what a Snapshot's sources say together.
type totals struct {
	names                   []string
	frames, bytes           uint64
	first, last             decode.Time
	gaps, gapBytes          uint64
	kernelDrops, queueDrops uint64
	cut, resent             uint64
	other, notDecoded       map[string]uint64
	notDecodedFrames        uint64
	notes                   []string
}

func totalsOf(s *watch.Snapshot) totals {
	t := totals{other: map[string]uint64{}, notDecoded: map[string]uint64{}}
	for i := range s.Sources {
		src := &s.Sources[i]
		t.names = append(t.names, src.Name)
		t.frames += src.Frames
		t.bytes += src.Bytes
		t.gaps += src.Gaps
		t.gapBytes += src.GapBytes
		t.kernelDrops += src.KernelDrops
		t.queueDrops += src.QueueDrops
		t.cut += src.Cut
		t.resent += src.Resent
		t.notes = append(t.notes, src.Notes...)
		if src.First != 0 && (t.first == 0 || src.First < t.first) {
			t.first = src.First
		}
		t.last = max(t.last, src.Last)
		for name, n := range src.Other {
			t.other[name] += n
		}
		for name, n := range src.NotDecoded {
			t.notDecoded[name] += n
			t.notDecodedFrames += n
		}
	}
	return t
}

// sortedKeys returns the keys of m in order, so that reports of one input are equal.
func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// packetCount returns how many Control Packets were seen.
func packetCount(c *watch.Counts) (n uint64) {
	for _, of := range c.Packets {
		n += of
	}
	return n
}
