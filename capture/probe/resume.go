package probe

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	resumeMessages = 3
	// sessionExpiry is how long a broker keeps a session if the probe ends before it has taken it away; before 5.0 it cannot be said.
	sessionExpiry = 60
	// awayFor is the pause between the loss of a connection and the next: brokers take a moment to notice.
	awayFor = 150 * time.Millisecond
)

// resumeCase is what the subscriber holds back before its connection is lost.
type resumeCase struct {
	name string
	role string
	qos  uint8
	hold decode.Type
	// until is what the broker sends before the connection is lost.
	until decode.Type
}

// resume loses a subscriber's connection with messages in flight and resumes its Session.
func (m *measuring) resume(ctx context.Context, pub *peer) error {
	for _, c := range []resumeCase{
		{QoS1Unacknowledged, "a", 1, decode.PUBACK, decode.PUBLISH},
		{QoS2Unreceived, "b", 2, decode.PUBREC, decode.PUBLISH},
		{QoS2Received, "c", 2, decode.PUBCOMP, decode.PUBREL},
	} {
		if !m.can(c.qos) {
			continue
		}
		if err := m.resumeOne(ctx, pub, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (m *measuring) resumeOne(ctx context.Context, pub *peer, c resumeCase) error {
	kept := session{clean: m.v == decode.V5, expiry: sessionExpiry} // 3.1.1 cannot both begin anew and keep; the Client Identifier is new
	m.kept = append(m.kept, c.role)                                 // also where its CONNACK never comes
	sub, _, err := m.connect(ctx, m.id+c.role, kept)
	if err != nil {
		return err
	}
	defer sub.drop()
	sub.hold(c.hold)
	topic := m.topic + "resume/" + c.role
	within, cancel := step(ctx)
	defer cancel()
	if _, err := sub.subscribe(within, []uint8{c.qos}, topic); err != nil {
		return err
	}
	ids, payloads, err := m.publishSome(pub, c.qos, topic)
	if err != nil {
		return err
	}
	out := Resume{Case: c.name, Packets: []string{}, Against: []string{}, PublisherWaits: !m.allTold(ctx, pub, ids)}
	before := sub.count(ctx, resumeMessages, m.quiet, isOf(c.until, payloads))
	sub.drop()
	time.Sleep(awayFor)
	kept.clean = false
	again, ack, err := m.connect(ctx, m.id+c.role, kept)
	if err != nil {
		return err
	}
	defer again.leave()
	out.InFlight, out.SessionPresent = len(before), ack.connack != nil && ack.connack.SessionPresent
	got := again.count(ctx, len(before), m.quiet, func(e *event) bool { return resent(e, before) })
	time.Sleep(m.quiet / 4) // the rest of their handshakes
	out.compare(before, got, c.until)
	m.result.Resumes = append(m.result.Resumes, out)
	if out.PublisherWaits && !m.allTold(ctx, pub, ids) {
		return fmt.Errorf("the publisher is owed an acknowledgement")
	}
	return nil
}

// publishSome publishes what is to be in flight, and waits for nothing.
func (m *measuring) publishSome(pub *peer, qos uint8, topic string) (ids []uint16, payloads []string, err error) {
	for range resumeMessages {
		sent, err := pub.publish(qos, topic, m.name())
		if err != nil {
			return nil, nil, err
		}
		ids, payloads = append(ids, sent.id), append(payloads, sent.payload)
	}
	return ids, payloads, nil
}

// allTold waits for the ends of the publisher's handshakes.
func (m *measuring) allTold(ctx context.Context, pub *peer, ids []uint16) bool {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout/2)
	defer cancel()
	for _, id := range ids {
		if _, err := pub.published(ctx, id); err != nil {
			return false
		}
	}
	return true
}

// isOf matches what comes of a type; of PUBLISH only with one of the payloads.
func isOf(t decode.Type, payloads []string) func(*event) bool {
	return func(e *event) bool {
		return !e.out && e.kind == t && (t != decode.PUBLISH || slices.Contains(payloads, e.payload))
	}
}

// resent matches what was in flight before. A PUBREL is known by its Packet Identifier, and so is a PUBLISH where the PUBREL was there before.
func resent(e *event, before []event) bool {
	return !e.out && (e.kind == decode.PUBLISH || e.kind == decode.PUBREL && !answered(e, before)) && slices.ContainsFunc(before, func(b event) bool {
		return b.kind == decode.PUBLISH && b.payload == e.payload || b.kind == decode.PUBREL && b.id == e.id
	})
}

// answered reports whether e is the PUBREL that follows a PUBLISH sent again.
func answered(e *event, before []event) bool {
	return e.kind == decode.PUBREL && len(before) > 0 && before[0].kind == decode.PUBLISH
}

// compare fills in what came again, and what the standard wants otherwise (5.0 §4.4, §4.6, §3.3.1.1).
func (r *Resume) compare(before, got []event, want decode.Type) {
	r.Again, r.InOrder, r.SameIDs = len(got), true, true
	for i, e := range got {
		if name := e.kind.String(); !slices.Contains(r.Packets, name) {
			r.Packets = append(r.Packets, name)
		}
		if e.dup {
			r.Dup++
		}
		r.SameIDs = r.SameIDs && slices.ContainsFunc(before, func(b event) bool { return b.id == e.id && (b.payload == e.payload || b.kind != e.kind) })
		r.InOrder = r.InOrder && i < len(before) && same(&before[i], &e)
	}
	if len(got) == 0 {
		r.InOrder, r.SameIDs = false, false
	}
	if !r.SessionPresent {
		r.against(true, "the Session was not kept")
		return // then nothing is to be sent again
	}
	r.against(r.Again < r.InFlight, fmt.Sprintf("%d of %d not sent again", r.InFlight-r.Again, r.InFlight))
	r.against(r.Again > r.InFlight, "sent again more than once")
	wrong := slices.ContainsFunc(got, func(e event) bool { return e.kind != want })
	r.against(wrong, want.String()+" is to be sent again")
	r.against(want == decode.PUBLISH && !wrong && r.Dup < r.Again, "DUP not set")
	r.against(r.Again > 0 && !r.SameIDs, "other Packet Identifiers")
	r.against(r.Again == r.InFlight && r.Again > 0 && !r.InOrder, "another order")
}

func same(before, again *event) bool {
	if before.kind == decode.PUBLISH && again.kind == decode.PUBLISH {
		return before.payload == again.payload
	}
	return before.id == again.id
}

func (r *Resume) against(is bool, what string) {
	if is {
		r.Against = append(r.Against, what)
	}
}
