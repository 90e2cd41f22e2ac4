package capture_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// A running proxy, and what its tap saw.
type proxied struct {
	*capture.Proxy
	seen
	cancel context.CancelFunc
	done   chan error
	addr   string
}

func startProxy(t testing.TB, opts capture.ProxyOptions) *proxied {
	t.Helper()
	if opts.Listen == nil {
		opts.Listen = []string{"127.0.0.1:0"}
	}
	p, err := capture.NewProxy(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &proxied{Proxy: p, cancel: cancel, done: make(chan error, 1), addr: p.Addrs()[0].String()}
	go func() { s.done <- p.Run(ctx, s.sink) }()
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *proxied) stop(t testing.TB) {
	t.Helper()
	s.cancel()
	select {
	case err := <-s.done:
		s.done <- nil
		if err != nil {
			t.Errorf("Run returned %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("Run does not end")
	}
}

// connectBytes is a CONNECT of MQTT 3.1.1.
var connectBytes = []byte("\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c")

// throughProxy returns both ends of a connection through a proxy.
func throughProxy(t *testing.T) (p *proxied, client, broker *net.TCPConn) {
	t.Helper()
	l, url := listen(t)
	p = startProxy(t, capture.ProxyOptions{Upstream: url})
	client = dialTCP(t, p.addr)
	return p, client, acceptTCP(t, l)
}

func dialTCP(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

func acceptTCP(t *testing.T, l net.Listener) *net.TCPConn {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

func mustRead(t *testing.T, c net.Conn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %q (%v), want %q", got[:n], err, want)
	}
}

func mustEnd(t *testing.T, c net.Conn, want error) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("got %d bytes and %v, want %v", n, err, want)
	}
}

func (s *proxied) awaitClose(t *testing.T) (last decode.Segment) {
	t.Helper()
	waitFor(t, "the end of the connection in the tap", func() bool {
		for _, seg := range s.get() {
			if seg.Kind == decode.Close {
				last = seg
			}
		}
		return last.Kind == decode.Close
	})
	return last
}

// TestProxyEnds checks that each way in which one side ends a connection reaches the other as it is.
func TestProxyEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(t *testing.T, client, broker *net.TCPConn)
		dir   decode.Direction
		cause decode.CloseCause
	}{
		{"client closes", func(t *testing.T, client, broker *net.TCPConn) {
			client.Close()
			mustEnd(t, broker, io.EOF)
			broker.Close()
		}, decode.FromClient, decode.CloseFIN},
		{"broker closes", func(t *testing.T, client, broker *net.TCPConn) {
			broker.Close()
			mustEnd(t, client, io.EOF)
			client.Close()
		}, decode.FromServer, decode.CloseFIN},
		{"client closes one direction", func(t *testing.T, client, broker *net.TCPConn) {
			client.CloseWrite()
			mustEnd(t, broker, io.EOF)
			broker.Write([]byte("\x20\x02\x00\x00"))
			mustRead(t, client, []byte("\x20\x02\x00\x00"))
			broker.Close()
			mustEnd(t, client, io.EOF)
		}, decode.FromClient, decode.CloseFIN},
		{"broker closes one direction", func(t *testing.T, client, broker *net.TCPConn) {
			broker.CloseWrite()
			mustEnd(t, client, io.EOF)
			client.Write([]byte("\xc0\x00"))
			mustRead(t, broker, []byte("\xc0\x00"))
			client.Close()
			mustEnd(t, broker, io.EOF)
		}, decode.FromServer, decode.CloseFIN},
		{"client resets", func(t *testing.T, client, broker *net.TCPConn) {
			client.SetLinger(0)
			client.Close()
			mustEnd(t, broker, syscall.ECONNRESET)
		}, decode.FromClient, decode.CloseRST},
		{"broker resets", func(t *testing.T, client, broker *net.TCPConn) {
			broker.SetLinger(0)
			broker.Close()
			mustEnd(t, client, syscall.ECONNRESET)
		}, decode.FromServer, decode.CloseRST},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, client, broker := throughProxy(t)
			client.Write(connectBytes)
			mustRead(t, broker, connectBytes)
			c.end(t, client, broker)
			last := p.awaitClose(t)
			if last.Dir != c.dir || last.Cause != c.cause {
				t.Errorf("the tap saw the end as %v %d, want %v %d", last.Dir, last.Cause, c.dir, c.cause)
			}
			info := last.Conn.Info
			if info.Client.String() != client.LocalAddr().String() || info.Server.String() != broker.LocalAddr().String() {
				t.Errorf("the tap has %v to %v, want %v to %v", info.Client, info.Server, client.LocalAddr(), broker.LocalAddr())
			}
			if !bytes.HasPrefix(p.bytes(decode.FromClient), connectBytes) {
				t.Errorf("the tap saw %q", p.bytes(decode.FromClient))
			}
		})
	}
}

// TestProxyBytes sends much both ways at once, in pieces of all sizes.
func TestProxyBytes(t *testing.T) {
	const size = 3 << 20
	p, client, broker := throughProxy(t)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	up, down := noise(1, size), noise(2, size)
	go send(client, up, 1)
	go send(broker, down, 2)
	gotDown := make(chan []byte)
	go func() { b, _ := io.ReadAll(client); gotDown <- b }()
	gotUp, err := io.ReadAll(broker)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(gotUp, up) || !bytes.Equal(<-gotDown, down) {
		t.Error("the bytes changed on their way")
	}
	p.awaitClose(t)
	st := p.Stats()
	if st.Bytes != uint64(2*size+len(connectBytes)) || st.Connections != 1 {
		t.Errorf("the tap counts %d bytes and %d connections", st.Bytes, st.Connections)
	}
	if st.Gaps == 0 && (!bytes.Equal(p.bytes(decode.FromClient)[len(connectBytes):], up) || !bytes.Equal(p.bytes(decode.FromServer), down)) {
		t.Error("the tap saw other bytes")
	}
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

func send(c *net.TCPConn, b []byte, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for len(b) > 0 {
		n := min(len(b), 1+r.IntN(100_000))
		if _, err := c.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
	c.CloseWrite()
}

// TestProxyKeepsBackPressure lets the broker read nothing: the client must come to wait, and nothing may pile up in between.
func TestProxyKeepsBackPressure(t *testing.T) {
	_, client, broker := throughProxy(t)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	var sent atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		piece := make([]byte, 64<<10)
		for sent.Load() < 1<<30 {
			n, err := client.Write(piece)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	stalled := int64(-1)
	waitFor(t, "the client to be held up", func() bool {
		before := sent.Load()
		time.Sleep(300 * time.Millisecond)
		stalled = sent.Load()
		return stalled == before
	})
	if stalled >= 64<<20 {
		t.Errorf("%d bytes went into a connection that nobody reads", stalled)
	}
	go io.Copy(io.Discard, broker)
	waitFor(t, "the client to go on", func() bool { return sent.Load() > stalled+32<<20 })
	client.Close()
	<-ended
}

// TestProxyGoesOnWithoutWatcher holds up the Sink: traffic must go on, and what the tap could not keep must be counted.
func TestProxyGoesOnWithoutWatcher(t *testing.T) {
	l, url := listen(t)
	p, err := capture.NewProxy(capture.ProxyOptions{Listen: []string{"127.0.0.1:0"}, Upstream: url, TapBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	s := &proxied{Proxy: p, done: make(chan error, 1), addr: p.Addrs()[0].String()}
	s.hold = hold
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.done <- p.Run(ctx, s.sink) }()
	defer s.stop(t)
	client := dialTCP(t, s.addr)
	broker := acceptTCP(t, l)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	const size = 16 << 20
	go send(client, noise(3, size), 3)
	if n, err := io.Copy(io.Discard, broker); n != size || err != nil {
		t.Fatalf("%d bytes came through (%v), want %d", n, err, size)
	}
	close(hold)
	broker.Close()
	s.awaitClose(t)
	var seen, missing int64
	for _, seg := range s.get() {
		switch seg.Kind {
		case decode.Data:
			seen += int64(len(seg.Data))
		case decode.Gap:
			missing += seg.Bytes
		}
	}
	want := int64(size + len(connectBytes))
	st := p.Stats()
	if seen+missing != want || missing == 0 || st.GapBytes != uint64(missing) || st.QueueDrops == 0 || st.Bytes != uint64(want) {
		t.Errorf("%d bytes seen, %d in gaps, of %d; stats %+v", seen, missing, want, st)
	}
}

func TestProxyBrokerDown(t *testing.T) {
	l, url := listen(t)
	l.Close()
	p := startProxy(t, capture.ProxyOptions{Upstream: url})
	for range 2 {
		mustEnd(t, dialTCP(t, p.addr), io.EOF)
	}
	st := p.Stats()
	if st.State != "retrying" || !strings.HasPrefix(st.Err, "cannot connect to "+url+": connection refused: nobody listens on port ") {
		t.Errorf("state %q, err %q", st.State, st.Err)
	}
	if !strings.Contains(strings.Join(st.Notes, "\n"), "could not be reached: 2") || st.Connections != 0 {
		t.Errorf("stats %+v", st)
	}
	again, err := net.Listen("tcp", l.Addr().String())
	if err != nil {
		t.Skipf("the port was taken by another: %v", err)
	}
	defer again.Close()
	client := dialTCP(t, p.addr)
	broker := acceptTCP(t, again)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	if st := p.Stats(); st.State != "live" || st.Err != "" || st.Connections != 1 {
		t.Errorf("stats with the broker back: %+v", st)
	}
}

// TestProxyResetInHandshake resets while a QoS 2 handshake is under way: the tap has all that passed, and who reset.
func TestProxyResetInHandshake(t *testing.T) {
	p, client, broker := throughProxy(t)
	publish := []byte("\x34\x07\x00\x01a\x00\x07hi")
	for _, step := range []struct {
		from, to *net.TCPConn
		bytes    []byte
	}{
		{client, broker, connectBytes},
		{broker, client, []byte("\x20\x02\x00\x00")},
		{client, broker, publish},
		{broker, client, []byte("\x50\x02\x00\x07")},
	} {
		step.from.Write(step.bytes)
		mustRead(t, step.to, step.bytes)
	}
	broker.SetLinger(0)
	broker.Close()
	mustEnd(t, client, syscall.ECONNRESET)
	if last := p.awaitClose(t); last.Cause != decode.CloseRST || last.Dir != decode.FromServer {
		t.Errorf("the tap saw the end as %v %d", last.Dir, last.Cause)
	}
	up, down := parse3(t, p.bytes(decode.FromClient)), parse3(t, p.bytes(decode.FromServer))
	if fmt.Sprint(up) != "[CONNECT PUBLISH]" || fmt.Sprint(down) != "[CONNACK PUBREC]" {
		t.Errorf("the tap saw %v and %v", up, down)
	}
}

// parse3 returns the types of packets that are all shorter than 128 bytes.
func parse3(t *testing.T, b []byte) []decode.Type {
	t.Helper()
	var types []decode.Type
	for len(b) > 1 {
		types = append(types, decode.Type(b[0]>>4))
		b = b[2+int(b[1]):]
	}
	return types
}

// TestProxyOther checks that what is no MQTT passes too, and is counted by name.
func TestProxyOther(t *testing.T) {
	for _, c := range []struct {
		name, send, answer, want string
	}{
		{"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\n", "HTTP"},
		{"WebSocket", "GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "WebSocket"},
		{"TLS", "\x16\x03\x01\x00\x05hello", "\x15\x03\x03\x00\x02\x02\x28", "TLS"},
		{"something else", "\x00\xff\x00\xff", "what?", "not MQTT"},
		{"server first", "", "220 ready\r\n", "no data"},
		{"nothing", "", "", "no data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, client, broker := throughProxy(t)
			client.Write([]byte(c.send))
			mustRead(t, broker, []byte(c.send))
			broker.Write([]byte(c.answer))
			mustRead(t, client, []byte(c.answer))
			client.Close()
			mustEnd(t, broker, io.EOF)
			broker.Close()
			waitFor(t, "the count of "+c.want, func() bool { return p.Stats().Other[c.want] == 1 })
			if st := p.Stats(); st.Connections != 0 || len(p.get()) != 0 {
				t.Errorf("the tap saw %v", describe(p.get()))
			}
		})
	}
}

// TestProxyHeader sends PROXY protocol headers, whole and byte by byte: they are passed on, and name the client.
func TestProxyHeader(t *testing.T) {
	v2 := "\r\n\r\n\x00\r\nQUIT\n"
	for _, c := range []struct {
		name, header, client string // the connection's own where empty
	}{
		{"text, IPv4", "PROXY TCP4 192.0.2.7 198.51.100.1 51234 1883\r\n", "192.0.2.7:51234"},
		{"text, IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 51234 1883\r\n", "[2001:db8::7]:51234"},
		{"text, unknown", "PROXY UNKNOWN\r\n", ""},
		{"text, nonsense", "PROXY TCP4 a b c d\r\n", ""},
		{"binary, IPv4", v2 + "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xc8\x22\x07\x5b", "192.0.2.7:51234"},
		{"binary, IPv4 with more", v2 + "\x21\x11\x00\x10\xc0\x00\x02\x07\xc6\x33\x64\x01\xc8\x22\x07\x5bmore", "192.0.2.7:51234"},
		{"binary, IPv6", v2 + "\x21\x21\x00\x24\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x07" + strings.Repeat("\x00", 16) + "\xc8\x22\x07\x5b", "[2001:db8::7]:51234"},
		{"binary, local", v2 + "\x20\x00\x00\x00", ""},
		{"binary, unix", v2 + "\x21\x31\x00\x04abcd", ""},
		{"binary, too short for its family", v2 + "\x21\x11\x00\x02ab", ""},
		{"none", "", ""},
	} {
		for _, step := range []int{1 << 10, 1} {
			t.Run(fmt.Sprintf("%s by %d", c.name, step), func(t *testing.T) {
				p, client, broker := throughProxy(t)
				all := append([]byte(c.header), connectBytes...)
				for at := 0; at < len(all); at += step {
					piece := all[at:min(at+step, len(all))]
					client.Write(piece)
					mustRead(t, broker, piece)
				}
				waitFor(t, "the CONNECT in the tap", func() bool { return bytes.Equal(p.bytes(decode.FromClient), connectBytes) })
				want := c.client
				if want == "" {
					want = client.LocalAddr().String()
				}
				info := p.get()[0].Conn.Info
				if got := info.Client.String(); got != want {
					t.Errorf("the tap has client %s, want %s", got, want)
				}
				if named := c.client != ""; named != info.Peer.IsValid() || named && info.Peer.String() != client.LocalAddr().String() {
					t.Errorf("the tap has %v speak for it", info.Peer)
				}
			})
		}
	}
}

func TestNewProxyRefuses(t *testing.T) {
	taken, url := listen(t)
	for _, c := range []struct {
		name string
		opts capture.ProxyOptions
		want string
	}{
		{"address in use", capture.ProxyOptions{Listen: []string{taken.Addr().String()}, Upstream: "mqtt://127.0.0.1:1"}, "in use, perhaps by the broker itself; choose another port with --listen"},
		{"no address", capture.ProxyOptions{Upstream: url}, "give --listen"},
		{"no port", capture.ProxyOptions{Listen: []string{"localhost"}, Upstream: url}, "write :1884"},
		{"address of another machine", capture.ProxyOptions{Listen: []string{"192.0.2.1:0"}, Upstream: url}, "has no such address"},
		{"URL", capture.ProxyOptions{Listen: []string{":0"}, Upstream: "broker"}, "not a URL"},
		{"login", capture.ProxyOptions{Listen: []string{":0"}, Upstream: "mqtt://u:s3cret@h"}, "its clients do"},
		{"CA without TLS", capture.ProxyOptions{Listen: []string{":0"}, Upstream: "mqtt://h", CAFile: "x"}, "need mqtts://"},
		{"certificate without key", capture.ProxyOptions{Listen: []string{":0"}, Upstream: "mqtt://h", TLSCert: "x"}, "--tls-key"},
		{"no such certificate", capture.ProxyOptions{Listen: []string{":0"}, Upstream: "mqtt://h", TLSCert: "/nonexistent", TLSKey: "/nonexistent"}, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := capture.NewProxy(c.opts)
			if err == nil {
				p.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("itself", func(t *testing.T) {
		free, _ := net.Listen("tcp", "127.0.0.1:0")
		port := free.Addr().(*net.TCPAddr).Port
		free.Close()
		for _, host := range []string{"127.0.0.1", "localhost"} {
			_, err := capture.NewProxy(capture.ProxyOptions{Listen: []string{fmt.Sprintf(":%d", port)}, Upstream: fmt.Sprintf("mqtt://%s:%d", host, port)})
			if err == nil || !strings.Contains(err.Error(), "connect to itself") {
				t.Errorf("%s: got %v", host, err)
			}
		}
	})
}

// TestProxyLeadsBack gives a broker's name that turns out to be the proxy: that must not go round in circles.
func TestProxyLeadsBack(t *testing.T) {
	port := need.Port(t)
	p := startProxy(t, capture.ProxyOptions{
		Listen: []string{fmt.Sprintf("127.0.0.1:%d", port)}, Upstream: fmt.Sprintf("mqtt://0.0.0.0:%d", port), // not known by its looks
	})
	mustEnd(t, dialTCP(t, p.addr), io.EOF)
	waitFor(t, "the reason", func() bool { return p.Stats().State == "retrying" })
	if st := p.Stats(); !strings.HasSuffix(st.Err, "leads back to this proxy: give the broker's own address") {
		t.Errorf("err %q", st.Err)
	}
	time.Sleep(100 * time.Millisecond) // its own connection is turned away too
	before := p.Stats()
	time.Sleep(200 * time.Millisecond)
	if after := p.Stats(); fmt.Sprint(after.Notes) != fmt.Sprint(before.Notes) {
		t.Errorf("it goes round: %q, then %q", before.Notes, after.Notes)
	}
}

// TestProxyEndsGracefully ends the run while a connection stands: both sides see an orderly end, and the tap no end that they did not make.
func TestProxyEndsGracefully(t *testing.T) {
	p, client, broker := throughProxy(t)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	p.stop(t)
	mustEnd(t, broker, io.EOF)
	mustEnd(t, client, io.EOF)
	for _, seg := range p.get() {
		if seg.Kind == decode.Close {
			t.Errorf("the tap saw an end: %v %d", seg.Dir, seg.Cause)
		}
	}
	if st := p.Stats(); st.State != "ended" {
		t.Errorf("stats %+v", st)
	}
	if _, err := net.Dial("tcp", p.addr); err == nil {
		t.Error("it still listens")
	}
}

// TestProxyMosquitto runs the embedded client through the proxy, with TLS on either side, both or none.
func TestProxyMosquitto(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.issue(t, dir, "server", "127.0.0.1")
	file := func(name string) string { return filepath.Join(dir, name) }
	plain := startMosquitto(t, t.TempDir(), "allow_anonymous true")
	secure := startMosquitto(t, dir, "allow_anonymous true\ncafile "+file("ca.pem")+"\ncertfile "+file("server.pem")+"\nkeyfile "+file("server.key"))
	for _, c := range []struct {
		name               string
		listens, connects  bool // with TLS
		unknownCertificate bool
	}{
		{"plain", false, false, false},
		{"TLS to the broker", false, true, false},
		{"TLS from clients", true, false, false},
		{"TLS on both sides", true, true, false},
		{"client does not trust", true, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := capture.ProxyOptions{Upstream: plain.url("mqtt")}
			if c.connects {
				opts.Upstream, opts.CAFile = secure.url("mqtts"), file("ca.pem")
			}
			if c.listens {
				opts.TLSCert, opts.TLSKey = file("server.pem"), file("server.key")
			}
			p := startProxy(t, opts)
			o := loop("mqtt://" + p.addr)
			if c.listens {
				o = loop("mqtts://" + p.addr)
				o.CAFile = file("ca.pem")
			}
			if c.unknownCertificate {
				o.CAFile = ""
				if err := start(t, o).result(t); err == nil || !strings.Contains(err.Error(), "--cafile") {
					t.Errorf("the client got %v", err)
				}
				waitFor(t, "the note", func() bool {
					return strings.Contains(strings.Join(p.Stats().Notes, "\n"), "failed at TLS: 1, the last with: 127.0.0.1:")
				})
				return
			}
			s := start(t, o)
			s.awaitLoop(t)
			if err := s.stop(t); err != nil {
				t.Fatal(err)
			}
			p.awaitClose(t)
			for _, dir := range []decode.Direction{decode.FromClient, decode.FromServer} {
				if !bytes.Equal(p.bytes(dir), s.bytes(dir)) {
					t.Errorf("the proxy's tap and the client's differ in what came from the %v", dir)
				}
			}
			if n := count(parse(p.bytes(decode.FromClient)), packets.DISCONNECT); n != 1 {
				t.Errorf("%d DISCONNECT", n)
			}
		})
	}
}

// TestProxyTLSReset checks that a reset is passed on as one through TLS, not as an orderly end.
func TestProxyTLSReset(t *testing.T) {
	dir := t.TempDir()
	newAuthority(t, dir, "ca").issue(t, dir, "server", "127.0.0.1")
	l, url := listen(t)
	p := startProxy(t, capture.ProxyOptions{
		Upstream: url, TLSCert: filepath.Join(dir, "server.pem"), TLSKey: filepath.Join(dir, "server.key"),
	})
	raw := dialTCP(t, p.addr)
	client := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	broker := acceptTCP(t, l)
	client.Write(connectBytes)
	mustRead(t, broker, connectBytes)
	broker.SetLinger(0)
	broker.Close()
	mustEnd(t, client, syscall.ECONNRESET)
}

// TestProxyWebSocket runs the embedded client over WebSocket through the proxy, which takes MQTT out of it.
func TestProxyWebSocket(t *testing.T) {
	dir := t.TempDir()
	newAuthority(t, dir, "ca").issue(t, dir, "server", "127.0.0.1")
	web := need.Port(t)
	startMosquitto(t, dir, fmt.Sprintf("allow_anonymous true\nlistener %d 127.0.0.1\nprotocol websockets", web))
	need.Listener(t, web)
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secure), func(t *testing.T) {
			opts := capture.ProxyOptions{Upstream: fmt.Sprintf("ws://127.0.0.1:%d", web)}
			if secure {
				opts.TLSCert, opts.TLSKey = filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
			}
			p := startProxy(t, opts)
			o := loop("ws://" + p.addr)
			if secure {
				o = loop("wss://" + p.addr)
				o.Insecure = true
			}
			s := start(t, o)
			s.awaitLoop(t)
			if err := s.stop(t); err != nil {
				t.Fatal(err)
			}
			last := p.awaitClose(t)
			for _, dir := range []decode.Direction{decode.FromClient, decode.FromServer} {
				if !bytes.Equal(p.bytes(dir), s.bytes(dir)) {
					t.Errorf("the proxy's tap and the client's differ in what came from the %v", dir)
				}
			}
			if info := last.Conn.Info; info.Transport != "WebSocket" {
				t.Errorf("the tap has %+v", info)
			}
			if st := p.Stats(); len(st.Other) != 0 || st.Connections != 1 || len(st.Notes) != 0 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}
