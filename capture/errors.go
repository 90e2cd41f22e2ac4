package capture

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// What can be wrong with a capture file. A *FileError wraps one of these, or what the operating system said.
var (
	// ErrNotCapture: the file is neither pcap nor pcapng.
	ErrNotCapture = errors.New("not a capture file")
	// ErrEmpty: the file has no bytes.
	ErrEmpty = errors.New("empty")
	// ErrCutShort: the file ends in the middle of a frame. What came before was read.
	ErrCutShort = errors.New("cut short")
	// ErrCorrupt: a record of the file contradicts itself. What came before was read.
	ErrCorrupt = errors.New("corrupt")
)

// FileError says in one line what is wrong with a file and where.
type FileError struct {
	Path string
	// Offset is where in the file (after decompression) the record at fault begins.
	Offset int64
	Reason string
	Err    error
}

func (e *FileError) Error() string { return e.Path + " " + e.Reason }

// Unwrap returns the kind of the mistake: one of the errors of this package, or of the operating system.
func (e *FileError) Unwrap() error { return e.Err }

func corrupt(offset int64, format string, args ...any) *FileError {
	reason := fmt.Sprintf("is corrupt at byte %d: ", offset) + fmt.Sprintf(format, args...)
	return &FileError{Offset: offset, Reason: reason, Err: ErrCorrupt}
}

func cutShort(offset int64) *FileError {
	reason := fmt.Sprintf("is cut short: it ends in the middle of the frame at byte %d; what came before was read", offset)
	return &FileError{Offset: offset, Reason: reason, Err: ErrCutShort}
}

// packers are formats that people try to open as captures.
var packers = []struct{ magic, name, unpack string }{
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"BZh", "bzip2", "bzip2 -dc"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

func notCapture(begin []byte) *FileError {
	for _, p := range packers {
		if strings.HasPrefix(string(begin), p.magic) {
			return &FileError{Err: ErrNotCapture, Reason: fmt.Sprintf(
				"is compressed with %s, which mqttwatch does not read: try %s FILE | mqttwatch replay -", p.name, p.unpack)}
		}
	}
	return &FileError{Err: ErrNotCapture, Reason: fmt.Sprintf(
		"is not a capture file: it begins with the bytes % x; mqttwatch reads pcap and pcapng, also compressed with gzip or zstd", begin[:min(len(begin), 4)])}
}

// inRecord turns a failure to read the record at offset into the error to report: io.EOF stays at a record's boundary.
func inRecord(err error, offset int64) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return cutShort(offset)
	}
	return err
}
