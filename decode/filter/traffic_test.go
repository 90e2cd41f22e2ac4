package filter_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// start is when the traffic of these tests begins.
const start = decode.Time(1_700_000_000_000_000_000)

// traffic drives a tracker with packets of one client, and keeps the handshakes that come of it.
type traffic struct {
	tracker *handshake.Tracker
	link    *handshake.Link
	now     decode.Time
	all     []*handshake.Handshake
}

func (tr *traffic) Record(e handshake.Event) {
	if e.Kind == handshake.HandshakeStarted {
		tr.all = append(tr.all, e.Handshake)
	}
}

func newTraffic(clientID string) *traffic {
	tr := &traffic{now: start}
	tr.tracker = handshake.New(handshake.Config{}, tr)
	tr.link = tr.tracker.Open(&decode.ConnInfo{
		ID: 1, Client: netip.MustParseAddrPort("10.0.0.7:40001"), Server: netip.MustParseAddrPort("192.0.2.1:1883"),
		ServerName: "Broker.local", Opened: start,
	}, start)
	if clientID != "" {
		tr.send(decode.FromClient, &decode.Packet{Type: decode.CONNECT, Connect: &decode.Connect{
			ProtocolName: "MQTT", Level: 5, CleanStart: true, KeepAlive: 600, ClientID: []byte(clientID), ReceiveMaximum: 65535,
		}})
		tr.send(decode.FromServer, &decode.Packet{Type: decode.CONNACK, Connack: &decode.Connack{ReceiveMaximum: 65535, MaximumQoS: 2}})
	}
	return tr
}

// send gives one packet to the tracker and lets a millisecond pass.
func (tr *traffic) send(dir decode.Direction, p *decode.Packet) {
	p.Time, p.Dir, p.Version, p.Length = tr.now, dir, decode.V5, 10
	tr.tracker.Packet(tr.link, p, 0)
	tr.wait(time.Millisecond)
}

func (tr *traffic) wait(d time.Duration) {
	tr.now = tr.now.Add(d)
	tr.tracker.Advance(tr.now)
}

func (tr *traffic) publish(dir decode.Direction, qos uint8, id uint16, topic string, flags ...string) {
	p := &decode.Packet{Type: decode.PUBLISH, QoS: qos, PacketID: id, Topic: []byte(topic), PayloadLength: 5, Payload: fmt.Appendf(nil, "%05d", id)}
	for _, f := range flags {
		p.Dup, p.Retain = p.Dup || f == "dup", p.Retain || f == "retain"
	}
	tr.send(dir, p)
}

func (tr *traffic) ack(dir decode.Direction, kind decode.Type, id uint16, code decode.ReasonCode) {
	tr.send(dir, &decode.Packet{Type: kind, PacketID: id, ReasonCode: code})
}

// plant returns handshakes of every sort, by a name that tells what they are.
func plant(t *testing.T) (map[string]*handshake.Handshake, decode.Time) {
	t.Helper()
	tr := newTraffic("Pump-7")
	out := map[string]*handshake.Handshake{}
	name := func(s string) { out[s] = tr.all[len(tr.all)-1] }

	tr.publish(decode.FromClient, 1, 17, "plant/a/temp")
	name("complete1")
	tr.wait(300 * time.Millisecond)
	tr.ack(decode.FromServer, decode.PUBACK, 17, 0)

	tr.publish(decode.FromClient, 2, 18, "plant/b/Door", "retain")
	name("complete2")
	tr.ack(decode.FromServer, decode.PUBREC, 18, 0)
	tr.ack(decode.FromClient, decode.PUBREL, 18, 0)
	tr.ack(decode.FromServer, decode.PUBCOMP, 18, 0)

	tr.publish(decode.FromClient, 1, 19, "secret/Grüße")
	name("refused")
	tr.ack(decode.FromServer, decode.PUBACK, 19, 0x87)

	tr.publish(decode.FromServer, 2, 4, "cmd/pump-7/set")
	name("stuck")
	tr.ack(decode.FromClient, decode.PUBREC, 4, 0)
	tr.wait(20 * time.Second)

	tr.send(decode.FromClient, &decode.Packet{Type: decode.SUBSCRIBE, PacketID: 20, Subscribe: &decode.Subscribe{
		Filters: []decode.TopicFilter{{Filter: []byte("plant/#"), QoS: 1}}}})
	name("subscribe")
	tr.send(decode.FromServer, &decode.Packet{Type: decode.SUBACK, PacketID: 20, SubackCodes: []decode.ReasonCode{1}})

	tr.publish(decode.FromClient, 1, 21, "$SYS/x", "dup")
	name("waiting")
	return out, tr.now
}
