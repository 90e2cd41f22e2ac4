package decode_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// keeper keeps copies of packets beyond the call that brings them, and what they looked like then.
type keeper struct {
	whole bool
	with  bool // Head is kept apart
	buf   []byte
	kept  []decode.Packet
	want  []string
}

func (k *keeper) Packet(_ *decode.Conn, p *decode.Packet) {
	q := *p
	if q.PayloadHash(); !k.whole {
		q.Head, q.Payload = nil, nil
	}
	k.want = append(k.want, show(&q))
	q = *p
	if k.with {
		k.buf = q.KeepWith(slices.Clone(p.Head), k.buf)
	} else {
		k.buf = q.Keep(k.buf, k.whole)
	}
	k.kept = append(k.kept, q)
}

func (k *keeper) Loss(*decode.Conn, decode.Loss) {}

// TestKeep: what was kept of a packet stays as it was when its bytes are overwritten, those of the secrets too.
func TestKeep(t *testing.T) {
	for _, v := range versions {
		testKeep(t, v, &keeper{whole: true})
		testKeep(t, v, &keeper{whole: false})
		testKeep(t, v, &keeper{whole: true, with: true})
	}
}

func testKeep(t *testing.T, v decode.Version, k *keeper) {
	r := newTraffic(7, v)
	k.buf = make([]byte, 0, 1<<10) // grows: what was kept before stays in the old memory
	c := decode.NewConn(decode.ConnInfo{}, nil)
	feed := func(dir decode.Direction, data []byte) {
		if r.IntN(8) == 0 { // in two pieces, so that it waits in the Conn
			n := r.IntN(len(data))
			first := slices.Clone(data[:n])
			c.Feed(dir, 1, first, k)
			data = data[n:]
		}
		data = slices.Clone(data)
		c.Feed(dir, 1, data, k)
		for i := range data {
			data[i] = 0xA5
		}
	}
	feed(decode.FromClient, decode.AppendConnect(nil, v, decode.ConnectFields{
		ClientID: "pump-7", Username: []byte("u"), Password: []byte("secret"), Will: &decode.Will{Topic: "w/t", Payload: []byte("gone")},
	}))
	feed(decode.FromServer, decode.AppendConnack(nil, v, decode.ConnackFields{
		Properties: decode.MakeProperties(decode.Property{ID: decode.AssignedClientIdentifier, Bytes: []byte("assigned")}),
	}))
	for range 2000 {
		dir := decode.Direction(r.IntN(2))
		feed(dir, r.packet(dir))
	}
	if len(k.kept) != 2002 {
		t.Fatalf("%v: %d packets", v, len(k.kept))
	}
	for i := range k.kept {
		if got := show(&k.kept[i]); got != k.want[i] {
			t.Fatalf("%v, whole %v, with %v, packet %d:\n got %s\nwant %s", v, k.whole, k.with, i, got, k.want[i])
		}
	}
	if bytes.Contains(k.buf, []byte("secret")) {
		t.Errorf("%v: the password was kept", v)
	}
}
