package handshake

import "github.com/mqttwatch/mqttwatch/decode"

// LinkKind says what happened to a session's Network Connection.
type LinkKind uint8

// The kinds of LinkEvent.
const (
	_              LinkKind = iota
	LinkConnect             // CONNECT
	LinkConnack             // CONNACK; SessionPresent and Reason are set
	LinkDisconnect          // DISCONNECT; Dir says whose; Reason is set
	LinkClosed              // the connection ended; Dir says who closed it
	LinkGap                 // bytes of Dir are missing from the capture
	LinkJoined              // the capture began in the middle of the connection
)

// A LinkEvent is something that happened to a session's Network Connection.
type LinkEvent struct {
	Time           decode.Time
	Kind           LinkKind
	Dir            decode.Direction
	Reason         decode.ReasonCode
	SessionPresent bool
	CleanStart     bool
	Bytes          int64 // LinkGap
	Cause          decode.CloseCause
}
