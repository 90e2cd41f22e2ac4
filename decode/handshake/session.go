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
	// What it takes for each packet stands first; see Link.
	flows     [2]inflight
	link      *Link // the newest Network Connection, nil while there is none
	ends      [2]recentEnds
	openTotal int
	partial   [2]bool // on that sending side handshakes may be open that were begun out of sight
	// Attachment belongs to the Observer.
	Attachment any
	pace       [2]pace
	orders     [2][3]ackOrder // by sending side and the state that waits: PUBACK, PUBREC, PUBREL
	seen       [2]*idSet

	ID uint64
	// ClientID is empty where not known. It is raw text from the wire, at most MaxText bytes.
	ClientID string
	// Server is the address to which the newest connection went; ServerName is what the user calls the Server, empty where that is nothing.
	Server     netip.AddrPort
	ServerName string
	Version    decode.Version
	// VersionAssumed is set where no CONNECT was seen.
	VersionAssumed bool

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

// Conn returns the newest Network Connection, and whether it still stands.
func (s *Session) Conn() (info *decode.ConnInfo, connected bool) { return s.newest, s.link != nil }

// Events returns the last events of the session's connections, oldest first. The slice is the session's own.
func (s *Session) Events() []LinkEvent { return s.events }

// Window returns how many handshakes of a sending side count in its window now, and the limit; 0 where it is not known.
func (s *Session) Window(sender decode.Direction) (inFlight, limit int) {
	if s.link == nil {
		return 0, 0
	}
	return s.link.outstanding[sender], int(s.link.limit[sender])
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
	s.partial[sender] = true
	s.seen[sender] = nil
}

// mayBeUnseen reports whether an acknowledgement of id, of which nothing is known, may belong to a handshake begun out of sight.
func (s *Session) mayBeUnseen(sender decode.Direction, id uint16) bool {
	return s.partial[sender] && (s.seen[sender] == nil || !s.seen[sender].has(id))
}

// note remembers that id was seen in use, where that matters.
func (s *Session) note(sender decode.Direction, id uint16) {
	if !s.partial[sender] {
		return
	}
	if s.seen[sender] == nil {
		s.seen[sender] = new(idSet)
	}
	s.seen[sender].add(id)
}

// Link is what the Tracker knows of one Network Connection. What it takes for each packet stands first and close together: with thousands of
// connections reading it is waiting for memory.
type Link struct {
	Session *Session
	Info    *decode.ConnInfo

	last      [2]decode.Time
	lastType  [2]decode.Type
	newest    decode.Type // of the last packet of either
	version   decode.Version
	blind     [2]bool // bytes of that end are missing, and no packet of it has come since
	undecided [2]bool // bytes of that end have come that are no packets yet
	deaf      [2]bool // nothing of that end is in the capture so far
	closed    bool
	left      bool   // DISCONNECT was seen: nothing more is owed on this connection
	asked     bool   // CONNECT was seen
	accepted  bool   // CONNACK with success was seen
	midStream bool   // Info.MidStream
	Noted     bool   // belongs to the Observer that has no Attachment; see Tracker.AddObserver
	index     uint32 // within its session, from 1
	number    uint32 // of all that the Tracker has seen, from 1
	open      *openAlerts

	outstanding [2]int
	lastTopic   [2]string
	limit       [2]uint16 // by sending side; 0 where not known
	keepAlive   uint16
	stall       [2]*timer
	plateau     [2]plateau
	fullSince   [2]decode.Time // since when the window of a sending side is full; 0: it is not

	// Attachment belongs to the Observer.
	Attachment any

	clean    bool   // Clean Start, or Clean Session
	refused  bool   // CONNACK with a failure was seen
	endsWith bool   // what CONNECT asks of the session; see Session.endsWith
	counted  bool   // its CONNECT stands in Session.connects
	expiry   uint32 // seconds

	pending   [2]int     // handshakes of a sending side that wait for redelivery
	leaver    LinkEvent  // with left
	ended     LinkEvent  // how it ended, where it has
	early     []earlyAck // see keepEarly
	displaced *Link      // whose place in the session this one took

	connack, ping, leave *timer
	windows, resumes     [2]*timer
	pingAt               decode.Time
	alive                *timer      // Keep Alive
	resumedAt            decode.Time // when CONNACK said Session Present; 0 where it did not
	connectAt            decode.Time
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
