package decode_test

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

// TestConnLayout: what each packet takes of a Conn is its first 64 bytes, and these are one line of a processor's cache. Go's allocator gives objects of the
// sizes wanted here places that are multiples of 64.
func TestConnLayout(t *testing.T) {
	if strconv.IntSize != 64 {
		t.Skip("pointers are smaller here")
	}
	conn := reflect.TypeFor[decode.Conn]()
	for _, name := range []string{"Attachment", "packet", "halves", "version", "known", "evidence", "plain"} {
		f, ok := conn.FieldByName(name)
		if !ok || f.Offset+f.Type.Size() > 64 {
			t.Errorf("%s is not within the first 64 bytes: %+v", name, f)
		}
	}
	if size := conn.Size(); size <= 352 || size > 384 {
		t.Errorf("a Conn takes %d bytes: what are the sizes now of which 64 is a divisor?", size)
	}
}

// TestNothingIsLeft decodes each packet after each other one into the same Packet, and wants what it is when it comes first.
func TestNothingIsLeft(t *testing.T) {
	var shared decode.Packet
	decodeInto := func(into *decode.Packet, c packetCase) (got decode.Packet, line string) {
		conn := decode.NewConn(decode.ConnInfo{}, nil)
		conn.DecodeInto(new(decode.Packet))
		conn.Feed(decode.FromClient, 1, decode.AppendConnect(nil, c.version, decode.ConnectFields{}), handler{})
		conn.DecodeInto(into)
		data := append([]byte(nil), c.bytes...)
		conn.Feed(decode.FromClient, 2, data, handler{packet: func(p *decode.Packet) { got, line = *p, show(p) }})
		return got, line
	}
	for _, first := range packetCases {
		for _, c := range packetCases {
			want, wantLine := decodeInto(new(decode.Packet), c)
			decodeInto(&shared, first)
			shared.VersionAssumed, shared.Late, shared.TopicUnknown, shared.PayloadGap, shared.TopicAlias = true, true, true, true, 9
			shared.SetPayloadHash(9)
			if got, line := decodeInto(&shared, c); line != wantLine || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s after %s:\n got %s\nwant %s", c.name, first.name, line, wantLine)
			}
		}
	}
}
