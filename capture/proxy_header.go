package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
)

// A proxyHeader is what a load balancer or an HTTP proxy puts in front of a connection to say who the client is: the PROXY
// protocol, versions 1 (a line of text) and 2 (binary), as HAProxy's proxy-protocol.txt specifies them.
type proxyHeader struct {
	// size is the length of the whole header in bytes; 0 where there is none.
	size int
	// client is the address that it names; not valid where it names none, or one of another family than IP.
	client netip.AddrPort
}

const (
	proxyText    = "PROXY "
	proxyBinary  = "\r\n\r\n\x00\r\nQUIT\n"
	maxProxyText = 107 // §2.1, with CRLF
	proxyFixed   = 16  // bytes of version 2 before the addresses
	proxyIPv4    = 12  // bytes of addresses and ports
	proxyIPv6    = 36
)

// readProxyHeader looks for a header at the beginning of b. More is set while b is too short to tell.
func readProxyHeader(b []byte) (h proxyHeader, more bool) {
	switch {
	case beginsLike(b, proxyText):
		return readProxyText(b)
	case beginsLike(b, proxyBinary):
		return readProxyBinary(b)
	}
	return proxyHeader{}, false
}

// beginsLike reports whether b begins with s, as far as b goes.
func beginsLike(b []byte, s string) bool {
	n := min(len(b), len(s))
	return string(b[:n]) == s[:n]
}

func readProxyText(b []byte) (h proxyHeader, more bool) {
	line := b[:min(len(b), maxProxyText)]
	end := bytes.Index(line, []byte("\r\n"))
	if end < 0 {
		return proxyHeader{}, len(b) < maxProxyText
	}
	h.size = end + 2
	f := strings.Split(string(line[:end]), " ")
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return h, false // UNKNOWN
	}
	addr, addrErr := netip.ParseAddr(f[2])
	port, portErr := strconv.ParseUint(f[4], 10, 16)
	if addrErr == nil && portErr == nil {
		h.client = netip.AddrPortFrom(addr.Unmap(), uint16(port))
	}
	return h, false
}

func readProxyBinary(b []byte) (h proxyHeader, more bool) {
	if len(b) < proxyFixed {
		return proxyHeader{}, true
	}
	if b[12]>>4 != 2 {
		return proxyHeader{}, false
	}
	length := int(binary.BigEndian.Uint16(b[14:]))
	want := 0
	switch family := b[13] >> 4; {
	case b[12]&15 != 1: // LOCAL: the proxy's own, as for a health check
	case family == 1:
		want = proxyIPv4
	case family == 2:
		want = proxyIPv6
	}
	if want > length {
		want = 0
	}
	if len(b) < proxyFixed+want {
		return proxyHeader{}, true
	}
	h.size = proxyFixed + length
	a := b[proxyFixed:]
	switch want {
	case proxyIPv4:
		h.client = netip.AddrPortFrom(netip.AddrFrom4([4]byte(a)), binary.BigEndian.Uint16(a[8:]))
	case proxyIPv6:
		h.client = netip.AddrPortFrom(netip.AddrFrom16([16]byte(a)).Unmap(), binary.BigEndian.Uint16(a[32:]))
	}
	return h, false
}
