package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// seen keeps copies of segments, Ticks apart.
type seen struct {
	mu       sync.Mutex
	segments []decode.Segment
	ticks    []decode.Time
	hold     chan struct{} // if set, each batch waits until it is closed
	batches  int
}

func (s *seen) sink(batch []decode.Segment) {
	s.mu.Lock()
	hold := s.hold
	s.batches++
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range batch {
		if seg.Kind == decode.Tick {
			s.ticks = append(s.ticks, seg.Time)
			continue
		}
		seg.Data = bytes.Clone(seg.Data)
		s.segments = append(s.segments, seg)
	}
}

func (s *seen) get() []decode.Segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.segments)
}

// bytes joins what passed in one direction, over all connections.
func (s *seen) bytes(dir decode.Direction) []byte {
	var b []byte
	for _, seg := range s.get() {
		if seg.Kind == decode.Data && seg.Dir == dir {
			b = append(b, seg.Data...)
		}
	}
	return b
}

func drain(t *testing.T, tap *capture.Tap, s *seen) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { tap.Drain(s.sink); close(done) }()
	stop = sync.OnceFunc(func() {
		tap.Close()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Error("Drain does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// tcpPair returns the two ends of a TCP connection.
func tcpPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func describe(segs []decode.Segment) []string {
	var out []string
	for _, s := range segs {
		switch s.Kind {
		case decode.Open:
			out = append(out, "open")
		case decode.Data:
			out = append(out, fmt.Sprintf("%v %s", s.Dir, s.Data))
		case decode.Gap:
			out = append(out, fmt.Sprintf("gap %v %d", s.Dir, s.Bytes))
		case decode.Close:
			out = append(out, fmt.Sprintf("close %v %d", s.Dir, s.Cause))
		}
	}
	return out
}

func TestTapBothEnds(t *testing.T) {
	for _, c := range []struct {
		name     string
		reads    decode.Direction
		question string
		answer   string
	}{
		{"client's end", decode.FromServer, "client ping", "server pong"},
		{"server's end", decode.FromClient, "server ping", "client pong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			near, far := tcpPair(t)
			tap := capture.NewTap(capture.TapOptions{Source: "test", ServerName: "broker"})
			var s seen
			stop := drain(t, tap, &s)
			conn := tap.Wrap(near, c.reads)
			if _, err := conn.Write([]byte("ping")); err != nil {
				t.Fatal(err)
			}
			far.Write([]byte("pong"))
			if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			conn.Close()
			stop()
			want := []string{"open", c.question, c.answer, fmt.Sprintf("close %v %d", c.reads.Opposite(), decode.CloseFIN)}
			if got := describe(s.get()); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			info := s.get()[0].Conn.Info
			wantClient, wantServer := near.LocalAddr().String(), near.RemoteAddr().String()
			if c.reads == decode.FromClient {
				wantClient, wantServer = wantServer, wantClient
			}
			if info.Client.String() != wantClient || info.Server.String() != wantServer {
				t.Errorf("client %v, server %v", info.Client, info.Server)
			}
			if info.ID != 1 || info.Source != "test" || info.ServerName != "broker" || info.Opened == 0 {
				t.Errorf("info %+v", info)
			}
			if st := tap.Stats(); st.Frames != 2 || st.Bytes != 8 || st.QueueDrops != 0 || st.Connections != 1 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

func TestTapSaysWhoClosed(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(near, far net.Conn)
		want string
	}{
		{"the other end, orderly", func(_, far net.Conn) { far.Close() }, fmt.Sprintf("close server %d", decode.CloseFIN)},
		{"the other end, reset", func(_, far net.Conn) { far.(*net.TCPConn).SetLinger(0); far.Close() }, fmt.Sprintf("close server %d", decode.CloseRST)},
		{"this end", func(near, _ net.Conn) { near.Close() }, fmt.Sprintf("close client %d", decode.CloseFIN)},
	} {
		t.Run(c.name, func(t *testing.T) {
			near, far := tcpPair(t)
			tap := capture.NewTap(capture.TapOptions{})
			var s seen
			stop := drain(t, tap, &s)
			conn := tap.Wrap(near, decode.FromServer)
			c.end(conn, far)
			io.Copy(io.Discard, conn)
			conn.Close()
			stop()
			got := describe(s.get())
			if got[len(got)-1] != c.want {
				t.Errorf("got %q, want %q at the end", got, c.want)
			}
		})
	}
}

func TestTapTicks(t *testing.T) {
	tap := capture.NewTap(capture.TapOptions{TickEvery: 5 * time.Millisecond})
	var s seen
	stop := drain(t, tap, &s)
	time.Sleep(60 * time.Millisecond)
	stop()
	if len(s.ticks) < 3 {
		t.Fatalf("%d ticks in 60 ms", len(s.ticks))
	}
	if !slices.IsSorted(s.ticks) {
		t.Errorf("time goes back: %v", s.ticks)
	}
}

// TestTapFull keeps the Sink busy: traffic must go on, and what did not fit must be told of in its place.
func TestTapFull(t *testing.T) {
	near, far := tcpPair(t)
	go io.Copy(io.Discard, far)
	tap := capture.NewTap(capture.TapOptions{MaxBytes: 1000, TickEvery: time.Millisecond})
	s := &seen{hold: make(chan struct{})}
	stop := drain(t, tap, s)
	waitFor(t, "the Sink to be busy", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.batches > 0 })

	conn := tap.Wrap(near, decode.FromServer)
	for range 25 {
		if _, err := conn.Write(bytes.Repeat([]byte("x"), 100)); err != nil {
			t.Fatal(err)
		}
	}
	far.Write([]byte("late answer"))
	io.ReadFull(conn, make([]byte, 11))
	late := tap.Wrap(near, decode.FromServer) // opened while full
	late.Write([]byte("hello"))
	late.Close()
	conn.Close()
	if st := tap.Stats(); st.QueueDrops != 17 || st.Gaps != 3 || st.GapBytes != 1516 {
		t.Errorf("stats %+v", st)
	}
	close(s.hold)
	stop()

	var ofConn, ofLate []decode.Segment
	for _, seg := range s.get() {
		if seg.Conn.Info.ID == 1 {
			ofConn = append(ofConn, seg)
		} else {
			ofLate = append(ofLate, seg)
		}
	}
	x := "client " + string(bytes.Repeat([]byte("x"), 100))
	want := append([]string{"open"}, slices.Repeat([]string{x}, 10)...)
	want = append(want, "gap client 1500", "gap server 11", "close client 1")
	if got := describe(ofConn); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := describe(ofLate), []string{"open", "gap client 5", "close client 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	times := s.get()
	if !slices.IsSortedFunc(times, func(a, b decode.Segment) int { return int(a.Time - b.Time) }) {
		t.Error("segments are not in the order of time")
	}
}

// TestTapGoesOnAfterGap checks that bytes after a gap are recorded again.
func TestTapGoesOnAfterGap(t *testing.T) {
	near, far := tcpPair(t)
	go io.Copy(io.Discard, far)
	tap := capture.NewTap(capture.TapOptions{MaxBytes: 10})
	var s seen
	stop := drain(t, tap, &s)
	conn := tap.Wrap(near, decode.FromServer)
	conn.Write(bytes.Repeat([]byte("y"), 11)) // can never fit
	waitFor(t, "the gap", func() bool { return len(s.get()) == 2 })
	conn.Write([]byte("after"))
	conn.Close()
	stop()
	want := []string{"open", "gap client 11", "client after", "close client 1"}
	if got := describe(s.get()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTapManyWriters has several goroutines write and read at once; the records must be the bytes in the order of the wire.
func TestTapManyWriters(t *testing.T) {
	near, far := tcpPair(t)
	tap := capture.NewTap(capture.TapOptions{})
	var s seen
	stop := drain(t, tap, &s)
	conn := tap.Wrap(near, decode.FromServer)
	got := make(chan []byte)
	go func() { b, _ := io.ReadAll(far); got <- b }()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				fmt.Fprintf(conn, "%d.%d ", i, j)
			}
		})
	}
	wg.Wait()
	conn.Close()
	wire := <-got
	stop()
	if !bytes.Equal(s.bytes(decode.FromClient), wire) {
		t.Error("what was recorded is not what was sent")
	}
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
