package near_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/internal/near"
)

func TestOf(t *testing.T) {
	words := []string{"state", "topic", "replay", "eth0", "qos", "id", "lo"}
	for word, want := range map[string]string{
		"stat": "state", "STATE": "state", "repaly": "replay", "eth": "eth0", "eht0": "eth0", "qso": "qos", "topics": "topic",
		"": "", "x": "", "nope": "", "rep": "replay", "xy": "", "i": "",
	} {
		if got := near.Of(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
