package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
)

// sentPair is a Pair that is under way.
type sentPair struct {
	Pair
	sent event
}

// pairs publishes with each QoS to subscriptions of each QoS.
func (m *measuring) pairs(ctx context.Context, pub *peer) error {
	sub, _, err := m.connect(ctx, m.fresh("s"), session{clean: true})
	if err != nil {
		return err
	}
	defer sub.leave()
	topics := []string{m.topic + "pair/0", m.topic + "pair/1", m.topic + "pair/2"}
	within, cancel := step(ctx)
	defer cancel()
	granted, err := sub.subscribe(within, []uint8{0, 1, 2}, topics...)
	if err != nil {
		return err
	}
	all, err := m.begin(ctx, pub, sub, granted, topics)
	if err != nil {
		return err
	}
	time.Sleep(m.quiet) // for copies that nobody asked for
	for i := range all {
		if all[i].NotMeasured == "" {
			all[i].judge(pub, sub)
		}
		m.result.Pairs = append(m.result.Pairs, all[i].Pair)
	}
	return m.permission()
}

// begin publishes the nine messages, one after the other.
func (m *measuring) begin(ctx context.Context, pub, sub *peer, granted []decode.ReasonCode, topics []string) (all []sentPair, err error) {
	misses := 0
	for n := range uint8(9) {
		published, requested := n/3, n%3
		code := granted[requested]
		p := sentPair{Pair: Pair{Published: published, Requested: requested, Granted: uint8(code), Publisher: []Step{}, Subscriber: []Step{}}}
		switch {
		case code >= 0x80:
			p.Granted = requested
			p.NotMeasured = fmt.Sprintf("subscription refused: %s (0x%02X)", code.Name(decode.SUBACK, decode.V5), uint8(code))
		case !m.can(published):
			p.NotOffered, p.NotMeasured = true, fmt.Sprintf("the broker's Maximum QoS is %d", m.result.Announced.MaximumQoS)
		default:
			came, err := p.begin(ctx, max(m.quiet, stepTimeout/time.Duration(1+misses)), pub, sub, topics[requested], m.name())
			if err != nil {
				return nil, err
			}
			if !came {
				misses++ // what never comes is not to use up the time
			}
		}
		p.Expected = min(p.Published, p.Granted)
		all = append(all, p)
	}
	return all, nil
}

// errNothing says that the measurement has no ground to stand on.
var errNothing = errors.New("no message came through: the login may lack the permission to publish and to subscribe there (--prefix chooses other topics)")

// permission looks for messages that did not come since they were not allowed: of QoS 0 nobody says so, and before 5.0 of none.
func (m *measuring) permission() error {
	came, refused := false, ""
	for _, p := range m.result.Pairs {
		came = came || p.Copies > 0
		if p.NotMeasured != "" && !p.NotOffered {
			refused = p.NotMeasured
		}
	}
	if came {
		return nil
	}
	for i := range m.result.Pairs {
		if p := &m.result.Pairs[i]; p.Deviation == Nothing {
			p.Deviation, p.NotMeasured = "", cmp.Or(refused, "nothing came of any message")
		}
	}
	return errNothing
}

// begin publishes and waits until both handshakes have ended, or the time is over. An error says that the connection is lost.
func (p *sentPair) begin(ctx context.Context, limit time.Duration, pub, sub *peer, topic, payload string) (came bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.sent, err = pub.publish(p.Published, topic, payload); err != nil {
		return false, err
	}
	if p.Published > 0 {
		if end, err := pub.published(ctx, p.sent.id); err == errGone {
			return false, err
		} else if err == nil && end.reason >= 0x80 {
			p.NotMeasured = fmt.Sprintf("publishing refused: %s (0x%02X)", end.reason.Name(end.kind, decode.V5), uint8(end.reason))
			return true, nil
		}
	}
	got, err := sub.await(ctx, received(payload))
	if err == nil && got.qos > 0 {
		_, err = sub.await(ctx, func(e *event) bool {
			return e.out && e.id == got.id && !e.at.Before(got.at) && (e.kind == decode.PUBACK || e.kind == decode.PUBCOMP)
		})
	}
	if err == errGone {
		return false, err
	}
	return err == nil, nil // what did not come is judged
}

// judge fills in what was seen.
func (p *sentPair) judge(pub, sub *peer) {
	end := decode.Type(0)
	for _, e := range pub.events(func(e *event) bool { return e.id == p.sent.id && p.sent.id > 0 || e.payload == p.sent.payload }) {
		p.Publisher = append(p.Publisher, stepOf(&e, p.sent.at))
		if end = e.kind; end == decode.PUBACK || end == decode.PUBCOMP {
			p.ToldNS = since(e.at, p.sent.at)
		}
	}
	copies := sub.events(received(p.sent.payload))
	if p.Copies = len(copies); p.Copies > 0 {
		p.follow(sub, &copies[0])
	}
	switch {
	case p.Copies == 0:
		p.Deviation = Nothing
	case *p.Received > p.Expected:
		p.Deviation = Upgraded
	case *p.Received < p.Expected:
		p.Deviation = Downgraded
	case p.Copies > 1:
		p.Deviation = Copies
	case p.Published > 0 && p.ToldNS == nil, *p.Received > 0 && p.AcknowledgedNS == nil:
		p.Deviation = Unfinished
	}
	p.Told = p.told()
}

// follow takes the subscriber's steps from its first copy on.
func (p *sentPair) follow(sub *peer, first *event) {
	qos := first.qos
	p.Received, p.ReceivedNS = &qos, since(first.at, p.sent.at)
	p.Subscriber = append(p.Subscriber, stepOf(first, p.sent.at))
	if qos == 0 {
		return
	}
	for _, e := range sub.events(func(e *event) bool { return e.id == first.id && e.kind != decode.SUBACK && !e.at.Before(first.at) }) {
		if e.kind == decode.PUBLISH {
			if e.payload != first.payload {
				break // the identifier is another message's by now
			}
			continue
		}
		p.Subscriber = append(p.Subscriber, stepOf(&e, p.sent.at))
		if e.out && (e.kind == decode.PUBACK || e.kind == decode.PUBCOMP) {
			p.AcknowledgedNS = since(e.at, p.sent.at)
			break
		}
	}
}

func (p *sentPair) told() string {
	switch {
	case p.ToldNS == nil || p.ReceivedNS == nil:
		return ""
	case *p.ToldNS < *p.ReceivedNS:
		return "before-received"
	case p.AcknowledgedNS == nil || *p.ToldNS < *p.AcknowledgedNS:
		return "after-received"
	}
	return "after-acknowledged"
}

func since(at, start time.Time) *int64 {
	ns := int64(at.Sub(start))
	return &ns
}

func stepOf(e *event, start time.Time) Step {
	from := "server"
	if e.out {
		from = "client"
	}
	return Step{From: from, Packet: e.kind.String(), AtNS: int64(e.at.Sub(start)), Reason: uint8(e.reason)}
}

// release holds PUBREL back to see whether a subscriber has the message all the same.
func (m *measuring) release(ctx context.Context, pub *peer) error {
	if !m.can(2) {
		return nil
	}
	sub, _, err := m.connect(ctx, m.fresh("s"), session{clean: true})
	if err != nil {
		return err
	}
	defer sub.leave()
	within, cancel := step(ctx)
	defer cancel()
	if _, err := sub.subscribe(within, []uint8{2}, m.topic+"release"); err != nil {
		return err
	}
	pub.hold(decode.PUBREL)
	defer pub.hold()
	payload := m.name()
	sent, err := pub.publish(2, m.topic+"release", payload)
	if err != nil {
		return err
	}
	if _, err := pub.await(within, func(e *event) bool { return e.kind == decode.PUBREC && e.id == sent.id }); err != nil {
		return fmt.Errorf("no PUBREC: %w", err)
	}
	out := Release{At: "PUBLISH"}
	if len(sub.count(ctx, 1, m.quiet, received(payload))) == 0 {
		out.At = "PUBREL"
	}
	pub.ack(decode.PUBREL, sent.id)
	if _, err := pub.published(within, sent.id); err != nil {
		return fmt.Errorf("no PUBCOMP: %w", err)
	}
	got, err := sub.await(within, received(payload))
	if err != nil {
		return fmt.Errorf("the subscriber got nothing: %w", err)
	}
	out.ReceivedNS = *since(got.at, sent.at)
	m.result.Release = &out
	return nil
}
