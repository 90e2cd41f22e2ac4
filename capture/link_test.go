package capture_test

import (
	"bytes"
	"maps"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

type tunnel struct {
	name  string
	frame []byte
}

// tunnels are frames of Ethernet with the same CONNECT in different wrappings.
func tunnels() []tunnel {
	inner := func(opts pcapgen.Options, v6 bool) []byte { return exchange(pcapgen.New(opts), v6).Frames[3].Data }
	ip4, ip6 := inner(pcapgen.Options{Link: pcapgen.Raw}, false), inner(pcapgen.Options{Link: pcapgen.Raw}, true)
	ethernet := inner(pcapgen.Options{}, false)
	mac := func(kind ...byte) []byte { return append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, kind...) }
	outer := func(proto byte, body ...[]byte) []byte { // IPv4 in Ethernet
		all := bytes.Join(body, nil)
		total := 20 + len(all)
		h := mac(8, 0, 0x45, 0, byte(total>>8), byte(total), 0, 0, 0, 0, 64, proto, 0, 0, 10, 9, 9, 1, 10, 9, 9, 2)
		return append(h, all...)
	}
	return []tunnel{
		{"MPLS", append(mac(0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64), ip4...)},
		{"MPLS IPv6", append(mac(0x88, 0x47, 0, 1, 1, 64), ip6...)},
		{"MPLS pseudowire", append(mac(0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0), ethernet...)},
		{"PPPoE", append(mac(0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x21), ip4...)},
		{"PPPoE IPv6", append(mac(0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x57), ip6...)},
		{"IP in IP", outer(4, ip4)},
		{"6in4", outer(41, ip6)},
		{"GRE", outer(47, []byte{0, 0, 8, 0}, ip4)},
		{"GRE with key and checksum", outer(47, []byte{0xA0, 0, 0x86, 0xDD, 0, 0, 0, 0, 0, 0, 0, 9}, ip6)},
		{"GRE Ethernet", outer(47, []byte{0, 0, 0x65, 0x58}, ethernet)},
		{"VXLAN", outer(17, []byte{0x80, 0, 0x12, 0xB5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0}, ethernet)},
		{"GENEVE", outer(17, []byte{0x80, 0, 0x17, 0xC1, 0, 0, 0, 0, 1, 0, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 4}, ethernet)},
	}
}

func TestTunnels(t *testing.T) {
	for _, tt := range tunnels() {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			c.Add(tt.frame)
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if len(r.conns) != 1 || !bytes.Equal(r.conns[0].stream[client], connect) {
				t.Errorf("got %s, not decoded %v, want the CONNECT", r, r.stats.NotDecoded)
			}
		})
	}
}

func TestNotDecoded(t *testing.T) {
	whole := exchange(pcapgen.New(pcapgen.Options{}), false).Frames[3].Data
	change := func(at int, b ...byte) []byte {
		f := bytes.Clone(whole)
		copy(f[at:], b)
		return f
	}
	deep := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	deep = append(deep, bytes.Repeat([]byte{0x81, 0, 0, 7}, 10)...)
	tests := []struct {
		name  string
		link  pcapgen.Link
		frame []byte
		want  map[string]uint64
	}{
		{"known link type", 195, whole, map[string]uint64{"link type 195 (IEEE802_15_4_WITHFCS)": 1}},
		{"unknown link type", 65000, whole, map[string]uint64{"link type 65000": 1}},
		{"first fragment", 1, change(20, 0x20, 0), map[string]uint64{"IP fragment": 1}},
		{"last fragment", 1, change(20, 0, 9), map[string]uint64{"IP fragment": 1}},
		{"fragment of UDP", 1, change(20, 0, 9, 64, 17), nil},
		{"do not fragment", 1, change(20, 0x40, 0), nil},
		{"ARP", 1, change(12, 8, 6), nil},
		{"UDP", 1, change(23, 17), nil},
		{"ICMP", 1, change(23, 1), nil},
		{"ESP", 1, change(23, 50), map[string]uint64{"ESP": 1}},
		{"PPTP", 1, change(23, 47), map[string]uint64{"GRE": 1}},
		{"MACsec", 1, change(12, 0x88, 0xE5), map[string]uint64{"MACsec": 1}},
		{"802.1ah", 1, change(12, 0x88, 0xE7), map[string]uint64{"802.1ah": 1}},
		{"NSH", 1, change(12, 0x89, 0x4F), map[string]uint64{"NSH": 1}},
		{"PPP compressed", 9, append([]byte{0xFF, 3, 0, 0xFD}, whole...), map[string]uint64{"PPP compressed": 1}},
		{"PPP encrypted", 9, append([]byte{0, 0x53}, whole...), map[string]uint64{"PPP encrypted": 1}},
		{"WireGuard", 1, datagram(51820, 4, 0, 0, 0), map[string]uint64{"WireGuard": 1}},
		{"WireGuard handshake", 1, datagram(51820, 1, 0, 0, 0), nil},
		{"GTP-U", 1, datagram(2152, 0x30, 0xFF, 0, 90), map[string]uint64{"GTP-U": 1}},
		{"L2TP", 1, datagram(1701, 0, 2, 0, 1), map[string]uint64{"L2TP": 1}},
		{"L2TP control", 1, datagram(1701, 0xC8, 2, 0, 1), nil},
		{"Teredo", 1, datagram(3544, 0x60, 0, 0, 0), map[string]uint64{"Teredo": 1}},
		{"ESP in UDP", 1, datagram(4500, 1, 2, 3, 4), map[string]uint64{"ESP": 1}},
		{"IKE", 1, datagram(4500, 0, 0, 0, 0), nil},
		{"VXLAN-GPE", 1, datagram(4790, 0x0C, 0, 0, 1), map[string]uint64{"VXLAN-GPE": 1}},
		{"8472, no VXLAN", 1, datagram(8472, 8, 1, 0, 0), nil},
		{"DNS", 1, datagram(53, 1, 2, 3, 4), nil},
		{"ten VLAN tags", 1, append(deep, 8, 0), map[string]uint64{"nested too deep": 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{Link: tt.link})
			c.Add(tt.frame)
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			if !maps.Equal(r.stats.NotDecoded, tt.want) {
				t.Errorf("not decoded: %v, want %v", r.stats.NotDecoded, tt.want)
			}
		})
	}
}

// datagram is a frame with UDP to a port, of which the first bytes are given.
func datagram(port uint16, first ...byte) []byte {
	f := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	f = append(f, 0xC0, 0, byte(port>>8), byte(port), 0, 40, 0, 0)
	return append(append(f, first...), make([]byte, 32-len(first))...)
}

func TestRareLinks(t *testing.T) {
	ip4 := exchange(pcapgen.New(pcapgen.Options{Link: pcapgen.Raw}), false).Frames[3].Data
	ethernet := exchange(pcapgen.New(pcapgen.Options{}), false).Frames[3].Data
	snap := []byte{0xAA, 0xAA, 3, 0, 0, 0, 8, 0}
	wifi := func(control, flags byte, more ...byte) []byte {
		h := append([]byte{control, flags}, make([]byte, 22)...)
		return append(append(h, more...), snap...)
	}
	flannel := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	flannel = append(flannel, 0xC0, 0, 8472>>8, 8472&0xFF, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0)
	radiotap := []byte{0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	tests := []struct {
		name   string
		link   pcapgen.Link
		header []byte
		packet []byte
		not    string // what is counted, if it is not looked into
	}{
		{"IEEE 802.3 with SNAP", 1, append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 90}, snap...), ip4, ""},
		{"PPP", 9, []byte{0xFF, 3, 0, 0x21}, ip4, ""},
		{"PPP, short", 9, []byte{0x21}, ip4, ""},
		{"PPP like HDLC", 50, []byte{0xFF, 3, 0, 0x21}, ip4, ""},
		{"PPPoE", 51, []byte{0x11, 0, 0, 1, 0, 0, 0, 0x21}, ip4, ""},
		{"Cisco HDLC", 104, []byte{0x0F, 0, 8, 0}, ip4, ""},
		{"802.11", 105, wifi(0x08, 0x01), ip4, ""},
		{"802.11 QoS", 105, wifi(0x88, 0x02, 0, 0), ip4, ""},
		{"802.11 four addresses", 105, wifi(0x08, 0x03, 0, 0, 0, 0, 0, 0), ip4, ""},
		{"802.11 encrypted", 105, wifi(0x08, 0x41), ip4, "802.11 encrypted"},
		{"802.11 beacon", 105, wifi(0x80, 0), ip4, "-"},
		{"radiotap", 127, append(radiotap, wifi(0x08, 0x01)...), ip4, ""},
		{"netfilter log", 239, []byte{2, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0, byte(4 + len(ip4)), 0, 9, 0}, ip4, ""},
		{"macOS", 258, []byte{16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9}, ethernet, ""},
		{"VXLAN of flannel", 1, flannel, ethernet, ""},
		{"macOS in itself", 258, []byte{16, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 9, 9, 9, 9}, ethernet, "link type 258"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{Link: tt.link})
			c.Add(append(bytes.Clone(tt.header), tt.packet...))
			r := replayBytes(t, capture.FileOptions{}, c.Pcap())
			switch {
			case tt.not == "" && (len(r.conns) != 1 || !bytes.Equal(r.conns[0].stream[client], connect)):
				t.Errorf("got %s, not decoded %v, want the CONNECT", r, r.stats.NotDecoded)
			case tt.not == "-" && len(r.stats.NotDecoded) > 0:
				t.Errorf("not decoded %v, want nothing counted", r.stats.NotDecoded)
			case len(tt.not) > 1 && r.stats.NotDecoded[tt.not] != 1:
				t.Errorf("not decoded %v, want %s", r.stats.NotDecoded, tt.not)
			}
		})
	}
}

// TestScanIsBounded has a port scan pass by a connection with MQTT: what is remembered of the scan gives way.
func TestScanIsBounded(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Step: 1000})
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(client, connect)
	for i := range 5000 {
		c.Join(pcapgen.Client(i+2), pcapgen.Server()).SYN(client)
	}
	conn.Send(server, connack)
	r := replayBytes(t, capture.FileOptions{MaxConnections: 1000}, c.Pcap())
	if len(r.conns) != 1 || len(r.conns[0].stream[server]) != len(connack) || len(r.stats.Notes) > 0 {
		t.Errorf("the connection has\n%s\nnotes %q", r, r.stats.Notes)
	}
	if n := r.stats.Other["no data"]; n != 5000 {
		t.Errorf("%d connections without data, want 5000", n)
	}
}
