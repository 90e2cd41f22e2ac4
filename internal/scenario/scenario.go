// Package scenario reads stories of MQTT connections written as text, so that a bug report becomes a test in five minutes:
//
//	# mosquitto 1332: QoS 2 publish hangs
//	c1 client=10.0.0.5:50001 server=10.0.0.1:1883
//	0.000 c1 > CONNECT client=pump-2 v=3.1.1 clean
//	0.010 c1 < CONNACK
//	1.000 c1 > PUBLISH q=2 id=7 topic=a/b payload=on
//	9.000 c1 > PINGREQ
//	9.010 c1 < PINGRESP
//	60 tick
//	-- events --
//	6.000 raised warn pubrec-overdue: broker has owed PUBREC to pump-2 for 5.0s: id 7 (QoS 2, a/b)
//	31.000 escalated critical pubrec-overdue: broker has owed PUBREC to pump-2 for 30.0s: id 7 (QoS 2, a/b)
//	60.000 awaiting PUBREC QoS 2 id 7 from client of pump-2
//
// Times are seconds since the start. ">" is Client → Server, "<" is Server → Client. What follows "-- events --" is what the tracker is
// to conclude, one event a line. CONTRIBUTING.md lists the words of each packet.
package scenario

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// maxTime is the latest time of a story, in seconds: a month.
const maxTime = 31 * 24 * 3600

// Separator stands between what happens and what is concluded.
const Separator = "-- events --"

// A Scenario is one story.
type Scenario struct {
	Title string
	Conns []*Conn
	Acts  []Act
	// Events is what is to be concluded: the lines after the separator.
	Events []string
	// Expect are the rules that messages are held against: lines such as "expect: cmd/{id}/set -> stat/{id} within 1s".
	Expect []string
	// Servers are addresses that are one Server: lines such as "server: prod=10.0.0.1,10.0.0.2".
	Servers []string
}

// A Conn is one Network Connection of a story.
type Conn struct {
	Name           string
	Client, Server netip.AddrPort
	MidStream      bool
}

// Op is what an Act does.
type Op uint8

// The operations.
const (
	Send  Op = iota // Bytes, one Control Packet, go from Dir
	Gap             // Missing bytes from Dir are not in the capture
	Close           // Dir ends the connection, in the way of Cause
	Tick            // nothing but time
)

// An Act is one line of a story.
type Act struct {
	At      time.Duration
	Conn    *Conn // nil for Tick
	Op      Op
	Dir     decode.Direction
	Bytes   []byte
	Missing int64
	Cause   decode.CloseCause
	Line    int
}

// Parse reads a story. Errors name the line.
func Parse(r io.Reader) (*Scenario, error) {
	s := &Scenario{}
	p := parser{s: s, conns: map[string]*connState{}}
	lines := bufio.NewScanner(r)
	events := false
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		switch {
		case text == Separator:
			events = true
		case events && text != "":
			s.Events = append(s.Events, text)
		case events || text == "":
		case strings.HasPrefix(text, "expect:"):
			s.Expect = append(s.Expect, strings.TrimSpace(strings.TrimPrefix(text, "expect:")))
		case strings.HasPrefix(text, "server:"):
			s.Servers = append(s.Servers, strings.TrimSpace(strings.TrimPrefix(text, "server:")))
		case strings.HasPrefix(text, "#"):
			if s.Title == "" {
				s.Title = strings.TrimSpace(strings.TrimPrefix(text, "#"))
			}
		default:
			if err := p.line(text, n); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(s.Acts) == 0 {
		return nil, fmt.Errorf("nothing happens: no line has a time")
	}
	return s, nil
}

type connState struct {
	*Conn
	version decode.Version // of the last CONNECT
}

type parser struct {
	s     *Scenario
	conns map[string]*connState
	last  time.Duration
}

func (p *parser) line(text string, n int) error {
	words, err := split(text)
	if err != nil {
		return err
	}
	if c := words[0][0]; c < '0' || c > '9' {
		return p.conn(words)
	}
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil || at > maxTime {
		return fmt.Errorf("time %q: give seconds since the start, such as 1.250; a connection's name begins with a letter", words[0])
	}
	a := Act{At: time.Duration(math.Round(at*1e6)) * time.Microsecond, Line: n}
	if a.At < p.last {
		return fmt.Errorf("time %s goes back", words[0])
	}
	p.last = a.At
	if len(words) == 2 && words[1] == "tick" {
		a.Op = Tick
		p.s.Acts = append(p.s.Acts, a)
		return nil
	}
	if len(words) < 4 {
		return fmt.Errorf("want: TIME CONNECTION > PACKET …, TIME CONNECTION gap > BYTES, TIME CONNECTION close > fin, or TIME tick")
	}
	c := p.conns[words[1]]
	if c == nil {
		return fmt.Errorf("no connection is called %q: a line with its name alone declares it", words[1])
	}
	a.Conn = c.Conn
	if err := p.act(&a, c, words[2:]); err != nil {
		return err
	}
	p.s.Acts = append(p.s.Acts, a)
	return nil
}

func (p *parser) act(a *Act, c *connState, words []string) (err error) {
	switch words[0] {
	case "gap":
		a.Op = Gap
		if a.Dir, err = direction(words[1]); err != nil {
			return err
		}
		if a.Missing, err = strconv.ParseInt(words[2], 10, 32); err != nil || a.Missing < 1 {
			return fmt.Errorf("gap of %q bytes: give a number from 1 on", words[2])
		}
		return nil
	case "close":
		a.Op = Close
		if a.Dir, err = direction(words[1]); err != nil {
			return err
		}
		causes := map[string]decode.CloseCause{"fin": decode.CloseFIN, "rst": decode.CloseRST, "evicted": decode.CloseEvicted, "reused": decode.CloseReused}
		cause, ok := causes[words[2]]
		if !ok {
			return fmt.Errorf("unknown way to close %q: fin, rst, evicted, reused", words[2])
		}
		a.Cause = cause
		return nil
	}
	if a.Dir, err = direction(words[0]); err != nil {
		return err
	}
	a.Bytes, err = encode(c, words[1], words[2:])
	return err
}

func direction(word string) (decode.Direction, error) {
	switch word {
	case ">":
		return decode.FromClient, nil
	case "<":
		return decode.FromServer, nil
	}
	return 0, fmt.Errorf("want > or <, not %q", word)
}

// conn reads the declaration of a connection.
func (p *parser) conn(words []string) error {
	c := &Conn{
		Name:   words[0],
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(10 + len(p.conns))}), uint16(50001+len(p.conns))),
		Server: netip.MustParseAddrPort("10.0.0.1:1883"),
	}
	state := &connState{Conn: c, version: decode.V311}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		var err error
		switch key {
		case "client":
			c.Client, err = address(key, value)
		case "server":
			c.Server, err = address(key, value)
		case "midstream":
			c.MidStream = true
		case "v":
			state.version, err = version(value)
		default:
			err = fmt.Errorf("unknown word %q: client=ADDR server=ADDR midstream v=VERSION", key)
		}
		if err != nil {
			return err
		}
	}
	if p.conns[c.Name] != nil {
		return fmt.Errorf("connection %q stands twice", c.Name)
	}
	p.conns[c.Name] = state
	p.s.Conns = append(p.s.Conns, c)
	return nil
}

func address(key, value string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(value)
	if err != nil {
		return a, fmt.Errorf("%s=%s: give an address and port, such as 10.0.0.5:50001 or [fd00::5]:50001", key, value)
	}
	return a, nil
}

func version(s string) (decode.Version, error) {
	switch s {
	case "3.1":
		return decode.V31, nil
	case "3.1.1", "4":
		return decode.V311, nil
	case "5", "5.0":
		return decode.V5, nil
	}
	return 0, fmt.Errorf("unknown version %q: 3.1, 3.1.1, 5", s)
}

// split cuts a line at spaces that do not stand in double quotes.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted := false
	flush := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case (r == ' ' || r == '\t') && !quoted:
			flush()
		default:
			word.WriteRune(r)
		}
	}
	flush()
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	return words, nil
}
