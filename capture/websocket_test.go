package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

const (
	upgradeRequest = "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n"
	upgradeResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n"
	offersMQTT = "Sec-WebSocket-Protocol: mqtt\r\n"
)

// wsPort is one on which no MQTT is expected.
const wsPort = 8080

// frame is a WebSocket frame (RFC 6455 §5.2), masked where the client sends it.
func frame(dir decode.Direction, first byte, payload []byte) []byte {
	b := []byte{first}
	bit := byte(0)
	if dir == client {
		bit = 0x80
	}
	switch n := len(payload); {
	case n > 0xFFFF:
		b = binary.BigEndian.AppendUint64(append(b, bit|127), uint64(n))
	case n > 125:
		b = binary.BigEndian.AppendUint16(append(b, bit|126), uint16(n))
	default:
		b = append(b, bit|byte(n))
	}
	if dir == server {
		return append(b, payload...)
	}
	mask := [4]byte{0x37, 0xFA, 0x21, byte(len(payload)) | 1}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}

func binaryFrame(dir decode.Direction, payload []byte) []byte { return frame(dir, 0x82, payload) }

// onWebSocket opens a connection to a port where no MQTT is expected and upgrades it.
func onWebSocket(c *pcapgen.Capture, request, response string) *pcapgen.Conn {
	conn := c.Open(pcapgen.Client(1), atPort(wsPort))
	conn.Send(client, fmt.Appendf(nil, upgradeRequest, request))
	conn.Send(server, fmt.Appendf(nil, upgradeResponse, response))
	return conn
}

func TestWebSocket(t *testing.T) {
	long := append([]byte("\x32\xb8\x22\x00\x05plant\x00\x09"), bytes.Repeat([]byte("0123456789"), 439)...)
	long = append(long, "abc"...)[:3+0x1138]
	tests := []struct {
		name  string
		build func(c *pcapgen.Capture)
		want  [2]string // what client and server send inside
	}{
		{"a frame for each packet", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, binaryFrame(client, connect))
			conn.Send(server, binaryFrame(server, connack))
			conn.Send(client, binaryFrame(client, publish))
			conn.Send(server, binaryFrame(server, puback))
		}, [2]string{string(connect) + string(publish), string(connack) + string(puback)}},
		{"no subprotocol", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, "", "")
			conn.Send(client, binaryFrame(client, connect))
			conn.Send(server, binaryFrame(server, connack))
		}, [2]string{string(connect), string(connack)}},
		{"fields in other letters", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, []byte("GET / HTTP/1.1\r\nHOST: x\r\nUPGRADE:WebSocket\r\n\r\n"))
			conn.Send(server, []byte("HTTP/1.1 101 ok\r\nupgrade: \t websocket\r\nsec-websocket-protocol:mqttv3.1\r\n\r\n"))
			conn.Send(client, binaryFrame(client, connect))
		}, [2]string{string(connect), ""}},
		{"the first byte of each packet in a frame of its own", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			for _, p := range [][]byte{connect, publish, pingreq} {
				conn.Send(client, binaryFrame(client, p[:1]))
				conn.Send(client, binaryFrame(client, p[1:]))
			}
		}, [2]string{string(connect) + string(publish) + string(pingreq), ""}},
		{"fragments with a ping between, several frames in a segment", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, slicesOf(frame(client, 0x02, connect[:5]), frame(client, 0x89, []byte("hello")),
				frame(client, 0x00, connect[5:9]), frame(client, 0x80, connect[9:]), frame(client, 0x8A, nil), binaryFrame(client, publish)))
			conn.Send(server, slicesOf(frame(server, 0x8A, []byte("hello")), binaryFrame(server, connack), frame(server, 0x02, nil), frame(server, 0x80, puback)))
		}, [2]string{string(connect) + string(publish), string(connack) + string(puback)}},
		{"a frame over several segments", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, binaryFrame(client, connect))
			conn.Send(client, binaryFrame(client, long))
			conn.Send(server, binaryFrame(server, long))
		}, [2]string{string(connect) + string(long), string(long)}},
		{"the response recorded before the request", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, binaryFrame(client, connect))
			c.Swap(3, 4)
		}, [2]string{string(connect), ""}},
		{"text frames", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, frame(client, 0x81, connect))
		}, [2]string{string(connect), ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			tt.build(c)
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if len(r.conns) != 1 {
				t.Fatalf("%d connections, others: %v", len(r.conns), r.stats.Other)
			}
			got := r.conns[0]
			if string(got.stream[client]) != tt.want[client] || string(got.stream[server]) != tt.want[server] {
				t.Errorf("got  %q\nwant %q", got.stream, tt.want)
			}
			if i := got.info; i.Transport != "WebSocket" || i.MidStream || i.RolesAssumed || i.Server.Port() != wsPort {
				t.Errorf("connection is %+v", i)
			}
			if r.stats.Gaps != 0 || len(r.stats.NotDecoded) > 0 || len(r.stats.Other) > 0 {
				t.Errorf("stats are %+v", r.stats)
			}
		})
	}
}

// TestWebSocketAtEndOfBatch: the first packet inside stays what it is wherever in a batch of segments its connection begins.
func TestWebSocketAtEndOfBatch(t *testing.T) {
	for before := range 270 {
		c := pcapgen.New(pcapgen.Options{})
		other := c.Open(pcapgen.Client(2), pcapgen.Server())
		other.Send(client, connect)
		for range before {
			other.Send(client, pingreq)
		}
		conn := onWebSocket(c, offersMQTT, offersMQTT)
		conn.Send(client, binaryFrame(client, connect))
		conn.Send(client, binaryFrame(client, publish))
		r := replayBytes(t, capture.FileOptions{}, c.Pcap())
		want := string(connect) + string(publish)
		if got := string(r.conns[len(r.conns)-1].stream[client]); got != want {
			t.Fatalf("behind %d packets: %q, want %q", before, got, want)
		}
	}
}

func slicesOf(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestWebSocketWithoutMQTT has connections that are counted by name, and not handed on.
func TestWebSocketWithoutMQTT(t *testing.T) {
	deflate := "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
	tests := []struct {
		name  string
		build func(c *pcapgen.Capture)
		want  string
	}{
		{"compression agreed", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT+deflate, offersMQTT+"Sec-WebSocket-Extensions: permessage-deflate\r\n")
			conn.Send(client, frame(client, 0xC2, []byte("whatever")))
		}, "WebSocket with compression"},
		{"compressed, the response was missed", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, fmt.Appendf(nil, upgradeRequest, deflate))
			conn.SendMissed(server, 100)
			conn.Send(client, frame(client, 0xC2, []byte("whatever")))
			conn.Close(client)
		}, "WebSocket with compression"},
		{"compression offered, not agreed, and no MQTT", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, deflate, "")
			conn.Send(client, frame(client, 0x81, []byte(`{"type":"subscribe"}`)))
		}, "WebSocket"},
		{"nothing behind the upgrade", func(c *pcapgen.Capture) {
			onWebSocket(c, offersMQTT, offersMQTT).Close(client)
		}, "WebSocket"},
		{"refused", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, fmt.Appendf(nil, upgradeRequest, ""))
			conn.Send(server, []byte("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"))
		}, "WebSocket refused"},
		{"no upgrade", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		}, "HTTP"},
		{"a head without end", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, []byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n"+strings.Repeat("x: y\r\n", 5000)))
		}, "WebSocket"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			tt.build(c)
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if len(r.conns) != 0 || len(r.stats.Other) != 1 || r.stats.Other[tt.want] != 1 {
				t.Errorf("%d connections, others %v, want one of %q", len(r.conns), r.stats.Other, tt.want)
			}
		})
	}
}

// TestWebSocketMidStream joins a connection behind its upgrade: what is in the frames tells that it is MQTT.
func TestWebSocketMidStream(t *testing.T) {
	build := func(port uint16, junk bool) *pcapgen.Capture {
		c := pcapgen.New(pcapgen.Options{})
		conn := c.Join(pcapgen.Client(1), atPort(port))
		if junk { // the rest of a frame
			conn.Send(client, []byte("rest of a long frame, masked \x01\xff\x83\x90"))
		}
		conn.Send(client, binaryFrame(client, publish))
		conn.Send(server, binaryFrame(server, puback))
		for id := byte(2); id < 6; id++ {
			next := bytes.Clone(publish)
			next[10] = id
			conn.Send(client, binaryFrame(client, next))
			conn.Send(server, binaryFrame(server, []byte{0x40, 2, 0, id}))
		}
		return c
	}
	for _, port := range []uint16{8080, 9001, 1883} {
		for _, junk := range []bool{false, true} {
			if junk && port == 1883 {
				continue // there it is taken for MQTT that cannot be decoded
			}
			t.Run(fmt.Sprint(port, junk), func(t *testing.T) {
				n := newCounter()
				f := capture.NewFile([]string{write(t, "x.pcap", build(port, junk).Pcap())}, capture.FileOptions{})
				if err := f.Run(t.Context(), n.sink); err != nil {
					t.Fatal(err)
				}
				if n.Packets["PUBLISH"] != 5 || n.Packets["PUBACK"] != 5 || len(n.Packets) != 2 {
					t.Errorf("packets %v, lost %v, others %v, not decoded %v", n.Packets, n.lost, f.Stats().Other, f.Stats().NotDecoded)
				}
			})
		}
	}
	r := replayBytes(t, capture.FileOptions{}, build(9001, false).Pcap())
	if i := r.conns[0].info; i.Transport != "WebSocket" || !i.MidStream || i.RolesAssumed || i.Client != pcapgen.Client(1) {
		t.Errorf("connection is %+v", i)
	}
}

// TestWebSocketGap has bytes missing from the capture.
func TestWebSocketGap(t *testing.T) {
	begin := func(c *pcapgen.Capture) *pcapgen.Conn {
		conn := onWebSocket(c, offersMQTT, offersMQTT)
		conn.Send(client, binaryFrame(client, connect))
		conn.Send(server, binaryFrame(server, connack))
		return conn
	}
	t.Run("inside of a frame", func(t *testing.T) {
		c := pcapgen.New(pcapgen.Options{})
		conn := begin(c)
		whole := binaryFrame(client, append(bytes.Clone(publish), publish...))
		conn.Send(client, whole[:9])
		conn.SendMissed(client, 7)
		conn.Send(client, whole[16:])
		conn.Close(client)
		r := replayBytes(t, capture.FileOptions{}, c.Pcap())
		want := string(connect) + string(publish[:3]) + "???????" + string(publish[10:]) + string(publish)
		if got := r.conns[0]; string(got.stream[client]) != want || got.gaps[client] != 7 {
			t.Errorf("got  %q\nwant %q", got.stream[client], want)
		}
	})
	t.Run("over the border of a frame", func(t *testing.T) {
		c := pcapgen.New(pcapgen.Options{})
		conn := begin(c)
		for range 3 {
			conn.SendMissed(client, len(binaryFrame(client, publish)))
			conn.Send(client, binaryFrame(client, publish)[9:])
			conn.Send(client, binaryFrame(client, publish))
			conn.Send(client, slicesOf([]byte{1, 2, 3}, frame(client, 0x89, nil))) // 3 bytes too many: framing is lost
			conn.Send(client, binaryFrame(client, publish))
		}
		conn.Close(client)
		r := replayBytes(t, capture.FileOptions{}, c.Pcap())
		got := r.conns[0]
		if n := bytes.Count(got.stream[client], publish); n != 6 {
			t.Errorf("%d of 6 PUBLISHes found again in %q", n, got.events(r))
		}
		if r.stats.Gaps == 0 || r.stats.NotDecoded["WebSocket, looking for a frame"] != 3 || r.stats.NotDecoded["WebSocket framing lost"] != 3 {
			t.Errorf("%d gaps, not decoded %v", r.stats.Gaps, r.stats.NotDecoded)
		}
	})
}

func (c *conn) events(r *record) string { return r.String() }

// wsStream is MQTT in WebSocket: what it looks like on the wire of one end, and what is in it.
func wsStream(random *rand.Rand, dir decode.Direction, packets int) (wire, inner []byte) {
	for range packets {
		p := append([]byte{0x30, 0, 0, 1, 'a'}, make([]byte, random.IntN(80))...)
		for i := range p[5:] {
			p[5+i] = byte(random.Uint32())
		}
		p[1] = byte(len(p) - 2)
		inner = append(inner, p...)
		for first, fin := byte(2), byte(0); fin == 0; first = 0 {
			n := random.IntN(len(p) + 1)
			if n == len(p) {
				fin = 0x80
			}
			wire = append(wire, frame(dir, first|fin, p[:n])...)
			p = p[n:]
			if random.IntN(5) == 0 {
				wire = append(wire, frame(dir, 0x89, []byte("ping")[:random.IntN(5)])...)
			}
		}
	}
	return wire, inner
}

// cut sends b in the segments that cuts tell.
func cut(conn *pcapgen.Conn, dir decode.Direction, b, cuts []byte) {
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if i < len(cuts) {
			n = min(1+int(cuts[i]), n)
		}
		conn.Send(dir, b[:n])
		b = b[n:]
	}
}

// checkCut sends MQTT in WebSocket in the segments that cuts tell: what is inside does not change.
func checkCut(t *testing.T, seed uint64, cuts []byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 9))
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), atPort(wsPort))
	wire, want := wsStream(random, client, 1+random.IntN(8))
	want = append(bytes.Clone(connect), want...)
	wire = slicesOf(fmt.Appendf(nil, upgradeRequest, offersMQTT), binaryFrame(client, connect), wire)
	answer, answered := wsStream(random, server, random.IntN(8))
	answer = append(fmt.Appendf(nil, upgradeResponse, offersMQTT), answer...)
	cut(conn, client, wire, cuts)
	cut(conn, server, answer, cuts)
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	if len(r.conns) != 1 || !bytes.Equal(r.conns[0].stream[client], want) || !bytes.Equal(r.conns[0].stream[server], answered) {
		t.Errorf("seed %d, cuts %v: %d connections, others %v, not decoded %v", seed, cuts, len(r.conns), r.stats.Other, r.stats.NotDecoded)
	}
}

func TestWebSocketAnyCut(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		cuts := make([]byte, random.IntN(300))
		for i := range cuts {
			cuts[i] = byte(random.IntN(1 + random.IntN(256)))
		}
		checkCut(t, random.Uint64(), cuts)
	}
}

// FuzzWebSocket puts any bytes behind an upgrade, cut anywhere: no more comes out than went in, and where framing is never
// lost, the cuts make no difference.
func FuzzWebSocket(f *testing.F) {
	f.Add(slicesOf(binaryFrame(client, connect), frame(client, 0x89, nil), binaryFrame(client, publish)), []byte{3, 1, 0, 7})
	f.Add(slicesOf(frame(client, 2, connect), frame(client, 0x80, nil), frame(client, 0xC2, publish)), []byte{})
	f.Add([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff1234"), []byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, wire, cuts []byte) {
		if len(wire) > 4<<10 {
			return
		}
		run := func(cuts []byte) (inner []byte, lost bool) {
			c := pcapgen.New(pcapgen.Options{MSS: -1})
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, binaryFrame(client, connect))
			cut(conn, client, wire, cuts)
			cut(conn, server, wire, cuts)
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if len(r.conns) != 1 {
				t.Fatalf("%d connections, others %v", len(r.conns), r.stats.Other)
			}
			both := slicesOf(r.conns[0].stream[client], r.conns[0].stream[server])
			if len(both) > len(connect)+2*len(wire) {
				t.Errorf("%d bytes in frames of %d", len(both), len(wire))
			}
			return both, len(r.stats.NotDecoded) > 0
		}
		one, lost := run(nil)
		two, lostToo := run(cuts)
		if lost != lostToo || !lost && !bytes.Equal(one, two) {
			t.Errorf("in one segment %q (lost %v), cut %q (lost %v)", one, lost, two, lostToo)
		}
	})
}

// atPort is the server, on another port.
func atPort(port uint16) netip.AddrPort { return netip.AddrPortFrom(pcapgen.Server().Addr(), port) }
