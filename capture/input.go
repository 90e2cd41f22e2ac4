package capture

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/mqttwatch/mqttwatch/decode"
)

// input is one file that is read. Files wait closed until their first frame is due, so that any number of them can be
// merged; what cannot be read twice stays open.
type input struct {
	file   *File
	path   string // as the user gave it
	name   string // for messages
	label  string // for ConnInfo.Source
	live   bool   // a pipe: there is no end to see, and frames are delivered as they come
	frame  frame  // the next one, if ok
	ok     bool
	begun  bool // a frame of it was taken
	err    error
	source frames
	closer io.Closer
	size   int64
	info   os.FileInfo // of the file that is open
	read   int64
	parked bool // closed again after the first frame was looked at
	follow bool // at the end, wait for more
	// follower is what follow reads through.
	follower *follower
	unpack   io.Closer // of what unpacks, if it needs to be closed
	drops    uint64
	ctx      context.Context
}

// newInput opens a file and reads its first frame.
func newInput(ctx context.Context, path string, follow bool, f *File) *input {
	in := &input{file: f, path: path, name: path, label: filepath.Base(path), follow: follow, ctx: ctx}
	if path == "-" {
		in.name = "standard input"
	}
	err := in.open()
	for err != nil && in.follower != nil && in.follower.replaced {
		in.close()
		err = in.open()
	}
	if err != nil {
		in.fail(err)
		return in
	}
	in.advance()
	if len(f.paths) > 1 {
		in.park()
	}
	return in
}

// park closes a file whose first frame is known until that is due.
func (in *input) park() {
	if !in.live && in.path != "-" && in.ok && !in.parked {
		in.parked = true
		in.frame.data = nil
		in.close()
	}
}

// resume opens a parked file again, at its first frame.
func (in *input) resume() {
	in.parked = false
	if err := in.open(); err != nil {
		in.fail(err)
		return
	}
	in.advance()
}

func (in *input) open() error {
	in.read = 0
	var r io.Reader
	if in.path == "-" {
		if r = in.file.opts.Stdin; r == nil {
			return &FileError{Reason: "is not there", Err: os.ErrNotExist}
		}
		in.live = true
		if f, ok := r.(*os.File); ok {
			in.stat(f)
		}
	} else {
		f, err := os.Open(in.path)
		if err != nil {
			return err
		}
		in.closer = f
		if err := in.stat(f); err != nil {
			return err
		}
		r = f
	}
	switch {
	case in.follow:
		in.live = true
		in.file.publish("live", nil)
		in.follower = &follower{ctx: in.ctx, path: in.path, file: r.(*os.File), idle: in.silence, info: in.info}
		if in.file.set != nil {
			in.follower.next = func() bool { return in.file.set.look(in.ctx, in.file, in.file.asm.count.last) }
		}
		r = in.follower
	case in.live:
		in.file.publish("live", nil)
		r = newPipe(in.ctx, r, in.silence)
	}
	return in.sniff(&counting{r, &in.read})
}

// stat finds out whether f has an end.
func (in *input) stat(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return &FileError{Reason: "is a directory, not a capture file", Err: syscall.EISDIR}
	}
	in.live = !info.Mode().IsRegular()
	in.follow = in.follow && !in.live // a pipe waits anyway
	in.size, in.info = info.Size(), info
	return nil
}

// sniff finds out the format, compressed or not.
func (in *input) sniff(r io.Reader) error {
	buf := newBuffer(r, bufferSize)
	buf.spill = in.file.spill
	unpacked, err := in.unpacked(buf)
	if err != nil {
		return err
	}
	if unpacked != nil {
		buf = newBuffer(unpacked, bufferSize)
		buf.spill = in.file.spill
	}
	source, err := openFrames(buf)
	in.source = source
	return err
}

// unpacked returns what unpacks the stream in buf, nil where it is not compressed. The compressed bytes come through the buffer: those
// read so far are in it.
func (in *input) unpacked(buf *buffer) (io.Reader, error) {
	if two, err := buf.peek(2); err == nil && two[0] == 0x1F && two[1] == 0x8B {
		z, err := gzip.NewReader(&unbuffered{buf})
		if err != nil {
			return nil, &FileError{Reason: "is not a capture file: its gzip header is damaged", Err: ErrNotCapture}
		}
		return z, nil
	}
	if four, err := buf.peek(4); err == nil && string(four) == zstdMagic {
		z := newZstd(buf)
		in.unpack = z
		return z, nil
	}
	return nil, nil
}

// advance reads the next frame.
func (in *input) advance() {
	if err := in.source.next(&in.frame); err != nil {
		in.stuck(err)
		return
	}
	in.ok = true
}

// stuck takes what kept advance from the next frame.
func (in *input) stuck(err error) {
	for err != nil && in.follower != nil && in.follower.replaced {
		// What is left over in the old file can only be the beginning of a frame.
		in.close()
		if err = in.open(); err == nil {
			err = in.source.next(&in.frame)
		}
	}
	in.ok = err == nil
	if err != nil && err != io.EOF {
		in.fail(err)
	}
	if err != nil {
		in.close()
	}
}

// fail keeps the error as one line that begins with the file's name.
func (in *input) fail(err error) {
	in.ok = false
	var told *FileError
	var path *os.PathError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return
	case errors.As(err, &told):
		told.Path = in.name
		in.err = told
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		in.err = &FileError{Path: in.name, Reason: "is damaged: its gzip checksum does not match; what came before was read", Err: ErrCorrupt}
	case errors.As(err, &path):
		in.err = &FileError{Path: in.name, Reason: "cannot be read: " + path.Err.Error(), Err: path.Err}
	default:
		in.err = &FileError{Path: in.name, Reason: "cannot be read: " + err.Error(), Err: err}
	}
}

func (in *input) close() {
	in.drops = in.lost()
	in.source = nil
	if in.unpack != nil {
		in.unpack.Close()
		in.unpack = nil
	}
	if in.closer != nil {
		in.closer.Close() // it was only read
		in.closer = nil
	}
}

// silence is called while a pipe brings nothing.
func (in *input) silence(now decode.Time) { in.file.silent(now) }

func (in *input) progress() (read, size int64) {
	if in.parked {
		return 0, in.size
	}
	return in.read, in.size
}

// lost is how many frames the capturing program said it lost.
func (in *input) lost() uint64 {
	if p, ok := in.source.(*pcapngFile); ok {
		return p.lost()
	}
	return in.drops
}

// counting counts what was read.
type counting struct {
	r io.Reader
	n *int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// unbuffered reads what a buffer holds and then on from its stream. It has ReadByte so that gzip adds no buffer of its own,
// which would wait for more than one frame of a live pipe.
type unbuffered struct{ b *buffer }

func (u *unbuffered) Read(p []byte) (int, error) {
	if _, err := u.b.peek(1); err != nil {
		return 0, err
	}
	n := copy(p, u.b.rest())
	u.b.skip(n)
	return n, nil
}

func (u *unbuffered) ReadByte() (byte, error) {
	b, err := u.b.peek(1)
	if err != nil {
		return 0, err
	}
	c := b[0]
	u.b.skip(1)
	return c, nil
}
