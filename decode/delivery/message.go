package delivery

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// Outcome is how far one copy of a message has come.
type Outcome uint8

// The outcomes of a copy. Those from Acknowledged on are final, but for NotForwarded and Unknown, which end when the copy is seen all the same.
const (
	NotExpected  Outcome = iota // No Local, a refused message, or a session that had ended
	Waiting                     // expected, and not seen yet
	Queued                      // the subscriber is offline, or its window is full
	Forwarded                   // PUBLISH seen, PUBACK or PUBREC owed
	Received                    // PUBREC seen
	Acknowledged                // PUBACK or PUBCOMP seen
	Sent                        // QoS 0: PUBLISH seen, nothing follows
	Refused                     // by a Reason Code of the subscriber
	Abandoned                   // the subscriber's session ended before it was acknowledged
	Expired                     // its Message Expiry Interval was over before it was sent
	NotForwarded                // it should have been sent and was not
	Unknown                     // cannot be known; Doubt says why
)

// outcomeNames are as reports write them.
var outcomeNames = [...]string{"not expected", "waiting", "queued", "forwarded", "received", "acknowledged", "sent", "refused", "abandoned",
	"expired", "not forwarded", "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// Words are the outcome as one reads it, with why it is that where that makes it another one.
func (o Outcome) Words(why Doubt) string {
	if o == NotForwarded && why == DoubtEnded {
		return "not forwarded before its session ended"
	}
	return o.String()
}

// seen reports whether the copy's PUBLISH was seen.
func (o Outcome) seen() bool { return o >= Forwarded && o <= Abandoned }

// Doubt says why something cannot be known.
type Doubt uint8

// The reasons not to know.
const (
	NoDoubt            Doubt = iota
	DoubtSubscriptions       // the session goes on from before the capture, or was joined in its middle
	DoubtOffline             // the subscriber was offline: how long the broker queues for it, and how much, is not seen
	DoubtGap                 // bytes of the subscriber's connection are missing from the capture
	DoubtEqual               // equal messages: which of them is missing cannot be told
	DoubtUnsubscribed        // it unsubscribed meanwhile
	DoubtSession             // the session ended, or began anew, meanwhile
	DoubtWindow              // deliveries to it are in flight, and the broker may wait for them
	DoubtSize                // it may be larger than the subscriber's Maximum Packet Size
	DoubtSystem              // topics that begin with "$" have rules of their own
	DoubtShared              // members of the shared subscription may not be in sight
	DoubtUncommitted         // whether the broker took the message was not seen
	DoubtRewritten           // the broker changes topics
	DoubtBusy                // the subscriber's connection may be full
	DoubtOneSided            // nothing that the broker sends to it is in the capture
	DoubtWill                // whether the broker publishes the Will Message is not sure
	DoubtPolicy              // nothing on this topic ever reached it: a rule of the broker may forbid it
	DoubtEvicted             // it gave way to the bound on memory
	DoubtBefore              // it was sent before the capture began
	DoubtEarly               // a copy was recorded before the message itself
	DoubtNoLocal             // of its subscriptions that match some have No Local, and it is the publisher
	DoubtRacing              // somebody subscribed to its topic, or unsubscribed, at that time
	DoubtEnded               // of a copy that is NotForwarded: its session ended with a full window, and that it was not sent before is sure
)

var doubtTexts = [...]string{"", "subscriptions from before the capture", "subscriber was offline", "bytes are missing from the capture",
	"equal messages cannot be told apart", "unsubscribed meanwhile", "session ended or began anew", "broker may wait for what is in flight",
	"may exceed the subscriber's Maximum Packet Size", "$ topics have rules of their own", "members of the group may be out of sight",
	"not seen whether the broker took it", "broker changes topics", "connection may be full", "nothing from the broker to it is in the capture",
	"not sure that the Will is published", "nothing on this topic ever reached it: access rules?", "no longer kept", "first sent before the capture",
	"the capture has a copy before the message itself", "subscribed with No Local and without", "subscribed or unsubscribed at that time",
	"session ended before it was sent"}

func (d Doubt) String() string { return doubtTexts[d] }

// Confidence says how sure it is that a copy belongs to this message.
type Confidence uint8

// The confidences, the surest first.
const (
	Exact     Confidence = iota // no other message could be meant
	Ordered                     // equal messages of one publisher, taken in their order
	Ambiguous                   // equal messages of several publishers
)

func (c Confidence) String() string { return [...]string{"exact", "ordered", "ambiguous"}[c] }

// Verdict is what there is to say of a message as a whole.
type Verdict uint8

// The verdicts.
const (
	Pending         Verdict = iota // copies are on their way
	Complete                       // every subscriber has it
	NoSubscriber                   // nobody is subscribed, as far as is seen
	InQueue                        // copies wait in the broker: a subscriber is offline, or its window is full
	Incomplete                     // a copy was sent and not acknowledged: refused, abandoned or overdue; or the publisher's PUBREL is overdue
	Undelivered                    // a copy was not forwarded
	RefusedByBroker                // the broker did not take it
	CannotKnow                     // of some subscriber it cannot be known
)

var verdictNames = [...]string{"pending", "complete", "no subscriber", "queued", "incomplete", "not forwarded", "refused", "unknown"}

func (v Verdict) String() string { return verdictNames[v] }

// Problem reports whether something is wrong: a subscriber should have the message and has not, or the broker refused it.
func (v Verdict) Problem() bool { return v.Wanting() || v == RefusedByBroker }

// Wanting reports whether a subscriber should have the message and has not.
func (v Verdict) Wanting() bool { return v == Undelivered || v == Incomplete || v == InQueue }

// A Copy is one message on its way to one subscriber, or to a group that shares a subscription. The Correlator owns it.
type Copy struct {
	// Forwarded, Received and Ended are when PUBLISH, PUBREC, and the last packet of the copy were seen; 0 where not.
	Forwarded, Received, Ended decode.Time
	// Released is when PUBREL was seen, of QoS 2.
	Released  decode.Time
	Handshake uint64 // of the copy; 0 for QoS 0
	Outcome   Outcome
	Doubt     Doubt
	// QoS is that of its PUBLISH; Granted is what the subscriptions that match grant at most. Both are 255 where not known.
	QoS, Granted uint8
	// Required says that its absence means something. Shared is a copy to a group.
	Required, Shared bool
	// Count is how many PUBLISH packets with identifiers of their own carried it: more than one where subscriptions overlap. Resends are not counted.
	Count   uint8
	Resends uint8

	m       *Message
	sess    *session // nil for a group whose member is not known yet
	place   int32    // in a list of sess.stuck, from 1; 0 where it is in none
	stuck   uint8    // in which
	overdue bool
	told    bool // an alert about it was raised
}

// another is a Copy that was not expected.
type another struct {
	Copy
	next *another
}

// A Message is one Application Message that entered the broker, with every copy that leaves it. The Correlator owns it. Thousands are kept, and none of them is at hand
// when its turn comes: its 320 bytes are five cache lines, and no more, with the copy that is the only one of most.
type Message struct {
	ID    uint64 // counts up from 1
	Topic string
	// At is when its PUBLISH was seen, Commit when the broker took it: see the package's notes on commit points. Told is when the
	// publisher's last acknowledgement was seen. 0 where not.
	At, Commit, Told decode.Time
	Settled          decode.Time // 0 while open
	Handshake        uint64      // of the publisher; 0 for QoS 0 and a Will
	Payload          int64       // length in bytes
	Expiry           uint32      // Message Expiry Interval in seconds; 0 where none
	QoS              uint8
	Retain, Will     bool
	Confidence       Confidence
	Reason           decode.ReasonCode // the broker's, where it refused it or has nobody to send it to
	Doubt            Doubt             // NoDoubt, or why no copy is required
	v5               bool
	unclear          bool    // who was subscribed is not known for sure
	racing           bool    // somebody was about to subscribe, or to unsubscribe
	verdict          Verdict // as it was told when m was settled
	delayed          bool    // a Will Message has a Will Delay Interval; of another one see Withheld
	late             bool    // see lateSpan
	// Replays counts how often it was sent as a retained message.
	Replays uint32
	length  uint32 // of the PUBLISH
	waiting int32  // copies that are waiting or queued
	open    int32  // copies that are forwarded or received

	broker    *broker
	publisher *session
	props     uint64
	key       uint64      // see keyOf
	rec, rel  decode.Time // QoS 2: PUBREC, PUBREL
	again     decode.Time // its PUBLISH was last sent again by the publisher; 0 is never
	due       uint64      // its place in Correlator.due; 0 where it is in none

	route  *route
	copies []Copy // of route: the targets, then the groups
	others *another

	elder, younger *Message // among the open ones
	before, after  *Message // of the same key
	chain          *chain   // nil where it is in none

	one [1]Copy // the memory of copies where it is one
}

// refused reports whether the broker did not take m.
func (m *Message) refused() bool { return m.Reason >= 0x80 }

// Withheld reports whether the broker, which has the message, may hold it back until its publisher sends PUBREL, which is overdue.
func (m *Message) Withheld() bool { return m.delayed && !m.Will && m.Settled == 0 }

// Publisher returns the publisher's session; it is never nil.
func (m *Message) Publisher() Party { return Party{m.publisher} }

// Committed reports whether the broker is known to have taken the message.
func (m *Message) Committed() bool { return m.Commit != 0 }

// Copies calls fn for each copy, those that were expected first.
func (m *Message) Copies(fn func(*Copy)) {
	for i := range m.copies {
		fn(&m.copies[i])
	}
	for c := m.others; c != nil; c = c.next {
		fn(&c.Copy)
	}
}

// Subscriber returns whom the copy is for; ok is false for a group of which no member has got it.
func (c *Copy) Subscriber() (p Party, ok bool) { return Party{c.sess}, c.sess != nil }

// Group returns the name and filter of the shared subscription that the copy is for; "" where it is for none.
func (c *Copy) Group() (name, filter string) {
	if !c.Shared || c.m.route == nil {
		return "", ""
	}
	for i := range c.m.route.groups {
		if &c.m.copies[len(c.m.route.targets)+i] == c {
			g := c.m.route.groups[i].group
			return g.name, g.filter
		}
	}
	return "", ""
}

// Whole is the time from the publisher's PUBLISH to the copy's last acknowledgement, or to its PUBLISH where that has QoS 0; negative where it is not known.
func (c *Copy) Whole() time.Duration {
	switch {
	case c.Outcome == Sent:
		return c.Forwarded.Sub(c.m.At)
	case c.Outcome == Acknowledged && c.Ended != 0:
		return c.Ended.Sub(c.m.At)
	}
	return -1
}

// Internal is the time that the broker had it: from commit to the copy's PUBLISH; negative where it is not known.
func (c *Copy) Internal() time.Duration {
	if c.Forwarded == 0 || c.m.Commit == 0 {
		return -1
	}
	return max(0, c.Forwarded.Sub(c.m.Commit))
}

// Response is the time that the subscriber took to acknowledge; negative where it is not known.
func (c *Copy) Response() time.Duration {
	if c.Outcome != Acknowledged || c.Ended == 0 {
		return -1
	}
	return c.Ended.Sub(c.Forwarded)
}

// A Tally counts the copies of a message.
type Tally struct {
	// Expected counts those that had to be sent; Forwarded, Acknowledged (QoS 0: sent), Missing and Unsure count copies, expected or not.
	Expected, Forwarded, Acknowledged, Missing, Unsure, Queued, Bad int
	// Worst is the longest time from the publisher's PUBLISH to a subscriber's last acknowledgement; negative where none is known.
	Worst time.Duration
	// Last is when the last subscriber had it; 0 where none has.
	Last decode.Time
}

// Tally counts the copies.
func (m *Message) Tally() Tally {
	t := Tally{Worst: -1}
	m.Copies(func(c *Copy) {
		if c.Required {
			t.Expected++
		}
		switch c.Outcome {
		case Forwarded, Received:
			t.Forwarded++
			if c.overdue {
				t.Bad++
			}
		case Acknowledged, Sent:
			t.Forwarded++
			t.Acknowledged++
			t.Worst = max(t.Worst, c.Whole())
			t.Last = max(t.Last, c.Ended)
		case Refused, Abandoned:
			t.Forwarded++
			t.Bad++
		case NotForwarded:
			t.Missing++
		case Queued:
			t.Queued++
		case Unknown, Expired:
			t.Unsure++
		}
	})
	return t
}

// Verdict says in one word what became of the message, the worst first.
func (m *Message) Verdict() Verdict {
	t := m.Tally()
	return m.VerdictBy(&t)
}

// VerdictBy is Verdict where the Tally is at hand.
func (m *Message) VerdictBy(t *Tally) Verdict {
	if m.refused() {
		return RefusedByBroker
	}
	switch {
	case t.Missing > 0:
		return Undelivered
	case t.Bad > 0, m.Withheld():
		return Incomplete
	case t.Queued > 0:
		return InQueue
	case t.Unsure > 0 && m.Settled != 0:
		return CannotKnow
	case m.Settled == 0:
		return Pending
	case m.Doubt != NoDoubt && t.Forwarded == 0:
		return CannotKnow
	case t.Acknowledged > 0 && t.Acknowledged >= t.Forwarded && m.racing:
		return CannotKnow
	case t.Acknowledged > 0 && t.Acknowledged >= t.Forwarded:
		return Complete
	case t.Forwarded > 0:
		return Incomplete
	}
	return NoSubscriber
}

// A Party is a session as deliveries name it.
type Party struct{ s *session }

// ClientID returns the Client Identifier, raw, "" where it is not known.
func (p Party) ClientID() string { return p.s.of.ClientID }

// Name returns the Client Identifier, escaped, or the client's address.
func (p Party) Name() string { return p.s.of.Name() }

// Address returns the client's address, "" where it is not known.
func (p Party) Address() string {
	if info, _ := p.s.of.Conn(); info != nil && info.Client.IsValid() {
		return info.Client.String()
	}
	return ""
}

// Session returns the session itself.
func (p Party) Session() *handshake.Session { return p.s.of }
