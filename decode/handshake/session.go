package handshake

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
)

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

// maxLinkEvents bounds the LinkEvents kept of a session; the oldest go first.
const maxLinkEvents = 64

// sessionKey is what makes two connections the same session: the Client Identifier at a Server.
type sessionKey struct {
	server ServerID
	client string
}

// Session is a Client Identifier at a Server. It outlives Network Connections (5.0 §4.1). Until the CONNECT of a connection is seen
// the session is the connection.
type Session struct {
	link *Link // the newest Network Connection, nil while there is none
	// Attachment belongs to the Observer.
	Attachment any

	ID uint64
	// ClientID is empty where not known. It is raw text from the wire, at most MaxText bytes.
	ClientID string
	Version  decode.Version
	// VersionAssumed is set where no CONNECT was seen.
	VersionAssumed bool

	sides [2]sessionSide // by sending side; see Link for where it stands

	// Server is the address to which the newest connection went; ServerName is what the user calls the Server, empty where that is nothing.
	Server     netip.AddrPort
	ServerName string

	key       sessionKey // zero while the client is not known
	newest    *decode.ConnInfo
	links     uint32
	events    []LinkEvent
	endsWith  bool   // the session ends with its connection: Clean Session, or Session Expiry Interval 0
	expiry    uint32 // seconds
	expiring  *timer
	connects  connectHistory
	lastClose LinkEvent
	lastSent  decode.Type // the last packet before the last connection ended
	lastDeaf  bool        // nothing of the broker was seen on it

	resting            bool
	restPrev, restNext *Session
}

// sessionSide is a sending side of a session: three lines of the processor's cache, of which a PUBLISH takes the first and the last, and what ends its
// delivery the first two.
type sessionSide struct {
	flow inflight
	past past
	pace pace
	seen *idSet // the identifiers that were seen in use, where flow.partial is set
	// attachment belongs to the Observer; see Link.AttachmentOf.
	attachment any
}

// AttachmentOf is one more place for the Observer, of a sending side of the session that l belongs to. It lies next to what the Tracker looks at with each
// PUBLISH of that side, and so is at hand where the field Attachment of l is not.
func (l *Link) AttachmentOf(sender decode.Direction) *any { return &l.Session.sides[sender].attachment }

// open counts the handshakes that are open.
func (s *Session) open() int { return int(s.sides[0].flow.count + s.sides[1].flow.count) }

// Conn returns the newest Network Connection, and whether it still stands.
func (s *Session) Conn() (info *decode.ConnInfo, connected bool) { return s.newest, s.link != nil }

// Events returns the last events of the session's connections, oldest first. The slice is the session's own.
func (s *Session) Events() []LinkEvent { return s.events }

// Window returns how many handshakes of a sending side count in its window now, and the limit; 0 where it is not known.
func (s *Session) Window(sender decode.Direction) (inFlight, limit int) {
	if s.link == nil {
		return 0, 0
	}
	w := &s.link.sides[sender].window
	return int(w.outstanding), int(w.limit)
}

// Last returns when an end last sent a Control Packet on the newest connection, and which; 0 where it has not.
func (s *Session) Last(dir decode.Direction) (decode.Time, decode.Type) {
	if s.link == nil {
		return 0, 0
	}
	return s.link.last[dir], s.link.lastType[dir]
}

func (s *Session) addEvent(e LinkEvent) {
	if len(s.events) == maxLinkEvents {
		copy(s.events, s.events[1:])
		s.events = s.events[:maxLinkEvents-1]
	}
	s.events = append(s.events, e)
}

// joinedUnseen says that from here on handshakes of a sending side may be open that were begun out of sight.
func (s *Session) joinedUnseen(sender decode.Direction) {
	s.sides[sender].flow.partial = true
	s.sides[sender].seen = nil
}

// allSeen says that no handshake of a sending side is open that was begun out of sight.
func (s *Session) allSeen(sender int) {
	s.sides[sender].flow.partial = false
	s.sides[sender].seen = nil
}

// mayBeUnseen reports whether an acknowledgement of id, of which nothing is known, may belong to a handshake begun out of sight.
func (side *sessionSide) mayBeUnseen(id uint16) bool {
	return side.flow.partial && (side.seen == nil || !side.seen.has(id))
}

// note remembers that id was seen in use, where that matters.
func (side *sessionSide) note(id uint16) {
	if !side.flow.partial {
		return
	}
	if side.seen == nil {
		side.seen = new(idSet)
	}
	side.seen.add(id)
}

// Link is what the Tracker knows of one Network Connection. With thousands of connections reading it is waiting for memory, so that what it takes for each
// packet stands first: 56 bytes, which are one line of the processor's cache where Go's allocator puts 8 of its own before what is as large as a Link or a
// Session.
type Link struct {
	Session   *Session
	last      [2]decode.Time
	open      *openAlerts
	index     uint32 // within its session, from 1
	number    uint32 // of all that the Tracker has seen, from 1
	lastType  [2]decode.Type
	newest    decode.Type // of the last packet of either
	version   decode.Version
	blind     [2]bool // bytes of that end are missing, and no packet of it has come since
	undecided [2]bool // bytes of that end have come that are no packets yet
	deaf      [2]bool // nothing of that end is in the capture so far
	closed    bool
	left      bool // DISCONNECT was seen: nothing more is owed on this connection
	asked     bool // CONNECT was seen
	accepted  bool // CONNACK with success was seen
	began     bool // a packet was seen
	Noted     bool // belongs to the Observer that has no Attachment; see Tracker.AddObserver

	sides [2]linkSide // by sending side

	Info *decode.ConnInfo
	// Attachment belongs to the Observer.
	Attachment any

	keepAlive uint16
	clean     bool   // Clean Start, or Clean Session
	refused   bool   // CONNACK with a failure was seen
	endsWith  bool   // what CONNECT asks of the session; see Session.endsWith
	counted   bool   // its CONNECT stands in Session.connects
	expiry    uint32 // seconds

	pending   [2]int     // handshakes of a sending side that wait for redelivery
	leaver    LinkEvent  // with left
	ended     LinkEvent  // how it ended, where it has
	early     []earlyAck // see keepEarly
	displaced *Link      // whose place in the session this one took

	connack, ping, leave    *timer
	windows, resumes, stall [2]*timer
	pingAt                  decode.Time
	alive                   *timer      // Keep Alive
	resumedAt               decode.Time // when CONNACK said Session Present; 0 where it did not
	connectAt               decode.Time
}

// linkSide is a sending side of a Network Connection. With the first topic the first line of the processor's cache ends.
type linkSide struct {
	window sendWindow
	topics recentTopics
}

// openAlerts are the lasting alerts that are open on a Link; most never have one.
type openAlerts [linkAlerts]*Alert

// alert returns the alert that is open in a slot, nil where none is.
func (l *Link) alert(slot int) *Alert {
	if l.open == nil {
		return nil
	}
	return l.open[slot]
}

// The lasting alerts that a Link can have open, one of each.
const (
	linkConnack = iota
	linkPing
	linkWindow // and linkWindow+1: by sending side
	linkWindow2
	linkResume // and linkResume+1: by sending side
	linkResume2
	linkAlive
	linkLatency // and linkLatency+1: by sending side
	linkLatency2
	linkStall // and linkStall+1: by sending side
	linkStall2
	linkAlerts
)
