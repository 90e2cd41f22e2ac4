package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A fileSet is a directory, or the names that fit a pattern, into which a capturing program writes one file after the other. While its newest file is
// followed the others come and go:
//
//	x.pcap, x.pcap1, x.pcap2 …               tcpdump -C; with -W the names come round again
//	x-121500.pcap, x-121600.pcap …           tcpdump -G
//	x_00001_20260101121500.pcapng …          dumpcap -b
//	x_00001.pcapng, x_00002.pcapng …         mqttwatch --write-size and --write-every
//
// Names say nothing about the order, the time of the first frame does: a file belongs behind the one that is followed if it begins where that one ends. A file
// without a whole frame has not begun, and waits.
type fileSet struct {
	path  string
	names func(path string) ([]string, error)
	known map[string]setFile
	order []string // of known, oldest first, for the bound
	next  []*input // found, in the order of their times, and not taken yet

	looked  time.Time
	current string

	early, grown         int    // files left out, whole or in part
	lastEarly, lastGrown string // of those
	dropped              int    // names beyond the bound
	failure              error
}

// A setFile is a file of a set when it was last looked at.
type setFile struct {
	info  os.FileInfo
	first decode.Time // of its frames; 0 where none was read
}

const (
	// setEvery is how often a set is looked at for new names while its newest file brings nothing.
	setEvery = 500 * time.Millisecond
	// setSkew is how much earlier than the last frame of one file the first of the next may be: capturing programs do not sort.
	setSkew = decode.Time(time.Second)
	// maxSet bounds the names of a set that are looked at and remembered.
	maxSet = 100_000
)

// listOf returns what lists the captures that path stands for; nil where it is the name of one file.
func listOf(path string) func(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case path == "-":
		return nil
	case err == nil && info.IsDir():
		return capturesIn
	case err != nil && IsPattern(path):
		return filepath.Glob
	}
	return nil
}

// IsPattern reports whether path is a pattern with * or ? or [ in it, and not the name of a file that is there.
func IsPattern(path string) bool {
	if !strings.ContainsAny(path, "*?[") {
		return false
	}
	_, err := filepath.Match(path, "")
	if _, statErr := os.Stat(path); err != nil || statErr == nil {
		return false
	}
	return true
}

// look looks for files that follow on the one that is followed, whose last frame was captured at after. It reports whether there are any.
func (s *fileSet) look(ctx context.Context, f *File, after decode.Time) bool {
	if now := time.Now(); now.Sub(s.looked) < setEvery {
		return len(s.next) > 0
	} else {
		s.looked = now
	}
	names, err := s.names(s.path)
	if s.failure = err; err != nil {
		return false // it may come back
	}
	if s.dropped = max(len(names)-maxSet, 0); s.dropped > 0 {
		names = names[:maxSet]
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return false
		}
		if name != s.current {
			s.consider(ctx, f, name, after)
		}
	}
	f.publish("", nil) // what was left out is told at once
	slices.SortStableFunc(s.next, func(a, b *input) int {
		return cmp.Or(cmp.Compare(a.frame.time, b.frame.time), strings.Compare(a.path, b.path))
	})
	return len(s.next) > 0
}

// consider takes a file if it is new, or was written anew.
func (s *fileSet) consider(ctx context.Context, f *File, name string, after decode.Time) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	old, known := s.known[name]
	same := known && os.SameFile(old.info, info)
	if same && old.info.Size() == info.Size() && old.info.ModTime().Equal(info.ModTime()) {
		return
	}
	if !known && s.packed(name) {
		s.remember(name, setFile{info: info})
		return
	}
	in := newInput(ctx, name, false, f)
	if in.park(); !in.ok {
		in.close()
	}
	switch {
	case !in.ok && begins(in.err):
		return // not remembered: it is looked at again
	case !in.ok:
		s.remember(name, setFile{info: info})
		f.note(in.err.Error())
		return
	case same && in.frame.time == old.first:
		s.grown, s.lastGrown = s.grown+1, name
	case in.frame.time < after-setSkew:
		s.early, s.lastEarly = s.early+1, name
	default:
		s.next = append(s.next, in)
	}
	s.remember(name, setFile{info, in.frame.time})
}

// begins reports whether a file in which no frame was found may be one that is only being begun.
func begins(err error) bool {
	return err == nil || errors.Is(err, ErrEmpty) || errors.Is(err, ErrCutShort)
}

// packed reports whether name is that of a file that was read, packed since then: tcpdump -z does that.
func (s *fileSet) packed(name string) bool {
	switch ext := filepath.Ext(name); ext {
	case ".gz", ".zst", ".bz2", ".xz", ".lz4":
		_, known := s.known[strings.TrimSuffix(name, ext)]
		return known
	}
	return false
}

func (s *fileSet) remember(name string, file setFile) {
	if _, known := s.known[name]; !known {
		if len(s.order) >= maxSet {
			delete(s.known, s.order[0])
			s.order = s.order[1:]
		}
		s.order = append(s.order, name)
	}
	s.known[name] = file
}

// notes say what of the set was not read.
func (s *fileSet) notes() []string {
	var out []string
	if s.failure != nil {
		out = append(out, fmt.Sprintf("%s cannot be looked at for new files: %v", s.path, s.failure))
	}
	if s.early > 0 {
		out = append(out, fmt.Sprintf("left out of %s: %d that began before the end of what had been read (the last was %s)", s.path, s.early, filepath.Base(s.lastEarly)))
	}
	if s.grown > 0 {
		out = append(out, fmt.Sprintf("left out of %s: what was added to %d after the next had begun (the last was %s); follow each set by a pattern of its own",
			s.path, s.grown, filepath.Base(s.lastGrown)))
	}
	if s.dropped > 0 {
		out = append(out, fmt.Sprintf("%s has %d files more than the %d that are looked at", s.path, s.dropped, maxSet))
	}
	return out
}

// await waits for the first file of the set.
func (s *fileSet) await(ctx context.Context, f *File) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for !s.look(ctx, f, -1<<62) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.publish("", nil)
		}
	}
}

// moveOn puts the files that were found in place of those that are done, and follows the last.
func (f *File) moveOn() {
	s := f.set
	s.leave(f.inputs)
	if n := len(s.next); n > 0 {
		last := s.next[n-1]
		last.follow, s.current = true, last.path
	}
	kept := f.inputs[:0]
	for _, in := range f.inputs {
		if in.ok {
			kept = append(kept, in)
			continue
		}
		f.retired += in.lost()
		if in.err != nil {
			f.note(in.err.Error())
		}
	}
	f.inputs = append(kept, s.next...)
	s.next = nil
}

// leave remembers how much was read of the file that was followed.
func (s *fileSet) leave(inputs []*input) {
	for _, in := range inputs {
		info, err := os.Stat(in.path)
		if in.path != s.current || in.follower == nil || err != nil {
			continue
		}
		if info.Size() > in.follower.offset && os.SameFile(info, in.follower.info) {
			s.grown, s.lastGrown = s.grown+1, in.path
		}
		if os.SameFile(info, in.follower.info) {
			s.remember(in.path, setFile{info, s.known[in.path].first})
		}
	}
}

// maxSetNotes bounds the remarks about files of a set, which may go on for months.
const maxSetNotes = 20

func (f *File) note(text string) {
	if len(f.notes) < maxSetNotes {
		f.notes = append(f.notes, text)
	}
}
