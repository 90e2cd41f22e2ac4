package capture_test

import (
	"fmt"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// TestWhole wants to know of each direction whether its first byte is the first that was sent, and is content with less where that is not certain.
func TestWhole(t *testing.T) {
	talk := func(c *pcapgen.Conn) {
		c.Send(client, connect)
		c.Send(server, connack)
	}
	for _, tt := range []struct {
		name  string
		build func(c *pcapgen.Capture)
		want  [2]bool // client, server
	}{
		{"opened", func(c *pcapgen.Capture) { talk(c.Open(pcapgen.Client(1), pcapgen.Server())) }, [2]bool{true, true}},
		{"opened, a byte at a time", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			for i := range connect {
				conn.Send(client, connect[i:i+1])
			}
		}, [2]bool{true, true}},
		{"joined", func(c *pcapgen.Capture) { talk(c.Join(pcapgen.Client(1), pcapgen.Server())) }, [2]bool{}},
		{"the SYN of the client is missing, and its first bytes", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), pcapgen.Server())
			c.Drop(0)
			conn.SendMissed(client, len(connect))
			conn.Send(client, publish)
		}, [2]bool{false, true}},
		{"the SYN of the server is missing", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), pcapgen.Server())
			c.Drop(1)
			talk(conn)
		}, [2]bool{true, false}},
		{"the SYN of the client was recorded after its first byte", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, connect[:1])
			conn.Send(client, connect[1:])
			c.Swap(0, 3)
		}, [2]bool{}},
		{"WebSocket", func(c *pcapgen.Capture) {
			conn := onWebSocket(c, offersMQTT, offersMQTT)
			conn.Send(client, binaryFrame(client, connect))
		}, [2]bool{true, true}},
		{"WebSocket, the upgrade of the server is missing", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), atPort(wsPort))
			conn.Send(client, fmt.Appendf(nil, upgradeRequest, offersMQTT))
			conn.SendMissed(server, 200)
			conn.Send(client, binaryFrame(client, connect))
		}, [2]bool{true, false}},
		{"PROXY protocol", func(c *pcapgen.Capture) {
			conn := c.Open(pcapgen.Client(1), pcapgen.Server())
			conn.Send(client, []byte("PROXY TCP4 203.0.113.9 192.0.2.1 50123 1883\r\n"))
			talk(conn)
		}, [2]bool{true, true}},
		{"PROXY protocol, the client speaks in mid-stream", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.Send(client, []byte("PROXY TCP4 203.0.113.9 192.0.2.1 50123 1883\r\n"))
			talk(conn)
		}, [2]bool{}},
	} {
		c := pcapgen.New(pcapgen.Options{})
		tt.build(c)
		r := replayBytes(t, capture.FileOptions{}, c.Pcap())
		if len(r.conns) != 1 {
			t.Errorf("%s: %d connections, others %v", tt.name, len(r.conns), r.stats.Other)
		} else if got := r.conns[0].info.Whole; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
