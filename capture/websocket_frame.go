package capture

import "encoding/binary"

// A wsFrame is the header of a frame (RFC 6455, section 5.2).
type wsFrame struct {
	length     uint64
	mask       [4]byte
	masked     bool
	fin        bool
	compressed bool // RSV1, which permessage-deflate uses (RFC 7692, section 6)
	opcode     byte
	minimal    bool // the length is in its shortest form, as it has to be
}

// Opcodes.
const (
	wsContinuation = 0
	wsText         = 1
	wsBinary       = 2
	wsClose        = 8
	wsPing         = 9
	wsPong         = 10
)

const (
	maxWSHeader  = 14
	maxWSControl = 125 // bytes in a control frame
)

func (f *wsFrame) control() bool { return f.opcode >= wsClose }

// readWSFrame reads the header at the beginning of b. Size is its length, 0 while b is too short; ok is not set where no frame
// can begin like this.
func readWSFrame(b []byte) (f wsFrame, size int, ok bool) {
	if len(b) == 0 {
		return f, 0, true
	}
	f.fin, f.compressed, f.opcode = b[0]&0x80 != 0, b[0]&0x40 != 0, b[0]&0x0F
	known := f.opcode <= wsBinary || f.opcode >= wsClose && f.opcode <= wsPong
	if !known || b[0]&0x30 != 0 || f.control() && (!f.fin || f.compressed) {
		return f, 0, false
	}
	if len(b) < 2 {
		return f, 0, true
	}
	f.masked = b[1]&0x80 != 0
	n, extra := uint64(b[1]&0x7F), 0
	switch n {
	case 126:
		extra = 2
	case 127:
		extra = 8
	}
	if f.control() && n > maxWSControl {
		return f, 0, false
	}
	size = 2 + extra
	if f.masked {
		size += 4
	}
	if len(b) < size {
		return f, 0, true
	}
	f.length, f.minimal = n, true
	switch extra {
	case 2:
		f.length = uint64(binary.BigEndian.Uint16(b[2:]))
		f.minimal = f.length > maxWSControl
	case 8:
		f.length = binary.BigEndian.Uint64(b[2:])
		f.minimal = f.length > 0xFFFF
	}
	if f.masked {
		copy(f.mask[:], b[2+extra:])
	}
	return f, size, f.length < 1<<63
}
