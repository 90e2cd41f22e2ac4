package capture_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

func TestFilesThatAreWrong(t *testing.T) {
	c := exchange(pcapgen.New(pcapgen.Options{}), false)
	pcap, pcapng := c.Pcap(), c.Pcapng()
	lie := func(file []byte, at int) []byte {
		file = bytes.Clone(file)
		copy(file[at:], "\xff\xff\xff\x7f")
		return file
	}
	fourth := 24 // offset of the record of the fourth frame
	for _, f := range c.Frames[:3] {
		fourth += 16 + len(f.Data)
	}
	tests := []struct {
		name   string
		file   []byte
		kind   error
		frames uint64 // read before
		says   string
	}{
		{"empty", nil, capture.ErrEmpty, 0, "is empty"},
		{"text", []byte("hello, world, this is text"), capture.ErrNotCapture, 0, `begins with the bytes 68 65 6c 6c;`},
		{"one byte", []byte("\xd4"), capture.ErrNotCapture, 0, `begins with the bytes d4;`},
		{"xz", []byte("\xfd7zXZ\x001234"), capture.ErrNotCapture, 0, "xz -dc"},
		{"zstd damaged", []byte("\x28\xb5\x2f\xfd1234"), capture.ErrCorrupt, 0, "is damaged"},
		{"zstd window too large", []byte("\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00"), capture.ErrNotCapture, 0, "zstd -dc --long=31"},
		{"zstd of text", pack([]byte("hello")), capture.ErrNotCapture, 0, `begins with the bytes 68 65 6c 6c;`},
		{"zstd cut", pack(pcap)[:len(pack(pcap))-60], capture.ErrCutShort, 0, "in its header"},
		{"gzip of text", pcapgen.Gzip([]byte("hello")), capture.ErrNotCapture, 0, `begins with the bytes 68 65 6c 6c;`},
		{"gzip of nothing", pcapgen.Gzip(nil), capture.ErrEmpty, 0, "is empty"},
		{"gzip header damaged", []byte("\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff"), capture.ErrNotCapture, 0, "gzip header"},
		{"pcap header cut", pcap[:20], capture.ErrCutShort, 0, "ends in its header"},
		{"pcap cut in a record header", pcap[:fourth+5], capture.ErrCutShort, 3, "in the middle of the frame at byte 252"},
		{"pcap cut in a frame", pcap[:fourth+30], capture.ErrCutShort, 3, "in the middle of the frame at byte 252"},
		{"pcap frame too long", lie(pcap, fourth+8), capture.ErrCorrupt, 3, "corrupt at byte 252"},
		{"pcapng header cut", pcapng[:20], capture.ErrCutShort, 0, "ends in its header"},
		{"pcapng cut", pcapng[:len(pcapng)-3], capture.ErrCutShort, 11, "in the middle"},
		{"pcapng block length odd", lie(pcapng, 28+20+4), capture.ErrCorrupt, 0, "a block claims 2147483647 bytes"},
		{"pcapng frame longer than its block", lie(pcapng, 28+20+8+12), capture.ErrCorrupt, 0, "a frame claims"},
		{"pcapng without interface", append(bytes.Clone(pcapng[:28]), pcapng[48:]...), capture.ErrCorrupt, 0, "interface 0, which was not described"},
		{"pcapng without magic", lie(pcapng, 8), capture.ErrCorrupt, 0, "byte-order magic"},
		{"gzip cut", pcapgen.Gzip(pcap)[:len(pcapgen.Gzip(pcap))-60], capture.ErrCutShort, 0, "in the middle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "x.pcap", tt.file)
			r := replay(t, capture.FileOptions{}, path)
			if !errors.Is(r.err, tt.kind) {
				t.Fatalf("got error %v, want %v", r.err, tt.kind)
			}
			text := r.err.Error()
			if !strings.HasPrefix(text, path+" ") || !strings.Contains(text, tt.says) || strings.Contains(text, "\n") {
				t.Errorf("it says %q, which does not have %q", text, tt.says)
			}
			if r.stats.State != "failed" || r.stats.Err != text {
				t.Errorf("stats say %q, %q", r.stats.State, r.stats.Err)
			}
			if !strings.HasPrefix(tt.name, "gzip") && !strings.HasPrefix(tt.name, "zstd") && r.stats.Frames != tt.frames {
				t.Errorf("%d frames were read before, want %d", r.stats.Frames, tt.frames)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.pcap")
	tests := []struct {
		name, path string
		kind       error
		says       string
	}{
		{"missing", missing, os.ErrNotExist, missing + " cannot be read: no such file or directory"},
		{"directory", dir, capture.ErrNotCapture, dir + " is a directory without capture files: it is empty"},
		{"no standard input", "-", os.ErrNotExist, "standard input is not there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := replay(t, capture.FileOptions{}, tt.path)
			if r.err == nil || r.err.Error() != tt.says || tt.kind != nil && !errors.Is(r.err, tt.kind) {
				t.Errorf("got error %v, want %q", r.err, tt.says)
			}
			var told *capture.FileError
			if !errors.As(r.err, &told) {
				t.Errorf("%T is not a *FileError", r.err)
			}
		})
	}
}

func TestOneBadFileDoesNotStopOthers(t *testing.T) {
	good := write(t, "good.pcap", exchange(pcapgen.New(pcapgen.Options{}), false).Pcap())
	bad, empty := write(t, "bad.pcap", []byte("not a capture")), write(t, "empty.pcap", nil)
	r := replay(t, capture.FileOptions{}, bad, good, empty)
	if !errors.Is(r.err, capture.ErrNotCapture) || !errors.Is(r.err, capture.ErrEmpty) {
		t.Errorf("got error %v, want one for each bad file", r.err)
	}
	if len(r.conns) != 1 || r.conns[0].closed == nil {
		t.Errorf("the good file was not read:\n%s", r)
	}
	if len(r.stats.Notes) != 2 {
		t.Errorf("notes are %q, want two", r.stats.Notes)
	}
}

// TestEveryPrefix cuts files at every byte: what is whole is read, and the error says that the rest is missing.
func TestEveryPrefix(t *testing.T) {
	c := exchange(pcapgen.New(pcapgen.Options{}), false)
	for name, file := range map[string][]byte{"pcap": c.Pcap(), "pcapng": c.Pcapng()} {
		last := uint64(0)
		for n := 24; n < len(file); n++ {
			r := replayBytes(t, capture.FileOptions{}, file[:n])
			if r.err != nil && !errors.Is(r.err, capture.ErrCutShort) {
				t.Fatalf("%s cut to %d bytes: %v", name, n, r.err)
			}
			if r.stats.Frames < last || r.stats.Frames > last+1 {
				t.Fatalf("%s cut to %d bytes has %d frames, one byte less had %d", name, n, r.stats.Frames, last)
			}
			last = r.stats.Frames
		}
		if last != uint64(len(c.Frames)-1) {
			t.Errorf("%s without its last byte has %d frames, want %d", name, last, len(c.Frames)-1)
		}
	}
}
