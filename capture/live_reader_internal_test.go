package capture

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// fakeReader yields frames, then nothing, or an error.
type fakeReader struct {
	frames []frame
	err    error
	reads  atomic.Int64
	closed bool
}

func (r *fakeReader) read(f *frame) error {
	n := int(r.reads.Add(1))
	if n <= len(r.frames) {
		*f = r.frames[n-1]
		return nil
	}
	time.Sleep(10 * time.Millisecond)
	f.data = nil
	return r.err
}

func (r *fakeReader) lost() uint64 { return 7 }
func (r *fakeReader) close()       { r.closed = true }

func readerFrames(server string, link uint32) (out []frame) {
	o := pcapgen.Options{}
	if link == linkNull {
		o.BSDNull = true
	}
	c := pcapgen.New(o)
	conn := c.Open(pcapgen.Client(1), netip.MustParseAddrPort(server))
	conn.Send(decode.FromClient, []byte("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04pump"))
	conn.Send(decode.FromServer, []byte("\x20\x02\x00\x00"))
	for _, f := range c.Frames {
		out = append(out, frame{data: f.Data, wire: f.Length, link: link, time: decode.TimeOf(f.Time)})
	}
	return out
}

// TestReaders: where interfaces are read one frame at a time, all are watched at once, one that fails is told of, and the others go on.
func TestReaders(t *testing.T) {
	l := &Live{opts: LiveOptions{Ports: []uint16{1883}, SnapLen: defaultSnapLen}, names: []string{"a", "b", "c"}}
	filter, err := newUserFilter(liveFilter{ports: l.opts.Ports, snapLen: defaultSnapLen})
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("the cable is cut")
	a := &fakeReader{frames: append(readerFrames("192.0.2.1:1883", linkEthernet), readerFrames("192.0.2.9:1884", linkEthernet)...)}
	b := &fakeReader{frames: append(readerFrames("192.0.2.2:1883", linkNull), readerFrames("192.0.2.8:1884", linkNull)...)}
	c := &fakeReader{err: boom}
	in := &readers{list: []frameReader{a, b, c}, names: l.names, only: filter}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sources := map[string]string{}
	ticks := 0
	done := make(chan error, 1)
	go func() {
		done <- l.runReaders(ctx, func(batch []decode.Segment) {
			for _, s := range batch {
				if s.Kind == decode.Tick {
					ticks++
				} else {
					sources[s.Conn.Info.Server.String()] = s.Conn.Info.Source
				}
			}
		}, in)
	}()
	for range 300 {
		if s := l.Stats(); s.State == "retrying" && s.Frames == 10 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s := l.Stats()
	if s.State != "retrying" || s.Err != "cannot capture on c any more: the cable is cut" || s.Frames != 10 || s.KernelDrops != 21 {
		t.Errorf("stats are %+v, want retrying, 10 frames and 21 dropped", s)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if len(sources) != 2 || sources["192.0.2.1:1883"] != "a" || sources["192.0.2.2:1883"] != "b" || ticks == 0 {
		t.Errorf("connections by server: %v, %d ticks", sources, ticks)
	}
}

// TestReadersAllFail: there is nothing left to wait for.
func TestReadersAllFail(t *testing.T) {
	l := &Live{names: []string{"a"}}
	in := &readers{list: []frameReader{&fakeReader{err: errors.New("gone")}}, names: l.names}
	err := l.runReaders(context.Background(), func([]decode.Segment) {}, in)
	if err == nil || err.Error() != "cannot capture on a any more: gone" || l.Stats().State != "failed" {
		t.Errorf("error %v, state %s", err, l.Stats().State)
	}
}

func TestOpenReaders(t *testing.T) {
	name := ""
	all, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range all {
		if in.Loopback {
			name = in.Name
		}
	}
	if name == "" {
		t.Skip("this machine has no loopback interface")
	}
	first := &fakeReader{}
	open := func(string, liveFilter) (frameReader, error) { return first, nil }
	l := &Live{names: []string{name}}
	if in, err := l.openReaders(nil, open); err != nil || len(in.list) != 1 || in.only != nil {
		t.Errorf("%d readers, filter %v, %v; want one that takes everything", len(in.list), in.only, err)
	}
	l.names = []string{name, "no-such"}
	if _, err := l.openReaders(nil, open); err == nil || !strings.HasPrefix(err.Error(), "no-such: no such interface; there are ") || !first.closed {
		t.Errorf("error %v, first closed: %v", err, first.closed)
	}
}
