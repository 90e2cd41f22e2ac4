package main_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/pcapgen"
)

// twoEnds is a capture of a publisher whose message goes to a subscriber, both with names and passwords to log in.
func twoEnds(t *testing.T) string {
	t.Helper()
	c := pcapgen.New(pcapgen.Options{})
	open := func(n int, id string) *pcapgen.Conn {
		conn := c.Open(pcapgen.Client(n), pcapgen.Server())
		conn.Send(decode.FromClient, decode.AppendConnect(nil, decode.V5, decode.ConnectFields{ClientID: id, Username: []byte("anna"), Password: []byte("sesame"), CleanStart: true}))
		conn.Send(decode.FromServer, decode.AppendConnack(nil, decode.V5, decode.ConnackFields{}))
		return conn
	}
	from, to := open(1, "sensor-1"), open(2, "pump-7")
	to.Send(decode.FromClient, decode.AppendSubscribe(nil, decode.V5, decode.SubscribeFields{PacketID: 1, Filters: []decode.TopicFilter{{Filter: []byte("plant/#"), QoS: 1}}}))
	to.Send(decode.FromServer, decode.AppendSuback(nil, decode.V5, decode.SubackFields{PacketID: 1, Codes: []decode.ReasonCode{1}}))
	publish := decode.AppendPublish(nil, decode.V5, decode.PublishFields{QoS: 1, PacketID: 3, Topic: "plant/a/temp", Payload: []byte("21.5")})
	from.Send(decode.FromClient, publish)
	to.Send(decode.FromServer, publish)
	to.Send(decode.FromClient, decode.AppendAck(nil, decode.PUBACK, decode.V5, decode.AckFields{PacketID: 3}))
	from.Send(decode.FromServer, decode.AppendAck(nil, decode.PUBACK, decode.V5, decode.AckFields{PacketID: 3}))
	path := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(path, c.Pcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScreenExportsEveryList writes the rows of each list as a table, and packets as a recording that can be read back.
func TestScreenExportsEveryList(t *testing.T) {
	dir := t.TempDir()
	term := newTerminal(t, 120, 40)
	term.send(program+" "+twoEnds(t), "Enter")
	term.wait("plant/a/temp", "ended")
	export := func(key, list, file string, format ...string) string {
		t.Helper()
		path := filepath.Join(dir, file)
		term.send(key)
		term.wait("q back")
		term.send("S")
		term.wait("Export "+list, "all (")
		term.send(append(append([]string{"Tab"}, format...), "Tab", "C-u")...)
		term.send("-l", path)
		term.send("Enter")
		term.wait("exported", file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, list := range []struct {
		key, list string
		format    []string // keys to csv
		column    string
		want      string // the values of that column
	}{
		{"2", "deliveries", []string{"Right"}, "verdict", "complete"}, {"3", "sessions", nil, "client_id", "pump-7 sensor-1"},
		{"4", "topics", nil, "topic", "plant plant/a plant/a/temp"},
		{"7", "packets", nil, "packet", "CONNECT CONNACK CONNECT CONNACK SUBSCRIBE SUBACK PUBLISH PUBLISH PUBACK PUBACK"},
	} {
		records, err := csv.NewReader(strings.NewReader(export(list.key, list.list, list.list+".csv", list.format...))).ReadAll()
		if err != nil || len(records) == 0 {
			t.Fatalf("%s: %v", list.list, err)
		}
		var got []string
		for at, name := range records[0] {
			for _, row := range records[1:] {
				if name == list.column {
					got = append(got, row[at])
				}
			}
		}
		if strings.Join(got, " ") != list.want {
			t.Errorf("%s: %s is %q, want %q", list.list, list.column, got, list.want)
		}
	}
	if text := export("3", "sessions", "sessions.txt", "Right"); strings.Count(text, "\n") != 3 || !strings.Contains(text, "sensor-1") {
		t.Errorf("sessions as text:\n%s", text)
	}
	if text := export("2", "deliveries", "deliveries.json"); strings.Count(text, `"kind":"delivery"`) != 1 || !strings.Contains(text, "plant/a/temp") {
		t.Errorf("deliveries as JSON:\n%s", text)
	}
	for file, list := range map[string]struct{ key, list, want string }{
		"packets.pcapng":    {"7", "packets", "2 CONNECT, 2 CONNACK, 2 PUBLISH, 2 PUBACK, 1 SUBSCRIBE, 1 SUBACK"},
		"deliveries.pcapng": {"2", "deliveries", "2 CONNECT, 2 CONNACK, 2 PUBLISH, 2 PUBACK"},
	} {
		if bytes := export(list.key, list.list, file, "Left"); strings.Contains(bytes, "sesame") {
			t.Errorf("%s holds a password", file)
		}
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has payloads in it, and is to be its owner's alone: %v, %v", file, info.Mode(), err)
		}
		if r := run(t, nil, "replay", "--output", "summary", filepath.Join(dir, file)); !strings.Contains(r.stdout, list.want) || !strings.Contains(r.stdout, "alerts       none") {
			t.Errorf("%s read back: %s%s", file, r.stdout, r.stderr)
		}
	}
	term.send("Q")
	term.wait("READY>")
}
