package pcapgen

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TCP flags.
const (
	FIN = 0x01
	SYN = 0x02
	RST = 0x04
	PSH = 0x08
	ACK = 0x10
)

// Conn is one TCP connection of a Capture.
type Conn struct {
	// Seq is the sequence number that each end sends next; set it before the first frame to choose where it begins.
	Seq     [2]uint32
	capture *Capture
	ends    [2]netip.AddrPort
}

// SYN sends the SYN of one end, which takes one sequence number; the server's acknowledges the client's.
func (c *Conn) SYN(dir decode.Direction) {
	flags := byte(SYN)
	if dir == decode.FromServer {
		flags |= ACK
	}
	c.Segment(dir, c.Seq[dir], flags, nil)
	c.Seq[dir]++
}

// ACK sends an acknowledgement without data, of all that the other end sent.
func (c *Conn) ACK(dir decode.Direction) { c.Segment(dir, c.Seq[dir], ACK, nil) }

// Send sends data in segments of at most MSS bytes.
func (c *Conn) Send(dir decode.Direction, data []byte) {
	mss := c.capture.opts.MSS
	for len(data) > 0 {
		n := len(data)
		if mss > 0 && n > mss {
			n = mss
		}
		c.Segment(dir, c.Seq[dir], PSH|ACK, data[:n])
		c.Seq[dir] += uint32(n)
		data = data[n:]
	}
}

// SendMissed is data that was on the wire, but that the capture missed: it takes sequence numbers and no frame.
func (c *Conn) SendMissed(dir decode.Direction, n int) { c.Seq[dir] += uint32(n) }

// Resend sends data again whose first byte lies back bytes before the next sequence number.
func (c *Conn) Resend(dir decode.Direction, back int, data []byte) {
	c.Segment(dir, c.Seq[dir]-uint32(back), PSH|ACK, data)
}

// Ahead sends data whose first byte lies skip bytes after the next sequence number, which stays where it is.
func (c *Conn) Ahead(dir decode.Direction, skip int, data []byte) {
	c.Segment(dir, c.Seq[dir]+uint32(skip), PSH|ACK, data)
}

// KeepAlive sends a TCP keep-alive probe: one byte, one sequence number back.
func (c *Conn) KeepAlive(dir decode.Direction) { c.Segment(dir, c.Seq[dir]-1, ACK, []byte{0}) }

// FIN closes one direction.
func (c *Conn) FIN(dir decode.Direction) {
	c.Segment(dir, c.Seq[dir], FIN|ACK, nil)
	c.Seq[dir]++
}

// RST resets the connection.
func (c *Conn) RST(dir decode.Direction) { c.Segment(dir, c.Seq[dir], RST|ACK, nil) }

// Close closes both directions, dir first.
func (c *Conn) Close(dir decode.Direction) {
	c.FIN(dir)
	c.FIN(dir.Opposite())
	c.ACK(dir)
}

// Segment sends one TCP segment as told; it acknowledges all that the other end has sent so far.
func (c *Conn) Segment(dir decode.Direction, seq uint32, flags byte, data []byte) {
	var ack uint32
	if flags&ACK != 0 {
		ack = c.Seq[dir.Opposite()]
	}
	c.SegmentACK(dir, seq, ack, flags, data)
}

// SegmentACK sends one TCP segment with all fields as told.
func (c *Conn) SegmentACK(dir decode.Direction, seq, ack uint32, flags byte, data []byte) {
	c.capture.Add(c.capture.opts.frame(c.ends[dir], c.ends[dir.Opposite()], seq, ack, flags, data))
}
