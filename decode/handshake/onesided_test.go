package handshake

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestClosedUnheard: of a connection of which the broker's direction is not in the capture, nobody knows what is open when it ends, nor what is to be
// sent again on the next one. Where the broker was heard, both are told.
func TestClosedUnheard(t *testing.T) {
	for name, heard := range map[string]bool{"one direction": false, "both directions": true} {
		tr := New(Config{}, counter{})
		client := func(l *Link, p decode.Packet) {
			p.Version = decode.V311
			tr.Packet(l, &p, 0)
		}
		connect := decode.Packet{Type: decode.CONNECT, Connect: &decode.Connect{ClientID: []byte("dev")}}
		first := tr.Open(&decode.ConnInfo{ID: 1, ByHeard: true}, 1)
		tr.Heard(first, decode.FromClient)
		if heard {
			tr.Heard(first, decode.FromServer)
		}
		connect.Time = 1
		client(first, connect)
		publishes(tr, first, 3, 2e9)
		tr.Close(first, 3e9, decode.FromClient, decode.CloseFIN)

		second := tr.Open(&decode.ConnInfo{ID: 2}, 4e9)
		connect.Time = 4e9
		client(second, connect)
		client(second, decode.Packet{Time: 5e9, Type: decode.CONNACK, Dir: decode.FromServer, Connack: &decode.Connack{SessionPresent: true}})
		tr.Advance(60e9)
		want := uint64(0)
		if heard {
			want = 1
		}
		for _, alert := range []AlertName{DisconnectWithInflight, ResumeWithoutRedelivery} {
			if got := tr.Counted()[alert]; got != want {
				t.Errorf("%s: %s was raised %d times, want %d", name, alert, got, want)
			}
		}
		if n := tr.Counted()[CaptureGap]; n != 1-want {
			t.Errorf("%s: capture-gap was raised %d times, want %d", name, n, 1-want)
		}
	}
}
