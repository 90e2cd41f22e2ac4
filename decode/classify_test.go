package decode_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

func TestClassify(t *testing.T) {
	suback := []byte{0x90, 3, 0, 1, 1}
	for _, c := range []struct {
		name           string
		data           []byte
		kind           decode.GuessKind
		least          int // bits
		client, server bool
	}{
		{"nothing", nil, decode.GuessNeedMore, 0, true, true},
		{"first byte of a CONNECT", hello[:1], decode.GuessNeedMore, 0, true, false},
		{"CONNECT up to its name", hello[:8], decode.GuessConnect, 64, true, false},
		{"CONNECT", hello, decode.GuessConnect, 64, true, false},
		{"CONNECT 3.1", decode.AppendConnect(nil, v31, decode.ConnectFields{}), decode.GuessConnect, 64, true, false},
		{"CONNECT of a bridge", decode.AppendConnect(nil, v311, decode.ConnectFields{Level: 0x84}), decode.GuessConnect, 64, true, false},
		{"CONNECT of a long client", decode.AppendConnect(nil, v5, decode.ConnectFields{ClientID: string(make([]byte, 20000))}), decode.GuessConnect, 64, true, false},
		{"CONNACK", []byte{0x20, 2, 0, 0}, decode.GuessPlausible, 24, false, true},
		{"PINGREQ", ping, decode.GuessPlausible, decode.KnownPortBits, true, false},
		{"PINGRESP", []byte{0xD0, 0}, decode.GuessPlausible, decode.KnownPortBits, false, true},
		{"PUBACK", puback, decode.GuessPlausible, decode.KnownPortBits, true, true},
		{"PUBACK and SUBACK", cat(puback, suback), decode.GuessPlausible, decode.KnownPortBits + 14, false, true},
		{"SUBSCRIBE", subscribe(), decode.GuessPlausible, decode.KnownPortBits, true, false},
		{"PUBLISH", publish(v311, "plant/7/temp", 1, 1, 20), decode.GuessPlausible, decode.SureBits, true, true},
		{"5.0 PUBLISH", publish(v5, "a/b", 1, 1, 20), decode.GuessPlausible, decode.KnownPortBits, true, true},
		{"beginning of a large PUBLISH", publish(v311, "plant/7/temp", 0, 0, 100_000)[:50], decode.GuessPlausible, decode.SureBits, true, true},
		{"beginning of a PUBLISH", publish(v311, "plant/7/temp", 0, 0, 100)[:50], decode.GuessNeedMore, 0, true, true},
		{"packets and a cut one", cat(ping, ping, puback[:3]), decode.GuessPlausible, decode.SureBits, true, false},
		{"PINGREQ and PINGRESP in one direction", cat(ping, []byte{0xD0, 0}), decode.GuessOther, 0, false, false},
		{"packets and something else", cat(ping, []byte("hello")), decode.GuessOther, 0, false, false},
		{"TLS ClientHello", []byte{0x16, 3, 1, 2, 0, 1}, decode.GuessTLS, 0, false, false},
		{"TLS in the middle", []byte{0x17, 3, 3, 0, 40}, decode.GuessTLS, 0, false, false},
		{"two bytes of TLS", []byte{0x16, 3}, decode.GuessNeedMore, 0, true, true},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), decode.GuessHTTP, 0, false, false},
		{"HTTP so far", []byte("GET / HTTP/1.1\r\nHost: a"), decode.GuessNeedMore, 0, true, true},
		{"WebSocket", []byte("GET /mqtt HTTP/1.1\r\nHost: a\r\nUPGRADE: WebSocket\r\n\r\n"), decode.GuessWebSocket, 0, false, false},
		{"WebSocket granted", []byte("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"), decode.GuessWebSocket, 0, false, false},
		{"SSH", []byte("SSH-2.0-OpenSSH_9.6\r\n"), decode.GuessOther, 0, false, false},
		{"DNS over TCP", []byte{0, 40, 0xAB, 0xCD, 1, 0, 0, 1}, decode.GuessOther, 0, false, false},
		{"zeros", make([]byte, 100), decode.GuessOther, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := decode.Classify(c.data)
			if g.Kind != c.kind || g.Bits < c.least || g.FromClient != c.client || g.FromServer != c.server {
				t.Errorf("%v, %d bits, client %t, server %t", g.Kind, g.Bits, g.FromClient, g.FromServer)
			}
		})
	}
}

func TestGuessSender(t *testing.T) {
	for _, c := range []struct {
		data []byte
		dir  decode.Direction
		ok   bool
	}{
		{hello, decode.FromClient, true},
		{[]byte{0xD0, 0}, decode.FromServer, true},
		{puback, decode.FromServer, false},
		{[]byte("SSH-2.0"), decode.FromClient, false},
	} {
		if dir, ok := decode.Classify(c.data).Sender(); ok != c.ok || ok && dir != c.dir {
			t.Errorf("% x: %v, %t", c.data, dir, ok)
		}
	}
}

// TestRandomBytesAreNotMQTT keeps the promise of SureBits on a sample.
func TestRandomBytesAreNotMQTT(t *testing.T) {
	r := newTraffic(1, v5)
	known := 0
	for range 200_000 {
		g := decode.Classify(r.bytes(64))
		if g.Kind == decode.GuessConnect || g.Kind == decode.GuessPlausible && g.Bits >= decode.SureBits {
			t.Fatalf("%+v", g)
		}
		if g.Bits >= decode.KnownPortBits {
			known++
		}
	}
	if known > 30 {
		t.Errorf("%d of 200,000 reach KnownPortBits", known)
	}
}
