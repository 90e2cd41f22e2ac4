package capture_test

import (
	"bytes"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

const (
	client = decode.FromClient
	server = decode.FromServer
)

// exchange is a whole connection with one publish.
func exchange(c *pcapgen.Capture) {
	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
	conn.Send(client, connect)
	conn.ACK(server)
	conn.Send(server, connack)
	conn.Send(client, publish)
	conn.Send(server, puback)
	conn.Send(client, disconnect)
	conn.Close(client)
}

func checkExchange(t *testing.T, r *record) {
	t.Helper()
	if r.err != nil {
		t.Errorf("Run failed: %v", r.err)
	}
	if len(r.conns) != 1 {
		t.Fatalf("%d connections, want 1:\n%s", len(r.conns), r)
	}
	c := r.conns[0]
	if want := bytes.Join([][]byte{connect, publish, disconnect}, nil); !bytes.Equal(c.stream[client], want) {
		t.Errorf("client sent %q, want %q", c.stream[client], want)
	}
	if want := bytes.Join([][]byte{connack, puback}, nil); !bytes.Equal(c.stream[server], want) {
		t.Errorf("server sent %q, want %q", c.stream[server], want)
	}
	if c.closed == nil || c.closed.Cause != decode.CloseFIN || c.closed.Dir != client {
		t.Errorf("close is %+v, want FIN of the client", c.closed)
	}
	if r.stats.Gaps != 0 || r.stats.Resent != 0 || r.stats.Connections != 1 || r.stats.State != "ended" {
		t.Errorf("stats are %+v", r.stats)
	}
}

func TestSmoke(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	exchange(c)
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	t.Log(r, r.err, r.stats)
	checkExchange(t, r)
}
