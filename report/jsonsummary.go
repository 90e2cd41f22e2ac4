package report

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// Finish implements Reporter: it writes the summary.
func (j *JSON) Finish(s *watch.Snapshot) error {
	t, c := totalsOf(s), &s.Counts
	b := append(j.buf, `{"kind":"summary","schema":`...)
	b = appendInt(b, Schema)
	b = append(b, `,"sources":[`...)
	for i, name := range t.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	b = append(b, `],"first":`...)
	b = j.time(b, t.first)
	b = append(b, `,"last":`...)
	b = j.time(b, t.last)
	b = appendPackets(b, c)
	for q, n := range c.Publish {
		b = appendCount(b, [...]string{`,"publish":{"qos0":`, `,"qos1":`, `,"qos2":`}[q], n)
	}
	b = append(b, `},"handshakes":{"qos1":`...)
	b = appendOutcomes(b, c.Handshakes[0])
	b = append(b, `,"qos2":`...)
	b = appendOutcomes(b, c.Handshakes[1])
	b = appendDeliveries(append(b, '}'), &s.Deliveries)
	b = appendStandings(b, s.Expectations)
	b = append(b, `,"alerts":`...)
	b = appendMap(b, c.Alerts)
	b = append(b, `,"alerts_critical":`...)
	b = appendMap(b, c.AlertsCritical)
	b = appendCapture(b, &t, c)
	j.buf = append(b, '}', '\n')
	return j.Flush()
}

// appendPackets appends how many packets of each type were seen, leaving out those that were not.
func appendPackets(b []byte, c *watch.Counts) []byte {
	b = append(b, `,"packets":{`...)
	comma := false
	for p, n := range c.Packets {
		if n == 0 {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(appendType(b, decode.Type(p)), ':')
		b = appendUint(b, n)
	}
	return append(b, '}')
}

func appendOutcomes(b []byte, o watch.Outcomes) []byte {
	b = appendCount(b, `{"complete":`, o.Complete)
	b = appendCount(b, `,"refused":`, o.Refused)
	b = appendCount(b, `,"abandoned":`, o.Abandoned)
	b = appendCount(b, `,"unknown":`, o.Unknown)
	b = appendCount(b, `,"open":`, o.Open)
	b = appendCount(b, `,"joined_late":`, o.JoinedLate)
	return append(b, '}')
}

// appendCapture appends how much was looked at, and everything that was lost or left out.
func appendCapture(b []byte, t *totals, c *watch.Counts) []byte {
	b = appendCount(b, `,"capture":{"frames":`, t.frames)
	b = appendCount(b, `,"bytes":`, t.bytes)
	b = appendCount(b, `,"tcp_gaps":`, t.gaps)
	b = appendCount(b, `,"malformed":`, c.Malformed)
	if c.FirstMalformed != "" {
		b = appendString(append(b, `,"first_malformed":`...), c.FirstMalformed)
	}
	b = appendCount(b, `,"connections":`, c.Connections)
	b = appendCount(b, `,"not_decoded":`, t.notDecodedFrames)
	b = appendCount(b, `,"tcp_gap_bytes":`, t.gapBytes)
	b = appendCount(b, `,"tcp_resent":`, t.resent)
	b = appendCount(b, `,"kernel_drops":`, t.kernelDrops)
	b = appendCount(b, `,"queue_drops":`, t.queueDrops)
	b = appendCount(b, `,"cut":`, t.cut)
	b = appendCount(b, `,"lost":`, c.Lost)
	b = appendCount(b, `,"lost_bytes":`, c.LostBytes)
	b = appendCount(b, `,"evicted":`, c.Evicted)
	b = appendCount(b, `,"sessions":`, c.Sessions)
	b = appendCount(b, `,"mqtt_bytes":`, c.Bytes)
	b = append(b, `,"connects_refused":`...)
	b = appendMap(b, c.ConnectsRefused)
	b = append(b, `,"other_connections":`...)
	b = appendMap(b, t.other)
	b = append(b, `,"not_decoded_frames":`...)
	b = appendMap(b, t.notDecoded)
	b = append(b, `,"notes":[`...)
	for i, note := range t.notes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, note)
	}
	return append(b, ']', '}')
}

func appendCount(b []byte, name string, n uint64) []byte {
	return appendUint(append(b, name...), n)
}

func appendMap[K ~string](b []byte, m map[K]uint64) []byte {
	b = append(b, '{')
	for i, name := range sortedKeys(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, string(name)), ':')
		b = appendUint(b, m[name])
	}
	return append(b, '}')
}
