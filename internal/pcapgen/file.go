package pcapgen

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"time"
)

func (c *Capture) order() binary.AppendByteOrder {
	if c.opts.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (c *Capture) snapLen() uint32 {
	if c.opts.SnapLen > 0 {
		return uint32(c.opts.SnapLen)
	}
	return 262144
}

// Pcap returns the capture as a pcap file.
func (c *Capture) Pcap() []byte {
	o := c.order()
	magic, unit := uint32(0xA1B2C3D4), time.Microsecond
	if c.opts.Nano {
		magic, unit = 0xA1B23C4D, time.Nanosecond
	}
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, c.snapLen())
	b = o.AppendUint32(b, uint32(c.opts.Link))
	for _, f := range c.Frames {
		b = o.AppendUint32(b, uint32(f.Time.Unix()))
		b = o.AppendUint32(b, uint32(f.Time.Nanosecond()/int(unit)))
		b = o.AppendUint32(b, uint32(len(f.Data)))
		b = o.AppendUint32(b, uint32(f.Length))
		b = append(b, f.Data...)
	}
	return b
}

// Pcapng returns the capture as a pcapng file of one section with one interface, its frames in Enhanced Packet Blocks.
func (c *Capture) Pcapng() []byte {
	b := c.SectionHeader(nil)
	b = c.InterfaceDescription(b)
	for _, f := range c.Frames {
		b = c.EnhancedPacket(b, 0, f)
	}
	return b
}

// Block appends a pcapng block with the body given, padded to four bytes.
func (c *Capture) Block(b []byte, kind uint32, body []byte) []byte {
	o := c.order()
	padded := (len(body) + 3) &^ 3
	b = o.AppendUint32(b, kind)
	b = o.AppendUint32(b, uint32(padded+12))
	b = append(b, body...)
	b = append(b, make([]byte, padded-len(body))...)
	return o.AppendUint32(b, uint32(padded+12))
}

// SectionHeader appends a Section Header Block of unknown length.
func (c *Capture) SectionHeader(b []byte) []byte {
	o := c.order()
	body := o.AppendUint32(nil, 0x1A2B3C4D)
	body = o.AppendUint16(body, 1)
	body = o.AppendUint16(body, 0)
	body = o.AppendUint64(body, ^uint64(0))
	return c.Block(b, 0x0A0D0D0A, body)
}

// InterfaceDescription appends an Interface Description Block with the link, the snap length and, for nanoseconds, if_tsresol.
func (c *Capture) InterfaceDescription(b []byte) []byte {
	o := c.order()
	body := o.AppendUint16(nil, uint16(c.opts.Link))
	body = o.AppendUint16(body, 0)
	body = o.AppendUint32(body, c.snapLen())
	if c.opts.Nano {
		body = o.AppendUint16(body, 9)
		body = o.AppendUint16(body, 1)
		body = append(body, 9, 0, 0, 0)
		body = append(body, 0, 0, 0, 0)
	}
	return c.Block(b, 1, body)
}

// EnhancedPacket appends an Enhanced Packet Block on the interface with the number given.
func (c *Capture) EnhancedPacket(b []byte, iface uint32, f Frame) []byte {
	o := c.order()
	ticks := uint64(f.Time.UnixMicro())
	if c.opts.Nano {
		ticks = uint64(f.Time.UnixNano())
	}
	body := o.AppendUint32(nil, iface)
	body = o.AppendUint32(body, uint32(ticks>>32))
	body = o.AppendUint32(body, uint32(ticks))
	body = o.AppendUint32(body, uint32(len(f.Data)))
	body = o.AppendUint32(body, uint32(f.Length))
	return c.Block(b, 6, append(body, f.Data...))
}

// Gzip returns file compressed.
func Gzip(file []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(file) // a bytes.Buffer does not fail
	w.Close()
	return out.Bytes()
}
