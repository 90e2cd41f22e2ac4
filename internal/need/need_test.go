package need

import "testing"

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		list, name string
		want       bool
	}{
		{"", "mosquitto", false},
		{"tmux", "mosquitto", false},
		{"tmux, mosquitto", "mosquitto", true},
		{"all", "mosquitto", true},
		{"mosquitto_sub", "mosquitto", false},
	} {
		if got := required(c.list, c.name); got != c.want {
			t.Errorf("required(%q, %q) = %v, want %v", c.list, c.name, got, c.want)
		}
	}
}
