package watch

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// A Query says what of the state a screen shows, so that a Snapshot copies that and no more.
type Query struct {
	// Filter chooses handshakes; nil chooses all.
	Filter *filter.Filter
	// First and Limit are the window of rows wanted, counted among the chosen, oldest first. With Follow, the last
	// Limit rows are given and First is ignored.
	First, Limit int
	Follow       bool
	// Around, if not 0, is a handshake that the window is to contain (the row under the cursor): First is moved by as
	// much as eviction moved that row since, so that the screen stands still. AroundRow is its place in the window.
	Around    uint64
	AroundRow int
	// Ladder, if not 0, is a handshake of which everything is wanted.
	Ladder uint64
	// Alerts asks for the list of alerts: the last AlertLimit of them, 0 for none.
	AlertLimit int
}

// A Snapshot is a copy of the part of the state that a Query asks for, at one moment. It shares nothing with
// the engine and may be kept (that is what freezing the screen does). All texts from the wire in it are raw:
// escape them before showing.
type Snapshot struct {
	// Now is the time of the capture: that of the newest segment or tick. Ages are counted from it.
	Now    decode.Time
	Counts Counts
	// Sources is what each source says of itself.
	Sources []decode.SourceStats

	// Total is how many handshakes are kept, Matched how many of them the filter chose, First the place of Rows[0]
	// among those.
	Total, Matched, First int
	Rows                  []Row

	// Ladder is the handshake asked for; nil where none was, or it is no longer kept.
	Ladder *Ladder
	// Alerts, newest first.
	Alerts []Alert
	// Stuck is how many handshakes and sessions have an alert open now, by the worst severity.
	Stuck Stuck
}

// Counts are totals since the start. They only grow.
type Counts struct {
	Packets    [16]uint64 // by decode.Type
	Publish    [3]uint64  // by QoS
	Bytes      uint64     // of Control Packets
	Malformed  uint64
	Handshakes [2]Outcomes // QoS 1, QoS 2
	Alerts     map[handshake.AlertName]uint64
	// Connections with at least one Control Packet; Sessions seen; Encrypted connections are in Sources.
	Connections, Sessions uint64
	// Lost and LostBytes count runs of bytes that did not become packets (gaps included).
	Lost, LostBytes uint64
	// Evicted counts finished handshakes that were dropped to keep to the bound Keep.
	Evicted uint64
	Keep    int
}

// Outcomes counts handshakes whose PUBLISH was seen by how they ended, and those first seen in the middle apart.
type Outcomes struct {
	Complete, Refused, Abandoned, Unknown, Open uint64
	JoinedLate                                  uint64
}

// Stuck counts what is open with an alert now.
type Stuck struct{ Warn, Critical int }

// Owed says which packet is owed, by whom, since when.
type Owed struct {
	Packet decode.Type // 0 where nothing is owed
	By     decode.Direction
	Since  decode.Time
}

// A Row is one handshake as a list shows it.
type Row struct {
	ID uint64
	// Client is the Client Identifier, or the client's address where ClientKnown is not set.
	Client      string
	ClientKnown bool
	Server      string
	Addr        netip.AddrPort // the client's, on its newest connection
	Sender      decode.Direction
	Kind        handshake.Kind
	PacketID    uint16
	Topic       string
	Payload     int // length in bytes
	State       handshake.State
	Severity    handshake.Severity
	Reason      decode.ReasonCode
	Owes        Owed
	Started     decode.Time
	Ended       decode.Time // 0 while open
	Resends     int
	Retain      bool
	JoinedLate  bool
	Unsure      bool
	Version     decode.Version
	Source      string
	// Steps are the packets so far, oldest first; StepsDropped counts those beyond the bound.
	Steps        []handshake.Step
	StepsDropped int
}

// A Ladder is everything about one handshake.
type Ladder struct {
	Row
	// VersionAssumed is set where no CONNECT was seen.
	VersionAssumed bool
	// Packets holds, for each of Steps, the bytes of the Control Packet as far as they are still kept (nil: no longer).
	Packets []Raw
	// Links are the events of the session's connections between the first step and Now (at most 64): CONNECT,
	// CONNACK, close, gap.
	Links []handshake.LinkEvent
	// Alerts on this handshake and on its session, newest first.
	Alerts []Alert
	// InFlight and Limit tell how full the sender's window is; Limit is 0 where not known.
	InFlight, Limit int
	// LastFromClient and LastFromServer are when either end last sent anything on the session's connection.
	LastFromClient, LastFromServer decode.Time
	Connected                      bool
}

// Raw is the bytes of one Control Packet, as on the wire.
type Raw struct {
	Bytes   []byte // at most the bounds of decode.Options; nil where no longer kept
	Length  int64  // on the wire
	Version decode.Version
}

// An Alert as a list shows it.
type Alert struct {
	ID        uint64
	Name      handshake.AlertName
	Severity  handshake.Severity
	Raised    decode.Time
	Cleared   decode.Time // 0 while the condition lasts
	Last      decode.Time // when it last happened, for what happens at a point in time
	Count     int
	Lasting   bool   // a condition that lasts and can clear, not a point in time
	Handshake uint64 // its subject, 0 where it is not about one handshake
	Client    string
	PacketID  uint16
	// Text is one line: what is owed, by whom, since when. Detail has the rest: what still works, what it blocks.
	// Both are escaped already.
	Text, Detail string
}
