package filter

import (
	"net/netip"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A Session is what filters see of one.
type Session struct {
	Client     string         // Client Identifier, empty where not known
	Addr       netip.AddrPort // of the client, on its newest Network Connection
	Server     netip.AddrPort
	ServerName string
	Version    decode.Version
	Connected  bool
	Connecting bool // its CONNACK was not seen
	Silent     bool // for longer than Keep Alive allows
	Alert      bool // an alert of it, or of one of its handshakes, is open
	// Stuck and Open count handshakes, InFlight what each side has in its window, Limit how much fits; 0 where that is not known.
	Stuck, Open     int
	InFlight, Limit [2]int
	Connections     int
	Publish         [3]uint64     // by QoS
	Oldest          time.Duration // that something is in flight; below 0 where nothing is
	RTT             time.Duration // of the slower side, as the list shows it; below 0 where not known
	Idle            time.Duration // since the last packet
}

// Sessions is a parsed expression that chooses sessions. It does not change and may be used from several goroutines.
type Sessions struct {
	text string
	root node[*Session]
}

// ParseSessions parses an expression about sessions:
//
//	stuck client:pump inflight>5 rtt>200ms version:3.1.1
//
// The empty text gives nil, which chooses all. An error is an *Error.
func ParseSessions(text string) (*Sessions, error) {
	root, err := parse(text, sessions())
	if err != nil || root == nil {
		return nil, err
	}
	return &Sessions{text: text, root: root}, nil
}

// Match reports whether s is chosen.
func (f *Sessions) Match(s *Session) bool { return f == nil || f.root.match(s, 0) }

// String returns the text that was parsed.
func (f *Sessions) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

type sessionTest = testOf[*Session]

// sessions is the language about sessions, in the order in which messages and docs/filter.md name its words.
func sessions() language[*Session] {
	return language[*Session]{
		columns: []column[*Session]{
			{"client", "client:pump", sessionClientTest},
			{"host", "host:10.0.0.7", sessionHostTest},
			{"version", "version:5", sessionVersionTest},
			{"qos", "qos:2", sessionQoSTest},
			{"open", "open>0", numberTest(func(s *Session) int64 { return int64(s.Open) })},
			{"inflight", "inflight>5", numberTest(func(s *Session) int64 { return int64(max(s.InFlight[0], s.InFlight[1])) })},
			{"conns", "conns>3", numberTest(func(s *Session) int64 { return int64(s.Connections) })},
			{"age", "age>5s", timeTest(func(s *Session) time.Duration { return s.Oldest })},
			{"rtt", "rtt>200ms", timeTest(func(s *Session) time.Duration { return s.RTT })},
			{"idle", "idle>30s", timeTest(func(s *Session) time.Duration { return s.Idle })},
		},
		flags: map[string]sessionTest{
			"stuck":      func(s *Session, _ decode.Time) bool { return s.Stuck > 0 },
			"alert":      func(s *Session, _ decode.Time) bool { return s.Alert || s.Stuck > 0 },
			"full":       func(s *Session, _ decode.Time) bool { return s.full(0) || s.full(1) },
			"online":     func(s *Session, _ decode.Time) bool { return s.Connected },
			"offline":    func(s *Session, _ decode.Time) bool { return !s.Connected && !s.Connecting },
			"connecting": func(s *Session, _ decode.Time) bool { return s.Connecting },
			"silent":     func(s *Session, _ decode.Time) bool { return s.Silent },
		},
		bare: func(value string) sessionTest {
			part := fold(value)
			return func(s *Session, _ decode.Time) bool { return s.clientContains(part) || contains(s.ServerName, part) }
		},
	}
}

func (s *Session) full(side int) bool { return s.Limit[side] > 0 && s.InFlight[side] >= s.Limit[side] }

func (s *Session) clientContains(part string) bool {
	if s.Client != "" {
		return contains(s.Client, part)
	}
	return addrContains(s.Addr, part)
}

// addrContains reports whether an address as it is written holds part, without a conversion that allocates.
func addrContains(addr netip.AddrPort, part string) bool {
	var room [64]byte
	return contains(addr.AppendTo(room[:0]), part)
}

func sessionClientTest(t token) (sessionTest, string) {
	value, part := t.value, fold(t.value)
	switch t.op {
	case ":":
		return func(s *Session, _ decode.Time) bool { return s.clientContains(part) }, ""
	case "=":
		return func(s *Session, _ decode.Time) bool { return s.Client == value }, ""
	}
	return nil, "client takes : or =, as in client:pump"
}

func sessionHostTest(t token) (sessionTest, string) {
	if !isOp(t) {
		return nil, hostReason
	}
	ok, isAddr := addrTest(t.value)
	if !isAddr && brokenAddr(t.value) {
		return nil, notAddr
	}
	part := fold(t.value)
	return func(s *Session, _ decode.Time) bool {
		if isAddr {
			return ok(s.Addr) || ok(s.Server)
		}
		return contains(s.ServerName, part)
	}, ""
}

func sessionVersionTest(t token) (sessionTest, string) {
	for v, names := range map[decode.Version][]string{decode.V31: {"3.1"}, decode.V311: {"3.1.1", "4"}, decode.V5: {"5.0", "5"}} {
		for _, name := range names {
			if isOp(t) && t.value == name {
				return func(s *Session, _ decode.Time) bool { return s.Version == v }, ""
			}
		}
	}
	return nil, "the versions of MQTT are 3.1, 3.1.1 and 5: version:3.1.1"
}

func sessionQoSTest(t token) (sessionTest, string) {
	return usedQoS(t, func(s *Session) *[3]uint64 { return &s.Publish })
}
