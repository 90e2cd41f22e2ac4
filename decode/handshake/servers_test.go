package handshake_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

func TestServers(t *testing.T) {
	var s handshake.Servers
	for _, text := range []string{"prod=10.0.0.1, 10.0.0.2:1883,[fd00::1]:1883", "prod=fd00::2", "lab=10.0.0.1:2883", "lab=10.0.0.1:2883"} {
		if err := s.Add(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	tests := []struct{ addr, want string }{
		{"10.0.0.1:1883", "prod"},
		{"10.0.0.1:9001", "prod"},
		{"10.0.0.1:2883", "lab"},
		{"[::ffff:10.0.0.1]:2883", "lab"},
		{"10.0.0.2:1883", "prod"},
		{"10.0.0.2:1884", ""},
		{"10.0.0.3:1883", ""},
		{"[fd00::1]:1883", "prod"},
		{"[fd00::1]:1884", ""},
		{"[fd00::2]:8883", "prod"},
	}
	for _, tt := range tests {
		if got := s.Name(netip.MustParseAddrPort(tt.addr)); got != tt.want {
			t.Errorf("%s belongs to %q, not %q", tt.addr, got, tt.want)
		}
	}
	if got := s.Name(netip.AddrPort{}); got != "" {
		t.Errorf("no address belongs to %q", got)
	}
}

func TestServersRefused(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "give a name and addresses, such as"},
		{"prod", "give a name and addresses, such as"},
		{"=10.0.0.1", "give a name and addresses, such as"},
		{"prod=", "give a name and addresses, such as"},
		{"prod=10.0.0.7,", "an address is missing"},
		{"prod=10.0.0.7,,10.0.0.8", "an address is missing"},
		{"prod=node-1", "node-1 is no IP address, and names are not looked up: write the address itself"},
		{"prod=node-1:1883", "node-1:1883 is no IP address"},
		{"prod=10.0.0.300", "10.0.0.300 is no IP address"},
		{"prod=10.0.0.7:0", "port 0 is no port: leave it out"},
		{"prod=10.0.0.7:70000", "10.0.0.7:70000: 70000 is no port from 1 to 65535"},
		{"prod=10.0.0.7:", "is no port from 1 to 65535"},
		{"prod=10.0.0.0/24", "is a network: list the addresses"},
		{"prod=fe80::1%eth0", "leave out %eth0"},
		{"prod=a\x1b[2J", `a\x1b[2J is no IP address`},
		{strings.Repeat("x", 200) + "=10.0.0.7", "longer than 100 bytes"},
		{"lab=10.0.0.1:1883,10.0.0.1:1883,10.0.0.2", "10.0.0.2 belongs to prod already"},
	}
	for _, tt := range tests {
		var s handshake.Servers
		if err := s.Add("prod=10.0.0.2"); err != nil {
			t.Fatal(err)
		}
		err := s.Add(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%q: %v does not say %q", tt.text, err, tt.want)
		}
		if got := s.Name(netip.MustParseAddrPort("10.0.0.7:1883")); got != "" {
			t.Errorf("%q is refused, and 10.0.0.7 belongs to %q", tt.text, got)
		}
	}
}
