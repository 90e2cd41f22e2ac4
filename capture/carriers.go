package capture

import "encoding/binary"

// What can carry TCP and is not looked into is counted by name, so that a capture with nothing else in it does not look empty.

// closedEtherTypes are those of headers that are not read.
var closedEtherTypes = map[uint16]string{0x88E5: "MACsec", 0x88E7: "802.1ah", 0x894F: "NSH", 0x22F3: "TRILL"}

// closedPPP are protocols of PPP behind which the rest is packed or encrypted.
var closedPPP = map[uint16]string{0x0053: "PPP encrypted", 0x0055: "PPP encrypted", 0x00FB: "PPP compressed", 0x00FD: "PPP compressed"}

// closedUDP names the tunnel that a datagram of UDP is, by its ports and by what its first bytes look like; "" where it is none. b has the eight bytes of
// UDP's header and at least eight more.
func closedUDP(b []byte) string {
	for _, port := range [2]uint16{binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b)} {
		switch {
		case port == 1701 && b[8]&0x80 == 0 && b[9]&0x0F == 2: // RFC 2661: data, not control
			return "L2TP"
		case port == 2152 && b[8]>>5 == 1 && b[9] == 0xFF: // 3GPP TS 29.281: G-PDU
			return "GTP-U"
		case port == 3544 && (b[8]>>4 == 6 || b[8] == 0): // RFC 4380
			return "Teredo"
		case port == 4500 && binary.BigEndian.Uint32(b[8:]) != 0: // RFC 3948: 0 is IKE
			return "ESP"
		case port == 4790 && b[8]&0x08 != 0:
			return "VXLAN-GPE"
		case port == 6635:
			return "MPLS in UDP"
		case port == 51820 && binary.LittleEndian.Uint32(b[8:]) == 4: // transport data
			return "WireGuard"
		}
	}
	return ""
}
