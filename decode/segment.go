package decode

import "net/netip"

// Direction says which end of a Network Connection sent something. Its values index arrays of two.
type Direction uint8

// The two directions of a Network Connection.
const (
	FromClient Direction = iota // Client → Server
	FromServer                  // Server → Client
)

// Opposite returns the other direction.
func (d Direction) Opposite() Direction { return d ^ 1 }

func (d Direction) String() string {
	if d == FromClient {
		return "client"
	}
	return "server"
}

// ConnInfo names a Network Connection. But for ID and ServerName, which the engine may set when it first sees it, it does not change once the Conn is made.
type ConnInfo struct {
	// ID counts up in the order in which connections were first seen. It is unique within a source; the engine, which sees all sources,
	// makes it unique within a run.
	ID uint64
	// Client and Server are the two ends. A tap that cannot know an address leaves it zero.
	Client, Server netip.AddrPort
	// Peer is the end of the TCP connection that speaks for Client, where a PROXY protocol header named Client: a load balancer or
	// an HTTP proxy. Not valid elsewhere.
	Peer netip.AddrPort
	// Transport is what lies between TCP and MQTT: "WebSocket", or "" for nothing.
	Transport string
	// ServerName is how the user called the Server (say, a host of a URL); empty where only the address is known.
	ServerName string
	// Source is where the bytes were seen: an interface, a file, or "client" for the embedded client.
	Source string
	// Opened is when the first byte or the SYN was seen.
	Opened Time
	// MidStream is set where the beginning of the connection (its SYN) was not seen.
	MidStream bool
	// Whole is set, by Direction, where the first byte of a direction is certain to be the first that its end sent, or what is missing before it is told by
	// a Gap. A source that does not know leaves it out.
	Whole [2]bool
	// RolesAssumed is set where Client and Server were told apart by a guess (ports), not by what they sent.
	RolesAssumed bool
	// ByHeard is set where the source tells by Heard which ends it hears. An end that it has not heard may be left out of the capture altogether (a
	// filter on one port, a mirror of one direction), so that its silence says nothing.
	ByHeard bool
}

// SegmentKind says what a Segment brings.
type SegmentKind uint8

// The kinds of Segment.
const (
	// Data brings the next bytes of one direction, in order.
	Data SegmentKind = iota
	// Open says that a connection was seen for the first time. It comes before any other segment of its Conn.
	Open
	// Gap says that Bytes bytes of one direction are missing from the capture here. Bytes is 0 where
	// their number cannot be known.
	Gap
	// Close says that the connection ended; see CloseCause.
	Close
	// Tick brings no bytes: it says that time has come to Time on a source that is silent. Conn is nil.
	Tick
	// Heard says that something of the end Dir was seen for the first time, be it a bare acknowledgement of TCP. See ConnInfo.ByHeard.
	Heard
)

// CloseCause says how a Network Connection ended, at the level of TCP or of the tap.
type CloseCause uint8

// How a Network Connection can end.
const (
	CloseUnknown CloseCause = iota
	// CloseFIN: the end named by Segment.Dir closed in an orderly way.
	CloseFIN
	// CloseRST: the end named by Segment.Dir reset the connection.
	CloseRST
	// CloseReused: a new connection took the same addresses and ports; the end itself was not seen.
	CloseReused
	// CloseEvicted: the source forgot the connection to bound its memory, or after a long silence. Nothing is said about the wire.
	CloseEvicted
)

// A Segment is what a source of bytes hands on: some bytes of one direction of one Network Connection, in
// order and without repetition, or a fact about the connection.
//
// Data belongs to the source and may be overwritten as soon as the call that delivered the Segment returns.
type Segment struct {
	Conn  *Conn
	Time  Time
	Data  []byte
	Bytes int64
	Kind  SegmentKind
	Dir   Direction
	Cause CloseCause
}

// SourceStats is what a source of bytes says of itself, and above all of what it lost. The counts only grow.
type SourceStats struct {
	// Name is the interface, file or URL, as the user gave it.
	Name string
	// Listen is where clients connect to a proxy: addresses with commas between them.
	Listen string
	// Kind is "file", "interface", "client", "proxy" or "demo".
	Kind string
	// State is "starting", "live", "replaying", "retrying", "ended" or "failed"; Err says why it is retrying or failed.
	State string
	Err   string
	// Frames and Bytes count what was captured: frames of a link, or reads and writes of a tap.
	Frames, Bytes uint64
	// TCPFrames counts the frames in which TCP was found.
	TCPFrames uint64
	// First and Last are the times of the first and the last frame.
	First, Last Time
	// Progress is how much of a file was read, 0 to 1; negative where there is no end.
	Progress float64
	// KernelDrops counts frames that the kernel lost, QueueDrops segments that mqttwatch lost since it was too slow.
	KernelDrops, QueueDrops uint64
	// Gaps and GapBytes count holes in TCP streams that carry MQTT.
	Gaps, GapBytes uint64
	// Cut counts frames of which the capture kept only the beginning (snap length).
	Cut uint64
	// Resent counts TCP segments that brought nothing new.
	Resent uint64
	// Connections counts TCP connections in which MQTT was found; Other counts TCP connections in which it was
	// not, by what they look like ("TLS", "WebSocket", "HTTP", "not MQTT", "no data").
	Connections uint64
	Other       map[string]uint64
	// NotDecoded counts frames, by name, that were not looked into ("link type 195", "IP fragment", "UDP", "ARP" are not: only
	// what could have held TCP is).
	NotDecoded map[string]uint64
	// Notes are one-line remarks for the user, such as "file ends in the middle of a frame".
	Notes []string
}
