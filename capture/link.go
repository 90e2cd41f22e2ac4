package capture

import (
	"encoding/binary"
	"strconv"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Link-layer header types, as the registry of tcpdump numbers them.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRawBSD   = 12
	linkRawOpen  = 14
	linkPPP      = 9
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276

	linkPPPHDLC  = 50
	linkPPPoE    = 51
	linkCHDLC    = 104
	link80211    = 105
	linkRadiotap = 127
	linkNFLOG    = 239
	linkPKTAP    = 258
	linkPKTAPOld = 149 // as macOS calls it
)

// linkNames are the types that people meet and that are not looked into.
var linkNames = map[uint32]string{
	6: "IEEE802_5", 7: "ARCNET", 8: "SLIP", 107: "FRELAY",
	117: "PFLOG", 119: "PRISM_HEADER", 122: "IP_OVER_FC", 129: "ARCNET_LINUX", 138: "APPLE_IP_OVER_IEEE1394",
	141: "MTP3", 143: "DOCSIS", 147: "USER0", 163: "IEEE802_11_AVS", 187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI",
	195: "IEEE802_15_4_WITHFCS", 197: "ERF", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 203: "LAPD", 220: "USB_LINUX_MMAPPED",
	226: "IPNET", 227: "CAN_SOCKETCAN", 230: "IEEE802_15_4_NOFCS", 240: "NETANALYZER", 249: "USBPCAP", 251: "BLUETOOTH_LE_LL",
	253: "NETLINK", 272: "NORDIC_BLE", 283: "IEEE802_15_4_TAP",
}

// Values of the EtherType field.
const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86DD
	etherVLAN   = 0x8100
	etherQinQ   = 0x88A8
	etherQinQ2  = 0x9100
	etherMPLS   = 0x8847
	etherMPLSM  = 0x8848
	etherPPPoE  = 0x8864
	etherTEB    = 0x6558 // Ethernet inside GRE or GENEVE
	maxTunnels  = 6      // headers inside headers that are looked into
	maxV6Header = 16     // extension headers of one IPv6 packet
)

// A tcpSegment is what a frame holds of TCP.
type tcpSegment struct {
	key      flowKey
	side     uint8 // which end of key sent it
	flags    byte
	seq, ack uint32
	data     []byte
	missing  int // bytes after data that the capture cut off
	time     decode.Time
}

// Flags of TCP (RFC 9293, section 3.1).
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
	tcpPSH = 0x08
	tcpACK = 0x10
)

// A dissector finds TCP in frames. No checksum is looked at: captures made on the sending machine have none yet.
type dissector struct {
	seg tcpSegment
	// wire is how many bytes of the frame the capture left out.
	wire       int
	notDecoded map[string]uint64
	linkLabel  map[uint32]string
	fragments  *defragmenter
}

func newDissector() *dissector {
	d := &dissector{notDecoded: map[string]uint64{}, linkLabel: map[uint32]string{}}
	d.fragments = newDefragmenter(func(n int) { d.notDecoded["IP fragment"] += uint64(n) })
	return d
}

func (d *dissector) not(what string) bool {
	d.notDecoded[what]++
	return false
}

// general finds TCP wherever it is looked for, and reports whether f holds a segment, which is then in d.seg; its time is set already.
func (d *dissector) general(f *frame) bool {
	d.wire = f.wire - len(f.data)
	return d.link(f.link, f.data)
}

func (d *dissector) link(link uint32, b []byte) bool {
	switch link {
	case linkEthernet:
		return d.ethernet(b, 0)
	case linkSLL:
		if len(b) < 16 {
			return d.short()
		}
		return d.ether(binary.BigEndian.Uint16(b[14:]), b[16:], 0)
	case linkSLL2:
		if len(b) < 20 {
			return d.short()
		}
		return d.ether(binary.BigEndian.Uint16(b), b[20:], 0)
	case linkNull, linkLoop:
		if len(b) < 4 {
			return d.short()
		}
		return d.family(b)
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return d.ip(b, 0)
	}
	return d.rareLink(link, b)
}

func (d *dissector) label(link uint32) string {
	s, ok := d.linkLabel[link]
	if !ok {
		s = "link type " + strconv.FormatUint(uint64(link), 10)
		if name := linkNames[link]; name != "" {
			s += " (" + name + ")"
		}
		if len(d.linkLabel) < 1000 {
			d.linkLabel[link] = s
		}
	}
	return s
}

// short counts a frame that the snap length cut before its TCP header ended. A frame that is whole and yet too
// short held no TCP.
func (d *dissector) short() bool {
	if d.wire > 0 {
		return d.not("cut before TCP")
	}
	return false
}

func (d *dissector) ethernet(b []byte, depth int) bool {
	if len(b) < 14 {
		return d.short()
	}
	return d.ether(binary.BigEndian.Uint16(b[12:]), b[14:], depth)
}

// ether goes on by EtherType.
func (d *dissector) ether(kind uint16, b []byte, depth int) bool {
	for depth < maxTunnels {
		switch kind {
		case etherIPv4:
			return d.ipv4(b, depth)
		case etherIPv6:
			return d.ipv6(b, depth)
		case etherVLAN, etherQinQ, etherQinQ2:
			if len(b) < 4 {
				return d.short()
			}
			kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
			depth++
		case etherMPLS, etherMPLSM:
			return d.mpls(b, depth+1)
		case etherPPPoE:
			if len(b) < 6 {
				return d.short()
			}
			return d.ppp(b[6:], depth+1)
		case etherTEB:
			return d.ethernet(b, depth+1)
		default:
			if kind <= 1500 { // IEEE 802.3: a length
				return d.llc(b, depth+1)
			}
			if name := closedEtherTypes[kind]; name != "" {
				return d.not(name)
			}
			return false // ARP, LLDP and the like hold no TCP
		}
	}
	return d.not("nested too deep")
}

// family goes on by the address family in front of BSD loopback frames, which is in the byte order of the machine that
// captured.
func (d *dissector) family(b []byte) bool {
	family := binary.LittleEndian.Uint32(b)
	if family > 0xFFFF {
		family = binary.BigEndian.Uint32(b)
	}
	switch family {
	case 2: // AF_INET
		return d.ipv4(b[4:], 0)
	case 10, 23, 24, 28, 30: // AF_INET6 of Linux, Windows, NetBSD, FreeBSD, macOS
		return d.ipv6(b[4:], 0)
	}
	return false
}

// ppp goes on by PPP's protocol field, which may be one byte long, behind the address and control bytes, if any.
func (d *dissector) ppp(b []byte, depth int) bool {
	if len(b) >= 2 && b[0] == 0xFF && b[1] == 0x03 {
		b = b[2:]
	}
	if len(b) < 2 {
		return d.short()
	}
	kind, n := binary.BigEndian.Uint16(b), 2
	if b[0]&1 == 1 {
		kind, n = uint16(b[0]), 1
	}
	switch kind {
	case 0x0021:
		return d.ipv4(b[n:], depth)
	case 0x0057:
		return d.ipv6(b[n:], depth)
	case 0x0281, 0x0283:
		return d.mpls(b[n:], depth+1)
	}
	if name := closedPPP[kind]; name != "" {
		return d.not(name)
	}
	return false
}

// mpls passes over the label stack. What follows is not named: IP by its version, else Ethernet behind a control word.
func (d *dissector) mpls(b []byte, depth int) bool {
	for len(b) >= 4 {
		bottom := b[2]&1 == 1
		b = b[4:]
		if !bottom {
			continue
		}
		if len(b) > 0 && (b[0]>>4 == 4 || b[0]>>4 == 6) {
			return d.ip(b, depth)
		}
		if len(b) > 4 && b[0]>>4 == 0 {
			return d.ethernet(b[4:], depth)
		}
		return d.not("MPLS")
	}
	return d.short()
}
