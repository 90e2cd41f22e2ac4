package expect

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// State is how a request, or a topic with a heartbeat, stands.
type State uint8

// The states.
const (
	_          State = iota
	Pending          // request: its time is not over
	Answered         // request: in time
	Late             // request: answered after its time; topic: a message came later than usual, within the grace
	Unanswered       // request: its time is over
	NoRequest        // an answer that nobody asked for
	Unknown          // bytes are missing from the capture, or nobody is in sight who would get the message
	NeverSeen        // topic: nothing was published on it so far
	OK               // topic
	Overdue          // topic: silent for longer than the grace allows
	Recovered        // topic: a message came after it was overdue
	Learning         // topic: how often something is published on it is not known yet
)

var stateNames = [...]string{"", "pending", "answered", "late", "unanswered", "no request", "unknown", "never seen", "ok", "overdue", "recovered", "learning"}

func (s State) String() string { return stateNames[s] }

// Fate says how far a request got that was not answered.
type Fate uint8

// How far it can have got.
const (
	_                Fate = iota
	FateRefused           // the broker refused it
	FateOwed              // the broker has not acknowledged it
	FateUnreleased        // its publisher owes PUBREL
	FateNoSubscriber      // nobody is subscribed to it, as the broker says or as far as is in sight
	FateNotForwarded      // the broker has not sent it to subscribers in sight
	FateUnseen            // no copy of it is in sight
	FateForwarded         // a device owes an acknowledgement
	FateSent              // it was sent with QoS 0
	FateAcknowledged      // all have acknowledged it
	FateBroken            // the handshake with the device was broken off or refused
)

var fateNames = [...]string{"", "refused", "not acknowledged by the broker", "not released by the publisher", "no subscriber", "not forwarded", "unknown", "forwarded", "sent",
	"acknowledged", "broken off"}

func (f Fate) String() string { return fateNames[f] }

// An Expectation is the state of a request or of a topic, for reports. Texts from the wire are raw.
type Expectation struct {
	ID uint64 // the same for all states of one request or topic
	// Rule is the text of the rule; empty for a request of MQTT 5.0.
	Rule      string
	Heartbeat bool
	State     State
	// Topic is that of the request or heartbeat. Of an answer without request it is empty.
	Topic string
	// Client is the publisher, ClientKnown says that it is in sight; where not it is the subscriber.
	Client      string
	ClientKnown bool
	Server      string
	// At is when the request, or the last message on the topic, was published; Commit when the broker took the request, Deadline when its answer, or the
	// next message, is due; Answered when the answer was published. 0 where not.
	At, Commit, Deadline, Answered decode.Time
	// Every is how far apart messages on the topic are expected; 0 while that is learned.
	Every time.Duration
	// Answer is the topic of the answer; Answers counts them.
	Answer  string
	Answers int
	// Latency is from the request's PUBLISH to the answer; negative where there is none.
	Latency time.Duration
	// Shared says that several requests waited for the same answer, so that it is not sure to which of them it belongs.
	Shared bool
	// Fate is set for one that is unanswered, Silence for a topic that is overdue.
	Fate    Fate
	Silence Silence
	// Forwarded counts the copies to subscribers in sight, Acknowledged those of them that are acknowledged to the end.
	Forwarded, Acknowledged int
}
