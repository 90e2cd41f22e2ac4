package report

import (
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

func (j *JSON) delivery(b []byte, d *watch.Delivery) []byte {
	b = append(b, `{"kind":"delivery","id":`...)
	b = appendUint(b, d.ID)
	b = append(b, `,"publisher":`...)
	b = appendString(b, d.Publisher)
	b = append(b, `,"server":`...)
	b = appendString(b, d.Server)
	b = appendPositive(b, `,"handshake":`, d.Handshake)
	b = append(b, `,"topic":`...)
	b = appendString(b, d.Topic)
	b = append(b, `,"qos":`...)
	b = append(b, '0'+d.QoS)
	b = append(b, `,"payload_length":`...)
	b = appendInt(b, d.Payload)
	b = appendBool(b, `,"retain":`, d.Retain)
	b = appendBool(b, `,"will":`, d.Will)
	b = append(b, `,"published":`...)
	b = j.time(b, d.At)
	b = append(b, `,"committed":`...)
	b = j.time(b, d.Commit)
	b = append(b, `,"told":`...)
	b = j.time(b, d.Told)
	b = append(b, `,"settled":`...)
	b = j.time(b, d.Settled)
	b = append(b, `,"verdict":"`...)
	b = append(b, verdictName(d.Verdict)...)
	b = append(b, `","confidence":"`...)
	b = append(b, d.Confidence.String()...)
	b = append(b, '"')
	b = appendDoubt(b, d.Doubt)
	b = appendCounts(b, d)
	b = append(b, `,"reason_code":`...)
	if d.Verdict == delivery.RefusedByBroker || d.Reason != 0 {
		b = appendUint(b, uint64(d.Reason))
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"copies":[`...)
	for i := range d.Copies {
		if i > 0 {
			b = append(b, ',')
		}
		b = j.copy(b, &d.Copies[i])
	}
	b = append(b, `],"copies_dropped":`...)
	b = appendInt(b, int64(d.More))
	return append(b, '}', '\n')
}

// verdictName returns the word for a verdict, with _ for a space.
func verdictName(v delivery.Verdict) string { return strings.ReplaceAll(v.String(), " ", "_") }

func appendCounts(b []byte, d *watch.Delivery) []byte {
	for _, n := range [...]struct {
		name string
		n    int
	}{
		{`,"expected":`, d.Expected}, {`,"forwarded":`, d.Forwarded}, {`,"acknowledged":`, d.Acknowledged},
		{`,"missing":`, d.Missing}, {`,"queued":`, d.Queued}, {`,"unsure":`, d.Unsure}, {`,"replays":`, d.Replays},
	} {
		b = appendInt(append(b, n.name...), int64(n.n))
	}
	b = appendSpan(b, `,"worst_ns":`, d.Worst)
	first, ok := d.ToldFirst()
	if !ok {
		return append(b, `,"told_first":null`...)
	}
	return appendBool(b, `,"told_first":`, first)
}

// appendSpan appends nanoseconds, null where d is negative.
func appendSpan(b []byte, name string, d time.Duration) []byte {
	b = append(b, name...)
	if d < 0 {
		return append(b, "null"...)
	}
	return appendInt(b, int64(d))
}

// appendDoubt appends why something is not known, null where it is.
func appendDoubt(b []byte, d delivery.Doubt) []byte {
	if d == delivery.NoDoubt {
		return append(b, `,"doubt":null`...)
	}
	return appendString(append(b, `,"doubt":`...), d.String())
}

// appendQoS appends a QoS, null where it is not known.
func appendQoS(b []byte, name string, q uint8) []byte {
	b = append(b, name...)
	if q > 2 {
		return append(b, "null"...)
	}
	return append(b, '0'+q)
}

func (j *JSON) copy(b []byte, c *watch.DeliveryCopy) []byte {
	b = append(b, `{"subscriber":`...)
	if c.Subscriber == "" && c.Group != "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, c.Subscriber)
	}
	b = append(b, `,"group":`...)
	if c.Group == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, c.Group)
	}
	b = append(b, `,"outcome":"`...)
	b = append(b, strings.ReplaceAll(c.Outcome.String(), " ", "_")...)
	b = append(b, '"')
	b = appendDoubt(b, c.Doubt)
	b = appendBool(b, `,"required":`, c.Required)
	b = appendQoS(b, `,"qos":`, c.QoS)
	b = appendQoS(b, `,"granted":`, c.Granted)
	b = append(b, `,"forwarded":`...)
	b = j.time(b, c.Forwarded)
	b = append(b, `,"received":`...)
	b = j.time(b, c.Received)
	b = append(b, `,"ended":`...)
	b = j.time(b, c.Ended)
	b = appendSpan(b, `,"internal_ns":`, c.Internal)
	b = appendSpan(b, `,"response_ns":`, c.Response)
	b = appendSpan(b, `,"whole_ns":`, c.Whole)
	b = appendPositive(b, `,"handshake":`, c.Handshake)
	b = append(b, `,"count":`...)
	b = appendInt(b, int64(c.Count))
	b = append(b, `,"resends":`...)
	b = appendInt(b, int64(c.Resends))
	return append(b, '}')
}

// appendDeliveries appends how the deliveries ended, null where they were not followed.
func appendDeliveries(b []byte, d *watch.Deliveries) []byte {
	if !d.On {
		return append(b, `,"deliveries":null`...)
	}
	n, settled := &d.Counts, uint64(0)
	for _, of := range n.Settled {
		settled += of
	}
	b = appendCount(b, `,"deliveries":{"messages":`, n.Messages)
	b = appendCount(b, `,"settled":`, settled)
	b = appendCount(b, `,"open":`, n.Open)
	for v := delivery.Complete; v <= delivery.CannotKnow; v++ {
		b = appendCount(b, `,"`+verdictName(v)+`":`, n.Settled[v])
	}
	b = appendCount(b, `,"copies":`, n.Copies)
	b = appendCount(b, `,"replays":`, n.Replays)
	b = appendCount(b, `,"unmatched":`, n.Unmatched)
	b = appendCount(b, `,"evicted":`, n.Evicted)
	b = appendCount(b, `,"cut":`, n.Cut)
	return append(b, '}')
}
