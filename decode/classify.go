package decode

import "bytes"

// GuessKind says what the beginning of one direction of a TCP stream looks like.
type GuessKind uint8

// What Classify can find.
const (
	// GuessNeedMore: too few bytes to tell; nothing speaks against MQTT yet.
	GuessNeedMore GuessKind = iota
	// GuessConnect: an MQTT CONNECT, known by its protocol name. Whoever sent it is the Client.
	GuessConnect
	// GuessPlausible: at least one whole Control Packet and nothing that could not be one; see Guess.Bits.
	GuessPlausible
	// GuessTLS: TLS records.
	GuessTLS
	// GuessWebSocket: an HTTP request that asks for, or a response that grants, an upgrade to WebSocket.
	GuessWebSocket
	// GuessHTTP: any other HTTP/1.
	GuessHTTP
	// GuessOther: not MQTT, and nothing else that is known here.
	GuessOther
)

var guessNames = [...]string{"need more", "CONNECT", "plausible MQTT", "TLS", "WebSocket", "HTTP", "not MQTT"}

func (k GuessKind) String() string {
	if int(k) < len(guessNames) {
		return guessNames[k]
	}
	return "GuessKind(?)"
}

// Evidence levels to compare Guess.Bits with.
const (
	// SureBits is enough to call a stream MQTT on any port: random bytes look like this once in about 2^32.
	SureBits = 32
	// KnownPortBits is enough on a port where MQTT is expected: a lone PINGREQ, PINGRESP or PUBACK has it.
	KnownPortBits = 16
)

// A Guess is what Classify made of the first bytes of one direction.
type Guess struct {
	Kind GuessKind
	// Bits is the evidence for MQTT in bits: log2 of how seldom random bytes would look like this. It is set with
	// GuessConnect and GuessPlausible.
	Bits int
	// FromClient and FromServer say whether the packets found may be sent by a Client or by a Server (SUBSCRIBE and PINGREQ
	// only by a Client, CONNACK and PINGRESP only by a Server, PUBLISH by both). Both are set where nothing tells.
	FromClient, FromServer bool
}

// Sender returns who sent the bytes, and whether they tell.
func (g Guess) Sender() (Direction, bool) {
	if g.FromServer {
		return FromServer, !g.FromClient
	}
	return FromClient, g.FromClient
}

// classifyLimit is after how many bytes without an answer the answer is "no".
const classifyLimit = 16 << 10

// Classify looks at the first bytes that were seen of one direction of a TCP stream, from a packet boundary or
// from the middle of a connection (TCP segments usually begin where a Control Packet does). It keeps nothing
// and may be called again with more bytes: Bits then grow, or the answer turns into
// GuessOther. Random bytes begin with a packet of KnownPortBits about once in 2^16.
func Classify(data []byte) Guess {
	if g, ok := classifyOther(data); ok {
		return g
	}
	return classifyMQTT(data)
}

var (
	httpMethods = [][]byte{
		[]byte("GET "), []byte("POST "), []byte("PUT "), []byte("HEAD "), []byte("OPTIONS "),
		[]byte("DELETE "), []byte("PATCH "), []byte("CONNECT "), []byte("HTTP/1."),
	}
	upgradeHeader = []byte("upgrade: websocket")
	headersEnd    = []byte("\r\n\r\n")
)

// classifyOther recognises what is not MQTT by how it begins.
func classifyOther(data []byte) (Guess, bool) {
	if len(data) >= 3 && looksTLS(data) {
		return Guess{Kind: GuessTLS}, true
	}
	short := len(data) < 3 && looksTLS(data)
	for _, m := range httpMethods {
		if bytes.HasPrefix(data, m) {
			return classifyHTTP(data), true
		}
		short = short || bytes.HasPrefix(m, data)
	}
	return Guess{Kind: GuessNeedMore, FromClient: true, FromServer: true}, short
}

// looksTLS reports whether data begins with a TLS record of a known type (RFC 8446 §5.1), as far as it goes. None of
// these bytes can begin a Control Packet: they would be CONNECT with reserved flags set.
func looksTLS(data []byte) bool {
	return (len(data) < 1 || data[0] >= 20 && data[0] <= 24) &&
		(len(data) < 2 || data[1] == 3) &&
		(len(data) < 3 || data[2] <= 4)
}

func classifyHTTP(data []byte) Guess {
	head := data[:min(len(data), classifyLimit)]
	end := bytes.Index(head, headersEnd)
	if end >= 0 {
		head = head[:end]
	}
	switch {
	case bytes.Contains(bytes.ToLower(head), upgradeHeader):
		return Guess{Kind: GuessWebSocket}
	case end < 0 && len(data) < classifyLimit:
		return Guess{Kind: GuessNeedMore, FromClient: true, FromServer: true}
	}
	return Guess{Kind: GuessHTTP}
}
