package probe

import "time"

// Schema is the version of the form that a Report has in JSON (docs/probe.md).
const Schema = 1

// Report is what was measured. Times are in nanoseconds, from the moment in which the PUBLISH was handed to the operating system.
type Report struct {
	Kind     string    `json:"kind"` // "probe"
	Schema   int       `json:"schema"`
	Server   string    `json:"server"` // the URL without login
	Time     time.Time `json:"time"`
	Versions []Version `json:"versions"`
	// Deviations counts pairs that are not as the rule says, NotMeasured those of which nothing can be said, NotOffered those that the
	// broker's Maximum QoS rules out.
	Deviations  int `json:"deviations"`
	NotMeasured int `json:"not_measured"`
	NotOffered  int `json:"not_offered"`
	// Exceeded counts windows in which more was in flight than the subscriber's Receive Maximum allows [MQTT-3.3.4-9].
	Exceeded int      `json:"exceeded"`
	Notes    []string `json:"notes"`
}

// Version is what was measured with one version of MQTT. What is nil was not measured; Problems says why.
type Version struct {
	Version   string         `json:"mqtt_version"`
	Announced Announced      `json:"announced"`
	ConnectNS int64          `json:"connect_ns"` // from CONNECT to CONNACK
	Pairs     []Pair         `json:"pairs"`
	Release   *Release       `json:"qos2_release"`
	Resumes   []Resume       `json:"resume"`
	Windows   []Window       `json:"windows"`
	Orders    []Order        `json:"acknowledgement_order"`
	Nobody    []NoSubscriber `json:"no_subscribers"`
	Problems  []string       `json:"problems"`
}

// Announced is what CONNACK says, or the default of the standard where it says nothing. Before 5.0 there is nothing to say.
type Announced struct {
	ReceiveMaximum    uint16 `json:"receive_maximum"`
	MaximumQoS        uint8  `json:"maximum_qos"`
	TopicAliasMaximum uint16 `json:"topic_alias_maximum"`
	MaximumPacketSize uint32 `json:"maximum_packet_size"` // 0: no limit
}

// The ways in which a Pair is not as the rule says.
const (
	Upgraded   = "upgraded"
	Downgraded = "downgraded"
	Nothing    = "nothing"
	Copies     = "copies"
	Unfinished = "unfinished"
)

// Pair is a message published with one QoS to a Subscription with another.
type Pair struct {
	Published uint8 `json:"published"`
	Requested uint8 `json:"requested"`
	Granted   uint8 `json:"granted"`
	Expected  uint8 `json:"expected"` // the lesser of Published and Granted
	// Received is the QoS of the first copy; nil where none came.
	Received *uint8 `json:"received"`
	Copies   int    `json:"copies"`
	// NotOffered: the broker's Maximum QoS rules the message out; that is no mistake.
	NotOffered bool `json:"not_offered"`
	// Deviation is empty where all is as the rule says. NotMeasured says why nothing can be said.
	Deviation   string `json:"deviation"`
	NotMeasured string `json:"not_measured"`
	// ToldNS is when the publisher had PUBACK or PUBCOMP, ReceivedNS when the subscriber had PUBLISH, AcknowledgedNS when it had sent its
	// last acknowledgement.
	ToldNS         *int64 `json:"told_ns"`
	ReceivedNS     *int64 `json:"received_ns"`
	AcknowledgedNS *int64 `json:"acknowledged_ns"`
	// Told is "before-received", "after-received" or "after-acknowledged"; empty where nobody is told.
	Told       string `json:"publisher_told"`
	Publisher  []Step `json:"publisher_steps"`
	Subscriber []Step `json:"subscriber_steps"`
}

// Step is a Control Packet of a handshake.
type Step struct {
	From   string `json:"from"` // "client" or "server"
	Packet string `json:"packet"`
	AtNS   int64  `json:"at_ns"`
	Reason uint8  `json:"reason_code"`
}

// Release is the step at which the broker hands a QoS 2 message to subscribers.
type Release struct {
	At         string `json:"at"` // "PUBLISH" or "PUBREL"
	ReceivedNS int64  `json:"received_ns"`
}

// The cases of Resume.
const (
	QoS1Unacknowledged = "qos1-before-puback"
	QoS2Unreceived     = "qos2-before-pubrec"
	QoS2Received       = "qos2-after-pubrec"
)

// Resume is what a broker does with messages in flight when the subscriber's Session is resumed.
type Resume struct {
	Case string `json:"case"`
	// PublisherWaits: the publisher was not told while the subscriber withheld its acknowledgement.
	PublisherWaits bool `json:"publisher_waits"`
	InFlight       int  `json:"in_flight"`
	SessionPresent bool `json:"session_present"`
	// Again is how many of those in flight were sent again, as Packets: PUBLISH or PUBREL. Dup counts those with DUP.
	Again   int      `json:"again"`
	Packets []string `json:"packets"`
	Dup     int      `json:"dup"`
	InOrder bool     `json:"in_order"`
	SameIDs bool     `json:"same_packet_ids"`
	// Against lists what the standard wants otherwise.
	Against []string `json:"against_standard"`
}

// Window is how many messages a broker sends to a subscriber that withholds its acknowledgements.
type Window struct {
	// ReceiveMaximum is the subscriber's; 0 where it names none.
	ReceiveMaximum uint16 `json:"receive_maximum"`
	Published      int    `json:"published"`
	// InFlight is the most that was in flight at once: at first and, under a Receive Maximum, each time after all before it was acknowledged.
	InFlight int `json:"in_flight"`
	// Arrived is how many had come once all were acknowledged.
	Arrived int      `json:"arrived"`
	Against []string `json:"against_standard"`
}

func (x *Window) exceeded() bool { return x.ReceiveMaximum > 0 && x.InFlight > int(x.ReceiveMaximum) }

// Order tells whether the broker acknowledges in the order in which it was sent to.
type Order struct {
	Packet  string   `json:"packet"` // PUBACK, PUBREC or PUBCOMP
	Count   int      `json:"count"`
	InOrder bool     `json:"in_order"`
	Against []string `json:"against_standard"`
}

// NoSubscriber is the Reason Code of a message that nobody subscribed to (5.0).
type NoSubscriber struct {
	QoS    uint8  `json:"qos"`
	Packet string `json:"packet"`
	Reason uint8  `json:"reason_code"`
	Name   string `json:"reason_name"`
}
