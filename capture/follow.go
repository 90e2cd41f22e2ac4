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
// place of this one, or this one became shorter, or the next of its set has begun.
type follower struct {
	ctx      context.Context
	path     string
	file     *os.File
	info     os.FileInfo
	idle     func(decode.Time)
	offset   int64
	replaced bool
	// next reports whether the next file of the set has begun; nil where there is no set. moved is set once nothing was left in this one.
	next          func() bool
	moving, moved bool
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
		case f.moving:
			f.moved = true
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
			f.moving = f.next != nil && f.next()
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

// expand puts in place of each directory the capture files in it, and of each pattern the files that fit, by name.
func expand(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		list := listOf(path)
		if list == nil {
			out = append(out, path)
			continue
		}
		files, err := list(path)
		if err != nil {
			return out, &FileError{Path: path, Reason: "cannot be read: " + err.Error(), Err: err}
		}
		if len(files) == 0 {
			reason := "is a pattern that no file fits"
			if entries, err := os.ReadDir(path); err == nil {
				reason = fmt.Sprintf("is a directory without capture files: %s", without(len(entries)))
			}
			return out, &FileError{Path: path, Reason: reason, Err: ErrNotCapture}
		}
		out = append(out, files...)
	}
	return out, nil
}

// without says that of n files none is named like a capture.
func without(n int) string {
	last := len(captureNames) - 1
	endings := strings.Join(captureNames[:last], ", ") + " or " + captureNames[last]
	switch n {
	case 0:
		return "it is empty"
	case 1:
		return "the one name in it has no " + endings + " in it"
	}
	return fmt.Sprintf("none of the %d names in it has %s in it", n, endings)
}

// capturesIn returns the files in a directory that are named like captures, by name.
func capturesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		named := func(part string) bool { return strings.Contains(strings.ToLower(e.Name()), part) }
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && slices.ContainsFunc(captureNames, named) {
			out = append(out, path)
		}
	}
	return out, nil
}
