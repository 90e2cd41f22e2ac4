package demo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/internal/badclient"
)

// script is what one device does, or a few that belong together. Play ends when ctx is done.
type script struct {
	after time.Duration // since the demo began
	play  func(ctx context.Context, addr string) error
}

// intruder is the Client Identifier that may not publish.
const intruder = "intruder"

const mostStuck = 4 // handshakes that one device leaves open: enough to see, few enough to read

// cast is the plant. Subscribers come first, so that nothing is published to nobody.
func cast(healthy bool) []script {
	scripts := []script{
		{0, subscriber(profile{id: "dashboard", version: 5}, 2, "plant/#")},
		{300 * time.Millisecond, sensor("temp-1", 5, 1, 1300*time.Millisecond, "plant/boiler/temp", "°C", 71)},
		{500 * time.Millisecond, sensor("temp-2", 5, 1, 1700*time.Millisecond, "plant/cooler/temp", "°C", 12)},
		{700 * time.Millisecond, sensor("press-1", 4, 1, 1500*time.Millisecond, "plant/boiler/pressure", "bar", 6)},
		{600 * time.Millisecond, sensor("flow-3", 5, 0, 2*time.Second, "plant/line-3/flow", "l/s", 4)},
		{400 * time.Millisecond, sensor("meter-1", 5, 2, 1900*time.Millisecond, "plant/meter-1/energy", "kWh", 480)},
		{900 * time.Millisecond, sensor("meter-2", 4, 2, 2300*time.Millisecond, "plant/meter-2/energy", "kWh", 112)},
	}
	if healthy {
		return scripts
	}
	return append(scripts,
		script{0, subscriber(profile{id: "pump-2", version: 5, withhold: withholdTopic(decode.PUBACK, "cmd/pump-2/set")}, 1, "cmd/pump-2/#")},
		script{0, subscriber(profile{id: "valve-9", version: 5, withhold: withholdType(decode.PUBCOMP)}, 2, "cmd/valve-9/#")},
		script{0, subscriber(profile{id: "display-3", version: 5, receive: 5, withhold: withholdType(decode.PUBACK)}, 1, "display/line-3")},
		script{500 * time.Millisecond, scada},
		script{700 * time.Millisecond, gateway},
		script{600 * time.Millisecond, logger},
		script{time.Second, trespass},
	)
}

// withholdType withholds all answers of one type.
func withholdType(answer decode.Type) func(decode.Type, string) bool {
	return func(a decode.Type, _ string) bool { return a == answer }
}

// withholdTopic withholds the answers of one type to what comes on one topic.
func withholdTopic(answer decode.Type, topic string) func(decode.Type, string) bool {
	return func(a decode.Type, t string) bool { return a == answer && t == topic }
}

// subscriber subscribes and listens.
func subscriber(p profile, qos byte, filter string) func(context.Context, string) error {
	return func(ctx context.Context, addr string) error {
		d := &device{profile: p}
		if _, err := d.connect(ctx, addr); err != nil {
			return err
		}
		defer d.leave()
		if err := d.subscribe(ctx, qos, filter); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.Gone():
			return badclient.ErrGone
		}
	}
}

// sensor publishes a value that wanders, as the standard wants it.
func sensor(id string, version decode.Version, qos byte, every time.Duration, topic, unit string, value float64) func(context.Context, string) error {
	return func(ctx context.Context, addr string) error {
		d := &device{profile: profile{id: id, version: version}}
		if _, err := d.connect(ctx, addr); err != nil {
			return err
		}
		defer d.leave()
		for {
			value += d.random.NormFloat64() / 4
			payload := fmt.Sprintf(`{"value":%.2f,"unit":"%s"}`, value, unit)
			if err := d.publish(ctx, qos, topic, payload); err != nil {
				return err
			}
			if !pause(ctx, every*9/10+upTo(d.random, every/5)) {
				return nil
			}
		}
	}
}

// scada gives the commands that pump-2, valve-9 and display-3 do not acknowledge; its own handshakes are in order.
func scada(ctx context.Context, addr string) error {
	d := &device{profile: profile{id: "scada", version: 5}}
	if _, err := d.connect(ctx, addr); err != nil {
		return err
	}
	defer d.leave()
	for second := 0; ; second++ {
		stuck := second%12 == 0 && second/12 < mostStuck
		if stuck {
			if err := d.publish(ctx, 1, "cmd/pump-2/set", fmt.Sprintf(`{"rpm":%d}`, 1400+100*(second/12))); err != nil {
				return err
			}
			if err := d.publish(ctx, 2, "cmd/valve-9/open", fmt.Sprintf(`{"percent":%d}`, 25*(second/12+1))); err != nil {
				return err
			}
		}
		if second%5 == 2 { // what pump-2 does acknowledge
			if err := d.publish(ctx, 1, "cmd/pump-2/ping", "{}"); err != nil {
				return err
			}
		}
		if second < 8 || second%4 == 0 {
			if err := d.publish(ctx, 1, "display/line-3", fmt.Sprintf("batch %d", 7001+second)); err != nil {
				return err
			}
		}
		if !pause(ctx, time.Second) {
			return nil
		}
	}
}

// gateway leaves QoS 2 handshakes after PUBREC; its QoS 1 goes well.
func gateway(ctx context.Context, addr string) error {
	d := &device{profile: profile{id: "gateway-1", version: 5}}
	if _, err := d.connect(ctx, addr); err != nil {
		return err
	}
	defer d.leave()
	for second := 0; ; second += 3 {
		if second%15 == 0 && second/15 < mostStuck {
			if _, err := d.begin(ctx, 2, "plant/gateway-1/batch", fmt.Sprintf(`{"batch":%d}`, second/15+1)); err != nil {
				return err
			}
		}
		if err := d.publish(ctx, 1, "plant/gateway-1/alive", "{}"); err != nil {
			return err
		}
		if !pause(ctx, 3*time.Second) {
			return nil
		}
	}
}

// logger is logger-4 and its feed: logger-4 stops to acknowledge, loses its connection with messages in flight, and resumes
// its Session, upon which the broker sends them again with DUP. The feed rests meanwhile: this broker would
// set DUP on what it never sent, too.
func logger(ctx context.Context, addr string) error {
	feed := &device{profile: profile{id: "historian", version: 5}}
	if _, err := feed.connect(ctx, addr); err != nil {
		return err
	}
	defer feed.leave()
	var mute atomic.Bool
	d := &device{profile: profile{id: "logger-4", version: 5, keep: true}}
	d.withhold = func(decode.Type, string) bool { return mute.Load() }
	for n := 0; ; {
		present, err := d.connect(ctx, addr)
		if err != nil {
			return err
		}
		if !present {
			err = d.subscribe(ctx, 1, "log/line-4")
		}
		n, err = feedLogger(ctx, feed, &mute, n, err)
		if err != nil || ctx.Err() != nil {
			d.leave()
			return err
		}
		d.drop()
		mute.Store(false)
		if !pause(ctx, 2500*time.Millisecond) {
			return nil
		}
	}
}

// feedLogger sends one message that is acknowledged and two that are not; later rounds take their time. The messages are more
// than a second apart: the broker keeps the order of what it resends by the second.
func feedLogger(ctx context.Context, feed *device, mute *atomic.Bool, n int, err error) (int, error) {
	wait := 400 * time.Millisecond
	if n > 0 {
		wait = 6 * time.Second
	}
	for i := range 3 {
		if err != nil || !pause(ctx, wait) {
			return n, err
		}
		mute.Store(i > 0)
		n++
		err = feed.publish(ctx, 1, "log/line-4", fmt.Sprintf(`{"event":%d}`, n))
		wait = 1200 * time.Millisecond
	}
	pause(ctx, 200*time.Millisecond)
	return n, err
}

// trespass publishes where it may not, with QoS 1 and QoS 2 in turn.
func trespass(ctx context.Context, addr string) error {
	d := &device{profile: profile{id: intruder, version: 5}}
	if _, err := d.connect(ctx, addr); err != nil {
		return err
	}
	defer d.leave()
	for qos := byte(1); ; qos = 3 - qos {
		if err := d.publish(ctx, qos, "plant/boiler/setpoint", `{"value":999}`); err != nil {
			return err
		}
		if !pause(ctx, 4*time.Second) {
			return nil
		}
	}
}
