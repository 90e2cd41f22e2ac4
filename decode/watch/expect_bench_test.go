package watch_test

import (
	"testing"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/expect"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// BenchmarkExpect is the traffic of BenchmarkFeed, of which nothing concerns the rules: what they cost where there is nothing for them to do.
func BenchmarkExpect(b *testing.B) {
	for name, rules := range map[string][]string{
		"none": nil, "responses": {}, "rules": {"cmd/{id}/set -> stat/{id}/# within 1s", "sensors/+/status every 60s"},
	} {
		b.Run(name, func(b *testing.B) {
			cfg := watch.Config{Responses: rules != nil}
			for _, text := range rules {
				r, err := expect.Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				cfg.Rules = append(cfg.Rules, r)
			}
			e, c := session(decode.V5, cfg)
			batches := make([][]decode.Segment, 1000)
			for i := range batches {
				batches[i] = traffic(uint16(i+1), decode.V5)
			}
			now := start
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				batch := batches[i%len(batches)]
				for j := range batch {
					now += 100_000
					batch[j].Conn, batch[j].Time = c, now
				}
				e.Feed(batch)
			}
		})
	}
}
