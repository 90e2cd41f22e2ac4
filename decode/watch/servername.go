package watch

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// serverNames says how Servers are called. It keeps the texts of some addresses: every row names one of the few Servers in sight. The zero value keeps none.
type serverNames [8]struct {
	addr netip.AddrPort
	text string
}

// of returns how the Server of s is called; "" where that is not known.
func (n *serverNames) of(s *handshake.Session) string {
	switch {
	case s.ServerName != "":
		return s.ServerName
	case s.Server.IsValid():
		return n.address(s.Server)
	}
	return ""
}

// address returns the text of an address, which has its place by its lowest byte and its port.
func (n *serverNames) address(a netip.AddrPort) string {
	bytes := a.Addr().As16()
	kept := &n[(uint16(bytes[15])^a.Port())%uint16(len(n))]
	if kept.addr != a {
		kept.addr, kept.text = a, a.String()
	}
	return kept.text
}
