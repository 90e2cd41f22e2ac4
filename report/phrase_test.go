package report_test

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	deliveries "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// A roll chooses at random.
type roll struct{ *rand.Rand }

func (r roll) yes() bool { return r.IntN(2) == 0 }

func (r roll) text() string {
	return []string{"", "a", "sensor-7", "plant/line-2/temp", hostile}[r.IntN(5)]
}

func (r roll) addr() netip.AddrPort {
	return []netip.AddrPort{{}, netip.MustParseAddrPort("10.0.0.1:1883"), netip.MustParseAddrPort("[2001:db8::1]:8883")}[r.IntN(3)]
}

// at is a time of the same minute as others, as a rule.
func (r roll) at() decode.Time {
	if r.IntN(8) == 0 {
		return []decode.Time{0, 1, -1, noon.Add(-time.Hour)}[r.IntN(4)]
	}
	return noon.Add(time.Duration(r.Int64N(70e9)))
}

func (r roll) small() int { return []int{0, 1, 2, 300}[r.IntN(4)] }

func (r roll) row() *watch.Row {
	row := &watch.Row{
		ID: r.Uint64N(1e9), Client: r.text(), ClientKnown: r.yes(), Server: r.text(), Addr: r.addr(), ServerAddr: r.addr(), Sender: decode.Direction(r.IntN(2)),
		Kind: handshake.Kind(1 + r.IntN(4)), PacketID: uint16(r.Uint32()), Topic: r.text(), Payload: r.small(), State: handshake.State(1 + r.IntN(9)),
		Reason: decode.ReasonCode(r.IntN(256)), Started: r.at(), Ended: r.at(), Resends: r.small(), Retain: r.yes(), JoinedLate: r.yes(), Unsure: r.yes(),
		Version: []decode.Version{0, decode.V31, decode.V311, decode.V5, 99}[r.IntN(5)], Source: r.text(), StepsDropped: r.small(),
	}
	if r.yes() {
		row.Owes = watch.Owed{Packet: decode.Type(r.IntN(16)), By: decode.Direction(r.IntN(2)), Since: r.at()}
	}
	for range r.IntN(5) {
		row.Steps = append(row.Steps, handshake.Step{
			Time: r.at(), Type: decode.Type(r.IntN(16)), Dir: decode.Direction(r.IntN(2)), Reason: decode.ReasonCode(r.IntN(256)), Dup: r.yes(),
		})
	}
	return row
}

func (r roll) delivery() *watch.Delivery {
	d := &watch.Delivery{
		ID: r.Uint64N(1e9), Publisher: r.text(), Server: r.text(), Handshake: r.Uint64N(3), Topic: r.text(), QoS: uint8(r.IntN(3)), Payload: int64(r.small()),
		Retain: r.yes(), Will: r.yes(), At: r.at(), Commit: r.at(), Told: r.at(), Settled: r.at(), Verdict: deliveries.Verdict(r.IntN(8)),
		Confidence: deliveries.Confidence(r.IntN(3)), Doubt: deliveries.Doubt(r.IntN(4)), Reason: decode.ReasonCode(r.IntN(2)), Replays: r.small(), More: r.small(),
		Tally: deliveries.Tally{Expected: r.small(), Forwarded: r.small(), Acknowledged: r.small(), Missing: r.small(), Unsure: r.small(), Queued: r.small(),
			Worst: time.Duration(r.IntN(3) - 1), Last: r.at()},
	}
	for range r.IntN(4) {
		d.Copies = append(d.Copies, watch.DeliveryCopy{
			Subscriber: r.text(), Group: r.text(), Outcome: deliveries.Outcome(r.IntN(12)), Doubt: deliveries.Doubt(r.IntN(4)), Required: r.yes(),
			QoS: []uint8{0, 1, 2, 255}[r.IntN(4)], Granted: []uint8{0, 1, 2, 255}[r.IntN(4)], Forwarded: r.at(), Received: r.at(), Ended: r.at(),
			Internal: time.Duration(r.IntN(3) - 1), Response: time.Duration(r.Int64()), Whole: time.Duration(r.IntN(3) - 1), Handshake: r.Uint64N(3),
			Count: r.small(), Resends: r.small(),
		})
	}
	return d
}

// TestJSONKeepsNothingOfOtherLines writes lines one after the other, and each by itself: what is kept of those before must not show.
func TestJSONKeepsNothingOfOtherLines(t *testing.T) {
	r := roll{rand.New(rand.NewPCG(1, 2))}
	var together, alone bytes.Buffer
	all := report.NewJSON(&together)
	for range 20_000 {
		e := &watch.Event{Kind: watch.HandshakeEnded, Row: r.row()}
		if r.yes() {
			e = &watch.Event{Kind: watch.DeliverySettled, Delivery: r.delivery()}
		}
		one := report.NewJSON(&alone)
		all.Event(e)
		one.Event(e)
		if all.Flush() != nil || one.Flush() != nil {
			t.Fatal("the writer fails")
		}
		if together.String() != alone.String() {
			t.Fatalf("after others\n%s\nby itself\n%s", together.String(), alone.String())
		}
		together.Reset()
		alone.Reset()
	}
}

// TestJSONAllocatesNothing writes lines of several kinds in turn.
func TestJSONAllocatesNothing(t *testing.T) {
	j := report.NewJSON(discard{})
	events := append(allEvents(), &watch.Event{Kind: watch.DeliverySettled, Delivery: undelivered()})
	if n := testing.AllocsPerRun(1000, func() {
		for _, e := range events {
			j.Event(e)
		}
		if j.Flush() != nil {
			t.Fatal("the writer fails")
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d lines", n, len(events))
	}
}
