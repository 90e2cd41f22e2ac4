package filter_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/filter"
)

func TestMatch(t *testing.T) {
	const all = "complete1 complete2 refused stuck subscribe waiting"
	tests := []struct{ text, want string }{
		{"", all},
		{"  \t ", all},
		// Bare words: any column, without regard to case.
		{"PLANT", "complete1 complete2 subscribe"},
		{"pump-7", all}, // the client
		{"grüsse", ""},
		{"GRÜSSE", ""},
		{"grüße", "refused"},
		{"GRÜ", "refused"},
		{"complete", "complete1 complete2 subscribe"},
		{"refused", "refused"},
		{"authorized", "refused"},
		{"pubrel", "stuck"}, // "PUBREL owed"
		{"owed", "stuck waiting"},
		{"17", "complete1"},
		{"nowhere", ""},
		{`"dup"`, ""},
		{"dup", "waiting"},
		{"DUP", "waiting"},
		{"retain", "complete2"},
		// Topics.
		{"topic:door", "complete2"},
		{"topic:plant/+/temp", "complete1"},
		{"topic:plant/+/TEMP", ""},
		{"topic:plant/#", "complete1 complete2 subscribe"},
		{"topic:plant/a/temp/#", "complete1"},
		{"topic:#", "complete1 complete2 refused stuck subscribe"}, // not those with $
		{"topic:+/x", ""},
		{"topic:$SYS/#", "waiting"},
		{"topic:+/+/+", "complete1 complete2 stuck"},
		{"topic:+/+", "refused subscribe"},
		{"topic=plant/a/temp", "complete1"},
		{"topic=plant/a", ""},
		// Clients and hosts.
		{"client:PUMP", all},
		{"client=Pump-7", all},
		{"client=pump-7", ""},
		{"host:10.0.0.7", all},
		{"host:192.0.2.1:1883", all},
		{"host:192.0.2.1:1884", ""},
		{"host:10.0.0.0/8", all},
		{"host:11.0.0.0/8", ""},
		{"host:broker", all},
		{"host:10.0.0.8", ""},
		// Numbers.
		{"id:17", "complete1"},
		{"id=17", "complete1"},
		{"id>=19 id<21", "refused subscribe"},
		{"id>20", "waiting"},
		{"id<=4", "stuck"},
		{"qos:2", "complete2 stuck"},
		{"qos>0", "complete1 complete2 refused stuck waiting"},
		{"qos<2", "complete1 refused waiting"},
		{"resends:0", all},
		{"resends>0", ""},
		// States.
		{"state:open", "stuck waiting"},
		{"state:stuck", "stuck"},
		{"stuck", "stuck"},
		{"!STUCK state:open", "waiting"},
		{`"stuck"`, ""},
		{"state:waiting", "waiting"},
		{"state:done", "complete1 complete2 refused subscribe"},
		{"state:Complete", "complete1 complete2 subscribe"},
		{"state:refused", "refused"},
		{"state:abandoned | state:unknown | state:unsure", ""},
		{"type:PUBREC", "complete2 stuck"},
		{"type:pubrel", "complete2 stuck"}, // seen, and owed
		{"type:SUBACK", "subscribe"},
		{"owes:client", ""},
		{"owes:broker", "stuck waiting"},
		{"owes:PUBREL", "stuck"},
		{"sender:broker", "stuck"},
		{"sender:server", "stuck"},
		{"kind:sub", "subscribe"},
		{"kind:unsub", ""},
		{"kind:publish", "complete1 complete2 refused stuck waiting"},
		// Times.
		{"age>5s", "stuck"},
		{"age<5s", "waiting"},
		{"age>=1h", ""},
		{"rtt>200ms", "complete1"},
		{"rtt<=200ms", "complete2 refused subscribe"},
		// Reason Codes.
		{"reason:0x87", "refused"},
		{"reason:135", "refused"},
		{"reason>=0x80", "refused"},
		{"reason<0x80", "complete1 complete2 stuck subscribe"},
		{`reason:"not auth"`, "refused"},
		{"reason:SUCCESS", "complete1 complete2 stuck"},
		// Together.
		{"qos:1 !refused", "complete1 waiting"},
		{"!qos:1", "complete2 stuck subscribe"},
		{"!!qos:2", "complete2 stuck"},
		{"id:17 | id:18 | id:4", "complete1 complete2 stuck"},
		{"qos:2 state:open | id:17", "complete1 stuck"},
		{"qos:2 (state:open | id:18)", "complete2 stuck"},
		{"!(state:open | kind:sub) qos:1", "complete1 refused"},
		{"(qos:1)(id:17)", "complete1"},
		{`topic:"plant/b/door"`, "complete2"},
		{`topic:pl"ant/b"`, "complete2"},
	}
	handshakes, now := plant(t)
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			f, err := filter.Parse(test.text)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			var got []string
			for _, name := range slices.Sorted(maps.Keys(handshakes)) {
				if f.Match(handshakes[name], now) {
					got = append(got, name)
				}
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("chose %q, want %q", got, test.want)
			}
			if test.text != f.String() && f != nil {
				t.Errorf("String() = %q", f.String())
			}
		})
	}
}

func TestClientWithoutName(t *testing.T) {
	tr := newTraffic("")
	tr.publish(decode.FromClient, 1, 1, "a")
	for text, want := range map[string]bool{"client:10.0.0.7:4000": true, "10.0.0.7": true, "client:10.0.0.8": false} {
		f, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(tr.all[0], tr.now); got != want {
			t.Errorf("%s matches a client known by its address: %v, want %v", text, got, want)
		}
	}
}

func TestOwes(t *testing.T) {
	tr := newTraffic("pump")
	tr.publish(decode.FromServer, 1, 1, "a")
	for text, want := range map[string]bool{"owes:client": true, "owes:broker": false, "owes:PUBACK": true, "owes:PUBREC": false} {
		f, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(tr.all[0], tr.now); got != want {
			t.Errorf("%s matches a PUBLISH from the broker: %v, want %v", text, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		text   string
		column int
		says   string
	}{
		{"stat:open", 1, "topic, client, id"},
		{"qos:2 nope:1", 7, `no column "nope"`},
		{"größe:1", 1, ""}, // ö is in no name: a bare word
		{"qos:1 && id:1", 7, "a space is and"},
		{"qos:1 & id:1", 7, "a space is and"},
		{"topic:a&&qos:1", 7, "a space is and"},
		{`"&&"`, 1, ""},
		{"pump&co", 1, ""},
		{"qos:1 and id:1", 7, "a space is and"},
		{"not state:stuck", 1, "! negates"},
		{"qos:1 OR id:1", 7, "| is or"},
		{"and", 1, ""}, // the only word: perhaps the beginning of another
		{`qos:1 "and"`, 7, ""},
		{"latency>1s", 1, "--deliveries"},
		{"undelivered", 1, "--deliveries"},
		{`"undelivered"`, 1, ""},
		{"malformed qos:1", 1, "packets"},
		{"inflight>5", 1, "sessions"},
		{"verdict:queued", 1, "--deliveries"},
		{"stat:stuck", 1, "did you mean state?"},
		{"aeg>5s", 1, "did you mean age?"},
		{"a=b", 1, ""},
		{"host:300.1.1.1/99", 6, "no address"},
		{"host:300.1.1.1", 6, "no address"},
		{"host:10.0.0.0/99", 6, "no address"},
		{"host:fe80::/999", 6, "no address"},
		{"host:broker-7", 6, ""},
		{"qos:3", 5, "1 or 2"},
		{"qos:0", 5, "no handshake"},
		{"id:x", 4, "65535"},
		{"id:70000", 4, "65535"},
		{"topic:", 7, "topic:plant/+/temp"},
		{"topic:a+/b", 7, "whole level"},
		{"topic:#/b", 7, "last"},
		{"topic>a", 7, "topic:"},
		{"client<a", 8, "client:"},
		{"state:stock", 7, "stuck"},
		{"state>open", 7, "state:stuck"},
		{"type:CONNECT", 6, "PUBCOMP"},
		{"owes:nobody", 6, "owes:client"},
		{"sender:me", 8, "sender:client"},
		{"kind:x", 6, "subscribe"},
		{"age:5s", 5, "> or <"},
		{"age>5", 5, "unit"},
		{"rtt>x", 5, "rtt>5s"},
		{"host>1.2.3.4", 6, "host:"},
		{"reason:0x187", 8, "0xFF"},
		{"reason>quota", 8, "reason:quota"},
		{"resends:x", 9, "resends>1"},
		{"(qos:1", 1, "not closed"},
		{"qos:1)", 6, "closes nothing"},
		{"qos:1 |", 8, "missing"},
		{"| qos:1", 1, "missing"},
		{"!", 2, "missing"},
		{"()", 2, "missing"},
		{`äöü "abc`, 5, "not closed"},
		{`""`, 1, "empty"},
		{strings.Repeat("(", 1000), 65, "levels"},
		{strings.Repeat("!", 1000) + "a", 65, "levels"},
		{strings.Repeat("a", 5000), 1, "longer"},
	}
	for _, test := range tests {
		f, err := filter.Parse(test.text)
		if test.says == "" {
			if err != nil {
				t.Errorf("%.40q: %v", test.text, err)
			}
			continue
		}
		var at *filter.Error
		if !errors.As(err, &at) {
			t.Errorf("%.40q: error %v, filter %v; want an *Error", test.text, err, f)
			continue
		}
		if at.Column != test.column || !strings.Contains(at.Reason, test.says) {
			t.Errorf("%.40q: column %d: %s; want column %d and %q", test.text, at.Column, at.Reason, test.column, test.says)
		}
	}
}

func TestNilFilterChoosesAll(t *testing.T) {
	var f *filter.Filter
	if !f.Match(nil, 0) || f.String() != "" {
		t.Error("a nil Filter must choose all and print as nothing")
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	handshakes, now := plant(t)
	for _, text := range []string{
		"pump", "nowhere", "topic:plant/+/temp", "topic:door", "client:x", "id:17", "qos:2 state:stuck", "type:PUBREL", "age>5s",
		"rtt>200ms", "host:10.0.0.7", "host:10.0.0.0/8", "reason:0x87", "reason:quota", "owes:client !dup | retain",
	} {
		f, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		allocs := testing.AllocsPerRun(10, func() {
			for _, h := range handshakes {
				f.Match(h, now)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations for %d handshakes, want 0", text, allocs, len(handshakes))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"topic:plant/+/temp client:pump id:17 qos:2 state:stuck age>5s !dup | reason:0x87",
		`!(a | "b c") topic:"x y/#"`, `"\"\\`, "host:[::1]:1883", "\xff\x00 \u00a0ü", "((((a))))", "id>=1 id<=2",
	} {
		f.Add(text)
	}
	handshakes, now := plant(&testing.T{})
	f.Fuzz(func(t *testing.T, text string) {
		first, err := filter.Parse(text)
		if err != nil {
			var at *filter.Error
			if !errors.As(err, &at) || at.Column < 1 || at.Column > len(text)+1 || at.Reason == "" {
				t.Fatalf("Parse(%q): %#v", text, err)
			}
			return
		}
		canonical := first.Canonical()
		second, err := filter.Parse(canonical)
		if len(canonical) > 4000 && err != nil {
			return // quotes and parentheses made it too long
		}
		if err != nil {
			t.Fatalf("Parse(%q) of %q: %v", canonical, text, err)
		}
		if again := second.Canonical(); again != canonical {
			t.Fatalf("%q became %q, then %q", text, canonical, again)
		}
		for name, h := range handshakes {
			if first.Match(h, now) != second.Match(h, now) {
				t.Fatalf("%q and %q disagree about %s", text, canonical, name)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	tr := newTraffic("pump-7")
	tr.publish(decode.FromClient, 2, 17, "plant/hall-7/line-3/temperature")
	for _, text := range []string{"nowhere", "topic:plant/+/+/temperature", "client:pump", "state:stuck qos:2"} {
		f, err := filter.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				f.Match(tr.all[0], tr.now)
			}
		})
	}
}
