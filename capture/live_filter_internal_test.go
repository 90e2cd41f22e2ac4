package capture

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// filterFrame returns an Ethernet frame with TCP data from a client to a server.
func filterFrame(o pcapgen.Options, client, server string, ports ...uint16) []byte {
	c := pcapgen.New(o)
	ends := [2]netip.AddrPort{}
	for i, a := range []string{client, server} {
		ends[i] = netip.AddrPortFrom(netip.MustParseAddr(a), ports[i])
	}
	c.Join(ends[0], ends[1]).Send(decode.FromClient, []byte("0123456789"))
	return c.Frames[0].Data
}

// accepts runs the filter over a frame as the kernel would.
func accepts(t *testing.T, f liveFilter, frame []byte) bool {
	t.Helper()
	f.snapLen = 100_000
	var kind []bpf.Instruction
	if f.cooked {
		kind = []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: uint32(binary.BigEndian.Uint16(frame[12:]))}}
		frame = frame[14:]
	}
	program := f.program(kind)
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bpf.Assemble(program); err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	if n != 0 && n != 100_000 {
		t.Fatalf("the filter keeps %d bytes", n)
	}
	return n > 0
}

func prefixes(list string) (out []netip.Prefix) {
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParsePrefix(s).Masked())
	}
	return out
}

func TestLiveFilter(t *testing.T) {
	v4 := filterFrame(pcapgen.Options{}, "10.1.2.3", "192.0.2.9", 40000, 1883)
	back := filterFrame(pcapgen.Options{}, "192.0.2.9", "10.1.2.3", 1883, 40000)
	v6 := filterFrame(pcapgen.Options{}, "2001:db8::1:2", "2001:db8:ffff::9", 40000, 1883)
	options := filterFrame(pcapgen.Options{IPOptions: true}, "10.1.2.3", "192.0.2.9", 40000, 1883)
	vlan := filterFrame(pcapgen.Options{VLANs: []uint16{5}}, "10.1.2.3", "192.0.2.9", 40000, 1883)
	qinq := filterFrame(pcapgen.Options{VLANs: []uint16{7, 5}}, "2001:db8::1:2", "2001:db8:ffff::9", 40000, 1883)
	four := filterFrame(pcapgen.Options{VLANs: []uint16{1, 2, 3, 4}}, "10.1.2.3", "192.0.2.9", 40000, 1883)
	behind := filterFrame(pcapgen.Options{ExtensionHeaders: true}, "2001:db8::1:2", "2001:db8:ffff::9", 40000, 1883)
	change := func(frame []byte, at int, with ...byte) []byte {
		frame = append([]byte(nil), frame...)
		copy(frame[at:], with)
		return frame
	}
	first := change(v4, 20, 0x20, 0)   // more fragments
	later := change(v4, 20, 0x00, 100) // offset
	udp := change(v4, 23, 17)
	udp6 := change(v6, 20, 17)
	arp := change(v4, 12, 0x08, 0x06)
	vxlan := change(change(v4, 23, 17), 36, 4789>>8, 4789&0xFF)
	vxlan6 := change(change(v6, 20, 17), 56, 4789>>8, 4789&0xFF)
	geneve := change(change(options, 23, 17), 40, 6081>>8, 6081&0xFF)
	gre, ipip := change(v4, 23, 47), change(v4, 23, 4)
	mpls, pppoe, llc := change(v4, 12, 0x88, 0x47), change(v4, 12, 0x88, 0x64), change(v4, 12, 0, 64)

	type frames map[string][]byte
	plain := frames{"IPv4": v4, "answer": back, "IPv6": v6, "IP options": options, "VLAN": vlan, "QinQ": qinq, "extension header": behind,
		"first fragment": first, "later fragment": later}
	nothing := frames{"UDP": udp, "UDP over IPv6": udp6, "ARP": arp, "four tags": four, "short": v4[:20], "empty": nil}
	tunnels := frames{"VXLAN": vxlan, "VXLAN over IPv6": vxlan6, "GENEVE": geneve, "GRE": gre, "IP in IP": ipip, "MPLS": mpls, "PPPoE": pppoe, "802.3": llc}
	many := []uint16{}
	for i := range uint16(maxFilterList - 1) {
		many = append(many, 3000+i)
	}
	manyHosts := ""
	for range maxFilterList - 1 {
		manyHosts += "2001:db8:5::1/128 "
	}
	for _, c := range []struct {
		name    string
		filter  liveFilter
		yes, no []frames
		some    frames // yes too
		nor     frames // no too
	}{
		{name: "open", yes: []frames{plain, tunnels}, no: []frames{nothing}},
		{name: "port", filter: liveFilter{ports: []uint16{1883}}, yes: []frames{plain}, no: []frames{nothing, tunnels}},
		{name: "client's port", filter: liveFilter{ports: []uint16{40000}}, yes: []frames{plain}, no: []frames{nothing, tunnels}},
		{name: "many ports", filter: liveFilter{ports: append(many, 1883)}, yes: []frames{plain}, no: []frames{nothing, tunnels}},
		{name: "another port", filter: liveFilter{ports: []uint16{1884}},
			some: frames{"later fragment": later, "extension header": behind}, // where ports are not seen
			nor:  frames{"IPv4": v4, "IPv6": v6, "VLAN": vlan, "QinQ": qinq, "first fragment": first, "IP options": options}, no: []frames{nothing, tunnels}},
		{name: "host", filter: liveFilter{hosts: prefixes("10.1.2.3/32")}, no: []frames{nothing, tunnels},
			some: frames{"IPv4": v4, "answer": back, "VLAN": vlan, "later fragment": later, "IP options": options}, nor: frames{"IPv6": v6, "QinQ": qinq}},
		{name: "network", filter: liveFilter{hosts: prefixes("10.1.0.0/20 2001:db8:ffff::/47")}, yes: []frames{plain}, no: []frames{nothing, tunnels}},
		{name: "other networks", filter: liveFilter{hosts: prefixes("10.1.16.0/20 2001:db8:ffff::/49 2001:db8::8000/113")},
			some: frames{"IPv6": v6}, nor: frames{"IPv4": v4, "answer": back, "VLAN": vlan}, no: []frames{nothing, tunnels}},
		{name: "all of IPv6", filter: liveFilter{hosts: prefixes("::/0")}, some: frames{"IPv6": v6, "QinQ": qinq}, nor: frames{"IPv4": v4}},
		{name: "many hosts", filter: liveFilter{hosts: prefixes(manyHosts + "2001:db8::1:2/128")}, some: frames{"IPv6": v6}, nor: frames{"IPv4": v4}},
		{name: "host and port", filter: liveFilter{hosts: prefixes("192.0.2.9/32"), ports: []uint16{1883, 8883}},
			some: frames{"IPv4": v4, "answer": back, "VLAN": vlan}, nor: frames{"IPv6": v6}, no: []frames{nothing, tunnels}},
		{name: "host and another port", filter: liveFilter{hosts: prefixes("192.0.2.9/32"), ports: []uint16{8883}}, nor: frames{"IPv4": v4, "VLAN": vlan}},
	} {
		for _, cooked := range []bool{false, true} {
			f := c.filter
			f.cooked = cooked
			check := func(set frames, want bool) {
				for name, frame := range set {
					if cooked && len(frame) < 14 {
						continue // no EtherType to tell apart
					}
					if got := accepts(t, f, frame); got != want {
						t.Errorf("%s (cooked: %v): %s accepted: %v, want %v", c.name, cooked, name, got, want)
					}
				}
			}
			for _, set := range append(c.yes, c.some) {
				check(set, true)
			}
			for _, set := range append(c.no, c.nor) {
				check(set, false)
			}
		}
	}
}

// TestLiveFilterFits: the longest filter is one that a kernel takes, with all that is asked of the kernel in front.
func TestLiveFilterFits(t *testing.T) {
	f := liveFilter{loopback: 1, snapLen: defaultSnapLen, cooked: true}
	for i := range maxFilterList {
		f.ports = append(f.ports, uint16(i+1))
		f.hosts = append(f.hosts, netip.MustParsePrefix("2001:db8::1/127"))
	}
	raw, err := bpf.Assemble(f.program(kernelKind()))
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4096 {
		t.Errorf("%d instructions, a kernel takes 4,096", len(raw))
	}
}

func TestHostPrefixes(t *testing.T) {
	got, err := hostPrefixes([]string{"10.1.2.3", "10.1.2.3/8", "::ffff:10.0.0.1", "[2001:db8::1]", "fe80::1%eth0", "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	want := "10.1.2.3/32 10.0.0.0/8 10.0.0.1/32 2001:db8::1/128 fe80::1/128"
	var text []string
	for _, p := range got {
		text = append(text, p.String())
	}
	if all := strings.Join(text, " "); !strings.HasPrefix(all, want+" ") || !strings.Contains(all, "127.0.0.1/32") && !strings.Contains(all, "::1/128") {
		t.Errorf("hosts are %s, want %s and those of localhost", all, want)
	}
	for _, wrong := range []string{"10.0.0.0/33", "no.such.host.invalid"} {
		if _, err := hostPrefixes([]string{wrong}); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("host %s: error %v", wrong, err)
		}
	}
}
