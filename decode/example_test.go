package decode_test

import (
	"fmt"

	"github.com/mqttwatch/mqttwatch/decode"
)

// printer is a Handler that prints what it is given.
type printer struct{}

func (printer) Packet(c *decode.Conn, p *decode.Packet) {
	fmt.Printf("%s sends %s of %d bytes (MQTT %s)\n", p.Dir, p.Type, p.Length, p.Version)
}

func (printer) Loss(c *decode.Conn, l decode.Loss) {
	fmt.Printf("%d bytes of the %s did not become packets\n", l.Bytes, l.Dir)
}

func ExampleConn() {
	var stream []byte
	stream = decode.AppendConnect(stream, decode.V311, decode.ConnectFields{ClientID: "pump-7"})
	stream = decode.AppendPublish(stream, decode.V311, decode.PublishFields{QoS: 1, PacketID: 1, Topic: "plant/7/temp", Payload: []byte("21.5")})

	c := decode.NewConn(decode.ConnInfo{ID: 1}, nil)
	c.Feed(decode.FromClient, 1, stream[:25], printer{}) // cut anywhere
	c.Feed(decode.FromClient, 2, stream[25:], printer{})
	c.Feed(decode.FromServer, 3, []byte{0x20, 2, 0}, printer{})
	c.Finish(decode.FromServer, 4, printer{})
	// Output:
	// client sends CONNECT of 20 bytes (MQTT 3.1.1)
	// client sends PUBLISH of 22 bytes (MQTT 3.1.1)
	// 3 bytes of the server did not become packets
}

func ExampleDissect() {
	for _, f := range decode.Dissect([]byte{0x50, 3, 0, 12, 0x97}, decode.V5) {
		fmt.Printf("%*s%q %s\n", 2*f.Depth, "", f.Value, f.Name)
	}
	// Output:
	// "PUBREC" Fixed Header
	//   "PUBREC (5)" Control Packet type
	//   "0x0" Flags
	//   "3" Remaining Length
	// "" Variable Header
	//   "12" Packet Identifier
	//   "0x97 Quota exceeded" Reason Code
}
