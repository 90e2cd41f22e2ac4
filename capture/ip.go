package capture

import "encoding/binary"

// Values of the Protocol field of IPv4 and the Next Header field of IPv6.
const (
	protoHopByHop = 0
	protoIPIP     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoESP      = 50
	protoAH       = 51
	protoDestOpts = 60
	protoMobility = 135
	protoHIP      = 139
	protoShim6    = 140
)

// Ports of UDP under which tunnels run.
const (
	portVXLAN  = 4789
	portVXLAN0 = 8472 // Linux before the registration, and flannel still
	portGENEVE = 6081
)

func (d *dissector) ip(b []byte, depth int) bool {
	if len(b) == 0 {
		return d.short()
	}
	switch b[0] >> 4 {
	case 4:
		return d.ipv4(b, depth)
	case 6:
		return d.ipv6(b, depth)
	}
	return false
}

func (d *dissector) ipv4(b []byte, depth int) bool {
	if len(b) < 20 {
		return d.short()
	}
	header := int(b[0]&0x0F) * 4
	if b[0]>>4 != 4 || header < 20 {
		return false
	}
	if len(b) < header {
		return d.short()
	}
	proto := b[9]
	total := int(binary.BigEndian.Uint16(b[2:]))
	body, missing := d.trim(b, total, header)
	src := [2]uint64{0, 0xFFFF<<32 | uint64(binary.BigEndian.Uint32(b[12:]))}
	dst := [2]uint64{0, 0xFFFF<<32 | uint64(binary.BigEndian.Uint32(b[16:]))}
	if place := binary.BigEndian.Uint16(b[6:]); place&0x3FFF != 0 { // more fragments, or not the first
		key := fragmentKey{src: src, dst: dst, id: uint32(binary.BigEndian.Uint16(b[4:])), proto: proto}
		if body, _ = d.gather(key, place<<3, place&0x2000 != 0, proto, body, missing); body == nil {
			return false
		}
		missing = 0
	}
	if proto == protoTCP {
		d.seg.key = flowKey{a: src, b: dst}
		return d.tcp(body, missing)
	}
	return d.inside(proto, body, depth)
}

// gather takes a fragment at the offset given and returns the whole datagram's payload and the protocol in it, if it is whole now. UDP
// is of interest only as far as it carries a tunnel, which its first fragment tells.
func (d *dissector) gather(key fragmentKey, off uint16, more bool, proto byte, body []byte, missing int) (payload []byte, first byte) {
	switch proto {
	case protoTCP, protoIPIP, protoGRE, protoIPv6, protoHopByHop, protoRouting, protoDestOpts, protoAH:
	case protoUDP:
		tunnel := off == 0 && len(body) >= 8 && isTunnel(binary.BigEndian.Uint16(body[2:]))
		if !tunnel && !d.fragments.known(key) {
			return nil, 0
		}
	default:
		return nil, 0
	}
	if missing > 0 || len(body) == 0 {
		d.not("IP fragment")
		return nil, 0
	}
	return d.fragments.add(key, int(off), more, proto, body, d.seg.time)
}

// finish counts what still waits.
func (d *dissector) finish() { d.fragments.finish() }

// trim cuts b to the length that the IP header gives, which leaves Ethernet's padding behind, and tells how many bytes
// the snap length cut off. Length 0 is what a card with segmentation offload shows: all that is there counts.
func (d *dissector) trim(b []byte, total, header int) (body []byte, missing int) {
	if total < header {
		return b[header:], d.wire
	}
	if total <= len(b) {
		return b[header:total], 0
	}
	// More than the frame had on the wire cannot be missing from the capture.
	return b[header:], min(total-len(b), d.wire)
}

func (d *dissector) ipv6(b []byte, depth int) bool {
	if len(b) < 40 {
		return d.short()
	}
	if b[0]>>4 != 6 {
		return false
	}
	total := int(binary.BigEndian.Uint16(b[4:]))
	if total != 0 { // 0 is a jumbogram or offload
		total += 40
	}
	body, missing := d.trim(b, total, 40)
	next := b[6]
	for range maxV6Header {
		var n int
		switch next {
		case protoTCP:
			be := binary.BigEndian
			d.seg.key = flowKey{
				a: [2]uint64{be.Uint64(b[8:]), be.Uint64(b[16:])},
				b: [2]uint64{be.Uint64(b[24:]), be.Uint64(b[32:])},
			}
			return d.tcp(body, missing)
		case protoHopByHop, protoRouting, protoDestOpts, protoMobility, protoHIP, protoShim6:
			if len(body) < 8 {
				return d.short()
			}
			n = 8 + int(body[1])*8
		case protoAH:
			if len(body) < 8 {
				return d.short()
			}
			n = 8 + int(body[1])*4
		case protoFragment:
			if len(body) < 8 {
				return d.short()
			}
			if place := binary.BigEndian.Uint16(body[2:]); place&0xFFF9 != 0 {
				be := binary.BigEndian
				key := fragmentKey{
					src: [2]uint64{be.Uint64(b[8:]), be.Uint64(b[16:])}, dst: [2]uint64{be.Uint64(b[24:]), be.Uint64(b[32:])},
					id: be.Uint32(body[4:]), v6: true,
				}
				if body, next = d.gather(key, place&0xFFF8, place&1 != 0, body[0], body[8:], missing); body == nil {
					return false
				}
				missing = 0
				continue
			}
			n = 8 // an atomic fragment: the whole packet
		default:
			return d.inside(next, body, depth)
		}
		if n > len(body) {
			return d.short()
		}
		next, body = body[0], body[n:]
	}
	return d.not("nested too deep")
}

// inside looks into what IP carries other than TCP.
func (d *dissector) inside(proto byte, b []byte, depth int) bool {
	if depth++; depth > maxTunnels {
		return d.not("nested too deep")
	}
	switch proto {
	case protoIPIP:
		return d.ipv4(b, depth)
	case protoIPv6:
		return d.ipv6(b, depth)
	case protoGRE:
		return d.gre(b, depth)
	case protoUDP:
		return d.udp(b, depth)
	case protoESP:
		return d.not("ESP")
	case protoAH:
		if len(b) < 8 || len(b) < 8+int(b[1])*4 {
			return d.short()
		}
		next := b[0]
		b = b[8+int(b[1])*4:]
		if next == protoTCP {
			return d.not("AH")
		}
		return d.inside(next, b, depth)
	}
	return false
}

// gre goes on by what GRE (RFC 2784, RFC 2890) carries; PPP in version 1 (RFC 2637) is not looked into.
func (d *dissector) gre(b []byte, depth int) bool {
	if len(b) < 4 {
		return d.short()
	}
	flags, kind := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if flags&7 != 0 || flags&0x4000 != 0 {
		return d.not("GRE")
	}
	n := 4
	for _, bit := range [...]uint16{0x8000, 0x2000, 0x1000} { // checksum, key, sequence number
		if flags&bit != 0 {
			n += 4
		}
	}
	if len(b) < n {
		return d.short()
	}
	return d.ether(kind, b[n:], depth)
}

func isTunnel(port uint16) bool { return port == portVXLAN || port == portVXLAN0 || port == portGENEVE }

// udp looks for the tunnels that run over UDP, at their registered ports.
func (d *dissector) udp(b []byte, depth int) bool {
	if len(b) < 8+8 {
		return false
	}
	inner := b[16:]
	switch binary.BigEndian.Uint16(b[2:]) {
	case portVXLAN: // RFC 7348
		if b[8]&0x08 != 0 {
			return d.ethernet(inner, depth)
		}
	case portVXLAN0:
		if binary.BigEndian.Uint32(b[8:]) == 0x08000000 && b[15] == 0 { // the port is not VXLAN's own: all must be right
			return d.ethernet(inner, depth)
		}
	case portGENEVE: // RFC 8926
		n := int(b[8]&0x3F) * 4
		if b[8]>>6 == 0 && n <= len(inner) {
			return d.ether(binary.BigEndian.Uint16(b[10:]), inner[n:], depth)
		}
	default:
		if name := closedUDP(b); name != "" {
			return d.not(name)
		}
	}
	return false
}

// tcp reads the header of TCP; the addresses are in d.seg.key.
func (d *dissector) tcp(b []byte, missing int) bool {
	if len(b) < 20 {
		return d.short()
	}
	header := int(b[12]>>4) * 4
	if header < 20 {
		return false
	}
	s := &d.seg
	if header > len(b) { // cut inside the options: all data is missing
		missing -= header - len(b)
		if missing < 0 {
			return d.short()
		}
		header = len(b)
	}
	s.seq = binary.BigEndian.Uint32(b[4:])
	s.ack = binary.BigEndian.Uint32(b[8:])
	s.flags = b[13]
	s.data = b[header:]
	s.missing = missing
	s.side = s.key.normalise(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	return true
}
