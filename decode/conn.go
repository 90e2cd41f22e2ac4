package decode

// Options bound what a Conn keeps. The zero value means the defaults.
type Options struct {
	// PayloadHead is how many bytes of an Application Message's payload are kept; default 4096. The hash and the
	// length are always of the whole.
	PayloadHead int
	// MaxPacket is the largest Control Packet other than PUBLISH, and the largest Variable Header of a PUBLISH, that is
	// decoded; default 1 MiB. A larger one is counted and skipped over, with an Error that says so.
	MaxPacket int
}

// A Handler takes what a Conn finds. Both are called on the goroutine that called Feed.
type Handler interface {
	// Packet is called for each Control Packet; p is valid until it returns.
	Packet(c *Conn, p *Packet)
	// Loss is called where bytes did not become packets.
	Loss(c *Conn, l Loss)
}

// LossCause says why bytes did not become packets.
type LossCause uint8

// The causes of a Loss.
const (
	// LossGap: the bytes are not in the capture.
	LossGap LossCause = iota
	// LossUndecodable: no Control Packet could begin there; decoding went on at the next plausible packet boundary.
	LossUndecodable
	// LossResync: bytes between a gap, or the start of a capture in mid-stream, and the next packet boundary.
	LossResync
	// LossTruncated: the connection or the capture ended inside a Control Packet.
	LossTruncated
)

// A Loss is a run of bytes of one direction that did not become packets.
type Loss struct {
	Time   Time
	Dir    Direction
	Cause  LossCause
	Offset int64 // of the first byte
	Bytes  int64 // 0 where not known
	Err    *Error
}
