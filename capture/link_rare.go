package capture

import "encoding/binary"

// rareLink goes on by the link types that few captures have.
func (d *dissector) rareLink(link uint32, b []byte) bool {
	switch link {
	case linkPPP, linkPPPHDLC:
		return d.ppp(b, 0)
	case linkPPPoE:
		return d.ether(etherPPPoE, b, 0)
	case linkCHDLC:
		if len(b) < 4 {
			return d.short()
		}
		return d.ether(binary.BigEndian.Uint16(b[2:]), b[4:], 0)
	case link80211:
		return d.wifi(b)
	case linkRadiotap:
		if len(b) < 4 || len(b) < int(binary.LittleEndian.Uint16(b[2:])) {
			return d.short()
		}
		return d.wifi(b[binary.LittleEndian.Uint16(b[2:]):])
	case linkNFLOG:
		return d.nflog(b)
	case linkPKTAP, linkPKTAPOld:
		return d.pktap(link, b)
	}
	return d.not(d.label(link))
}

// llc goes on behind the header of IEEE 802.2 with SNAP, which ends in an EtherType.
func (d *dissector) llc(b []byte, depth int) bool {
	if len(b) < 8 {
		return d.short()
	}
	if b[0] != 0xAA || b[1] != 0xAA || b[2] != 3 || b[3]|b[4]|b[5] != 0 {
		return false
	}
	return d.ether(binary.BigEndian.Uint16(b[6:]), b[8:], depth)
}

// wifi looks into data frames of IEEE 802.11 that are not encrypted.
func (d *dissector) wifi(b []byte) bool {
	if len(b) < 24 {
		return d.short()
	}
	control, flags := b[0], b[1]
	if control&0x0C != 0x08 || control&0x40 != 0 { // not a data frame, or one without data
		return false
	}
	if flags&0x40 != 0 {
		return d.not("802.11 encrypted")
	}
	if flags&0x04 != 0 || b[22]&0x0F != 0 {
		return d.not("802.11 fragment")
	}
	header := 24
	if flags&3 == 3 { // between two access points: a fourth address
		header += 6
	}
	if control&0x80 != 0 { // QoS data
		if len(b) >= header+2 && b[header]&0x80 != 0 {
			return d.not("802.11 aggregate")
		}
		header += 2
		if flags&0x80 != 0 { // HT control
			header += 4
		}
	}
	if len(b) < header {
		return d.short()
	}
	return d.llc(b[header:], 0)
}

// nflog looks for the packet among the attributes of the Linux netfilter log, whose lengths are in the byte order of
// the machine, in practice little-endian.
func (d *dissector) nflog(b []byte) bool {
	const payload = 9
	if len(b) < 4 {
		return d.short()
	}
	for b = b[4:]; len(b) >= 4; {
		n, kind := int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
		if n < 4 {
			return false
		}
		if kind == payload {
			return d.ip(b[4:min(n, len(b))], 0)
		}
		b = b[min((n+3)&^3, len(b)):]
	}
	return d.short()
}

// pktap goes on behind the header that macOS puts before frames of several interfaces; it names the link type.
func (d *dissector) pktap(link uint32, b []byte) bool {
	if len(b) < 12 {
		return d.short()
	}
	n, inner := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[8:])
	if n < 12 || int64(n) > int64(len(b)) || inner == linkPKTAP || inner == linkPKTAPOld {
		return d.not(d.label(link))
	}
	return d.link(inner, b[n:])
}
