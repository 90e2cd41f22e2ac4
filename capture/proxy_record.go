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

	mu     sync.Mutex
	conn   *TapConn // nil until the connection is known to be MQTT
	other  string   // what it is otherwise; nothing more is recorded then
	head   []byte   // what the client has sent until then
	skip   int      // bytes of a PROXY protocol header that are still to come
	headed bool     // the header was read
}

// maxProxyHead is after how many bytes without an answer a connection is taken for something else than MQTT.
const maxProxyHead = 16 << 10

// data records p as passing in direction dir now.
func (r *proxyRecord) data(dir decode.Direction, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.other != "":
	case r.conn != nil:
		r.conn.tap.data(r.conn, dir, p)
	case dir == decode.FromServer:
		r.settle() // an MQTT Server never speaks first
		if r.conn != nil {
			r.conn.tap.data(r.conn, dir, p)
		}
	default:
		r.first(p)
	}
}

// first takes bytes of the client that come before it is clear what it speaks.
func (r *proxyRecord) first(p []byte) {
	n := min(r.skip, len(p))
	r.skip -= n
	r.head = append(r.head, p[n:]...)
	if !r.headed {
		h, more := readProxyHeader(r.head)
		if more {
			return
		}
		r.headed = true
		if h.client.IsValid() {
			r.client = h.client
		}
		n := min(h.size, len(r.head))
		r.skip, r.head = h.size-n, r.head[n:]
	}
	switch g := decode.Classify(r.head); {
	case len(r.head) == 0:
	case g.Kind == decode.GuessConnect, g.Kind == decode.GuessPlausible:
		r.begin()
	case g.Kind != decode.GuessNeedMore:
		r.other = g.Kind.String()
	case len(r.head) > maxProxyHead:
		r.other = decode.GuessOther.String()
	}
	if r.other != "" {
		r.head = nil
	}
}

// begin opens the connection in the tap.
func (r *proxyRecord) begin() {
	r.conn = r.proxy.tap.open(nil, decode.FromClient, decode.ConnInfo{Client: r.client, Server: r.server})
	r.conn.tap.data(r.conn, decode.FromClient, r.head)
	r.head = nil
}

// settle decides with what there is.
func (r *proxyRecord) settle() {
	switch {
	case r.conn != nil || r.other != "":
	case len(r.head) == 0:
		r.other = "no data"
	case decode.Type(r.head[0]>>4) == decode.CONNECT && decode.Classify(r.head).Kind == decode.GuessNeedMore:
		r.begin() // the beginning of a CONNECT
	default:
		r.other = decode.GuessOther.String()
	}
}

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
