package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	deliveries "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/report"
)

// undelivered is a message that one of three subscribers did not get.
func undelivered() *watch.Delivery {
	return &watch.Delivery{
		ID: 4, Publisher: "app", PublisherKnown: true, Server: "192.0.2.1:1883", Handshake: 7, Topic: "cmd/pump-2/set", QoS: 1, Payload: 2,
		At: noon, Commit: noon.Add(2 * time.Millisecond), Told: noon.Add(2 * time.Millisecond), Settled: noon.Add(5 * time.Second),
		Verdict: deliveries.Undelivered,
		Tally: deliveries.Tally{
			Expected: 2, Forwarded: 1, Acknowledged: 1, Missing: 1, Unsure: 1, Worst: 20 * time.Millisecond, Last: noon.Add(20 * time.Millisecond),
		},
		Copies: []watch.DeliveryCopy{
			{
				Subscriber: "ui", SubscriberKnown: true, Outcome: deliveries.Acknowledged, Required: true, QoS: 1, Granted: 1, Handshake: 9, Count: 1,
				Forwarded: noon.Add(3 * time.Millisecond), Ended: noon.Add(20 * time.Millisecond),
				Internal: time.Millisecond, Response: 17 * time.Millisecond, Whole: 20 * time.Millisecond,
			},
			{Subscriber: "pump-2", SubscriberKnown: true, Outcome: deliveries.NotForwarded, Required: true, QoS: 255, Granted: 2, Internal: -1, Response: -1, Whole: -1},
			{Group: "g", Outcome: deliveries.Unknown, Doubt: deliveries.DoubtShared, QoS: 255, Granted: 255, Internal: -1, Response: -1, Whole: -1},
		},
	}
}

func TestJSONDelivery(t *testing.T) {
	want := `{"kind":"delivery","id":4,"publisher":"app","server":"192.0.2.1:1883","handshake":7,"topic":"cmd/pump-2/set","qos":1,` +
		`"payload_length":2,"retain":false,"will":false,"published":"2026-11-22T12:01:33.120000000Z","committed":"2026-11-22T12:01:33.122000000Z",` +
		`"told":"2026-11-22T12:01:33.122000000Z","settled":"2026-11-22T12:01:38.120000000Z","verdict":"not_forwarded","confidence":"exact","doubt":null,` +
		`"expected":2,"forwarded":1,"acknowledged":1,"missing":1,"queued":0,"unsure":1,"replays":0,"worst_ns":20000000,"told_first":true,"reason_code":null,` +
		`"copies":[{"subscriber":"ui","group":null,"outcome":"acknowledged","doubt":null,"required":true,"qos":1,"granted":1,` +
		`"forwarded":"2026-11-22T12:01:33.123000000Z","received":null,"ended":"2026-11-22T12:01:33.140000000Z",` +
		`"internal_ns":1000000,"response_ns":17000000,"whole_ns":20000000,"handshake":9,"count":1,"resends":0},` +
		`{"subscriber":"pump-2","group":null,"outcome":"not_forwarded","doubt":null,"required":true,"qos":null,"granted":2,` +
		`"forwarded":null,"received":null,"ended":null,"internal_ns":null,"response_ns":null,"whole_ns":null,"handshake":null,"count":0,"resends":0},` +
		`{"subscriber":null,"group":"g","outcome":"unknown","doubt":"members of the group may be out of sight","required":false,"qos":null,"granted":null,` +
		`"forwarded":null,"received":null,"ended":null,"internal_ns":null,"response_ns":null,"whole_ns":null,"handshake":null,"count":0,"resends":0}],` +
		`"copies_dropped":0}`
	var out bytes.Buffer
	j := report.NewJSON(&out)
	j.Event(&watch.Event{Kind: watch.DeliverySettled, Delivery: undelivered()})
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	lines(t, out.String())
	if got := strings.TrimSuffix(out.String(), "\n"); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// TestTextDelivery: a line for a delivery with a problem, for one without where the user chose which to write.
func TestTextDelivery(t *testing.T) {
	line := func(verdict string) string {
		return "2026-11-22T12:01:38.120Z  DELIVERY " + verdict + "  message 4 published 2026-11-22T12:01:33.120Z  app -> 3 subscribers  QoS 1  cmd/pump-2/set  1 forwarded  1 acknowledged: " +
			"pump-2 not forwarded, group g unknown\n"
	}
	behind := undelivered()
	behind.Copies[1].Doubt = deliveries.DoubtEnded
	var left bytes.Buffer
	x := report.NewText(&left)
	x.Event(&watch.Event{Kind: watch.DeliverySettled, Time: behind.Settled, Delivery: behind})
	if err := x.Flush(); err != nil || !strings.Contains(left.String(), "acknowledged: pump-2 not forwarded before its session ended, group g unknown") {
		t.Errorf("%v: %s", err, left.String())
	}
	for all, want := range map[bool]string{false: line("not forwarded"), true: line("not forwarded") + line("complete")} {
		var out bytes.Buffer
		x := report.NewText(&out)
		x.AllDeliveries = all
		fine := undelivered()
		fine.Verdict = deliveries.Complete
		for _, d := range []*watch.Delivery{undelivered(), fine} {
			x.Event(&watch.Event{Kind: watch.DeliverySettled, Time: d.Settled, Delivery: d})
		}
		if err := x.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("all: %v\n got %q\nwant %q", all, got, want)
		}
	}
}

// TestTextWithheld says what the broker waits for.
func TestTextWithheld(t *testing.T) {
	var out bytes.Buffer
	x := report.NewText(&out)
	d := undelivered()
	d.QoS, d.Verdict, d.Settled, d.Withheld, d.Copies = 2, deliveries.Incomplete, 0, true, []watch.DeliveryCopy{{Subscriber: "ui", Outcome: deliveries.Waiting}}
	x.Event(&watch.Event{Kind: watch.DeliverySettled, Time: noon, Delivery: d})
	if err := x.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasSuffix(got, ": ui waiting; app owes PUBREL\n") {
		t.Error(got)
	}
}

func TestSummaryOfDeliveries(t *testing.T) {
	const want = "deliveries   3 messages: 1 open, 1 complete, 1 not forwarded, 2 copies of unseen origin\n"
	if got := string(report.AppendSummary(nil, snapshot())); !strings.Contains(got, want) {
		t.Errorf("%q is not in\n%s", want, got)
	}
	s := snapshot()
	s.Deliveries = watch.Deliveries{}
	if got := string(report.AppendSummary(nil, s)); strings.Contains(got, "deliveries ") {
		t.Errorf("deliveries that were not followed are told of:\n%s", got)
	}
}
