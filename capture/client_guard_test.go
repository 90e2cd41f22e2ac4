package capture_test

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// claimer is a broker that sends answers and then what is hostile, on each connection.
func claimer(t *testing.T, answers ...[]byte) string {
	t.Helper()
	l, url := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for _, b := range answers {
					c.SetReadDeadline(time.Now().Add(5 * time.Second))
					if n, err := c.Read(buf); err != nil || n == 0 {
						return
					}
					c.Write(b)
				}
				io.Copy(io.Discard, c) // until the client closes
			}()
		}
	}()
	return url
}

// reserved returns how many bytes were allocated while fn ran.
func reserved(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestClientGuard has a broker claim the greatest length there is: that ends the connection with a clear reason, and no memory is reserved for it.
func TestClientGuard(t *testing.T) {
	const claim = "\xFF\xFF\xFF\x7F"
	connack := map[string][]byte{"5": {0x20, 3, 0, 0, 0}, "3.1.1": {0x20, 2, 0, 0}}
	for _, version := range []string{"5", "3.1.1"} {
		t.Run("PUBLISH "+version, func(t *testing.T) {
			url := claimer(t, append(connack[version], "\x30"+claim+"\x00\x01a"...))
			n := reserved(func() {
				s := start(t, capture.ClientOptions{URL: url, Version: version})
				waitFor(t, "the refusal", func() bool {
					return strings.Contains(s.Stats().Err, "connection lost: the broker began a PUBLISH of 268435460 bytes, and more than 16777216 are not taken")
				})
				if err := s.stop(t); err != nil {
					t.Error(err)
				}
			})
			if n > 8<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
		t.Run("CONNACK "+version, func(t *testing.T) {
			url := claimer(t, []byte("\x20"+claim))
			n := reserved(func() {
				s := start(t, capture.ClientOptions{URL: url, Version: version, FailFast: true})
				err := s.result(t)
				if want := "the broker began a CONNACK of 268435460 bytes"; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v does not say %q", err, want)
				}
			})
			if n > 8<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

// TestClientGuardBound takes a packet of just as many bytes as are taken, and not one byte more, however it is split.
func TestClientGuardBound(t *testing.T) {
	whole := publishOf(5000)
	for _, version := range []string{"5", "3.1.1"} {
		ack := map[string][]byte{"5": {0x20, 3, 0, 0, 0}, "3.1.1": {0x20, 2, 0, 0}}[version]
		body := whole
		if version == "5" {
			body = bytes.Replace(bytes.Clone(whole), []byte("\x00\x01a"), []byte("\x00\x01a\x00"), 1) // no properties
			body[1]++
		}
		l, url := listen(t)
		conns := make(chan net.Conn, 4)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Read(make([]byte, 512))
				c.Write(ack)
				conns <- c
			}
		}()
		s := start(t, capture.ClientOptions{URL: url, Version: version, MaxPacket: int64(len(body))})
		c := <-conns
		defer c.Close()
		for _, part := range [][]byte{body[:1], body[1:2], body[2:40], body[40:], body} {
			c.Write(part)
			time.Sleep(10 * time.Millisecond)
		}
		waitFor(t, "both packets", func() bool { return len(s.bytes(decode.FromServer)) == len(ack)+2*len(body) })
		time.Sleep(50 * time.Millisecond)
		if st := s.Stats(); st.State != "live" {
			t.Fatalf("MQTT %s: %+v", version, st)
		}
		body[1]++
		c.Write(append(body, 'x'))
		waitFor(t, "the refusal", func() bool { return strings.Contains(s.Stats().Err, "are not taken") })
		s.stop(t)
	}
}

// publishOf returns a PUBLISH of MQTT 3.1.1 with QoS 0 and so many bytes of payload, 128 to 16,380.
func publishOf(n int) []byte {
	length := 3 + n
	return append([]byte{0x30, byte(length&0x7F) | 0x80, byte(length >> 7), 0, 1, 'a'}, bytes.Repeat([]byte("x"), n)...)
}

// TestClientAnnouncesBound: MQTT 5.0 tells the broker, which leaves larger messages out.
func TestClientAnnouncesBound(t *testing.T) {
	l, url := listen(t)
	f := &fakeBroker{t, l}
	start(t, capture.ClientOptions{URL: url, MaxPacket: 12345})
	_, connect := f.accept(false)
	if p := connect.Properties.MaximumPacketSize; p == nil || *p != 12345 {
		t.Errorf("Maximum Packet Size is %v", p)
	}
}
