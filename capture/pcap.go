package capture

import (
	"encoding/binary"
	"io"
	"math/bits"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A frame as a file has it.
type frame struct {
	data []byte // valid until the next frame is read
	wire int    // length on the wire, at least len(data)
	link uint32 // link-layer header type
	time decode.Time
}

// frames yields the frames of a capture: io.EOF at the end, another error where it cannot go on.
type frames interface {
	next(f *frame) error
}

// maxFrame bounds a frame where the file's snap length does not say that frames are larger.
const maxFrame = 1 << 20

// pcapFile reads pcap as draft-ietf-opsawg-pcap lays it out.
type pcapFile struct {
	in     *buffer
	order  binary.ByteOrder
	big    bool
	unit   int64 // of the fraction of a second, in nanoseconds
	minor  uint16
	header int // length of a record's header
	limit  uint32
	link   uint32
}

const (
	magicMicro    = 0xA1B2C3D4
	magicNano     = 0xA1B23C4D
	magicModified = 0xA1B2CD34 // Alexey Kuznetzov's records, 8 bytes longer
)

// openPcap reads the header of the file if its first bytes are those of a pcap; otherwise it returns nil.
func openPcap(in *buffer) (*pcapFile, error) {
	first, err := in.peek(4)
	if err != nil {
		return nil, nil
	}
	p := &pcapFile{in: in, order: binary.LittleEndian, unit: 1000, header: 16}
	magic := binary.LittleEndian.Uint32(first)
	if first[0] == 0xA1 {
		p.order, p.big = binary.BigEndian, true
		magic = binary.BigEndian.Uint32(first)
	}
	switch magic {
	case magicMicro:
	case magicNano:
		p.unit = 1
	case magicModified:
		p.header = 24
	default:
		return nil, nil
	}
	head, err := in.peek(24)
	if err != nil {
		return nil, headerError(err)
	}
	p.minor = p.order.Uint16(head[6:])
	p.limit = max(maxFrame, min(p.order.Uint32(head[16:]), maxRecord))
	p.link = p.order.Uint32(head[20:]) & 0xFFFF // the upper half tells of a frame check sequence
	in.skip(24)
	return p, nil
}

// headerError is for a file that ends in its own header.
func headerError(err error) error {
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		return &FileError{Reason: "is cut short: it ends in its header, before the first frame", Err: ErrCutShort}
	}
	return err
}

func (p *pcapFile) next(f *frame) error {
	in := p.in
	b := in.rest()
	if len(b) < p.header {
		if _, err := in.peek(p.header); err != nil {
			return inRecord(err, in.offset)
		}
		b = in.rest()
	}
	h, le := (*[16]byte)(b), binary.LittleEndian
	sec, frac, incl, orig := le.Uint32(h[0:]), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])
	if p.big {
		sec, frac, incl, orig = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac), bits.ReverseBytes32(incl), bits.ReverseBytes32(orig)
	}
	if incl > orig && p.minor <= 3 { // libpcap before 1998 wrote them the other way round
		incl, orig = orig, incl
	}
	if incl > p.limit {
		return corrupt(in.offset, "a frame claims %d bytes", incl)
	}
	n := p.header + int(incl)
	if len(b) < n {
		if _, err := in.peek(n); err != nil {
			return inRecord(err, in.offset)
		}
		b = in.rest()
	}
	f.data = b[p.header:n]
	in.skip(n)
	if orig < incl {
		orig = incl
	}
	f.wire = int(min(orig, 1<<30))
	f.link = p.link
	f.time = decode.Time(int64(sec)*1e9 + int64(frac)*p.unit)
	return nil
}

// sweep gives a the next frames, at most so many, for as long as they are plain. Of another next makes what it is.
func (p *pcapFile) sweep(a *assembler, most int) {
	if p.link != linkEthernet {
		return
	}
	b := p.in.rest()
	at, count := 0, 0
	for ; count < most; count++ {
		n := p.plain(b[at:], &a.dissector.seg)
		if n == 0 {
			break
		}
		at += n
		a.tcp(&a.dissector.seg)
	}
	p.in.skip(at)
	a.count.frames += uint64(count)
	a.count.bytes += uint64(at - count*p.header)
}

// plain reads a record that lies in b as nearly all do: whole, as long as on the wire, with a plain frame. It returns its length, 0 where it is otherwise.
func (p *pcapFile) plain(b []byte, s *tcpSegment) (n int) {
	if len(b) <= p.header {
		return 0
	}
	h, le := (*[16]byte)(b), binary.LittleEndian
	sec, frac, incl, orig := le.Uint32(h[0:]), le.Uint32(h[4:]), le.Uint32(h[8:]), le.Uint32(h[12:])
	if p.big {
		sec, frac, incl, orig = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac), bits.ReverseBytes32(incl), bits.ReverseBytes32(orig)
	}
	n = p.header + int(incl)
	if incl != orig || incl > p.limit || n > len(b) {
		return 0
	}
	s.time = decode.Time(int64(sec)*1e9 + int64(frac)*p.unit)
	if !s.plain(b[p.header:n]) {
		return 0
	}
	return n
}
