package decode_test

import (
	"bytes"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
)

func TestEncodePublish(t *testing.T) {
	for seed := range uint64(300) {
		r := newTraffic(seed, versions[seed%3])
		f := decode.PublishFields{
			QoS: uint8(r.IntN(3)), Retain: r.IntN(2) == 0, Topic: r.topic(), Payload: r.bytes(r.IntN(300)),
			Properties: decode.MakeProperties(decode.Property{ID: decode.ContentType, Bytes: []byte("text/plain")}),
		}
		if f.QoS > 0 {
			f.PacketID, f.Dup = r.id(), r.IntN(2) == 0
		}
		p := decodeOne(t, r.v, decode.AppendPublish(nil, r.v, f))
		if p.Err != nil || p.QoS != f.QoS || p.Retain != f.Retain || p.Dup != f.Dup || p.PacketID != f.PacketID ||
			string(p.Topic) != f.Topic || !bytes.Equal(p.Payload, f.Payload) || p.PayloadLength != int64(len(f.Payload)) {
			t.Fatalf("%v: wrote %+v, read %s", r.v, f, show(p))
		}
		if want := r.v == v5; (len(p.Properties.Raw()) > 0) != want {
			t.Fatalf("%v: properties % x", r.v, p.Properties.Raw())
		}
	}
}

func TestEncodeAcks(t *testing.T) {
	reason := decode.MakeProperties(decode.Property{ID: decode.ReasonString, Bytes: []byte("why")})
	for _, typ := range []decode.Type{decode.PUBACK, decode.PUBREC, decode.PUBREL, decode.PUBCOMP} {
		for _, v := range versions {
			for _, f := range []decode.AckFields{{PacketID: 1}, {PacketID: 65535, ReasonCode: 0x92}, {PacketID: 2, Properties: reason}} {
				p := decodeOne(t, v, decode.AppendAck(nil, typ, v, f))
				if v != v5 {
					f.ReasonCode, f.Properties = 0, decode.Properties{}
				}
				if p.Err != nil || p.Type != typ || p.PacketID != f.PacketID || p.ReasonCode != f.ReasonCode ||
					!bytes.Equal(p.Properties.Raw(), f.Properties.Raw()) {
					t.Errorf("%v: wrote %+v, read %s", v, f, show(p))
				}
			}
		}
	}
}

func TestEncodeConnect(t *testing.T) {
	for _, v := range versions {
		will := &decode.Will{QoS: 2, Retain: true, Topic: "state/7", Payload: []byte("gone")}
		if v == v5 {
			will.Properties = decode.MakeProperties(decode.Property{ID: decode.WillDelayInterval, Uint: 30})
		}
		data := decode.AppendConnect(nil, v, decode.ConnectFields{
			CleanStart: true, KeepAlive: 90, ClientID: "pump-7", Will: will, Username: []byte("joe"), Password: []byte("tiger"),
			Properties: decode.MakeProperties(decode.Property{ID: decode.TopicAliasMaximum, Uint: 10}, decode.Property{ID: decode.MaximumPacketSize, Uint: 99}),
		})
		p := decodeOne(t, v, data)
		c := p.Connect
		if p.Err != nil || c == nil || p.Version != v || c.Level != byte(v) || !c.CleanStart || c.KeepAlive != 90 || string(c.ClientID) != "pump-7" {
			t.Fatalf("%v: %s", v, show(p))
		}
		if !c.HasWill || c.WillQoS != 2 || !c.WillRetain || string(c.WillTopic) != "state/7" || string(c.WillPayload) != "gone" ||
			c.WillPayloadLength != 4 || c.WillPayloadHash == 0 || !bytes.Equal(c.WillProperties.Raw(), will.Properties.Raw()) {
			t.Errorf("%v: will of %s", v, show(p))
		}
		if string(c.Username) != "joe" || !c.HasPassword {
			t.Errorf("%v: credentials of %s", v, show(p))
		}
		if v == v5 && (c.TopicAliasMaximum != 10 || c.MaximumPacketSize != 99) {
			t.Errorf("limits of %s", show(p))
		}
		if bytes.Contains(p.Head, []byte("tiger")) || len(p.Head) != len(data) {
			t.Errorf("%v: head %q", v, p.Head)
		}
	}
}

func TestEncodeConnack(t *testing.T) {
	ps := decode.MakeProperties(
		decode.Property{ID: decode.AssignedClientIdentifier, Bytes: []byte("auto-1")}, decode.Property{ID: decode.ServerKeepAlive, Uint: 30},
		decode.Property{ID: decode.MaximumQoS, Uint: 1}, decode.Property{ID: decode.SessionExpiryInterval, Uint: 7},
		decode.Property{ID: decode.TopicAliasMaximum, Uint: 3}, decode.Property{ID: decode.MaximumPacketSize, Uint: 5000})
	for _, v := range versions {
		p := decodeOne(t, v, decode.AppendConnack(nil, v, decode.ConnackFields{SessionPresent: true, Properties: ps}))
		c := p.Connack
		if p.Err != nil || c == nil || !c.SessionPresent || p.ReasonCode != 0 || c.ReceiveMaximum != 65535 {
			t.Fatalf("%v: %s", v, show(p))
		}
		if p := decodeOne(t, v, decode.AppendConnack(nil, v, decode.ConnackFields{ReasonCode: 0x80})); p.Err != nil || p.Connack.SessionPresent || p.ReasonCode != 0x80 {
			t.Errorf("%v, refused: %s", v, show(p))
		}
		if v != v5 {
			if c.MaximumQoS != 2 || c.HasServerKeepAlive {
				t.Errorf("%v: %s", v, show(p))
			}
			continue
		}
		if string(c.AssignedClientID) != "auto-1" || c.ServerKeepAlive != 30 || !c.HasServerKeepAlive || c.MaximumQoS != 1 ||
			c.SessionExpiry != 7 || !c.HasSessionExpiry || c.TopicAliasMaximum != 3 || c.MaximumPacketSize != 5000 {
			t.Errorf("%s", show(p))
		}
	}
}

// TestEncodeWrongThings writes what the standard forbids, as tests and the demo need it.
func TestEncodeWrongThings(t *testing.T) {
	wrong := decode.AppendAck(nil, decode.PUBREL, v311, decode.AckFields{})
	wrong[0] ^= 2
	for name, data := range map[string][]byte{
		"flags":    wrong,
		"QoS 3":    decode.AppendPublish(nil, v311, decode.PublishFields{QoS: 3, Topic: "a", PacketID: 1}),
		"wildcard": decode.AppendPublish(nil, v311, decode.PublishFields{Topic: "#"}),
		"raw":      decode.AppendPacket(nil, 0x00, []byte("abc")),
		"property": decode.AppendDisconnect(nil, v5, decode.ReasonFields{Properties: decode.MakeProperties(decode.Property{ID: 0x7E, Bytes: []byte{1}})}),
	} {
		v := v311
		if name == "property" {
			v = v5
		}
		if p := decodeOne(t, v, data); p.Err == nil {
			t.Errorf("%s: nothing wrong with %s", name, show(p))
		}
	}
	if p := decodeOne(t, v311, decode.AppendPublish(nil, v311, decode.PublishFields{QoS: 1, Topic: "a"})); p.Err != nil || p.PacketID != 0 {
		t.Errorf("identifier 0: %s", show(p))
	}
}
