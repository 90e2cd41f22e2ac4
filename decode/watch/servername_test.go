package watch

import (
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

func TestServerNames(t *testing.T) {
	var n serverNames
	for range 2 {
		for _, text := range []string{"10.0.0.1:1883", "10.0.0.9:1883", "10.0.0.1:1891", "[2001:db8::1]:1883", "[fe80::1%eth0]:1883", "[fe80::1%eth1]:1883", "0.0.0.0:0", "[::ffff:10.0.0.1]:1883"} {
			if got := n.of(&handshake.Session{Server: netip.MustParseAddrPort(text)}); got != text {
				t.Errorf("%s is called %s", text, got)
			}
		}
	}
	if got := n.of(&handshake.Session{Server: netip.MustParseAddrPort("10.0.0.1:1883"), ServerName: "prod"}); got != "prod" {
		t.Errorf("the name that the user gave is %q", got)
	}
	if got := n.of(&handshake.Session{}); got != "" {
		t.Errorf("a Server that is not known is called %q", got)
	}
}
