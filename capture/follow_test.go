package capture_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// pack returns file compressed with zstd.
func pack(file []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	return w.EncodeAll(file, nil)
}

// following is a File that follows, in a goroutine.
type following struct {
	t      *testing.T
	src    *capture.File
	cancel context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	stream strings.Builder // what clients sent
	ticks  int
}

func follow(t *testing.T, paths ...string) *following {
	ctx, cancel := context.WithCancel(t.Context())
	f := &following{t: t, cancel: cancel, ended: make(chan error, 1), src: capture.NewFile(paths, capture.FileOptions{Follow: true, Ports: []uint16{1883}})}
	go func() { f.ended <- f.src.Run(ctx, f.sink) }()
	return f
}

func (f *following) sink(batch []decode.Segment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range batch {
		switch {
		case s.Kind == decode.Tick:
			f.ticks++
		case s.Kind == decode.Data && s.Dir == client:
			f.stream.Write(s.Data)
		}
	}
}

// until waits until the clients have sent want.
func (f *following) until(want string) {
	f.t.Helper()
	got := ""
	for range 500 {
		f.mu.Lock()
		got = f.stream.String()
		f.mu.Unlock()
		if got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.t.Fatalf("got %q, want %q; %+v", got, want, f.src.Stats())
}

func (f *following) end() {
	f.t.Helper()
	f.cancel()
	select {
	case err := <-f.ended:
		if err != nil {
			f.t.Errorf("Run failed: %v", err)
		}
	case <-time.After(10 * time.Second):
		f.t.Fatal("Run does not end")
	}
}

// growing is a capture of now that is written piece by piece.
type growing struct {
	t       *testing.T
	c       *pcapgen.Capture
	conn    *pcapgen.Conn
	written int
}

func newGrowing(t *testing.T, n int) *growing {
	c := pcapgen.New(pcapgen.Options{Start: time.Now()})
	return &growing{t: t, c: c, conn: c.Open(pcapgen.Client(n), pcapgen.Server())}
}

// grow appends what is new to the file, without the last hold bytes.
func (g *growing) grow(path string, hold int) {
	g.t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		g.t.Fatal(err)
	}
	defer f.Close()
	all := g.c.Pcap()
	if _, err := f.Write(all[g.written : len(all)-hold]); err != nil {
		g.t.Fatal(err)
	}
	g.written = len(all) - hold
}

func TestFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcap")
	g := newGrowing(t, 1)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := follow(t, path)
	g.conn.Send(client, []byte("one "))
	g.grow(path, 0)
	f.until("one ")
	g.conn.Send(client, []byte("two "))
	g.grow(path, 7) // the end of a frame comes later
	time.Sleep(50 * time.Millisecond)
	g.grow(path, 0)
	f.until("one two ")

	other := newGrowing(t, 2) // another file takes its place
	other.conn.Send(client, []byte("three "))
	other.grow(path+".new", 0)
	g.conn.Send(client, []byte("last "))
	g.grow(path, 0)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	f.until("one two last three ")

	short := newGrowing(t, 3) // the file is written anew
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(250 * time.Millisecond)
	short.conn.Send(client, []byte("four"))
	short.grow(path, 0)
	f.until("one two last three four")
	f.end()
	if s := f.src.Stats(); s.State != "ended" || s.Progress >= 0 || f.ticks == 0 {
		t.Errorf("%d ticks, stats %+v", f.ticks, s)
	}
}

// TestFollowTheLast reads a rotated set and follows its last file.
func TestFollowTheLast(t *testing.T) {
	dir := t.TempDir()
	g := newGrowing(t, 1)
	paths := []string{filepath.Join(dir, "x.pcap0"), filepath.Join(dir, "x.pcap1")}
	g.conn.Send(client, []byte("one "))
	g.grow(paths[0], 0)
	header := g.c.Pcap()[:24]
	if err := os.WriteFile(paths[1], header, 0o644); err != nil {
		t.Fatal(err)
	}
	g.conn.Send(client, []byte("two "))
	g.grow(paths[1], 0)
	f := follow(t, dir)
	f.until("one two ")
	g.conn.Send(client, []byte("three"))
	g.grow(paths[1], 0)
	f.until("one two three")
	f.end()
	if s := f.src.Stats(); s.Connections != 1 {
		t.Errorf("%d connections, want 1", s.Connections)
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{
		"b.pcap.gz": pcapgen.Gzip(exchange(pcapgen.New(pcapgen.Options{}), false).Pcap()),
		"a.PCAPNG":  exchange(pcapgen.New(pcapgen.Options{}), true).Pcapng(),
		"notes.txt": []byte("not a capture"),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "c.pcap"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := replay(t, capture.FileOptions{}, dir)
	if r.err != nil || len(r.conns) != 2 || r.conns[0].info.Source != "a.PCAPNG" || r.conns[1].info.Source != "b.pcap.gz" {
		t.Errorf("%v, %s", r.err, r)
	}
}
