package watch_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// traffic is the bytes of one QoS 1 and one QoS 2 delivery with an identifier, by direction, and of a QoS 0 PUBLISH.
func traffic(id uint16, v decode.Version) (segments []decode.Segment) {
	publish := decode.PublishFields{QoS: 1, PacketID: id, Topic: "plant/a/temperature", Payload: []byte("21.5 degrees and some more text")}
	send := func(dir decode.Direction, b []byte) {
		segments = append(segments, decode.Segment{Dir: dir, Data: b})
	}
	ack := decode.AckFields{PacketID: id}
	send(decode.FromClient, decode.AppendPublish(nil, v, publish))
	send(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, v, ack))
	publish.QoS = 2
	send(decode.FromClient, decode.AppendPublish(nil, v, publish))
	send(decode.FromServer, decode.AppendAck(nil, decode.PUBREC, v, ack))
	send(decode.FromClient, decode.AppendAck(nil, decode.PUBREL, v, ack))
	send(decode.FromServer, decode.AppendAck(nil, decode.PUBCOMP, v, ack))
	publish.QoS = 0
	send(decode.FromClient, decode.AppendPublish(nil, v, publish))
	return segments
}

// session returns an engine with one connected client.
func session(v decode.Version, cfg watch.Config) (*watch.Engine, *decode.Conn) {
	e := watch.New(cfg)
	c := decode.NewConn(decode.ConnInfo{ID: 1, Client: netip.MustParseAddrPort("10.0.0.2:5000"), Server: netip.MustParseAddrPort("10.0.0.1:1883")}, nil)
	e.Feed([]decode.Segment{
		{Kind: decode.Open, Conn: c, Time: start},
		{Conn: c, Time: start, Dir: decode.FromClient, Data: decode.AppendConnect(nil, v, decode.ConnectFields{ClientID: "dev", CleanStart: true, KeepAlive: 60})},
		{Conn: c, Time: start, Dir: decode.FromServer, Data: decode.AppendConnack(nil, v, decode.ConnackFields{})},
	})
	return e, c
}

const roundBatches = 300

// rounds returns what feeds deliveries with so many identifiers on c, time going on.
func rounds(v decode.Version, c *decode.Conn, feed func([]decode.Segment)) func() {
	now := start
	batches := make([][]decode.Segment, roundBatches)
	for i := range batches {
		batches[i] = traffic(uint16(i+1), v)
	}
	return func() {
		for _, b := range batches {
			for i := range b {
				now += 100_000
				b[i].Conn, b[i].Time = c, now
			}
			feed(b)
		}
	}
}

// TestSteadyStateAllocatesNothing feeds deliveries through decoder, tracker and store once the store is full.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, tc := range []struct {
		version decode.Version
		survey  bool
	}{{decode.V311, false}, {decode.V5, false}, {decode.V311, true}, {decode.V5, true}} {
		v := tc.version
		e, c := session(v, watch.Config{Keep: 1000, Survey: tc.survey})
		round := rounds(v, c, e.Feed)
		for range 30 { // the list of packets is full after 24
			round()
		}
		perRound := testing.AllocsPerRun(20, round)
		if per := perRound / (roundBatches * 7); per > 0.001 {
			t.Errorf("%v, survey %v: %.4f allocations a packet, want 0", v, tc.survey, per)
		}
		if o := e.Snapshot(watch.Query{}).Counts.Handshakes; o[0].Complete == 0 || o[1].Open != 0 {
			t.Fatalf("%v: deliveries did not complete: %+v", v, o)
		}
	}
}

// BenchmarkFeed is one QoS 1 and one QoS 2 delivery and a QoS 0 PUBLISH: seven packets.
func BenchmarkFeed(b *testing.B) {
	for _, survey := range []bool{false, true} {
		b.Run(fmt.Sprintf("survey=%v", survey), func(b *testing.B) { benchmarkFeed(b, survey) })
	}
}

func benchmarkFeed(b *testing.B, survey bool) {
	e, c := session(decode.V5, watch.Config{Survey: survey})
	batches := make([][]decode.Segment, 1000)
	for i := range batches {
		batches[i] = traffic(uint16(i+1), decode.V5)
	}
	now := start
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		batch := batches[i%len(batches)]
		for j := range batch {
			now += 100_000
			batch[j].Conn, batch[j].Time = c, now
		}
		e.Feed(batch)
	}
}
