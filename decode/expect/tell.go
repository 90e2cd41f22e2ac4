package expect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
)

// tell tells the recorder how a request stands.
func (w *Watcher) tell(r *request) {
	x := r.expectation()
	w.recorder.Expectation(&x)
}

func (r *request) expectation() Expectation {
	x := Expectation{
		ID: r.id, State: r.state, Topic: r.topic, At: r.at, Commit: r.commit, Deadline: max(r.at, r.commit).Add(r.within), Answered: r.answered,
		Answer: r.answer, Answers: r.answers, Latency: -1, Shared: r.shared, Fate: r.fate, ClientKnown: r.s.ingress, Forwarded: len(r.s.copies),
	}
	if r.rule != nil {
		x.Rule = r.rule.Text
	}
	if r.answered != 0 {
		x.Latency = r.answered.Sub(r.at)
	}
	for _, c := range r.s.copies {
		if c.h == nil && c.state == handshake.Complete {
			x.Acknowledged++
		}
	}
	name(&x, r.session)
	return x
}

func name(x *Expectation, s *handshake.Session) {
	x.Client = s.ClientID
	if info, _ := s.Conn(); x.Client == "" && info != nil && info.Client.IsValid() {
		x.Client = info.Client.String()
	}
	switch {
	case s.ServerName != "":
		x.Server = s.ServerName
	case s.Server.IsValid():
		x.Server = s.Server.String()
	}
}

// noRequest tells of an answer that nobody asked for, as far as is in sight.
func (w *Watcher) noRequest(rule *Rule, l *handshake.Link, p *decode.Packet) {
	w.counts.NoRequest++
	w.tallyOf(slices.Index(w.cfg.Rules, rule))[NoRequest]++
	x := Expectation{
		ID: w.id(), Rule: rule.Text, State: NoRequest, Answer: string(p.Topic), Answers: 1, Answered: w.tracker.Now(), Latency: -1,
		ClientKnown: p.Dir == decode.FromClient,
	}
	name(&x, l.Session)
	w.recorder.Expectation(&x)
}

func (w *Watcher) tellBeat(b *beat) {
	x := b.expectation()
	w.recorder.Expectation(&x)
}

func (b *beat) expectation() Expectation {
	x := Expectation{
		ID: b.id, Rule: b.rule.Text, Heartbeat: true, State: b.state, Topic: b.topic, At: b.last, Every: b.every(), Latency: -1,
		ClientKnown: b.ingress, Silence: b.why,
	}
	if x.Every > 0 {
		x.Deadline = b.from.Add(b.silence())
	}
	if b.session != nil {
		name(&x, b.session)
	}
	return x
}

// where says how far a request got.
func (r *request) where() Fate {
	s := r.s
	switch {
	case r.reason >= 0x80:
		return FateRefused
	case r.commit == 0 && s.own != nil && s.own.h != nil && s.own.h.State == handshake.AwaitingPubrel:
		return FateUnreleased
	case r.commit == 0:
		return FateOwed
	case len(s.copies) == 0 && r.reason == 0x10:
		return FateNoSubscriber
	case len(s.copies) == 0:
		return FateUnseen
	}
	fate := FateAcknowledged
	for _, c := range s.copies {
		switch {
		case c.h != nil:
			return FateForwarded
		case c.qos == 0:
			fate = FateSent
		case c.state != handshake.Complete && fate == FateAcknowledged:
			fate = FateBroken
		}
	}
	return fate
}

// story says how far a request got in words.
func (r *request) story(now decode.Time, held []string) string {
	switch r.fate {
	case FateRefused:
		return fmt.Sprintf("the broker refused it (0x%02X)", uint8(r.reason))
	case FateOwed:
		return "the broker has not acknowledged it"
	case FateUnreleased:
		return fmt.Sprintf("%s owes PUBREL, and until then the broker may hold it back", r.session.Name())
	case FateNoSubscriber:
		if r.reason == 0 {
			return "nobody in sight is subscribed to it"
		}
		return "the broker says that nobody is subscribed to it"
	case FateNotForwarded:
		return "the broker has it and has not forwarded it to " + some(held)
	case FateUnseen:
		if r.s.echoed {
			return "the broker has it; whether it was forwarded cannot be known, as no copy to another client is in sight"
		}
		return "the broker has it; whether it was forwarded cannot be known, as no copy of it is in sight"
	}
	var owing, done []string
	for _, c := range r.s.copies {
		who := c.session.Name()
		if c.h == nil {
			done = append(done, who)
			continue
		}
		owed, by := c.h.Owes()
		if by == decode.FromServer {
			who = "broker"
		}
		owing = append(owing, fmt.Sprintf("%s has owed %s for %s", who, owed, handshake.Age(now.Sub(c.h.Since))))
	}
	switch r.fate {
	case FateForwarded:
		return "forwarded, " + some(owing)
	case FateSent:
		return fmt.Sprintf("sent with QoS 0 to %s, which acknowledges nothing", some(done))
	case FateBroken:
		return fmt.Sprintf("forwarded to %s, but its delivery was broken off", some(done))
	}
	return fmt.Sprintf("acknowledged by %s, but not answered", some(done))
}

// some lists the first few.
func some(names []string) string {
	const few = 3
	if len(names) > few {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
	}
	return strings.Join(names, ", ")
}

// A requestTeller words the alert about a request.
type requestTeller struct {
	r       *request
	session string
	detail  string
}

// Text implements handshake.Teller.
func (t *requestTeller) Text(a *handshake.Alert, now decode.Time) string {
	r := t.r
	topic := decode.Escape(r.topic)
	if a.Cleared != 0 {
		if r.answered != 0 {
			return fmt.Sprintf("request %s was answered after %s, later than %s", topic, handshake.Age(r.answered.Sub(r.at)), short(r.within))
		}
		return fmt.Sprintf("request %s was never answered: %s", topic, t.detail)
	}
	which := "request " + topic
	if r.shared {
		which = "one of several requests " + topic
	}
	if r.s.ingress {
		which += " from " + t.session
	}
	return fmt.Sprintf("%s is not answered within %s: %s", which, short(r.within), t.detail)
}

// Detail implements handshake.Teller.
func (t *requestTeller) Detail(*handshake.Alert, decode.Time) string {
	if t.r.rule == nil {
		return "It asks for its answer by Response Topic and Correlation Data."
	}
	return "The rule is " + decode.Escape(t.r.rule.Text) + "."
}

// Sort implements handshake.Teller.
func (t *requestTeller) Sort(*handshake.Alert) string {
	return fmt.Sprint(t.r.fate, t.r.shared, t.r.answered != 0)
}

// A beatTeller words the alert about a topic.
type beatTeller struct {
	rule  *Rule
	every time.Duration
	topic string
	who   string
	why   Silence
	never bool
}

// Text implements handshake.Teller.
func (t *beatTeller) Text(a *handshake.Alert, now decode.Time) string {
	topic, age := decode.Escape(t.topic), handshake.Age(now.Sub(a.Since))
	often := "expected every " + short(t.every)
	if t.rule.Learned {
		often = "usually heard every " + short(t.every)
	}
	if a.Cleared != 0 {
		return fmt.Sprintf("%s was silent for %s, it is %s", topic, age, often)
	}
	s := fmt.Sprintf("%s is silent for %s, it is %s", topic, age, often)
	if t.never {
		return fmt.Sprintf("nothing was seen on %s for %s, it is %s", topic, age, often)
	}
	switch t.why {
	case SilentAlive:
		return fmt.Sprintf("%s: %s is connected but silent", s, t.who)
	case SilentLink:
		return fmt.Sprintf("%s: %s is connected, but sends nothing at all", s, t.who)
	case SilentWill:
		return fmt.Sprintf("%s: %s is offline by Will", s, t.who)
	case SilentLeft:
		return fmt.Sprintf("%s: %s has disconnected", s, t.who)
	}
	return s
}

// Detail implements handshake.Teller.
func (t *beatTeller) Detail(*handshake.Alert, decode.Time) string {
	return "The rule is " + decode.Escape(t.rule.Text) + "."
}

// Sort implements handshake.Teller.
func (t *beatTeller) Sort(*handshake.Alert) string { return fmt.Sprint(t.why, t.never) }

// short writes a duration of a rule: 1m0s is 1m.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
