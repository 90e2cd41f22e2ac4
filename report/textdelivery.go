package report

import (
	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/watch"
)

// delivery writes, for example,
//
//	2026-11-22T12:01:39.002Z  DELIVERY not forwarded  message 4 published 2026-11-22T12:01:33.120Z  app -> 3 subscribers  QoS 1  cmd/pump-2/set  2 forwarded  1 acknowledged: pump-2 not forwarded, ui forwarded
func (t *Text) delivery(b []byte, d *watch.Delivery, now decode.Time) []byte {
	b = t.stamp.appendMilli(b, now)
	b = append(append(b, "  DELIVERY "...), d.Verdict.String()...)
	b = appendInt(append(b, "  message "...), int64(d.ID))
	b = t.published.appendMilli(append(b, " published "...), d.At)
	b = append(append(b, "  "...), decode.Escape(d.Publisher)...)
	b = appendNoun(append(b, " -> "...), uint64(len(d.Copies)+d.More), "subscriber")
	b = append(b, "  QoS "...)
	b = append(b, '0'+d.QoS)
	b = append(append(b, "  "...), decode.Escape(d.Topic)...)
	b = append(b, "  "...)
	b = appendInt(b, int64(d.Forwarded))
	b = append(b, " forwarded  "...)
	b = appendInt(b, int64(d.Acknowledged))
	b = append(b, " acknowledged"...)
	between := ": "
	for i := range d.Copies {
		c := &d.Copies[i]
		if c.Outcome == delivery.Acknowledged || c.Outcome == delivery.Sent {
			continue
		}
		b = append(append(b, between...), decode.Escape(subscriberOf(c))...)
		b = append(append(b, ' '), c.Outcome.Words(c.Doubt)...)
		between = ", "
	}
	if d.Withheld {
		b = append(append(append(b, "; "...), decode.Escape(d.Publisher)...), " owes PUBREL"...)
	}
	return append(b, '\n')
}

func subscriberOf(c *watch.DeliveryCopy) string {
	switch {
	case c.Subscriber != "":
		return c.Subscriber
	case c.Group != "":
		return "group " + c.Group
	}
	return "a subscriber"
}

// appendDeliveryLine appends how the deliveries ended; nothing where none were followed.
func appendDeliveryLine(b []byte, d *watch.Deliveries) []byte {
	n := &d.Counts
	if n.Messages == 0 {
		return b
	}
	b = append(b, "deliveries   "...)
	b = appendNoun(b, n.Messages, "message")
	b = append(b, ": "...)
	parts := []part{{"open", n.Open}}
	for v := delivery.Complete; v <= delivery.CannotKnow; v++ {
		parts = append(parts, part{v.String(), n.Settled[v]})
	}
	copies := "copies"
	if n.Unmatched == 1 {
		copies = "copy"
	}
	return appendParts(b, append(parts, part{copies + " of unseen origin", n.Unmatched}, part{"not followed to the end", n.Cut}))
}
