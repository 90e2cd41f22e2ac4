package tui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mqttwatch/mqttwatch/decode"
	msg "github.com/mqttwatch/mqttwatch/decode/delivery"
	"github.com/mqttwatch/mqttwatch/decode/handshake"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// belongs reports whether a handshake is one of the legs.
func belongs(l *watch.DeliveryLadder, id uint64) bool {
	if id == 0 {
		return false
	}
	for i := range l.Copies {
		if l.Copies[i].Handshake == id {
			return true
		}
	}
	return l.Handshake == id
}

// published is a delivery that the publisher was told of after 4 ms, without subscribers yet.
func published(qos handshake.Kind) *watch.DeliveryLadder {
	row := delivery(100, qos, decode.FromClient, "scada", "cmd/pump-2/set", 17, 0, 4*ms)
	d := &watch.DeliveryLadder{Delivery: deliveryRow(1, msg.NoSubscriber, 0), Ingress: &row}
	d.Handshake, d.Commit, d.Told, d.Copies = 100, at(4*ms), at(4*ms), nil
	d.Tally = msg.Tally{Worst: -1}
	return d
}

// subscribe adds a leg whose PUBLISH and acknowledgements were seen at the given times.
func subscribe(d *watch.DeliveryLadder, name string, o msg.Outcome, times ...time.Duration) {
	c := watch.DeliveryCopy{Subscriber: name, SubscriberKnown: true, Outcome: o, Required: true, QoS: 1, Granted: 1}
	var row *watch.Row
	if len(times) > 0 {
		c.Handshake, c.Forwarded = uint64(101+len(d.Copies)), at(times[0])
		r := delivery(c.Handshake, handshake.QoS1, decode.FromServer, name, d.Topic, uint16(4+len(d.Copies)), times...)
		row = &r
	} else {
		c.QoS = 255
	}
	if o == msg.Acknowledged {
		c.Ended = at(times[len(times)-1])
		d.Acknowledged, d.Last = d.Acknowledged+1, max(d.Last, c.Ended)
	}
	d.Expected++
	d.Copies, d.Legs, d.Windows = append(d.Copies, c), append(d.Legs, row), append(d.Windows, watch.DeliveryWindow{})
}

func oneSubscriber() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	d.Verdict = msg.Complete
	subscribe(d, "pump-2", msg.Acknowledged, 2*ms, 43*ms)
	return d
}

func twoSubscribers() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	d.Verdict = msg.Undelivered
	subscribe(d, "pump-2", msg.Forwarded, 5*ms)
	subscribe(d, "historian", msg.NotForwarded)
	return d
}

func elevenSubscribers() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	d.Verdict = msg.InQueue
	for i := range 8 {
		subscribe(d, fmt.Sprintf("display-in-hall-%d", i+1), msg.Acknowledged, time.Duration(5+i)*ms, time.Duration(20+3*i)*ms)
	}
	subscribe(d, "pump-2", msg.Queued)
	d.Windows[8] = watch.DeliveryWindow{Connected: true, InFlight: 5, Limit: 5, Oldest: 12, Owed: decode.PUBACK, Since: at(-time.Minute)}
	subscribe(d, "truck-12", msg.Queued)
	subscribe(d, "old-meter", msg.Unknown)
	d.Copies[10].Doubt = msg.DoubtGap
	return d
}

// exactlyOnce is of QoS 2: one subscriber owes its PUBCOMP after a resend, the other refused its copy.
func exactlyOnce() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	row := delivery(100, handshake.QoS2, decode.FromClient, "scada", d.Topic, 65535, 0, 1*ms, 2*ms, 4*ms)
	d.Ingress, d.QoS, d.Verdict = &row, 2, msg.Incomplete
	subscribe(d, "pump-2", msg.Received, 5*ms)
	again := delivery(101, handshake.QoS2, decode.FromServer, "pump-2", d.Topic, 4, 5*ms, 2*time.Second, 2001*ms)
	dup := step(decode.PUBLISH, decode.FromServer, time.Second)
	dup.Dup = true
	again.Steps = append(again.Steps[:1:1], append([]handshake.Step{dup}, again.Steps[1:]...)...)
	d.Copies[0].QoS, d.Copies[0].Granted, d.Legs[0] = 2, 2, &again
	subscribe(d, "historian", msg.Refused, 6*ms, 9*ms)
	d.Legs[1].Steps[1].Reason, d.Legs[1].State, d.Legs[1].Version = 0x83, handshake.Refused, decode.V5
	return d
}

// unmatched has a publisher of whom nothing is known, and legs without handshakes.
func unmatched() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	d.Publisher, d.PublisherKnown, d.Server, d.Ingress, d.Handshake, d.QoS, d.Told, d.Verdict = "", false, "", nil, 0, 0, 0, msg.CannotKnow
	d.Doubt, d.Confidence = msg.DoubtSubscriptions, msg.Ambiguous
	d.Copies = []watch.DeliveryCopy{
		{Outcome: msg.Sent, QoS: 0, Granted: 255, Forwarded: at(3 * ms), Ended: at(3 * ms)},
		{Outcome: msg.Waiting, Group: "workers", QoS: 255, Granted: 1},
	}
	return d
}

// TestAlertAboutDelivery goes from an alert that is about no handshake to the delivery, as a ladder and in the list.
func TestAlertAboutDelivery(t *testing.T) {
	alerted := func(id uint64) *driver {
		f := many()
		f.whole = twoSubscribers()
		f.base.Deliveries = watch.Deliveries{On: true, Rows: manyDeliveries()}
		f.whole.ID = id
		f.base.Alerts = []watch.Alert{{ID: 9, Name: handshake.NotForwarded, Severity: handshake.Critical, Raised: at(-time.Minute), Delivery: id, Text: "broker took it"}}
		d := newDriver(t, f, 120, 40, theme.Options{})
		d.keys("5").has(fmt.Sprintf("Enter shows message %d, from its publisher to every subscriber.", id)).hasNot("not about one handshake")
		newDriver(t, f, 200, 60, theme.Options{}).keys("5").hasNot("No handshake is selected")
		return d
	}
	d := alerted(7)
	d.keys("enter").has("message 7", "PUBLISH?", "historian")
	d.keys("esc").has("VERDICT")
	row := d.selected()
	if !strings.Contains(row, "12:01:33.720") {
		t.Errorf("Esc led to %q", row)
	}
	d.keys("[").has("broker took it")
	alerted(99).keys("enter").has("message 99", "PUBLISH?") // a filter hides it in the list
	if d = alerted(7); d.keys("l").selected() != row {
		t.Errorf("l led to %q", d.selected())
	}
}

// unreleased is of QoS 2: its publisher owes PUBREL.
func unreleased() *watch.DeliveryLadder {
	d := published(handshake.QoS1)
	row := delivery(100, handshake.QoS2, decode.FromClient, "scada", d.Topic, 17, 0, 1*ms)
	row.Owes = watch.Owed{Packet: decode.PUBREL, By: decode.FromClient, Since: at(1 * ms)}
	d.Ingress, d.QoS, d.Verdict, d.Commit, d.Told, d.Withheld = &row, 2, msg.Incomplete, 0, 0, true
	subscribe(d, "pump-2", msg.Waiting)
	return d
}

// TestUnreleased: the broker waits for PUBREL, and does not owe the subscriber anything yet.
func TestUnreleased(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {160, 45}} {
		d := newDriver(t, withDelivery(unreleased())(), size[0], size[1], theme.Options{})
		d.keys("2", "enter").has("… waits for ", "PUBREL?", "The broker waits for PUBREL, which the publisher has owed for").hasNot("PUBLISH?")
		if d.keys("esc"); size[0] > 100 {
			d.has("! incomplete: the broker waits for the publisher's PUBREL")
		}
	}
}

// TestShortenedReason has what did not fit beside a lifeline below, whole; and the QoS of each end in words.
func TestShortenedReason(t *testing.T) {
	d := oneSubscriber()
	d.Verdict = msg.CannotKnow
	subscribe(d, "old-meter", msg.Unknown)
	d.Copies[1].Doubt = msg.DoubtWindow
	for _, size := range [][2]int{{80, 24}, {60, 20}} {
		newDriver(t, withDelivery(d)(), size[0], size[1], theme.Options{}).keys("2", "enter", "right").
			has("sub Q1 got -", "old-meter: ? unknown: broker may wait for what is in").hasNot("Q1 → Q1")
	}
	wide := newDriver(t, withDelivery(d)(), 160, 45, theme.Options{}).keys("2", "enter")
	wide.has("? unknown: broker may wait for what is in flight").hasNot("old-meter: ? unknown")
}

// TestLeftBehind: what the broker still had when the session ended it owes no more.
func TestLeftBehind(t *testing.T) {
	d := twoSubscribers()
	d.Copies[1].Doubt = msg.DoubtEnded
	newDriver(t, withDelivery(d)(), 160, 45, theme.Options{}).keys("2", "enter").has("✗ not forwarded before its session ended").hasNot("PUBLISH?")
}

// hostileDelivery has a text of the wire in each place.
func hostileDelivery(s string) *watch.DeliveryLadder {
	d := twoSubscribers()
	d.Topic, d.Publisher, d.Server, d.Ingress.Client = s, s, s, s
	subscribe(d, s, msg.Queued)
	d.Copies[0].Subscriber, d.Copies[1].Group = s, s
	return d
}

func withDelivery(d *watch.DeliveryLadder) func() *fake {
	return func() *fake {
		f := &fake{base: live(9200*ms, completeRow()), whole: d}
		f.base.Deliveries = watch.Deliveries{On: true, Rows: []watch.Delivery{d.Delivery}}
		if d.Ingress != nil {
			f.base.Rows = []watch.Row{*d.Ingress}
			f.ladders = map[uint64]*watch.Ladder{d.Ingress.ID: {Row: *d.Ingress}}
		}
		for _, r := range d.Legs {
			if r != nil {
				f.base.Rows = append(f.base.Rows, *r)
			}
		}
		return f
	}
}

func TestExtendedLadderScreens(t *testing.T) {
	for _, sc := range []scene{
		{"extended_none", withDelivery(published(handshake.QoS1)), []string{"2", "enter"}},
		{"extended_one", withDelivery(oneSubscriber()), []string{"2", "enter"}},
		{"extended_two", withDelivery(twoSubscribers()), []string{"2", "enter"}},
		{"extended_twelve", withDelivery(elevenSubscribers()), []string{"2", "x"}},
		{"extended_twelve_end", withDelivery(elevenSubscribers()), []string{"2", "x", "G"}},
		{"extended_qos2", withDelivery(exactlyOnce()), []string{"2", "enter"}},
		{"extended_unmatched", withDelivery(unmatched()), []string{"2", "enter"}},
		{"extended_hostile", withDelivery(hostileDelivery("a\x1b[2J\u202e工場/水泵/\x00")), []string{"2", "enter"}},
	} {
		for _, size := range sizes {
			name := fmt.Sprintf("%s_%dx%d", sc.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				d := newDriver(t, sc.back(), size[0], size[1], theme.Options{})
				d.keys(sc.keys...)
				checkFrame(t, d.frame(), size[0], size[1])
				golden(t, name, d.frame())
			})
		}
	}
}

func TestExtendedLadderWithHostileTexts(t *testing.T) {
	for name, s := range hostileTexts() {
		for _, ascii := range []bool{false, true} {
			for _, size := range sizes {
				d := newDriver(t, withDelivery(hostileDelivery(s))(), size[0], size[1], theme.Options{Color: true, ASCII: ascii})
				for _, key := range []string{"2", "enter", "G", "L", "H", "g", "enter", "esc"} {
					d.keys(key)
					checkHostile(t, d, size, ascii)
				}
				if t.Failed() {
					t.Fatalf("%s at %v", name, size)
				}
			}
		}
	}
}

// TestExtendedLadderOpens: x in the ladder of a leg leads to the delivery, Enter on a step to the leg's ladder, and Esc back.
func TestExtendedLadderOpens(t *testing.T) {
	d := newDriver(t, withDelivery(twoSubscribers())(), 120, 30, theme.Options{})
	d.keys("1", "G", "enter")
	d.has("PUBACK?")
	d.keys("x")
	d.has("historian", "PUBLISH? 9.1s", "PUBACK id 17: told", "The publisher was told 4.0ms after its PUBLISH, before 2 subscribers had it.")
	d.keys("g", "j", "enter")
	d.has("PUBACK id 17", "QoS 1  id 17")
	d.keys("esc")
	d.has("historian")
	d.keys("esc")
	d.has("PUBACK?")
	d.hasNot("historian")
}

// TestMessageNumber: what alerts call a message by is in its details, and in a column for who asks for it.
func TestMessageNumber(t *testing.T) {
	d := newDriver(t, surveyOf(-1), 120, 40, theme.Options{})
	d.keys("2", "g", "tab", "tab").has("QoS 1  23B  message 1", "WORST│")
	d.keys("t").typeText("jjjjjjjjjj ").keys("esc").has("WORST    NO│", "43ms    12│")
	d.keys("enter").has("message 1")
}

// TestNobodySubscribed: that there is no subscriber is said where the broker said so; else there may be some on connections that are not seen.
func TestNobodySubscribed(t *testing.T) {
	none, told := published(handshake.QoS1), published(handshake.QoS1)
	told.Reason = 0x10
	d := newDriver(t, withDelivery(none)(), 80, 24, theme.Options{})
	d.keys("2").has("none in sight").hasNot("no subscriber")
	d.keys("enter").has("none in sight", "No subscriber is known in what was seen.")
	d = newDriver(t, withDelivery(told)(), 80, 24, theme.Options{})
	d.keys("2").has("no subscriber").hasNot("none in sight")
	d.keys("enter").has("no subscriber", "The broker says that there is no subscriber.")
}

// TestExtendedLadderBytes: r on a step leads to its bytes, and Esc back through the ladder of its handshake.
func TestExtendedLadderBytes(t *testing.T) {
	d := newDriver(t, withDelivery(twoSubscribers())(), 80, 24, theme.Options{})
	d.keys("2", "enter", "g", "j", "r")
	d.has("PUBACK id 17", "The bytes of this packet are no longer kept.").hasNot("historian")
	d.keys("esc")
	d.has("QoS 1  id 17").hasNot("no longer kept")
	d.keys("esc")
	d.has("historian")
}

func TestExtendedLadderOfNothing(t *testing.T) {
	f := withDelivery(oneSubscriber())()
	f.base.Rows = append(f.base.Rows, completeRow())
	d := newDriver(t, f, 80, 24, theme.Options{})
	d.keys("G", "x")
	d.has("No delivery")
	d.keys("esc")
	d.hasNot("No delivery")
}

func TestExtendedLadderScrollsSideways(t *testing.T) {
	d := newDriver(t, withDelivery(elevenSubscribers())(), 80, 24, theme.Options{})
	d.keys("2", "enter")
	d.has("9 more →", "publi", "broker")
	d.hasNot("more ←", "← 1 more")
	d.keys("L")
	d.has("← 1 more", "8 more →")
	d.keys("right", "H", "left")
	d.has("9 more →")
	d.hasNot("← 1 more")
	d.keys("G") // the cursor brings its column into sight
	d.has("old-meter", "← 9 more")
}

func TestExtendedLadderAges(t *testing.T) {
	f := withDelivery(twoSubscribers())()
	d := newDriver(t, f, 80, 24, theme.Options{})
	d.keys("2", "enter")
	d.has("PUBLISH? 9.1s", "PUBACK? 9.1s")
	f.base.Now = at(11 * time.Second)
	d.tick(time.Second)
	d.has("PUBLISH? 10.9s", "PUBACK? 10.9s")
	// A copy that is forwarded after all takes its place among the steps.
	whole := twoSubscribers()
	whole.Copies, whole.Legs, whole.Windows = whole.Copies[:1], whole.Legs[:1], whole.Windows[:1]
	subscribe(whole, "historian", msg.Forwarded, 10*time.Second)
	f.whole = whole
	d.tick(time.Second)
	d.has("PUBLISH Q1 id 5", "PUBACK? 1.0s")
	d.hasNot("PUBLISH?")
}

// TestLooksOfDelivery draws a whole delivery in few words, and its ends by name, by address, or both, as the ladder of a handshake does.
func TestLooksOfDelivery(t *testing.T) {
	f := many()
	f.whole = twoSubscribers()
	f.base.Deliveries = watch.Deliveries{On: true, Rows: manyDeliveries()}
	f.whole.ID = f.base.Deliveries.Rows[len(f.base.Deliveries.Rows)-1].ID
	addr, server := f.whole.Ingress.Addr.String(), f.whole.Server
	d := newDriver(t, f, 120, 40, theme.Options{})
	id := fmt.Sprint("PUBLISH Q1 id ", f.whole.Ingress.PacketID)
	d.keys("2", "enter").has(id, f.whole.Publisher, addr, server)
	d.keys("s").has("─ PUBLISH ─", "PUBLISH?").hasNot("Q1 id", " id ")
	d.keys("s").has(id)
	d.keys("a").has(f.whole.Publisher).hasNot(addr, server)
	d.keys("a").has(addr, server).hasNot(f.whole.Publisher + "  ")
	d.keys("a", "s", "esc", "1", "g", "e", "enter").hasNot(" id 4 ─")
	small := newDriver(t, f, 80, 24, theme.Options{})
	small.keys("2", "enter").has(f.whole.Publisher, server).hasNot(addr)
}

// colors returns the style in which a text stands, wherever it is in the frame.
func (d *driver) colors(text string) (out []string) {
	parts := strings.Split(d.frame(), text)
	for _, before := range parts[:len(parts)-1] {
		code, _, _ := strings.Cut(before[strings.LastIndex(before, "\x1b")+1:], "m")
		out = append(out, code)
	}
	return out
}

// TestColors colours the arrows of a whole delivery by type, id and client: the text stays, and what is of one client has one colour.
func TestColors(t *testing.T) {
	f := many()
	f.whole = elevenSubscribers()
	f.base.Deliveries = watch.Deliveries{On: true, Rows: manyDeliveries()}
	f.whole.ID = f.base.Deliveries.Rows[len(f.base.Deliveries.Rows)-1].ID
	d := newDriver(t, f, 200, 60, theme.Options{Color: true})
	d.keys("2", "enter")
	text := d.screen()[2:50]
	names := func() map[string]bool {
		out := map[string]bool{}
		for i := range 6 {
			for _, c := range d.colors(fmt.Sprintf("hall-%d", i+1)) {
				out[c] = true
			}
		}
		return out
	}
	if n := names(); len(n) != 1 {
		t.Errorf("without a choice names have the colours %v", n)
	}
	seen := map[string]bool{}
	for _, by := range []string{"type", "resend", "id", "client"} {
		d.keys("c").has("arrows coloured by " + by)
		if got := d.screen()[2:50]; strings.Join(got, "\n") != strings.Join(text, "\n") {
			t.Errorf("coloured by %s the text is another", by)
		}
		seen[d.frame()] = true
	}
	if n := names(); len(n) < 3 || len(seen) != 4 {
		t.Errorf("coloured by client names have the colours %v; %d of 4 choices differ", n, len(seen))
	}
	d.keys("w").has("times: since the first packet", "+20ms")
	d.keys("esc", "1", "g", "enter").keys("c").has("arrows coloured by none")
	d.keys("c", "c", "c")
	byID := d.frame()
	if d.keys("c"); d.frame() == byID {
		t.Error("by id and by client the ladder of a handshake looks the same")
	}
}
