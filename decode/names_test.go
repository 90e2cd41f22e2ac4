package decode_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

func TestReasonCodeNames(t *testing.T) {
	for _, c := range []struct {
		code decode.ReasonCode
		in   decode.Type
		v    decode.Version
		want string
	}{
		{0x00, decode.PUBACK, v5, "Success"},
		{0x00, decode.SUBACK, v5, "Granted QoS 0"},
		{0x00, decode.DISCONNECT, v5, "Normal disconnection"},
		{0x00, decode.CONNACK, v5, "Success"},
		{0x00, decode.CONNACK, v311, "Connection Accepted"},
		{0x05, decode.CONNACK, v31, "not authorized"},
		{0x01, decode.CONNACK, v5, "unacceptable protocol version"},
		{0x06, decode.CONNACK, v311, "ReasonCode(0x06)"},
		{0x02, decode.SUBACK, v311, "Granted QoS 2"},
		{0x80, decode.SUBACK, v311, "Failure"},
		{0x80, decode.SUBACK, v5, "Unspecified error"},
		{0x87, decode.PUBREC, v5, "Not authorized"},
		{0xA2, decode.SUBACK, v5, "Wildcard Subscriptions not supported"},
		{0xB7, decode.PUBACK, v5, "ReasonCode(0xB7)"},
	} {
		if got := c.code.Name(c.in, c.v); got != c.want {
			t.Errorf("%#x in %v of %v: %q, want %q", uint8(c.code), c.in, c.v, got, c.want)
		}
	}
	if got := decode.ReasonCode(0xB7).String(); got != "ReasonCode(0xB7)" {
		t.Errorf("%q", got)
	}
}

// TestReasonCodesAllowed counts the packets of each code against the table of 5.0 §2.4.
func TestReasonCodesAllowed(t *testing.T) {
	count := map[decode.Type]int{}
	for code := range 256 {
		for in := range decode.Type(16) {
			if decode.ReasonCode(code).Allowed(in) {
				count[in]++
			}
		}
	}
	want := map[decode.Type]int{
		decode.CONNACK: 22, decode.PUBACK: 9, decode.PUBREC: 9, decode.PUBREL: 2, decode.PUBCOMP: 2,
		decode.SUBACK: 12, decode.UNSUBACK: 7, decode.DISCONNECT: 30, decode.AUTH: 3,
	}
	for in := range decode.Type(16) {
		if count[in] != want[in] {
			t.Errorf("%v may carry %d codes, want %d", in, count[in], want[in])
		}
	}
	if decode.ReasonCode(0).Allowed(99) {
		t.Error("allowed in a type that is none")
	}
}

func TestReasonCodeFailed(t *testing.T) {
	for _, c := range []struct {
		code decode.ReasonCode
		in   decode.Type
		want bool
	}{
		{0, decode.CONNACK, false}, {5, decode.CONNACK, true}, {0x87, decode.CONNACK, true},
		{0x10, decode.PUBACK, false}, {0x80, decode.PUBACK, true}, {2, decode.SUBACK, false},
	} {
		if got := c.code.FailedIn(c.in); got != c.want {
			t.Errorf("%#x in %v: %t", uint8(c.code), c.in, got)
		}
	}
}

func TestPropertyTable(t *testing.T) {
	known, inWill := 0, 0
	count := map[decode.Type]int{}
	for id := range decode.PropertyID(300) {
		if id.Wire() != decode.WireUnknown {
			known++
		}
		if id.AllowedInWill() {
			inWill++
		}
		for in := range decode.Type(16) {
			if id.AllowedIn(in) {
				count[in]++
			}
		}
	}
	want := map[decode.Type]int{
		decode.CONNECT: 9, decode.CONNACK: 17, decode.PUBLISH: 8, decode.PUBACK: 2, decode.PUBREC: 2, decode.PUBREL: 2,
		decode.PUBCOMP: 2, decode.SUBSCRIBE: 2, decode.SUBACK: 2, decode.UNSUBSCRIBE: 1, decode.UNSUBACK: 2,
		decode.DISCONNECT: 4, decode.AUTH: 4,
	}
	if known != 27 || inWill != 7 {
		t.Errorf("%d properties, %d in a will", known, inWill)
	}
	for in := range decode.Type(16) {
		if count[in] != want[in] {
			t.Errorf("%v may carry %d properties, want %d", in, count[in], want[in])
		}
	}
	if got := decode.PropertyID(0x7F).String(); got != "Property(0x7F)" {
		t.Errorf("%q", got)
	}
}

// TestPropertiesRoundTrip writes one of each and reads it back.
func TestPropertiesRoundTrip(t *testing.T) {
	var want []decode.Property
	for id := range decode.PropertyID(64) {
		pr := decode.Property{ID: id}
		switch id.Wire() {
		case decode.WireUnknown:
			continue
		case decode.WireByte:
			pr.Uint = 1
		case decode.WireTwoByteInteger:
			pr.Uint = 65_535
		case decode.WireFourByteInteger:
			pr.Uint = 4_294_967_295
		case decode.WireVariableByteInteger:
			pr.Uint = 268_435_455
		case decode.WireStringPair:
			pr.Bytes, pr.Value = []byte("name"), []byte("value")
		default:
			pr.Bytes = []byte("text")
		}
		want = append(want, pr)
	}
	ps := decode.MakeProperties(want...)
	i, end := 0, 0
	for pr := range ps.All() {
		w := want[i]
		if pr.ID != w.ID || pr.Uint != w.Uint || string(pr.Bytes) != string(w.Bytes) || string(pr.Value) != string(w.Value) || pr.Offset != end {
			t.Errorf("got %+v, want %+v", pr, w)
		}
		end = pr.Offset + pr.Length
		i++
	}
	if i != len(want) || end != len(ps.Raw()) {
		t.Errorf("%d of %d properties, %d of %d bytes", i, len(want), end, len(ps.Raw()))
	}
	for name, value := range ps.User() {
		if string(name) != "name" || string(value) != "value" {
			t.Errorf("%q: %q", name, value)
		}
	}
	if got := ps.Uint(decode.ReceiveMaximum, 1); got != 65_535 {
		t.Errorf("Receive Maximum %d", got)
	}
	if got := (decode.Properties{}).Uint(decode.ReceiveMaximum, 65_535); got != 65_535 {
		t.Errorf("absent Receive Maximum %d", got)
	}
}
