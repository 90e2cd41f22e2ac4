package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
)

// recordFlags are the options of a recording.
type recordFlags struct {
	Write      string        `short:"w" help:"Record what is seen to FILE, in pcapng." placeholder:"FILE" group:"record"`
	WriteSize  string        `help:"Begin another file after this many bytes, such as 100MB: FILE_00001, FILE_00002 and so on." placeholder:"SIZE" group:"record"`
	WriteEvery time.Duration `help:"Begin another file after this much time." placeholder:"TIME" group:"record"`
}

// recorded returns src with the recording that the command line asks for, if it does.
func (o *options) recorded(src capture.Source) (capture.Source, error) {
	f := &o.recordFlags
	if f.Write == "" {
		if f.WriteSize != "" || f.WriteEvery != 0 {
			return nil, usagef("--write-size and --write-every divide a recording: where does --write put it?")
		}
		return src, nil
	}
	if f.Write == "-" {
		return nil, usagef("--write -: give a file; standard output is for what is shown")
	}
	size, err := byteSize(f.WriteSize)
	if err != nil {
		return nil, usagef("--write-size %s: %w", f.WriteSize, err)
	}
	opts := capture.RecordOptions{Path: f.Write, Size: size, Every: f.WriteEvery}
	if !o.onScreen() {
		opts.OnError = func(err error) { fmt.Fprintf(os.Stderr, "mqttwatch: %s\n", oneLine(err)) }
	}
	r, err := capture.Record(src, opts)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// byteSize reads a number of bytes with or without a unit. "" is 0.
func byteSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, unit := strings.TrimSpace(text), int64(1)
	upper := strings.ToUpper(number)
	for _, u := range []struct {
		name string
		size int64
	}{
		{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"B", 1},
	} {
		if strings.HasSuffix(upper, u.name) {
			number, unit = strings.TrimSpace(number[:len(number)-len(u.name)]), u.size
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if size := n * float64(unit); err == nil && size >= 1000 && size < 1<<62 {
		return int64(size), nil
	}
	return 0, fmt.Errorf("give at least 1KB, such as 500KB, 100MB or 2GB")
}
