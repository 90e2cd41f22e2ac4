package watch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// TestDeliveryOfAlert finds the delivery that an alert is about: the text names it, and it is kept.
func TestDeliveryOfAlert(t *testing.T) {
	all := loadScenarios(t)
	for name, want := range map[string]handshake.AlertName{
		"delivery-not-forwarded": handshake.NotForwarded, "delivery-incomplete": handshake.DeliveryIncomplete, "delivery-latency": handshake.DeliveryLatencyHigh,
	} {
		_, e := feed(all[name], watch.Config{Deliveries: true})
		found := false
		for _, a := range e.Snapshot(watch.Query{AlertLimit: 100}).Alerts {
			if a.Name != want {
				if a.Delivery != 0 && !strings.Contains(a.Text, "message ") {
					t.Errorf("%s: %q is about delivery %d", name, a.Text, a.Delivery)
				}
				continue
			}
			found = true
			d := e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Ladder: a.Delivery}}).Deliveries.Ladder
			if d == nil || !strings.Contains(a.Text, fmt.Sprintf("message %d (", d.ID)) {
				t.Errorf("%s: %q is about delivery %d, which is %v", name, a.Text, a.Delivery, d)
			}
		}
		if !found {
			t.Errorf("%s: no %s", name, want)
		}
	}
}

// TestDeliveryOfHandshake asks for a delivery by its publisher's handshake, and by those of its copies; a copy that was not sent says what is in flight.
func TestDeliveryOfHandshake(t *testing.T) {
	f := newFanout(fanoutGroup, true)
	publish := func(c int, dir decode.Direction, id uint16, payload string) {
		f.send(c, dir, decode.AppendPublish(nil, decode.V311, decode.PublishFields{QoS: 1, PacketID: id, Topic: "plant/0/x", Payload: []byte(payload)}))
	}
	for i, payload := range []string{"first", "second", "third"} {
		publish(0, decode.FromClient, uint16(i+1), payload)
		f.send(0, decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V311, decode.AckFields{PacketID: uint16(i + 1)}))
		if payload != "third" {
			publish(1, decode.FromServer, uint16(i+7), payload)
		}
	}
	f.e.Feed(f.batch)
	rows := f.e.Snapshot(watch.Query{Limit: 100}).Rows
	of := func(client string, id uint16) *watch.DeliveryLadder {
		for i := range rows {
			if r := &rows[i]; r.Client == client && r.PacketID == id && r.Kind.Publish() {
				return f.e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Of: r.ID}}).Deliveries.Ladder
			}
		}
		t.Fatalf("no handshake %d of %s", id, client)
		return nil
	}
	for _, c := range []struct {
		client   string
		id       uint16
		delivery uint64
	}{{"dev-0", 1, 1}, {"dev-1", 7, 1}, {"dev-0", 2, 2}, {"dev-1", 8, 2}, {"dev-0", 3, 3}} {
		if d := of(c.client, c.id); d == nil || d.ID != c.delivery {
			t.Errorf("handshake %d of %s belongs to %+v, want delivery %d", c.id, c.client, d, c.delivery)
		}
	}
	d := of("dev-0", 3)
	if len(d.Windows) != len(d.Copies) {
		t.Fatalf("%d windows of %d copies", len(d.Windows), len(d.Copies))
	}
	for i := range d.Copies {
		w := d.Windows[i]
		if !w.Connected {
			t.Errorf("%s has no connection", d.Copies[i].Subscriber)
		}
		if d.Copies[i].Subscriber == "dev-1" && (w.InFlight != 2 || w.Oldest != 7 || w.Owed != decode.PUBACK) {
			t.Errorf("window of dev-1 is %+v", w)
		}
	}
	if first := of("dev-0", 1); first.Windows[1] != (watch.DeliveryWindow{}) {
		t.Errorf("a copy that was sent waits for %+v", first.Windows[1])
	}
	for i := range rows { // a SUBSCRIBE belongs to none
		if !rows[i].Kind.Publish() {
			if d := f.e.Snapshot(watch.Query{Deliveries: watch.DeliveryQuery{Of: rows[i].ID}}).Deliveries.Ladder; d != nil {
				t.Fatalf("a SUBSCRIBE belongs to delivery %d", d.ID)
			}
			break
		}
	}
}
