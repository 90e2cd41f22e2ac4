// Package pcapgen writes capture files for tests: connections are told as events (open, some bytes, a resend, a loss,
// a close) and come out as frames of TCP over IP over a link, in a pcap or pcapng file.
//
//	c := pcapgen.New(pcapgen.Options{})
//	conn := c.Open(pcapgen.Client(1), pcapgen.Server())
//	conn.Send(decode.FromClient, connect)
//	conn.Send(decode.FromServer, connack)
//	conn.Close(decode.FromClient)
//	os.WriteFile("x.pcap", c.Pcap(), 0o644)
package pcapgen
