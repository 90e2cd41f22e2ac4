//go:build unix

package badclient_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// TestFrozenBroker stops mosquitto: this time it is the broker that owes everything. When it goes on all alerts clear.
func TestFrozenBroker(t *testing.T) {
	t.Parallel()
	for _, v := range []decode.Version{decode.V311, decode.V5} {
		t.Run(v.String(), func(t *testing.T) {
			t.Parallel()
			b := startMosquitto(t)
			r := newRun(t, b, v, watch.Config{Warn: warn})
			bad := r.sender(badclient.Withhold(decode.PUBREL))
			r.begin(bad, 2, 3, "before")
			r.await(bad, decode.PUBREC, 3)
			bad.SetPolicy(badclient.Obey)
			late, err := badclient.Dial(r.ctx, r.obs.addr(), badclient.Options{ID: "late" + r.name, Version: v, CleanStart: true})
			r.must(err)
			r.clients = append(r.clients, late)

			r.must(b.process.Signal(syscall.SIGSTOP))
			r.begin(bad, 1, 1, "a")
			r.begin(bad, 2, 2, "b")
			r.must(bad.Ack(decode.PUBREL, 3, 0))
			r.must(bad.Send(bad.SubscribeBytes(4, 0, "else/"+r.name)))
			r.must(bad.Ping())
			r.must(late.SendConnect())
			time.Sleep(warn + 300*time.Millisecond)
			r.must(b.process.Signal(syscall.SIGCONT))

			for _, want := range []struct {
				alert handshake.AlertName
				owed  decode.Type
				id    uint16
			}{
				{handshake.PubackOverdue, decode.PUBACK, 1}, {handshake.PubrecOverdue, decode.PUBREC, 2}, {handshake.PubcompOverdue, decode.PUBCOMP, 3},
				{handshake.SubackOverdue, decode.SUBACK, 4}, {handshake.PingrespOverdue, decode.PINGRESP, 0},
			} {
				r.alert(want.alert, "bad", want.id)
				r.await(bad, want.owed, want.id)
			}
			r.alert(handshake.ConnackOverdue, "late", 0)
			r.await(late, decode.CONNACK, 0)
			r.check()
			snapshot := r.obs.engine.Snapshot(watch.Query{AlertLimit: 1000})
			if snapshot.Stuck != (watch.Stuck{}) {
				t.Errorf("still stuck: %+v", snapshot.Stuck)
			}
			for _, a := range snapshot.Alerts {
				if a.Lasting && a.Cleared == 0 {
					t.Errorf("still open: %s", a.Text)
				}
			}
		})
	}
}
