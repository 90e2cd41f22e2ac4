package filter

import (
	"net/netip"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// What the words ask of a handshake, in one place. None of these allocates.

// clientID returns the Client Identifier, "" where it is not known.
func clientID(h *handshake.Handshake) string {
	if h.Session == nil {
		return ""
	}
	return h.Session.ClientID
}

// clientAddr returns the client's end of the session's newest Network Connection.
func clientAddr(h *handshake.Handshake) netip.AddrPort {
	if h.Session == nil {
		return netip.AddrPort{}
	}
	if info, _ := h.Session.Conn(); info != nil {
		return info.Client
	}
	return netip.AddrPort{}
}

func serverAddr(h *handshake.Handshake) netip.AddrPort {
	if h.Session == nil {
		return netip.AddrPort{}
	}
	return h.Session.Server
}

// serverName returns how the user called the Server.
func serverName(h *handshake.Handshake) string {
	if h.Session == nil {
		return ""
	}
	return h.Session.ServerName
}

// anyStep reports whether test holds for one of the packets seen.
func anyStep(h *handshake.Handshake, test func(handshake.Step) bool) bool {
	for i := range h.Steps() {
		if test(h.Step(i)) {
			return true
		}
	}
	return false
}

// reasonName returns the name of the Reason Code that p carries.
func reasonName(h *handshake.Handshake, p decode.Type, code decode.ReasonCode) string {
	version := decode.V5
	if h.Session != nil && h.Session.Version != 0 {
		version = h.Session.Version
	}
	return code.Name(p, version)
}
