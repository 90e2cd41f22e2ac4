package handshake

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

// A ServerID is what makes two addresses the same Server: the name that the user gave it, or the address itself where there is none.
type ServerID struct {
	addr netip.AddrPort
	name string
}

func serverOf(addr netip.AddrPort, name string) ServerID {
	if name != "" {
		return ServerID{name: name} // the same wherever its name leads today
	}
	return ServerID{addr: addr}
}

// ServerID returns the Server whose session it is.
func (s *Session) ServerID() ServerID { return serverOf(s.Server, s.ServerName) }

// Servers are addresses that the user declared to be one Server: those of the nodes of a cluster, or of the listeners of a broker. A Session lives at all
// of them, and a message that is published at one is delivered at the others. The zero value declares nothing.
type Servers struct {
	exact map[netip.AddrPort]string
	hosts map[netip.Addr]string // every port
}

// Add declares what "NAME=ADDR[:PORT],ADDR[:PORT]…" says. Of a text that makes no sense it declares nothing, and says what to write instead.
func (s *Servers) Add(text string) error {
	name, list, ok := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	switch {
	case !ok, name == "", strings.TrimSpace(list) == "":
		return errors.New("give a name and addresses, such as prod=10.0.0.1,10.0.0.2:1883")
	case len(name) > maxServerName:
		return fmt.Errorf("the name is longer than %d bytes", maxServerName)
	}
	var addrs []netip.AddrPort
	for one := range strings.SplitSeq(list, ",") {
		addr, err := parseServer(strings.TrimSpace(one))
		if err != nil {
			return err
		}
		addrs = append(addrs, addr)
	}
	for _, addr := range addrs {
		if err := s.Declare(name, addr); err != nil {
			return err
		}
	}
	return nil
}

// maxServerName is the longest name of a Server, in bytes.
const maxServerName = 100

// parseServer reads ADDR or ADDR:PORT; an IPv6 address with a port stands in brackets.
func parseServer(text string) (netip.AddrPort, error) {
	if text == "" {
		return netip.AddrPort{}, errors.New("an address is missing between commas, or at the end")
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	addr, err := netip.ParseAddr(bare)
	whole := netip.AddrPortFrom(addr, 0)
	if err != nil {
		whole, err = netip.ParseAddrPort(text)
		if addr = whole.Addr(); err == nil && whole.Port() == 0 {
			return whole, fmt.Errorf("%s: port 0 is no port: leave it out for every port", decode.Escape(text))
		}
	}
	switch host, port, _ := strings.Cut(text, ":"); {
	case err == nil && addr.Zone() != "":
		return whole, fmt.Errorf("%s: leave out %%%s: captures do not name the interface of an address", decode.Escape(text), decode.Escape(addr.Zone()))
	case err == nil:
		return whole, nil
	case strings.Contains(text, "/"):
		return whole, fmt.Errorf("%s is a network: list the addresses of the nodes one by one", decode.Escape(text))
	default:
		if _, err := netip.ParseAddr(host); err == nil {
			return whole, fmt.Errorf("%s: %s is no port from 1 to 65535", decode.Escape(text), decode.Escape(port))
		}
	}
	return whole, fmt.Errorf("%s is no IP address, and names are not looked up: write the address itself, such as 10.0.0.1, 10.0.0.1:1883 or [fd00::1]:1883", decode.Escape(text))
}

// maxDeclared bounds the addresses that can be declared.
const maxDeclared = 10_000

// Declare makes addr, of which port 0 stands for every port, an address of the Server called name. An address that already belongs to a Server of another
// name is an error. One that is declared with its port wins over one that is declared with every port.
func (s *Servers) Declare(name string, addr netip.AddrPort) error {
	ip := addr.Addr().Unmap()
	addr = netip.AddrPortFrom(ip, addr.Port())
	old, known := s.exact[addr]
	if addr.Port() == 0 {
		old, known = s.hosts[ip]
	}
	switch {
	case known && old != name:
		return fmt.Errorf("%s belongs to %s already", AddrText(addr), decode.Escape(old))
	case known:
		return nil
	case len(s.exact)+len(s.hosts) >= maxDeclared:
		return fmt.Errorf("at most %d addresses can be declared", maxDeclared)
	case s.exact == nil:
		s.exact, s.hosts = make(map[netip.AddrPort]string), make(map[netip.Addr]string)
	}
	if addr.Port() == 0 {
		s.hosts[ip] = name
	} else {
		s.exact[addr] = name
	}
	return nil
}

// Name returns the Server that addr was declared to be of; "" where it was not.
func (s *Servers) Name(addr netip.AddrPort) string {
	if len(s.exact)+len(s.hosts) == 0 || !addr.IsValid() {
		return ""
	}
	ip := addr.Addr().Unmap()
	if name := s.exact[netip.AddrPortFrom(ip, addr.Port())]; name != "" {
		return name
	}
	return s.hosts[ip]
}

// AddrText writes an address without the port that stands for every one.
func AddrText(addr netip.AddrPort) string {
	if addr.Port() == 0 {
		return addr.Addr().String()
	}
	return addr.String()
}
