package traffic_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/traffic"
)

func TestOneSeedOneFile(t *testing.T) {
	var a, b, c bytes.Buffer
	p := traffic.Standard(2000)
	truth, err := traffic.Write(&a, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := traffic.Write(&b, p); err != nil {
		t.Fatal(err)
	}
	p.Seed++
	if _, err := traffic.Write(&c, p); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two files of one seed differ")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("files of two seeds are the same")
	}
	if n := truth.Publish[0] + truth.Publish[1] + truth.Publish[2]; n != 4000 || uint64(a.Len()) != truth.Bytes {
		t.Errorf("truth: %d PUBLISH, %d bytes of %d", n, truth.Bytes, a.Len())
	}
}

// TestTruthAddsUp: every handshake ends, is open, or was abandoned by a Session that ended, and each message goes to as many subscribers as it should.
func TestTruthAddsUp(t *testing.T) {
	p := traffic.Standard(5000)
	p.Publishers, p.Subscribers, p.FanOut, p.Rate = 10, 10, 3, 10
	p.Reconnect, p.NewTopics, p.Withhold = 0.01, 0.1, 0.005
	truth, err := traffic.Write(io.Discard, p)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range truth.Publish[1:] {
		if truth.Complete[i]+truth.Open[i]+truth.Abandoned[i] != n || truth.Abandoned[i] == 0 {
			t.Errorf("QoS %d: %d PUBLISH, %d complete, %d open, %d abandoned", i+1, n, truth.Complete[i], truth.Open[i], truth.Abandoned[i])
		}
	}
	if truth.Messages != 5000 || truth.Copies != 15000 || truth.Packets[decode.PUBLISH] != 20000 {
		t.Errorf("%d messages, %d copies, %d PUBLISH", truth.Messages, truth.Copies, truth.Packets[decode.PUBLISH])
	}
	if n := truth.Packets[decode.CONNECT]; n < 100 || n != truth.Connections || truth.Packets[decode.DISCONNECT] != n-20 {
		t.Errorf("%d connections, %d CONNECT, %d DISCONNECT", truth.Connections, n, truth.Packets[decode.DISCONNECT])
	}
}
