package traffic

import (
	"bufio"
	"encoding/binary"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TCP flags.
const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagPSH = 0x08
	flagACK = 0x10
)

const headers = 14 + 20 + 20 // Ethernet, IPv4, TCP

// recorder writes frames to a pcap file.
type recorder struct {
	w             *bufio.Writer
	frame         []byte
	frames, bytes uint64
	err           error
}

func (r *recorder) write(b []byte) {
	if r.err == nil {
		_, r.err = r.w.Write(b)
		r.bytes += uint64(len(b))
	}
}

func (r *recorder) flush() error {
	if r.err != nil {
		return r.err
	}
	return r.w.Flush()
}

func (r *recorder) fileHeader() {
	b := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 262144)
	r.write(binary.LittleEndian.AppendUint32(b, 1))
}

func (r *recorder) record(at int64, frame []byte) {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[:], uint32(at/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(at%1e9/1000))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(frame)))
	r.write(h[:])
	r.write(frame)
	r.frames++
}

// build lays a frame out; it is valid until the next call. Checksums are left out, as where a network card fills them in.
func (r *recorder) build(c *conn, dir decode.Direction, seq, ack uint32, flags byte, data []byte) []byte {
	if need := headers + len(data); cap(r.frame) < need {
		r.frame = make([]byte, need+2048)
	}
	f := r.frame[:headers+len(data)]
	clear(f[:headers])
	f[12] = 0x08
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(ip[2:], uint16(40+len(data)))
	from, to := ip[12:16], ip[16:20]
	tcp := ip[20:]
	src, dst := tcp[0:2], tcp[2:4]
	if dir == decode.FromServer {
		from, to, src, dst = to, from, dst, src
	}
	copy(from, []byte{10, byte(c.index >> 16), byte(c.index >> 8), byte(c.index)})
	copy(to, []byte{192, 0, 2, 1})
	binary.BigEndian.PutUint16(src, c.port)
	binary.BigEndian.PutUint16(dst, 1883)
	binary.BigEndian.PutUint32(tcp[4:], seq)
	if flags&flagACK != 0 {
		binary.BigEndian.PutUint32(tcp[8:], ack)
	}
	tcp[12], tcp[13] = 0x50, flags
	binary.BigEndian.PutUint16(tcp[14:], 65535)
	copy(f[headers:], data)
	return f
}
