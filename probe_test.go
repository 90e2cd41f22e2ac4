package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/need"
)

// TestProbe probes mosquitto, as text and as JSON.
func TestProbe(t *testing.T) {
	t.Parallel()
	url := fmt.Sprintf("mqtt://127.0.0.1:%d", mosquitto(t, "allow_anonymous true\n"))
	r := run(t, nil, "probe", url, "--mqtt-version", "3.1.1")
	if r.status != 0 || r.stderr != "" || !strings.Contains(r.stdout, "All 9 pairs are delivered with the lesser QoS") || !strings.Contains(r.stdout, "QoS 2 is released at     PUBREL") {
		t.Errorf("status %d, stderr %q:\n%s", r.status, r.stderr, r.stdout)
	}
	r = run(t, nil, "probe", "--output", "json", url)
	objects := lines(t, r.stdout)
	if r.status != 0 || r.stderr != "" || len(objects) != 1 {
		t.Fatalf("status %d, stderr %q, %d lines", r.status, r.stderr, len(objects))
	}
	o := objects[0]
	if o["kind"] != "probe" || o["deviations"] != 0.0 || o["not_measured"] != 0.0 || o["server"] != url || len(o["versions"].([]any)) != 2 {
		b, _ := json.Marshal(o)
		t.Errorf("%s", b)
	}
}

// TestProbeDeviation has a broker that gives every subscriber what was published: status 3.
func TestProbeDeviation(t *testing.T) {
	t.Parallel()
	r := run(t, nil, "probe", "mqtt://"+upgrader(t), "--mqtt-version", "5", "--timeout", "10s")
	if r.status != 3 || r.stderr != "" || !strings.Contains(r.stdout, "! 2   0    0    2") || !strings.Contains(r.stdout, "! 3 of 9 pairs are not") {
		t.Errorf("status %d, stderr %q:\n%s", r.status, r.stderr, r.stdout)
	}
}

// TestProbeErrors wants status 1 or 2 and one line.
func TestProbeErrors(t *testing.T) {
	t.Parallel()
	passwords := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command(need.Program(t, "mosquitto_passwd"), "-b", "-c", passwords, "anna", "geheim").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	locked := fmt.Sprintf("127.0.0.1:%d", mosquitto(t, "allow_anonymous false\npassword_file "+passwords+"\n"))
	for _, test := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"nobody", []string{"mqtt://" + unusedPort(t)}, 1, "connection refused"},
		{"no login", []string{"mqtt://" + locked}, 1, "Not authorized"},
		{"wrong login", []string{"mqtt://anna:geheimnis@" + locked}, 1, "Not authorized"},
		{"right login", []string{"mqtt://anna:geheim@" + locked, "--mqtt-version", "5"}, 0, ""},
		{"no time", []string{"mqtt://anna@" + locked, "-P", "geheim", "--timeout", "1500ms"}, 1, "not all pairs could be measured"},
		{"TLS options", []string{"mqtt://" + locked, "--insecure"}, 2, "mqtts://"},
		{"summary", []string{"mqtt://" + locked, "--output", "summary"}, 2, "text or json"},
		{"prefix", []string{"mqtt://" + locked, "--prefix", "a/#"}, 2, "--prefix"},
		{"timeout", []string{"mqtt://" + locked, "--timeout", "0s"}, 2, "--timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := run(t, nil, append([]string{"probe"}, test.args...)...)
			if r.status != test.status || !strings.Contains(r.stderr, test.want) || test.status != 0 && strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("status %d, stderr %q; want %d, %q", r.status, r.stderr, test.status, test.want)
			}
			if strings.Contains(r.stdout+r.stderr, "geheim") {
				t.Errorf("the password is shown: %s%s", r.stdout, r.stderr)
			}
		})
	}
}

// upgrader is a broker that delivers with the QoS with which a message was published, whatever was granted. It has one subscriber.
func upgrader(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	h := &upgrading{subs: map[string]net.Conn{}, packets: make(chan func(), 100)}
	go func() {
		for f := range h.packets { // one at a time
			f()
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go h.serve(c)
		}
	}()
	return l.Addr().String()
}

type upgrading struct {
	subs    map[string]net.Conn
	id      uint16
	packets chan func()
}

func (u *upgrading) serve(c net.Conn) {
	defer c.Close()
	d := decode.NewConn(decode.ConnInfo{}, nil)
	for {
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		u.packets <- func() { d.Feed(decode.FromClient, 0, buf[:n], upgradingConn{u, c}) }
	}
}

type upgradingConn struct {
	*upgrading
	conn net.Conn
}

func (upgradingConn) Loss(*decode.Conn, decode.Loss) {}

func (u upgradingConn) Packet(_ *decode.Conn, p *decode.Packet) {
	ack := func(t decode.Type) {
		u.conn.Write(decode.AppendAck(nil, t, p.Version, decode.AckFields{PacketID: p.PacketID}))
	}
	switch p.Type {
	case decode.CONNECT:
		u.conn.Write(decode.AppendConnack(nil, p.Version, decode.ConnackFields{}))
	case decode.SUBSCRIBE:
		var codes []decode.ReasonCode
		for _, f := range p.Subscribe.Filters {
			u.subs[string(f.Filter)] = u.conn
			codes = append(codes, decode.ReasonCode(f.QoS))
		}
		u.conn.Write(decode.AppendSuback(nil, p.Version, decode.SubackFields{PacketID: p.PacketID, Codes: codes}))
	case decode.PUBLISH:
		if sub := u.subs[string(p.Topic)]; sub != nil {
			u.id++
			sub.Write(decode.AppendPublish(nil, p.Version, decode.PublishFields{QoS: p.QoS, PacketID: u.id, Topic: string(p.Topic), Payload: p.Payload}))
		}
		if p.QoS > 0 {
			ack([]decode.Type{1: decode.PUBACK, 2: decode.PUBREC}[p.QoS])
		}
	case decode.PUBREC:
		ack(decode.PUBREL)
	case decode.PUBREL:
		ack(decode.PUBCOMP)
	}
}
