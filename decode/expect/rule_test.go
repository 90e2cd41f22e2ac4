package expect_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/expect"
)

func TestParse(t *testing.T) {
	r, err := expect.Parse(" cmd/{id}/set ->  stat/{id}/# within 1s json req ")
	if err != nil || r.Heartbeat || r.Within != time.Second || r.Field != "req" || !slices.Equal(r.Filters(), []string{"cmd/+/set", "stat/+/#"}) {
		t.Errorf("%+v, %v", r, err)
	}
	if !r.Asks("cmd/a/set") || r.Asks("cmd/a/b/set") || r.Asks("stat/a") {
		t.Error("which topics ask is wrong")
	}
	if r, err = expect.Parse("a -> b"); err != nil || r.Within != 5*time.Second {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = expect.Parse("sensors/+/status every 60s grace 2x")
	if err != nil || !r.Heartbeat || r.Every != time.Minute || r.Grace != 2 || !slices.Equal(r.Filters(), []string{"sensors/+/status"}) || r.Asks("sensors/a/status") {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = expect.Parse("sensors/+/status every learned grace 2x")
	if err != nil || !r.Heartbeat || !r.Learned || r.Every != 0 || r.Grace != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		rule   string
		column int
	}{
		{"", 1}, {"a/b", 4}, {"a/b => c", 5}, {"a/b ->", 7}, {"a/b -> c within", 16}, {"a/b -> c within 1", 17}, {"a/b -> c within -1s", 17},
		{"a/b -> c for 1s", 10}, {"a/b -> c within 1s within 2s", 20}, {"a/{id}/b -> c/{di}/d", 15}, {"a/#/b -> c", 3}, {"a/b+ -> c", 3}, {"ä/{x}y -> c", 3},
		{"a/{} -> c", 3}, {"a/{x}/{x} -> c", 7}, {"a/b every", 10}, {"a/b every 0s", 11}, {"a/b every soon", 11}, {"a/b every 1s grace 0.5x", 20}, {"a/b every 1s grace NaN", 20},
		{"a/{x} every 1s", 1}, {"a/b every 9000h", 11}, {"a -> b json", 12},
	}
	for _, test := range tests {
		_, err := expect.Parse(test.rule)
		var at *expect.Error
		if !errors.As(err, &at) || at.Column != test.column || at.Reason == "" {
			t.Errorf("%q: %v, want column %d", test.rule, err, test.column)
		}
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		by, filter string
		want       bool
	}{
		{"#", "a/+", true}, {"a/#", "a", true}, {"a/#", "a/+/#", true}, {"a/+", "a/+", true}, {"a/+", "a/b", true}, {"a/+", "a/#", false}, {"a/b", "a/+", false},
		{"a/b", "a/b/c", false}, {"a/b/c", "a/b", false}, {"#", "$SYS/a", false}, {"$SYS/#", "$SYS/a", true}, {"+/a", "$x/a", false}, {"$share/g/#", "a", false},
	}
	for _, test := range tests {
		if got := expect.Covers(test.by, test.filter); got != test.want {
			t.Errorf("Covers(%q, %q) = %t", test.by, test.filter, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("cmd/{id}/set -> stat/{id}/# within 1s json id", "cmd/a/set")
	f.Add("sensors/+/status every 60s grace 1.5x", "sensors//status")
	f.Fuzz(func(t *testing.T, rule, topic string) {
		r, err := expect.Parse(rule)
		var at *expect.Error
		if err != nil {
			if !errors.As(err, &at) || at.Column < 1 || at.Column > len([]rune(rule))+1 {
				t.Errorf("%q: %v", rule, err)
			}
			return
		}
		r.Asks(topic)
		again, err := expect.Parse(r.Text)
		if err != nil || !slices.Equal(again.Filters(), r.Filters()) {
			t.Errorf("%q: read again: %v", rule, err)
		}
	})
}
