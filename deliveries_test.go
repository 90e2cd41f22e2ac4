package main_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/internal/embedded"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// mochiBroker starts the embedded broker and returns its port.
func mochiBroker(t *testing.T) int {
	t.Helper()
	_, addr := need.Embedded(t, nil, new(embedded.AllowAll))
	return int(netip.MustParseAddrPort(addr).Port())
}

// TestDeliveriesOfRealBrokers lets real clients talk through a proxy that records them, and compares what is concluded with what the subscribers print.
func TestDeliveriesOfRealBrokers(t *testing.T) {
	pub, sub := need.Program(t, "mosquitto_pub"), need.Program(t, "mosquitto_sub")
	brokers := map[string]func(*testing.T) int{
		"mosquitto": func(t *testing.T) int { return mosquitto(t, "allow_anonymous true\n") },
		"mochi":     mochiBroker,
	}
	for name, broker := range brokers {
		t.Run(name, func(t *testing.T) {
			e, port := recorded(t, broker(t))
			const each = 20
			subscribers := []struct {
				name string
				args []string
				want int // how many it is to get, of three times each
			}{
				{"all", []string{"-t", "#", "-q", "2"}, 3 * each},
				{"once", []string{"-t", "plant/+/temp", "-q", "1", "-V", "5"}, 3 * each},
				{"lazy", []string{"-t", "plant/#", "-q", "0", "-V", "5"}, 3 * each},
				{"two", []string{"-t", "plant/1/#", "-t", "+/1/temp", "-q", "2"}, each},
				{"other", []string{"-t", "elsewhere/#", "-q", "1"}, 0},
			}
			outputs, running := make([]bytes.Buffer, len(subscribers)), make([]*exec.Cmd, len(subscribers))
			for i, s := range subscribers {
				cmd := exec.Command(sub, append([]string{"-p", port, "-i", s.name, "-F", "%t %p"}, s.args...)...)
				cmd.Stdout = &outputs[i]
				running[i] = cmd
				start(t, cmd)
			}
			await(t, e, func(s *watch.Snapshot) bool { return s.Counts.Packets[decode.SUBACK] == uint64(len(subscribers)) })
			for qos := range 3 {
				var lines strings.Builder
				for i := range each {
					fmt.Fprintf(&lines, "message %d.%d\n", qos, i)
				}
				cmd := exec.Command(pub, "-p", port, "-i", fmt.Sprint("device-", qos), "-t", fmt.Sprintf("plant/%d/temp", qos), "-q", fmt.Sprint(qos), "-l")
				cmd.Stdin = strings.NewReader(lines.String())
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("mosquitto_pub: %v: %s", err, out)
				}
			}
			await(t, e, func(s *watch.Snapshot) bool { return s.Deliveries.Counts.Settled[delivery.Complete] == 3*each })
			checkRealDeliveries(t, e, 3*each)
			for i, s := range subscribers {
				_ = running[i].Process.Signal(os.Interrupt)
				_ = running[i].Wait()
				if got := strings.Count(outputs[i].String(), "\n"); got != s.want {
					t.Errorf("%s printed %d messages, want %d", s.name, got, s.want)
				}
			}
		})
	}
}

// recorded starts a proxy before a broker, whose traffic an engine watches, and returns its port.
func recorded(t *testing.T, broker int) (*watch.Engine, string) {
	t.Helper()
	p, err := capture.NewProxy(capture.ProxyOptions{Listen: []string{"127.0.0.1:0"}, Upstream: fmt.Sprintf("mqtt://127.0.0.1:%d", broker)})
	if err != nil {
		t.Fatal(err)
	}
	e := watch.New(watch.Config{Deliveries: true})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, e.Feed) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	_, port, err := net.SplitHostPort(p.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return e, port
}

// await waits until the state is as ok wants it.
func await(t *testing.T, e *watch.Engine, ok func(*watch.Snapshot) bool) {
	t.Helper()
	for range 400 {
		if ok(e.Snapshot(watch.Query{})) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s := e.Snapshot(watch.Query{AlertLimit: 10})
	t.Fatalf("waited in vain: packets %v, deliveries %+v, alerts %+v", s.Counts.Packets, s.Deliveries.Counts, s.Alerts)
}

// checkRealDeliveries wants every message with each of its subscribers, at the lower QoS of both, and no alert but that QoS was lowered.
func checkRealDeliveries(t *testing.T, e *watch.Engine, n int) {
	t.Helper()
	s := e.Snapshot(watch.Query{AlertLimit: 100, Deliveries: watch.DeliveryQuery{Limit: 1000}})
	if len(s.Deliveries.Rows) != n {
		t.Fatalf("%d deliveries, want %d", len(s.Deliveries.Rows), n)
	}
	granted := map[string]uint8{"all": 2, "once": 1, "lazy": 0, "two": 2}
	for _, d := range s.Deliveries.Rows {
		want := []string{"all", "once", "lazy"}
		if d.Topic == "plant/1/temp" {
			want = append(want, "two")
		}
		if len(d.Copies) != len(want) || d.Confidence != delivery.Exact || d.Expected != len(want) {
			t.Errorf("%s: %d copies, %d expected, %v: want %v", d.Topic, len(d.Copies), d.Expected, d.Confidence, want)
		}
		for _, c := range d.Copies {
			if q := min(d.QoS, granted[c.Subscriber]); c.QoS != q || c.Whole < 0 {
				t.Errorf("%s to %s: QoS %d, want %d; it took %v", d.Topic, c.Subscriber, c.QoS, q, c.Whole)
			}
		}
	}
	for _, a := range s.Alerts {
		if a.Name != handshake.QoSDowngraded {
			t.Errorf("alert %s: %s", a.Name, a.Text)
		}
	}
}
