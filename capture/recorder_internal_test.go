package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// fakeFile is a file that fails, or stands still, when it is told to.
type fakeFile struct {
	bytes.Buffer
	room  int           // bytes that fit
	block chan struct{} // closed: go on
}

func (f *fakeFile) Write(p []byte) (int, error) {
	if f.block != nil {
		<-f.block
	}
	n := min(len(p), f.room-f.Len())
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	return n, nil
}

func (f *fakeFile) Close() error { return nil }

func (f *fakeFile) Truncate(size int64) error {
	f.Buffer.Truncate(int(size))
	return nil
}

// bytesFrame returns a frame of n bytes.
func bytesFrame(n int, at time.Duration) *frame {
	return &frame{data: bytes.Repeat([]byte{0xAB}, n), wire: n, link: linkEthernet, time: decode.Time(1e18).Add(at)}
}

// framesIn counts the frames of a recording.
func framesIn(t *testing.T, file []byte) (n int) {
	t.Helper()
	source, err := openFrames(newBuffer(bytes.NewReader(file), bufferSize))
	if err != nil {
		t.Fatal(err)
	}
	for f := (frame{}); ; n++ {
		if err := source.next(&f); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
	}
}

// TestRecorderFullDisk: what was written can be read, the error is told once, and what came later is counted.
func TestRecorderFullDisk(t *testing.T) {
	for _, room := range []int{0, 10, 5000, 100_000} {
		file := &fakeFile{room: room}
		var told []string
		r, err := NewRecorder(RecordOptions{Path: "dir/out.pcapng", OnError: func(err error) { told = append(told, err.Error()) },
			create: func(string) (recordFile, error) { return file, nil }})
		if err != nil {
			t.Fatal(err)
		}
		const frames = 3000
		for i := range frames {
			r.frame(bytesFrame(100, 0), "eth0")
			if i%100 == 0 {
				time.Sleep(time.Millisecond) // so that there are several batches
			}
		}
		err = r.Close()
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("room %d: error %v, want ENOSPC", room, err)
		}
		want := "recording to dir/out.pcapng has ended: no space left on device"
		if err.Error() != want || len(told) != 1 || told[0] != want {
			t.Errorf("room %d: error %q, told %q, want %q once", room, err, told, want)
		}
		if file.Len() > 0 {
			if n := framesIn(t, file.Bytes()); uint64(n) != r.Written() {
				t.Errorf("room %d: %d frames in the file, %d counted", room, n, r.Written())
			}
		}
		notes := strings.Join(r.Notes(), "\n")
		if lost := missingFrames(uint64(frames-r.Written())) + "the recording had ended"; !strings.Contains(notes, lost) || !strings.Contains(notes, want) {
			t.Errorf("room %d: notes are %q, want %q in them", room, notes, lost)
		}
	}
}

// TestRecorderFailsWithFramesQueued: frames that came while a write failed are counted as missing.
func TestRecorderFailsWithFramesQueued(t *testing.T) {
	file := &fakeFile{room: 500, block: make(chan struct{})}
	r, err := NewRecorder(RecordOptions{Path: "x", create: func(string) (recordFile, error) { return file, nil }})
	if err != nil {
		t.Fatal(err)
	}
	r.frame(bytesFrame(1000, 0), "eth0")
	for taken := false; !taken; time.Sleep(time.Millisecond) {
		r.mu.Lock()
		taken = len(r.pending.frames) == 0 // the first is being written
		r.mu.Unlock()
	}
	for range 10 {
		r.frame(bytesFrame(1000, 0), "eth0")
	}
	close(file.block)
	if err := r.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v, want ENOSPC", err)
	}
	if notes := strings.Join(r.Notes(), "\n"); !strings.Contains(notes, "11 frames are missing from the recording") {
		t.Errorf("notes are %q, want 11 frames missing", notes)
	}
}

// TestRecorderSlowDisk: who records never waits for the disk, unless told to.
func TestRecorderSlowDisk(t *testing.T) {
	file := &fakeFile{room: 1 << 30, block: make(chan struct{})}
	r, err := NewRecorder(RecordOptions{Path: "x", queue: 100_000, create: func(string) (recordFile, error) { return file, nil }})
	if err != nil {
		t.Fatal(err)
	}
	const frames = 5000
	for range frames {
		r.frame(bytesFrame(1000, 0), "eth0")
	}
	close(file.block)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	n := framesIn(t, file.Bytes())
	if n == 0 || n > 2*100+2 {
		t.Errorf("%d frames recorded, want what fits into two queues of 100,000 bytes", n)
	}
	if notes := fmt.Sprint(r.Notes()); notes != "["+missingFrames(uint64(frames-n))+"the disk is too slow]" {
		t.Errorf("notes are %s", notes)
	}

	waits := &fakeFile{room: 1 << 30}
	if r, err = NewRecorder(RecordOptions{Path: "x", queue: 10_000, wait: true, create: func(string) (recordFile, error) { return waits, nil }}); err != nil {
		t.Fatal(err)
	}
	for range frames {
		r.frame(bytesFrame(1000, 0), "eth0")
	}
	if err := r.Close(); err != nil || framesIn(t, waits.Bytes()) != frames || len(r.Notes()) != 0 {
		t.Errorf("%d frames recorded of %d; %v %v", framesIn(t, waits.Bytes()), frames, err, r.Notes())
	}
}

// TestRecorderWaitEndsWithTheDisk: who waits for the disk does not wait for one that has failed.
func TestRecorderWaitEndsWithTheDisk(t *testing.T) {
	r, err := NewRecorder(RecordOptions{Path: "x", queue: 1000, wait: true, create: func(string) (recordFile, error) { return &fakeFile{room: 3000}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			r.frame(bytesFrame(500, 0), "eth0")
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a disk that has failed")
	}
	if err := r.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
}

func TestRecorderRotates(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  RecordOptions
		files []int // frames in each
	}{
		{"never", RecordOptions{}, []int{10}},
		{"size", RecordOptions{Size: 4500}, []int{4, 4, 2}},
		{"a frame larger than a file", RecordOptions{Size: 1000}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"time", RecordOptions{Every: 3 * time.Second}, []int{3, 3, 3, 1}},
		{"both", RecordOptions{Size: 4500, Every: 9 * time.Second}, []int{4, 4, 2}},
	} {
		dir := t.TempDir()
		c.opts.Path = filepath.Join(dir, "out.pcapng")
		r, err := NewRecorder(c.opts)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			f := bytesFrame(1000, time.Duration(i)*time.Second)
			if i >= 5 {
				f.link = linkRaw
			}
			r.frame(f, "eth0")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(names) != len(c.files) {
			t.Errorf("%s: files are %v, want %d", c.name, names, len(c.files))
			continue
		}
		for i, name := range names {
			want := "out.pcapng"
			if len(c.files) > 1 {
				want = fmt.Sprintf("out_%05d.pcapng", i+1)
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := framesIn(t, content); got != c.files[i] || filepath.Base(name) != want {
				t.Errorf("%s: %s has %d frames, want %s with %d", c.name, name, got, want, c.files[i])
			}
			if c.opts.Size > 1000 && int64(len(content)) > c.opts.Size {
				t.Errorf("%s: %s has %d bytes, want at most %d", c.name, name, len(content), c.opts.Size)
			}
		}
		if info, err := os.Stat(names[0]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600: passwords are in it", c.name, info.Mode())
		}
	}
}

// TestRecorderLinks: a frame comes back as it was, with its time, its length on the wire and its link type.
func TestRecorderLinks(t *testing.T) {
	file := &fakeFile{room: 1 << 30}
	r, err := NewRecorder(RecordOptions{Path: "x", create: func(string) (recordFile, error) { return file, nil }})
	if err != nil {
		t.Fatal(err)
	}
	sll2 := append([]byte{0x08, 0x00, 0, 0, 0, 0, 0, 9, 0x03, 0x04, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0}, "IP"...)
	frames := []frame{
		{data: []byte("ethernet"), wire: 1500, link: linkEthernet, time: 1_700_000_000_123_456_789},
		{data: sll2, wire: len(sll2) + 5, link: linkSLL2, time: 1_700_000_000_000_000_001},
		{data: []byte("pktap"), wire: 5, link: linkPKTAP, time: 1_700_000_000_000_000_002},
		{data: []byte("raw"), wire: 3, link: linkRaw, time: 1},
		{data: []byte("E"), wire: 1, link: linkIPv4, time: 2},
	}
	for i := range frames {
		r.frame(&frames[i], "x")
	}
	r.frame(&frame{data: []byte("no such"), wire: 7, link: 1 << 20}, "x")
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := openFrames(newBuffer(bytes.NewReader(file.Bytes()), bufferSize))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range frames {
		var got frame
		if err := source.next(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.data, want.data) || got.wire != want.wire || got.link != want.link || got.time != want.time {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if notes := fmt.Sprint(r.Notes()); notes != "[1 frame is missing from the recording: link type 1048576 cannot be written]" {
		t.Errorf("notes are %s", notes)
	}
}

// scripted is a Source that says what it is told to.
type scripted struct {
	Source
	batch []decode.Segment
}

func (s *scripted) Run(_ context.Context, sink Sink) error {
	sink(s.batch)
	return nil
}

func (s *scripted) Stats() decode.SourceStats { return decode.SourceStats{} }

// TestRecordTapped: what was made of a tap's segments says the same when it is read again.
func TestRecordTapped(t *testing.T) {
	info := func(client, server string) *decode.Conn {
		c := decode.ConnInfo{Source: "client"}
		if client != "" {
			c.Client, c.Server = netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)
		}
		return decode.NewConn(c, nil)
	}
	connect := []byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04pump")
	large := decode.AppendPublish(nil, decode.V311, decode.PublishFields{Topic: "a", Payload: make([]byte, 200_000)})
	for _, c := range []struct {
		name string
		conn *decode.Conn
		gap  int64
		end  decode.CloseCause
		want string
	}{
		{"IPv4", info("10.0.0.1:40000", "10.0.0.2:1883"), 0, decode.CloseFIN, "10.0.0.1:40000 10.0.0.2:1883"},
		{"IPv6, TLS", info("[2001:db8::1]:40000", "[2001:db8::2]:8883"), 0, decode.CloseRST, "[2001:db8::1]:40000 [2001:db8::2]:1883"},
		{"no addresses", info("", ""), 0, decode.CloseFIN, "192.0.2.2:49153 192.0.2.1:1883"},
		{"gap", info("10.0.0.1:40000", "10.0.0.2:1883"), 777, decode.CloseFIN, "10.0.0.1:40000 10.0.0.2:1883"},
		{"no end", info("10.0.0.1:40000", "10.0.0.2:1883"), 0, decode.CloseUnknown, "10.0.0.1:40000 10.0.0.2:1883"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := decode.Time(1e18)
			batch := []decode.Segment{
				{Conn: c.conn, Kind: decode.Open, Time: at},
				{Conn: c.conn, Kind: decode.Data, Dir: decode.FromClient, Data: connect, Time: at + 1e6},
				{Conn: c.conn, Kind: decode.Data, Dir: decode.FromServer, Data: []byte("\x20\x02\x00\x00"), Time: at + 2e6},
				{Kind: decode.Tick, Time: at + 2e6},
			}
			if c.gap > 0 {
				batch = append(batch, decode.Segment{Conn: c.conn, Kind: decode.Gap, Dir: decode.FromClient, Bytes: c.gap, Time: at + 3e6})
			}
			batch = append(batch, decode.Segment{Conn: c.conn, Kind: decode.Data, Dir: decode.FromClient, Data: large, Time: at + 4e6})
			if c.end != decode.CloseUnknown {
				batch = append(batch, decode.Segment{Conn: c.conn, Kind: decode.Close, Dir: decode.FromServer, Cause: c.end, Time: at + 1e9})
			}
			path := filepath.Join(t.TempDir(), "tap.pcapng")
			r, err := Record(&scripted{batch: batch}, RecordOptions{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Run(context.Background(), func([]decode.Segment) {}); err != nil {
				t.Fatal(err)
			}
			var got struct {
				info  decode.ConnInfo
				bytes [2][]byte
				gap   int64
				end   decode.CloseCause
				dir   decode.Direction
				first decode.Time
			}
			file := NewFile([]string{path}, FileOptions{})
			if err := file.Run(context.Background(), func(batch []decode.Segment) {
				for _, s := range batch {
					switch s.Kind {
					case decode.Open:
						got.info, got.first = s.Conn.Info, s.Time
					case decode.Data:
						got.bytes[s.Dir] = append(got.bytes[s.Dir], s.Data...)
					case decode.Gap:
						got.gap += s.Bytes
					case decode.Close:
						got.end, got.dir = s.Cause, s.Dir
					}
				}
			}); err != nil {
				t.Fatal(err)
			}
			if ends := fmt.Sprint(got.info.Client, got.info.Server); ends != c.want || got.info.MidStream || got.first != at {
				t.Errorf("connection %s, mid-stream %v, opened %v; want %s", ends, got.info.MidStream, got.first, c.want)
			}
			if !bytes.Equal(got.bytes[0], append(bytes.Clone(connect), large...)) || len(got.bytes[1]) != 4 || got.gap != c.gap {
				t.Errorf("%d and %d bytes, gap %d; want %d, 4, %d", len(got.bytes[0]), len(got.bytes[1]), got.gap, len(connect)+len(large), c.gap)
			}
			if got.end != c.end || c.end != decode.CloseUnknown && got.dir != decode.FromServer {
				t.Errorf("ended by %v %d, want %d", got.dir, got.end, c.end)
			}
		})
	}
}

// TestRecordSamePort: two connections whose Servers differ in the port only stay two.
func TestRecordSamePort(t *testing.T) {
	file := &fakeFile{room: 1 << 30}
	rec, err := NewRecorder(RecordOptions{Path: "x", create: func(string) (recordFile, error) { return file, nil }})
	if err != nil {
		t.Fatal(err)
	}
	frames := newTapFrames(rec)
	ends := map[string]bool{}
	for _, server := range []string{"10.0.0.2:1883", "10.0.0.2:8883", "10.0.0.2:8884"} {
		info := decode.ConnInfo{Client: netip.MustParseAddrPort("10.0.0.1:40000"), Server: netip.MustParseAddrPort(server)}
		f := frames.open(&info, 0)
		ends[fmt.Sprint(f.ends)] = true
	}
	if len(ends) != 3 {
		t.Errorf("connections are %v, want three", ends)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	if n := framesIn(t, file.Bytes()); n != 0 {
		t.Errorf("%d frames in a recording of none", n)
	}
}

func TestRecordNotOverItsSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Record(NewFile([]string{"other", path}, FileOptions{}), RecordOptions{Path: path})
	if err == nil || err.Error() != "cannot record to "+path+": it is the file that is read" {
		t.Errorf("error %v", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "precious" {
		t.Errorf("the file is now %q", content)
	}
	missing := filepath.Join(path, "x")
	if _, err := Record(&scripted{}, RecordOptions{Path: missing}); err == nil || err.Error() != "cannot record to "+missing+": not a directory" {
		t.Errorf("error %v", err)
	}
}

// TestRecorderFromManyGoroutines has sources of several kinds record at once.
func TestRecorderFromManyGoroutines(t *testing.T) {
	file := &fakeFile{room: 1 << 30}
	r, err := NewRecorder(RecordOptions{Path: "x", create: func(string) (recordFile, error) { return file, nil }})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 500 {
				r.frame(bytesFrame(60, 0), fmt.Sprint("eth", i))
			}
		})
	}
	all.Wait()
	if err := r.Close(); err != nil || framesIn(t, file.Bytes()) != 4000 {
		t.Errorf("%d frames, %v; want 4000", framesIn(t, file.Bytes()), err)
	}
}
