package capture

import (
	"encoding/binary"
	"net/netip"
)

// tapSegment is a TCP segment to be written as a frame: Ethernet, IPv4 or IPv6 as its addresses are (both of one kind), TCP without options.
type tapSegment struct {
	src, dst       netip.AddrPort
	srcMAC, dstMAC [6]byte
	seq, ack       uint32
	flags          byte
	id             uint16 // IPv4 Identification
	data           []byte // at most 65,495 bytes (tappedMSS is less)
}

const (
	ipTCP        = 6
	ipTTL        = 64
	tcpHeaderLen = 20
)

// appendFrame appends the frame, with lengths and checksums, to b. It is written by hand since the tables of gopacket/layers take half of the
// program's start.
func (s *tapSegment) appendFrame(b []byte) []byte {
	be := binary.BigEndian
	length := tcpHeaderLen + len(s.data)
	b = append(append(b, s.dstMAC[:]...), s.srcMAC[:]...)
	if s.src.Addr().Is4() {
		b = be.AppendUint16(b, etherIPv4)
		header := len(b)
		b = append(b, 4<<4|5, 0)
		b = be.AppendUint16(b, uint16(20+length))
		b = be.AppendUint16(b, s.id)
		b = append(b, 0, 0, ipTTL, ipTCP, 0, 0)
		b = append(append(b, s.src.Addr().AsSlice()...), s.dst.Addr().AsSlice()...)
		be.PutUint16(b[header+10:], ^foldSum(sum16(0, b[header:])))
	} else {
		b = be.AppendUint16(b, etherIPv6)
		b = append(b, 6<<4, 0, 0, 0)
		b = be.AppendUint16(b, uint16(length))
		b = append(b, ipTCP, ipTTL)
		b = append(append(b, s.src.Addr().AsSlice()...), s.dst.Addr().AsSlice()...)
	}
	header := len(b)
	b = be.AppendUint16(b, s.src.Port())
	b = be.AppendUint16(b, s.dst.Port())
	b = be.AppendUint32(b, s.seq)
	b = be.AppendUint32(b, s.ack)
	b = append(b, tcpHeaderLen/4<<4, s.flags, 0xFF, 0xFF, 0, 0, 0, 0)
	b = append(b, s.data...)
	sum := sum16(uint32(ipTCP+length), s.src.Addr().AsSlice()) // the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1)
	sum = sum16(sum16(sum, s.dst.Addr().AsSlice()), b[header:])
	be.PutUint16(b[header+16:], ^foldSum(sum))
	return b
}

// sum16 adds the big-endian 16-bit words of b to sum, the last filled up with 0. b has at most 65,535 bytes.
func sum16(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

// foldSum makes 16 bits of a sum by adding what is carried (RFC 1071).
func foldSum(sum uint32) uint16 {
	for sum > 0xFFFF {
		sum = sum>>16 + sum&0xFFFF
	}
	return uint16(sum)
}
