package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// halfDone writes a capture that ends while PUBACK is owed, a keep-alive of 5 s runs, and a subscriber waits for its copy of a message that the broker has.
func halfDone(t *testing.T, name string, start time.Time) string {
	t.Helper()
	c := pcapgen.New(pcapgen.Options{Start: start})
	connect := func(id byte) []byte {
		return []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 5, 0, 1, id}
	}
	sub, pub := c.Open(pcapgen.Client(1), pcapgen.Server()), c.Open(pcapgen.Client(2), pcapgen.Server())
	sub.Send(decode.FromClient, connect('s'))
	sub.Send(decode.FromServer, []byte{0x20, 2, 0, 0})
	sub.Send(decode.FromClient, []byte{0x82, 6, 0, 1, 0, 1, 't', 1})
	sub.Send(decode.FromServer, []byte{0x90, 3, 0, 1, 1})
	pub.Send(decode.FromClient, connect('p'))
	pub.Send(decode.FromServer, []byte{0x20, 2, 0, 0})
	pub.Send(decode.FromClient, []byte{0x32, 6, 0, 1, 't', 0, 7, 'x'})
	pub.Send(decode.FromServer, []byte{0x40, 2, 0, 7})
	pub.Send(decode.FromClient, []byte{0x32, 6, 0, 1, 't', 0, 8, 'y'})
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, c.Pcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoAlertsBetweenCaptures replays two captures a month apart: nobody was silent in between.
func TestNoAlertsBetweenCaptures(t *testing.T) {
	day := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	first, second := halfDone(t, "a.pcap", day), halfDone(t, "b.pcap", day.AddDate(0, 1, 0))
	r := run(t, nil, "replay", first, second, "--expect", "t every 10s", "--output", "text")
	if strings.Contains(r.stdout, "raised") || !strings.Contains(r.stdout, "\nalerts       none\n") {
		t.Errorf("alerts of what nobody captured:\n%s", r.stdout)
	}
	for _, want := range []string{"nothing was captured for 30d before ", "2 complete, 1 unknown, 1 open", "connections  4, "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "queued") {
		t.Errorf("what is out of sight is not offline:\n%s", r.stdout)
	}
}
