package capture_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

func port(n uint16) netip.AddrPort { return netip.AddrPortFrom(pcapgen.Server().Addr(), n) }

// say is some bytes of one direction.
type say struct {
	dir  decode.Direction
	data string
}

const (
	clientHello = "\x16\x03\x01\x00\x05hello"
	upgrade     = "GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
	get         = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
)

func TestWhatCarriesMQTT(t *testing.T) {
	publish9 := "\x30\x1d\x00\x0bplant/tempsome payload here"[:31]
	tests := []struct {
		name  string
		port  uint16
		join  bool
		talk  []say
		other string // "" for MQTT
	}{
		{"1883", 1883, false, []say{{client, string(connect)}, {server, string(connack)}}, ""},
		{"odd port", 17501, false, []say{{client, string(connect)}, {server, string(connack)}}, ""},
		{"odd port, MQIsdp", 1337, false, []say{{client, "\x10\x12\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x04pump"}}, ""},
		{"1883 joined", 1883, true, []say{{client, string(pingreq)}, {server, string(pingresp)}}, ""},
		{"1883 joined inside a packet", 1883, true, []say{{client, "of a payload"}, {client, string(pingreq)}}, ""},
		{"odd port joined", 17501, true, []say{{client, string(publish)}, {server, string(puback)}, {client, publish9}, {client, string(pingreq)}, {server, string(pingresp)}}, ""},
		{"odd port joined, too little to tell", 17501, true, []say{{server, "\x40\x02"}}, "not MQTT"},
		{"TLS on 8883", 8883, false, []say{{client, clientHello}}, "TLS"},
		{"TLS on 1883", 1883, false, []say{{client, clientHello}}, "TLS"},
		{"WebSocket on 8080", 8080, false, []say{{client, upgrade}}, "WebSocket"},
		{"WebSocket on 1883", 1883, false, []say{{client, upgrade}}, "WebSocket"},
		{"HTTP", 80, false, []say{{client, get}}, "HTTP"},
		{"HTTP on 1883", 1883, false, []say{{client, get}}, "HTTP"},
		{"HTTP that never ends its header", 80, false, []say{{client, "GET / HTTP/1.1\r\n"}}, "HTTP"},
		{"SSH", 22, false, []say{{server, "SSH-2.0-OpenSSH\r\n"}, {client, "SSH-2.0-x\r\n"}}, "not MQTT"},
		{"SSH on 1883", 1883, false, []say{{server, "SSH-2.0-OpenSSH\r\n"}}, "not MQTT"},
		{"silence", 1883, false, nil, "no data"},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 2, 3, 7, 1000} {
			if tt.join && step < 1000 {
				continue // where a stream is joined, a segment begins with a packet
			}
			t.Run(fmt.Sprintf("%s, %d bytes at a time", tt.name, step), func(t *testing.T) {
				c := pcapgen.New(pcapgen.Options{MSS: step})
				conn := c.Join(pcapgen.Client(1), port(tt.port))
				if !tt.join {
					conn = c.Open(pcapgen.Client(1), port(tt.port))
				}
				var want [2][]byte
				for _, s := range tt.talk {
					conn.Send(s.dir, []byte(s.data))
					want[s.dir] = append(want[s.dir], s.data...)
				}
				r := replayBytes(t, capture.FileOptions{}, c.Pcap())
				if tt.other != "" {
					if len(r.conns) != 0 || !maps.Equal(r.stats.Other, map[string]uint64{tt.other: 1}) {
						t.Errorf("got %d connections and %v, want %s", len(r.conns), r.stats.Other, tt.other)
					}
					return
				}
				if len(r.conns) != 1 || r.stats.Connections != 1 {
					t.Fatalf("got %d connections and %v", len(r.conns), r.stats.Other)
				}
				got := r.conns[0]
				if !bytes.Equal(got.stream[client], want[client]) || !bytes.Equal(got.stream[server], want[server]) {
					t.Errorf("got %q and %q, want %q and %q", got.stream[client], got.stream[server], want[client], want[server])
				}
				if got.info.Client != pcapgen.Client(1) || got.info.Server != port(tt.port) || got.info.MidStream != tt.join {
					t.Errorf("the connection is %+v", got.info)
				}
			})
		}
	}
}

func TestForcedPort(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Open(pcapgen.Client(1), port(5555))
	conn.Send(client, []byte("\xff\xffwhatever"))
	opts := capture.FileOptions{Ports: []uint16{5555}}
	if r := replayBytes(t, opts, c.Pcap()); len(r.conns) != 1 {
		t.Errorf("a forced port gives %v, want a connection", r.stats.Other)
	}
}

func TestRoles(t *testing.T) {
	tests := []struct {
		name         string
		client       netip.AddrPort // as the packets have it
		server       netip.AddrPort
		join         bool
		talk         []say
		wantClient   bool // that Client is client
		rolesAssumed bool
	}{
		{"SYN", port(1000), port(2000), false, []say{{client, string(connect)}}, true, false},
		{"SYN, client on 1883", port(1883), port(2000), false, []say{{client, string(connect)}}, true, false},
		{"CONNECT", port(1000), port(2000), true, []say{{client, string(connect)}}, true, false},
		{"PINGREQ", port(1883), port(2000), true, []say{{client, string(pingreq)}}, true, false},
		{"PINGRESP", port(1883), port(2000), true, []say{{server, string(pingresp)}}, true, false},
		{"1883", port(2000), port(1883), true, []say{{client, string(publish)}}, true, true},
		{"1883, server first", port(2000), port(1883), true, []say{{server, string(publish)}}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			conn := c.Join(tt.client, tt.server)
			if !tt.join {
				conn = c.Open(tt.client, tt.server)
			}
			for _, s := range tt.talk {
				conn.Send(s.dir, []byte(s.data))
			}
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if len(r.conns) != 1 {
				t.Fatalf("%d connections, %v", len(r.conns), r.stats.Other)
			}
			info := r.conns[0].info
			if (info.Client == tt.client) != tt.wantClient || info.RolesAssumed != tt.rolesAssumed {
				t.Errorf("client is %v, assumed %v; want %v, %v", info.Client, info.RolesAssumed, tt.client, tt.rolesAssumed)
			}
			if len(r.conns[0].stream[tt.talk[0].dir]) != len(tt.talk[0].data) {
				t.Errorf("the bytes are on the wrong side:\n%s", r)
			}
		})
	}
}

// TestEarlyBytesKeepTheirTimes has a CONNECT come byte by byte on an odd port.
func TestEarlyBytesKeepTheirTimes(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{MSS: 1})
	conn := c.Open(pcapgen.Client(1), port(9999))
	conn.Send(client, connect)
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	got := r.conns[0]
	for i, at := range got.times[1:] {
		if want := decode.TimeOf(c.Frames[3+i].Time); at != want {
			t.Errorf("byte %d has time %d, want %d", i, at, want)
		}
	}
	if len(got.times) != 1+len(connect) || got.times[0] != decode.TimeOf(c.Frames[0].Time) {
		t.Errorf("times are %v", got.times)
	}
}

// TestWaitingForAVerdictIsBounded has many connections that begin with a part of a packet: where too many wait at once,
// some are given up before their bytes tell.
func TestWaitingForAVerdictIsBounded(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Step: 1000})
	var conns []*pcapgen.Conn
	for i := range 300 {
		conns = append(conns, c.Open(pcapgen.Client(i), port(7777)))
		conns[i].Send(client, connect[:4])
	}
	for _, conn := range conns {
		conn.Send(client, connect[4:])
	}
	for _, tt := range []struct {
		bound int
		all   bool
	}{{0, true}, {1000, false}} {
		r := replayBytes(t, capture.FileOptions{MaxReorderAll: tt.bound}, c.Pcap())
		if n := len(r.conns); n+int(r.stats.Other["not MQTT"]) != 300 || (n == 300) != tt.all {
			t.Errorf("bound %d: %d connections and %v", tt.bound, n, r.stats.Other)
		}
	}
}
