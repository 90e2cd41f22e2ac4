package capture

import (
	"net/netip"
	"sync"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A proxyRecord hands what passes on one connection of a Proxy to its tap, once it is clear that it is MQTT. A PROXY protocol
// header in front of it is left out, but the client that it names is believed.
type proxyRecord struct {
	proxy          *Proxy
	client, server netip.AddrPort
	peer           netip.AddrPort // who speaks for the client, where a header named it

	mu      sync.Mutex
	conn    *TapConn // nil until the connection is known to be MQTT
	other   string   // what it is otherwise; nothing more is recorded then
	head    []byte   // what the client has sent until then
	skip    int      // bytes of a PROXY protocol header that are still to come
	read    bool     // the header was read, or there is none
	headed  bool     // and it is over
	ws      *webSocket
	scratch []byte
}

// maxProxyHead is after how many bytes without an answer a connection is taken for something else than MQTT.
const maxProxyHead = 16 << 10

// data records p as passing in direction dir now.
func (r *proxyRecord) data(dir decode.Direction, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.other != "":
	case r.ws != nil:
		r.ws.data(uint8(dir), p, 0)
	case dir == decode.FromClient && !r.headed:
		r.header(p)
	default:
		r.mqtt(dir, p)
	}
}

// header takes bytes of the client that may be those of a PROXY protocol header.
func (r *proxyRecord) header(p []byte) {
	n := min(r.skip, len(p))
	r.skip -= n
	r.head = append(r.head, p[n:]...)
	if !r.read {
		h, more := readProxyHeader(r.head)
		if more {
			return
		}
		r.read = true
		if h.client.IsValid() {
			r.client, r.peer = h.client, r.client
		}
		n := min(h.size, len(r.head))
		r.skip, r.head = h.size-n, r.head[n:]
	}
	if r.skip == 0 {
		r.headed = true
		p, r.head = r.head, nil
		r.mqtt(decode.FromClient, p)
	}
}

// mqtt takes bytes that are MQTT, or show that they are not.
func (r *proxyRecord) mqtt(dir decode.Direction, p []byte) {
	switch {
	case r.other != "" || len(p) == 0:
	case r.conn != nil:
		r.conn.tap.data(r.conn, dir, p)
	case dir == decode.FromServer:
		r.settle() // an MQTT Server never speaks first
		if r.conn != nil {
			r.conn.tap.data(r.conn, dir, p)
		}
	default:
		r.head = append(r.head, p...)
		r.judge()
	}
}

// judge looks at what the client has sent, and decides what it is.
func (r *proxyRecord) judge() {
	switch g := decode.Classify(r.head); {
	case g.Kind == decode.GuessConnect, g.Kind == decode.GuessPlausible:
		r.begin()
	case g.Kind == decode.GuessWebSocket && r.ws == nil:
		upgrade := r.head
		r.head, r.ws = nil, newWebSocket(r)
		r.ws.data(uint8(decode.FromClient), upgrade, 0)
	case g.Kind != decode.GuessNeedMore:
		r.refuse(g.Kind.String())
	case len(r.head) > maxProxyHead:
		r.refuse(decode.GuessOther.String())
	}
}

// begin opens the connection in the tap.
func (r *proxyRecord) begin() {
	info := decode.ConnInfo{Client: r.client, Server: r.server, Peer: r.peer}
	if r.ws != nil {
		info.Transport = r.ws.name()
	}
	r.conn = r.proxy.tap.open(nil, decode.FromClient, info)
	r.conn.tap.data(r.conn, decode.FromClient, r.head)
	r.head = nil
}

// settle decides with what there is.
func (r *proxyRecord) settle() {
	switch {
	case r.conn != nil || r.other != "":
	case len(r.head) > 0 && decode.Type(r.head[0]>>4) == decode.CONNECT && decode.Classify(r.head).Kind == decode.GuessNeedMore:
		r.begin() // the beginning of a CONNECT
	case r.ws != nil:
		r.refuse(r.ws.name())
	case len(r.head) == 0:
		r.refuse("no data")
	default:
		r.refuse(decode.GuessOther.String())
	}
}

// bytes implements inside: it takes what came in WebSocket.
func (r *proxyRecord) bytes(side uint8, b []byte, _ decode.Time) { r.mqtt(decode.Direction(side), b) }

// missing implements inside: the frames make no sense any more.
func (r *proxyRecord) missing(side uint8, n int64, _ decode.Time) {
	if r.conn != nil {
		r.conn.tap.gap(r.conn, decode.Direction(side), n)
	}
}

// room implements inside. The tap copies what it is given.
func (r *proxyRecord) room(n int) []byte {
	if r.scratch == nil {
		r.scratch = make([]byte, minRelayBuffer)
	}
	return r.scratch[:min(n, len(r.scratch))]
}

// refuse implements inside: there is no MQTT to be had.
func (r *proxyRecord) refuse(label string) {
	r.head = nil
	if r.conn == nil {
		r.other = label
		return
	}
	r.count(label)
}

// count implements inside.
func (r *proxyRecord) count(what string) { r.proxy.note(what) }

// end keeps how the connection ended; the first to say so is right.
func (r *proxyRecord) end(dir decode.Direction, cause decode.CloseCause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if r.conn != nil {
		r.conn.end(dir, cause)
	}
}

// close tells the tap that nothing more comes. Where no end was kept it was mqttwatch that stopped: the tap is not told of an end that
// neither side made.
func (r *proxyRecord) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle()
	if r.other != "" {
		r.proxy.count(r.other)
		return
	}
	if r.conn.ended {
		r.conn.tap.ended(r.conn, r.conn.dir, r.conn.cause)
	}
}
