package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mqttwatch/mqttwatch/decode"
)

const (
	smallWindow    = 3   // Receive Maximum of the probe
	smallMessages  = 8   // published to it
	windowMessages = 200 // published to who names no Receive Maximum: it is the bound of what is found
	orderMessages  = 10
)

// windows counts what a broker sends to subscribers that acknowledge nothing.
func (m *measuring) windows(ctx context.Context, pub *peer) error {
	if slices.ContainsFunc(m.result.Resumes, func(r Resume) bool { return r.PublisherWaits }) {
		return errors.New("not measured: the broker tells publishers only after subscribers have acknowledged")
	}
	if m.v == decode.V5 {
		if err := m.window(ctx, pub, smallWindow, smallMessages); err != nil {
			return err
		}
	}
	return m.window(ctx, pub, 0, windowMessages)
}

// window counts what comes before anything is acknowledged and, under a Receive Maximum, what comes each time that all of it was: a broker may keep to the bound
// with the first messages only.
func (m *measuring) window(ctx context.Context, pub *peer, maximum uint16, messages int) error {
	if !m.can(1) {
		return nil
	}
	sub, _, err := m.connect(ctx, m.fresh("s"), session{clean: true, receiveMaximum: maximum})
	if err != nil {
		return err
	}
	defer sub.leave()
	sub.hold(decode.PUBACK)
	topic := fmt.Sprintf("%swindow/%d", m.topic, maximum)
	within, cancel := step(ctx)
	defer cancel()
	if _, err := sub.subscribe(within, []uint8{1}, topic); err != nil {
		return err
	}
	start := m.name() + " "
	for sent := 0; sent < messages; {
		n := m.burst(messages - sent)
		if err := m.publishAll(ctx, pub, 1, topic, start, n); err != nil {
			return err
		}
		sent += n
	}
	matches := func(e *event) bool { return !e.out && e.kind == decode.PUBLISH && strings.HasPrefix(e.payload, start) }
	w := Window{ReceiveMaximum: maximum, Published: messages, Against: []string{}}
	count := func() []event { return sub.count(ctx, messages, m.quiet, matches) }
	for got := count(); len(got) > w.Arrived; got = count() {
		held := got[w.Arrived:]
		w.InFlight, w.Arrived = max(w.InFlight, len(held)), len(got)
		if maximum == 0 {
			sub.hold() // the rest is acknowledged as it comes
		}
		for _, e := range held {
			if e.qos == 1 {
				sub.ack(decode.PUBACK, e.id)
			}
		}
		if maximum == 0 {
			w.Arrived = len(count())
			break
		}
	}
	if w.exceeded() {
		w.Against = append(w.Against, "more than the Receive Maximum in flight")
	}
	m.result.Windows = append(m.result.Windows, w)
	return nil
}

// burst is how many of n messages may be in flight at once.
func (m *measuring) burst(n int) int {
	return min(n, orderMessages, int(m.result.Announced.ReceiveMaximum))
}

// publishAll publishes n messages in one write and waits until each is done with.
func (m *measuring) publishAll(ctx context.Context, pub *peer, qos uint8, topic, start string, n int) error {
	ctx, cancel := step(ctx)
	defer cancel()
	ids, b := []uint16(nil), []byte(nil)
	for i := range n {
		packet, id := pub.publishing(qos, topic, fmt.Sprint(start, i))
		ids, b = append(ids, id), append(b, packet...)
	}
	if err := pub.write(b); err != nil {
		return err
	}
	for _, id := range ids {
		if end, err := pub.published(ctx, id); err != nil {
			return fmt.Errorf("no end of a handshake of QoS %d: %w", qos, err)
		} else if end.reason >= 0x80 {
			return fmt.Errorf("publishing refused: %s (0x%02X)", end.reason.Name(end.kind, decode.V5), uint8(end.reason))
		}
	}
	return nil
}

// orders publishes several messages at once and looks at the order of what answers them (5.0 §4.6).
func (m *measuring) orders(ctx context.Context, pub *peer) error {
	for qos, kinds := range [][]decode.Type{1: {decode.PUBACK}, 2: {decode.PUBREC, decode.PUBCOMP}} {
		if qos == 0 || !m.can(uint8(qos)) {
			continue
		}
		first := pub.nextID()
		n := m.burst(orderMessages)
		if err := m.publishAll(ctx, pub, uint8(qos), m.topic+"order", m.name()+" ", n); err != nil {
			return err
		}
		for _, kind := range kinds {
			got := pub.events(func(e *event) bool { return !e.out && e.kind == kind && e.id > first })
			o := Order{Packet: kind.String(), Count: len(got), Against: []string{}}
			o.InOrder = slices.IsSortedFunc(got, func(a, b event) int { return int(a.id) - int(b.id) })
			if !o.InOrder {
				o.Against = append(o.Against, kind.String()+" in another order than what it answers")
			}
			m.result.Orders = append(m.result.Orders, o)
		}
	}
	return nil
}

// nobody publishes where there is no subscriber: 0x10 says so, and no broker has to use it (5.0 §3.4.2.1).
func (m *measuring) nobody(ctx context.Context, pub *peer) error {
	if m.v != decode.V5 {
		return nil
	}
	for qos := uint8(1); qos <= 2 && m.can(qos); qos++ {
		within, cancel := step(ctx)
		defer cancel()
		sent, err := pub.publish(qos, m.topic+"nobody", m.name())
		if err != nil {
			return err
		}
		got, err := pub.await(within, func(e *event) bool {
			return !e.out && e.id == sent.id && (e.kind == decode.PUBACK || e.kind == decode.PUBREC)
		})
		if err != nil {
			return err
		}
		m.result.Nobody = append(m.result.Nobody, NoSubscriber{qos, got.kind.String(), uint8(got.reason), got.reason.Name(got.kind, decode.V5)})
		if _, err := pub.published(within, sent.id); err != nil {
			return err
		}
	}
	return nil
}
