package report

import (
	"time"

	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// deliveryParts are to deliveries what handshakeParts are to handshakes.
type deliveryParts struct {
	brokers                             phrase[broker]
	published, committed, told, settled field
	outcomes                            [8]phrase[outcome]    // by how many subscribers were expected
	copies                              [4][4]phrase[copying] // by QoS, that of the PUBLISH and what is granted
	forwarded, received                 field
	counted                             phrase[counted]
}

func newDeliveryParts() deliveryParts {
	return deliveryParts{
		published: newField("published"), committed: newField("committed"), told: newField("told"), settled: newField("settled"),
		forwarded: newField("forwarded"), received: newField("received"),
	}
}

func (j *JSON) delivery(b []byte, d *watch.Delivery) []byte {
	b = append(b, `{"kind":"delivery","id":`...)
	b = appendUint(b, d.ID)
	b = append(b, `,"publisher":`...)
	b = appendString(b, d.Publisher)
	b = j.brokers.append(b, broker(d.Server))
	b = appendPositive(b, `,"handshake":`, d.Handshake)
	b = append(b, `,"topic":`...)
	b = appendString(b, d.Topic)
	b = append(append(b, `,"qos":`...), '0'+d.QoS)
	b = append(b, `,"payload_length":`...)
	b = appendInt(b, d.Payload)
	b = appendBool(b, `,"retain":`, d.Retain)
	b = appendBool(b, `,"will":`, d.Will)
	b = j.published.append(b, d.At)
	b = j.committed.append(b, d.Commit)
	b = j.told.append(b, d.Told)
	b = j.settled.append(b, d.Settled)
	b = j.outcomes[d.Expected&7].append(b, outcomeOf(d))
	b = appendSpan(b, `,"worst_ns":`, d.Worst)
	b = appendToldFirst(b, d)
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

// A broker is the Server's end of a delivery.
type broker string

func (s broker) append(b []byte) []byte { return appendString(append(b, `,"server":`...), string(s)) }

// verdictName returns the word for a verdict, with _ for a space.
func verdictName(v delivery.Verdict) string { return underscored(v.String()) }

// An outcome is what became of a delivery, in a word and in numbers.
type outcome struct {
	verdict    delivery.Verdict
	confidence delivery.Confidence
	doubt      delivery.Doubt

	expected, forwarded, acknowledged, missing, queued, unsure, replays int
}

func outcomeOf(d *watch.Delivery) outcome {
	return outcome{d.Verdict, d.Confidence, d.Doubt, d.Expected, d.Forwarded, d.Acknowledged, d.Missing, d.Queued, d.Unsure, d.Replays}
}

func (o outcome) append(b []byte) []byte {
	b = append(b, `,"verdict":"`...)
	b = append(b, verdictName(o.verdict)...)
	b = append(b, `","confidence":"`...)
	b = append(b, o.confidence.String()...)
	b = append(b, '"')
	b = appendDoubt(b, o.doubt)
	for _, n := range [...]struct {
		name string
		n    int
	}{
		{`,"expected":`, o.expected}, {`,"forwarded":`, o.forwarded}, {`,"acknowledged":`, o.acknowledged},
		{`,"missing":`, o.missing}, {`,"queued":`, o.queued}, {`,"unsure":`, o.unsure}, {`,"replays":`, o.replays},
	} {
		b = appendInt(append(b, n.name...), int64(n.n))
	}
	return b
}

// appendToldFirst appends whether the publisher was told first, null where that is not known.
func appendToldFirst(b []byte, d *watch.Delivery) []byte {
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
	return appendUint(b, uint64(d))
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
	b = j.copies[c.QoS&3][c.Granted&3].append(b, copying{c.Group, c.Outcome, c.Doubt, c.Required, c.QoS, c.Granted})
	b = j.forwarded.append(b, c.Forwarded)
	b = j.received.append(b, c.Received)
	b = j.ended.append(b, c.Ended)
	b = appendSpan(b, `,"internal_ns":`, c.Internal)
	b = appendSpan(b, `,"response_ns":`, c.Response)
	b = appendSpan(b, `,"whole_ns":`, c.Whole)
	b = appendPositive(b, `,"handshake":`, c.Handshake)
	return j.counted.append(b, counted{c.Count, c.Resends})
}

// A counted is how often a copy was sent, which ends it.
type counted struct{ copies, resends int }

func (c counted) append(b []byte) []byte {
	b = append(b, `,"count":`...)
	b = appendInt(b, int64(c.copies))
	b = append(b, `,"resends":`...)
	b = appendInt(b, int64(c.resends))
	return append(b, '}')
}

// A copying is what became of a copy, and what was to become of it.
type copying struct {
	group        string
	outcome      delivery.Outcome
	doubt        delivery.Doubt
	required     bool
	qos, granted uint8
}

func (c copying) append(b []byte) []byte {
	b = append(b, `,"group":`...)
	if c.group == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, c.group)
	}
	b = append(b, `,"outcome":"`...)
	b = append(b, underscored(c.outcome.String())...)
	b = append(b, '"')
	b = appendDoubt(b, c.doubt)
	b = appendBool(b, `,"required":`, c.required)
	b = appendQoS(b, `,"qos":`, c.qos)
	return appendQoS(b, `,"granted":`, c.granted)
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
	b = appendCount(b, `,"evicted_problems":`, n.EvictedProblems)
	b = appendCount(b, `,"cut":`, n.Cut)
	return append(b, '}')
}
