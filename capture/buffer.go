package capture

import "io"

const (
	// bufferSize is small enough for what was read to be in the processor's cache still when it is decoded, and to leave room there for the
	// state of connections; reading takes little more time for it.
	bufferSize = 64 << 10
	// maxRecord is the largest record that is read into memory; the buffer grows up to it, by what has arrived.
	maxRecord = 16 << 20
)

// buffer reads a stream in blocks. What peek returns points into the buffer and is valid until the next peek or
// discard that has to read; spill is called before that.
type buffer struct {
	r      io.Reader
	b      []byte
	lo, hi int
	offset int64 // of b[lo] in the stream
	err    error
	spill  func() // may be nil
}

func newBuffer(r io.Reader, size int) *buffer { return &buffer{r: r, b: make([]byte, size)} }

// peek returns the next n bytes. It fails with io.EOF at the end of the stream, with io.ErrUnexpectedEOF if the stream
// ends before n bytes, or with what reading failed with.
func (b *buffer) peek(n int) ([]byte, error) {
	for b.hi-b.lo < n {
		if err := b.fill(); err != nil {
			if err == io.EOF && b.hi > b.lo {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return b.b[b.lo : b.lo+n], nil
}

// rest returns what is left where the stream ended.
func (b *buffer) rest() []byte { return b.b[b.lo:b.hi] }

// skip passes over n bytes that were peeked.
func (b *buffer) skip(n int) {
	b.lo += n
	b.offset += int64(n)
}

// discard passes over n bytes, however many.
func (b *buffer) discard(n int64) error {
	for n > 0 {
		if b.hi == b.lo {
			if err := b.fill(); err == io.EOF {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		}
		step := min(n, int64(b.hi-b.lo))
		b.skip(int(step))
		n -= step
	}
	return nil
}

// fill reads at least one byte more.
func (b *buffer) fill() error {
	if b.err != nil {
		return b.err
	}
	if b.spill != nil {
		b.spill()
	}
	switch {
	case b.lo > 0:
		b.hi = copy(b.b, b.b[b.lo:b.hi])
		b.lo = 0
	case b.hi == len(b.b):
		grown := make([]byte, 2*len(b.b))
		copy(grown, b.b)
		b.b = grown
	}
	for tries := 0; ; tries++ {
		n, err := b.r.Read(b.b[b.hi:])
		b.hi += n
		if n > 0 {
			b.err = err
			return nil
		}
		if err == nil && tries > 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			b.err = err
			return err
		}
	}
}
