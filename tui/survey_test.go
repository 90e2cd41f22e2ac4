package tui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/mqttwatch/mqttwatch/decode"
	"github.com/mqttwatch/mqttwatch/decode/watch"
	"github.com/mqttwatch/mqttwatch/theme"
)

// last returns the last Query that was asked.
func (f *fake) last() watch.Query { return f.queries[len(f.queries)-1] }

func TestSessionOpensItsHandshakes(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("3", "j")
	if !strings.Contains(d.selected(), "meter-3") {
		t.Fatalf("the cursor is on %q", d.selected())
	}
	d.has("meter-3 at 10.0.0.1:1883, MQTT 5.0")
	d.keys("enter")
	d.has(`filter: client="meter-3"`, "1 Handshakes")
	if got := f.last().Filter.String(); got != `client="meter-3"` {
		t.Errorf("handshakes are filtered by %q", got)
	}
	// Back to the sessions, whose cursor is where it was; then one whose client is not known.
	d.keys("3", "j", "j", "enter")
	d.has("filter: host:10.0.0.7:51234")
}

func TestTopicsFoldAndOpen(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("4", "enter")
	if !f.toggled[1] {
		t.Errorf("Enter on a level does not fold it: %v", f.toggled)
	}
	d.keys("enter", "right")
	if len(f.toggled) != 0 {
		t.Errorf("folded twice: %v", f.toggled)
	}
	d.keys("j", "j", "left")
	if !strings.Contains(d.selected(), "pump-2") {
		t.Errorf("left does not go to the level above: %q", d.selected())
	}
	d.keys(".")
	d.has(`filter: topic:"cmd/pump-2/#"`)
	d.keys("4", "j", "enter")
	d.has(`filter: topic="cmd/pump-2/set"`)
}

func TestPacketsHaveTheirOwnFilter(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("/").typeText("qos:2").keys("enter", "7")
	d.hasNot("qos:2")
	d.keys("/").typeText("type:pingreq")
	q := f.last()
	if q.Packets == nil || q.Packets.Filter.String() != "type:pingreq" || q.Filter.String() != "qos:2" {
		t.Errorf("packets by %v, handshakes by %v", q.Packets, q.Filter)
	}
	d.keys("enter")
	d.has("filter: type:pingreq", "No packet matches")
	d.keys("1")
	d.has("filter: qos:2")
	d.keys("7").has("filter: type:pingreq")
	d.keys("esc").hasNot("type:pingreq")
	if f.last().Packets.Filter != nil {
		t.Error("Esc does not clear the filter")
	}
	d.keys("1").has("filter: qos:2")
	d.keys("7", "/").typeText("state:stuck").has("column 1:")
}

func TestPacketsFollowAndOpen(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("7")
	d.has("  FOLLOW")
	f.base.Packets.Rows = append(f.base.Packets.Rows, packetRow(131, decode.AUTH, decode.FromClient, 9*time.Second))
	d.tick(time.Second)
	if !strings.Contains(d.selected(), "AUTH") {
		t.Errorf("the list does not follow: %q", d.selected())
	}
	d.keys("k", "enter")
	d.has("PUBLISH id 1", "28 bytes on the wire", "Topic Name")
	d.keys("esc", "A").has("  FOLLOW")
	d.keys("p", "g").has("FROZEN", "1/131")
}

func TestFrozenSurvey(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("3", "p")
	f.base.Sessions.Rows = f.base.Sessions.Rows[3:]
	f.base.Topics.Rows = f.base.Topics.Rows[3:]
	d.tick(time.Second)
	d.has("pump-7", "FROZEN", "67 sessions")
	d.keys("G")
	if !strings.Contains(d.selected(), "sensor-59") {
		t.Errorf("what is frozen ends at %q", d.selected())
	}
	d.keys("4").has("cmd", "FROZEN")
	d.keys("enter").has("the view is frozen")
	d.keys("p").hasNot("FROZEN")
	d.tick(time.Second)
	d.hasNot("cmd")
}

// TestCursorStaysOnItsSession lets rows come before the one under the cursor.
func TestCursorStaysOnItsSession(t *testing.T) {
	f := surveyOf(-1)
	d := small(t, f)
	d.keys("3", "j", "j", "j", "j")
	before := d.selected()
	f.base.Sessions.Rows = append([]watch.SessionRow{sessionRow(900, "new-1"), sessionRow(901, "new-2")}, f.base.Sessions.Rows...)
	d.tick(time.Second)
	if d.selected() != before {
		t.Errorf("the cursor went from %q to %q", before, d.selected())
	}
}

func TestSurveyMouse(t *testing.T) {
	d := small(t, surveyOf(-1))
	d.now = d.now.Add(time.Hour)
	d.keys("3")
	d.send(tea.MouseClickMsg{X: 5, Y: 5, Button: tea.MouseLeft})
	if !strings.Contains(d.selected(), "truck-12") {
		t.Errorf("a click selects %q", d.selected())
	}
	d.send(tea.MouseClickMsg{X: 5, Y: 5, Button: tea.MouseLeft})
	d.has(`client="truck-12"`)
	d.keys("6")
	d.send(tea.MouseWheelMsg{X: 5, Y: 5, Button: tea.MouseWheelDown})
	d.hasNot("Latency of each step")
}

// hostileSurvey has a text of the wire in every place of the other screens.
func hostileSurvey(s string) *fake {
	f := surveyOf(-1)
	for i := range f.base.Sessions.Rows {
		f.base.Sessions.Rows[i].Client, f.base.Sessions.Rows[i].Server = s, s
	}
	for i := range f.base.Topics.Rows {
		f.base.Topics.Rows[i].Level, f.base.Topics.Rows[i].Path = s, s
	}
	for i := range f.base.Packets.Rows {
		f.base.Packets.Rows[i].Client, f.base.Packets.Rows[i].Text = s, s
	}
	for i := range f.base.Deliveries.Rows {
		d := &f.base.Deliveries.Rows[i]
		d.Publisher, d.Topic = s, s
		for j := range d.Copies {
			d.Copies[j].Subscriber, d.Copies[j].Group = s, s
		}
	}
	for i := range f.base.Statistics.Sys {
		f.base.Statistics.Sys[i].Topic, f.base.Statistics.Sys[i].Value = s, s
	}
	return f
}

// TestHostileSurvey puts hostile texts into the other screens, in every size.
func TestHostileSurvey(t *testing.T) {
	for name, s := range hostileTexts() {
		t.Run(name, func(t *testing.T) {
			for _, ascii := range []bool{false, true} {
				for _, size := range [][2]int{{60, 15}, {80, 24}, {160, 45}} {
					d := newDriver(t, hostileSurvey(s), size[0], size[1], theme.Options{Color: true, ASCII: ascii})
					for _, key := range []string{"2", "k", "enter", "j", "esc", "3", "j", "4", "j", "6", "G", "7", "k", "enter", "esc", "y", "esc"} {
						d.keys(key)
						checkHostile(t, d, size, ascii)
					}
					if t.Failed() {
						return
					}
				}
			}
		})
	}
}

// TestFilterOfHostileClient goes from a session whose Client Identifier holds quotes and spaces to its handshakes.
func TestFilterOfHostileClient(t *testing.T) {
	f := surveyOf(-1)
	f.base.Sessions.Rows[0].Client = `a "b" \c | (d)`
	d := small(t, f)
	d.keys("3", "enter")
	if got, want := f.last().Filter.String(), `client="a \"b\" \\c | (d)"`; got != want {
		t.Errorf("filter %s, want %s", got, want)
	}
}

func TestDeliveryOpensItsLegs(t *testing.T) {
	d := small(t, surveyOf(-1))
	d.keys("2").has("  FOLLOW", "VERDICT")
	d.keys("g", "tab")
	d.has("complete: 2 subscribers expected, 2 have it", "→ scada", "← pump-2", "✓ acknowledged")
	d.keys("j", "j")
	if !strings.Contains(d.selected(), "historian") {
		t.Fatalf("the cursor is on %q", d.selected())
	}
	d.keys("enter").has("no handshake")
	d.keys("k", "enter").has("cmd/pump-2/set", "PUBACK?")
	d.keys("esc").has("VERDICT")
	d.keys("p").has("FROZEN")
	d.keys("G", "enter").has("? unknown", "12 more").hasNot("ambiguous")
}
