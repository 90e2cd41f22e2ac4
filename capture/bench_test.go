package capture_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// traffic is a capture of so many connections whose handshakes interleave, about 40 % of the frames acknowledgements alone.
func traffic(connections, rounds int) *pcapgen.Capture {
	c := pcapgen.New(pcapgen.Options{Step: 1000})
	conns := make([]*pcapgen.Conn, connections)
	for i := range conns {
		conns[i] = c.Open(pcapgen.Client(i+1), pcapgen.Server())
		conns[i].Send(client, connect)
		conns[i].Send(server, connack)
	}
	payload := append([]byte("\x32\x89\x01\x00\x05plant\x00\x01"), bytes.Repeat([]byte("x"), 128)...)
	for range rounds {
		for i := range conns {
			conns[i].Send(client, payload)
			conns[i].ACK(server)
			conns[i].Send(server, puback)
			conns[i].ACK(client)
			conns[i].Send(client, payload)
			conns[i].Send(server, puback)
		}
	}
	return c
}

// BenchmarkFile reads a capture of 1,000 connections; the frames per second are the figure to look at.
func BenchmarkFile(b *testing.B) {
	c := traffic(1000, 40)
	file := c.Pcap()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		var segments int
		f := capture.NewFile([]string{"-"}, capture.FileOptions{Stdin: bytes.NewReader(file)})
		err := f.Run(context.Background(), func(batch []decode.Segment) { segments += len(batch) })
		if err != nil || segments < 4*40*1000 {
			b.Fatalf("%d segments, %v", segments, err)
		}
	}
	b.ReportMetric(float64(len(c.Frames))*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(len(c.Frames)), "ns/frame")
}
