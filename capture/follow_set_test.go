package capture_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// rotating writes one connection into one file after the other, as a capturing program does.
type rotating struct {
	*growing
	dir string
}

func newRotating(t *testing.T) *rotating { return &rotating{newGrowing(t, 1), t.TempDir()} }

// begin begins a file with the header alone, and puts what is captured from now on into it.
func (r *rotating) begin(name string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, r.c.Pcap()[:24], 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.written = max(r.written, 24)
	return path
}

// send captures a segment.
func (r *rotating) send(path, text string) {
	r.t.Helper()
	r.conn.Send(client, []byte(text))
	r.grow(path, 0)
}

func noNotes(t *testing.T, f *following) {
	t.Helper()
	s := f.src.Stats()
	s.Notes = slices.DeleteFunc(s.Notes, func(note string) bool { return strings.Contains(note, "only one end was seen") })
	if len(s.Notes) > 0 || s.Connections != 1 || s.Gaps != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestFollowSet reads a set in the order in which it was written, whatever the names, and goes on to those that come.
func TestFollowSet(t *testing.T) {
	r := newRotating(t)
	var path string
	want := ""
	next := func(name, text string) {
		path = r.begin(name)
		r.send(path, text)
		want += text
	}
	next("x.pcap", "1 ")
	for _, n := range []int{1, 2, 10} {
		next(fmt.Sprint("x.pcap", n), fmt.Sprint(n, " "))
	}
	f := follow(t, r.dir)
	f.until(want)
	r.send(path, "more ")
	want += "more "
	f.until(want)
	for n := 11; n < 14; n++ { // several at once
		next(fmt.Sprint("x.pcap", n), fmt.Sprint(n, " "))
	}
	f.until(want)
	r.begin("x.pcap14") // a file without a frame has not begun
	time.Sleep(time.Second)
	r.send(path, "late ")
	want += "late "
	f.until(want)
	path = filepath.Join(r.dir, "x.pcap14")
	r.send(path, "end")
	f.until(want + "end")
	f.end()
	noNotes(t, f)
}

// TestFollowRing goes round with a ring of names, as tcpdump -C -W does: files are written anew in their places.
func TestFollowRing(t *testing.T) {
	r := newRotating(t)
	f := follow(t, filepath.Join(r.dir, "x.pcap?"))
	want := ""
	for n := range 7 {
		path := r.begin(fmt.Sprint("x.pcap", n%2))
		for i := range 3 {
			r.send(path, fmt.Sprint(n, ".", i, " "))
			want += fmt.Sprint(n, ".", i, " ")
		}
		f.until(want)
	}
	f.end()
	noNotes(t, f)
}

// TestFollowPacked: a file that is packed when it is done, as tcpdump -z does it, is not read twice.
func TestFollowPacked(t *testing.T) {
	r := newRotating(t)
	one := r.begin("x-1.pcap")
	r.send(one, "one ")
	f := follow(t, filepath.Join(r.dir, "x-*"))
	f.until("one ")
	two := r.begin("x-2.pcap")
	r.send(two, "two ")
	f.until("one two ")
	content, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(one+".gz", pcapgen.Gzip(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(one); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	three := r.begin("x-3.pcap")
	r.send(three, "three")
	f.until("one two three")
	f.end()
	noNotes(t, f)
}

// TestFollowStrangers: what does not belong behind the file that is followed is left out, and told.
func TestFollowStrangers(t *testing.T) {
	r := newRotating(t)
	old := pcapgen.New(pcapgen.Options{Start: time.Now().Add(-time.Hour)})
	old.Open(pcapgen.Client(7), pcapgen.Server()).Send(client, []byte("old"))
	one := r.begin("a.pcap")
	r.send(one, "one ")
	f := follow(t, r.dir)
	f.until("one ")
	for name, content := range map[string][]byte{"0.pcap": old.Pcap(), "b.pcap": []byte("this is no capture at all"), "notes.txt": []byte("nor is this")} {
		if err := os.WriteFile(filepath.Join(r.dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1200 * time.Millisecond)
	two := r.begin("c.pcap")
	r.send(two, "two ")
	f.until("one two ")
	r.send(one, "lost")
	for _, want := range []string{"1 that began before the end of what had been read (the last was 0.pcap)", "b.pcap is not a capture file", "what was added to 1 after the next had begun (the last was a.pcap)"} {
		waitFor(t, "the note "+want, func() bool { return strings.Contains(strings.Join(f.src.Stats().Notes, "\n"), want) })
	}
	f.end()
}

// TestFollowNothingYet waits for the first file of a set.
func TestFollowNothingYet(t *testing.T) {
	r := newRotating(t)
	f := follow(t, r.dir)
	time.Sleep(300 * time.Millisecond)
	if s := f.src.Stats(); s.State != "live" || s.Err != "" {
		t.Errorf("stats %+v", s)
	}
	r.send(r.begin("x.pcap"), "one")
	f.until("one")
	f.end()
	noNotes(t, f)

	f = follow(t, filepath.Join(r.dir, "none-*"))
	time.Sleep(200 * time.Millisecond)
	f.end()
}

func TestPattern(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"x_00001.pcapng", "x_00002.pcapng", "y.pcap"} {
		c := pcapgen.New(pcapgen.Options{Start: time.Unix(int64(1000+i), 0)})
		c.Open(pcapgen.Client(i), pcapgen.Server()).Send(client, []byte("x"))
		if err := os.WriteFile(filepath.Join(dir, name), c.Pcapng(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := replay(t, capture.FileOptions{Ports: []uint16{1883}}, filepath.Join(dir, "x_*"))
	if r.err != nil || len(r.conns) != 2 {
		t.Errorf("%v, %d connections", r.err, len(r.conns))
	}
	if r = replay(t, capture.FileOptions{}, filepath.Join(dir, "z_*")); r.err == nil || !strings.Contains(r.err.Error(), "is a pattern that no file fits") {
		t.Errorf("%v", r.err)
	}
}
