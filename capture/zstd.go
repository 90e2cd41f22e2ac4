package capture

import (
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	zstdMagic = "\x28\xb5\x2f\xfd"
	// maxZstdWindow is what zstd --long asks for. More is refused: a window is memory.
	maxZstdWindow = 128 << 20
)

// zstdReader unpacks what a buffer holds and then on from its stream.
type zstdReader struct {
	in  *buffer
	dec *zstd.Decoder
}

func newZstd(in *buffer) *zstdReader {
	// One decoder at a time reads no further than it has to, so that a live pipe is not kept waiting, and starts no goroutine.
	dec, err := zstd.NewReader(&unbuffered{in}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		panic("capture: options of the zstd decoder: " + err.Error())
	}
	return &zstdReader{in, dec}
}

func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.dec.Read(p)
	switch {
	case err == nil, err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
	case z.in.err != nil && z.in.err != io.EOF:
		err = z.in.err
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		err = &FileError{Reason: "is compressed with a larger zstd window than 128 MiB: try zstd -dc --long=31 FILE | mqttwatch replay -", Err: ErrNotCapture}
	default:
		err = &FileError{Reason: "is damaged: what is compressed with zstd cannot be unpacked; what came before was read", Err: ErrCorrupt}
	}
	return n, err
}

func (z *zstdReader) Close() error {
	z.dec.Close()
	return nil
}
