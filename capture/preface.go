package capture

import "github.com/mqttwatch/mqttwatch/decode"

// maxPreface is how long a PROXY protocol header may be.
const maxPreface = 4 << 10

// A preface is the stage for as long as a connection begins like a PROXY protocol header. It takes the header off, notes whom it
// names, and leaves: what comes behind may be MQTT, or WebSocket.
type preface struct {
	a    *assembler
	f    *flow
	side uint8
	head []byte // at most what decides, a few bytes more than a segment
	skip int    // bytes of the header that are still to come
}

// preface begins a stage if the first bytes of a connection can begin a PROXY protocol header.
func (a *assembler) preface(f *flow, side uint8, data []byte) bool {
	if len(data) == 0 || !beginsLike(data, proxyText) && !beginsLike(data, proxyBinary) {
		return false
	}
	f.stage = &preface{a: a, f: f, side: side}
	return true
}

func (p *preface) data(side uint8, b []byte, t decode.Time) {
	switch {
	case side != p.side:
		p.a.payload(p.f, side, b, t)
		return
	case p.skip > 0:
		n := min(p.skip, len(b))
		p.skip -= n
		p.leave(b[n:], t)
		return
	}
	p.head = append(p.head, b...)
	h, more := readProxyHeader(p.head)
	switch {
	case more:
	case h.size == 0 || h.size > maxPreface:
		p.leave(p.head, t)
	default:
		p.note(h)
		n := min(h.size, len(p.head))
		p.skip = h.size - n
		p.leave(p.head[n:], t)
	}
}

// note takes down whom the header names. Who sends one speaks for the Client.
func (p *preface) note(h proxyHeader) {
	if h.client.IsValid() {
		p.f.named = &h.client
	}
	if p.f.roles < rolesContent {
		p.f.roles, p.f.client = rolesContent, p.side
	}
}

// leave ends the stage, if the header is over, and hands on what comes behind it.
func (p *preface) leave(b []byte, t decode.Time) {
	if p.skip > 0 {
		return
	}
	p.f.stage = nil
	if len(b) > 0 {
		p.a.payload(p.f, p.side, b, t)
	}
}

func (p *preface) gap(side uint8, n int64, t decode.Time) {
	if side != p.side {
		p.a.missing(p.f, side, n, t)
		return
	}
	if int64(p.skip) >= n {
		p.skip -= int(n)
		p.leave(nil, t)
		return
	}
	p.skip = 0
	p.leave(p.head, t)
	p.a.gap(p.f, side, n, t)
}

func (p *preface) client() (uint8, bool) { return p.side, true }
func (p *preface) promised() bool        { return false }
func (p *preface) whole(uint8) bool      { return false }
func (p *preface) name() string          { return "" }
