package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	old "github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// oldBroker is a broker that answers 5.0 as answer says (closing without a byte where it is nil, resetting where it is "RST"), and
// passes anything older on to the broker at port. It returns its URL.
func oldBroker(t *testing.T, port int, answer []byte) string {
	t.Helper()
	l, url := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveOld(c.(*net.TCPConn), port, answer)
		}
	}()
	return url
}

func serveOld(c *net.TCPConn, port int, answer []byte) {
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	head := make([]byte, 512)
	n, err := c.Read(head)
	if err != nil || n < 9 {
		return
	}
	if level := head[bytes.Index(head, []byte("MQTT"))+4]; level == 5 {
		if string(answer) == "RST" {
			c.SetLinger(0)
			return
		}
		c.Write(answer)
		return
	}
	c.SetReadDeadline(time.Time{})
	broker, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer broker.Close()
	broker.Write(head[:n])
	go func() { io.Copy(broker, c); broker.(*net.TCPConn).CloseWrite() }()
	io.Copy(c, broker)
}

// wire311 parses what passed in one direction on connections of MQTT 3.1.1.
func (s *session) wire311(dir decode.Direction) []old.ControlPacket {
	var of311 []*decode.Conn
	var all []old.ControlPacket
	for _, seg := range s.get() {
		if seg.Kind == decode.Data && seg.Dir == decode.FromClient && bytes.HasPrefix(seg.Data[2:], []byte("\x00\x04MQTT\x04")) {
			of311 = append(of311, seg.Conn)
		}
	}
	for _, c := range of311 {
		var b []byte
		for _, seg := range s.get() {
			if seg.Kind == decode.Data && seg.Conn == c && seg.Dir == dir {
				b = append(b, seg.Data...)
			}
		}
		r := bytes.NewReader(b)
		for {
			p, err := old.ReadPacket(r)
			if err != nil {
				break
			}
			all = append(all, p)
		}
	}
	return all
}

// names returns the names of packets; those of keep-alive are left out.
func names(ps []old.ControlPacket) []string {
	var s []string
	for _, p := range ps {
		name, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(p), "*"), ":")
		if !strings.HasPrefix(name, "PING") {
			s = append(s, name)
		}
	}
	return s
}

func count311(ps []old.ControlPacket, name string) int {
	n := 0
	for _, s := range names(ps) {
		if s == name {
			n++
		}
	}
	return n
}

func (s *session) await311(t *testing.T, dir decode.Direction, name string, n int) {
	t.Helper()
	waitFor(t, name+" from the "+dir.String(), func() bool { return count311(s.wire311(dir), name) >= n })
}

// awaitLoop311 waits until all that loop asks for went both ways.
func (s *session) awaitLoop311(t *testing.T) {
	t.Helper()
	for _, dir := range []decode.Direction{decode.FromClient, decode.FromServer} {
		s.await311(t, dir, "PUBLISH", 3)
		for _, name := range []string{"PUBACK", "PUBREC", "PUBREL", "PUBCOMP"} {
			s.await311(t, dir, name, 1)
		}
	}
}

// levels returns the protocol levels of the CONNECTs on the wire.
func (s *session) levels() []byte {
	var levels []byte
	for _, seg := range s.get() {
		if at := bytes.Index(seg.Data, []byte("\x00\x04MQTT")); seg.Kind == decode.Data && seg.Data[0] == 0x10 && at >= 0 {
			levels = append(levels, seg.Data[at+6])
		}
	}
	return levels
}

const fellBack = "the broker does not speak MQTT 5.0: going on with 3.1.1"

// TestClientFallsBack lets brokers refuse 5.0 in all the ways that are known.
func TestClientFallsBack(t *testing.T) {
	m := startMosquitto(t, t.TempDir(), "allow_anonymous true")
	for _, c := range []struct {
		name   string
		answer []byte
	}{
		{"unacceptable protocol version of 3.1.1", []byte{0x20, 2, 0, 1}},
		{"Unsupported Protocol Version of 5.0", []byte{0x20, 3, 0, 0x84, 0}},
		{"code of 5.0 in a CONNACK of 3.1.1", []byte{0x20, 2, 0, 0x84}},
		{"accepts, as if it were 3.1.1", []byte{0x20, 2, 0, 0}},
		{"closes", nil},
		{"resets", []byte("RST")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, loop(oldBroker(t, m.port, c.answer)))
			s.awaitLoop311(t)
			if got := s.levels(); !bytes.Equal(got, []byte{5, 4}) {
				t.Errorf("CONNECT with levels %v, want 5 and then 4", got)
			}
			if st := s.Stats(); st.State != "live" || len(st.Notes) != 1 || !strings.HasPrefix(st.Notes[0], fellBack) {
				t.Errorf("stats %+v", st)
			}
			if err := s.stop(t); err != nil {
				t.Error(err)
			}
			if n := count311(s.wire311(decode.FromClient), "DISCONNECT"); n != 1 {
				t.Errorf("%d DISCONNECT", n)
			}
			segs := s.get()
			if last := segs[len(segs)-1]; last.Kind != decode.Close || last.Cause != decode.CloseFIN || last.Dir != decode.FromClient && last.Dir != decode.FromServer {
				t.Errorf("the last segment is %v %v %d", last.Kind, last.Dir, last.Cause)
			}
		})
	}
}

func TestClientVersionFixed(t *testing.T) {
	m := startMosquitto(t, t.TempDir(), "allow_anonymous true")
	refusing := oldBroker(t, m.port, []byte{0x20, 2, 0, 1})
	t.Run("3.1.1", func(t *testing.T) {
		opts := loop(m.url("mqtt"))
		opts.Version = "3.1.1"
		s := start(t, opts)
		s.awaitLoop311(t)
		if got := s.levels(); !bytes.Equal(got, []byte{4}) || len(s.Stats().Notes) != 0 {
			t.Errorf("levels %v, notes %q", got, s.Stats().Notes)
		}
	})
	t.Run("5", func(t *testing.T) {
		opts := loop(refusing)
		opts.Version = "5"
		s := start(t, opts)
		if err := s.result(t); err == nil || err.Error() != "cannot connect to "+refusing+": the broker does not speak MQTT 5.0" {
			t.Errorf("got %v", err)
		}
		if got := s.levels(); !bytes.Equal(got, []byte{5}) {
			t.Errorf("levels %v", got)
		}
	})
	t.Run("auto, broker of 5.0", func(t *testing.T) {
		s := start(t, loop(m.url("mqtt")))
		s.awaitLoop(t)
		if got := s.levels(); !bytes.Equal(got, []byte{5}) || len(s.Stats().Notes) != 0 {
			t.Errorf("levels %v, notes %q", got, s.Stats().Notes)
		}
	})
}

func TestClient311Login(t *testing.T) {
	dir := t.TempDir()
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command(need.Program(t, "mosquitto_passwd"), "-b", "-c", passwords, "alice", "s3cret").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m := startMosquitto(t, dir, "allow_anonymous false\npassword_file "+passwords)
	for _, c := range []struct{ password, want string }{{"s3cret", ""}, {"wr0ng", "ot authorized (0x05)"}} {
		opts := loop(oldBroker(t, m.port, []byte{0x20, 2, 0, 1}))
		opts.User, opts.Password = "alice", c.password
		s := start(t, opts)
		if c.want == "" {
			s.awaitLoop311(t)
			continue
		}
		if err := s.result(t); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestClient311TLSAndWebSocket(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.issue(t, dir, "server", "127.0.0.1")
	file := func(name string) string { return filepath.Join(dir, name) }
	web := need.Port(t)
	m := startMosquitto(t, dir, fmt.Sprintf("allow_anonymous true\ncertfile %s\nkeyfile %s\nlistener %d 127.0.0.1\nprotocol websockets",
		file("server.pem"), file("server.key"), web))
	need.Listener(t, web)
	opts := loop(m.url("mqtts"))
	opts.Version, opts.CAFile = "3.1.1", file("ca.pem")
	start(t, opts).awaitLoop311(t)
	opts = loop(fmt.Sprintf("ws://127.0.0.1:%d", web))
	opts.Version = "3.1.1"
	start(t, opts).awaitLoop311(t)
	opts = loop(m.url("mqtts"))
	opts.Version = "3.1.1"
	if err := start(t, opts).result(t); err == nil || !strings.Contains(err.Error(), "--cafile") {
		t.Errorf("got %v", err)
	}
}

// TestClient311Restart restarts the broker: the client must be back, with its session under Resume, with a new one otherwise.
func TestClient311Restart(t *testing.T) {
	for _, resume := range []bool{true, false} {
		t.Run(fmt.Sprintf("resume %v", resume), func(t *testing.T) {
			dir := t.TempDir()
			m := startMosquitto(t, dir, "allow_anonymous true\npersistence true\npersistence_location "+dir+"/")
			opts := loop(m.url("mqtt"))
			opts.Version, opts.Resume, opts.ClientID, opts.Every = "3.1.1", resume, "watcher", 50*time.Millisecond
			s := start(t, opts)
			s.awaitLoop311(t)
			m.stop()
			waitFor(t, "the loss to show", func() bool { return s.Stats().State == "retrying" })
			m.start()
			waitFor(t, "the client to be back", func() bool { return s.Stats().State == "live" })
			before := count311(s.wire311(decode.FromServer), "PUBCOMP")
			s.await311(t, decode.FromServer, "PUBCOMP", before+3)
			want := 1
			if !resume {
				want = 2
			}
			if n := count311(s.wire311(decode.FromClient), "SUBSCRIBE"); n != want {
				t.Errorf("%d SUBSCRIBE, want %d", n, want)
			}
			for _, p := range s.wire311(decode.FromClient) {
				if c, ok := p.(*old.ConnectPacket); ok && c.CleanSession == resume {
					t.Errorf("CONNECT with Clean Session %v", c.CleanSession)
				}
			}
		})
	}
}

// read311 waits for a packet of this name; it answers PINGREQ.
func read311(t *testing.T, c net.Conn, name string) old.ControlPacket {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		p, err := old.ReadPacket(c)
		if err != nil {
			t.Fatalf("waiting for %s: %v", name, err)
		}
		switch got := names([]old.ControlPacket{p}); {
		case len(got) == 0:
			c.Write([]byte{0xd0, 0})
		case got[0] != name:
			t.Fatalf("got %s, want %s", got[0], name)
		default:
			return p
		}
	}
}

// TestClient311ResumesInFlight cuts the connection twice in a QoS 2 handshake: first before PUBREC, then before PUBCOMP.
func TestClient311ResumesInFlight(t *testing.T) {
	l, url := listen(t)
	s := start(t, capture.ClientOptions{
		URL: url, Version: "3.1.1", ClientID: "pump-7", Resume: true,
		Publishes: []capture.Publish{{Topic: "a", Payload: []byte("x"), QoS: 2}},
	})
	next := func(present byte) net.Conn {
		c := acceptTCP(t, l)
		connect := read311(t, c, "CONNECT").(*old.ConnectPacket)
		if connect.CleanSession || connect.ClientIdentifier != "pump-7" || connect.ProtocolVersion != 4 {
			t.Errorf("got %v", connect)
		}
		c.Write([]byte{0x20, 2, present, 0})
		return c
	}
	c := next(0)
	first := read311(t, c, "PUBLISH").(*old.PublishPacket)
	if first.Dup {
		t.Error("the first PUBLISH has DUP")
	}
	c.Close()
	c = next(1)
	again := read311(t, c, "PUBLISH").(*old.PublishPacket)
	if !again.Dup || again.MessageID != first.MessageID {
		t.Errorf("resent id %d DUP %v, want id %d with DUP", again.MessageID, again.Dup, first.MessageID)
	}
	c.Write([]byte{0x50, 2, byte(first.MessageID >> 8), byte(first.MessageID)})
	read311(t, c, "PUBREL")
	c.Close()
	c = next(1)
	if rel := read311(t, c, "PUBREL").(*old.PubrelPacket); rel.MessageID != first.MessageID {
		t.Errorf("PUBREL for %d, want %d", rel.MessageID, first.MessageID)
	}
	c.Write([]byte{0x70, 2, byte(first.MessageID >> 8), byte(first.MessageID)})
	s.await311(t, decode.FromServer, "PUBCOMP", 1)
	s.cancel()
	read311(t, c, "DISCONNECT")
	c.Close()
	if err := s.result(t); err != nil {
		t.Error(err)
	}
	want := []string{"CONNECT", "PUBLISH", "CONNECT", "PUBLISH", "PUBREL", "CONNECT", "PUBREL", "DISCONNECT"}
	if got := names(s.wire311(decode.FromClient)); !slices.Equal(got, want) {
		t.Errorf("the client sent %v, want %v", got, want)
	}
}

func TestClient311RefusedSubscription(t *testing.T) {
	l, url := listen(t)
	s := start(t, capture.ClientOptions{URL: url, Version: "3.1.1", Subscriptions: []capture.Subscription{{Filter: "secret/#", QoS: 1}}})
	c := acceptTCP(t, l)
	read311(t, c, "CONNECT")
	c.Write([]byte{0x20, 2, 0, 0})
	sub := read311(t, c, "SUBSCRIBE").(*old.SubscribePacket)
	c.Write([]byte{0x90, 3, byte(sub.MessageID >> 8), byte(sub.MessageID), 0x80})
	waitFor(t, "the note", func() bool { return len(s.Stats().Notes) > 0 })
	if got := s.Stats().Notes[0]; !strings.HasPrefix(got, "subscription to secret/# refused: ") || !strings.HasSuffix(got, "(0x80)") {
		t.Errorf("note %q", got)
	}
}

// TestClientSilentBroker has a broker that closes each connection at once, whatever the version: both are tried, with pauses.
func TestClientSilentBroker(t *testing.T) {
	l, url := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 512))
			c.Close()
		}
	}()
	err := start(t, capture.ClientOptions{URL: url, FailFast: true}).result(t)
	if err == nil || err.Error() != "cannot connect to "+url+": the broker closed the connection without an answer: does it want TLS on this port (mqtts://), or not let this client in?" {
		t.Errorf("got %v", err)
	}
	s := start(t, capture.ClientOptions{URL: url})
	waitFor(t, "a second round", func() bool { return len(s.levels()) >= 4 })
	time.Sleep(500 * time.Millisecond)
	if got := s.levels(); !bytes.Equal(got, []byte{5, 4, 5, 4}) {
		t.Errorf("CONNECT with levels %v, want 5, 4, and after a pause the same", got)
	}
	if st := s.Stats(); st.State != "retrying" || !strings.Contains(st.Err, "let this client in?; next try in ") || len(st.Notes) != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestClientStaysWith5 has a broker that spoke 5.0 and then closes connections: that is no reason to fall back.
func TestClientStaysWith5(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{URL: url})
	c, _ := f.accept(false)
	waitFor(t, "the connection", func() bool { return s.Stats().State == "live" })
	c.Close()
	for range 2 {
		c := acceptTCP(t, l)
		c.Read(make([]byte, 512))
		c.SetLinger(0)
		c.Close()
	}
	waitFor(t, "the failures", func() bool { return len(s.levels()) == 3 && s.Stats().State == "retrying" })
	if got := s.levels(); !bytes.Equal(got, []byte{5, 5, 5}) {
		t.Errorf("CONNECT with levels %v", got)
	}
}
