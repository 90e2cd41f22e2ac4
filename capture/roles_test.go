package capture_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// TestRolesOfOthers has connections joined in mid-stream, to a Server whose port is above those of its Clients, so that a guess by port is wrong.
func TestRolesOfOthers(t *testing.T) {
	const high = 45883
	type talk struct {
		client, server uint16
		open           bool
		say            []say
		wrong          bool // what the last Conn of it has: Client and Server the wrong way round
		assumed        bool
	}
	push := []say{{server, string(publish)}, {server, string(publish)}, {client, string(puback)}}
	large := "\x30\x97\x4e\x00\x05plant" + string(bytes.Repeat([]byte("\xc0\x00"), 5000))
	subscribe, suback := "\x82\x0d\x00\x01\x00\x08plant/+/\x01", "\x90\x03\x00\x01\x01"
	tests := []struct {
		name  string
		ports []uint16
		talks []talk
	}{
		{"nothing tells", nil, []talk{{40001, high, false, push, true, true}}},
		{"--port", []uint16{high}, []talk{{40001, high, false, push, false, false}}},
		{"--port on both", []uint16{high, 40001}, []talk{{40001, high, false, push, true, true}}},
		{"a CONNECT before", nil, []talk{
			{40000, high, true, []say{{client, string(connect)}}, false, false},
			{40001, high, false, push, false, false},
			{40002, high, false, push, false, false},
		}},
		{"a CONNECT after", nil, []talk{
			{40001, high, false, push, false, false},
			{40000, high, true, []say{{client, string(connect)}}, false, false},
		}},
		{"a CONNECT without its SYN before", nil, []talk{
			{40000, high, false, []say{{client, string(connect)}}, false, false},
			{40001, high, false, push, false, false},
		}},
		{"a PINGRESP before", nil, []talk{
			{40000, high, false, []say{{server, string(publish)}, {client, string(pingreq)}, {server, string(pingresp)}}, false, false},
			{40001, high, false, push, false, false},
		}},
		{"two with an end in common", nil, []talk{{40001, high, false, push, false, true}, {40002, high, false, push, false, true}}},
		{"a client's port with two brokers", nil, []talk{{40001, 1883, false, push, false, true}, {40001, 1884, false, push, false, true}}},
		{"two of another broker", nil, []talk{
			{40001, high, false, push, true, true},
			{40002, high + 1, false, push, false, true}, {40003, high + 1, false, push, false, true},
		}},
		{"a broker's port that has become a client's", nil, []talk{
			{40001, high, true, []say{{client, string(connect)}}, false, false},
			{high, 50000, true, []say{{client, string(connect)}}, false, false},
			{high, 40002, false, push, false, true},
		}},
		{"PINGREQ and PINGRESP after", nil, []talk{{40001, high, false, append(push[:3:3], say{client, string(pingreq)}, say{server, string(pingresp)}), false, false}}},
		{"a lone PINGREQ after", nil, []talk{{40001, high, false, append(push[:3:3], say{client, string(pingreq)}), true, true}}},
		{"SUBSCRIBE after", nil, []talk{{40001, high, false, append(push[:3:3], say{client, subscribe}, say{server, suback}), false, false}}},
		{"PUBREL after", nil, []talk{{40001, high, false, append(push[:3:3], say{client, "\x62\x02\x00\x01"}, say{client, "\x62\x02\x00\x02"}, say{client, "\x62\x02\x00\x03"}), true, true}}},
		{"pieces of a payload like PINGREQ after", nil, []talk{{50001, 40000, false, append(push[:3:3], say{server, large}), false, true}}},
		{"and back", nil, []talk{{50001, 40000, false, append(push[:3:3], say{server, large}, say{client, large}, say{server, large}), false, true}}},
		{"pieces like PINGREQ and PINGRESP that end in the middle of a packet", nil, []talk{{50001, 40000, false, append(push[:3:3],
			say{server, "\x30\x7f\x00\x05plant"}, say{server, "\xc0\x00\x30\x20\x00\x02ab"},
			say{client, "\x30\x7f\x00\x05plant"}, say{client, "\xd0\x00\x30\x20\x00\x02ab"}), false, true}}},
		{"what the guess by port has right", nil, []talk{{50001, 40000, false, append(push[:3:3], say{client, string(pingreq)}, say{server, string(pingresp)}), false, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := pcapgen.New(pcapgen.Options{})
			for _, k := range tt.talks {
				conn := c.Join(port(k.client), port(k.server))
				if k.open {
					conn = c.Open(port(k.client), port(k.server))
				}
				for _, s := range k.say {
					conn.Send(s.dir, []byte(s.data))
				}
			}
			r := replayBytes(t, capture.FileOptions{Ports: tt.ports}, c.Pcap())
			for _, k := range tt.talks {
				var got *conn
				for _, conn := range r.conns {
					if i := conn.info; i.Client == port(k.client) && i.Server == port(k.server) || i.Client == port(k.server) && i.Server == port(k.client) {
						got = conn
					}
				}
				if got == nil {
					t.Fatalf("no connection of %d and %d:\n%s", k.client, k.server, r)
				}
				if wrong := got.info.Client == port(k.server); wrong != k.wrong || got.info.RolesAssumed != k.assumed {
					t.Errorf("%d to %d: the wrong way round %v, assumed %v; want %v, %v", k.client, k.server, wrong, got.info.RolesAssumed, k.wrong, k.assumed)
				}
			}
		})
	}
}

// TestTurned has a connection of which the roles turn out to be the other way round: the first Conn is no longer followed, and nothing that comes
// after is lost, or goes back in time.
func TestTurned(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{})
	conn := c.Join(port(40001), port(45883))
	conn.Send(server, publish)
	conn.Send(server, publish)
	conn.Send(client, puback)
	conn.Send(client, pingreq)
	conn.Send(server, pingresp)
	conn.Send(client, puback)
	conn.Send(server, publish)
	conn.Close(client)
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	if len(r.conns) != 2 || r.stats.Connections != 1 {
		t.Fatalf("%d Conns of %d connections:\n%s", len(r.conns), r.stats.Connections, r)
	}
	before, after := r.conns[0], r.conns[1]
	if before.closed.Cause != decode.CloseEvicted || after.closed.Cause != decode.CloseFIN {
		t.Errorf("they end with %v and %v", before.closed.Cause, after.closed.Cause)
	}
	if want := [2]string{string(puback), string(pingresp) + string(publish)}; string(after.stream[client]) != want[client] || string(after.stream[server]) != want[server] {
		t.Errorf("the second has %q, want %q", after.stream, want)
	}
	if before.times[len(before.times)-1] > after.times[0] || !after.info.MidStream || after.info.Opened < after.times[0] {
		t.Errorf("the first has times %v, the second %v and was opened at %v", before.times, after.times, after.info.Opened)
	}
}

// TestManyEnds has more ends than are remembered: the Server that is in use stays known.
func TestManyEnds(t *testing.T) {
	c := pcapgen.New(pcapgen.Options{Step: 1000})
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 60000)
	}
	c.Open(port(40001), port(45883)).Send(client, connect)
	for i := range 10_000 {
		c.Open(port(40000), at(i)).Send(client, connect)
		if i%1000 == 1 {
			peer := netip.AddrPortFrom(at(i).Addr(), 40000)
			c.Join(peer, port(45883)).Send(server, append(publish, publish...))
		}
	}
	r := replayBytes(t, capture.FileOptions{}, c.Pcap())
	for _, conn := range r.conns {
		if conn.info.MidStream && conn.info.RolesAssumed {
			t.Errorf("not known: %+v", conn.info)
		}
	}
}
