package capture

import "encoding/binary"

// plain reads TCP in IPv4 in Ethernet without anything between, without IP options or fragments, and whole, as nearly all frames are: what the general way
// finds in many steps is then at the same places always. It reports false, and has changed nothing, where anything is otherwise.
func (s *tcpSegment) plain(b []byte) bool {
	if len(b) < 14+20+20 {
		return false
	}
	be, head := binary.BigEndian, (*[14 + 20 + 20]byte)(b)
	// EtherType; version 4 and 20 bytes of header, in front of the type of service; no fragment: the flag "more fragments" and the offset are zero.
	if be.Uint16(head[12:]) != etherIPv4 || head[14] != 0x45 || be.Uint16(head[20:])&0x3FFF != 0 || head[23] != protoTCP {
		return false
	}
	end := 14 + int(be.Uint16(head[16:]))
	data := 14 + 20 + int(head[46]>>4)*4
	if data < 14+20+20 || data > end || end > len(b) {
		return false
	}
	const mapped = 0xFFFF << 32
	src, dst := mapped|uint64(be.Uint32(head[26:])), mapped|uint64(be.Uint32(head[30:]))
	from, to := be.Uint16(head[34:]), be.Uint16(head[36:])
	if s.side = 0; src > dst || src == dst && from > to {
		s.side, src, dst, from, to = 1, dst, src, to, from
	}
	k := &s.key
	k.a[0], k.a[1], k.b[0], k.b[1], k.pa, k.pb = 0, src, 0, dst, from, to
	s.seq, s.ack, s.flags = be.Uint32(head[38:]), be.Uint32(head[42:]), head[47]
	s.data, s.missing = b[data:end], 0
	return true
}
