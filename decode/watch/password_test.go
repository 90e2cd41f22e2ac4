package watch

import (
	"bytes"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestPasswordIsNotKept looks for the password of a CONNECT in all that the engine keeps.
func TestPasswordIsNotKept(t *testing.T) {
	for _, v := range []decode.Version{decode.V31, decode.V311, decode.V5} {
		for name, f := range map[string]decode.ConnectFields{
			"user and password": {ClientID: "dev", Username: []byte("joe"), Password: []byte("hunter2")},
			"with a will":       {ClientID: "dev", Username: []byte("joe"), Password: []byte("hunter2"), Will: &decode.Will{Topic: "t", Payload: []byte("x")}},
			"large will": {ClientID: "dev", Username: []byte("joe"), Password: []byte("hunter2"),
				Will: &decode.Will{Topic: "t", Payload: make([]byte, rawMost-50)}},
		} {
			e := New(Config{RawBytes: 1 << 20})
			c := decode.NewConn(decode.ConnInfo{ID: 1}, nil)
			packet := decode.AppendConnect(nil, v, f)
			e.Feed([]decode.Segment{{Kind: decode.Open, Conn: c, Time: 1}, {Conn: c, Time: 1, Data: packet}})
			if e.counts.Packets[decode.CONNECT] != 1 {
				t.Fatalf("%s, %v: CONNECT was not counted", name, v)
			}
			kept := bytes.Join(e.raw.pages, nil)
			if bytes.Contains(kept, []byte("hunt")) {
				t.Errorf("%s, %v: the password is kept", name, v)
			}
			if got := e.raw.get(1 << rawPlace); got.Length != int64(len(packet)) || !bytes.Contains(kept, []byte("joe")) && name != "large will" {
				t.Errorf("%s, %v: the rest of the packet is not", name, v)
			}
		}
	}
}
