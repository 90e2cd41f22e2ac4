package capture

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxSkew is how far the clock of the machine that captures may differ from ours.
const maxSkew = 10 * time.Minute

// FileOptions say how capture files are read. The zero value reads at full speed.
type FileOptions struct {
	// Speed is the pace: 1 is the original one, 10 ten times as fast; 0 is as fast as possible.
	Speed float64
	// Follow waits for more at the end of the last file, as tail -F does, until the run ends. A file that takes its place, or that is
	// written anew, is read from its beginning. Of a directory or a pattern the newest file is followed, and then the next one that comes.
	Follow bool
	// Ports are where MQTT is expected beside 1883, whatever the bytes look like.
	Ports []uint16
	// Stdin is what the path "-" reads.
	Stdin io.Reader
	// Decode goes to every decode.Conn; nil means its defaults.
	Decode *decode.Options
	// MaxConnections bounds the TCP connections that are remembered; default 200,000. Beyond it closed ones go first,
	// then those that were silent for long.
	MaxConnections int
	// MaxReorder bounds the bytes of one connection that wait behind a hole, default 1 MiB; MaxReorderAll those of all,
	// default 16 MiB. Beyond it holes become gaps. As many bytes again may wait because it is not known yet what their
	// connection carries; beyond it that is decided by what there is.
	MaxReorder, MaxReorderAll int
}

// File reads capture files: pcap and pcapng, also compressed with gzip or zstd, "-" for standard input; of a directory those in it that
// are named like captures. Several files are merged by time; where none covers a time of more than a minute between two of them nothing was captured, which is no silence. It yields the TCP connections in them that carry MQTT.
//
// A data segment's bytes point into the block that was read: they are valid until the Sink returns.
type File struct {
	paths []string
	opts  FileOptions

	inputs []*input
	asm    *assembler
	notes  []string
	absent error // of a directory without captures
	// set is what is followed where that is more than one file; retired counts what the files of it that are done say the kernel lost.
	set     *fileSet
	retired uint64
	// goesOn is set where another source goes on when the files have ended, of which time they say nothing.
	goesOn bool
	// recorder may be nil.
	recorder *Recorder
	waits    bool // reading may wait for what is still to come
	// published is how many bytes of frames had been read when Stats was last brought up to date.
	published uint64
	// latest is the time of the capture when a pipe was last seen silent, ahead how far the clock was ahead of it.
	latest, ahead decode.Time

	mu    sync.Mutex
	stats decode.SourceStats
}

// NewFile returns a Source of the frames in the files given. They are opened by Run.
func NewFile(paths []string, opts FileOptions) *File {
	f := &File{opts: opts}
	single := paths
	if last := len(paths) - 1; opts.Follow && last >= 0 {
		if list := listOf(paths[last]); list != nil {
			f.set = &fileSet{path: paths[last], names: list, known: make(map[string]setFile)}
			single = paths[:last]
		}
	}
	f.paths, f.absent = expand(single)
	f.stats = decode.SourceStats{Name: strings.Join(paths, ", "), Kind: "file", State: "starting"}
	return f
}

// Stats says how far the files were read, and what was found and lost.
func (f *File) Stats() decode.SourceStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Other = clone(s.Other)
	s.NotDecoded = clone(s.NotDecoded)
	s.Notes = append([]string(nil), s.Notes...)
	return s
}

func clone(m map[string]uint64) map[string]uint64 {
	c := make(map[string]uint64, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// Run reads all files to their end. What is wrong with one does not keep the others from being read: the error returned
// holds a *FileError for each, and what came before the fault was delivered.
func (f *File) Run(ctx context.Context, sink Sink) error {
	f.asm = newAssembler(maphash.Comparable(maphash.MakeSeed(), 0), f.opts.Ports, f.opts.Decode, sink)
	f.asm.limits = limits{flows: f.opts.MaxConnections, reorder: f.opts.MaxReorder, reorderAll: f.opts.MaxReorderAll}
	f.asm.limits.defaults()
	live := false
	var errs []error
	if f.absent != nil {
		errs = append(errs, f.absent)
		f.notes = append(f.notes, f.absent.Error())
	}
	for i, path := range f.paths {
		in := newInput(ctx, path, f.opts.Follow && f.set == nil && i == len(f.paths)-1, f)
		live = live || in.live
		f.inputs = append(f.inputs, in)
	}
	defer func() {
		for _, in := range f.inputs {
			in.close()
		}
	}()
	state := "replaying"
	if live {
		state = "live"
	}
	f.waits = live || f.set != nil || f.opts.Speed > 0
	f.publish(state, nil)
	if f.set != nil {
		f.publish("live", nil)
		f.set.await(ctx, f)
		f.moveOn()
	}
	f.merge(ctx)
	if f.goesOn {
		f.asm.part()
	}
	f.asm.finish()

	for _, in := range f.inputs {
		if in.err != nil {
			errs = append(errs, in.err)
			f.notes = append(f.notes, in.err.Error())
		}
	}
	err := errors.Join(errs...)
	if len(errs) == 1 {
		err = errs[0]
	}
	state = "ended"
	if err != nil {
		state = "failed"
	}
	f.publish(state, err)
	return err
}

// merge takes the frames of all inputs in the order of their times.
func (f *File) merge(ctx context.Context) {
	m := merger{inputs: f.inputs}
	pace := newPacer(f.opts.Speed, f.asm.tick, f.spill)
	for ctx.Err() == nil {
		in := m.next()
		if in == nil {
			return
		}
		if gap := f.lull(in); gap > 0 {
			f.part(in, gap)
			pace.skip()
		}
		in.begun = true
		f.asm.source = in.label
		f.stretch(ctx, &m, in, pace)
		if in.follower != nil && in.follower.moved {
			f.moveOn()
			m = merger{inputs: f.inputs}
		}
	}
}

// maxStretch is how many frames are taken without a look at whether the run ends.
const maxStretch = 256

// stretch takes frames of in for as long as it is the earliest.
func (f *File) stretch(ctx context.Context, m *merger, in *input, pace *pacer) {
	if p, ok := in.source.(*pcapFile); ok && pace == nil && f.recorder == nil && len(f.inputs) == 1 && in.follower == nil {
		f.asm.frame(&in.frame)
		p.sweep(f.asm, maxStretch)
		in.advance()
		return
	}
	for range maxStretch {
		if pace != nil && !pace.wait(ctx, in.frame.time) {
			return
		}
		if f.recorder != nil {
			f.recorder.frame(&in.frame, in.label)
		}
		f.asm.frame(&in.frame)
		in.advance()
		if !m.stays(in) || in.follower != nil && in.follower.moved {
			return
		}
	}
}

// pipeDelay is how far time stays behind the clock while a pipe is silent. What was captured may still be on its way, and must not come too late for a
// time that has gone by.
const pipeDelay = decode.Time(2 * time.Second)

// silent lets time go on while a pipe brings nothing, provided that its frames are of now: the clock of a machine far away
// may be a little off, but a capture of yesterday that comes through a pipe has its own time.
func (f *File) silent(now decode.Time) {
	a := f.asm
	if a.count.frames == 0 || a.now != f.latest {
		f.latest, f.ahead = a.now, now-a.now
		return
	}
	if skew := f.ahead; skew < -decode.Time(maxSkew) || skew > decode.Time(maxSkew) {
		return
	}
	if to := now - f.ahead - pipeDelay; to > a.now {
		a.tick(to)
		f.latest = a.now
	}
}

// publishEvery is how many bytes of frames are read, where reading does not wait, before Stats is brought up to date.
const publishEvery = 1 << 20

// spill hands on what was made of the bytes read so far, before they are overwritten or reading blocks. Stats is brought up to date with the first of them.
func (f *File) spill() {
	read := f.asm.count.bytes
	if f.waits || f.published == 0 || read-f.published >= publishEvery {
		f.published = read
		f.publish("", nil)
	}
	f.asm.flush()
}

// publish copies the counts to where Stats finds them. An empty state leaves the state as it is.
func (f *File) publish(state string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.stats
	if state != "" {
		s.State = state
	}
	if err != nil {
		s.Err = err.Error()
	}
	c := &f.asm.count
	s.Frames, s.Bytes, s.TCPFrames = c.frames, c.bytes, c.tcp
	s.First, s.Last = c.first, c.last
	s.Gaps, s.GapBytes, s.Cut, s.Resent = c.gaps, c.gapBytes, c.cut, c.resent
	s.Connections = c.connections
	s.Other = clone(c.other)
	s.NotDecoded = clone(f.asm.dissector.notDecoded)
	s.Notes = append(s.Notes[:0:0], f.notes...)
	s.Notes = append(s.Notes, f.asm.notes()...)
	if f.set != nil {
		s.Notes = append(s.Notes, f.set.notes()...)
	}
	s.KernelDrops = f.retired
	var read, size int64
	live := f.set != nil
	for _, in := range f.inputs {
		r, n := in.progress()
		read, size, live = read+r, size+n, live || in.live
		s.KernelDrops += in.lost()
	}
	switch {
	case live, f.opts.Speed > 0 && state != "ended":
		// What is read is not what was delivered where frames wait for their time, and the end of that time is not known.
		s.Progress = -1
	case size > 0:
		s.Progress = min(float64(read)/float64(size), 1)
	}
	if state == "ended" && !live {
		s.Progress = 1
	}
}
