package capture

import "github.com/mqttwatch/mqttwatch/decode"

// roleSource says what told the Client from the Server, the best last.
type roleSource uint8

const (
	rolesUnknown roleSource = iota
	rolesPort               // a guess
	rolesShared             // several connections have one of the ends in common: a good guess
	rolesServer             // the user named the Server's port, or another connection of it told
	rolesContent            // packets that only one of them sends
	rolesSYN
)

// assumed reports whether roles are a guess, which what the ends send may still correct.
func (r roleSource) assumed() bool { return r < rolesServer }

// maxEnds bounds how many ends of connections are remembered, twice. An entry is about 100 bytes.
const maxEnds = 4 << 10

// flowEnd is an address and port, as flowKey has them.
type flowEnd struct {
	ip   [2]uint64
	port uint16
}

// standing is what connections of the capture told of one end.
type standing struct {
	server bool
	shared bool    // it has connections with several others
	peer   flowEnd // the first of them that was joined in mid-stream; none has port 0
}

// endBook remembers what is known of ends of connections, also beyond the end of their connections. When it is full, those that were not looked at
// since it was full before are forgotten.
type endBook struct {
	young, old map[flowEnd]standing
}

func (e *endBook) get(p flowEnd) standing {
	s, ok := e.young[p]
	if ok {
		return s
	}
	if s, ok = e.old[p]; ok {
		e.put(p, s)
	}
	return s
}

func (e *endBook) put(p flowEnd, s standing) {
	if len(e.young) >= maxEnds || e.young == nil {
		e.young, e.old = map[flowEnd]standing{}, e.young
	}
	e.young[p] = s
}

func (k *flowKey) end(side uint8) flowEnd {
	if side == 0 {
		return flowEnd{k.a, k.pa}
	}
	return flowEnd{k.b, k.pb}
}

// between returns the key of a connection of two ends.
func between(p, q flowEnd) flowKey {
	k := flowKey{a: p.ip, b: q.ip}
	k.normalise(p.port, q.port)
	return k
}

// tellRoles finds out which end is the Client: who sent the SYN, else who sent packets that only a Client sends, else who is not known to be
// a Server, else who is not the one with several connections, else who is not on a port of MQTT, else who has the higher port.
func (a *assembler) tellRoles(f *flow) {
	if f.roles == rolesSYN || f.tellByContent() || a.tellByServer(f) {
		a.know(f)
		return
	}
	if !a.tellByOthers(f) {
		a.guessByPort(f)
	}
}

func (f *flow) tellByContent() bool {
	if f.stage != nil {
		if side, known := f.stage.client(); known {
			f.roles, f.client = rolesContent, side
			return true
		}
	}
	for side := range uint8(2) {
		if dir, tells := f.early.side[side].guess.Sender(); tells && f.early.side[side].guess.Bits > 0 {
			f.roles = rolesContent
			f.client = side ^ uint8(dir)
			return true
		}
	}
	return f.roles == rolesContent
}

// tellByServer goes by what is known of one end, and not of the other.
func (a *assembler) tellByServer(f *flow) bool {
	for _, known := range [...]func(side uint8) bool{
		func(side uint8) bool { return a.ports[f.key.port(side)] },
		func(side uint8) bool { return a.ends.get(f.key.end(side)).server },
	} {
		if zero := known(0); zero != known(1) {
			f.roles, f.client = rolesServer, 0
			if zero {
				f.client = 1
			}
			return true
		}
	}
	return false
}

// tellByOthers goes by which end has connections with several others. It takes note of the connection, and turns the first one of such an end, of which this
// was not known.
func (a *assembler) tellByOthers(f *flow) bool {
	var shared [2]bool
	for side := range uint8(2) {
		p, peer := f.key.end(side), f.key.end(side^1)
		s := a.ends.get(p)
		s.shared = s.shared || s.peer.port != 0 && s.peer != peer
		if s.peer.port == 0 {
			s.peer = peer
		}
		a.ends.put(p, s)
		shared[side] = s.shared
	}
	if shared[0] == shared[1] {
		return false
	}
	client := uint8(0)
	if shared[0] {
		client = 1
	}
	if a.oddForClient(f.key.port(client)) {
		return false
	}
	f.roles, f.client = rolesShared, client
	a.firstOf(f.key.end(f.client^1), rolesShared)
	return true
}

// ephemeral is where the ports begin that systems choose for who connects, but for old ones.
const ephemeral = 10_000

// oddForClient reports whether a port is more likely a Server's: a Client's port may be in use for two brokers as well.
func (a *assembler) oddForClient(port uint16) bool {
	_, mqtt := a.ports[port]
	return mqtt || port < ephemeral
}

func (a *assembler) guessByPort(f *flow) {
	f.roles = rolesPort
	_, zero := a.ports[f.key.pa]
	_, one := a.ports[f.key.pb]
	switch {
	case zero && !one:
		f.client = 1
	case one && !zero:
		f.client = 0
	case f.key.pa > f.key.pb:
		f.client = 0
	default:
		f.client = 1
	}
}

// know remembers the Server of a connection of which the roles are known.
func (a *assembler) know(f *flow) {
	client, server := f.key.end(f.client), f.key.end(f.client^1)
	if s := a.ends.get(client); s.server { // it has become a Client's port
		s.server = false
		a.ends.put(client, s)
	}
	if s := a.ends.get(server); !s.server {
		s.server = true
		a.ends.put(server, s)
		a.firstOf(server, rolesServer)
	}
}

// firstOf turns the first connection of a Server, if it was guessed wrong.
func (a *assembler) firstOf(server flowEnd, roles roleSource) {
	peer := a.ends.get(server).peer
	if peer.port == 0 || roles.assumed() && a.oddForClient(peer.port) {
		return
	}
	k := between(server, peer)
	f := a.flows.find(&k)
	if f == nil || f.kind != isMQTT || f.closed || !f.roles.assumed() {
		return
	}
	if f.key.end(f.client) == server {
		a.turn(f, roles)
	}
	f.roles = roles
}

// oneWay are the types that only one end sends (5.0 §2.1.2).
const oneWay = 1<<decode.CONNECT | 1<<decode.CONNACK | 1<<decode.SUBSCRIBE | 1<<decode.SUBACK | 1<<decode.UNSUBSCRIBE | 1<<decode.UNSUBACK |
	1<<decode.PINGREQ | 1<<decode.PINGRESP

// revise looks at what an end sends of which the role is a guess. Only segments of whole packets count, and only if both ends agree, as with
// PINGREQ and PINGRESP: a piece of a payload may look like either.
func (a *assembler) revise(f *flow, side uint8, data []byte) {
	if f.stage != nil || oneWay>>(data[0]>>4)&1 == 0 || !wholePackets(data) {
		return
	}
	g := decode.Classify(data)
	dir, tells := g.Sender()
	if !tells || g.Kind != decode.GuessConnect && g.Kind != decode.GuessPlausible {
		return
	}
	var client uint8
	switch f.said |= said(side, dir); f.said {
	case said(0, decode.FromClient) | said(1, decode.FromServer):
		client = 0
	case said(1, decode.FromClient) | said(0, decode.FromServer):
		client = 1
	case said(side, dir):
		return // the other end has said nothing yet
	default:
		f.said = 0
		return
	}
	if f.client != client {
		a.turn(f, rolesContent)
	}
	f.roles = rolesContent
	a.know(f)
}

// said is the bit of flow.said for an end that spoke as only the Client does, or only the Server.
func said(side uint8, dir decode.Direction) uint8 { return 1 << (2*side + uint8(dir)) }

// wholePackets reports whether b ends where a Control Packet does, by the lengths in it.
func wholePackets(b []byte) bool {
	for len(b) > 0 {
		length, n := 0, 1
		for more := true; more; n++ {
			if n > 4 || n >= len(b) {
				return false
			}
			length |= int(b[n]&0x7F) << (7 * (n - 1))
			more = b[n]&0x80 != 0
		}
		if length > len(b)-n {
			return false
		}
		b = b[n+length:]
	}
	return true
}

// turn makes the Client of a connection its Server. A Conn stays what it is made for: it is no longer followed, and another takes its place.
func (a *assembler) turn(f *flow, roles roleSource) {
	f.out = max(f.out, a.now)
	a.emit(decode.Segment{Conn: f.conn, Kind: decode.Close, Time: f.out, Dir: decode.FromClient, Cause: decode.CloseEvicted})
	f.client ^= 1
	f.roles = roles
	a.openConn(f, f.out)
}
