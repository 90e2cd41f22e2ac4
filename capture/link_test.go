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
