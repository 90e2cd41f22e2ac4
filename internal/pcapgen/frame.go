package pcapgen

import (
	"encoding/binary"
	"net/netip"
)

// frame builds one frame of the link: TCP over IP over it.
func (o *Options) frame(src, dst netip.AddrPort, seq, ack uint32, flags byte, data []byte) []byte {
	v4 := src.Addr().Is4()
	f := o.linkHeader(v4)
	if v4 {
		f = o.ipv4(f, src.Addr(), dst.Addr(), 20+len(data))
	} else {
		f = o.ipv6(f, src.Addr(), dst.Addr(), 20+len(data))
	}
	f = binary.BigEndian.AppendUint16(f, src.Port())
	f = binary.BigEndian.AppendUint16(f, dst.Port())
	f = binary.BigEndian.AppendUint32(f, seq)
	f = binary.BigEndian.AppendUint32(f, ack)
	f = append(f, 5<<4, flags, 0xFF, 0xFF, 0, 0, 0, 0) // window; checksum and urgent pointer 0
	f = append(f, data...)
	if o.Link == Ethernet {
		for len(f) < 60 { // Ethernet pads short frames
			f = append(f, 0)
		}
	}
	return f
}

func etherType(v4 bool) uint16 {
	if v4 {
		return 0x0800
	}
	return 0x86DD
}

func (o *Options) linkHeader(v4 bool) []byte {
	be := binary.BigEndian
	switch o.Link {
	case Ethernet:
		f := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
		for i, id := range o.VLANs {
			tag := uint16(0x8100)
			if i < len(o.VLANs)-1 {
				tag = 0x88A8
			}
			f = be.AppendUint16(f, tag)
			f = be.AppendUint16(f, id)
		}
		return be.AppendUint16(f, etherType(v4))
	case SLL: // packet type, ARPHRD, address length, address, protocol
		f := []byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}
		return be.AppendUint16(f, etherType(v4))
	case SLL2: // protocol, reserved, interface, ARPHRD, packet type, address length, address
		f := be.AppendUint16(nil, etherType(v4))
		return append(f, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0)
	case Null, Loop:
		family := uint32(2)
		if !v4 {
			family = 30 // macOS
		}
		if o.Link == Null && !o.BigEndian {
			return binary.LittleEndian.AppendUint32(nil, family)
		}
		return be.AppendUint32(nil, family)
	}
	return nil
}

func (o *Options) ipv4(f []byte, src, dst netip.Addr, payload int) []byte {
	header := 20
	if o.IPOptions {
		header = 24
	}
	total := header + payload
	if o.ZeroLength || total > 0xFFFF {
		total = 0
	}
	f = append(f, 0x40|byte(header/4), 0)
	f = binary.BigEndian.AppendUint16(f, uint16(total))
	f = append(f, 0, 0, 0x40, 0, 64, 6, 0, 0) // no identification, DF, TTL, TCP, no checksum
	f = append(f, src.AsSlice()...)
	f = append(f, dst.AsSlice()...)
	if o.IPOptions {
		f = append(f, 1, 1, 1, 0)
	}
	return f
}

func (o *Options) ipv6(f []byte, src, dst netip.Addr, payload int) []byte {
	next := byte(6)
	if o.ExtensionHeaders {
		next, payload = 0, payload+8
	}
	if payload > 0xFFFF {
		payload = 0
	}
	f = append(f, 0x60, 0, 0, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(payload))
	f = append(f, next, 64)
	a, b := src.As16(), dst.As16()
	f = append(f, a[:]...)
	f = append(f, b[:]...)
	if o.ExtensionHeaders {
		f = append(f, 6, 0, 1, 4, 0, 0, 0, 0) // hop-by-hop: next TCP, 8 bytes, PadN
	}
	return f
}
