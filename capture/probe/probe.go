// Package probe measures how a live broker delivers: at which QoS, in which steps, when the publisher is told, what it does when a
// Session is resumed, and how many messages it keeps in flight. It speaks over connections of its own and leaves nothing behind.
package probe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/capture"
	"github.com/mqttwatch/mqttwatch/decode"
)

// Options say what Run measures.
type Options struct {
	// Versions are those to speak, in their order; nil is 5.0 and 3.1.1, as far as the broker speaks them.
	Versions []decode.Version
	// Prefix is the beginning of the first level of all topics; default "mqttwatch-probe". What follows is random.
	Prefix string
	// Timeout bounds the whole; default 20 s. The sessions made are taken away after it, in 2 s at most.
	Timeout time.Duration
}

// Check refuses a Prefix that cannot begin a topic.
func (o *Options) Check() error {
	if len(o.Prefix) > 1000 || strings.ContainsAny(o.Prefix, "+#\x00") || strings.HasPrefix(o.Prefix, "$") {
		return fmt.Errorf("%q: a topic has no + or #, and does not begin with $ here", o.Prefix)
	}
	return nil
}

// Bounds of a probe, beside its Timeout.
const (
	defaultTimeout = 20 * time.Second
	cleanTimeout   = 2 * time.Second
	stepTimeout    = 2 * time.Second // for a packet that is owed
	minQuiet       = 300 * time.Millisecond
	maxQuiet       = time.Second
)

// Run measures the broker that d dials. Its error says that there was nothing to measure: no connection, no login, no version that both
// speak. What could not be measured of the rest is said in the Report.
func Run(ctx context.Context, d *capture.Dialer, opts Options) (*Report, error) {
	free := opts.Versions == nil
	if free {
		opts.Versions = []decode.Version{decode.V5, decode.V311}
	}
	if opts.Prefix == "" {
		opts.Prefix = "mqttwatch-probe"
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	var random [4]byte
	rand.Read(random[:])
	tag := hex.EncodeToString(random[:])
	within, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	r := &Report{Kind: "probe", Schema: Schema, Server: d.String(), Time: time.Now().UTC(), Versions: []Version{}, Notes: []string{}}
	for i, v := range opts.Versions {
		m := &measuring{d: d, v: v, topic: opts.Prefix + "-" + tag + "/" + v.String() + "/", id: fmt.Sprintf("mqttwatch%s%d", tag, i)}
		for _, other := range r.Versions { // before 5.0 a broker cannot say it
			m.maximumQoS = &other.Announced.MaximumQoS
		}
		err := m.run(within)
		var refused *connectError
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			r.add(m.result)
		case errors.As(err, &refused) && refused.otherVersion && free && (len(r.Versions) > 0 || i+1 < len(opts.Versions)):
			r.Notes = append(r.Notes, "MQTT "+v.String()+": "+refused.why)
		case len(r.Versions) == 0:
			return nil, err
		default:
			r.Notes = append(r.Notes, "MQTT "+v.String()+" was not measured: "+err.Error())
			r.NotMeasured += 9
		}
	}
	if within.Err() != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("the time of %v was over before all was measured: --timeout gives more", opts.Timeout))
	}
	return r, nil
}

func (r *Report) add(v *Version) {
	r.Versions = append(r.Versions, *v)
	for i := range v.Pairs {
		switch p := &v.Pairs[i]; {
		case p.NotOffered:
			r.NotOffered++
		case p.NotMeasured != "":
			r.NotMeasured++
		case p.Deviation != "":
			r.Deviations++
		}
	}
	for i := range v.Windows {
		if v.Windows[i].exceeded() {
			r.Exceeded++
		}
	}
}

// measuring is the work with one version.
type measuring struct {
	d     *capture.Dialer
	v     decode.Version
	topic string // ends with a slash
	id    string // the beginning of Client Identifiers, which have 23 bytes at most
	kept  []string
	// maximumQoS is what the broker announced with another version.
	maximumQoS *uint8
	quiet      time.Duration // after which nothing more is expected
	result     *Version
	count      int // messages named so far
	anew       int // connections begun anew so far
}

// run returns an error where the very first connection fails.
func (m *measuring) run(ctx context.Context) error {
	start := time.Now()
	pub, ack, err := connect(ctx, m.d, m.v, session{id: m.fresh("p"), clean: true})
	if err != nil {
		return err
	}
	m.result = &Version{
		Version: m.v.String(), ConnectNS: int64(ack.at.Sub(start)), Announced: Announced{ReceiveMaximum: 65535, MaximumQoS: 2},
		Pairs: []Pair{}, Resumes: []Resume{}, Windows: []Window{}, Orders: []Order{}, Nobody: []NoSubscriber{}, Problems: []string{},
	}
	if c := ack.connack; c != nil && m.v == decode.V5 {
		m.result.Announced = Announced{c.ReceiveMaximum, c.MaximumQoS, c.TopicAliasMaximum, c.MaximumPacketSize}
	}
	if m.maximumQoS != nil && m.v != decode.V5 {
		m.result.Announced.MaximumQoS = *m.maximumQoS
	}
	m.quiet = max(minQuiet, min(maxQuiet, 20*ack.at.Sub(start)))
	defer m.clean(ctx)
	for _, part := range []struct {
		name string
		do   func(context.Context, *peer) error
	}{
		{"pairs", m.pairs}, {"release of QoS 2", m.release}, {"resume", m.resume}, {"windows", m.windows},
		{"order of acknowledgements", m.orders}, {"no subscribers", m.nobody},
	} {
		if err := part.do(ctx, pub); err != nil {
			m.result.Problems = append(m.result.Problems, part.name+": "+explain(err))
			pub.drop()
			if ctx.Err() != nil || errors.Is(err, errNothing) {
				break
			}
			if pub, _, err = m.connect(ctx, m.fresh("p"), session{clean: true}); err != nil {
				m.result.Problems = append(m.result.Problems, err.Error())
				m.missing()
				return nil
			}
		}
	}
	m.missing()
	pub.leave() // again where it was dropped: that does no harm
	return nil
}

// missing adds the pairs that the measurement did not come to.
func (m *measuring) missing() {
	for n := len(m.result.Pairs); n < 9; n++ {
		m.result.Pairs = append(m.result.Pairs, Pair{
			Published: uint8(n / 3), Requested: uint8(n % 3), Granted: uint8(n % 3), Expected: uint8(min(n/3, n%3)),
			NotMeasured: "see problems", Publisher: []Step{}, Subscriber: []Step{},
		})
	}
}

// fresh returns the Client Identifier of a connection whose session nobody resumes. Each has its own: a broker may still be busy with the end
// of the one before, and some then take the subscriptions of the new one away with it.
func (m *measuring) fresh(role string) string {
	m.anew++
	return fmt.Sprint(m.id, role, m.anew)
}

// connect opens a connection and waits for its CONNACK.
func (m *measuring) connect(ctx context.Context, clientID string, s session) (*peer, event, error) {
	s.id = clientID
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return connect(ctx, m.d, m.v, s)
}

// clean takes away the sessions that the broker was to keep. It works after the time is over, too.
func (m *measuring) clean(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	for _, role := range m.kept {
		p, _, err := m.connect(ctx, m.id+role, session{clean: true})
		if err != nil {
			m.result.Problems = append(m.result.Problems, fmt.Sprintf("the session of %s may be left on the broker: %v", m.id+role, err))
			continue
		}
		p.leave()
	}
}

// name returns a payload that no other message has.
func (m *measuring) name() string {
	m.count++
	return fmt.Sprintf("mqttwatch probe %s %d", m.id, m.count)
}

// can reports whether the broker takes the QoS (5.0 §3.2.2.3.4).
func (m *measuring) can(qos uint8) bool { return qos <= m.result.Announced.MaximumQoS }

// step bounds the wait for a packet.
func step(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, stepTimeout)
}

// explain says in a user's words that time ran out, and keeps what was waited for.
func explain(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return strings.ReplaceAll(err.Error(), context.DeadlineExceeded.Error(), "the broker did not answer in time")
	}
	return err.Error()
}
