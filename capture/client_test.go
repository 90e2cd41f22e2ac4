package capture_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// session runs a Client and collects what its tap saw.
type session struct {
	*capture.Client
	seen
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, opts capture.ClientOptions) *session {
	t.Helper()
	c, err := capture.NewClient(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{Client: c, cancel: cancel, done: make(chan error, 1)}
	go func() { s.done <- c.Run(ctx, s.sink) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.done:
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	})
	return s
}

// stop ends the run and returns what Run returned.
func (s *session) stop(t *testing.T) error {
	t.Helper()
	s.cancel()
	return s.result(t)
}

func (s *session) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		return err
	case <-time.After(15 * time.Second):
		t.Fatal("Run does not end")
		return nil
	}
}

// wire parses what passed in one direction with a parser that is not ours; connections follow each other.
func (s *session) wire(dir decode.Direction) []*packets.ControlPacket { return parse(s.bytes(dir)) }

func parse(b []byte) []*packets.ControlPacket {
	var out []*packets.ControlPacket
	r := strings.NewReader(string(b))
	for {
		p, err := packets.ReadPacket(r)
		if err != nil {
			return out
		}
		out = append(out, p)
	}
}

func count(ps []*packets.ControlPacket, typ byte) int {
	n := 0
	for _, p := range ps {
		if p.Type == typ {
			n++
		}
	}
	return n
}

func (s *session) awaitWire(t *testing.T, dir decode.Direction, typ byte, n int) {
	t.Helper()
	waitFor(t, decode.Type(typ).String()+" from the "+dir.String(), func() bool { return count(s.wire(dir), typ) >= n })
}

// listen returns a listener on a free port and its URL.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, "mqtt://" + l.Addr().String()
}

// answer accepts one connection, reads the first bytes, sends what is given and closes.
func answer(l net.Listener, b []byte) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	c.Read(make([]byte, 1024))
	c.Write(b)
	time.Sleep(50 * time.Millisecond)
}

func TestClientFailsFast(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		want   string
	}{
		{"closes at once", nil, "closed the connection without an answer"},
		{"bad password", []byte{0x20, 3, 0, 0x86, 0}, "broker refused: Bad User Name or Password (0x86): check --user and the password"},
		{"not authorized", []byte{0x20, 3, 0, 0x87, 0}, "broker refused: Not authorized (0x87): it may want a login (--user and --password-file)"},
		{"with a reason", []byte("\x20\x0a\x00\x87\x07\x1f\x00\x04a\x1b\nb"), "(0x87): a"},
		{"5.0 refused by an old broker", []byte{0x20, 2, 0, 1}, "does not speak MQTT 5.0"},
		{"5.0 refused by name", []byte{0x20, 3, 0, 0x84, 0}, "does not speak MQTT 5.0"},
		{"old broker, bad password", []byte{0x20, 2, 0, 4}, "bad user name or password"},
		{"old broker accepts", []byte{0x20, 2, 0, 0}, "does not speak MQTT 5.0"},
		{"TLS", []byte{0x15, 3, 3, 0, 2, 2, 40}, "use mqtts://"},
		{"HTTP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "speaks HTTP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, url := listen(t)
			go answer(l, c.answer)
			s := start(t, capture.ClientOptions{
				URL: url, User: "alice", Password: "s3cret", FailFast: true, Timeout: 2 * time.Second, Version: "5",
			})
			err := s.result(t)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %q, want %q", err, c.want)
			}
			if !strings.HasPrefix(err.Error(), "cannot connect to "+url+": ") {
				t.Errorf("%q does not name the broker", err)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q has several lines, raw bytes or a password", err)
			}
			if st := s.Stats(); st.State != "failed" || st.Err != err.Error() {
				t.Errorf("stats %+v", st)
			}
			if got := s.bytes(decode.FromServer); !strings.HasPrefix(string(c.answer), string(got)) || len(got) < min(4, len(c.answer)) {
				t.Errorf("the tap saw %q of %q", got, c.answer)
			}
			if count(s.wire(decode.FromClient), packets.CONNECT) != 1 {
				t.Error("the tap saw no CONNECT")
			}
		})
	}
}

func TestClientNobodyThere(t *testing.T) {
	l, url := listen(t)
	l.Close()
	s := start(t, capture.ClientOptions{URL: url, FailFast: true})
	if err := s.result(t); err == nil || err.Error() != "cannot connect to "+url+": connection refused: nobody listens on port "+url[strings.LastIndexByte(url, ':')+1:]+" there: does the broker run, and on this port?" {
		t.Errorf("got %v", err)
	}
}

func TestClientRetries(t *testing.T) {
	l, url := listen(t)
	l.Close()
	s := start(t, capture.ClientOptions{URL: strings.Replace(url, "://", "://u:s3cret@", 1)})
	waitFor(t, "a retry", func() bool { return s.Stats().State == "retrying" })
	st := s.Stats()
	if !strings.Contains(st.Err, "on this port?; next try in ") && !strings.HasSuffix(st.Err, "; trying again") {
		t.Errorf("Err is %q", st.Err)
	}
	if strings.Contains(st.Err+st.Name, "s3cret") || st.Name != url || st.Kind != "client" {
		t.Errorf("stats %+v", st)
	}
	if err := s.stop(t); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if st := s.Stats(); st.State != "ended" || st.Err != "" {
		t.Errorf("stats at the end %+v", st)
	}
}

func TestNewClientRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		opts capture.ClientOptions
		want string
	}{
		{"URL", capture.ClientOptions{URL: "foo://h"}, "unknown scheme"},
		{"CA with a socket", capture.ClientOptions{URL: "unix:///h", CAFile: "ca.pem"}, "mqtts://"},
		{"filter", capture.ClientOptions{URL: "mqtt://h", Subscriptions: []capture.Subscription{{Filter: "a/#/b"}}}, "last level"},
		{"filter level", capture.ClientOptions{URL: "mqtt://h", Subscriptions: []capture.Subscription{{Filter: "a+/b"}}}, "stand alone"},
		{"empty filter", capture.ClientOptions{URL: "mqtt://h", Subscriptions: []capture.Subscription{{}}}, "1 to 65,535"},
		{"QoS", capture.ClientOptions{URL: "mqtt://h", Subscriptions: []capture.Subscription{{Filter: "a", QoS: 3}}}, "QoS"},
		{"topic", capture.ClientOptions{URL: "mqtt://h", Publishes: []capture.Publish{{Topic: "a/+"}}}, "topic name"},
		{"CA without TLS", capture.ClientOptions{URL: "mqtt://h", CAFile: "ca.pem"}, "mqtts://"},
		{"no CA file", capture.ClientOptions{URL: "mqtts://h", CAFile: "/nonexistent/ca.pem"}, "no such file"},
		{"CA file without certificate", capture.ClientOptions{URL: "mqtts://h", CAFile: "client_test.go"}, "no certificate"},
		{"version", capture.ClientOptions{URL: "mqtt://h", Version: "4"}, "give 5, 3.1.1 or auto"},
		{"key without certificate", capture.ClientOptions{URL: "mqtts://h", Key: "k.pem"}, "belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := capture.NewClient(c.opts)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// fakeBroker speaks just enough MQTT 5.0 to be told what to withhold.
type fakeBroker struct {
	t *testing.T
	l net.Listener
}

// accept waits for a connection and its CONNECT, and answers with the Session Present flag given.
func (f *fakeBroker) accept(present bool) (net.Conn, *packets.Connect) {
	f.t.Helper()
	f.l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	c, err := f.l.Accept()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	p := f.read(c, packets.CONNECT)
	ack := &packets.Connack{SessionPresent: present, Properties: &packets.Properties{}}
	ack.WriteTo(c)
	return c, p.Content.(*packets.Connect)
}

// read returns the next packet of type typ, and skips PINGREQ.
func (f *fakeBroker) read(c net.Conn, typ byte) *packets.ControlPacket {
	f.t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			f.t.Fatalf("waiting for %v: %v", decode.Type(typ), err)
		}
		if p.Type == packets.PINGREQ {
			packets.NewControlPacket(packets.PINGRESP).WriteTo(c)
			continue
		}
		if p.Type != typ {
			f.t.Fatalf("got %s, want %v", p.PacketType(), decode.Type(typ))
		}
		return p
	}
}

// TestClientResumesInFlight cuts the connection twice in a QoS 2 handshake: first before PUBREC, then before PUBCOMP.
func TestClientResumesInFlight(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{URL: url, Publishes: []capture.Publish{{Topic: "a", Payload: []byte("x"), QoS: 2}}})

	c, connect := f.accept(false)
	if connect.CleanStart || !strings.HasPrefix(connect.ClientID, "mqttwatch-") || *connect.Properties.SessionExpiryInterval != 300 {
		t.Errorf("first CONNECT: id %q, Clean Start %v", connect.ClientID, connect.CleanStart)
	}
	first := f.read(c, packets.PUBLISH).Content.(*packets.Publish)
	if first.Duplicate {
		t.Error("the first PUBLISH has DUP")
	}
	c.Close()

	c, connect = f.accept(true)
	if connect.CleanStart {
		t.Error("the reconnect asks for a clean start")
	}
	again := f.read(c, packets.PUBLISH).Content.(*packets.Publish)
	if !again.Duplicate || again.PacketID != first.PacketID {
		t.Errorf("resent id %d DUP %v, want id %d with DUP", again.PacketID, again.Duplicate, first.PacketID)
	}
	(&packets.Pubrec{PacketID: first.PacketID, Properties: &packets.Properties{}}).WriteTo(c)
	f.read(c, packets.PUBREL)
	c.Close()

	c, _ = f.accept(true)
	if rel := f.read(c, packets.PUBREL); rel.PacketID() != first.PacketID {
		t.Errorf("PUBREL for %d, want %d", rel.PacketID(), first.PacketID)
	}
	(&packets.Pubcomp{PacketID: first.PacketID, Properties: &packets.Properties{}}).WriteTo(c)
	s.awaitWire(t, decode.FromServer, packets.PUBCOMP, 1)

	s.cancel()
	bye := f.read(c, packets.DISCONNECT).Content.(*packets.Disconnect)
	if e := bye.Properties.SessionExpiryInterval; e == nil || *e != 0 {
		t.Error("DISCONNECT leaves the session behind")
	}
	c.Close()
	if err := s.result(t); err != nil {
		t.Error(err)
	}
	opens := 0
	for _, seg := range s.get() {
		if seg.Kind == decode.Open {
			opens++
		}
	}
	if opens != 3 {
		t.Errorf("%d connections in the tap, want 3", opens)
	}
}

// TestClientResetInHandshake has the broker reset the connection before PUBREC, and again in the middle of one: the tap knows who did that,
// and the handshake goes on.
func TestClientResetInHandshake(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{URL: url, Publishes: []capture.Publish{{Topic: "a", QoS: 2}}})
	reset := func(c net.Conn) {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		waitFor(t, "the loss to show", func() bool { return s.Stats().State == "retrying" })
		if st := s.Stats(); !strings.HasPrefix(st.Err, "connection lost: connection reset by peer; ") {
			t.Errorf("Err is %q", st.Err)
		}
	}
	c, _ := f.accept(false)
	id := f.read(c, packets.PUBLISH).PacketID()
	reset(c)
	c, _ = f.accept(true)
	f.read(c, packets.PUBLISH)
	c.Write([]byte{0x50, 3, byte(id >> 8)}) // and no more of PUBREC
	waitFor(t, "the piece", func() bool { return strings.HasSuffix(string(s.bytes(decode.FromServer)), "\x50\x03\x00") })
	reset(c)
	c, _ = f.accept(true)
	if again := f.read(c, packets.PUBLISH); again.PacketID() != id || !again.Content.(*packets.Publish).Duplicate {
		t.Errorf("got %v", again.Content)
	}
	resets := 0
	for _, seg := range s.get() {
		if seg.Kind == decode.Close && seg.Cause == decode.CloseRST && seg.Dir == decode.FromServer {
			resets++
		}
	}
	if st := s.Stats(); resets != 2 || st.Connections != 3 || st.Gaps != 0 {
		t.Errorf("%d resets in the tap; stats %+v", resets, st)
	}
}

// TestClientStartsClean checks that a Session left behind by somebody else is not taken over.
func TestClientStartsClean(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	start(t, capture.ClientOptions{URL: url, ClientID: "pump-7"})
	for i, clean := range []bool{true, false} {
		c, connect := f.accept(!clean)
		if connect.ClientID != "pump-7" || connect.CleanStart != clean {
			t.Errorf("CONNECT %d: id %q, Clean Start %v", i, connect.ClientID, connect.CleanStart)
		}
		c.Close()
	}
}

// TestClientSubscribesAgain checks that only a lost session leads to a new SUBSCRIBE.
func TestClientSubscribesAgain(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	start(t, capture.ClientOptions{
		URL: url, ClientID: "watcher", Resume: true,
		Subscriptions: []capture.Subscription{{Filter: "a/#", QoS: 2}, {Filter: "b", QoS: 1}},
	})
	for i, present := range []bool{true, true, false} {
		c, connect := f.accept(present)
		if connect.ClientID != "watcher" || connect.CleanStart {
			t.Errorf("CONNECT %d: id %q, Clean Start %v", i, connect.ClientID, connect.CleanStart)
		}
		if i != 1 {
			sub := f.read(c, packets.SUBSCRIBE).Content.(*packets.Subscribe)
			if len(sub.Subscriptions) != 2 || sub.Subscriptions[0].Topic != "a/#" || sub.Subscriptions[0].QoS != 2 {
				t.Errorf("SUBSCRIBE %d: %v", i, sub.Subscriptions)
			}
			(&packets.Suback{PacketID: sub.PacketID, Reasons: []byte{2, 1}, Properties: &packets.Properties{}}).WriteTo(c)
			f.ping(c)
		} else {
			c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			for {
				p, err := packets.ReadPacket(c)
				if err != nil {
					break
				}
				if p.Type != packets.PINGREQ {
					t.Errorf("got %s although the session was resumed", p.PacketType())
				}
			}
		}
		c.Close()
	}
}

// ping makes sure that the client has read what was sent before: it answers a PUBLISH.
func (f *fakeBroker) ping(c net.Conn) {
	f.t.Helper()
	(&packets.Publish{Topic: "p", QoS: 1, PacketID: 7, Properties: &packets.Properties{}}).WriteTo(c)
	f.read(c, packets.PUBACK)
	time.Sleep(20 * time.Millisecond) // SUBACK is handed to another goroutine
}

func TestClientNotesRefusedSubscription(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{URL: url, Subscriptions: []capture.Subscription{{Filter: "secret/#", QoS: 1}}})
	c, _ := f.accept(false)
	sub := f.read(c, packets.SUBSCRIBE)
	(&packets.Suback{PacketID: sub.PacketID(), Reasons: []byte{0x87}, Properties: &packets.Properties{}}).WriteTo(c)
	waitFor(t, "the note", func() bool { return len(s.Stats().Notes) > 0 })
	if got := s.Stats().Notes[0]; got != "subscription to secret/# refused: Not authorized (0x87)" {
		t.Errorf("note %q", got)
	}
}

// TestClientPublishesAtIntervals also checks that one Control Packet is one piece of the tap, so one TCP segment.
func TestClientPublishesAtIntervals(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	s := start(t, capture.ClientOptions{
		URL: url, Every: 20 * time.Millisecond, Count: 3,
		Publishes: []capture.Publish{{Topic: "a", QoS: 1}, {Topic: "b", QoS: 0, Retain: true}},
	})
	c, _ := f.accept(false)
	for i := range 3 {
		a := f.read(c, packets.PUBLISH).Content.(*packets.Publish)
		b := f.read(c, packets.PUBLISH).Content.(*packets.Publish)
		if a.Topic != "a" || a.QoS != 1 || b.Topic != "b" || !b.Retain {
			t.Errorf("round %d: %v, %v", i, a, b)
		}
	}
	(&packets.Publish{Topic: "c", QoS: 1, PacketID: 9, Payload: make([]byte, 300), Properties: &packets.Properties{}}).WriteTo(c)
	f.read(c, packets.PUBACK)
	time.Sleep(100 * time.Millisecond)
	if st := s.Stats(); st.Frames > 20 {
		t.Errorf("%d reads and writes for 10 packets", st.Frames)
	}
	if n := count(s.wire(decode.FromClient), packets.PUBLISH); n != 6 {
		t.Errorf("%d PUBLISH, want 6", n)
	}
	for _, seg := range s.get() {
		if seg.Kind == decode.Data && seg.Dir == decode.FromClient && len(parse(seg.Data)) != 1 {
			t.Errorf("a segment is not one packet: % x", seg.Data)
		}
	}
}
