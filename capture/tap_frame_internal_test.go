package capture

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// TestTapFrame compares frames with those that gopacket makes of the same, checksums and all.
func TestTapFrame(t *testing.T) {
	for _, ends := range [][2]string{
		{"192.0.2.1:1883", "10.1.2.3:50000"}, {"[2001:db8::1]:1883", "[fe80::2]:65535"}, {"[::ffff:192.0.2.1]:1883", "[2001:db8::7]:1"},
	} {
		for _, flags := range []byte{tcpSYN, tcpSYN | tcpACK, tcpACK | tcpPSH, tcpFIN | tcpACK, tcpRST | tcpACK} {
			for _, n := range []int{0, 1, 2, 255, tappedMSS - 1, tappedMSS} {
				s := tapSegment{
					src: netip.MustParseAddrPort(ends[0]), dst: netip.MustParseAddrPort(ends[1]), srcMAC: tappedMAC(0), dstMAC: tappedMAC(1),
					seq: 0xFFFFFFF0, ack: uint32(n) * 7919, flags: flags, id: uint16(n), data: bytes.Repeat([]byte{0xFF, 0x31, 0}, tappedMSS)[:n],
				}
				got, want := s.appendFrame(nil), gopacketFrame(t, &s)
				if len(want) == 60 { // which is filled up for the wire; a capture of the sender's own frames is not
					want = want[:min(len(got), 60)]
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%v, flags %#x, %d bytes: got\n% x, want\n% x", ends, flags, n, got[:min(len(got), 80)], want[:min(len(want), 80)])
				}
			}
		}
	}
}

func gopacketFrame(t *testing.T, s *tapSegment) []byte {
	t.Helper()
	eth := layers.Ethernet{SrcMAC: s.srcMAC[:], DstMAC: s.dstMAC[:], EthernetType: layers.EthernetTypeIPv4}
	tcp := layers.TCP{
		SrcPort: layers.TCPPort(s.src.Port()), DstPort: layers.TCPPort(s.dst.Port()), Seq: s.seq, Ack: s.ack, Window: 0xFFFF,
		FIN: s.flags&tcpFIN != 0, SYN: s.flags&tcpSYN != 0, RST: s.flags&tcpRST != 0, PSH: s.flags&tcpPSH != 0, ACK: s.flags&tcpACK != 0,
	}
	src, dst := s.src.Addr().AsSlice(), s.dst.Addr().AsSlice()
	var ip interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	} = &layers.IPv4{Version: 4, TTL: ipTTL, Id: s.id, Protocol: layers.IPProtocolTCP, SrcIP: src, DstIP: dst}
	if !s.src.Addr().Is4() {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: ipTTL, NextHeader: layers.IPProtocolTCP, SrcIP: src, DstIP: dst}
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, &eth, ip, &tcp, gopacket.Payload(s.data)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
