package capture_test

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
)

// BenchmarkProxyLatency measures round trips of a PUBLISH with QoS 1 and its PUBACK, directly and through a proxy in turn, and
// reports what the proxy adds.
func BenchmarkProxyLatency(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go acknowledge(l)
	p, err := capture.NewProxy(capture.ProxyOptions{Listen: []string{"127.0.0.1:0"}, Upstream: "mqtt://" + l.Addr().String()})
	if err != nil {
		b.Fatal(err)
	}
	s := &proxied{Proxy: p, done: make(chan error, 1)}
	ctx := b.Context()
	go func() { s.done <- p.Run(ctx, s.sink) }()
	addrs := []string{l.Addr().String(), p.Addrs()[0].String()}
	var times [2][]time.Duration
	var conns [2]net.Conn
	for i := range conns {
		if conns[i], err = net.Dial("tcp", addrs[i]); err != nil {
			b.Fatal(err)
		}
		defer conns[i].Close()
		roundTrip(b, conns[i], connectBytes)
	}
	publish := []byte("\x32\x26\x00\x07plant/a\x00\x01" + "twenty-seven bytes of text.")
	for b.Loop() {
		for i, c := range conns {
			begin := time.Now()
			roundTrip(b, c, publish)
			times[i] = append(times[i], time.Since(begin))
		}
	}
	for i, name := range []string{"direct", "proxy"} {
		slices.Sort(times[i])
		b.ReportMetric(microseconds(times[i], 50), name+"-p50-µs")
		b.ReportMetric(microseconds(times[i], 99), name+"-p99-µs")
	}
	b.ReportMetric(microseconds(times[1], 50)-microseconds(times[0], 50), "added-p50-µs")
	b.ReportMetric(microseconds(times[1], 99)-microseconds(times[0], 99), "added-p99-µs")
	b.ReportMetric(0, "ns/op") // both round trips together: says nothing
}

func microseconds(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Nanoseconds()) / 1e3
}

// acknowledge answers whatever comes with four bytes.
func acknowledge(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 4096)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				c.Write([]byte("\x40\x02\x00\x01"))
			}
		}()
	}
}

func roundTrip(b *testing.B, c net.Conn, p []byte) {
	if _, err := c.Write(p); err != nil {
		b.Fatal(err)
	}
	var answer [4]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		b.Fatal(err)
	}
}
