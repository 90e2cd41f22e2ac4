package watch

import (
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestFirstMalformed says of the first packet that is wrong who sent it and what is wrong with it.
func TestFirstMalformed(t *testing.T) {
	e := New(Config{})
	c := decode.NewConn(decode.ConnInfo{ID: 1, Client: netip.MustParseAddrPort("10.0.0.7:5000"), Server: netip.MustParseAddrPort("10.0.0.1:1883")}, nil)
	now := decode.Time(1_700_000_000_000_000_000)
	feed := func(dir decode.Direction, data []byte) {
		now++
		e.Feed([]decode.Segment{{Kind: decode.Data, Conn: c, Dir: dir, Time: now, Data: data}})
	}
	feed(decode.FromClient, decode.AppendConnect(nil, decode.V311, decode.ConnectFields{ClientID: "c", CleanStart: true}))
	feed(decode.FromServer, decode.AppendConnack(nil, decode.V311, decode.ConnackFields{}))
	if got := e.Snapshot(Query{}).Counts; got.Malformed != 0 || got.FirstMalformed != "" {
		t.Errorf("of good packets: %d, %q", got.Malformed, got.FirstMalformed)
	}
	for _, topic := range []string{"a/+", "#"} {
		feed(decode.FromServer, decode.AppendPublish(nil, decode.V311, decode.PublishFields{Topic: topic}))
	}
	const want = "broker 10.0.0.1:1883 to client 10.0.0.7:5000: publish: topic name: holds a wildcard (byte 6 of its stream)"
	if got := e.Snapshot(Query{}).Counts; got.Malformed != 2 || got.FirstMalformed != want {
		t.Errorf("%d, %q, want 2, %q", got.Malformed, got.FirstMalformed, want)
	}
}
