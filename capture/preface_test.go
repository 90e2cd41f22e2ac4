package capture_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// prefaceV2 is a PROXY protocol header, version 2, of a connection between the ends given, with a TLV of extra bytes behind.
func prefaceV2(from, to netip.AddrPort, extra int) []byte {
	b := []byte("\r\n\r\n\x00\r\nQUIT\n\x21")
	family, n := byte(0x11), 12
	if from.Addr().Is6() {
		family, n = 0x21, 36
	}
	b = binary.BigEndian.AppendUint16(append(b, family), uint16(n+extra))
	b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, from.Port())
	b = binary.BigEndian.AppendUint16(b, to.Port())
	return append(b, make([]byte, extra)...)
}

func TestPreface(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("203.0.113.9:50123"), netip.MustParseAddrPort("[2001:db8::9]:50123")
	balancer := pcapgen.Client(1)
	tests := []struct {
		name   string
		header []byte
		named  netip.AddrPort // the balancer itself where none is named
	}{
		{"text", []byte("PROXY TCP4 203.0.113.9 192.0.2.1 50123 1883\r\n"), v4},
		{"text, IPv6", []byte("PROXY TCP6 2001:db8::9 2001:db8::1 50123 1883\r\n"), v6},
		{"text, unknown", []byte("PROXY UNKNOWN\r\n"), balancer},
		{"binary", prefaceV2(v4, pcapgen.Server(), 0), v4},
		{"binary, IPv6, with more behind", prefaceV2(v6, pcapgen.Server6(), 300), v6},
		{"binary, of the balancer itself", []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"), balancer},
	}
	for _, tt := range tests {
		for _, mss := range []int{-1, 1, 7, 40} {
			for _, ws := range []bool{false, true} {
				c := pcapgen.New(pcapgen.Options{MSS: mss})
				conn := c.Open(balancer, atPort(wsPort))
				conn.Send(client, tt.header)
				wrap := func(_ decode.Direction, b []byte) []byte { return b }
				if ws {
					conn.Send(client, []byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"))
					conn.Send(server, []byte("HTTP/1.1 101 ok\r\nUpgrade: websocket\r\n\r\n"))
					wrap = binaryFrame
				}
				conn.Send(client, wrap(client, connect))
				conn.Send(server, wrap(server, connack))
				conn.Send(client, wrap(client, publish))
				r := replayBytes(t, capture.FileOptions{}, c.Pcap())
				if len(r.conns) != 1 {
					t.Fatalf("%s, segments of %d: %d connections, others %v", tt.name, mss, len(r.conns), r.stats.Other)
				}
				got := r.conns[0]
				if string(got.stream[client]) != string(connect)+string(publish) || string(got.stream[server]) != string(connack) {
					t.Errorf("%s, segments of %d: %q", tt.name, mss, got.stream)
				}
				peer := balancer
				if tt.named == balancer {
					peer = netip.AddrPort{}
				}
				if i := got.info; i.Client != tt.named || i.Peer != peer || i.Server != atPort(wsPort) || i.MidStream || i.RolesAssumed {
					t.Errorf("%s: connection is %+v", tt.name, i)
				}
			}
		}
	}
}

// TestNoPreface has what only begins like a header.
func TestNoPreface(t *testing.T) {
	for _, tt := range []struct{ name, bytes string }{
		{"something else", "PROVISION me\r\n"},
		{"ends too soon", "PROXY TCP4 203"},
		{"no end", "PROXY TCP4 " + string(make([]byte, 200))},
		{"another version", "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c............"},
		{"much too long", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff............" + string(connect)},
	} {
		c := pcapgen.New(pcapgen.Options{})
		conn := c.Open(pcapgen.Client(1), atPort(wsPort))
		conn.Send(client, []byte(tt.bytes))
		conn.Close(client)
		r := replayBytes(t, capture.FileOptions{}, c.Pcap())
		if len(r.conns) != 0 || len(r.stats.Other) != 1 {
			t.Errorf("%s: %d connections, others %v", tt.name, len(r.conns), r.stats.Other)
		}
	}
	// A PUBREC in mid-stream whose first byte comes alone begins like a header too.
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Join(pcapgen.Client(1), pcapgen.Server())
	conn.Send(client, []byte("P"))
	conn.Send(client, []byte("\x02\x00\x01"))
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	if len(r.conns) != 1 || string(r.conns[0].stream[client]) != "P\x02\x00\x01" {
		t.Errorf("a PUBREC: %s, others %v", r, r.stats.Other)
	}
}
