package capture

import (
	"bufio"
	"encoding/binary"
	"io"

	"github.com/mqttwatch/mqttwatch/decode"
)

// Options of pcapng blocks (draft-ietf-opsawg-pcapng, sections 4.1 and 4.2).
const (
	optEnd         = 0
	optUserAppl    = 4 // of a Section Header Block
	optName        = 2 // of an Interface Description Block, as those that follow
	optDescription = 3
	optTsresol     = 9
)

// pcapngWriter writes a pcapng file of one section, with times in nanoseconds. It is ours since that of gopacket counts link types up to 255: LINUX_SLL2 is 276.
type pcapngWriter struct {
	w   *bufio.Writer
	buf []byte // of the block that is being made
}

// newPcapngWriter begins a file.
func newPcapngWriter(w io.Writer) *pcapngWriter {
	p := &pcapngWriter{w: bufio.NewWriterSize(w, 256<<10)}
	p.begin(0x0A0D0D0A)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, 0x1A2B3C4D)
	p.buf = append(p.buf, 1, 0, 0, 0)                        // version 1.0
	p.buf = binary.LittleEndian.AppendUint64(p.buf, 1<<64-1) // of a length that is not known yet
	p.option(optUserAppl, "mqttwatch")
	p.option(optEnd, "")
	_ = p.end() // an error of the bufio.Writer comes again
	return p
}

func (p *pcapngWriter) begin(kind uint32) {
	p.buf = binary.LittleEndian.AppendUint32(p.buf[:0], kind)
	p.buf = append(p.buf, 0, 0, 0, 0) // its length
}

func (p *pcapngWriter) option(code uint16, text string) {
	text = text[:min(len(text), 1000)]
	p.buf = binary.LittleEndian.AppendUint16(p.buf, code)
	p.buf = binary.LittleEndian.AppendUint16(p.buf, uint16(len(text)))
	p.buf = append(p.buf, text...)
	p.pad()
}

func (p *pcapngWriter) pad() {
	for len(p.buf)%4 != 0 {
		p.buf = append(p.buf, 0)
	}
}

// end writes the block that was begun.
func (p *pcapngWriter) end() error {
	p.pad()
	length := uint32(len(p.buf) + 4)
	binary.LittleEndian.PutUint32(p.buf[4:], length)
	p.buf = binary.LittleEndian.AppendUint32(p.buf, length)
	_, err := p.w.Write(p.buf)
	return err
}

// addInterface describes the next interface: the first is number 0.
func (p *pcapngWriter) addInterface(name, description string, link uint32) error {
	p.begin(1)
	p.buf = binary.LittleEndian.AppendUint16(p.buf, uint16(link))
	p.buf = append(p.buf, 0, 0, 0, 0, 0, 0) // reserved; no snap length
	if name != "" {
		p.option(optName, name)
	}
	if description != "" {
		p.option(optDescription, description)
	}
	p.option(optTsresol, "\x09")
	p.option(optEnd, "")
	return p.end()
}

// packet writes a frame of an interface, of which data is what was captured of wire bytes.
func (p *pcapngWriter) packet(number int, at decode.Time, wire int, data []byte) error {
	le := binary.LittleEndian
	p.begin(6)
	p.buf = le.AppendUint32(p.buf, uint32(number))
	p.buf = le.AppendUint32(p.buf, uint32(uint64(at)>>32))
	p.buf = le.AppendUint32(p.buf, uint32(uint64(at)))
	p.buf = le.AppendUint32(p.buf, uint32(len(data)))
	p.buf = le.AppendUint32(p.buf, uint32(max(wire, len(data))))
	p.buf = append(p.buf, data...)
	return p.end()
}

func (p *pcapngWriter) flush() error { return p.w.Flush() }
