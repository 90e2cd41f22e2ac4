package capture_test

import (
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// TestMissedBytes leaves out frames: what acknowledgements and sequence numbers say of them, and what is believed of that.
func TestMissedBytes(t *testing.T) {
	checkTCP(t, []tcpCase{
		{"missed bytes that only a bare acknowledgement proves", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "publish")
			one(conn, server, "puback")
			conn.ACK(client)
			one(conn, client, "publish")
			conn.SendMissed(server, 4)
			conn.ACK(client)
			c.Wait(time.Second)
			one(conn, client, "ping")
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`, `1 client "publish"`, "1 server gap 4", `1 client "ping"`}},

		{"missed bytes acknowledged in the last frame", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "publish")
			one(conn, server, "puback")
			conn.ACK(client)
			conn.SendMissed(server, 4)
			conn.ACK(client)
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`, "1 server gap 4"}},

		{"acknowledged before it is recorded is no gap", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "publish")
			one(conn, server, "puback")
			one(conn, client, "publish")
			one(conn, server, "puback")
			conn.ACK(client)
			c.Swap(len(c.Frames)-1, len(c.Frames)-2)
			c.Wait(time.Second)
			one(conn, client, "ping")
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`, `1 client "publish"`, `1 server "puback"`, `1 client "ping"`}},

		{"joined in the middle: the first answer is missing", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, client, "publish")
			conn.ACK(server)
			conn.SendMissed(server, 4)
			one(conn, client, "ping")
			c.Wait(time.Second)
			one(conn, server, "pong")
		}, []string{"1 open", `1 client "publish"`, "1 server gap 4", `1 client "ping"`, `1 server "pong"`}},

		{"joined in the middle: nothing is missing before the first answer", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, client, "publish")
			conn.ACK(server)
			one(conn, server, "puback")
			conn.ACK(client)
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`}},

		{"joined in the middle: a keep-alive probe comes before the first answer", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, client, "publish")
			conn.Segment(server, conn.Seq[server]-1, pcapgen.ACK, nil)
			one(conn, server, "puback")
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`}},

		{"joined in the middle: an acknowledgement is recorded before the first answer that it comes after", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, client, "publish")
			one(conn, server, "puback")
			conn.ACK(server)
			c.Swap(1, 2)
			one(conn, client, "next")
		}, []string{"1 open", `1 client "publish"`, `1 server "puback"`, `1 client "next"`}},

		{"joined, and the first bytes of an end are missing", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, server, "question")
			conn.SendMissed(client, 6)
			conn.ACK(server)
			one(conn, client, "b")
		}, []string{"1 open", `1 server "question"`, "1 client gap 6", `1 client "b"`}},

		{"joined, and the first bytes of an end that acknowledges next are missing", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, server, "question")
			conn.SendMissed(client, 6)
			conn.ACK(server)
			conn.ACK(client)
			one(conn, client, "b")
		}, []string{"1 open", `1 server "question"`, "1 client gap 6", `1 client "b"`}},

		{"joined, and all acknowledgements have one number", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			conn.SegmentACK(server, conn.Seq[server], conn.Seq[client]-6, pcapgen.ACK, []byte("ab"))
			conn.SegmentACK(server, conn.Seq[server]+2, conn.Seq[client]-6, pcapgen.ACK, []byte("cd"))
			one(conn, client, "b")
		}, []string{"1 open", `1 server "ab"`, `1 server "cd"`, `1 client "b"`}},

		{"an answer to missing bytes, when the right acknowledgement before it waited", func(c *pcapgen.Capture) {
			conn := c.Join(pcapgen.Client(1), pcapgen.Server())
			one(conn, client, "aaa")
			conn.SendMissed(client, 5)
			one(conn, client, "bbb")
			one(conn, server, "rec")
			conn.SendMissed(client, 4)
			conn.ACK(server)
			one(conn, server, "comp")
			c.Wait(time.Second)
			one(conn, client, "next")
		}, []string{
			"1 open", `1 client "aaa"`, "1 client gap 5", `1 client "bbb"`, `1 server "rec"`, "1 client gap 4", `1 server "comp"`, `1 client "next"`,
		}},

		{"the first bytes of an end are missing, and an acknowledgement of what came behind them proves it", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			conn.SendMissed(server, 4)
			conn.ACK(client)
			one(conn, client, "subscribe")
			conn.SendMissed(server, 5)
			one(conn, server, "suback")
			conn.ACK(client)
			one(conn, server, "publish")
			one(conn, client, "ack")
			c.Wait(time.Second)
			one(conn, client, "next")
		}, []string{
			"1 open", `1 client "connect"`, "1 server gap 4", `1 client "subscribe"`, "1 server gap 5", `1 server "suback"`, `1 server "publish"`,
			`1 client "ack"`, `1 client "next"`,
		}},

		{"the first bytes of an end are missing, and a number that fits nothing comes later", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			conn.SendMissed(server, 4)
			conn.ACK(client)
			one(conn, client, "subscribe")
			conn.SendMissed(server, 5)
			one(conn, server, "suback")
			conn.SegmentACK(client, conn.Seq[client], conn.Seq[server]-1, pcapgen.ACK, nil)
			c.Wait(time.Second)
			conn.SegmentACK(client, conn.Seq[client], conn.Seq[server]-1, pcapgen.ACK, []byte("next"))
		}, []string{"1 open", `1 client "connect"`, "1 server gap 4", `1 client "subscribe"`, "1 server gap 5", `1 server "suback"`, `1 client "next"`}},

		{"all first bytes of an end are missing, and where it goes on proves it", func(c *pcapgen.Capture) {
			conn := opened(c)
			conn.SendMissed(client, 7)
			one(conn, server, "connack")
			conn.SendMissed(client, 9)
			one(conn, server, "puback")
			conn.ACK(client)
			c.Wait(time.Second)
			one(conn, server, "next")
		}, []string{"1 open", "1 client gap 7", `1 server "connack"`, "1 client gap 9", `1 server "puback"`, `1 server "next"`}},

		{"the first bytes of an end are missing, and nothing comes behind them", func(c *pcapgen.Capture) {
			conn := opened(c)
			one(conn, client, "connect")
			conn.SendMissed(server, 4)
			conn.ACK(client)
			c.Wait(time.Second)
			one(c.Open(pcapgen.Client(2), pcapgen.Server()), client, "else")
		}, []string{"1 open", `1 client "connect"`, "1 server gap 4", "2 open", `2 client "else"`}},

		{"a question in the first bytes is missing, and its acknowledgement too", func(c *pcapgen.Capture) {
			conn := opened(c)
			conn.SendMissed(client, 7)
			conn.SendMissed(server, 4)
			conn.ACK(client)
			conn.SendMissed(client, 9)
			one(conn, server, "suback")
			conn.ACK(server)
			c.Wait(time.Second)
			one(conn, client, "next")
		}, []string{"1 open", "1 server gap 4", "1 client gap 16", `1 server "suback"`, `1 client "next"`}},
	})
}
