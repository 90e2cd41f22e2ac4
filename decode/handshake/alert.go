package handshake

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// AlertName names an alert of the catalogue.
type AlertName string

// The alerts.
const (
	PubackOverdue           AlertName = "puback-overdue"
	PubrecOverdue           AlertName = "pubrec-overdue"
	PubrelOverdue           AlertName = "pubrel-overdue"
	PubcompOverdue          AlertName = "pubcomp-overdue"
	SubackOverdue           AlertName = "suback-overdue"
	ConnackOverdue          AlertName = "connack-overdue"
	PingrespOverdue         AlertName = "pingresp-overdue"
	InflightWindowFull      AlertName = "inflight-window-full"
	PacketIDInUse           AlertName = "packet-id-in-use"
	PacketIDZero            AlertName = "packet-id-zero"
	UnexpectedAck           AlertName = "unexpected-ack"
	AckTypeMismatch         AlertName = "ack-type-mismatch"
	PublishRefused          AlertName = "publish-refused"
	DisconnectWithInflight  AlertName = "disconnect-with-inflight"
	SessionLostInflight     AlertName = "session-lost-inflight"
	ResumeWithoutRedelivery AlertName = "resume-without-redelivery"
	CaptureGap              AlertName = "capture-gap"
	JoinedMidStream         AlertName = "joined-mid-stream"
	KeepaliveOverdue        AlertName = "keepalive-overdue"
	ReceiveMaximumExceeded  AlertName = "receive-maximum-exceeded"
	SenderStalled           AlertName = "sender-stalled"
	AckLatencyHigh          AlertName = "ack-latency-high"
	DuplicateAck            AlertName = "duplicate-ack"
	AckOutOfOrder           AlertName = "ack-out-of-order"
	RetransmitConnected     AlertName = "retransmit-while-connected"
	RetransmitStorm         AlertName = "retransmit-storm"
	RetransmitWithoutDup    AlertName = "retransmit-without-dup"
	PublishAfterPubrel      AlertName = "publish-after-pubrel"
	PubrelAfterPubrecError  AlertName = "pubrel-after-pubrec-error"
	PacketIDNotFound        AlertName = "packet-id-not-found"
	QuotaExceeded           AlertName = "quota-exceeded"
	InvalidReasonCode       AlertName = "invalid-reason-code"
	SessionTakeoverLoop     AlertName = "session-takeover-loop"
	ReconnectLoop           AlertName = "reconnect-loop"
	NoMatchingSubscribers   AlertName = "no-matching-subscribers"
	UndecodableStream       AlertName = "undecodable-stream"
	MalformedPacket         AlertName = "malformed-packet"

	// Those of the Observer that follows messages to their subscribers.
	NotForwarded        AlertName = "not-forwarded"
	DeliveryIncomplete  AlertName = "delivery-incomplete"
	DeliveryLatencyHigh AlertName = "delivery-latency-high"
	QoSDowngraded       AlertName = "qos-downgraded"
	QoSNotMinimum       AlertName = "qos-not-minimum"
	DuplicateDelivery   AlertName = "duplicate-delivery"

	// Those of the Observer that holds messages against the user's rules.
	ResponseOverdue  AlertName = "response-overdue"
	HeartbeatOverdue AlertName = "heartbeat-overdue"
)

// Severity grades an alert.
type Severity uint8

// The severities, mildest first.
const (
	None Severity = iota
	Notice
	Info
	Warn
	Critical
)

func (s Severity) String() string {
	switch s {
	case Notice:
		return "notice"
	case Info:
		return "info"
	case Warn:
		return "warn"
	case Critical:
		return "critical"
	}
	return "none"
}

// An Alert is a condition that was recognised. One condition is one Alert, which ages until it clears; what happens at a point in time and
// happens again is counted in the same Alert. The Tracker owns it.
type Alert struct {
	ID       uint64
	Name     AlertName
	Severity Severity
	Raised   decode.Time
	Cleared  decode.Time // 0 while the condition lasts, and for what never clears
	Outcome  Outcome     // how it came to Cleared
	Last     decode.Time // when it last happened
	Count    int         // how often it happened
	Lasting  bool        // a condition that lasts and can clear, not a point in time

	Session   *Session
	Handshake uint64 // the handshake it is about, 0 where about none
	PacketID  uint16
	Kind      Kind
	Sender    decode.Direction
	Topic     string
	Owed      decode.Type // the packet owed, or the one that was out of place
	By        decode.Direction
	Since     decode.Time
	Reason    decode.ReasonCode
	// N, Limit and Oldest are, for alerts about several handshakes, their number, the window, and the longest open.
	N, Limit   int
	Phases     [AwaitingSuback + 1]int // how many in each state
	Oldest     uint16
	OldestOwed decode.Type
	Bytes      int64
	Usual      bool          // Limit is one that brokers and clients usually have
	Learned    bool          // Limit was learned from what the sender did, not announced
	Latency    time.Duration // ack-latency-high: the 95th percentile; sender-stalled: the usual gap
	Peers      []string      // addresses that take part
	Last2      decode.Type   // the last packet before it
	Prior      bool          // unexpected-ack: it belongs to an earlier connection; capture-gap: all of one end is missing
	// Fault is what is wrong with a packet: malformed-packet.
	Fault *decode.Error
	// Teller words an alert that the Observer raised; nil for the Tracker's own.
	Teller Teller
	link   *Link
	key    alertKey
	muted  bool // nobody wants to hear of it
}

// Outcome says how a condition that lasted came to its end.
type Outcome uint8

// The outcomes.
const (
	Resolved Outcome = iota // what was missing came
	Unmet                   // what was missing did not come: the connection, session or delivery that it belongs to ended before
	Untold                  // it may have come without being seen
)

// alertKey makes two occurrences the same alert.
type alertKey struct {
	name    AlertName
	session uint64
	link    uint64
	detail  string
	side    decode.Direction
}

// EventKind says what an Event tells.
type EventKind uint8

// The kinds of Event.
const (
	_                EventKind = iota
	HandshakeStarted           // Handshake is set
	HandshakeEnded             // Handshake is set
	AlertRaised                // Alert is set
	AlertEscalated             // Alert is set: its severity rose
	AlertCleared               // Alert is set
)

// An Event is what the Tracker concludes. What it points to is the Tracker's and changes later.
type Event struct {
	Kind      EventKind
	Time      decode.Time
	Handshake *Handshake
	Alert     *Alert
}

// Recorder takes events in the order in which they happen.
type Recorder interface{ Record(Event) }
