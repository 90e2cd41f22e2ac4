package scenario_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/scenario"
)

func parse(t *testing.T, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParse(t *testing.T) {
	s := parse(t, `
# mosquitto#1: it hangs
# and a second remark
c1 client=10.0.0.5:50001 server=10.0.0.1:1884 v=5
c2 midstream
0.29 c1 > PINGREQ
1 c2 gap < 40
2 c2 close > rst
3 tick
-- events --
1.000 raised warn x: y
`)
	if s.Title != "mosquitto#1: it hangs" || len(s.Conns) != 2 || len(s.Acts) != 4 || len(s.Events) != 1 {
		t.Fatalf("got %+v", s)
	}
	c1, c2 := s.Conns[0], s.Conns[1]
	if c1.Client.String() != "10.0.0.5:50001" || c1.Server.String() != "10.0.0.1:1884" || c1.MidStream || !c2.MidStream || c2.Client == c1.Client {
		t.Errorf("connections are %+v and %+v", c1, c2)
	}
	if a := s.Acts[0]; a.At != 290*time.Millisecond || a.Conn != c1 || a.Op != scenario.Send || a.Dir != decode.FromClient || a.Line != 6 {
		t.Errorf("first act is %+v", a)
	}
	if a := s.Acts[1]; a.Op != scenario.Gap || a.Missing != 40 || a.Dir != decode.FromServer {
		t.Errorf("second act is %+v", a)
	}
	if a := s.Acts[2]; a.Op != scenario.Close || a.Cause != decode.CloseRST || a.Dir != decode.FromClient {
		t.Errorf("third act is %+v", a)
	}
	if a := s.Acts[3]; a.Op != scenario.Tick || a.Conn != nil || a.At != 3*time.Second {
		t.Errorf("fourth act is %+v", a)
	}
}

// TestPackets writes packets whose bytes are known from the standard.
func TestPackets(t *testing.T) {
	tests := []struct{ packet, want string }{
		{`CONNECT client=ab v=3.1.1 clean keepalive=10`, "100e 00044d515454 04 02 000a 00026162"},
		{`CONNECT client=a v=3.1.1 will=w/t willpayload=x willq=1 willretain user=u password=p`,
			"101b 00044d515454 04 ec 0000 000161 0003772f74 000178 000175 000170"},
		{`CONNECT client=a v=5 rm=3 expiry=256`, "1016 00044d515454 05 00 0000 08 1100000100 210003 000161"},
		{`CONNECT v=3.1 client=a`, "100f 00064d514973647003 00 0000 000161"},
		{`CONNACK sp code=5`, "2002 01 05"},
		{`PUBLISH q=0 topic=t payload=x`, "3004 000174 78"},
		{`PUBLISH q=2 id=0x102 topic=t payload="a b" dup retain`, "3d08 000174 0102 612062"},
		{`PUBLISH q=1 id=1 topic=\x07`, "3205 000107 0001"},
		{`PUBREL id=7`, "6202 0007"},
		{`PUBREL id=7 dupbit`, "6a02 0007"},
		{`SUBSCRIBE id=1 filter=a q=1 filter=b filter=c q=2 filter=d`, "8212 0001 00016101 00016202 00016302 00016400"},
		{`UNSUBSCRIBE id=1 filter=a filter=b`, "a208 0001 000161 000162"},
		{`SUBACK id=1 code=1 code=0x80`, "9004 0001 01 80"},
		{`UNSUBACK id=1`, "b002 0001"},
		{`PINGREQ`, "c000"}, {`PINGRESP`, "d000"}, {`DISCONNECT`, "e000"},
		{`RAW 00 ff0a`, "00ff0a"},
	}
	for _, test := range tests {
		s := parse(t, "c1\n0 c1 > "+test.packet)
		if got, want := hex.EncodeToString(s.Acts[0].Bytes), strings.ReplaceAll(test.want, " ", ""); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", test.packet, got, want)
		}
	}
}

// TestEveryWord uses each word of the table alone: it is written, and it changes what is written.
func TestEveryWord(t *testing.T) {
	for _, p := range scenario.Table() {
		for _, w := range p.Words {
			value := w.Name
			switch w.Form {
			case "TEXT":
				value += "=z"
			case "NUMBER":
				value += "=1"
			case "VERSION":
				value += "=3.1"
			}
			line := p.Packet + " " + company(p.Packet, w.Name)
			if bytes.Equal(bytesOf(t, line), bytesOf(t, line+value)) {
				t.Errorf("%s: %q writes nothing", p.Packet, value)
			}
		}
	}
}

// company returns the words without which a word has no meaning.
func company(packet, word string) string {
	switch {
	case packet == "PUBLISH" && word != "q":
		return "q=1 "
	case strings.HasSuffix(packet, "SUBSCRIBE"):
		return "filter=b "
	case packet == "CONNECT" && strings.HasPrefix(word, "will") && word != "will":
		return "will=t "
	}
	return ""
}

func bytesOf(t *testing.T, packet string) []byte {
	t.Helper()
	return parse(t, "c1 v=5\n0 c1 > "+packet).Acts[0].Bytes
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "# only a title", "nothing happens: no line has a time"},
		{"no connection", "0 c1 > PINGREQ", `line 1: no connection is called "c1": a line with its name alone declares it`},
		{"back in time", "c1\n2 tick\n1 tick", "line 3: time 1 goes back"},
		{"no time", "c1\n1.x tick", `line 2: time "1.x": give seconds since the start, such as 1.250; a connection's name begins with a letter`},
		{"endless time", "1e300 tick", `line 1: time "1e300": give seconds since the start, such as 1.250; a connection's name begins with a letter`},
		{"half a line", "c1\n0 c1 >", "line 2: want: TIME CONNECTION > PACKET …, TIME CONNECTION gap > BYTES, TIME CONNECTION close > fin, or TIME tick"},
		{"no direction", "c1\n0 c1 to PINGREQ", `line 2: want > or <, not "to"`},
		{"no packet", "c1\n0 c1 > PING", `line 2: no packet is called "PING": CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH, RAW`},
		{"another's word", "c1\n0 c1 > SUBACK q=1", `line 2: SUBACK has no word "q": id=NUMBER code=NUMBER reason=TEXT`},
		{"a word where none is", "c1\n0 c1 > PINGREQ id=1", `line 2: PINGREQ has no word "id": it has none`},
		{"a value too much", "c1\n0 c1 > PUBLISH dup=1", `line 2: "dup" of PUBLISH stands alone, without a value`},
		{"a value missing", "c1\n0 c1 > PUBLISH id", `line 2: "id" of PUBLISH needs a value: id=NUMBER`},
		{"twice", "c1\n0 c1 > PUBLISH id=1 id=2", `line 2: "id" of PUBLISH stands twice`},
		{"too large", "c1\n0 c1 > PUBACK id=65536", `line 2: id=65536: give a number from 0 to 65535`},
		{"no number", "c1\n0 c1 > PUBLISH q=one", `line 2: q=one: give a number from 0 to 3`},
		{"no escape", `c1` + "\n" + `0 c1 > PUBLISH topic=\q`, `line 2: topic=\q: not a text: escapes are those of Go, such as \x1b`},
		{"open quote", "c1\n0 c1 > PUBLISH payload=\"a", "line 2: a quote is not closed"},
		{"no filter", "c1\n0 c1 > SUBSCRIBE id=1", "line 2: SUBSCRIBE needs a filter"},
		{"will without topic", "c1\n0 c1 > CONNECT willq=1", "line 2: a Will Message needs its topic: will=TEXT"},
		{"no version", "c1\n0 c1 > CONNECT v=6", `line 2: unknown version "6": 3.1, 3.1.1, 5`},
		{"no hexadecimal", "c1\n0 c1 > RAW xyz", "line 2: RAW wants bytes in hexadecimal, such as RAW c000"},
		{"no gap", "c1\n0 c1 gap > 0", `line 2: gap of "0" bytes: give a number from 1 on`},
		{"no close", "c1\n0 c1 close > softly", `line 2: unknown way to close "softly": fin, rst, evicted, reused`},
		{"no address", "c1 client=pump", `line 1: client=pump: give an address and port, such as 10.0.0.5:50001 or [fd00::5]:50001`},
		{"a word of none", "c1 port=1", `line 1: unknown word "port": client=ADDR server=ADDR midstream v=VERSION`},
		{"declared twice", "c1\nc1", `line 2: connection "c1" stands twice`},
	}
	for _, test := range tests {
		_, err := scenario.Parse(strings.NewReader(test.text))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\ngot  %v\nwant %s", test.name, err, test.want)
		}
	}
}

func TestSegments(t *testing.T) {
	segs := parse(t, "c1\n1 c1 > PINGREQ\n2 c1 gap < 4\n3 c1 close < fin\n4 tick").Segments()
	want := []decode.SegmentKind{decode.Open, decode.Data, decode.Gap, decode.Close, decode.Tick}
	if len(segs) != len(want) {
		t.Fatalf("got %d segments, want %d", len(segs), len(want))
	}
	for i, s := range segs {
		if s.Kind != want[i] {
			t.Errorf("segment %d is of kind %d, want %d", i, s.Kind, want[i])
		}
		if at := scenario.Start.Add(time.Duration(max(i, 1)) * time.Second); s.Time != at {
			t.Errorf("segment %d is at %v, want %v", i, s.Time.Std(), at.Std())
		}
	}
}

func TestPcap(t *testing.T) {
	s := parse(t, "c1\n0.5 c1 > PINGREQ\n2 c1 close > fin\n9.25 tick")
	file, err := scenario.Pcap(s, scenario.Wire{})
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Duration
	for b := file[24:]; len(b) > 0; { // record header: seconds, microseconds, captured length, length
		le := func(i int) int { return int(b[i]) | int(b[i+1])<<8 | int(b[i+2])<<16 | int(b[i+3])<<24 }
		at := decode.TimeOf(time.Unix(int64(le(0)), int64(le(4))*1000))
		times = append(times, at.Sub(scenario.Start))
		b = b[16+le(8):]
	}
	want := []time.Duration{500e6, 500e6, 500e6, 500e6, 2e9, 2e9, 2e9, 9250e6} // SYN, SYN, ACK, data; FIN, FIN, ACK; the tick
	if len(times) != len(want) {
		t.Fatalf("frames at %v, want %v", times, want)
	}
	for i := range want {
		if times[i] != want[i] {
			t.Errorf("frame %d is at %v, want %v", i, times[i], want[i])
		}
	}
}

func TestPcapErrors(t *testing.T) {
	gap := "a gap is found when something comes after it: give it the time of the next packet of c1"
	tests := []struct{ name, text, want string }{
		{"a gap at the end", "c1\n0 c1 > PINGREQ\n1 c1 gap > 4", "line 3: " + gap},
		{"a gap before its time", "c1\n0 c1 > PINGREQ\n1 c1 gap > 4\n2 c1 > PINGREQ", "line 3: " + gap},
		{"evicted", "c1\n0 c1 close > evicted", "line 2: a capture cannot show that a connection was evicted"},
	}
	for _, test := range tests {
		_, err := scenario.Pcap(parse(t, test.text), scenario.Wire{})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s:\ngot  %v\nwant %s", test.name, err, test.want)
		}
	}
}
