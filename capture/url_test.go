package capture_test

import (
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/capture"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		in, address, shown string
		tls                bool
		user, password     string
		hasPassword        bool
	}{
		{in: "mqtt://host", address: "host:1883", shown: "mqtt://host:1883"},
		{in: "MQTT://host/", address: "host:1883", shown: "mqtt://host:1883"},
		{in: "tcp://10.0.0.1:2000", address: "10.0.0.1:2000", shown: "tcp://10.0.0.1:2000"},
		{in: "mqtts://host", address: "host:8883", shown: "mqtts://host:8883", tls: true},
		{in: "ssl://host:1", address: "host:1", shown: "ssl://host:1", tls: true},
		{in: "mqtt://[::1]", address: "[::1]:1883", shown: "mqtt://[::1]:1883"},
		{in: "mqtt://u:p%40ss@host", address: "host:1883", shown: "mqtt://host:1883", user: "u", password: "p@ss", hasPassword: true},
		{in: "ws://host", address: "host:80", shown: "ws://host:80/mqtt"},
		{in: "ws://host:9001/", address: "host:9001", shown: "ws://host:9001/"},
		{in: "wss://u:p@host/broker/ws?token=x", address: "host:443", shown: "wss://host:443/broker/ws", tls: true, user: "u", password: "p", hasPassword: true},
		{in: "unix:///run/mqtt.sock", address: "/run/mqtt.sock", shown: "unix:///run/mqtt.sock"},
		{in: "unix://u@/run/mqtt.sock", address: "/run/mqtt.sock", shown: "unix:///run/mqtt.sock", user: "u"},
		{in: "mqtt://u@host", address: "host:1883", shown: "mqtt://host:1883", user: "u"},
	} {
		t.Run(c.in, func(t *testing.T) {
			b, err := capture.ParseURL(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if b.Address() != c.address || b.String() != c.shown || b.TLS != c.tls {
				t.Errorf("address %s, shown %s, TLS %v", b.Address(), b, b.TLS)
			}
			if b.User != c.user || b.Password != c.password || b.HasPassword != c.hasPassword {
				t.Errorf("user %q, password %q (%v)", b.User, b.Password, b.HasPassword)
			}
		})
	}
}

func TestParseURLErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"host:1883", "not a URL"},
		{"amqp://host", "known are mqtt, mqtts"},
		{"HTTPS://u:s3cret@host:8443/mqtt", "give wss://…@host:8443/mqtt where it speaks MQTT over WebSocket, else mqtt://…@host:8443"},
		{"ws://host/#x", "%23"},
		{"ws://:80/mqtt", "no host"},
		{"wss://host:x/mqtt?token=s3cret", "bad port"},
		{"unix://mqtt.sock", "unix:///path/to/socket"},
		{"unix://", "unix:///path/to/socket"},
		{"mqtt://", "no host"},
		{"mqtt://:1883", "no host"},
		{"mqtt://host:0", "bad port"},
		{"mqtt://host:70000", "bad port"},
		{"mqtt://host:abc", "bad port"},
		{"mqtt://host/plant/#", "--topic"},
		{"mqtt://host?x=1", "%23"},
		{"mqtt://user:s3cret#x@host", "%XX"},
		{"mqtt://user:s3cret/x@host", "%XX"},
		{"mqtt://user:s3cret%zz@host", "%XX"},
		{"mqtt://user:s3cret@:1883", "no host"},
		{"user:s3cret@host", "not a URL"},
		{"foo://user:s3cret@host", "unknown scheme"},
	} {
		t.Run(c.in, func(t *testing.T) {
			_, err := capture.ParseURL(c.in)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q shows a password or has several lines", err)
			}
		})
	}
}

func TestIsURL(t *testing.T) {
	for word, want := range map[string]bool{
		"mqtt://h": true, "foo://": true, "eth0": false, "a.pcap": false, "://x": false, "./mqtt://x": false, "C:\\x.pcap": false,
	} {
		if got := capture.IsURL(word); got != want {
			t.Errorf("IsURL(%q) = %v", word, got)
		}
	}
}
