package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// TestFirstPacket has the program read captures in which CONNECT or CONNACK does not come first, or may have come before what was captured.
func TestFirstPacket(t *testing.T) {
	const client, broker = decode.FromClient, decode.FromServer
	connect := decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "dev", CleanStart: true})
	publish := decode.AppendPublish(nil, decode.V311, decode.PublishFields{Topic: "plant/pump/state", Payload: []byte("on")})
	connack := []byte{0x20, 2, 0, 0}
	for _, tt := range []struct {
		name  string
		build func(c *pcapgen.Capture, conn *pcapgen.Conn)
		want  string // a part of the alert; empty for none
	}{
		{"client", func(_ *pcapgen.Capture, conn *pcapgen.Conn) { conn.Send(client, publish) }, "192.0.2.1:1883 broke the protocol: publish: comes before CONNECT"},
		{"broker", func(_ *pcapgen.Capture, conn *pcapgen.Conn) {
			conn.Send(client, connect)
			conn.Send(broker, publish)
			conn.Send(broker, connack)
		}, "broker broke the protocol: publish: comes before CONNACK"},
		{"behind a hole", func(_ *pcapgen.Capture, conn *pcapgen.Conn) {
			conn.SendMissed(client, len(connect))
			conn.ACK(broker)
			conn.Send(client, publish)
			conn.ACK(broker)
			conn.SendMissed(broker, len(connack))
			conn.ACK(client)
			conn.Send(broker, publish)
		}, ""},
		{"without the SYN of the client", func(c *pcapgen.Capture, conn *pcapgen.Conn) {
			c.Drop(0)
			conn.SendMissed(client, len(connect))
			conn.Send(client, publish)
		}, ""},
		{"without CONNACK", func(_ *pcapgen.Capture, conn *pcapgen.Conn) {
			conn.Send(client, connect)
			conn.SendMissed(broker, len(connack))
			conn.Send(broker, publish)
			conn.ACK(client)
		}, ""},
		{"as it should be", func(_ *pcapgen.Capture, conn *pcapgen.Conn) {
			conn.Send(client, connect)
			conn.Send(broker, connack)
			conn.Send(client, publish)
			conn.Send(broker, publish)
		}, ""},
	} {
		c := pcapgen.New(pcapgen.Options{})
		tt.build(c, c.Open(pcapgen.Client(1), pcapgen.Server()))
		path := filepath.Join(t.TempDir(), "x.pcap")
		if err := os.WriteFile(path, c.Pcap(), 0o600); err != nil {
			t.Fatal(err)
		}
		r := run(t, nil, "replay", path, "--output", "json")
		want := strings.Replace(tt.want, "192.0.2.1:1883", pcapgen.Client(1).String(), 1)
		if got := strings.Contains(r.stdout, `"name":"malformed-packet"`); got != (want != "") || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: want %q in\n%s", tt.name, want, r.stdout)
		}
	}
}
