package capture

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng). All others are passed over.
const (
	blockSection   = 0x0A0D0D0A
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockStats     = 5
	blockEnhanced  = 6
)

const (
	sectionMagic = 0x1A2B3C4D
	// maxInterfaces bounds what a hostile file makes us remember.
	maxInterfaces = 65536
)

// pcapngFile reads pcapng: any number of sections, each with its own byte order and interfaces.
type pcapngFile struct {
	in     *buffer
	big    bool // the section is big-endian
	ifaces []iface
	last   decode.Time // for Simple Packet Blocks, which have no time
	drops  uint64      // frames lost while capturing, of the sections that ended
}

type iface struct {
	link    uint32
	snap    uint32
	offset  int64 // seconds to add
	resol   byte  // if_tsresol
	dropped uint64
}

// openPcapng returns nil if the first bytes are not those of a pcapng.
func openPcapng(in *buffer) (*pcapngFile, error) {
	first, err := in.peek(4)
	if err != nil || binary.LittleEndian.Uint32(first) != blockSection {
		return nil, nil
	}
	if _, err := in.peek(28); err != nil {
		return nil, headerError(err)
	}
	return &pcapngFile{in: in}, nil
}

// u16, u32 and u64 read numbers in the byte order of the section; they are inlined, which calls through
// binary.ByteOrder are not.
func (p *pcapngFile) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if p.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (p *pcapngFile) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (p *pcapngFile) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if p.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

func (p *pcapngFile) next(f *frame) error {
	for {
		found, err := p.block(f)
		if found || err != nil {
			return err
		}
	}
}

// block reads one block and reports whether it held a frame.
func (p *pcapngFile) block(f *frame) (bool, error) {
	start := p.in.offset
	head, err := p.in.peek(12)
	if err != nil {
		return false, inRecord(err, start)
	}
	kind := p.u32(head)
	if kind == blockSection {
		if err := p.setOrder(head[8:12], start); err != nil {
			return false, err
		}
	}
	total := p.u32(head[4:])
	if total < 12 || total%4 != 0 {
		return false, corrupt(start, "a block claims %d bytes", total)
	}
	switch kind {
	case blockSection, blockInterface, blockPacket, blockSimple, blockStats, blockEnhanced:
	default: // among them Decryption Secrets, Name Resolution, custom blocks
		return false, inRecord(p.in.discard(int64(total)), start)
	}
	if total > maxRecord {
		return false, corrupt(start, "a block claims %d bytes", total)
	}
	b, err := p.in.peek(int(total))
	if err != nil {
		return false, inRecord(err, start)
	}
	if end := p.u32(b[total-4:]); end != total {
		return false, corrupt(start, "a block gives its length as %d and as %d bytes", total, end)
	}
	p.in.skip(int(total))
	return p.known(kind, b[8:total-4], f, start)
}

func (p *pcapngFile) setOrder(magic []byte, start int64) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == sectionMagic:
		p.big = false
	case binary.BigEndian.Uint32(magic) == sectionMagic:
		p.big = true
	default:
		return corrupt(start, "a section begins without the byte-order magic")
	}
	for _, i := range p.ifaces {
		p.drops += i.dropped
	}
	p.ifaces = p.ifaces[:0]
	return nil
}

// known reads the body of a block of a known type.
func (p *pcapngFile) known(kind uint32, body []byte, f *frame, start int64) (bool, error) {
	switch kind {
	case blockInterface:
		return false, p.addInterface(body, start)
	case blockStats:
		p.interfaceStats(body)
	case blockEnhanced:
		if len(body) < 20 {
			return false, corrupt(start, "an Enhanced Packet Block of %d bytes", len(body))
		}
		return p.packet(body[20:], p.u32(body), body[4:20], f, start)
	case blockPacket:
		if len(body) < 20 {
			return false, corrupt(start, "a Packet Block of %d bytes", len(body))
		}
		return p.packet(body[20:], uint32(p.u16(body)), body[4:20], f, start)
	case blockSimple:
		return p.simple(body, f, start)
	}
	return false, nil
}

// packet reads the times and lengths that Enhanced Packet Block and Packet Block have in common.
func (p *pcapngFile) packet(data []byte, id uint32, fields []byte, f *frame, start int64) (bool, error) {
	if int64(id) >= int64(len(p.ifaces)) {
		return false, corrupt(start, "a frame of interface %d, which was not described", id)
	}
	i := &p.ifaces[id]
	incl, orig := p.u32(fields[8:]), p.u32(fields[12:])
	if int64(incl) > int64(len(data)) {
		return false, corrupt(start, "a frame claims %d bytes in a block that has %d", incl, len(data))
	}
	f.data = data[:incl]
	f.wire = int(min(max(orig, incl), 1<<30))
	f.link = i.link
	f.time = i.time(uint64(p.u32(fields))<<32 | uint64(p.u32(fields[4:])))
	p.last = f.time
	return true, nil
}

func (p *pcapngFile) simple(body []byte, f *frame, start int64) (bool, error) {
	if len(p.ifaces) == 0 || len(body) < 4 {
		return false, corrupt(start, "a Simple Packet Block without an interface")
	}
	i, orig := &p.ifaces[0], p.u32(body)
	data := body[4:]
	n := min(int64(orig), int64(len(data)))
	if i.snap > 0 {
		n = min(n, int64(i.snap))
	}
	f.data, f.wire, f.link, f.time = data[:n], int(min(orig, 1<<30)), i.link, p.last
	return true, nil
}

func (p *pcapngFile) addInterface(body []byte, start int64) error {
	if len(body) < 8 {
		return corrupt(start, "an Interface Description Block of %d bytes", len(body))
	}
	if len(p.ifaces) == maxInterfaces {
		return corrupt(start, "more than %d interfaces", maxInterfaces)
	}
	i := iface{link: uint32(p.u16(body)), snap: p.u32(body[4:]), resol: 6}
	p.options(body[8:], func(code uint16, value []byte) {
		switch {
		case code == 9 && len(value) >= 1: // if_tsresol
			i.resol = value[0]
		case code == 14 && len(value) >= 8: // if_tsoffset
			i.offset = int64(p.u64(value))
		}
	})
	p.ifaces = append(p.ifaces, i)
	return nil
}

// interfaceStats takes from an Interface Statistics Block how many frames the capturing program lost.
func (p *pcapngFile) interfaceStats(body []byte) {
	if len(body) < 12 || int64(p.u32(body)) >= int64(len(p.ifaces)) {
		return
	}
	i := &p.ifaces[p.u32(body)]
	p.options(body[12:], func(code uint16, value []byte) {
		if code == 5 && len(value) >= 8 { // isb_ifdrop
			i.dropped = p.u64(value)
		}
	})
}

func (p *pcapngFile) lost() uint64 {
	sum := p.drops
	for _, i := range p.ifaces {
		sum += i.dropped
	}
	return sum
}

// options calls each for every option, up to the first that does not fit.
func (p *pcapngFile) options(b []byte, each func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := p.u16(b), int(p.u16(b[2:]))
		b = b[4:]
		if code == 0 || n > len(b) {
			return
		}
		each(code, b[:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// time turns a timestamp into a Time by the interface's resolution: a power of ten, or of two if the high bit is set.
func (i *iface) time(ticks uint64) decode.Time {
	var ns uint64
	switch exp := uint64(i.resol & 0x7F); {
	case i.resol == 6:
		ns = ticks * 1000
	case i.resol&0x80 == 0:
		ns = scale10(ticks, exp)
	case exp >= 64:
		ns = 0
	default:
		hi, lo := bits.Mul64(ticks, 1e9)
		if exp > 0 {
			lo = hi<<(64-exp) | lo>>exp
		}
		ns = lo
	}
	return decode.Time(int64(ns) + i.offset*1e9)
}

func scale10(ticks, exp uint64) uint64 {
	for ; exp < 9; exp++ {
		ticks *= 10
	}
	for ; exp > 9 && ticks > 0; exp-- {
		ticks /= 10
	}
	return ticks
}

// openFrames finds out the format of in.
func openFrames(in *buffer) (frames, error) {
	if _, err := in.peek(1); err == io.EOF {
		return nil, &FileError{Reason: "is empty", Err: ErrEmpty}
	} else if err != nil {
		return nil, headerError(err) // what is compressed may end within its first block
	}
	if p, err := openPcap(in); err != nil {
		return nil, err
	} else if p != nil {
		return p, nil
	}
	if p, err := openPcapng(in); err != nil {
		return nil, err
	} else if p != nil {
		return p, nil
	}
	begin, err := in.peek(16)
	if err == io.ErrUnexpectedEOF {
		begin = in.rest()
	} else if err != nil {
		return nil, err
	}
	return nil, notCapture(begin)
}
