package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

//	frames of a link ───────────────┐
//	segments of a tap ─ synthesis ──┴▶ Recorder.add ─▶ queue (bounded) ─▶ one goroutine ─▶ pcapng files
//
// What watches never waits for the disk: when the queue is full a frame is left out of the recording, and counted. A file that is
// replayed waits instead.

// RecordOptions say where and how a recording is kept. Only Path is needed.
type RecordOptions struct {
	// Path is the file, in the format pcapng; one that is there is overwritten. With Size or Every it is the pattern of several: out.pcapng
	// becomes out_00001.pcapng, out_00002.pcapng and so on.
	Path string
	// Size is after how many bytes the next file begins, Every after how much time, by the clock of the capture; 0 is never.
	Size  int64
	Every time.Duration
	// OnError is called once, on a goroutine of its own, when the recording ends before its time.
	OnError func(error)

	queue  int // bytes that wait; default recordQueue
	wait   bool
	create func(path string) (recordFile, error)
}

// recordFile is what a Recorder needs of an *os.File.
type recordFile interface {
	io.WriteCloser
	Truncate(size int64) error
}

// recordQueue bounds the frames that wait for the disk; as many again may be on their way to it.
const recordQueue = 8 << 20

// recordOverhead is what a frame costs in a file and in the queue beside its bytes.
const recordOverhead = 32

// A Recorder writes frames into pcapng files. Its methods may be called from any goroutine.
type Recorder struct {
	opts RecordOptions
	done chan struct{}

	mu      sync.Mutex
	more    sync.Cond // something waits, or the end has come
	room    sync.Cond
	pending recordBatch
	links   []recordLink
	numbers map[recordLink]int
	last    recordLink
	number  int // of last
	closed  bool
	err     error
	written uint64
	lost    uint64 // frames that found the queue full, or came after an error
	skipped map[uint32]uint64

	// The rest belongs to the goroutine that writes.
	file  recordFile
	path  string
	count int // files begun
	ng    *pcapngWriter
	known int // of links, those in the file
	size  int64
	saved *savedWriter
	began decode.Time
	empty bool
}

// recordLink is an interface of the files written.
type recordLink struct {
	name string
	link uint32
}

type recordBatch struct {
	frames []recordFrame
	data   []byte
}

type recordFrame struct {
	time     decode.Time
	number   int // of its recordLink
	from, to int // in data
	wire     int
}

// NewRecorder creates the first file and returns a Recorder that writes to it. Close must follow.
func NewRecorder(opts RecordOptions) (*Recorder, error) {
	if opts.queue <= 0 {
		opts.queue = recordQueue
	}
	if opts.create == nil {
		opts.create = func(path string) (recordFile, error) {
			// A CONNECT holds a password: what is recorded is for its owner.
			return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		}
	}
	r := &Recorder{opts: opts, done: make(chan struct{}), numbers: map[recordLink]int{}, number: -1, skipped: map[uint32]uint64{}}
	r.more.L, r.room.L = &r.mu, &r.mu
	if err := r.begin(); err != nil {
		return nil, err
	}
	go r.run()
	return r, nil
}

// frame records a frame that was captured on the interface name.
func (r *Recorder) frame(f *frame, name string) {
	r.add(f.time, recordLink{name, f.link}, f.wire, f.data)
}

// add queues a frame.
func (r *Recorder) add(t decode.Time, link recordLink, wire int, data []byte) {
	n := len(data)
	r.mu.Lock()
	defer r.mu.Unlock()
	if link.link > 0xFFFF {
		r.skipped[link.link]++
		return
	}
	for r.opts.wait && r.full(n) && r.err == nil && !r.closed {
		r.room.Wait()
	}
	if r.closed || r.err != nil || r.full(n) {
		r.lost++
		return
	}
	p := &r.pending
	from := len(p.data)
	p.data = append(p.data, data...)
	p.frames = append(p.frames, recordFrame{time: t, number: r.linkNumber(link), from: from, to: from + n, wire: max(wire, n)})
	if len(p.frames) == 1 {
		r.more.Signal()
	}
}

// full reports whether n bytes more are too many. One frame always fits.
func (r *Recorder) full(n int) bool {
	p := &r.pending
	return len(p.frames) > 0 && len(p.data)+len(p.frames)*recordOverhead+n > r.opts.queue
}

func (r *Recorder) linkNumber(link recordLink) int {
	if r.number >= 0 && link == r.last {
		return r.number
	}
	n, ok := r.numbers[link]
	if !ok {
		n = len(r.links)
		r.numbers[link] = n
		r.links = append(r.links, link)
	}
	r.last, r.number = link, n
	return n
}

// Close writes what is queued and closes the file. It returns why the recording ended before its time, if it did.
func (r *Recorder) Close() error {
	r.mu.Lock()
	r.closed = true
	r.more.Signal()
	r.room.Broadcast()
	r.mu.Unlock()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Notes are one line each: that the recording ended, and what it lacks.
func (r *Recorder) Notes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var notes []string
	if r.err != nil {
		notes = append(notes, r.err.Error())
	}
	if r.lost > 0 {
		why := "the disk is too slow"
		if r.err != nil {
			why = "the recording had ended"
		}
		notes = append(notes, missingFrames(r.lost)+why)
	}
	for link, n := range r.skipped {
		notes = append(notes, missingFrames(n)+fmt.Sprintf("link type %d cannot be written", link))
	}
	return notes
}

// Written is how many frames are in the files.
func (r *Recorder) Written() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.written
}

// run writes until Close.
func (r *Recorder) run() {
	defer close(r.done)
	var batch recordBatch
	for {
		r.mu.Lock()
		for len(r.pending.frames) == 0 && !r.closed {
			r.more.Wait()
		}
		batch, r.pending = r.pending, recordBatch{frames: batch.frames[:0], data: batch.data[:0]}
		links := r.links // only ever appended to
		failed := r.err != nil
		if failed {
			r.lost += uint64(len(batch.frames)) // they came while the write failed
		}
		r.room.Broadcast()
		r.mu.Unlock()
		if failed || len(batch.frames) == 0 {
			break
		}
		if err := r.write(&batch, links); err != nil {
			r.fail(err)
		}
	}
	if err := r.end(); err != nil {
		r.fail(err)
	}
}

// fail ends the recording. What was written is cut after its last whole block, so that it can be read.
func (r *Recorder) fail(err error) {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	err = fmt.Errorf("recording to %s has ended: %w", r.path, err)
	if r.file != nil {
		_ = r.file.Truncate(r.saved.good) // what cannot be cut is read up to there
		_ = r.file.Close()
		r.file = nil
	}
	r.mu.Lock()
	first := r.err == nil
	if first {
		r.err = err
	}
	r.room.Broadcast()
	r.mu.Unlock()
	if first && r.opts.OnError != nil {
		r.opts.OnError(err)
	}
}

// write writes a batch. An error counts the frames that are not in the files as lost.
func (r *Recorder) write(b *recordBatch, links []recordLink) error {
	saved := 0
	defer func() {
		r.mu.Lock()
		r.written += uint64(saved)
		r.lost += uint64(len(b.frames) - saved)
		r.mu.Unlock()
	}()
	for i := range b.frames {
		f := &b.frames[i]
		if r.rotates(f) {
			if err := r.end(); err != nil {
				return err
			}
			saved = i
			if err := r.begin(); err != nil {
				return err
			}
		}
		if err := r.describe(links[:f.number+1]); err != nil {
			return err
		}
		if err := r.ng.packet(f.number, f.time, f.wire, b.data[f.from:f.to]); err != nil {
			return err
		}
		if r.empty {
			r.empty, r.began = false, f.time
		}
		r.size += int64(f.to-f.from+3)&^3 + recordOverhead
	}
	if err := r.flush(); err != nil {
		return err
	}
	saved = len(b.frames)
	return nil
}

func (r *Recorder) flush() error {
	if err := r.ng.flush(); err != nil {
		return err
	}
	r.saved.good = r.saved.n
	return nil
}

// rotates reports whether f begins the next file.
func (r *Recorder) rotates(f *recordFrame) bool {
	if r.empty {
		return false
	}
	if r.opts.Size > 0 && r.size+int64(f.to-f.from)+recordOverhead > r.opts.Size {
		return true
	}
	return r.opts.Every > 0 && f.time.Sub(r.began) >= r.opts.Every
}

// begin creates the next file.
func (r *Recorder) begin() error {
	r.count++
	r.path = r.opts.Path
	if r.opts.Size > 0 || r.opts.Every > 0 {
		ext := filepath.Ext(r.path)
		r.path = fmt.Sprintf("%s_%05d%s", strings.TrimSuffix(r.path, ext), r.count, ext)
	}
	file, err := r.opts.create(r.path)
	if err != nil {
		return err
	}
	r.file, r.saved = file, &savedWriter{w: file}
	r.ng, r.known, r.size, r.empty = nil, 0, 0, true
	return nil
}

// describe writes the interfaces that the file lacks.
func (r *Recorder) describe(links []recordLink) error {
	for ; r.known < len(links); r.known++ {
		l := links[r.known]
		description := ""
		if l.link == linkEthernet && strings.HasPrefix(l.name, tappedName) {
			description = "Seen above TCP: the headers are made up, Servers have port 1883"
		}
		if r.ng == nil {
			r.ng = newPcapngWriter(r.saved)
			r.size = 256 // about what stands before the frames
		}
		if err := r.ng.addInterface(l.name, description, l.link); err != nil {
			return err
		}
	}
	return nil
}

// end completes and closes the file.
func (r *Recorder) end() error {
	if r.file == nil {
		return nil
	}
	if r.ng == nil { // no frame came: a file with an interface can be opened
		if err := r.describe([]recordLink{{"none", linkEthernet}}); err != nil {
			return err
		}
	}
	if err := r.flush(); err != nil {
		return err
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// savedWriter counts what was written, and up to where that is whole.
type savedWriter struct {
	w       io.Writer
	n, good int64
}

func (s *savedWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.n += int64(n)
	return n, err
}

// missingFrames begins to say why n frames are not in the recording.
func missingFrames(n uint64) string {
	if n == 1 {
		return "1 frame is missing from the recording: "
	}
	return fmt.Sprintf("%d frames are missing from the recording: ", n)
}
