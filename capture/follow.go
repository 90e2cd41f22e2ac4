package capture

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A follower reads a file that is still being written: at its end it waits for more. It reports the end once another file has taken the
// place of this one, or this one became shorter.
type follower struct {
	ctx      context.Context
	path     string
	file     *os.File
	idle     func(decode.Time)
	offset   int64
	replaced bool
}

func (f *follower) Read(p []byte) (int, error) {
	var ticker *time.Ticker
	for {
		replaced := f.look()
		n, err := f.file.Read(p)
		f.offset += int64(n)
		switch {
		case n > 0:
			return n, nil
		case err != nil && err != io.EOF:
			return 0, err
		case replaced: // and nothing was left in the old one
			f.replaced = true
			return 0, io.EOF
		}
		if ticker == nil {
			ticker = time.NewTicker(tickEvery)
			defer ticker.Stop()
		}
		select {
		case <-f.ctx.Done():
			return 0, f.ctx.Err()
		case now := <-ticker.C:
			f.idle(decode.TimeOf(now))
		}
	}
}

// look reports whether the file is not the one any more that was opened. While there is none, it still is.
func (f *follower) look() bool {
	now, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	opened, err := f.file.Stat()
	if err != nil {
		return false
	}
	return !os.SameFile(now, opened) || opened.Size() < f.offset
}

// captureNames are what the names of capture files have in them, also those of rotated and compressed ones.
var captureNames = []string{".pcap", ".cap", ".ntar", ".dmp"}

// expand puts in place of each directory the capture files in it, by name.
func expand(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		if info, err := os.Stat(path); path == "-" || err != nil || !info.IsDir() {
			out = append(out, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return out, &FileError{Path: path, Reason: "cannot be read: " + err.Error(), Err: err}
		}
		before := len(out)
		for _, e := range entries {
			named := func(part string) bool { return strings.Contains(strings.ToLower(e.Name()), part) }
			if info, err := os.Stat(filepath.Join(path, e.Name())); err == nil && info.Mode().IsRegular() && slices.ContainsFunc(captureNames, named) {
				out = append(out, filepath.Join(path, e.Name()))
			}
		}
		if len(out) == before {
			reason := fmt.Sprintf("is a directory without capture files: none of the %d names in it has .pcap or .cap in it", len(entries))
			return out, &FileError{Path: path, Reason: reason, Err: ErrNotCapture}
		}
	}
	return out, nil
}
