package capture_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// parted writes one capture as two files. In the middle, where the first file ends, nothing comes for as long as silence says.
func parted(t *testing.T, silence time.Duration) []string {
	t.Helper()
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(client, connect)
	conn.Send(server, connack)
	conn.Send(client, publish)
	all := len(c.Frames)
	c.Wait(silence)
	conn.Send(server, puback)
	second := *c
	second.Frames = c.Frames[all:]
	c.Frames = c.Frames[:all]
	return []string{write(t, "a.pcap", c.Pcap()), write(t, "b.pcap", second.Pcap())}
}

func TestFilesFarApart(t *testing.T) {
	r := replay(t, capture.FileOptions{}, parted(t, 30*24*time.Hour)...)
	if len(r.conns) != 2 {
		t.Fatalf("%d connections, want one of each file:\n%s", len(r.conns), r)
	}
	first := r.conns[0]
	if last := first.times[len(first.times)-1]; first.closed == nil || first.closed.Cause != decode.CloseEvicted || last > r.stats.First+60e9 {
		t.Errorf("the first ends at %v with %+v, want that it is no longer followed at the end of its file", last.Std(), first.closed)
	}
	if second := r.conns[1]; !second.info.MidStream || second.closed != nil {
		t.Errorf("the second is %+v, want one that was joined in the middle and is open", second.info)
	}
	if len(r.ticks) != 1 || r.ticks[0] != first.closed.Time {
		t.Errorf("ticks %v, want one at the end of the first file, %v", r.ticks, first.closed.Time)
	}
	if notes := strings.Join(r.stats.Notes, "\n"); strings.Count(notes, "nothing was captured for 30d before ") != 1 {
		t.Errorf("notes %q", notes)
	}
}

// TestFilesOfOneCapture has a short silence where a file ends, and a long one that another file covers.
func TestFilesOfOneCapture(t *testing.T) {
	other := pcapgen.New(pcapgen.Options{})
	conn := other.Open(pcapgen.Client(2), pcapgen.Server())
	other.Wait(2 * time.Hour)
	conn.Close(client)
	for name, files := range map[string][]string{
		"rotated": parted(t, 50*time.Second),
		"covered": append(parted(t, time.Hour), write(t, "c.pcap", other.Pcap())),
	} {
		r := replay(t, capture.FileOptions{}, files...)
		if len(r.conns) != 1 || r.conns[0].closed != nil || len(r.conns[0].stream[server]) != len(connack)+len(puback) {
			t.Errorf("%s: want one connection that goes on:\n%s", name, r)
		}
		if len(r.stats.Notes) > 0 || len(r.ticks) > 0 {
			t.Errorf("%s: notes %q, ticks %v", name, r.stats.Notes, r.ticks)
		}
	}
}

// TestPaceSkipsWhatNoFileCovers replays a month at the original pace, of which little was captured.
func TestPaceSkipsWhatNoFileCovers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f := capture.NewFile(parted(t, 30*24*time.Hour), capture.FileOptions{Speed: 1})
	r := &record{byID: map[uint64]*conn{}}
	if err := f.Run(ctx, r.sink); err != nil || ctx.Err() != nil {
		t.Fatalf("%v, %v: it waited", err, ctx.Err())
	}
	if len(r.conns) != 2 {
		t.Errorf("want a connection of each file:\n%s", r)
	}
}

// TestFileBeforeLive has a connection that is open at the end of a file, before a source of now.
func TestFileBeforeLive(t *testing.T) {
	files := parted(t, time.Second)
	r := &record{byID: map[uint64]*conn{}}
	all := capture.Together(capture.NewFile(files, capture.FileOptions{}), &scripted{n: 1})
	if err := all.Run(t.Context(), r.sink); err != nil {
		t.Fatal(err)
	}
	if len(r.conns) != 1 || r.conns[0].closed == nil || r.conns[0].closed.Cause != decode.CloseEvicted {
		t.Errorf("want that the connection is no longer followed when the file has ended:\n%s", r)
	}
}
