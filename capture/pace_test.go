package capture_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// silentSecond is a connection in whose middle nothing happens for a second.
func silentSecond() *pcapgen.Capture {
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(client, connect)
	c.Wait(time.Second)
	conn.Send(server, connack)
	return c
}

func TestPace(t *testing.T) {
	c := silentSecond()
	began := time.Now()
	r := replayBytes(t, capture.FileOptions{Speed: 2}, c.Pcap())
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("a capture of one second took %v at twice its speed, want at least half a second", took)
	}
	if len(r.ticks) < 2 {
		t.Errorf("%d ticks in half a second, want about five", len(r.ticks))
	}
	last := decode.TimeOf(c.Frames[3].Time)
	for _, tick := range r.ticks {
		if tick < last || tick > r.stats.Last {
			t.Errorf("a tick says %v, want it between %v and %v", tick.Std(), last.Std(), r.stats.Last.Std())
		}
		last = tick
	}
	if len(r.conns) != 1 || r.events[1] == "tick" {
		t.Errorf("frames were not delivered before the silence:\n%s", r)
	}
}

func TestPaceIsInterrupted(t *testing.T) {
	c := silentSecond()
	c.Frames[4].Time = c.Frames[4].Time.Add(time.Hour)
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	f := capture.NewFile([]string{write(t, "x.pcap", c.Pcap())}, capture.FileOptions{Speed: 1})
	r := &record{byID: map[uint64]*conn{}}
	sink := func(batch []decode.Segment) {
		if s := f.Stats(); s.Progress >= 0 {
			t.Errorf("while frames wait for their time, the progress is %v", s.Progress)
		}
		r.sink(batch)
	}
	if err := f.Run(ctx, sink); err != nil || len(r.conns) != 1 {
		t.Errorf("interrupted: %v and %d connections, want no error and one", err, len(r.conns))
	}
}

// TestLivePipe writes frames one by one into a pipe: each is delivered before the next is written.
func TestLivePipe(t *testing.T) {
	for name, packed := range map[string]bool{"pcap": false, "pcapng": true} {
		t.Run(name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{Start: time.Now()})
			conn := c.Open(pcapgen.Client(1), pcapgen.Server())
			conn.Send(client, connect)
			conn.Send(server, connack)
			file := c.Pcap()
			if packed {
				file = c.Pcapng()
			}
			last := 60 + 16
			if packed {
				last = 60 + 32
			}

			in, out := io.Pipe()
			f := capture.NewFile([]string{"-"}, capture.FileOptions{Stdin: in})
			segments := make(chan string)
			ended := make(chan error)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				ended <- f.Run(ctx, func(batch []decode.Segment) {
					for _, s := range batch {
						if s.Kind == decode.Data {
							segments <- string(s.Data)
						} else if s.Kind == decode.Tick {
							segments <- "tick"
						}
					}
				})
			}()
			out.Write(file[:len(file)-last])
			if got := <-segments; got != string(connect) {
				t.Errorf("got %q before the rest was written, want the CONNECT", got)
			}
			stats := f.Stats()
			for range 500 { // they are told when the pipe turns out to be silent
				if stats.Frames == 4 {
					break
				}
				time.Sleep(10 * time.Millisecond)
				stats = f.Stats()
			}
			if stats.State != "live" || stats.Frames != 4 || stats.Progress >= 0 {
				t.Errorf("stats are %+v", stats)
			}
			if got := <-segments; got != "tick" {
				t.Errorf("got %q in the silence, want a tick", got)
			}
			go out.Write(file[len(file)-last:])
			for got := range segments {
				if got == string(connack) {
					break
				} else if got != "tick" {
					t.Errorf("got %q, want the CONNACK", got)
				}
			}
			cancel() // while the pipe is silent
			go func() {
				for range segments {
				}
			}()
			if err := <-ended; err != nil {
				t.Errorf("Run returned %v after cancel", err)
			}
			close(segments)
		})
	}
}

// TestOldPipeKeepsItsTime has a pipe fall silent that carries an old capture: its time does not go on with the clock.
func TestOldPipeKeepsItsTime(t *testing.T) {
	file := silentSecond().Pcap()
	in, out := io.Pipe()
	go func() {
		out.Write(file[:300])
		time.Sleep(350 * time.Millisecond)
		out.Write(file[300:])
		out.Close()
	}()
	r := replay(t, capture.FileOptions{Stdin: in}, "-")
	if r.err != nil || len(r.ticks) != 0 {
		t.Errorf("%d ticks, want none; %v", len(r.ticks), r.err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cable cut") }

func TestReadFails(t *testing.T) {
	file := exchange(pcapgen.New(pcapgen.Options{}), false).Pcap()
	r := replay(t, capture.FileOptions{Stdin: io.MultiReader(bytes.NewReader(file), failing{})}, "-")
	if r.err == nil || r.err.Error() != "standard input cannot be read: cable cut" {
		t.Errorf("got error %v", r.err)
	}
	if len(r.conns) != 1 || r.conns[0].closed == nil {
		t.Errorf("what came before is not there:\n%s", r)
	}
}
