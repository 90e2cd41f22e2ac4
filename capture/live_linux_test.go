package capture_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/need"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// enter runs f in a thread that is in the network namespace, and that ends with it.
func enter(name string, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			ns, err := os.Open("/run/netns/" + name)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			return f()
		}()
	}()
	return <-done
}

// inNamespace is enter for what must succeed.
func inNamespace(t *testing.T, name string, f func() error) {
	t.Helper()
	if err := enter(name, f); err != nil {
		t.Fatal(err)
	}
}

// ip runs ip(8) with the words of each line.
func ip(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
}

// A sniffed is a Live that runs in a namespace.
type sniffed struct {
	*record
	live *capture.Live
	stop context.CancelFunc
	done chan error
}

// sniff captures until the end of the test, or until end.
func sniff(t *testing.T, ns string, opts capture.LiveOptions, ifaces ...string) *sniffed {
	t.Helper()
	return sniffTo(t, ns, capture.RecordOptions{}, opts, ifaces...)
}

// sniffTo is sniff with a recording, where that has a path.
func sniffTo(t *testing.T, ns string, to capture.RecordOptions, opts capture.LiveOptions, ifaces ...string) *sniffed {
	t.Helper()
	s := &sniffed{record: &record{byID: map[uint64]*conn{}}, done: make(chan error, 1)}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.Background())
	opened := make(chan error, 1)
	go func() {
		err := enter(ns, func() (err error) {
			if s.live, err = capture.NewLive(ifaces, opts); err != nil {
				return err
			}
			var src capture.Source = s.live
			if to.Path != "" {
				if src, err = capture.Record(src, to); err != nil {
					return err
				}
			}
			opened <- nil
			s.done <- src.Run(ctx, s.sink)
			return nil
		})
		if err != nil {
			opened <- err
		}
	}()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func (s *sniffed) end(t *testing.T) decode.SourceStats {
	t.Helper()
	s.stop()
	select {
	case err := <-s.done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the capture does not end")
	}
	s.done <- nil
	s.stats = s.live.Stats()
	for _, c := range s.conns {
		if c.wrong != "" {
			t.Errorf("connection %d: %s", c.info.ID, c.wrong)
		}
	}
	return s.stats
}

// talk has a client connect from one namespace to a server in another and send n bytes in both directions, behind CONNECT and CONNACK. It
// returns what the client sent and received.
func talk(t *testing.T, clientNS, serverNS, address string, n int) (sent, received []byte) {
	t.Helper()
	var l net.Listener
	inNamespace(t, serverNS, func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	defer l.Close()
	big := func(head []byte) []byte {
		payload := make([]byte, n)
		_, _ = rand.Read(payload)
		return decode.AppendPublish(slices.Clone(head), decode.V311, decode.PublishFields{Topic: "big", Payload: payload})
	}
	sent, received = big(connect), big(connack)
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			served <- err
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err = c.Read(make([]byte, len(connect))); err == nil {
			_, err = c.Write(received)
		}
		for rest := make([]byte, 1<<16); err == nil; {
			_, err = c.Read(rest) // until the client closes
		}
		served <- nil
	}()
	var c net.Conn
	inNamespace(t, clientNS, func() (err error) {
		c, err = net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		return err
	})
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write(sent); err != nil {
		t.Fatal(err)
	}
	for got, b := 0, make([]byte, 1<<16); got < len(received); {
		k, err := c.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got += k
	}
	c.Close()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	return sent, received
}

// expect waits until a connection was seen from its beginning to its end, once, with all bytes.
func (s *sniffed) expect(t *testing.T, what string, sent, received []byte) {
	t.Helper()
	st := s.end(t)
	if len(s.conns) != 1 {
		t.Fatalf("%s: %d connections, want 1; %+v", what, len(s.conns), st)
	}
	c := s.conns[0]
	if !bytes.Equal(c.stream[decode.FromClient], sent) || !bytes.Equal(c.stream[decode.FromServer], received) {
		t.Errorf("%s: %d and %d bytes seen, want %d and %d, and the same", what,
			len(c.stream[decode.FromClient]), len(c.stream[decode.FromServer]), len(sent), len(received))
	}
	if c.info.MidStream || c.closed == nil || c.closed.Cause != decode.CloseFIN {
		t.Errorf("%s: mid-stream %v, closed %+v", what, c.info.MidStream, c.closed)
	}
	if st.KernelDrops != 0 || st.Gaps != 0 || st.Cut != 0 {
		t.Errorf("%s: %+v", what, st)
	}
}

// TestLiveLoopback: each frame passes the loopback interface twice, and counts once. Segments there are up to 64 KiB long.
func TestLiveLoopback(t *testing.T) {
	ns := need.Namespace(t)
	for _, name := range []string{"lo", "any"} {
		for _, address := range []string{"127.0.0.1:1883", "[::1]:1883"} {
			s := sniff(t, ns, capture.LiveOptions{}, name)
			sent, received := talk(t, ns, ns, address, 1<<20)
			s.expect(t, name+" "+address, sent, received)
			// Counted twice, each segment would be one sent again. TCP itself sends a few again on a busy machine.
			if s.stats.Resent*4 > s.stats.Frames || s.conns[0].info.Source != "lo" {
				t.Errorf("%s %s: %d segments of %d frames sent again, source %q", name, address, s.stats.Resent, s.stats.Frames, s.conns[0].info.Source)
			}
			if most := uint64(2<<20 + 300_000); s.stats.Bytes > most {
				t.Errorf("%s %s: %d bytes captured, want at most %d", name, address, s.stats.Bytes, most)
			}
		}
	}
}

// veth makes two namespaces with a cable between them: inside has 10.9.0.1 on v0, outside 10.9.0.2 on v1.
func veth(t *testing.T) (inside, outside string) {
	t.Helper()
	inside, outside = need.Namespace(t), need.Namespace(t)
	cable(t, inside, outside)
	return inside, outside
}

func cable(t *testing.T, inside, outside string) {
	t.Helper()
	ip(t, "-n "+inside+" link add v0 type veth peer name v1 netns "+outside)
	for i, ns := range []string{inside, outside} {
		link := fmt.Sprintf("v%d", i)
		ip(t, fmt.Sprintf("-n %s addr add 10.9.0.%d/24 dev %s", ns, i+1, link),
			fmt.Sprintf("-n %s addr add 2001:db8:9::%d/64 dev %s nodad", ns, i+1, link),
			fmt.Sprintf("-n %s link set %s up", ns, link))
	}
}

func TestLiveVeth(t *testing.T) {
	inside, outside := veth(t)
	for _, c := range []struct {
		name, address string
		ns            string
		opts          capture.LiveOptions
		ifaces        []string
		source        string // of the connection; "" where nothing is to be seen
	}{
		{"inside", "10.9.0.1:1883", inside, capture.LiveOptions{}, []string{"v0"}, "v0"},
		{"outside", "10.9.0.1:1883", outside, capture.LiveOptions{Promiscuous: true}, []string{"v1"}, "v1"},
		{"IPv6", "[2001:db8:9::1]:1883", inside, capture.LiveOptions{}, []string{"v0"}, "v0"},
		{"another port", "10.9.0.1:11883", inside, capture.LiveOptions{}, []string{"lo", "v0"}, "v0"},
		{"any", "10.9.0.1:1883", inside, capture.LiveOptions{}, []string{"any"}, "v0"},
		{"port", "10.9.0.1:1884", inside, capture.LiveOptions{Ports: []uint16{1884}}, []string{"v0"}, "v0"},
		{"port on any", "10.9.0.1:1884", inside, capture.LiveOptions{Ports: []uint16{1884}}, []string{"any"}, "v0"},
		{"host", "10.9.0.1:1883", inside, capture.LiveOptions{Hosts: []string{"10.9.0.2"}}, []string{"v0"}, "v0"},
		{"port not wanted", "10.9.0.1:1883", inside, capture.LiveOptions{Ports: []uint16{1884}}, []string{"v0"}, ""},
		{"host not wanted", "10.9.0.1:1883", inside, capture.LiveOptions{Hosts: []string{"10.9.5.0/24"}}, []string{"v0"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sniff(t, c.ns, c.opts, c.ifaces...)
			sent, received := talk(t, outside, inside, c.address, 200_000)
			if c.source == "" {
				if st := s.end(t); st.TCPFrames != 0 { // the kernel's own frames may pass: see TestLiveVLAN
					t.Errorf("%d frames of TCP pass the filter", st.TCPFrames)
				}
				return
			}
			s.expect(t, c.name, sent, received)
			if got := s.conns[0].info.Source; got != c.source {
				t.Errorf("seen on %q, want %q", got, c.source)
			}
		})
	}
}

// inject sends frames as they are.
func inject(t *testing.T, ns, iface string, frames []pcapgen.Frame) {
	t.Helper()
	inNamespace(t, ns, func() error {
		in, err := net.InterfaceByName(iface)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for _, f := range frames {
			if err := unix.Sendto(fd, f.Data, 0, &unix.SockaddrLinklayer{Ifindex: in.Index}); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestLiveVLAN: the kernel takes the outer tag off and keeps it beside the frame. Filters look behind tags, and recordings have them.
func TestLiveVLAN(t *testing.T) {
	tshark := need.Program(t, "tshark")
	inside, outside := veth(t)
	for _, c := range []struct {
		name, iface string
		tags        []uint16
		opts        capture.LiveOptions
		seen        bool
	}{
		{"one", "v0", []uint16{5}, capture.LiveOptions{}, true},
		{"one on any", "any", []uint16{5}, capture.LiveOptions{}, true},
		{"two", "v0", []uint16{7, 5}, capture.LiveOptions{}, true},
		{"two on any", "any", []uint16{7, 5}, capture.LiveOptions{}, true},
		{"port behind two", "v0", []uint16{7, 5}, capture.LiveOptions{Ports: []uint16{1883}}, true},
		{"port behind two on any", "any", []uint16{7, 5}, capture.LiveOptions{Ports: []uint16{1883}}, true},
		{"host", "v0", []uint16{5}, capture.LiveOptions{Hosts: []string{"192.0.2.1"}}, true},
		{"another port", "v0", []uint16{7, 5}, capture.LiveOptions{Ports: []uint16{1884}}, false},
		{"another host on any", "any", []uint16{5}, capture.LiveOptions{Hosts: []string{"192.0.2.2"}}, false},
	} {
		path := filepath.Join(t.TempDir(), "vlan.pcapng")
		s := sniffTo(t, inside, capture.RecordOptions{Path: path}, c.opts, c.iface)
		gen := pcapgen.New(pcapgen.Options{VLANs: c.tags})
		flow := gen.Open(pcapgen.Client(1), pcapgen.Server())
		flow.Send(decode.FromClient, connect)
		flow.Send(decode.FromServer, connack)
		flow.Close(decode.FromClient)
		inject(t, outside, "v1", gen.Frames)
		if !c.seen {
			// Frames of the kernel's own (multicast listener reports, behind extension headers) may pass: that they are no TCP is found out later.
			if st := s.end(t); st.TCPFrames != 0 {
				t.Errorf("%s: %d frames of TCP pass the filter", c.name, st.TCPFrames)
			}
			continue
		}
		s.expect(t, c.name, connect, connack)
		out, err := exec.Command(tshark, "-r", path, "-Y", "mqtt.msgtype==1", "-T", "fields", "-e", "ieee8021ad.id", "-e", "vlan.id", "-e", "ip.src").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(strings.Trim(fmt.Sprint(c.tags), "[]"), " ", "\t") + "\t10.0.0.1\n"
		if got := strings.TrimLeft(string(out), "\t"); got != want {
			t.Errorf("%s: CONNECT is recorded in VLAN and from %q, want %q", c.name, got, want)
		}
		again := replay(t, capture.FileOptions{}, path)
		if len(again.conns) != 1 || !bytes.Equal(again.conns[0].stream[decode.FromClient], connect) {
			t.Errorf("%s: the recording has %d connections, want the one that was seen", c.name, len(again.conns))
		}
	}
}

// TestLiveInterfaceComesAndGoes: what happens to one interface is told, the other is watched on, and what comes back is watched again.
func TestLiveInterfaceComesAndGoes(t *testing.T) {
	inside, outside := veth(t)
	s := sniff(t, inside, capture.LiveOptions{}, "v0", "lo")
	state := func(want, text string) {
		t.Helper()
		var st decode.SourceStats
		for range 200 {
			if st = s.live.Stats(); st.State == want && strings.Contains(st.Err, text) {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("state is %s %q, want %s %q", st.State, st.Err, want, text)
	}
	state("live", "")
	talk(t, outside, inside, "10.9.0.1:1883", 100)

	ip(t, "-n "+inside+" link set v0 down")
	state("retrying", "v0 is down")
	talk(t, inside, inside, "127.0.0.1:1883", 100)
	ip(t, "-n "+inside+" link set v0 up")
	state("live", "")
	talk(t, outside, inside, "10.9.0.1:1883", 100)

	ip(t, "-n "+inside+" link del v0")
	state("retrying", "v0 is gone")
	state("retrying", "lo goes on")
	talk(t, inside, inside, "127.0.0.1:1883", 100)
	cable(t, inside, outside)
	state("live", "")
	talk(t, outside, inside, "10.9.0.1:1883", 100)

	s.end(t)
	var sources []string
	for _, c := range s.conns {
		sources = append(sources, c.info.Source)
	}
	if got := strings.Join(sources, " "); got != "v0 lo v0 lo v0" {
		t.Errorf("connections were seen on %s, want v0 lo v0 lo v0", got)
	}
}

// TestLiveTicks: time goes on while nothing comes.
func TestLiveTicks(t *testing.T) {
	s := sniff(t, need.Namespace(t), capture.LiveOptions{}, "lo")
	begin := time.Now()
	time.Sleep(1500 * time.Millisecond)
	took := time.Since(begin)
	s.end(t)
	if n := len(s.ticks); n < 3 || n > int(took/(100*time.Millisecond))+5 {
		t.Fatalf("%d ticks in %v, want one each 100 ms", n, took)
	}
	// Time is somewhat behind the clock, and on a busy machine ticks are late.
	if last := s.ticks[len(s.ticks)-1].Sub(decode.TimeOf(begin)); last < took-time.Second || last > took+200*time.Millisecond {
		t.Errorf("at the end time had come to %v, want about %v", last, took)
	}
}

func TestLiveRefuses(t *testing.T) {
	ns := need.Namespace(t)
	for _, c := range []struct {
		name, want string
		ifaces     []string
		opts       capture.LiveOptions
	}{
		{"unknown", "wlan7: no such interface; there are lo, any", []string{"lo", "wlan7"}, capture.LiveOptions{}},
		{"none", "no such interface: none was named; there are lo, any", nil, capture.LiveOptions{}},
		{"any and another", "any means all interfaces: name it alone", []string{"lo", "any"}, capture.LiveOptions{}},
		{"host", "host 1.2.3.0/99: neither an address", []string{"lo"}, capture.LiveOptions{Hosts: []string{"1.2.3.0/99"}}},
		{"many ports", "65 ports are more than the 64", []string{"lo"}, capture.LiveOptions{Ports: make([]uint16, 65)}},
	} {
		inNamespace(t, ns, func() error {
			l, err := capture.NewLive(c.ifaces, c.opts)
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %s", c.name, err, c.want)
			}
			return nil
		})
	}
}

// TestLiveWithoutRights takes CAP_NET_RAW from one thread.
func TestLiveWithoutRights(t *testing.T) {
	inNamespace(t, need.Namespace(t), func() error {
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var caps [2]unix.CapUserData
		if err := unix.Capget(&head, &caps[0]); err != nil {
			return err
		}
		caps[0].Effective &^= 1 << unix.CAP_NET_RAW
		if err := unix.Capset(&head, &caps[0]); err != nil {
			return err
		}
		_, err := capture.NewLive([]string{"lo"}, capture.LiveOptions{Ports: []uint16{1883, 8883}})
		if err == nil {
			return fmt.Errorf("captures without CAP_NET_RAW")
		}
		for _, want := range []string{"may not capture on lo", "CAP_NET_RAW", "sudo tcpdump -i lo -U -w - tcp port 1883 or tcp port 8883 | mqttwatch replay -"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
		return nil
	})
}

func TestInterfaces(t *testing.T) {
	inside, _ := veth(t)
	inNamespace(t, inside, func() error {
		all, err := capture.Interfaces()
		if err != nil {
			return err
		}
		got := map[string]string{}
		for _, in := range all {
			got[in.Name] = in.State
			for _, a := range in.Addresses {
				got[in.Name] += " " + a.String()
			}
		}
		if got["v0"] != "up 10.9.0.1/24 2001:db8:9::1/64" && !strings.HasPrefix(got["v0"], "up 10.9.0.1/24 2001:db8:9::1/64 fe80::") ||
			got["lo"] != "up 127.0.0.1/8 ::1/128" || got["any"] != "up" {
			t.Errorf("interfaces are %v", got)
		}
		return nil
	})
}
